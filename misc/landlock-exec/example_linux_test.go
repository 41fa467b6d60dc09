// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	ll "golandlock/misc/landlock/syscall"
)

// testdata copies a file of testdata into b.dir.
func (b *bench) testdata(t *testing.T, file, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return b.file(t, name, string(data), 0755)
}

// output runs a command outside of any sandbox.
func (b *bench) output(env []string, args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = b.dir
	cmd.Env = append([]string{
		"PATH=" + b.dir + ":" + os.Getenv("PATH"), "HOME=" + b.dir, "LC_ALL=C", "TMPDIR=" + b.dir,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a",
	}, env...)
	if b.uid != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(b.uid), Gid: uint32(b.uid)}}
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The hook of a git server runs what is pushed.
func TestGitHook(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipping test: no git")
	}
	forUsers(t, func(t *testing.T, b *bench) {
		secret := b.file(t, "secret", "hunter2", 0644)
		run := func(args ...string) {
			t.Helper()
			if out, err := b.output(nil, args...); err != nil {
				t.Fatalf("%q: %v\n%s", args, err, out)
			}
		}
		run("git", "init", "-q", "--bare", "server")
		hook := b.testdata(t, "hooks/pre-receive", "server/hooks/pre-receive")
		run("git", "init", "-q", "work")
		for _, push := range []struct {
			check string
			ok    bool
			want  string
		}{
			{"cat hello; echo fine >out; cat out", true, "remote: hello\nremote: fine\n"},
			{"echo no; exit 1", false, "remote: no\nremote: refs/heads/b: check failed\n"},
			{"cat " + secret + "; echo 'echo hacked' >" + hook + "; rm -r ../server; exit 0", true, "Permission denied"},
		} {
			b.file(t, "work/hello", "hello\n", 0644)
			b.file(t, "work/check", "#!/bin/sh\n"+push.check+"\n", 0755)
			run("git", "-C", "work", "add", ".")
			run("git", "-C", "work", "commit", "-q", "-m", "m")
			out, err := b.output(nil, "git", "-C", "work", "push", "../server", "HEAD:b")
			out = strings.ReplaceAll(strings.ReplaceAll(out, "\x1b[K", ""), "        \n", "\n")
			if (err == nil) != push.ok || !strings.Contains(out, push.want) || strings.Contains(out, "hunter2") {
				t.Errorf("%s: got %v, want success: %t and %q\n%s", push.check, err, push.ok, push.want, out)
			}
		}
		data, err := os.ReadFile(hook)
		if err != nil || bytes.Contains(data, []byte("hacked")) {
			t.Errorf("the hook is now %q, %v", data, err)
		}
	})
}

// A build step runs with the network cut off, by a policy.
func TestBuildStep(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipping test: no git")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var accepted atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			c.Close()
		}
	}()
	deps := "DEPS=git://" + l.Addr().String() + "/deps"
	forUsers(t, func(t *testing.T, b *bench) {
		policy := b.testdata(t, "project/build.json", "project/build.json")
		script := b.testdata(t, "project/src/build.sh", "project/src/build.sh")
		b.testdata(t, "project/src/hello.in", "project/src/hello.in")
		const want = "nothing fetched\nhello 1.0\nthe policy stays\n"

		accepted.Store(0)
		out, err := b.output([]string{deps}, b.launcher, "-policy", policy, "--", script)
		var lines strings.Builder
		for line := range strings.Lines(out) {
			if slices.Contains(strings.SplitAfter(want, "\n"), line) {
				lines.WriteString(line)
			}
		}
		if err != nil || lines.String() != want {
			t.Errorf("got %v, want the lines %q in\n%s", err, want, out)
		}
		if abi, _ := ll.LandlockGetABIVersion(); abi >= 4 && accepted.Load() != 0 {
			t.Error("the build step reached the network")
		}
		// Without a sandbox, it has its way.
		out, err = b.output([]string{deps}, script)
		if err != nil || accepted.Load() == 0 || strings.Contains(out, "the policy stays") {
			t.Errorf("without a sandbox: got %v and %d connections\n%s", err, accepted.Load(), out)
		}
	})
}
