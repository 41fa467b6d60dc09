// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"golandlock"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The test binary is landlock-ci itself if told so.
func TestMain(m *testing.M) {
	if os.Getenv("LANDLOCK_CI_TEST_MAIN") == "1" {
		os.Unsetenv("LANDLOCK_CI_TEST_MAIN")
		main()
	}
	os.Exit(m.Run())
}

// landlockCI runs landlock-ci in a directory of its own and returns what it
// prints and its exit status. Extra is added to its environment.
func landlockCI(t *testing.T, extra []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = slices.Concat(os.Environ(), []string{"LANDLOCK_CI_TEST_MAIN=1"}, extra)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// testBase returns the Go installation that runs the test.
func testBase(t *testing.T) *base {
	t.Helper()
	b, err := findBase(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// needOverlay skips a test of overlays if the test runs under a downloaded
// toolchain, which cannot have one.
func needOverlay(t *testing.T) {
	t.Helper()
	if b := testBase(t); b.inModCache {
		t.Skipf("skipping: %s is beneath GOMODCACHE", b.dir)
	}
}

// fakeBase returns a base that has just the file that is patched,
// a copy of that of the Go installation after edit.
func fakeBase(t *testing.T, edit func(src string) string) *base {
	t.Helper()
	b := testBase(t)
	src, err := os.ReadFile(b.file(execLinux))
	if err != nil {
		t.Fatal(err)
	}
	fake := &base{dir: t.TempDir(), version: "go1.99"}
	if err := writeFile(fake.file(execLinux), []byte(edit(string(src)))); err != nil {
		t.Fatal(err)
	}
	return fake
}

// checkError checks that a command failed and printed one line to standard
// error, which has all of the words want.
func checkError(t *testing.T, stdout, stderr string, status, wantStatus int, want ...string) {
	t.Helper()
	if status != wantStatus {
		t.Errorf("exit status is %d, want %d", status, wantStatus)
	}
	if stdout != "" {
		t.Errorf("standard output is not empty: %s", stdout)
	}
	if strings.Count(stderr, "\n") != 1 {
		t.Errorf("standard error is not one line")
	}
	for _, w := range want {
		if !strings.Contains(stderr, w) {
			t.Errorf("standard error lacks %q", w)
		}
	}
	if t.Failed() {
		t.Logf("standard error: %s", stderr)
	}
}

func TestCommandLineErrors(t *testing.T) {
	b := testBase(t)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		want   []string
	}{
		{"NoSuchCommand", []string{"nonesuch"}, exitUsage, []string{`"nonesuch"`, "help"}},
		{"NoSuchFlag", []string{"overlay", "-nonesuch"}, exitUsage, []string{"-nonesuch", "landlock-ci overlay -h"}},
		{"ExtraArgument", []string{"overlay", "x"}, exitUsage, []string{"got 1 arguments, want 0"}},
		{"MissingArgument", []string{"tree"}, exitUsage, []string{"got 0 arguments, want 1"}},
		{"NoGOROOT", []string{"overlay", "-goroot", full}, exitUsage, []string{full, "not a GOROOT", "go env GOROOT"}},
		{"TreeExists", []string{"tree", "-goroot", b.dir, full}, exitUsage, []string{full, "exists and is not a tree"}},
		{"TreeInGOROOT", []string{"tree", "-goroot", b.dir, filepath.Join(b.dir, "sub")}, exitUsage, []string{"inside the GOROOT"}},
		{"BadPattern", []string{"test", "-run", "("}, exitUsage, []string{"-run"}},
		{"RefreshNoCheckout", []string{"refresh", full}, exitUsage, []string{"checkout"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, status := landlockCI(t, nil, tt.args...)
			checkError(t, stdout, stderr, status, tt.status, tt.want...)
		})
	}
	if names := dirNames(t, full); !slices.Equal(names, []string{"file"}) {
		t.Errorf("the directory of the user's holds %q, want it untouched", names)
	}
}

func dirNames(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestHelp(t *testing.T) {
	stdout, stderr, status := landlockCI(t, nil, "help")
	if status != 0 || stderr != "" {
		t.Errorf("help: exit status %d, standard error %q", status, stderr)
	}
	for _, cmd := range commands {
		if !strings.Contains(stdout, "\t"+cmd.name) {
			t.Errorf("help lacks command %s", cmd.name)
		}
		out, stderr, status := landlockCI(t, nil, cmd.name, "-h")
		if status != 0 || stderr != "" || !strings.Contains(out, "usage: landlock-ci "+cmd.name) {
			t.Errorf("%s -h: exit status %d, standard output %q, standard error %q", cmd.name, status, out, stderr)
		}
	}
}

func TestNoTools(t *testing.T) {
	b := testBase(t)
	t.Run("Go", func(t *testing.T) {
		stdout, stderr, status := landlockCI(t, []string{"PATH="}, "overlay")
		checkError(t, stdout, stderr, status, exitUnable, "no go command")
	})
	t.Run("Git", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "tree")
		stdout, stderr, status := landlockCI(t, []string{"PATH="}, "tree", "-goroot", b.dir, dir)
		checkError(t, stdout, stderr, status, exitUnable, "install git")
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("there is a tree")
		}
	})
}

