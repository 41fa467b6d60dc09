// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package unix

import (
	"syscall"
	"unsafe"
)

// This file has the system calls of Landlock, see landlock(7), and the
// declarations of linux/landlock.h for Landlock ABI versions 1 to 11.
// LandlockABI reports the version of the running kernel.

// Flags of landlock_create_ruleset that ask about the kernel instead of
// creating a ruleset. They are for LandlockABI and LandlockErrata:
// the kernel rejects them together with attributes, which
// LandlockCreateRuleset always passes.
const (
	LANDLOCK_CREATE_RULESET_VERSION = 1 << 0
	LANDLOCK_CREATE_RULESET_ERRATA  = 1 << 1 // ABI 7 (Linux 6.15)
)

// Rights for LandlockRulesetAttr.HandledAccessFS and QuietAccessFS,
// and for LandlockPathBeneathAttr.AllowedAccess.
// The kernel accepts only EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE,
// IOCTL_DEV and RESOLVE_UNIX in a rule for a file that is not a directory.
const (
	// ABI 1 (Linux 5.13)
	LANDLOCK_ACCESS_FS_EXECUTE     = 1 << 0
	LANDLOCK_ACCESS_FS_WRITE_FILE  = 1 << 1
	LANDLOCK_ACCESS_FS_READ_FILE   = 1 << 2
	LANDLOCK_ACCESS_FS_READ_DIR    = 1 << 3
	LANDLOCK_ACCESS_FS_REMOVE_DIR  = 1 << 4
	LANDLOCK_ACCESS_FS_REMOVE_FILE = 1 << 5
	LANDLOCK_ACCESS_FS_MAKE_CHAR   = 1 << 6
	LANDLOCK_ACCESS_FS_MAKE_DIR    = 1 << 7
	LANDLOCK_ACCESS_FS_MAKE_REG    = 1 << 8
	LANDLOCK_ACCESS_FS_MAKE_SOCK   = 1 << 9
	LANDLOCK_ACCESS_FS_MAKE_FIFO   = 1 << 10
	LANDLOCK_ACCESS_FS_MAKE_BLOCK  = 1 << 11
	LANDLOCK_ACCESS_FS_MAKE_SYM    = 1 << 12

	// ABI 2 (Linux 5.19)
	//
	// REFER is to link or rename a file to another directory.
	// Unlike the other rights, it is denied even if a ruleset
	// does not handle it.
	LANDLOCK_ACCESS_FS_REFER = 1 << 13

	// ABI 3 (Linux 6.2)
	LANDLOCK_ACCESS_FS_TRUNCATE = 1 << 14

	// ABI 5 (Linux 6.10)
	LANDLOCK_ACCESS_FS_IOCTL_DEV = 1 << 15

	// ABI 9 (Linux 7.1)
	LANDLOCK_ACCESS_FS_RESOLVE_UNIX = 1 << 16
)

// Rights for LandlockRulesetAttr.HandledAccessNet and QuietAccessNet,
// and for LandlockNetPortAttr.AllowedAccess.
const (
	// ABI 4 (Linux 6.7)
	LANDLOCK_ACCESS_NET_BIND_TCP    = 1 << 0
	LANDLOCK_ACCESS_NET_CONNECT_TCP = 1 << 1

	// ABI 10 (Linux 7.2)
	LANDLOCK_ACCESS_NET_BIND_UDP         = 1 << 2
	LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP = 1 << 3
)

// Restrictions for LandlockRulesetAttr.Scoped and QuietScoped.
// There are no rules to make exceptions from them.
const (
	// ABI 6 (Linux 6.12)
	LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
	LANDLOCK_SCOPE_SIGNAL               = 1 << 1
)

// Types of rules for landlock_add_rule.
// LandlockAddPathBeneathRule and LandlockAddNetPortRule use them.
const (
	LANDLOCK_RULE_PATH_BENEATH = 1 // ABI 1 (Linux 5.13)
	LANDLOCK_RULE_NET_PORT     = 2 // ABI 4 (Linux 6.7)
)

// Flags for LandlockAddPathBeneathRule and LandlockAddNetPortRule.
const (
	// ABI 10 (Linux 7.2)
	//
	// QUIET keeps denials that concern the file or port of the rule out of
	// the audit log, for the rights in QuietAccessFS or QuietAccessNet.
	LANDLOCK_ADD_RULE_QUIET = 1 << 0
)

// Flags for LandlockRestrictSelf.
const (
	// ABI 7 (Linux 6.15)
	//
	// By default, the audit log gets what is denied to the calling program,
	// but not what is denied to programs that it executes.
	// SAME_EXEC_OFF and NEW_EXEC_ON change either half of this.
	// SUBDOMAINS_OFF disables the log for sandboxes nested in this one.
	LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF  = 1 << 0
	LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON    = 1 << 1
	LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF = 1 << 2

	// ABI 8 (Linux 7.0)
	//
	// TSYNC restricts all threads of the process, not only the calling one.
	LANDLOCK_RESTRICT_SELF_TSYNC = 1 << 3

	// ABI 11 (Linux 7.3)
	//
	// NO_NEW_PRIVS also sets no_new_privs, as prctl(2) does.
	LANDLOCK_RESTRICT_SELF_NO_NEW_PRIVS = 1 << 4
)

