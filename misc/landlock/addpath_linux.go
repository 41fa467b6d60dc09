// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package landlock

import (
	"fmt"
	"syscall"

	ll "golandlock/misc/landlock/syscall"
)

// errNotEnabled is how a kernel says that Landlock was disabled at boot time.
var errNotEnabled error = syscall.EOPNOTSUPP

const _O_PATH = 0x200000 // on all GOARCHes of Go

// addPath adds a rule for a path to a ruleset,
// and reports whether it is that of a directory.
func addPath(ruleset int, path string, access AccessFSSet, flags int) (isDir bool, err error) {
	// This neither needs rights on the file nor does anything to it.
	fd, err := syscall.Open(path, _O_PATH|syscall.O_CLOEXEC, 0)
	for err == syscall.EINTR {
		fd, err = syscall.Open(path, _O_PATH|syscall.O_CLOEXEC, 0)
	}
	if err == syscall.ENOENT {
		return false, fmt.Errorf("%w; use IgnoreIfMissing if it may be absent", err)
	}
	if err != nil {
		return false, fmt.Errorf("open: %w", err)
	}
	defer syscall.Close(fd)
	attr := ll.PathBeneathAttr{AllowedAccess: uint64(access), ParentFd: fd}
	err = ll.LandlockAddPathBeneathRule(ruleset, &attr, flags)
	if err == nil {
		return false, nil
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return false, fmt.Errorf("fstat: %w", err)
	}
	isDir = st.Mode&syscall.S_IFMT == syscall.S_IFDIR
	if err == syscall.EBADFD {
		return isDir, fmt.Errorf("landlock_add_rule: not in a file system, where pipes and sockets without a name are: %w", err)
	}
	return isDir, fmt.Errorf("landlock_add_rule: %w", err)
}

func closeFD(fd int) { syscall.Close(fd) }
