// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"golandlock"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

func runRefresh(ctx context.Context, fs *flag.FlagSet, args []string) error {
	repo := fs.String("C", ".", "the checkout of this repository to write to, a `directory`")
	if err := parse(fs, args, 1); err != nil {
		return err
	}
	return refresh(ctx, *repo, fs.Arg(0))
}

// refresh makes the patch set in the checkout repo that which turns the base of
// the tree dir into dir, and prints the files of repo that it changed.
func refresh(ctx context.Context, repo, dir string) error {
	if _, err := os.Stat(filepath.Join(repo, "patchset.go")); err != nil {
		return usagef("%s is not a checkout of this repository; name one with -C", repo)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	info, err := readTreeInfo(dir)
	if err != nil {
		return usagef("%s is not a tree made by \"landlock-ci tree\"", dir)
	}
	b, err := findBase(ctx, info.Base)
	if err != nil {
		return err
	}
	if b.version != info.Version {
		return usagef("%s is a copy of %s, but %s is now %s; make the tree anew", dir, info.Version, b.dir, b.version)
	}

	// want is the new patch set. A nil value stands for a file to be removed.
	want := make(map[string][]byte)
	for _, top := range []string{"api", "doc", "src", "test"} {
		changed, err := changedFiles(ctx, b.file(top), filepath.Join(dir, top))
		if err != nil {
			return err
		}
		for _, rel := range changed {
			name := top + "/" + rel
			data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			if err != nil {
				return err
			}
			if _, err := os.Stat(b.file(name)); err == nil {
				data, err = diff(ctx, b.dir, dir, name)
				if err != nil {
					return err
				}
				name += patchSuffix
			}
			want[name] = data
		}
	}
	err = fs.WalkDir(golandlock.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && want[name] == nil {
			want[name] = nil
		}
		return err
	})
	if err != nil {
		return err
	}

	for name, data := range want {
		file := filepath.Join(repo, filepath.FromSlash(name))
		old, err := os.ReadFile(file)
		switch {
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return err
		case data == nil && err == nil:
			fmt.Println("removed", name)
			err = os.Remove(file)
		case data == nil || err == nil && bytes.Equal(old, data):
			continue
		default:
			fmt.Println("wrote", name)
			err = writeFile(file, data)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// changedFiles returns the files of the directory new, by their slash-separated
// paths relative to it, that are not the same in the directory old.
func changedFiles(ctx context.Context, old, new string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(new, func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(new, name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		oldData, err := os.ReadFile(filepath.Join(old, rel))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err != nil || !bytes.Equal(oldData, data) {
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		err = nil // a tree of a base without tests
	}
	return files, err
}

// diff returns the unified diff of the file name from the GOROOT old to new.
func diff(ctx context.Context, old, new, name string) ([]byte, error) {
	local := filepath.FromSlash(name)
	cmd := gitCommand(ctx, new, "diff", "--no-index", "--no-renames", "--no-color", "--unified=3",
		filepath.Join(old, local), filepath.Join(new, local))
	out, err := cmd.Output()
	var ee *exec.ExitError
	if errors.As(err, &ee) && ee.ExitCode() == 1 && len(ee.Stderr) == 0 {
		err = nil // the files differ
	}
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errNoGit
	}
	if err != nil {
		return nil, commandError(err)
	}
	i := bytes.Index(out, []byte("\n@@ "))
	if i < 0 {
		return nil, fmt.Errorf("%s: git diff found no difference in text", name)
	}
	return append(fmt.Appendf(nil, "--- a/%s\n+++ b/%[1]s\n", name), out[i+1:]...), nil
}