// TestFields tests bases that have Landlock already.
func TestFields(t *testing.T) {
	addField := func(fields string) func(string) string {
		return func(src string) string {
			return strings.Replace(src, "\tPidFD *int\n", "\tPidFD *int\n"+fields, 1)
		}
	}
	for _, tt := range []struct {
		fields string
		want   string
	}{
		{"UseLandlock bool\nLandlockRuleset int\n", "has the patch set already"},
		{"UseLandlock bool\nLandlockFD int\nLandlockFlags uint32\n", "LandlockFD for LandlockRuleset"},
	} {
		err := fakeBase(t, addField(tt.fields)).checkFields()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("with %q: got error %v, want %q", tt.fields, err, tt.want)
		}
	}
	if err := fakeBase(t, addField("")).checkFields(); err != nil {
		t.Errorf("without: %v", err)
	}
}

// TestConflict tests bases to which the patch does not apply.
func TestConflict(t *testing.T) {
	for _, tt := range []struct {
		old, new string
		want     string
	}{
		{"\tPidFD *int\n", "\tPidFD *int32\n", execLinux + ", hunk 1"},
		{"\t// Pass 1:", "\t// First pass:", execLinux + ", hunk 2"},
	} {
		b := fakeBase(t, func(src string) string {
			if !strings.Contains(src, tt.old) {
				t.Fatalf("%s has no %q", execLinux, tt.old)
			}
			return strings.ReplaceAll(src, tt.old, tt.new)
		})
		_, err := b.patchedFiles(t.Context())
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "go1.99") {
			t.Errorf("after changing %q: got error %v, want one with %q", tt.old, err, tt.want)
		}
	}
}

// TestPatch tests that the patch only adds lines, and that it applies whatever
// repository the user's temporary directory is in.
func TestPatch(t *testing.T) {
	patch, err := golandlock.FS.ReadFile(execLinux + patchSuffix)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(patch)) {
		if strings.HasPrefix(line, "-") && !strings.HasPrefix(line, "--- ") {
			t.Errorf("the patch removes a line: %s", line)
		}
	}

	repo := t.TempDir()
	if out, err := exec.Command("git", "init", repo).CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	t.Setenv("TMPDIR", repo)
	t.Setenv("GIT_DIR", filepath.Join(repo, ".git"))
	files, err := testBase(t).patchedFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(files[execLinux], []byte("if sys.UseLandlock {")) {
		t.Errorf("the patched file has no UseLandlock")
	}
	var patches []string
	fs.WalkDir(golandlock.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(name, patchSuffix) {
			patches = append(patches, name)
		}
		return err
	})
	if want := []string{execLinux + patchSuffix}; !slices.Equal(patches, want) {
		t.Errorf("patches are %q, want %q alone", patches, want)
	}
}

func TestOverlay(t *testing.T) {
	needOverlay(t)
	env := []string{"XDG_CACHE_HOME=" + t.TempDir()}
	overlay := func() string {
		t.Helper()
		stdout, stderr, status := landlockCI(t, env, "overlay")
		if status != 0 || stderr != "" {
			t.Fatalf("overlay: exit status %d, standard error %s", status, stderr)
		}
		return strings.TrimSuffix(stdout, "\n")
	}
	file := overlay()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	patched := filepath.Join(filepath.Dir(file), filepath.FromSlash(execLinux))
	wantSrc, err := os.ReadFile(patched)
	if err != nil {
		t.Fatal(err)
	}

	// A damaged overlay is made anew, as a whole.
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(patched); err != nil {
		t.Fatal(err)
	}
	if again := overlay(); again != file {
		t.Errorf("overlay is %s, then %s", file, again)
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s was not made anew: %v\n%s", file, err, got)
	}
	if got, err := os.ReadFile(patched); err != nil || !bytes.Equal(got, wantSrc) {
		t.Errorf("%s was not made anew: %v", patched, err)
	}
	if names := dirNames(t, filepath.Dir(filepath.Dir(file))); len(names) != 1 {
		t.Errorf("left in the cache: %q", names)
	}
}

