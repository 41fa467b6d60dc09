// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// orderFS has the source of the program order.
//
//go:embed testdata/order/*.go
var orderFS embed.FS

// orderModes are the modes of the program order, each with what the
// child does before what the patch set adds, in the words of strace.
var orderModes = []struct {
	name   string
	before []string
}{
	{"plain", []string{"chdir("}},
	{"user", []string{"setpgid(", "chdir(", "prctl(PR_SET_PDEATHSIG"}},
	{"root", []string{"setsid(", "unshare(", `mount("none", "/"`, "chroot(", "setgroups", "setgid", "setuid", "capset(", "prctl(PR_CAP_AMBIENT", "chdir(", "prctl(PR_SET_PDEATHSIG"}},
	{"namespace", []string{"read(", "setsid(", "unshare(", `mount("none", "/"`, "chroot(", "setgid", "setuid", "capset(", "prctl(PR_CAP_AMBIENT", "chdir(", "prctl(PR_SET_PDEATHSIG"}},
	{"unshare", []string{"setsid(", "unshare(", `openat(AT_FDCWD, "/proc/self/uid_map"`, `mount("none", "/"`, "chroot(", "setgid", "setuid", "capset(", "prctl(PR_CAP_AMBIENT", "chdir(", "prctl(PR_SET_PDEATHSIG"}},
}

// orderFields are the fields of the patch set that are set together,
// each with the calls that they add, in the words of strace.
var orderFields = []struct {
	names []string
	calls []*regexp.Regexp
}{
	{[]string{"UseLandlock"}, []*regexp.Regexp{noNewPrivsCall, restrictCall("0")}},
	{[]string{"NoNewPrivs"}, []*regexp.Regexp{noNewPrivsCall}},
	{[]string{"UseLandlock", "NoNewPrivs"}, []*regexp.Regexp{noNewPrivsCall, restrictCall("0")}},
	{[]string{"UseLandlock", "LandlockFlags"}, []*regexp.Regexp{noNewPrivsCall, restrictCall("(0x)?6( /\\*.*\\*/)?")}},
	{[]string{"NoNewPrivs", "LandlockFlags"}, []*regexp.Regexp{noNewPrivsCall}},
}

var noNewPrivsCall = regexp.MustCompile(`^prctl\(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0\) = 0$`)

func restrictCall(flags string) *regexp.Regexp {
	return regexp.MustCompile(`^landlock_restrict_self\(\d+, ` + flags + `\) = 0$`)
}

// order holds the system calls of the children of a program, as strace sees
// them, against those with the unpatched Go. Without the fields of the patch
// set they are the same, and with them there are one or two more, at the right
// place.
func (t *tester) order(ctx context.Context) (detail string, err error) {
	if _, err := exec.LookPath("strace"); err != nil {
		return "", skipError("no strace in PATH; install the package strace")
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-order-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	source, err := fs.Sub(orderFS, "testdata/order")
	if err == nil {
		err = os.CopyFS(tmp, source)
	}
	if err == nil {
		err = writeFile(filepath.Join(tmp, "go.mod"), []byte("module order\n"))
	}
	if err != nil {
		return "", err
	}
	build := func(b *base, tags string) (program string, err error) {
		program = filepath.Join(tmp, fmt.Sprintf("order-%s-%s", filepath.Base(b.dir), tags))
		cmd := newCommand(ctx, tmp, b.goCmd(), "build", "-tags", tags, "-o", program)
		cmd.Env = localEnv("GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building a program to trace with %s: %v\n%s", b.dir, err, tail(out))
		}
		return program, nil
	}
	unpatched, err := build(t.base, "")
	if err != nil {
		return "", err
	}
	free, err := build(t.tree, "")
	if err != nil {
		return "", err
	}
	sandboxed, err := build(t.tree, "landlock")
	if err != nil {
		return "", err
	}

	out, err := newCommand(ctx, tmp, "strace", "-f", "-o", os.DevNull, unpatched, "child").CombinedOutput()
	if err != nil {
		line, _, _ := strings.Cut(string(out), "\n")
		return "", skipError(fmt.Sprintf("strace does not work here: %v: %s", err, line))
	}
	abi, err := needLandlock()
	if err != nil {
		return "", err
	}
	var seen, refused []string
	for _, mode := range orderModes {
		want, err := traceChild(ctx, tmp, unpatched, mode.name)
		if err != nil {
			return "", err
		}
		calls, err := traceChild(ctx, tmp, free, mode.name)
		if err != nil {
			return "", err
		}
		if diff := diffCalls(want, calls); diff != "" {
			return "", fmt.Errorf("mode %s: without UseLandlock and NoNewPrivs, the child's system calls are not those of the unpatched Go: %s", mode.name, diff)
		}
		for _, fields := range orderFields {
			if slices.Contains(fields.names, "LandlockFlags") && abi < 7 {
				continue // the kernel knows none
			}
			with, err := traceChild(ctx, tmp, sandboxed, append([]string{mode.name}, fields.names...)...)
			if err != nil {
				return "", err
			}
			if err := checkOrder(calls, with, fields.calls, mode.before); err != nil {
				noise := func(call string) bool { return strings.HasPrefix(call, "rt_sig") }
				return "", fmt.Errorf("mode %s with %s: %v; the child's system calls:\n%s", mode.name, strings.Join(fields.names, ", "), err, strings.Join(slices.DeleteFunc(with, noise), "\n"))
			}
		}
		if runsProgram(calls) {
			seen = append(seen, mode.name)
		} else {
			refused = append(refused, mode.name)
		}
	}
	detail = "modes " + strings.Join(seen, " ")
	if refused != nil {
		detail += "; refused to this user: " + strings.Join(refused, " ")
	}
	if slices.Contains(refused, "plain") || slices.Contains(refused, "user") {
		return "", errors.New("children failed to start that need no privileges: " + detail)
	}
	if len(seen) == 2 {
		return "", skipError("this user is refused all privileges, even in user namespaces, so that not all options can be seen: " + detail)
	}
	return detail, nil
}

