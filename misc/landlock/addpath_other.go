// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package landlock

import "errors"

var errNotEnabled = errors.New("landlock: not enabled")

func addPath(ruleset int, path string, access AccessFSSet, flags int) (isDir bool, err error) {
	return false, errors.ErrUnsupported
}

func closeFD(fd int) {}
