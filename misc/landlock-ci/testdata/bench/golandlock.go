// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build golandlock

package main

import (
	"os"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
)

// sandboxed executes argv after it has restricted the process.
func sandboxed(argv []string) error {
	err := landlock.V5.BestEffort().RestrictPaths(
		landlock.RODirs("/"),
		landlock.RWFiles("/dev/null"),
	)
	if err != nil {
		return err
	}
	return syscall.Exec(argv[0], argv, os.Environ())
}
