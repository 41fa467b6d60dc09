// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func runOverlay(ctx context.Context, fs *flag.FlagSet, args []string) error {
	goroot := gorootFlag(fs)
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	b, err := findBase(ctx, *goroot)
	if err != nil {
		return err
	}
	file, err := writeOverlay(ctx, b)
	if err != nil {
		return err
	}
	fmt.Println(file)
	return nil
}

// writeOverlay writes an overlay for b below the cache directory
// and returns the path of its JSON file.
func writeOverlay(ctx context.Context, b *base) (string, error) {
	if b.inModCache {
		return "", usagef("%s is beneath GOMODCACHE, where the go command allows no overlay; make a patched tree with \"landlock-ci tree -goroot %[1]s DIR\"", b.dir)
	}
	patched, err := b.patchedFiles(ctx)
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}

	// The directory is named after all that its files depend on:
	// another base or patch set never changes the files of a build that runs.
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n", b.dir)
	for _, name := range slices.Sorted(maps.Keys(patched)) {
		fmt.Fprintf(hash, "%s %x\n", name, sha256.Sum256(patched[name]))
	}
	dir := filepath.Join(cache, "overlay", fmt.Sprintf("%s-%.8x", b.version, hash.Sum(nil)))

	files := make(map[string][]byte)
	replace := make(map[string]string)
	for name, data := range patched {
		if strings.HasPrefix(name, "src/") {
			files[name] = data
			replace[b.file(name)] = filepath.Join(dir, filepath.FromSlash(name))
		}
	}
	const jsonName = "overlay.json"
	files[jsonName], err = json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, jsonName), writeDir(dir, files)
}

// writeDir makes dir a directory that holds files. It does nothing if they are
// all there; else dir appears, or is replaced, as a whole.
func writeDir(dir string, files map[string][]byte) error {
	intact := true
	for name, data := range files {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, data) {
			intact = false
			break
		}
	}
	if intact {
		return nil
	}
	return replaceDir(dir, func(tmp string) error {
		for name, data := range files {
			if err := writeFile(filepath.Join(tmp, filepath.FromSlash(name)), data); err != nil {
				return err
			}
		}
		return nil
	})
}

// replaceDir makes the directory dir, or replaces it, with what fill puts into
// a temporary directory beside it. If fill fails, dir stays as it was.
func replaceDir(dir string, fill func(tmp string) error) error {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, ".landlock-ci-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	// MkdirTemp makes private directories, these are ordinary ones.
	next, old := filepath.Join(tmp, "new"), filepath.Join(tmp, "old")
	if err := os.Mkdir(next, 0o777); err != nil {
		return err
	}
	if err := fill(next); err != nil {
		return err
	}
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(next, dir); err != nil {
		os.Rename(old, dir)
		return err
	}
	return nil
}
