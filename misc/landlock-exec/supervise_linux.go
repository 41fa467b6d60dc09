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

// setLandlock sets the fields UseLandlock, LandlockRuleset and LandlockFlags of attr.
// Without the patch set there are no such fields. Due to reflection, this is
// found out when the launcher runs and not when it is compiled,
// so that "go build ./..." and "go vet ./..." work with any Go.
func setLandlock(attr *syscall.SysProcAttr, ruleset int, flags uint32) error {
	v := reflect.ValueOf(attr).Elem()
	use, fd, fl := v.FieldByName("UseLandlock"), v.FieldByName("LandlockRuleset"), v.FieldByName("LandlockFlags")
	if use.Kind() != reflect.Bool || fd.Kind() != reflect.Int || fl.Kind() != reflect.Uint32 {
		return fmt.Errorf("built with %s, which has no Landlock in os/exec, and cannot run anything; build it with go build -overlay=$(landlock-ci overlay)", runtime.Version())
	}
	use.SetBool(true)
	fd.SetInt(int64(ruleset))
	fl.SetUint(uint64(flags))
	return nil
}

// checkBuild returns an error if this program cannot make a sandbox
// because it was built without the patch set.
func checkBuild() error {
	return setLandlock(new(syscall.SysProcAttr), -1, 0)
}

// forwarded are the signals that are passed on to the command.
var forwarded = []syscall.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
	syscall.SIGTSTP, syscall.SIGCONT, syscall.SIGWINCH,
}

// A supervisor is what the launcher is while the command runs.
//
// What it has to do depends on the terminal. If the launcher alone is the job
// in the foreground, the command gets a process group of its own in the
// foreground. So the terminal's signals go to the command only, and
// those that get to the launcher were sent to it by a process.
//
// If there may be more to the job, such as a pipeline or a script, its process
// group has to stay as it is, with the command in it. Then the terminal and
// the shell stop and continue both, and send their signals to both.
type supervisor struct {
	pid      int
	ownGroup bool // whether the command has a process group of its own
	tty      int  // if it has not, the controlling terminal, -1 without one
	inFront  bool // whether the job was in the foreground of tty when it last went on
}

// supervise runs a program in a sandbox of ruleset, which is entered with flags,
// and returns its exit status.
// The error is a startError if the program cannot be started.
func supervise(path string, argv []string, ruleset int, flags uint32) (status int, err error) {
	// Descriptors other than 0 to 2 would be holes in the sandbox.
	if err := closeOnExecFrom(3); err != nil {
		return 0, err
	}
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: new(syscall.SysProcAttr)}
	if err := setLandlock(attr.Sys, ruleset, flags); err != nil {
		return 0, err
	}

	s := supervisor{tty: -1}
	pgrp := syscall.Getpgrp()
	if pgrp == syscall.Getpid() && foreground(0) == pgrp && foreground(1) == pgrp {
		s.ownGroup = true
		attr.Sys.Foreground = true
		attr.Sys.Ctty = 0
	} else if s.tty, err = syscall.Open("/dev/tty", syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0); err != nil {
		s.tty = -1
	}
	s.inFront = foreground(s.tty) == pgrp

	signals := make(chan os.Signal, 64)
	for _, sig := range forwarded {
		switch {
		case signal.Ignored(sig):
			// What is ignored, as by nohup, stays ignored in the command.
		case s.tty >= 0 && sig == syscall.SIGTSTP:
			// The launcher stops with the rest of the job.
		default:
			signal.Notify(signals, sig)
		}
	}
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGCHLD)

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
	now := s.tty >= 0 && foreground(s.tty) == syscall.Getpgrp()
	switch {
	case sig == syscall.SIGCONT && s.ownGroup:
		// If it is the job's turn at the terminal, it is the command's.
		if foreground(0) == syscall.Getpgrp() {
			setForeground(s.pid)
		}
		syscall.Kill(-s.pid, sig)
		return
	case sig == syscall.SIGCONT && s.tty >= 0:
		s.inFront = now
		return
	case sig == syscall.SIGWINCH && s.tty >= 0:
		return
	case sig == syscall.SIGINT || sig == syscall.SIGQUIT:
		// It comes from the terminal, which has sent it to the command too,
		// and may have stopped the job since. Should the job have been
		// continued in the background as well, the command gets it twice.
		if now || s.inFront {
			return
		}
	}
	syscall.Kill(s.pid, sig)
}

// stop stops the launcher after the command was stopped by sig, so that
// its parent sees it. It returns when the launcher is continued,
// by a SIGCONT that will get to forward.
func (s *supervisor) stop(sig syscall.Signal) {
	switch {
	case s.ownGroup:
		s.reclaim()
	case s.tty >= 0:
		return // what has stopped the command has stopped the launcher
	case sig == syscall.SIGSTOP:
		return // who sent this to the command alone may continue it alone
	}
	stopSelf()
}

// stopSelf stops this process and returns when it is continued.
func stopSelf() {
	// Unlike one that sends a signal to its process, a thread that
	// sends one to itself does not go on for a while.
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
