// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"golandlock"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func runCL(ctx context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("C", ".", "the checkout of Go, a `directory`")
	steps := fs.Bool("series", false, "make separate commits, each of which builds and passes: wrappers, fields, flags")
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	r, err := openCheckout(ctx, *dir)
	if err != nil {
		return err
	}
	files, err := r.patchedFiles(ctx)
	if err != nil {
		return err
	}
	commits := oneCommit(files)
	if *steps {
		if commits, err = series(ctx, files); err != nil {
			return err
		}
	}
	old, err := r.git(ctx, "", "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	head := old
	for _, c := range commits {
		if head, err = r.commit(ctx, head, c.message, c.files); err != nil {
			return err
		}
	}
	// This moves the branch that is checked out and writes the files,
	// or does neither.
	if _, err := r.git(ctx, "", "-c", "merge.verifySignatures=false", "merge", "--quiet", "--ff-only", head); err != nil {
		return err
	}
	stat, err := r.git(ctx, "", "--no-pager", "log", "--reverse", "--no-decorate", "--no-color", "--shortstat", "--format=%h %s", old+".."+head)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n\nNext, in %s:\n\n", stat, r.dir)
	if r.branch == "" {
		fmt.Print("\tgit switch -c landlock      # HEAD is on no branch\n")
	}
	fmt.Printf("\tgit log --patch %.12[1]s..\n"+
		"\t(cd src && ./all.bash)      # builds Go and runs all its tests\n"+
		"\tgit codereview mail HEAD    # sends it to Gerrit, see https://go.dev/doc/contribute\n"+
		"\nTo undo it: git reset --keep %.12[1]s\n", old)
	return nil
}

// A clCommit is a commit of the patch set.
type clCommit struct {
	message string            // without the Change-Id
	files   map[string][]byte // those that differ from Go's
}

// Parts of commit messages.
const (
	clWhy = `Landlock lets a Linux process give up rights, without being privileged.
A Go program can do that to itself, but not to a command that it starts:
the call belongs between fork and exec, where only package syscall runs.
`
	clWhere = `The calls come after all steps that need privileges or that a sandbox may
deny. Landlock forbids mount altogether, so namespaces with their remount
of the root come first; so do chroot, credentials and chdir.

The calls come before pass 1 of the descriptor shuffle, because
LandlockRuleset is a descriptor of the parent's, at any number. Pass 1 may
move the pipe to that number, pass 2 overwrites the numbers of
ProcAttr.Files, and descriptors 0 to 2 may be closed. After that, the
ruleset would be lost, or another one be taken for it. What the shuffle
itself does is not subject to Landlock, and neither is any step after it
but exec, which the sandbox is to judge.

An error of either call makes the start of the process fail, and the
program does not run. Without the new fields a child makes the same system
calls as before.
`
	clFields = `Add the fields UseLandlock and LandlockRuleset, with which the child enters
the sandbox of a ruleset before it executes the program. The parent is not
restricted. UseLandlock implies no_new_privs, without which an unprivileged
process may not sandbox itself.
`
	clFlags = `Add LandlockFlags, the flags of landlock_restrict_self, and NoNewPrivs,
which sets no_new_privs with or without Landlock.
`
	clWrappers = `Add wrappers of the Landlock system calls to internal/syscall/unix, for all
architectures, with which the tests make their rulesets.
`
)

// oneCommit returns the patch set, which is files, as one commit.
func oneCommit(files map[string][]byte) []clCommit {
	return []clCommit{{"syscall: add Landlock and no_new_privs to SysProcAttr\n\n" +
		clWhy + "\n" + clFields + "\n" + clFlags + "\n" + clWhere + "\n" + clWrappers +
		"\nFixes #68595\n", files}}
}

// seriesPatch is what the last commit of a series does to files that the one
// before it has too.
//
//go:embed series.patch
var seriesPatch []byte