// LandlockRulesetAttr is struct landlock_ruleset_attr.
//
// A kernel that does not know the last fields accepts the struct
// provided that they are zero.
type LandlockRulesetAttr struct {
	HandledAccessFS  uint64 // ABI 1 (Linux 5.13)
	HandledAccessNet uint64 // ABI 4 (Linux 6.7)
	Scoped           uint64 // ABI 6 (Linux 6.12)
	QuietAccessFS    uint64 // ABI 10 (Linux 7.2)
	QuietAccessNet   uint64 // ABI 10 (Linux 7.2)
	QuietScoped      uint64 // ABI 10 (Linux 7.2)
}

// LandlockPathBeneathAttr is struct landlock_path_beneath_attr.
//
// The kernel's struct is packed: it ends with the 4 bytes of ParentFD.
// Where uint64 is 8-byte aligned, 4 bytes of padding follow here. They do
// no harm, because the kernel reads as many bytes as its own struct has.
// ParentFD must not be an int: on 64-bit big-endian architectures,
// the kernel would take its upper half for the descriptor.
type LandlockPathBeneathAttr struct {
	AllowedAccess uint64
	ParentFD      int32 // may be open with O_PATH
}

// LandlockNetPortAttr is struct landlock_net_port_attr.
type LandlockNetPortAttr struct {
	AllowedAccess uint64
	Port          uint64 // in host byte order
}

// LandlockABI returns the Landlock ABI version of the kernel, 1 or higher.
// The error is ENOSYS if the kernel does not have Landlock,
// and EOPNOTSUPP if it has Landlock but disabled it at boot time.
func LandlockABI() (int, error) {
	abi, _, errno := syscall.Syscall(landlockCreateRulesetTrap, 0, 0, LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, errno
	}
	return int(abi), nil
}

// LandlockErrata returns which errata of Landlock are fixed in the kernel:
// bit n-1 stands for erratum n.
// The error is EINVAL if the kernel does not support this query,
// which came with ABI 7 (Linux 6.15) and with updates of earlier kernels.
func LandlockErrata() (uint32, error) {
	errata, _, errno := syscall.Syscall(landlockCreateRulesetTrap, 0, 0, LANDLOCK_CREATE_RULESET_ERRATA)
	if errno != 0 {
		return 0, errno
	}
	return uint32(errata), nil
}

// LandlockCreateRuleset returns the file descriptor, which is close-on-exec,
// of a new ruleset. It denies what attr handles, except where rules allow it.
func LandlockCreateRuleset(attr *LandlockRulesetAttr, flags uint32) (fd int, err error) {
	r1, _, errno := syscall.Syscall(landlockCreateRulesetTrap,
		uintptr(unsafe.Pointer(attr)),
		unsafe.Sizeof(*attr),
		uintptr(flags),
	)
	if errno != 0 {
		return -1, errno
	}
	return int(r1), nil
}

// LandlockAddPathBeneathRule adds a rule to ruleset that allows
// attr.AllowedAccess on the file attr.ParentFD and, if that is a directory,
// on everything beneath it.
func LandlockAddPathBeneathRule(ruleset int, attr *LandlockPathBeneathAttr, flags uint32) error {
	return landlockAddRule(ruleset, LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(attr), flags)
}

// LandlockAddNetPortRule adds a rule to ruleset that allows
// attr.AllowedAccess on the port attr.Port.
func LandlockAddNetPortRule(ruleset int, attr *LandlockNetPortAttr, flags uint32) error {
	return landlockAddRule(ruleset, LANDLOCK_RULE_NET_PORT, unsafe.Pointer(attr), flags)
}

func landlockAddRule(ruleset int, ruleType uintptr, attr unsafe.Pointer, flags uint32) error {
	_, _, errno := syscall.Syscall6(landlockAddRuleTrap,
		uintptr(ruleset),
		ruleType,
		uintptr(attr),
		uintptr(flags),
		0,
		0,
	)
	if errno != 0 {
		return errno
	}
	return nil
}

// LandlockRestrictSelf restricts the calling thread by ruleset, for good.
// Threads and processes that it creates from then on inherit this.
//
// The other threads of the process are not restricted, unless flags has
// LANDLOCK_RESTRICT_SELF_TSYNC. Without it, the calling goroutine must be
// locked to its thread, and must exit without unlocking it
// so that no other goroutine gets to run there.
//
// The error is EPERM if the thread has neither no_new_privs set
// nor CAP_SYS_ADMIN in its user namespace.
func LandlockRestrictSelf(ruleset int, flags uint32) error {
	_, _, errno := syscall.Syscall(landlockRestrictSelfTrap, uintptr(ruleset), uintptr(flags), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
