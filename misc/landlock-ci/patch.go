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
	files := make(map[string][]byte)
	err := fs.WalkDir(golandlock.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := golandlock.FS.ReadFile(name)
		if err != nil {
			return err
		}
		if edited, ok := strings.CutSuffix(name, patchSuffix); ok {
			name = edited
			data, err = b.applyPatch(ctx, edited, data)
		}
		files[name] = data
		return err
	})
	return files, err
}

// applyPatch returns the base's file name as edited by patch.
func (b *base) applyPatch(ctx context.Context, name string, patch []byte) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "landlock-ci-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	data, err := os.ReadFile(b.file(name))
	if err != nil {
		return nil, err
	}
	edited := filepath.Join(tmp, filepath.FromSlash(name))
	if err := writeFile(edited, data); err != nil {
		return nil, err
	}
	// With -reject, git apply goes on after a hunk that does not apply
	// and names each.
	cmd := gitCommand(ctx, tmp, "apply", "--verbose", "--reject", "-")
	cmd.Stdin = bytes.NewReader(patch)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errNoGit
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		where := name
		if m := rejectedHunk.FindSubmatch(out); m != nil {
			where += ", hunk " + string(m[1])
		}
		return nil, fmt.Errorf("the patch set does not apply to %s in %s (%s); use a release of Go 1.25, 1.26 or 1.27", b.version, b.dir, where)
	}
	return os.ReadFile(edited)
}

var rejectedHunk = regexp.MustCompile(`(?m)^Rejected hunk #(\d+)`)

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
