// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Order starts itself as a child with the process attributes
// that its first argument names, so that a tracer sees what the child does.
// Built with the tag landlock, it also sets the fields of the patch set
// that the other arguments name.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

func main() {
	if os.Args[1] == "child" {
		return
	}
	runtime.LockOSThread() // for Pdeathsig
	// The ruleset is made in any case, so that
	// all descriptors have the same numbers.
	ruleset, err := newRuleset()
	check(err)
	attr := &syscall.ProcAttr{
		Dir: "/",
		// The last one takes pass 1.
		Files: []uintptr{0, 1, 2, 0},
		Sys:   attributes(os.Args[1]),
	}
	sandbox(attr.Sys, ruleset, os.Args[2:])
	// By this name, another user can execute it in a private directory too.
	pid, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0], "child"}, attr)
	check(err)
	var status syscall.WaitStatus
	_, err = syscall.Wait4(pid, &status, 0, nil)
	check(err)
	if status != 0 {
		check(fmt.Errorf("wait status %#x", status))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// attributes returns the attributes of a mode. Those of "plain" are nil as far
// as possible, those of "user" need no privileges, nor do "namespace" and
// "unshare" where users may have user namespaces. "Root" is for root.
func attributes(mode string) *syscall.SysProcAttr {
	uid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	gid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	all := &syscall.SysProcAttr{
		Setsid:       true,
		Pdeathsig:    syscall.SIGKILL,
		Unshareflags: syscall.CLONE_NEWNS,
		Chroot:       "/",
		AmbientCaps:  []uintptr{0}, // CAP_CHOWN
	}
	switch mode {
	case "plain":
		return &syscall.SysProcAttr{}
	case "user":
		return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	case "root":
		all.Credential = &syscall.Credential{Uid: 65534, Gid: 65534, Groups: []uint32{65534, 1234}}
	case "namespace": // set up by the parent
		all.Cloneflags = syscall.CLONE_NEWUSER
		all.UidMappings, all.GidMappings = uid, gid
		all.Credential = &syscall.Credential{}
	case "unshare": // set up by the child
		all.Unshareflags |= syscall.CLONE_NEWUSER
		all.UidMappings, all.GidMappings = uid, gid
		all.Credential = &syscall.Credential{}
	default:
		check(fmt.Errorf("no mode %s", strconv.Quote(mode)))
	}
	return all
}

// newRuleset returns a ruleset that denies to make sockets.
func newRuleset() (int, error) {
	number := uintptr(444)
	switch runtime.GOARCH {
	case "mips", "mipsle":
		number += 4000
	case "mips64", "mips64le":
		number += 5000
	}
	accessFS := uint64(1 << 9) // LANDLOCK_ACCESS_FS_MAKE_SOCK
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&accessFS)), unsafe.Sizeof(accessFS), 0)
	if errno != 0 {
		return 0, fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	return int(fd), nil
}
