// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

func init() {
	guestMain = runInit
}

// runInit is process 1 of a guest. The work is done by a child of it, so that
// all it has to do is to wait for whatever ends.
func runInit() {
	if os.Getpid() != 1 {
		if err := runJob(); err != nil {
			fmt.Fprintf(os.Stderr, "\nlandlock-ci: guest: %v\n", err)
			os.Exit(1)
		}
		return
	}
	mountAll()
	pid, err := syscall.ForkExec(guestInit, []string{guestInit}, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nlandlock-ci: guest: %v\n", err)
	}
	for err == nil {
		var ended int
		ended, err = syscall.Wait4(-1, nil, 0, nil)
		if err == syscall.EINTR {
			err = nil
		}
		if ended == pid {
			break
		}
	}
	syscall.Sync()
	// QEMU is told to end when the machine resets. Unlike powering off,
	// all machines can do that.
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
	select {}
}

// mountAll mounts what tests need. A kernel may lack some of it;
// a test that needs it then fails and says so. The root is a tmpfs, and so is /tmp.
func mountAll() {
	for _, m := range []struct{ dir, fstype, data string }{
		{"/proc", "proc", ""},
		{"/sys", "sysfs", ""},
		{"/dev", "devtmpfs", ""},
		{"/dev/pts", "devpts", "mode=620,ptmxmode=666"},
		{"/dev/shm", "tmpfs", "mode=1777"},
		{"/sys/fs/cgroup", "cgroup2", ""},
		{"/sys/kernel/security", "securityfs", ""},
	} {
		os.MkdirAll(m.dir, 0o755)
		if err := syscall.Mount(m.fstype, m.dir, m.fstype, 0, m.data); err != nil && err != syscall.EBUSY {
			fmt.Fprintf(os.Stderr, "\nlandlock-ci: guest: mounting %s: %v\n", m.dir, err)
		}
	}
}

// runJob does the guest's job.
func runJob() error {
	data, err := os.ReadFile(jobFile)
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	port, err := openPort(j.Results)
	if err != nil {
		return err
	}
	out := &recordWriter{w: port}
	version, err := os.ReadFile("/proc/version") // Linux version 7.3.4 (…
	if err != nil {
		return err
	}
	release := append(bytes.Fields(version), nil, nil, nil)[2]
	if err := linkUp("lo"); err != nil {
		return fmt.Errorf("setting up lo: %v", err)
	}
	kmsg, err := syscall.Open("/dev/kmsg", syscall.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("/dev/kmsg: %v", err)
	}
	if _, err := syscall.Seek(kmsg, 0, io.SeekEnd); err != nil {
		return fmt.Errorf("/dev/kmsg: %v", err)
	}

	fmt.Fprintf(os.Stderr, "\n%s\n", consoleMark)
	out.write(record{Kind: recHello, Data: release})
	for i, s := range j.Steps {
		out.write(record{Kind: recStart, Step: i})
		status, how := runStep(out, i, s)
		out.write(record{Kind: recExit, Step: i, Status: status, Data: []byte(how)})
	}
	if err := copyLog(out, kmsg); err != nil {
		return fmt.Errorf("/dev/kmsg: %v", err)
	}
	if err := out.write(record{Kind: recDone}); err != nil {
		return err
	}
	// Everywhere, the number after TCSETS is that of TCSETSW, which waits until
	// all is sent.
	var t syscall.Termios
	if err := ioctl(port, syscall.TCGETS, unsafe.Pointer(&t)); err != nil {
		return err
	}
	return ioctl(port, syscall.TCSETS+1, unsafe.Pointer(&t))
}

