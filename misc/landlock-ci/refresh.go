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
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

func runRefresh(ctx context.Context, fs *flag.FlagSet, args []string) error {
	if err := parse(fs, args, 1); err != nil {
		return err
	}
	return refresh(ctx, ".", fs.Arg(0))
}

// refresh writes what was changed in the tree dir since it was made to the patch
// set in the checkout repo, and prints the names of the files that it writes.
// The patch set must be the one that is built into this program
// but for what refresh wrote.
func refresh(ctx context.Context, repo, dir string) error {
	if _, err := os.Stat(filepath.Join(repo, "patchset.go")); err != nil {
		return usagef("this is not the top directory of a checkout of the patch set; run \"go run ./misc/landlock-ci refresh DIR\" there")
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
	patched, err := b.patchedFiles(ctx)
	if err != nil {
		return err
	}

	names, err := b.changedFiles(ctx, dir)
	if err != nil {
		return err
	}
	for name := range info.Files {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		removed := errors.Is(err, os.ErrNotExist)
		if err != nil && !removed {
			return err
		}
		was, now := info.Files[name], digest(data)
		if removed {
			now = ""
		}
		if now == was {
			continue
		}
		// The patch set may have changed too since the tree was made.
		if cur, ok := patched[name]; ok && digest(cur) != was && digest(cur) != now {
			return fmt.Errorf("%s has changed in the patch set since the tree was made; make another tree and carry your change over", name)
		}

		target := name
		if _, err := os.Stat(b.file(name)); err == nil {
			target += patchSuffix
			if removed {
				return fmt.Errorf("%s of Go's is removed in the tree, which the patch set cannot do", name)
			}
			if data, err = diff(ctx, b.dir, dir, name); err != nil {
				return err
			}
		}
		file := filepath.Join(repo, filepath.FromSlash(target))
		if removed {
			delete(info.Files, name)
			fmt.Println("remove", target)
			err = os.Remove(file)
		} else {
			info.Files[name] = now
			fmt.Println("write", target)
			err = writeFile(file, data)
		}
		if err != nil {
			return err
		}
	}
	return info.write(dir)
}

// changedFiles returns the set of the files of the tree dir
// that the base does not have or has with other content.
func (b *base) changedFiles(ctx context.Context, dir string) (map[string]bool, error) {
	files := make(map[string]bool)
	for _, top := range []string{"api", "doc", "src", "test"} {
		err := filepath.WalkDir(filepath.Join(dir, top), func(file string, d fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			rel, err := filepath.Rel(dir, file)
			if err != nil {
				return err
			}
			name := filepath.ToSlash(rel)
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			old, err := os.ReadFile(b.file(name))
			if err != nil || !bytes.Equal(old, data) {
				files[name] = true
			}
			return nil
		})
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return files, nil
}

// diff returns the unified diff of file name from the GOROOT old to new.
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