func TestOverlayInModCache(t *testing.T) {
	b := testBase(t)
	stdout, stderr, status := landlockCI(t, []string{"GOMODCACHE=" + filepath.Dir(b.dir)}, "overlay", "-goroot", b.dir)
	checkError(t, stdout, stderr, status, exitUsage, "GOMODCACHE", "landlock-ci tree -goroot "+b.dir)
}

// TestTree tests what a tree is made of, without a copy of a whole GOROOT.
func TestTree(t *testing.T) {
	b := fakeBase(t, func(src string) string { return src })
	if err := os.Symlink("src", b.file("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.file("tool"), []byte("#!/bin/sh\n"), 0o555); err != nil {
		t.Fatal(err)
	}
	// As beneath GOMODCACHE.
	if err := os.Chmod(b.file("src/syscall"), 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(b.file("src/syscall"), 0o755) })
	original, err := os.ReadFile(b.file(execLinux))
	if err != nil {
		t.Fatal(err)
	}

	parent := t.TempDir()
	dir := filepath.Join(parent, "tree")
	// The second tree replaces the first.
	for range 2 {
		tree, err := makeTree(t.Context(), b, dir)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string][]byte)
		fs.WalkDir(golandlock.FS, ".", func(name string, d fs.DirEntry, err error) error {
			if name = strings.TrimSuffix(name, patchSuffix); !d.IsDir() {
				got[name], _ = os.ReadFile(tree.file(name))
			}
			return err
		})
		want, err := b.patchedFiles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !maps.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("the tree does not have the patch set: it has %q", slices.Sorted(maps.Keys(got)))
		}
		if link, err := os.Readlink(tree.file("link")); err != nil || link != "src" {
			t.Errorf("symbolic link: %q, %v", link, err)
		}
		if fi, err := os.Stat(tree.file("tool")); err != nil || fi.Mode().Perm() != 0o755 {
			t.Errorf("executable file: %v, %v", fi, err)
		}
		if err := os.WriteFile(tree.file("of-the-first"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(b.file(execLinux)); err != nil || !bytes.Equal(got, original) {
		t.Errorf("the base was changed: %v", err)
	}

	// Neither an interrupt nor a file that cannot be copied leaves a half tree.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := replaceDir(dir, func(tmp string) error { return copyTree(ctx, tmp, b.dir) }); err != context.Canceled {
		t.Errorf("copyTree with a canceled context: %v", err)
	}
	if err := replaceDir(dir, func(tmp string) error {
		if err := writeFile(filepath.Join(tmp, "half"), nil); err != nil {
			return err
		}
		return fmt.Errorf("no space")
	}); err == nil {
		t.Errorf("replaceDir succeeded with an error")
	}
	if names := dirNames(t, parent); !slices.Equal(names, []string{"tree"}) {
		t.Errorf("left beside the tree: %q", names)
	}
	if _, err := os.Stat(filepath.Join(dir, "of-the-first")); err != nil {
		t.Errorf("the tree before was not kept: %v", err)
	}
}

