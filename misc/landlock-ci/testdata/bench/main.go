// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Bench is a worker of "landlock-ci bench". It starts children in one way and
// says how long that took.
//
// Usage:
//
//	bench mode rules layers dir git [wrapper...]
//
// The mode is the way: see the constants. The ruleset has the given number
// of rules. If there are layers, the worker itself runs in that many sandboxes.
// For each command on standard input there is a reply on standard output.
// Both are in the byte order of the machine.
//
// With the tag landlock it needs the patch set, and with the tag
// golandlock the module github.com/landlock-lsm/go-landlock.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	modePlain    = "plain"    // os/exec and nothing else
	modeLandlock = "landlock" // SysProcAttr.UseLandlock
	modeThread   = "thread"   // a new thread restricts itself, starts the child and ends
	modeStarter  = "starter"  // a thread that restricted itself once starts all the children
	modeReexec   = "reexec"   // the worker executes itself, restricts itself and executes the program
	modeWrapper  = "wrapper"  // a wrapper does it
)

// A command asks for children.
type command struct {
	Program  int32 // tiny, git, probe
	Plain    int32 // if not 0, start them without a sandbox
	Starters int32 // number of goroutines
	Count    int32 // number of children, all told
}

// A reply says what they took.
type reply struct {
	Time   int64 // elapsed, in nanoseconds
	Parent int64 // processor time of the worker
	Child  int64 // processor time of the children
	Status int64 // exit status of a child
}

var (
	mode     string
	wrapper  []string
	programs [][]string
	ruleset  = -1

	startRestricted func(*exec.Cmd) error // if mode is modeStarter
)

func main() {
	if os.Args[1] == "sandboxed" {
		check(sandboxed(os.Args[2:]))
	}
	mode = os.Args[1]
	rules, err := strconv.Atoi(os.Args[2])
	check(err)
	layers, err := strconv.Atoi(os.Args[3])
	check(err)
	dir, git := os.Args[4], os.Args[5]
	wrapper = os.Args[6:]
	programs = [][]string{
		{filepath.Join(dir, "tiny")},
		{git, "--version"},
		{filepath.Join(dir, "probe"), filepath.Join(dir, "file")},
	}
	if layers > 0 {
		check(enterLayers(dir, rules, layers))
	}
	if rules > 0 {
		ruleset, err = newRuleset(dir, rules)
		check(err)
	}
	if mode == modeStarter {
		startRestricted, err = newStarter(ruleset)
		check(err)
	}

	for {
		var cmd command
		err := binary.Read(os.Stdin, binary.NativeEndian, &cmd)
		if err == io.EOF {
			return
		}
		check(err)
		r := reply{Parent: -cpu(syscall.RUSAGE_SELF), Child: -cpu(syscall.RUSAGE_CHILDREN)}
		began := time.Now()
		if cmd.Starters <= 1 {
			for range cmd.Count {
				r.Status = start(cmd)
			}
		} else {
			var wg sync.WaitGroup
			for i := range cmd.Starters {
				wg.Add(1)
				go func() {
					defer wg.Done()
					for n := i; n < cmd.Count; n += cmd.Starters {
						start(cmd)
					}
				}()
			}
			wg.Wait()
		}
		r.Time = time.Since(began).Nanoseconds()
		r.Parent += cpu(syscall.RUSAGE_SELF)
		r.Child += cpu(syscall.RUSAGE_CHILDREN)
		check(binary.Write(os.Stdout, binary.NativeEndian, &r))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", mode, err)
		os.Exit(1)
	}
}

// cpu returns processor time in nanoseconds.
func cpu(who int) int64 {
	var r syscall.Rusage
	check(syscall.Getrusage(who, &r))
	return r.Utime.Nano() + r.Stime.Nano()
}

// start starts a child, waits for it and returns its exit status.
func start(c command) int64 {
	argv := programs[c.Program]
	if c.Plain == 0 {
		switch mode {
		case modeReexec:
			argv = append([]string{"/proc/self/exe", "sandboxed"}, argv...)
		case modeWrapper:
			argv = append(wrapper[:len(wrapper):len(wrapper)], argv...)
		}
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	if mode == modeReexec || mode == modeWrapper {
		cmd.Stderr = os.Stderr // it says why it fails
	}
	if c.Plain != 0 {
		check(cmd.Start())
	} else {
		switch mode {
		case modeLandlock:
			sandbox(cmd, ruleset)
			check(cmd.Start())
		case modeThread:
			started := make(chan error)
			go func() {
				runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
				check(restrictThread(ruleset))
				started <- cmd.Start()
			}()
			check(<-started)
		case modeStarter:
			check(startRestricted(cmd))
		default:
			check(cmd.Start())
		}
	}
	err := cmd.Wait()
	if _, ok := err.(*exec.ExitError); !ok {
		check(err)
	}
	return int64(cmd.ProcessState.ExitCode())
}

// enterLayers executes the worker in sandboxes, each of rules of its own.
func enterLayers(dir string, rules, layers int) error {
	runtime.LockOSThread()
	for range layers {
		fd, err := newRuleset(dir, rules)
		if err != nil {
			return err
		}
		if err := restrictThread(fd); err != nil {
			return err
		}
		syscall.Close(fd)
	}
	args := append([]string(nil), os.Args...)
	args[3] = "0"
	return syscall.Exec("/proc/self/exe", args, os.Environ())
}

// newRuleset returns a ruleset that denies all but to use what is there. The
// first rule is for all files; the others name directories in dir.
func newRuleset(dir string, rules int) (int, error) {
	abi, _, errno := syscall.Syscall(sysLandlockCreateRuleset, 0, 0, 1)
	if errno != 0 {
		return -1, fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	rights := []int{1: 13, 2: 14, 3: 15, 4: 15, 5: 16}[min(abi, 5)]
	handled := uint64(1)<<rights - 1
	fd, _, errno := syscall.Syscall(sysLandlockCreateRuleset, uintptr(unsafe.Pointer(&handled)), unsafe.Sizeof(handled), 0)
	if errno != 0 {
		return -1, fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	for i := range rules {
		path := "/"
		if i > 0 {
			path = filepath.Join(dir, "rules", strconv.Itoa(i))
		}
		f, err := os.Open(path)
		if err != nil {
			return -1, err
		}
		// Execute, write to files, read files, read directories.
		rule := struct {
			allowed uint64
			fd      int32
		}{0xf, int32(f.Fd())}
		_, _, errno := syscall.Syscall6(sysLandlockAddRule, fd, 1, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
		f.Close()
		if errno != 0 {
			return -1, fmt.Errorf("landlock_add_rule: %s: %w", path, errno)
		}
	}
	return int(fd), nil
}
