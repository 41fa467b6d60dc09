// run

//go:build linux

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Issue 68595: a process can be started in a Landlock sandbox.

package main

import (
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

const (
	accessFSWriteFile    = 1 << 1
	accessFSMakeReg      = 1 << 8
	createRulesetVersion = 1
)

func main() {
	if len(os.Args) > 1 {
		// In the child.
		if err := os.WriteFile(os.Args[1], nil, 0o666); err != nil {
			log.Fatal(err)
		}
		return
	}

	createRuleset := uintptr(444)
	switch {
	case strings.HasPrefix(runtime.GOARCH, "mips64"):
		createRuleset += 5000
	case strings.HasPrefix(runtime.GOARCH, "mips"):
		createRuleset += 4000
	}
	_, _, errno := syscall.Syscall(createRuleset, 0, 0, createRulesetVersion)
	if errno == syscall.ENOSYS || errno == syscall.EOPNOTSUPP {
		if abi := os.Getenv("GO_TEST_LANDLOCK_ABI"); abi != "" && abi != "ENOSYS" && abi != "EOPNOTSUPP" {
			log.Fatalf("probing Landlock: %v, but GO_TEST_LANDLOCK_ABI=%s", errno, abi)
		}
		return // the kernel has no Landlock
	}
	handled := uint64(accessFSWriteFile | accessFSMakeReg)
	ruleset, _, errno := syscall.Syscall(createRuleset, uintptr(unsafe.Pointer(&handled)), unsafe.Sizeof(handled), 0)
	if errno != 0 {
		log.Fatal("landlock_create_ruleset: ", errno)
	}

	exe, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "issue68595")
	if err != nil {
		log.Fatal(err)
	}
	ok := try(exe, filepath.Join(dir, "file"), int(ruleset))
	os.RemoveAll(dir)
	if !ok {
		os.Exit(1)
	}
}

// try reports whether a process in a sandbox cannot make the file,
// and one outside and this one can.
func try(exe, file string, ruleset int) bool {
	cmd := exec.Command(exe, file)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		UseLandlock:     true,
		LandlockRuleset: ruleset,
	}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), syscall.EACCES.Error()) {
		log.Printf("sandboxed: got error %v, output %q; want %v", err, out, syscall.EACCES)
		return false
	}
	if _, err := os.Stat(file); err == nil {
		log.Print("the sandboxed process made a file")
		return false
	}

	if out, err := exec.Command(exe, file).CombinedOutput(); err != nil {
		log.Printf("not sandboxed: %v\n%s", err, out)
		return false
	}
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		log.Print("parent: ", err)
		return false
	}
	return true
}
