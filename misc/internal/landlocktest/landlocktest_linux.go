// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package landlocktest has what tests of several packages need.
package landlocktest

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	ll "golandlock/misc/landlock/syscall"
)

// ABI returns the Landlock ABI version of the kernel. The error is ENOSYS if
// the kernel has no Landlock, and EOPNOTSUPP if it is disabled. The answer
// must be what the environment variable GO_TEST_LANDLOCK_ABI says, if it is
// set, so that tests do not pass by skipping.
func ABI(t testing.TB) (int, error) {
	t.Helper()
	abi, err := ll.LandlockGetABIVersion()
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
