// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package testenv

import (
	"internal/syscall/unix"
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
