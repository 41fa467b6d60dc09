// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package golandlock holds the patch set that adds Landlock to Go's os/exec.
//
// The repository mirrors the Go tree. A new file stands whole at its place;
// an edit to a file of Go's is a unified diff beside where that file would be,
// with the suffix ".patch".
package golandlock

import "embed"

// FS is the patch set. Its paths are those of a GOROOT, so that
// "src/syscall/exec_linux.go.patch" edits $GOROOT/src/syscall/exec_linux.go.
//
//go:embed api doc/next src test
var FS embed.FS

// Landlock is the source of package golandlock/misc/landlock.
// Its paths are those of this module.
//
//go:embed misc/landlock/*.go misc/landlock/syscall/*.go
var Landlock embed.FS
