// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golandlock/misc/landlock"
	ll "golandlock/misc/landlock/syscall"
)

// explainStart returns an error that says why a program could not be started
// in the sandbox s, of which the kernel enforces got.
func (s *sandbox) explainStart(path string, got landlock.Config, err error) error {
	status := exitError
	var errno syscall.Errno
	if errors.As(err, &errno) {
		switch errno {
		case syscall.E2BIG:
			// The kernel says so too if there are too many sandboxes.
			return &statusError{exitNoExec, fmt.Errorf("%s: %w, or this is in 16 nested sandboxes already", path, err)}
		case syscall.EACCES, syscall.ENOENT, syscall.ENOEXEC, syscall.ENOTDIR, syscall.ELOOP, syscall.EISDIR, syscall.EPERM, syscall.ETXTBSY, syscall.EINVAL, syscall.EIO:
			status = exitNoExec
		}
	}
	var why []string
	for _, f := range executables(path) {
		switch {
		case errors.Is(f.err, fs.ErrNotExist):
			why = append(why, fmt.Sprintf("%s does not exist", f))
		case got.HandledAccessFS&ll.AccessFSExecute != 0 && s.granted(f.path)&ll.AccessFSExecute == 0:
			grant := "-rofiles " + f.path
			if s.fromPolicy {
				grant = fmt.Sprintf(`"execute" for %s in the policy`, f.path)
			}
			why = append(why, fmt.Sprintf("the sandbox denies execute for %s; grant it with %s", f, grant))
		}
	}
	if why != nil {
		err = fmt.Errorf("%w: %s", err, strings.Join(why, ", and "))
	}
	return &statusError{status, fmt.Errorf("%s: %w", path, err)}
}

// granted returns the rights that s grants on a file: those of all the
// rules for it and for the directories that it is in.
func (s *sandbox) granted(path string) landlock.AccessFSSet {
	var access landlock.AccessFSSet
	path, err := filepath.Abs(path)
	if err != nil {
		return 0
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return 0
	}
	for {
		fi, err := os.Stat(path)
		if err != nil {
			return access
		}
		for _, r := range s.paths {
			// Rules are about files, not about their names.
			if rfi, err := os.Stat(r.path); err == nil && os.SameFile(fi, rfi) {
				access |= r.access
			}
		}
		parent := filepath.Dir(path)
		if parent == path {
			return access
		}
		path = parent
	}
}

// An executable is a file that the kernel executes to start a program.
type executable struct {
	path string
	role string // how it comes that it does, "" for the program
	err  error  // why it cannot be looked at
}

func (e executable) String() string {
	if e.role == "" {
		return e.path
	}
	return e.path + ", " + e.role
}

// executables returns a program, the interpreters of a script, and the
// ELF interpreter of the last of them, as far as they can be read.
func executables(path string) []executable {
	var list []executable
	role := ""
	for range 6 { // the kernel follows as many scripts
		interp, interpRole, err := interpreter(path)
		list = append(list, executable{path, role, err})
		if interp == "" {
			break
		}
		path, role = interp, interpRole
	}
	return list
}

// interpreter returns the interpreter of a program, if it has one,
// and what it is to it.
func interpreter(path string) (interp, role string, err error) {
	// To open a pipe would block.
	if fi, err := os.Stat(path); err != nil || !fi.Mode().IsRegular() {
		return "", "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	// The kernel looks at as much for a script's first line.
	head, err := bufio.NewReaderSize(f, 256).Peek(256)
	if err != nil && err != io.EOF {
		return "", "", err
	}
	if line, ok := bytes.CutPrefix(head, []byte("#!")); ok {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		if fields := strings.Fields(string(line)); len(fields) > 0 {
			return fields[0], "which the first line of " + path + " names", nil
		}
		return "", "", nil
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return "", "", nil
	}
	for _, p := range e.Progs {
		if p.Type != elf.PT_INTERP || p.Filesz > 4096 {
			continue
		}
		name, err := io.ReadAll(p.Open())
		if err != nil {
			return "", "", err
		}
		return string(bytes.TrimRight(name, "\x00")), "the ELF interpreter of " + path, nil
	}
	return "", "", nil
}
