// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

func runTree(ctx context.Context, fs *flag.FlagSet, args []string) error {
	goroot := gorootFlag(fs)
	if err := parse(fs, args, 1); err != nil {
		return err
	}
	b, err := findBase(ctx, *goroot)
	if err != nil {
		return err
	}
	t, err := makeTree(ctx, b, fs.Arg(0))
	if err != nil {
		return err
	}
	fmt.Printf("%s with Landlock: %s\n", b.version, t.goCmd())
	return nil
}

// treeMark is the file that marks a directory as a patched tree.
// It holds a treeInfo as JSON.
const treeMark = "landlock-tree.json"

type treeInfo struct {
	Base    string // GOROOT that the tree is a copy of
	Version string // its version

	// Files has the digest of each file that the patch set put into the tree,
	// so that a later change in the tree can be told from one in the patch set.
	Files map[string]string
}

func digest(data []byte) string {
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// write writes info to the tree dir.
func (info treeInfo) write(dir string) error {
	data, err := json.MarshalIndent(info, "", "\t")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, treeMark), append(data, '\n'))
}

// readTreeInfo returns the treeInfo of the tree dir.
func readTreeInfo(dir string) (treeInfo, error) {
	var info treeInfo
	data, err := os.ReadFile(filepath.Join(dir, treeMark))
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return info, fmt.Errorf("%s: %v", filepath.Join(dir, treeMark), err)
	}
	return info, nil
}

// makeTree makes dir a copy of b with the patch set applied. It replaces an
// earlier tree, and nothing else.
func makeTree(ctx context.Context, b *base, dir string) (*base, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if beneath(dir, b.dir) {
		return nil, usagef("%s is inside the GOROOT %s; name a directory elsewhere", dir, b.dir)
	}
	if _, err := os.Lstat(dir); err == nil {
		if _, err := readTreeInfo(dir); err != nil {
			return nil, usagef("%s exists and is not a tree made by this command; name another directory or remove it", dir)
		}
	}
	files, err := b.patchedFiles(ctx)
	if err != nil {
		return nil, err
	}
	info := treeInfo{Base: b.dir, Version: b.version, Files: make(map[string]string)}
	err = replaceDir(dir, func(tmp string) error {
		if err := copyTree(ctx, tmp, b.dir); err != nil {
			return err
		}
		for name, data := range files {
			if err := writeFile(filepath.Join(tmp, filepath.FromSlash(name)), data); err != nil {
				return err
			}
			info.Files[name] = digest(data)
		}
		return info.write(tmp)
	})
	if err != nil {
		return nil, err
	}
	return &base{dir: dir, version: b.version}, nil
}

// copyTree copies the directory src into dst. Unlike os.CopyFS it ends with
// ctx, and it makes all that it copies writable for its owner, which a GOROOT
// beneath GOMODCACHE is not.
func copyTree(ctx context.Context, dst, src string) error {
	return filepath.WalkDir(src, func(from string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, from)
		if err != nil || rel == "." {
			return err
		}
		to := filepath.Join(dst, rel)
		switch d.Type() {
		case fs.ModeDir:
			if rel == ".git" {
				return fs.SkipDir
			}
			return os.Mkdir(to, 0o777)
		case fs.ModeSymlink:
			link, err := os.Readlink(from)
			if err != nil {
				return err
			}
			return os.Symlink(link, to)
		case 0:
			return copyFile(to, from)
		}
		return fmt.Errorf("%s: neither a file, a directory nor a symbolic link", from)
	})
}

func copyFile(dst, src string) (err error) {
	r, err := os.Open(src)
	if err != nil {
		return err
	}
	defer r.Close()
	fi, err := r.Stat()
	if err != nil {
		return err
	}
	w, err := os.OpenFile(dst, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fi.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, w.Close())
	}()
	_, err = io.Copy(w, r)
	return err
}
