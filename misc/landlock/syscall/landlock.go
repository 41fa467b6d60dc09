// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package syscall has the system calls with which Landlock rulesets are made,
// and the numbers of linux/landlock.h for Landlock ABI versions 1 to 11.
// Most programs need package landlock only.
//
// Its names are those of go-landlock's package of this name.
package syscall

// Filesystem rights, for RulesetAttr and PathBeneathAttr.
const (
	AccessFSExecute     = 1 << 0 // execute a file
	AccessFSWriteFile   = 1 << 1 // open a file for writing
	AccessFSReadFile    = 1 << 2 // open a file for reading
	AccessFSReadDir     = 1 << 3 // open or list a directory
	AccessFSRemoveDir   = 1 << 4 // remove or rename an empty directory
	AccessFSRemoveFile  = 1 << 5 // remove or rename a file
	AccessFSMakeChar    = 1 << 6 // create, rename or link a character device
	AccessFSMakeDir     = 1 << 7 // create or rename a directory
	AccessFSMakeReg     = 1 << 8 // create, rename or link a regular file
	AccessFSMakeSock    = 1 << 9
	AccessFSMakeFifo    = 1 << 10
	AccessFSMakeBlock   = 1 << 11
	AccessFSMakeSym     = 1 << 12
	AccessFSRefer       = 1 << 13 // ABI 2: rename or link from one directory to another
	AccessFSTruncate    = 1 << 14 // ABI 3: truncate, also by O_TRUNC
	AccessFSIoctlDev    = 1 << 15 // ABI 5: ioctl(2) on devices
	AccessFSResolveUnix = 1 << 16 // ABI 9: connect to Unix sockets by their paths
)

// Network rights, for RulesetAttr and NetPortAttr.
const (
	AccessNetBindTCP        = 1 << 0 // ABI 4
	AccessNetConnectTCP     = 1 << 1 // ABI 4
	AccessNetBindUDP        = 1 << 2 // ABI 10
	AccessNetConnectSendUDP = 1 << 3 // ABI 10
)

// Scopes, for RulesetAttr.
const (
	ScopeAbstractUnixSocket = 1 << 0 // ABI 6: abstract Unix sockets of processes outside
	ScopeSignal             = 1 << 1 // ABI 6: signals to processes outside
)

// Flags of landlock_restrict_self.
const (
	FlagRestrictSelfLogSameExecOff   = 1 << 0 // ABI 7
	FlagRestrictSelfLogNewExecOn     = 1 << 1 // ABI 7
	FlagRestrictSelfLogSubdomainsOff = 1 << 2 // ABI 7
	FlagRestrictSelfTSync            = 1 << 3 // ABI 8
	FlagRestrictSelfNoNewPrivs       = 1 << 4 // ABI 11
)

// FlagAddRuleQuiet is a flag of LandlockAddPathBeneathRule and
// LandlockAddNetPortRule. It keeps denials that concern the file or the port
// out of the audit log. ABI 10.
const FlagAddRuleQuiet = 1 << 0

// RulesetAttr says what a ruleset handles, that is,
// denies where no rule allows it.
type RulesetAttr struct {
	HandledAccessFS  uint64
	HandledAccessNet uint64 // ABI 4
	Scoped           uint64 // ABI 6

	// What may be kept out of the audit log. ABI 10.
	QuietAccessFS  uint64
	QuietAccessNet uint64
	QuietScoped    uint64
}

// PathBeneathAttr is a rule that allows AllowedAccess on the file that is open
// as ParentFd, which may be with O_PATH, and on all beneath a directory.
type PathBeneathAttr struct {
	AllowedAccess uint64
	ParentFd      int
}

// NetPortAttr is a rule that allows AllowedAccess on a port.
type NetPortAttr struct {
	AllowedAccess uint64
	Port          uint64 // in host byte order
}
