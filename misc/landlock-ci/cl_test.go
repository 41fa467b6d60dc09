// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A testCheckout is a git repository of those files of Go that cl looks at.
type testCheckout struct {
	t    *testing.T
	dir  string
	base *base
}

// newTestCheckout returns a checkout whose branch is ahead of Go's by a commit
// that moves the lines of exec_linux.go.
func newTestCheckout(t *testing.T, edit func(src string) string) *testCheckout {
	r := &testCheckout{t: t, base: fakeBase(t, edit)}
	r.dir = r.base.dir
	if err := writeFile(filepath.Join(r.dir, "src", "make.bash"), nil); err != nil {
		t.Fatal(err)
	}
	r.git("init", "--quiet", "--initial-branch=master")
	r.git("add", "--all")
	r.commit("release")
	r.git("branch", "other")
	file := r.base.file(execLinux)
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(src, []byte("package syscall\n"), []byte("package syscall\n\n// Ahead.\n"), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	r.commit("ahead")

	// None of the hooks may run.
	for _, hook := range []string{"pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-merge-commit", "post-merge", "reference-transaction", "post-rewrite", "post-index-change"} {
		script := fmt.Sprintf("#!/bin/sh\necho %s >>'%s'\nexit 1\n", hook, filepath.Join(r.dir, ".git", "hooks-run"))
		name := filepath.Join(r.dir, ".git", "hooks", hook)
		if err := writeFile(name, []byte(script)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *testCheckout) git(args ...string) string {
	r.t.Helper()
	args = append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)
	out, err := gitCommand(r.t.Context(), r.dir, args...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *testCheckout) commit(message string) {
	r.t.Helper()
	r.git("-c", "user.name=Other", "-c", "user.email=other@example.com", "commit", "--quiet", "--all", "--message="+message)
}

// cl runs the command cl as a user who has a name.
func (r *testCheckout) cl(args ...string) (stdout, stderr string, status int) {
	r.t.Helper()
	config := filepath.Join(r.t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("[user]\nname = Gopher\nemail = gopher@example.com\n[commit]\ncleanup = strip\n"), 0o666); err != nil {
		r.t.Fatal(err)
	}
	return landlockCI(r.t, []string{"GIT_CONFIG_GLOBAL=" + config, "GIT_CONFIG_NOSYSTEM=1"}, append([]string{"cl", "-C", r.dir}, args...)...)
}

func same(src string) string { return src }

// hasForm reports what is wrong with a commit message.
func hasForm(message string) error {
	lines := strings.Split(message, "\n")
	switch {
	case !regexp.MustCompile(`^[a-z/]+(, [a-z/]+)*: [a-z].*[^.]$`).MatchString(lines[0]):
		return fmt.Errorf("the subject has not the form of Go's: %s", lines[0])
	case len(lines) < 3 || lines[1] != "":
		return fmt.Errorf("no empty line after the subject")
	case strings.Contains(message, "Signed-off-by"):
		return fmt.Errorf("it is signed off")
	}
	for _, line := range lines {
		if len(line) > 76 {
			return fmt.Errorf("a line is longer than 76 columns: %s", line)
		}
		if strings.ContainsAny(line, "`*\t") || strings.HasPrefix(line, "#") {
			return fmt.Errorf("not plain text: %s", line)
		}
	}
	if !regexp.MustCompile(`\n\n(Fixes|For) #68595\n\nChange-Id: I[0-9a-f]{40}$`).MatchString(message) {
		return fmt.Errorf("it does not end in the issue and the Change-Id")
	}
	return nil
}

func TestCL(t *testing.T) {
	r := newTestCheckout(t, same)
	want, err := r.base.patchedFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old, other := r.git("rev-parse", "HEAD"), r.git("rev-parse", "other")
	stdout, stderr, status := r.cl()
	if status != 0 || stderr != "" {
		t.Fatalf("cl: exit status %d, standard error %s", status, stderr)
	}
	for _, w := range []string{"all.bash", "git codereview mail", "git reset --keep " + old[:12]} {
		if !strings.Contains(stdout, w) {
			t.Errorf("standard output lacks %q:\n%s", w, stdout)
		}
	}

	// One commit, of the user's, on the branch that was checked out.
	if got := r.git("rev-parse", "HEAD^"); got != old {
		t.Errorf("the commit is on top of %s, want %s", got, old)
	}
	if got := r.git("symbolic-ref", "HEAD"); got != "refs/heads/master" {
		t.Errorf("the branch is now %s", got)
	}
	if got := r.git("for-each-ref", "--format=%(refname) %(objectname)"); got != "refs/heads/master "+r.git("rev-parse", "HEAD")+"\nrefs/heads/other "+other {
		t.Errorf("the branches are now\n%s", got)
	}
	if got := r.git("log", "-1", "--format=%an <%ae> %cn <%ce>"); got != "Gopher <gopher@example.com> Gopher <gopher@example.com>" {
		t.Errorf("the commit is by %s", got)
	}
	message := r.git("log", "-1", "--format=%B")
	if err := hasForm(message); err != nil {
		t.Errorf("commit message: %v\n%s", err, message)
	}
	if !strings.HasPrefix(message, oneCommit(nil)[0].message) {
		t.Errorf("git changed the commit message:\n%s", message)
	}

	// It has the patch set, and nothing else.
	if got := strings.Fields(r.git("diff", "--name-only", old, "HEAD")); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("the commit has the files %q", got)
	}
	for name, data := range want {
		if top, _, _ := strings.Cut(name, "/"); !slices.Contains([]string{"api", "doc", "src", "test"}, top) {
			t.Errorf("%s is in the commit", name)
		}
		got, err := os.ReadFile(r.base.file(name))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s differs in the checkout: %v", name, err)
		}
	}
	if got := r.git("status", "--porcelain"); got != "" {
		t.Errorf("changes are left:\n%s", got)
	}
	if got := r.git("diff", "--summary", old, "HEAD"); strings.Contains(got, "100755") || strings.Contains(got, "mode change") {
		t.Errorf("files have other modes than 0644:\n%s", got)
	}
	if hooks, err := os.ReadFile(filepath.Join(r.dir, ".git", "hooks-run")); err == nil {
		t.Errorf("hooks ran:\n%s", hooks)
	}

	// The second time, it is there already.
	stdout, stderr, status = r.cl()
	checkError(t, stdout, stderr, status, exitUsage, "has the patch set already")
}

// TestCLSeries tests that the commits of a series add up to the one commit, and
// that the one in the middle, whose files are not in this repository, compiles.
func TestCLSeries(t *testing.T) {
	r := newTestCheckout(t, same)
	old := r.git("rev-parse", "HEAD")
	if _, stderr, status := r.cl(); status != 0 {
		t.Fatalf("cl: exit status %d, standard error %s", status, stderr)
	}
	one := r.git("rev-parse", "HEAD^{tree}")
	r.git("reset", "--quiet", "--hard", old)
	stdout, stderr, status := r.cl("-series")
	if status != 0 || stderr != "" {
		t.Fatalf("cl -series: exit status %d, standard error %s", status, stderr)
	}
	if got := r.git("rev-parse", "HEAD^{tree}"); got != one {
		t.Errorf("a series makes another tree than one commit does")
	}
	commits := strings.Fields(r.git("rev-list", "--reverse", old+"..HEAD"))
	if len(commits) != 3 {
		t.Fatalf("there are %d commits, want 3", len(commits))
	}
	ids := make(map[string]bool)
	for i, c := range commits {
		message := r.git("log", "-1", "--format=%B", c)
		if err := hasForm(message); err != nil {
			t.Errorf("commit message %d: %v\n%s", i, err, message)
		}
		if last := i == 2; strings.Contains(message, "Fixes #68595") != last {
			t.Errorf("commit %d, message %s", i, message)
		}
		if subject, _, _ := strings.Cut(message, "\n"); !strings.Contains(stdout, subject) {
			t.Errorf("standard output lacks %q:\n%s", subject, stdout)
		}
		ids[message[strings.LastIndex(message, " "):]] = true
	}
	if len(ids) != 3 {
		t.Errorf("Change-Ids are not unique: %v", ids)
	}
	for _, name := range strings.Fields(r.git("diff", "--name-only", old, commits[0])) {
		if !strings.HasPrefix(name, "src/internal/") {
			t.Errorf("the first commit has %s", name)
		}
		if strings.Contains(r.git("show", commits[0]+":"+name), "_SYS_landlock_restrict_self") {
			t.Errorf("%s in the first commit needs the second", name)
		}
	}

	middle := make(map[string][]byte)
	for _, name := range strings.Fields(r.git("diff", "--name-only", old, commits[1])) {
		middle[name] = []byte(r.git("show", commits[1]+":"+name) + "\n")
	}
	for name, want := range map[string][]string{
		execLinux:            {"UseLandlock bool", "LandlockRuleset int"},
		"api/next/68595.txt": {"UseLandlock bool", "LandlockRuleset int"},
		"doc/next/6-stdlib/99-minor/syscall/68595.md": {"`UseLandlock`", "`LandlockRuleset`"},
	} {
		for _, w := range want {
			if !bytes.Contains(middle[name], []byte(w)) {
				t.Errorf("%s lacks %q in the second commit", name, w)
			}
		}
		if bytes.Contains(middle[name], []byte("LandlockFlags")) || bytes.Contains(middle[name], []byte("NoNewPrivs")) {
			t.Errorf("%s has all fields in the second commit", name)
		}
	}

	needOverlay(t)
	b := testBase(t)
	dir := t.TempDir()
	replace := make(map[string]string)
	for name, data := range middle {
		if strings.HasPrefix(name, "src/") {
			replace[b.file(name)] = filepath.Join(dir, name)
			if err := writeFile(filepath.Join(dir, name), data); err != nil {
				t.Fatal(err)
			}
		}
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := writeJSON(overlay, map[string]any{"Replace": replace}); err != nil {
		t.Fatal(err)
	}
	cmd := newCommand(t.Context(), b.file("src"), b.goCmd(), "vet", "-overlay="+overlay, "syscall")
	cmd.Env = localEnv("GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go vet of the second commit: %v\n%s", err, out)
	}
}

// TestCLDetached tests a checkout as gotip makes it, whose HEAD is on no branch.
func TestCLDetached(t *testing.T) {
	r := newTestCheckout(t, same)
	master := r.git("rev-parse", "master")
	r.git("checkout", "--quiet", "--detach")
	stdout, stderr, status := r.cl()
	if status != 0 || !strings.Contains(stdout, "git switch -c") {
		t.Errorf("cl: exit status %d, standard output %s, standard error %s", status, stdout, stderr)
	}
	if r.git("rev-parse", "master") != master || r.git("rev-parse", "HEAD^") != master {
		t.Errorf("the branch moved, or HEAD did not")
	}
}

func TestCLRefusals(t *testing.T) {
	replace := func(old, new string) func(string) string {
		return func(src string) string { return strings.Replace(src, old, new, 1) }
	}
	for _, tt := range []struct {
		name   string
		edit   func(src string) string // of exec_linux.go in the repository
		file   string                  // a file to write
		commit bool                    // the file, too
		status int
		want   string
	}{
		{"Changed", same, "src/make.bash", false, exitUsage, "has changes (M src/make.bash)"},
		{"Untracked", same, "notes.txt", false, exitUsage, "has changes (?? notes.txt)"},
		{"Fields", replace("\tPidFD *int\n", "\tPidFD *int\nUseLandlock bool\nLandlockRuleset int\n"), "", false, exitUsage, "has the patch set already"},
		{"Go128", replace("\tPidFD *int\n", "\tPidFD *int\nUseLandlock bool\nLandlockFD int\n"), "", false, exitUsage, "doc/go1.28.md"},
		{"Conflict", replace("\t// Pass 1:", "\t// First pass:"), "", false, exitFailed, "branch master (" + execLinux + ", hunk 2)"},
		{"FileExists", same, "src/syscall/landlock_linux.go", true, exitUsage, "has a file src/syscall/landlock_linux.go already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newTestCheckout(t, tt.edit)
			if tt.file != "" {
				if err := writeFile(r.base.file(tt.file), []byte("package syscall\n")); err != nil {
					t.Fatal(err)
				}
			}
			if tt.commit {
				r.git("add", tt.file)
				r.commit("more")
			}
			old, status := r.git("rev-parse", "HEAD"), r.git("status", "--porcelain")
			stdout, stderr, exit := r.cl()
			checkError(t, stdout, stderr, exit, tt.status, tt.want)
			if got := r.git("rev-parse", "HEAD"); got != old {
				t.Errorf("there is a commit %s", got)
			}
			if got := r.git("status", "--porcelain"); got != status {
				t.Errorf("changes are left:\n%s", got)
			}
		})
	}
	t.Run("NotGo", func(t *testing.T) {
		r := newTestCheckout(t, same)
		r.git("rm", "--quiet", "src/make.bash")
		r.commit("remove")
		stdout, stderr, status := r.cl()
		checkError(t, stdout, stderr, status, exitUsage, "not in a git checkout of Go")
	})
	t.Run("NotGit", func(t *testing.T) {
		stdout, stderr, status := landlockCI(t, nil, "cl", "-C", fakeBase(t, same).dir)
		checkError(t, stdout, stderr, status, exitUsage, "not in a git checkout of Go")
	})
	t.Run("NoIdentity", func(t *testing.T) {
		r := newTestCheckout(t, same)
		old := r.git("rev-parse", "HEAD")
		stdout, stderr, status := landlockCI(t, []string{"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1"}, "cl", "-C", r.dir)
		checkError(t, stdout, stderr, status, exitUnable, "git config --global user.email")
		if got := r.git("rev-parse", "HEAD"); got != old {
			t.Errorf("there is a commit %s", got)
		}
		if got := r.git("status", "--porcelain"); got != "" {
			t.Errorf("changes are left:\n%s", got)
		}
	})
}
