// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBases(t *testing.T) {
	replace := func(old, new string) *base {
		b := fakeBase(t, func(src string) string { return strings.Replace(src, old, new, 1) })
		return b
	}
	ahead := replace("package syscall\n", "package syscall\n\n")
	if err := writeFile(ahead.file("VERSION"), []byte("go1.26.99\ntime 2026-08-28T16:20:06Z\n")); err != nil {
		t.Fatal(err)
	}
	conflict := replace("\tPidFD *int\n", "\tPidFD *int32\n")
	fields := replace("\tPidFD *int\n", "\tPidFD *int\nUseLandlock bool\nLandlockFD int\n")

	stdout, stderr, status := landlockCI(t, nil, "bases", ahead.dir, conflict.dir, fields.dir)
	if status != exitFailed || !strings.Contains(stderr, filepath.Base(conflict.dir)) || strings.Contains(stderr, "go1.26.99") {
		t.Errorf("exit status %d, standard error %s", status, stderr)
	}
	for i, want := range []string{"go1.26.99 ", filepath.Base(conflict.dir) + " ", filepath.Base(fields.dir) + " "} {
		verdict := []string{" applies", " conflicts: " + execLinux + ", hunk 1", " refused: "}[i]
		lines := strings.Split(stdout, "\n")
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) || !strings.Contains(lines[i], verdict) {
			t.Errorf("standard output lacks a line %q… %q:\n%s", want, verdict, stdout)
		}
	}

	stdout, stderr, status = landlockCI(t, nil, "bases", ahead.dir)
	if status != 0 || stderr != "" {
		t.Errorf("exit status %d, standard error %s", status, stderr)
	}
	// One line more than what the patch set was made for, or than another release.
	b := fakeBase(t, same)
	for _, b := range []*base{b, ahead} {
		if _, err := b.tryPatch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := b.tryPatch(t.Context())
	after, _ := ahead.tryPatch(t.Context())
	if before == after || !strings.Contains(before+after, "applies with an offset: "+execLinux+", hunk ") {
		t.Errorf("with one line more, it %s; without, it %s", after, before)
	}

	stdout, stderr, status = landlockCI(t, nil, "bases", t.TempDir())
	checkError(t, stdout, stderr, status, exitUsage, "not a Go source tree")
}

// TestPatchCommand tests that the diff makes what a toolchain is made of.
func TestPatchCommand(t *testing.T) {
	b := fakeBase(t, same)
	stdout, stderr, status := landlockCI(t, nil, "patch", b.dir)
	checkError(t, stdout, stderr, status, exitUsage, "comes without api")

	for name, data := range map[string]string{"VERSION": "go1.26.99\n", "api/go1.26.txt": "pkg p, type T int #1\n"} {
		if err := writeFile(b.file(name), []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	tc, err := newToolchain(&base{dir: b.dir, version: "go1.26.99"})
	if err != nil {
		t.Fatal(err)
	}
	want, err := tc.files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want["VERSION"] = []byte("go1.26.99\n")
	patch, stderr, status := landlockCI(t, nil, "patch", b.dir)
	if status != 0 || stderr != "" {
		t.Fatalf("patch: exit status %d, standard error %s", status, stderr)
	}
	cmd := gitCommand(t.Context(), b.dir, "apply", "-")
	cmd.Stdin = strings.NewReader(patch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s", err, out)
	}
	err = fs.WalkDir(os.DirFS(b.dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(b.file(name))
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s is not as it is to be", name)
		}
		delete(want, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("no %s", name)
	}
}