// runStep runs a step and returns its exit status, and how it ended if it did
// not exit by itself.
func runStep(out *recordWriter, i int, s guestStep) (status int, how string) {
	cmd := &exec.Cmd{Path: s.Args[0], Args: s.Args, Env: s.Env, Dir: s.Dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if s.User {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: guestUser, Gid: guestUser}
	}
	var copies sync.WaitGroup
	var writers []*os.File
	for _, stream := range []struct {
		kind string
		file *io.Writer
	}{{recStdout, &cmd.Stdout}, {recStderr, &cmd.Stderr}} {
		r, w, err := os.Pipe()
		if err != nil {
			return 127, err.Error()
		}
		*stream.file = w
		writers = append(writers, w)
		copies.Add(1)
		go func() {
			defer copies.Done()
			defer r.Close()
			// Small enough for a terminal's buffers to take a record at a time.
			buf := make([]byte, 2048)
			for {
				n, err := r.Read(buf)
				if n > 0 {
					out.write(record{Kind: stream.kind, Step: i, Data: buf[:n]})
				}
				if err != nil {
					return
				}
			}
		}()
	}
	err := startStep(cmd)
	for _, w := range writers {
		w.Close()
	}
	if err == nil {
		err = cmd.Wait()
	}
	// All that the step started and left ends with it,
	// and with it the last writer to the pipes.
	syscall.Kill(-1, syscall.SIGKILL)
	copies.Wait()

	var ee *exec.ExitError
	switch {
	case err == nil:
		return 0, ""
	case !errors.As(err, &ee):
		return 127, err.Error()
	}
	if ws := ee.Sys().(syscall.WaitStatus); ws.Signaled() {
		return 128 + int(ws.Signal()), ee.Error()
	}
	return ee.ExitCode(), ""
}

// startStep starts cmd.
func startStep(cmd *exec.Cmd) error {
	if runtime.GOARCH == "loong64" {
		// QEMU 10.0 executes bceqz and bcnez although the FPU is disabled, as it
		// is after a switch of processes, and so with another process's flags:
		// one in 500 Go programs ends with "fatal error: float64nan1" when
		// it starts. Switch when they wait, or after 100 ms only. With a
		// real-time policy instead, TestLandlockThreads hangs.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		// A kernel of the user's may have been built without this.
		syscall.Mount("debugfs", "/sys/kernel/debug", "debugfs", 0, "")
		err := os.WriteFile("/sys/kernel/debug/sched/features", []byte("NO_WAKEUP_PREEMPTION"), 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		attr := struct { // struct sched_attr of linux/sched/types.h
			size, policy              uint32
			flags                     uint64
			nice                      int32
			priority                  uint32
			runtime, deadline, period uint64
		}{policy: 3 /* SCHED_BATCH */, runtime: 100e6}
		attr.size = uint32(unsafe.Sizeof(attr))
		const sysSchedSetattr = 274
		if _, _, errno := syscall.RawSyscall(sysSchedSetattr, 0, uintptr(unsafe.Pointer(&attr)), 0); errno != 0 {
			return os.NewSyscallError("sched_setattr", errno)
		}
	}
	return cmd.Start()
}

// copyLog reports what the kernel logged since kmsg was opened.
func copyLog(out *recordWriter, kmsg int) error {
	buf := make([]byte, 8192)
	for {
		n, err := syscall.Read(kmsg, buf)
		switch err {
		case nil:
			// A record is "level,number,time,flags;text", and may be followed by
			// lines of properties, which are indented.
			_, text, _ := strings.Cut(string(buf[:n]), ";")
			text, _, _ = strings.Cut(text, "\n")
			if err := out.write(record{Kind: recLog, Data: []byte(text)}); err != nil {
				return err
			}
		case syscall.EPIPE, syscall.EINTR:
			// Messages were overwritten before they were read; the next read
			// goes on with those that are there.
		case syscall.EAGAIN:
			return nil
		default:
			return err
		}
	}
}

// openPort opens the terminal name and sets it to pass everything unchanged.
func openPort(name string) (*os.File, error) {
	var f *os.File
	var err error
	// A driver may find its device only after /init has started.
	for range 100 {
		f, err = os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0)
		if err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		return nil, err
	}
	var t syscall.Termios
	if err := ioctl(f, syscall.TCGETS, unsafe.Pointer(&t)); err != nil {
		return nil, fmt.Errorf("%s: %v", name, err)
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	if err := ioctl(f, syscall.TCSETS, unsafe.Pointer(&t)); err != nil {
		return nil, fmt.Errorf("%s: %v", name, err)
	}
	return f, nil
}

func ioctl(f *os.File, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// linkUp sets the network interface name up.
func linkUp(name string) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	var req struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(req.name[:], name)
	req.flags = syscall.IFF_UP
	return ioctl(f, syscall.SIOCSIFFLAGS, unsafe.Pointer(&req))
}
