// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Launcher runs the go command of the toolchain that it is named after.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// goroot is where the toolchain is. The linker sets it.
var goroot string

func main() {
	os.Unsetenv("GOROOT") // if set, it is another toolchain's
	goCmd := filepath.Join(goroot, "bin", "go")
	err := syscall.Exec(goCmd, append([]string{goCmd}, os.Args[1:]...), os.Environ())
	fmt.Fprintf(os.Stderr, "%s: running %s: %v; install it again with \"landlock-ci toolchain\"\n", filepath.Base(os.Args[0]), goCmd, err)
	os.Exit(1)
}
