// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package syscall

import (
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// The numbers of the system calls are the same for all GOARCHes but MIPS.
var sysCreateRuleset, sysAddRule = func() (uintptr, uintptr) {
	var base uintptr
	switch {
	case strings.HasPrefix(runtime.GOARCH, "mips64"):
		base = 5000
	case strings.HasPrefix(runtime.GOARCH, "mips"):
		base = 4000
	}
	return base + 444, base + 445
}()

// From linux/landlock.h.
const (
	createRulesetVersion = 1 << 0
	createRulesetErrata  = 1 << 1

	rulePathBeneath = 1
	ruleNetPort     = 2
)

// LandlockGetABIVersion returns the Landlock ABI version of the kernel,
// 1 or higher. The error is ENOSYS if the kernel has no Landlock,
// and EOPNOTSUPP if it was disabled when the kernel booted.
func LandlockGetABIVersion() (version int, err error) {
	r1, _, errno := syscall.Syscall(sysCreateRuleset, 0, 0, createRulesetVersion)
	if errno != 0 {
		return 0, errno
	}
	return int(r1), nil
}

// LandlockGetErrata returns the errata of Landlock that are fixed in the
// kernel, bit n-1 for erratum n. The error is EINVAL if the kernel
// cannot tell; kernels with ABI 7 can, and updates of earlier ones.
func LandlockGetErrata() (errata int, err error) {
	r1, _, errno := syscall.Syscall(sysCreateRuleset, 0, 0, createRulesetErrata)
	if errno != 0 {
		return 0, errno
	}
	return int(r1), nil
}

// LandlockCreateRuleset returns the descriptor of a new ruleset.
// It is close-on-exec.
func LandlockCreateRuleset(attr *RulesetAttr, flags int) (fd int, err error) {
	// A kernel that does not know the last fields accepts them if they are 0.
	r1, _, errno := syscall.Syscall(sysCreateRuleset, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr), uintptr(flags))
	if errno != 0 {
		return -1, errno
	}
	return int(r1), nil
}

// LandlockAddPathBeneathRule adds a rule about a file to a ruleset.
func LandlockAddPathBeneathRule(rulesetFD int, attr *PathBeneathAttr, flags int) error {
	// The kernel's struct is packed and ends with the 4 bytes of the
	// descriptor. Padding behind them does no harm, but an int would
	// on 64-bit big-endian machines.
	packed := struct {
		allowedAccess uint64
		parentFD      int32
	}{attr.AllowedAccess, int32(attr.ParentFd)}
	return addRule(rulesetFD, rulePathBeneath, unsafe.Pointer(&packed), flags)
}

// LandlockAddNetPortRule adds a rule about a port to a ruleset.
func LandlockAddNetPortRule(rulesetFD int, attr *NetPortAttr, flags int) error {
	return addRule(rulesetFD, ruleNetPort, unsafe.Pointer(attr), flags)
}

func addRule(rulesetFD int, ruleType uintptr, attr unsafe.Pointer, flags int) error {
	_, _, errno := syscall.Syscall6(sysAddRule, uintptr(rulesetFD), ruleType, uintptr(attr), uintptr(flags), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
