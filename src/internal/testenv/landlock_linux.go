// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package testenv

import (
	"errors"
	"internal/syscall/unix"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// LandlockABI returns the Landlock ABI version of the running kernel.
// The error is ENOSYS if the kernel does not have Landlock,
// and EOPNOTSUPP if it has Landlock but disabled it at boot time.
// Any other error of the probe ends the test.
//
// If the environment variable GO_TEST_LANDLOCK_ABI is set, it is what the
// kernel is expected to say, either the version or the name of the error,
// and any other answer ends the test too. This way, a test run
// that was set up with Landlock does not pass by skipping its tests.
func LandlockABI(t testing.TB) (abi int, err error) {
	t.Helper()
	if runtime.GOOS == "android" {
		// The seccomp filter of applications may kill the process instead
		// of failing the system call.
		t.Skip("skipping test: android may kill a process that uses Landlock")
	}
	abi, err = unix.LandlockABI()
	got := strconv.Itoa(abi)
	switch err {
	case nil:
	case syscall.ENOSYS:
		got = "ENOSYS"
	case syscall.EOPNOTSUPP:
		got = "EOPNOTSUPP"
	default:
		t.Fatalf("probing the Landlock ABI: %v", err)
	}
	if want := os.Getenv("GO_TEST_LANDLOCK_ABI"); want != "" && got != want {
		t.Fatalf("Landlock ABI is %s, but GO_TEST_LANDLOCK_ABI=%s", got, want)
	}
	return abi, err
}

// MustHaveLandlock returns the Landlock ABI version of the running kernel.
// If the kernel does not support Landlock, MustHaveLandlock calls t.Skip.
// See LandlockABI for GO_TEST_LANDLOCK_ABI.
func MustHaveLandlock(t testing.TB) (abi int) {
	t.Helper()
	abi, err := LandlockABI(t)
	if err != nil {
		t.Skipf("skipping test: the kernel does not support Landlock: %v", err)
	}
	return abi
}

// A LandlockRule allows access to a file or, if it is a directory,
// to all beneath it.
type LandlockRule struct {
	Path   string
	Access uint64 // such as unix.LANDLOCK_ACCESS_FS_READ_FILE
}

// NewLandlockRuleset returns the file descriptor of a Landlock ruleset that
// denies handled except where rules allow it. Rules for files that do not exist
// are left out. The descriptor is closed when the test ends.
// If the kernel does not support Landlock, NewLandlockRuleset calls t.Skip.
func NewLandlockRuleset(t testing.TB, handled uint64, rules ...LandlockRule) int {
	t.Helper()
	MustHaveLandlock(t)
	ruleset, err := unix.LandlockCreateRuleset(&unix.LandlockRulesetAttr{HandledAccessFS: handled}, 0)
	if err != nil {
		t.Fatalf("landlock_create_ruleset: %v", err)
	}
	t.Cleanup(func() { syscall.Close(ruleset) })
	for _, r := range rules {
		f, err := os.Open(r.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		attr := unix.LandlockPathBeneathAttr{AllowedAccess: r.Access & handled, ParentFD: int32(f.Fd())}
		err = unix.LandlockAddPathBeneathRule(ruleset, &attr, 0)
		f.Close()
		if err != nil {
			t.Fatalf("landlock_add_rule for %s: %v", r.Path, err)
		}
	}
	return ruleset
}

// LandlockExecRules returns the rules with which a Go program, such as the
// running test binary, can be executed. They allow to execute and read
// the program exe and the directories of shared libraries and system commands.
func LandlockExecRules(exe string) []LandlockRule {
	const access = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	rules := []LandlockRule{
		{exe, access},
		// Every Go program opens it if descriptor 0, 1 or 2 is closed.
		{os.DevNull, unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE},
		// The race detector reads /proc/self/maps. A rule for /proc/self
		// would be one for the directory of this process.
		{"/proc", access},
	}
	for _, dir := range []string{"/bin", "/lib", "/lib32", "/lib64", "/usr"} {
		rules = append(rules, LandlockRule{dir, access})
	}
	return rules
}
