// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"golandlock"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

const patchSuffix = ".patch"

// patchedFiles applies the patch set to b and returns the files that it adds
// and edits, by their slash-separated paths relative to the GOROOT.
func (b *base) patchedFiles(ctx context.Context) (map[string][]byte, error) {
	files, _, err := b.applyPatches(ctx)
	var conflict *conflictError
	if errors.As(err, &conflict) {
		err = fmt.Errorf("%w in %s; use a release of Go 1.25, 1.26 or 1.27", err, b.dir)
	}
	return files, err
}

// A conflictError is the error of a patch that does not apply.
type conflictError struct {
	version string // of the base
	where   string // file and hunk
}

func (e *conflictError) Error() string {
	return fmt.Sprintf("the patch set does not apply to %s (%s)", e.version, e.where)
}

// applyPatches is patchedFiles, and tells which hunks of the patches apply at
// other lines than they were made for.
func (b *base) applyPatches(ctx context.Context) (files map[string][]byte, offsets []string, err error) {
	files = make(map[string][]byte)
	err = fs.WalkDir(golandlock.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := golandlock.FS.ReadFile(name)
		if err != nil {
			return err
		}
		if edited, ok := strings.CutSuffix(name, patchSuffix); ok {
			name = edited
			var moved []string
			data, moved, err = b.applyPatch(ctx, edited, data)
			offsets = append(offsets, moved...)
		}
		files[name] = data
		return err
	})
	return files, offsets, err
}

// applyPatch returns the base's file name as edited by patch,
// and tells which hunks apply with an offset.
func (b *base) applyPatch(ctx context.Context, name string, patch []byte) (data []byte, offsets []string, err error) {
	tmp, err := os.MkdirTemp("", "landlock-ci-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(tmp)
	data, err = os.ReadFile(b.file(name))
	if err != nil {
		return nil, nil, err
	}
	edited := filepath.Join(tmp, filepath.FromSlash(name))
	if err := writeFile(edited, data); err != nil {
		return nil, nil, err
	}
	// With -reject, git apply goes on after a hunk that does not apply
	// and names each.
	cmd := gitCommand(ctx, tmp, "apply", "--verbose", "--reject", "-")
	cmd.Stdin = bytes.NewReader(patch)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, nil, errNoGit
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		where := name
		if m := rejectedHunk.FindSubmatch(out); m != nil {
			where += ", hunk " + string(m[1])
		}
		return nil, nil, &conflictError{b.version, where}
	}
	for _, m := range movedHunk.FindAllSubmatch(out, -1) {
		offsets = append(offsets, fmt.Sprintf("%s, hunk %s: %s", name, m[1], m[2]))
	}
	data, err = os.ReadFile(edited)
	return data, offsets, err
}

// What "git apply --verbose --reject" says.
var (
	rejectedHunk = regexp.MustCompile(`(?m)^Rejected hunk #(\d+)`)
	movedHunk    = regexp.MustCompile(`(?m)^Hunk #(\d+) succeeded at \d+ \(offset (-?\d+ lines?)\)`)
)

var errNoGit = unablef("no git in PATH; install git, with which patches are applied and made")

// gitCommand returns a git command that runs in dir and that no repository
// around dir, environment or configuration of the user's has a say in.
func gitCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := newCommand(ctx, dir, "git", args...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "GIT_") && !strings.HasPrefix(kv, "LC_") && !strings.HasPrefix(kv, "LANG") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env,
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(dir),
		"GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_CONFIG_NOSYSTEM=1",
	)
	return cmd
}

// writeFile writes a file, and makes the directories above it.
func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o666)
}

// writeWhole writes a file, and the directories above it.
// The file appears, or is replaced, as a whole. What is not a regular file, such
// as /dev/stdout, stays what it is.
func writeWhole(name string, data []byte, perm fs.FileMode) error {
	if fi, err := os.Lstat(name); err == nil && !fi.Mode().IsRegular() {
		return os.WriteFile(name, data, perm)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".landlock-ci-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Chmod(perm), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
