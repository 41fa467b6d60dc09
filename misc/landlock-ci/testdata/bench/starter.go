// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// newStarter returns a function that starts commands in the sandbox of ruleset.
// They are all started by one thread, which enters the sandbox once, while with
// UseLandlock the kernel copies the ruleset for each child. This pays with
// hundreds of rules. It has its price:
//
//   - What the commands need is opened by a thread in the sandbox. Stdin, Stdout
//     and Stderr must be *os.File, or os/exec opens /dev/null there, and the
//     program and Dir are looked for there.
//   - The thread has no_new_privs, and commands cannot have
//     SysProcAttr fields that take a mount.
//   - The thread starts one command at a time and stays for ever. The ruleset
//     is the same for all commands.
//   - Everything depends on starting the commands with the function.
//     One that another goroutine starts is in no sandbox.
func newStarter(ruleset int) (start func(*exec.Cmd) error, err error) {
	type request struct {
		cmd     *exec.Cmd
		started chan error
	}
	requests := make(chan request)
	entered := make(chan error)
	go func() {
		// The goroutine never unlocks the thread, so that no other
		// goroutine finds itself in the sandbox.
		runtime.LockOSThread()
		err := restrictThread(ruleset)
		entered <- err
		if err != nil {
			return
		}
		for r := range requests {
			r.started <- r.cmd.Start()
		}
	}()
	if err := <-entered; err != nil {
		return nil, err
	}
	return func(cmd *exec.Cmd) error {
		r := request{cmd, make(chan error)}
		requests <- r
		return <-r.started
	}, nil
}

// restrictThread puts the calling thread, to which the goroutine must be locked,
// into the sandbox of ruleset, and so the children that are started from it.
func restrictThread(ruleset int) error {
	const prSetNoNewPrivs = 38
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("prctl: %w", errno)
	}
	if _, _, errno := syscall.RawSyscall(sysLandlockRestrictSelf, uintptr(ruleset), 0, 0); errno != 0 {
		return fmt.Errorf("landlock_restrict_self: %w", errno)
	}
	return nil
}

// Landlock's system calls have the same numbers everywhere but on MIPS.
var (
	sysLandlockCreateRuleset = 444 + landlockOffset()
	sysLandlockAddRule       = 445 + landlockOffset()
	sysLandlockRestrictSelf  = 446 + landlockOffset()
)

func landlockOffset() uintptr {
	switch {
	case strings.HasPrefix(runtime.GOARCH, "mips64"):
		return 5000
	case strings.HasPrefix(runtime.GOARCH, "mips"):
		return 4000
	}
	return 0
}