// seriesLast are the files that the last commit of a series adds.
var seriesLast = []string{"src/syscall/exec_linux_landlock_flags_test.go"}

// series returns the patch set, which is files, as steps that build and pass
// their tests alone: the wrappers, the first two fields, and the other two.
func series(ctx context.Context, files map[string][]byte) ([]clCommit, error) {
	wrappers := maps.Clone(files)
	maps.DeleteFunc(wrappers, func(name string, _ []byte) bool {
		return !strings.HasPrefix(name, "src/internal/") ||
			name == "src/internal/syscall/unix/landlock_sysnum_linux_test.go" // compares with package syscall
	})
	fields, err := withoutLast(ctx, files)
	if err != nil {
		return nil, err
	}
	return []clCommit{
		{`internal/syscall/unix: add Landlock system calls

Add wrappers of landlock_create_ruleset, landlock_add_rule and
landlock_restrict_self for all architectures, with the constants of
Landlock ABI versions 1 to 11.

Add helpers for tests of Landlock to internal/testenv. These tests can be
told which version to expect, so that none passes by being skipped.

For #68595
`, wrappers},
		{"syscall: add UseLandlock and LandlockRuleset to SysProcAttr\n\n" +
			clWhy + "\n" + clFields + "\n" + clWhere + "\nFor #68595\n", fields},
		{"syscall: add LandlockFlags and NoNewPrivs to SysProcAttr\n\n" +
			clFlags + `
The flags choose what of the sandbox is audited. As the kernel accepts some
of them without a ruleset, a negative LandlockRuleset is an error even if
the kernel says otherwise. NoNewPrivs takes effect where UseLandlock does,
after the steps for which a program may be needed that gains privileges.

Fixes #68595
`, files},
	}, nil
}

