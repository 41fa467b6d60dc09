// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// setLandlock sets the fields UseLandlock and LandlockRuleset of attr.
// Without the patch set there are no such fields. Due to reflection, this is
// found out when the launcher runs and not when it is compiled,
// so that "go build ./..." and "go vet ./..." work with any Go.
func setLandlock(attr *syscall.SysProcAttr, ruleset int) error {
	v := reflect.ValueOf(attr).Elem()
	use, fd := v.FieldByName("UseLandlock"), v.FieldByName("LandlockRuleset")
	if use.Kind() != reflect.Bool || fd.Kind() != reflect.Int {
		return fmt.Errorf("built with %s, which has no Landlock in os/exec, and cannot run anything; build it with go build -overlay=$(landlock-ci overlay)", runtime.Version())
	}
	use.SetBool(true)
	fd.SetInt(int64(ruleset))
	return nil
}

// checkBuild returns an error if this program cannot make a sandbox
// because it was built without the patch set.
func checkBuild() error {
	return setLandlock(new(syscall.SysProcAttr), -1)
}

// forwarded are the signals that are passed on to the command.
var forwarded = []syscall.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
	syscall.SIGTSTP, syscall.SIGCONT, syscall.SIGWINCH,
}

// A supervisor is what the launcher is while the command runs.
//
// At a terminal, it has a choice. If it is a job of its own, the command gets a
// process group of its own in the foreground. The terminal's signals go
// to the command, and those that get here were sent by a process.
//
// If it may be one of several processes of a job, such as a pipeline or a script,
// the job's process group has to stay as it is, and
// the command stays in it. Then the terminal sends its signals to both.
type supervisor struct {
	pid      int
	ownGroup bool // whether the command has a process group of its own
	resumed  bool // whether the next SIGCONT is dealt with already
}

// supervise runs a program in a sandbox of ruleset and returns its exit status.
// The error is a startError if the program cannot be started.
func supervise(path string, argv []string, ruleset int) (status int, err error) {
	// Descriptors other than 0 to 2 would be holes in the sandbox.
	if err := closeOnExecFrom(3); err != nil {
		return 0, err
	}
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: new(syscall.SysProcAttr)}
	if err := setLandlock(attr.Sys, ruleset); err != nil {
		return 0, err
	}

	signals := make(chan os.Signal, 64)
	for _, sig := range forwarded {
		// What is ignored, as by nohup, stays ignored in the command.
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig)
		}
	}
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGCHLD)

	var s supervisor
	pgrp := syscall.Getpgrp()
	if pgrp == syscall.Getpid() && foreground(0) == pgrp && foreground(1) == pgrp {
		s.ownGroup = true
		attr.Sys.Foreground = true
		attr.Sys.Ctty = 0
	}
	s.pid, _, err = syscall.StartProcess(path, argv, attr)
	if s.ownGroup {
		// Else, taking the terminal back would stop the launcher.
		// The command has not inherited this.
		signal.Ignore(syscall.SIGTTOU)
	}
	if err != nil {
		if s.ownGroup {
			setForeground(pgrp)
		}
		return 0, &startError{err}
	}
	for {
		select {
		case sig := <-signals:
			s.forward(sig.(syscall.Signal))
		case <-changed:
			// Only here is the process reaped, so that
			// its number cannot be another's when it is signaled.
			var ws syscall.WaitStatus
			pid, err := wait4(s.pid, &ws, syscall.WNOHANG|syscall.WUNTRACED)
			switch {
			case err != nil:
				return 0, fmt.Errorf("waiting for the command: %v", err)
			case pid == 0:
				// The command was continued.
			case ws.Stopped():
				s.stop(ws.StopSignal())
			case ws.Signaled():
				s.reclaim()
				return 128 + int(ws.Signal()), nil
			default:
				s.reclaim()
				return ws.ExitStatus(), nil
			}
		}
	}
}

func wait4(pid int, ws *syscall.WaitStatus, options int) (int, error) {
	for {
		pid, err := syscall.Wait4(pid, ws, options, nil)
		if err != syscall.EINTR {
			return pid, err
		}
	}
}

// forward passes a signal on to the command.
func (s *supervisor) forward(sig syscall.Signal) {
	switch {
	case sig == syscall.SIGCONT && s.resumed:
		s.resumed = false
		return
	case sig == syscall.SIGCONT && s.ownGroup:
		// If it is the job's turn at the terminal, it is the command's.
		if foreground(0) == syscall.Getpgrp() {
			setForeground(s.pid)
		}
		syscall.Kill(-s.pid, sig)
		return
	case sig == syscall.SIGTERM || sig == syscall.SIGHUP:
		// The terminal does not send these, but for a SIGHUP at its end.
	case !s.ownGroup && inForeground():
		// It comes from the terminal, or from the shell with SIGCONT,
		// and they have sent it to the command too.
		return
	}
	syscall.Kill(s.pid, sig)
}

// stop stops the launcher after the command was stopped by sig, so that
// the shell sees it and goes on. It returns when the launcher is continued.
func (s *supervisor) stop(sig syscall.Signal) {
	if s.ownGroup {
		s.reclaim()
		stopSelf()
		return // the signal is on its way to forward
	}
	if sig == syscall.SIGSTOP {
		// Whoever sent this to the command alone may continue it alone.
		return
	}
	stopSelf()
	// A shell has continued both, kill(1) only the launcher.
	var ws syscall.WaitStatus
	if pid, err := wait4(s.pid, &ws, syscall.WNOHANG|syscall.WCONTINUED); pid == 0 && err == nil {
		syscall.Kill(s.pid, syscall.SIGCONT)
	}
	s.resumed = true
}

// stopSelf stops this process and returns when it is continued.
func stopSelf() {
	// A thread that sends a signal to the process may go on for
	// a while. If it is to itself, it does not.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tid, _, _ := syscall.RawSyscall(syscall.SYS_GETTID, 0, 0, 0)
	syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), tid, uintptr(syscall.SIGSTOP))
}

// reclaim takes the terminal back from the command.
func (s *supervisor) reclaim() {
	if s.ownGroup && foreground(0) == s.pid {
		setForeground(syscall.Getpgrp())
	}
}

// inForeground reports whether the launcher is in the
// foreground of its controlling terminal.
func inForeground() bool {
	tty, err := syscall.Open("/dev/tty", syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false // there is none
	}
	defer syscall.Close(tty)
	return foreground(tty) == syscall.Getpgrp()
}

// foreground returns the foreground process group of a terminal,
// 0 if fd is not the controlling terminal.
func foreground(fd int) int {
	var pgrp int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCGPGRP, uintptr(unsafe.Pointer(&pgrp)))
	if errno != 0 {
		return 0
	}
	return int(pgrp)
}

// setForeground makes pgrp the foreground process group of the terminal.
func setForeground(pgrp int) {
	p := int32(pgrp)
	syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TIOCSPGRP, uintptr(unsafe.Pointer(&p)))
}

// closeOnExecFrom sets the close-on-exec flag of all descriptors from fd on.
func closeOnExecFrom(fd uintptr) error {
	const closeRangeCloexec = 1 << 2
	nr := uintptr(436) // close_range, which is older than Landlock
	switch {
	case strings.HasPrefix(runtime.GOARCH, "mips64"):
		nr += 5000
	case strings.HasPrefix(runtime.GOARCH, "mips"):
		nr += 4000
	}
	_, _, errno := syscall.Syscall(nr, fd, 1<<31-1, closeRangeCloexec)
	if errno != 0 {
		return fmt.Errorf("close_range: %w", errno)
	}
	return nil
}
