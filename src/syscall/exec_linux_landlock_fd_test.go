// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package syscall_test

import (
	"fmt"
	"internal/testenv"
	"path/filepath"
	"syscall"
	"testing"
)

// TestLandlockDescriptors tests rulesets at descriptor numbers that mean
// something else in the child. In each case, the child must be in the
// sandbox and have the descriptors that ProcAttr.Files says,
// and the ruleset must not be among them unless it is in ProcAttr.Files.
func TestLandlockDescriptors(t *testing.T) {
	// The test moves descriptors 0, 1 and 2 of its process.
	if !landlockAlone(t) {
		return
	}
	s := newLandlockSandbox(t)
	exe := testenv.Executable(t)

	// open opens a file of its own at descriptor number fd.
	open := func(t *testing.T, fd int) {
		t.Helper()
		tmp, err := syscall.Open(filepath.Join(s.allowed, fmt.Sprintf("fd%d", fd)), syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		dupTo(t, tmp, fd)
		syscall.Close(tmp)
	}
	// Descriptors for use in ProcAttr.Files, all above those of the process.
	const base = 100
	for i := range 40 {
		open(t, base+i)
	}
	// upTo returns n entries for ProcAttr.Files,
	// each above its index and so with no need for pass 1.
	upTo := func(n int) []int {
		files := make([]int, n)
		for i := range files {
			files[i] = base + i
		}
		return files
	}

	type testCase struct {
		name    string
		ruleset int
		files   []int
	}
	tests := []testCase{
		// Closed by pass 2, or overwritten by it.
		{"Stdin/0Files", 0, nil},
		{"Stdout/0Files", 1, nil},
		{"Stdout/1File", 1, upTo(1)},
		{"Stderr/0Files", 2, nil},
		{"Stderr/2Files", 2, upTo(2)},
		{"Holes", 2, []int{base, base + 1, -1, base + 3}},
		// The error pipe is moved beyond all files,
		{"ErrorPipe", base + 3, upTo(3)},
		{"ErrorPipe/0Files", 1, nil},
		// and so are files below their index, one after the other.
		{"Pass1", base + 4, []int{base, base + 1, base + 2, 0}},
		{"Pass1/Second", base + 5, []int{base, base + 1, base + 2, 0, 1}},
		// Passed on.
		{"Entry", 50, []int{base, base + 1, base + 2, 50}},
		{"Entry/Twice", 50, []int{50, base + 1, 50, base + 3}},
		{"Entry/Identity", 1, []int{base, 1, base + 2}},
		{"Entry/Below", 1, []int{base, base + 1, base + 2, 1}},
		{"Far", 1000, upTo(3)},
	}
	// Any index.
	const many = 40
	for i := range many {
		if i > 2 && isOpen(i) {
			continue // the runtime's own, such as the epoll descriptor
		}
		tests = append(tests, testCase{fmt.Sprintf("Index%d", i), i, upTo(many)})
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wasOpen := isOpen(tt.ruleset)
			var saved int
			if wasOpen {
				var err error
				saved, err = syscall.Dup(tt.ruleset)
				if err != nil {
					t.Fatal(err)
				}
				syscall.CloseOnExec(saved)
			}
			want := make(map[int]string)
			env, report := s.env()
			attr := &syscall.ProcAttr{
				Env: env,
				Sys: &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: tt.ruleset},
			}

			// Until this is undone, nothing may be logged.
			dupTo(t, s.ruleset, tt.ruleset)
			for i, fd := range tt.files {
				attr.Files = append(attr.Files, uintptr(fd))
				var st syscall.Stat_t
				if fd != -1 && syscall.Fstat(fd, &st) == nil {
					want[i] = landlockFileID(fd, &st)
				}
			}
			pid, err := syscall.ForkExec(exe, []string{exe}, attr)
			var status syscall.WaitStatus
			var waitErr error
			if err == nil {
				_, waitErr = syscall.Wait4(pid, &status, 0, nil)
			}
			if wasOpen {
				dupTo(t, saved, tt.ruleset)
				syscall.Close(saved)
			} else {
				syscall.Close(tt.ruleset)
			}

			if err != nil || waitErr != nil || status != 0 {
				t.Fatalf("ForkExec: %v, wait4: %v, status %#x", err, waitErr, status)
			}
			r := s.checkChild(t, report, true)
			for fd, id := range r.Files {
				if want[fd] == "" && id == landlockRulesetID {
					t.Errorf("descriptor %d of the child is the ruleset", fd)
				}
			}
			for fd, id := range want {
				if r.Files[fd] != id {
					t.Errorf("descriptor %d of the child is %q, want %q", fd, r.Files[fd], id)
				}
			}
		})
	}
}

// dupTo duplicates oldfd to newfd, close-on-exec.
func dupTo(t *testing.T, oldfd, newfd int) {
	t.Helper()
	if err := syscall.Dup3(oldfd, newfd, syscall.O_CLOEXEC); err != nil {
		t.Fatalf("dup3(%d, %d): %v", oldfd, newfd, err)
	}
}

func isOpen(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil
}