// traceChild runs program with args under strace and returns the system calls
// of its child until it executes a program or exits,
// without what differs from run to run.
func traceChild(ctx context.Context, tmp, program string, args ...string) (calls []string, err error) {
	dir, err := os.MkdirTemp(tmp, "trace-")
	if err != nil {
		return nil, err
	}
	// One file for each process, so that no call is cut in two.
	prefix := filepath.Join(dir, "strace")
	args = append([]string{"-ff", "-s", "4096", "-o", prefix, program}, args...)
	out, err := newCommand(ctx, tmp, "strace", args...).CombinedOutput()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		return nil, err
	}
	traces, globErr := filepath.Glob(prefix + ".*")
	if globErr != nil {
		return nil, globErr
	}
	var pids []string
	for _, trace := range traces {
		data, err := os.ReadFile(trace)
		if err != nil {
			return nil, err
		}
		for _, m := range forkCall.FindAllSubmatch(data, -1) {
			pids = append(pids, string(m[1]))
		}
	}
	if len(pids) != 1 {
		return nil, fmt.Errorf("strace %s: %v: got %d children, want 1\n%s", strings.Join(args, " "), err, len(pids), tail(out))
	}
	data, err := os.ReadFile(prefix + "." + pids[0])
	if err != nil {
		return nil, err
	}
	return parseCalls(data, program), nil
}

var (
	// forkCall matches the system call that makes a process, not a thread.
	forkCall = regexp.MustCompile(`(?m)^clone3?\(.*\bSIGCHLD\b.*\) += (\d+)$`)

	address = regexp.MustCompile(`\b0x[0-9a-f]+\b`)
	pidCall = regexp.MustCompile(`^((?:getpid|getppid|setsid)\(\)) += \d+$`)
	spaces  = regexp.MustCompile(` += (\S+.*)$`)
)

// parseCalls returns the calls of a child of program in the output of strace.
func parseCalls(trace []byte, program string) (calls []string) {
	for line := range bytes.Lines(trace) {
		call := strings.TrimSpace(string(line))
		if strings.HasPrefix(call, "---") || strings.HasPrefix(call, "+++") {
			continue // a signal, or the end
		}
		call = strings.ReplaceAll(call, program, "PROGRAM")
		if !strings.HasPrefix(call, "landlock_restrict_self(") { // it has flags
			call = address.ReplaceAllString(call, "ADDRESS")
		}
		call = pidCall.ReplaceAllString(call, "$1 = PID")
		call = spaces.ReplaceAllString(call, " = $1")
		calls = append(calls, call)
		if strings.HasPrefix(call, "execve(") || strings.HasPrefix(call, "exit") {
			break
		}
	}
	return calls
}

// runsProgram reports whether calls end with the execution of a program.
func runsProgram(calls []string) bool {
	return len(calls) > 0 && strings.HasPrefix(calls[len(calls)-1], "execve(") && strings.HasSuffix(calls[len(calls)-1], " = 0")
}

// diffCalls returns the first difference between two lists of calls,
// or "" if there is none.
func diffCalls(want, got []string) string {
	for i := range max(len(want), len(got)) {
		w, g := "nothing", "nothing"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			return fmt.Sprintf("call %d is %s, want %s", i+1, g, w)
		}
	}
	return ""
}

// checkOrder returns an error unless sandboxed are the calls free with some
// that match the patterns added where they belong: after the calls that begin
// with the strings in before, and before the descriptors are touched.
func checkOrder(free, sandboxed []string, added []*regexp.Regexp, before []string) error {
	has := func(calls []string, prefix string) bool {
		return slices.ContainsFunc(calls, func(call string) bool { return strings.HasPrefix(call, prefix) })
	}
	if !runsProgram(free) {
		if has(free, "execve(") {
			return errors.New("the child cannot execute the program, not without the fields either")
		}
		if diff := diffCalls(free, sandboxed); diff != "" {
			return fmt.Errorf("a child that fails to start does other calls than without: %s", diff)
		}
		return nil
	}
	i := slices.IndexFunc(sandboxed, added[0].MatchString)
	if i < 0 {
		return fmt.Errorf("there is no %v", added[0])
	}
	for j, re := range added[1:] {
		if call := sandboxed[i+1+j]; !re.MatchString(call) {
			return fmt.Errorf("after %s comes %s, want %v", sandboxed[i+j], call, re)
		}
	}
	if diff := diffCalls(free, slices.Concat(sandboxed[:i], sandboxed[i+len(added):])); diff != "" {
		return fmt.Errorf("apart from what is to be added, the child does other calls than without: %s", diff)
	}
	for _, prefix := range before {
		if has(sandboxed[i:], prefix) {
			return fmt.Errorf("%s comes after the sandbox, want it before", prefix)
		}
		if !has(sandboxed[:i], prefix) {
			return fmt.Errorf("there is no %s", prefix)
		}
	}
	for _, prefix := range []string{"dup3(", "fcntl"} {
		if has(sandboxed[:i], prefix) {
			return fmt.Errorf("%s comes before the sandbox, want it after", prefix)
		}
		if !has(sandboxed[i:], prefix) {
			return fmt.Errorf("there is no %s", prefix)
		}
	}
	return nil
}