func TestRefresh(t *testing.T) {
	b := testBase(t)
	repo := t.TempDir()
	if err := os.CopyFS(repo, golandlock.FS); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(repo, "patchset.go"), nil); err != nil {
		t.Fatal(err)
	}
	// A tree of those files of the base alone that the patch set edits.
	dir := t.TempDir()
	files, err := b.patchedFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info := treeInfo{Base: b.dir, Version: b.version, Files: make(map[string]string)}
	for name, data := range files {
		info.Files[name] = digest(data)
		if err := writeFile(filepath.Join(dir, name), data); err != nil {
			t.Fatal(err)
		}
	}
	if err := info.write(dir); err != nil {
		t.Fatal(err)
	}
	edit := func(name, old, new string) {
		t.Helper()
		data := bytes.Replace(files[name], []byte(old), []byte(new), 1)
		if bytes.Equal(data, files[name]) {
			t.Fatalf("%s has no %q", name, old)
		}
		if err := writeFile(filepath.Join(dir, name), data); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(repo, name))
		if err != nil {
			return err.Error()
		}
		return string(data)
	}

	// Without a change, nothing is written.
	patch := read(execLinux + patchSuffix)
	if err := refresh(t.Context(), repo, dir); err != nil {
		t.Fatal(err)
	}
	if read(execLinux+patchSuffix) != patch {
		t.Errorf("the patch was written though nothing had changed")
	}

	const added, removed = "src/syscall/added_linux.go", "src/syscall/landlock_linux.go"
	edit(execLinux, "\tUseLandlock bool\n", "\tUseLandlock bool // edited\n")
	if err := writeFile(filepath.Join(dir, added), []byte("package syscall\n")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, removed)); err != nil {
		t.Fatal(err)
	}
	// The second time, nothing is left to do.
	for range 2 {
		if err := refresh(t.Context(), repo, dir); err != nil {
			t.Fatal(err)
		}
		if got := read(added); got != "package syscall\n" {
			t.Errorf("added file: %s", got)
		}
		if _, err := os.Stat(filepath.Join(repo, removed)); err == nil {
			t.Errorf("%s is still there", removed)
		}
		got, _, err := b.applyPatch(t.Context(), execLinux, []byte(read(execLinux+patchSuffix)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(got), "UseLandlock bool // edited\n") {
			t.Errorf("the patch lacks the edit:\n%s", read(execLinux+patchSuffix))
		}
	}

	// A change in both places is the user's to resolve.
	info.Files["api/next/68595.txt"] = digest([]byte("as the tree was made"))
	if err := info.write(dir); err != nil {
		t.Fatal(err)
	}
	edit("api/next/68595.txt", "bool", "boolean")
	if err := refresh(t.Context(), repo, dir); err == nil || !strings.Contains(err.Error(), "api/next/68595.txt has changed") {
		t.Errorf("refresh of a file that changed twice: %v", err)
	}
}

func TestDemo(t *testing.T) {
	if _, err := needLandlock(); err != nil {
		t.Skipf("skipping: %v", err)
	}
	stdout, stderr, status := landlockCI(t, nil, "demo")
	if status != 0 || stderr != "" {
		t.Fatalf("demo: exit status %d, standard error %s", status, stderr)
	}
	for _, want := range []string{"LEAKED    denied", "WRITTEN   denied", "correct   correct", "allowed   allowed"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(stdout)
	}
}

// TestREADME tests that the README shows the program that the tests run,
// and that its packages are found as the README says.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(readme, slices.Concat([]byte("```go\n"), gitstatus, []byte("```\n"))) {
		t.Errorf("README.md does not have testdata/gitstatus/main.go as it is")
	}
	dir := t.TempDir()
	if err := writeFile(filepath.Join(dir, "main.go"), gitstatus); err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	edits := regexp.MustCompile(`(?m)^go mod .*$`).FindAllString(string(readme), -1)
	if len(edits) != 2 {
		t.Fatalf("README.md has the commands %q, want go mod init and go mod edit", edits)
	}
	for _, line := range append(edits, "go list -deps .") {
		args := strings.Fields(strings.Replace(line, "/path/to/checkout", checkout, 1))
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = localEnv("GOFLAGS=", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
}

func TestReadTestEvents(t *testing.T) {
	r := readTestEvents([]byte(`# some package
{"Action":"run","Package":"p","Test":"TestLandlockChild"}
{"Action":"output","Package":"p","Test":"TestLandlockChild","Output":"text\n"}
{"Action":"pass","Package":"p","Test":"TestLandlockChild"}
{"Action":"skip","Package":"p","Test":"TestLandlockParent"}
{"Action":"skip","Package":"p","Test":"TestOther"}
{"Action":"pass","Package":"q","Test":"Test/fixedbugs/issue68595.go"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"bad\n"}
{"Action":"fail","Package":"p","Test":"TestBad"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p"}
`))
	if r.passed != 2 || r.landlock != 2 || r.skipped != 2 || !slices.Equal(r.skippedLandlock, []string{"p.TestLandlockParent"}) {
		t.Errorf("got %+v", r)
	}
	if got := string(r.failures); got != "# some package\nbad\nFAIL\n" {
		t.Errorf("failures are %q", got)
	}
}

func TestWriteWhole(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	// The link stands for /dev/stdout, which root would replace for everyone.
	for _, name := range []string{link, file, link} {
		if err := writeWhole(name, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(file); err != nil || string(data) != name {
			t.Errorf("after writing %s, the file has %q, %v", name, data, err)
		}
		if fi, err := os.Lstat(link); err != nil || fi.Mode().Type() != os.ModeSymlink {
			t.Errorf("after writing %s, the link is %v, %v", name, fi.Mode(), err)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 2 {
		t.Errorf("files are left: %v, %v", names, err)
	}
}