// withoutLast returns files as they are before the last commit of a series.
func withoutLast(ctx context.Context, files map[string][]byte) (map[string][]byte, error) {
	tmp, err := os.MkdirTemp("", "landlock-ci-series-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	before := make(map[string][]byte)
	for name, data := range files {
		if !slices.Contains(seriesLast, name) {
			before[name] = data
			if err := writeFile(filepath.Join(tmp, filepath.FromSlash(name)), data); err != nil {
				return nil, err
			}
		}
	}
	cmd := gitCommand(ctx, tmp, "apply", "--reverse", "-")
	cmd.Stdin = bytes.NewReader(seriesPatch)
	if _, err := cmd.Output(); err != nil {
		return nil, fmt.Errorf("series.patch in misc/landlock-ci does not fit the patch set any more: %v", commandError(err))
	}
	for name := range before {
		if before[name], err = os.ReadFile(filepath.Join(tmp, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	return before, nil
}

// A checkout is a git checkout of Go.
type checkout struct {
	dir    string // its top directory
	branch string // that is checked out, or empty
	index  string // file of the index, if not git's own
}

// openCheckout returns the checkout that dir is in. It is an error if that has
// changes: what is to be sent would not be what was tested.
func openCheckout(ctx context.Context, dir string) (*checkout, error) {
	r := &checkout{dir: dir}
	top, err := r.git(ctx, "", "rev-parse", "--show-toplevel")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errNoGit
	}
	if err == nil {
		r.dir = filepath.FromSlash(top)
		for _, name := range []string{execLinux, "src/make.bash"} {
			if err == nil {
				_, err = os.Stat(filepath.Join(r.dir, filepath.FromSlash(name)))
			}
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, usagef("%s is not in a git checkout of Go: %v; name one with -C", dir, err)
	}
	status, err := r.git(ctx, "", "status", "--porcelain")
	if err != nil {
		return nil, err
	}
	if status != "" {
		first, _, _ := strings.Cut(status, "\n")
		return nil, usagef("%s has changes (%s); commit them or put them away with \"git stash -u\"", r.dir, strings.TrimSpace(first))
	}
	r.branch, _ = r.git(ctx, "", "symbolic-ref", "--short", "--quiet", "HEAD")
	return r, nil
}

// git runs a git command in the checkout with the user's configuration, but
// for hooks. It returns the output without the newline at its end.
func (r *checkout) git(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := newCommand(ctx, r.dir, "git", append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "LANGUAGE", "LC_ALL":
			continue // they are about another repository, or are set below
		}
		cmd.Env = append(cmd.Env, kv)
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	if r.index != "" {
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+r.index)
	}
	out, err := cmd.Output()
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("git %s: %w", strings.Join(args, " "), commandError(err))
	}
	return strings.TrimRight(string(out), "\n"), err
}

// patchedFiles returns the files of the patch set as they are to be in r.
func (r *checkout) patchedFiles(ctx context.Context) (map[string][]byte, error) {
	where := "branch " + r.branch
	if r.branch == "" {
		where = "HEAD"
	}
	b := &base{dir: r.dir, version: where}
	if err := b.checkFields(); err != nil {
		return nil, err
	}
	files, _, err := b.applyPatches(ctx)
	var conflict *conflictError
	if errors.As(err, &conflict) {
		return nil, fmt.Errorf("%w in %s; \"git apply --reject\" of the .patch file shows what has to be carried over", err, r.dir)
	}
	if err != nil {
		return nil, err
	}
	for name := range files {
		_, patchErr := fs.Stat(golandlock.FS, name+patchSuffix)
		if _, err := os.Lstat(b.file(name)); err == nil && patchErr != nil {
			return nil, usagef("%s has a file %s already, which the patch set would add", r.dir, name)
		}
	}
	return files, nil
}

// commit makes a commit with files on top of the commit parent, by the user,
// and returns its hash. It does not touch the index, the files of the checkout
// or any branch.
func (r *checkout) commit(ctx context.Context, parent, message string, files map[string][]byte) (hash string, err error) {
	tmp, err := os.MkdirTemp("", "landlock-ci-cl-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	names := slices.Sorted(maps.Keys(files))
	var paths strings.Builder
	for i, name := range names {
		path := filepath.Join(tmp, fmt.Sprint(i))
		if err := os.WriteFile(path, files[name], 0o666); err != nil {
			return "", err
		}
		fmt.Fprintln(&paths, path)
	}
	blobs, err := r.git(ctx, paths.String(), "hash-object", "-w", "--no-filters", "--stdin-paths")
	if err != nil {
		return "", err
	}
	var index strings.Builder
	for i, blob := range strings.Fields(blobs) {
		fmt.Fprintf(&index, "100644 %s\t%s\n", blob, names[i])
	}
	own := &checkout{dir: r.dir, index: filepath.Join(tmp, "index")}
	if _, err := own.git(ctx, "", "read-tree", parent); err != nil {
		return "", err
	}
	if _, err := own.git(ctx, index.String(), "update-index", "--add", "--index-info"); err != nil {
		return "", err
	}
	tree, err := own.git(ctx, "", "write-tree")
	if err != nil {
		return "", err
	}
	// Gerrit knows its users by their addresses, so none may be made up.
	const user = "user.useConfigOnly=true"
	author, err := r.git(ctx, "", "-c", user, "var", "GIT_AUTHOR_IDENT")
	if err != nil {
		return "", unablef("git does not know who you are; run \"git config --global user.name NAME\" and \"git config --global user.email ADDRESS\"")
	}
	return r.git(ctx, message+"\n"+changeID(tree, parent, author, message), "-c", user, "commit-tree", "-p", parent, tree)
}

// changeID returns a line that tells Gerrit one change from others, and stays
// the same when the commit is amended. It is made of what the commit is made of,
// as by Gerrit's own hook.
func changeID(tree, parent, author, message string) string {
	commit := fmt.Appendf(nil, "tree %s\nparent %s\nauthor %s\n\n%s", tree, parent, author, message)
	return fmt.Sprintf("Change-Id: I%x\n", sha1.Sum(commit))
}
