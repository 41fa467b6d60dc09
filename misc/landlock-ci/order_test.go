// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestParseCalls(t *testing.T) {
	const trace = `rt_sigaction(SIGHUP, {sa_handler=SIG_DFL, sa_restorer=0x481000}, NULL, 8) = 0
--- SIGURG {si_signo=SIGURG, si_code=SI_TKILL} ---
setsid()                                = 11721
dup3(3, 4, O_CLOEXEC)                   = 4
landlock_restrict_self(4, 0x6 /* LANDLOCK_??? */) = 0
unshare(CLONE_NEWNS)                    = -1 EPERM (Operation not permitted)
execve("/tmp/order", ["/tmp/order", "child"], 0xc000018058 /* 0 vars */) = 0
brk(NULL)                               = 0x5aa000
+++ exited with 0 +++
`
	want := []string{
		"rt_sigaction(SIGHUP, {sa_handler=SIG_DFL, sa_restorer=ADDRESS}, NULL, 8) = 0",
		"setsid() = PID",
		"dup3(3, 4, O_CLOEXEC) = 4",
		"landlock_restrict_self(4, 0x6 /* LANDLOCK_??? */) = 0",
		"unshare(CLONE_NEWNS) = -1 EPERM (Operation not permitted)",
		`execve("PROGRAM", ["PROGRAM", "child"], ADDRESS /* 0 vars */) = 0`,
	}
	if got := parseCalls([]byte(trace), "/tmp/order"); !slices.Equal(got, want) {
		t.Errorf("parseCalls: got %q, want %q", got, want)
	}
	const fork = "clone(child_stack=0x10, flags=CLONE_VM|CLONE_THREAD) = 11\n" +
		"clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = ? ERESTARTNOINTR (To be restarted)\n" +
		"clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = 12\n"
	if m := forkCall.FindAllStringSubmatch(fork, -1); len(m) != 1 || m[0][1] != "12" {
		t.Errorf("forkCall: got %q, want process 12", m)
	}
}

func TestCheckOrder(t *testing.T) {
	const (
		privs    = "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0"
		restrict = "landlock_restrict_self(5, 0) = 0"
		exec     = `execve("PROGRAM", ["PROGRAM"], ADDRESS) = 0`
	)
	free := []string{"chroot(\"/\") = 0", "chdir(\"/\") = 0", "dup3(0, 5, O_CLOEXEC) = 5", "fcntl(0, F_SETFD, 0) = 0", exec}
	refused := []string{"chroot(\"/\") = -1 EPERM (Operation not permitted)", "exit(253) = ?"}
	// at returns free with calls inserted.
	at := func(i int, calls ...string) []string { return slices.Insert(slices.Clone(free), i, calls...) }
	for _, tt := range []struct {
		name            string
		free, sandboxed []string
		want            string // in the error
	}{
		{"Good", free, at(2, privs, restrict), ""},
		{"Absent", free, free, "there is no ^prctl"},
		{"NoPrctl", free, at(2, restrict), "there is no ^prctl"},
		{"NoRestrict", free, at(2, privs), "want ^landlock_restrict_self"},
		{"TwoPrctls", free, at(2, privs, privs, restrict), "want ^landlock_restrict_self"},
		{"PrctlLast", free, at(2, restrict, privs), "want ^landlock_restrict_self"},
		{"Fails", free, at(2, privs, "landlock_restrict_self(5, 0) = -1 EPERM"), "want ^landlock_restrict_self"},
		{"Flags", free, at(2, privs, "landlock_restrict_self(5, 2) = 0"), "want ^landlock_restrict_self"},
		{"BeforeChdir", free, at(1, privs, restrict), "chdir( comes after"},
		{"First", free, at(0, privs, restrict), "chroot( comes after"},
		{"AfterDup3", free, at(3, privs, restrict), "dup3( comes before"},
		{"AfterFcntl", free, at(4, privs, restrict), "dup3( comes before"},
		{"More", free, at(2, privs, restrict, "close(5) = 0"), "call 3 is close(5)"},
		{"Refused", refused, refused, ""},
		{"NoExec", []string{strings.Replace(exec, "= 0", "= -1 EACCES", 1)}, free, "cannot execute"},
		{"RefusedButSandboxed", refused, slices.Insert(slices.Clone(refused), 0, privs, restrict), "fails to start"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			added := []*regexp.Regexp{noNewPrivsCall, restrictCall("0")}
			err := checkOrder(tt.free, tt.sandboxed, added, []string{"chroot(", "chdir("})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
	for _, fields := range orderFields {
		calls := []string{privs}
		if fields.names[0] == "UseLandlock" {
			calls = append(calls, restrict)
		}
		if slices.Contains(fields.names, "LandlockFlags") && len(calls) == 2 {
			calls[1] = "landlock_restrict_self(5, 0x6 /* LANDLOCK_RESTRICT_SELF_??? */) = 0"
		}
		if err := checkOrder(free, at(2, calls...), fields.calls, []string{"chdir("}); err != nil {
			t.Errorf("%v: %v", fields.names, err)
		}
	}
}
