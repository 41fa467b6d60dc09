// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"runtime"
	"strings"
	"syscall"
)

// landlockABI returns the Landlock ABI version of the kernel. The error is
// ENOSYS if it has no Landlock, and EOPNOTSUPP if it was booted without.
func landlockABI() (int, error) {
	createRuleset := uintptr(444)
	switch {
	case strings.HasPrefix(runtime.GOARCH, "mips64"):
		createRuleset += 5000
	case strings.HasPrefix(runtime.GOARCH, "mips"):
		createRuleset += 4000
	}
	const version = 1 // LANDLOCK_CREATE_RULESET_VERSION
	abi, _, errno := syscall.Syscall(createRuleset, 0, 0, version)
	if errno != 0 {
		return 0, errno
	}
	return int(abi), nil
}

// needLandlock returns the Landlock ABI version of the kernel,
// or an error that tells how to get one.
func needLandlock() (int, error) {
	abi, err := landlockABI()
	switch err {
	case nil:
		return abi, nil
	case syscall.EOPNOTSUPP:
		return 0, unablef("Landlock is disabled on this kernel; add landlock to the list of the boot parameter lsm=")
	case syscall.ENOSYS:
		return 0, unablef("this kernel has no Landlock; use Linux 5.13 or later built with CONFIG_SECURITY_LANDLOCK, and in a container a seccomp profile that permits it")
	}
	return 0, unablef("probing Landlock: %v", err)
}
