// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package main

import (
	"errors"
	"fmt"
	"runtime"
)

func checkBuild() error {
	return fmt.Errorf("there is no Landlock on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func supervise(path string, argv []string, ruleset int, flags uint32) (status int, err error) {
	return 0, checkBuild()
}
