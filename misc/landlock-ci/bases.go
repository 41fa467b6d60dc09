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
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

func runBases(ctx context.Context, fs *flag.FlagSet, args []string) error {
	if err := parse(fs, args, -1); err != nil {
		return err
	}
	list := fs.Args()
	if len(list) == 0 {
		list = supported
	}
	tw := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer tw.Flush()
	var bad []string
	for _, name := range list {
		b, err := findSource(ctx, name)
		if err != nil {
			return err
		}
		verdict, err := b.tryPatch(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(tw, "%s\t%s\n", b.version, verdict)
		if !strings.HasPrefix(verdict, "applies") {
			bad = append(bad, b.version)
		}
	}
	if bad != nil {
		return fmt.Errorf("the patch set does not apply to %s", strings.Join(bad, " "))
	}
	return nil
}

// findSource returns the Go whose source is in the directory name or,
// if name is a version, which the go command downloads.
// There need not be a go command in it.
func findSource(ctx context.Context, name string) (*base, error) {
	dir := name
	if strings.HasPrefix(name, "go1.") && !strings.ContainsAny(name, `/\`) {
		b, err := download(ctx, "go", name)
		if err != nil {
			return nil, err
		}
		dir = b.dir
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	b := &base{dir: dir, version: filepath.Base(dir)}
	if _, err := os.Stat(b.file(execLinux)); err != nil {
		return nil, usagef("%s: not a Go source tree, it has no %s; name such a directory or a version as in go1.26.8", name, execLinux)
	}
	// A checkout has no VERSION.
	if data, err := os.ReadFile(b.file("VERSION")); err == nil {
		version, _, _ := strings.Cut(string(data), "\n")
		b.version = strings.TrimSpace(version)
	}
	return b, nil
}

// download returns another release of Go, which the go command goCmd downloads.
func download(ctx context.Context, goCmd, version string) (*base, error) {
	cmd := newCommand(ctx, "", goCmd, "env", "GOROOT")
	cmd.Env = localEnv("GOTOOLCHAIN=" + version)
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, unablef("no go command in PATH, which would download %s", version)
	}
	if err != nil {
		return nil, fmt.Errorf("downloading %s: %v", version, commandError(err))
	}
	return findGo(ctx, strings.TrimSpace(string(out)))
}

// tryPatch tells how the patch set applies to b.
func (b *base) tryPatch(ctx context.Context) (verdict string, err error) {
	if err := b.checkFields(); err != nil {
		return "refused: " + err.Error(), nil
	}
	_, offsets, err := b.applyPatches(ctx)
	var conflict *conflictError
	switch {
	case errors.As(err, &conflict):
		return "conflicts: " + conflict.where, nil
	case err != nil:
		return "", err
	case offsets != nil:
		return "applies with an offset: " + strings.Join(offsets, "; "), nil
	}
	return "applies", nil
}

func runPatch(ctx context.Context, fs *flag.FlagSet, args []string) error {
	if err := parse(fs, args, 1); err != nil {
		return err
	}
	b, err := findSource(ctx, fs.Arg(0))
	if err != nil {
		return err
	}
	if err := b.checkFields(); err != nil {
		return err
	}
	if _, err := os.Stat(b.file("api")); err != nil {
		return usagef("%s comes without api, as toolchains that the go command downloads do; name the source of a release", b.dir)
	}
	patch, err := b.patch(ctx)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(patch)
	return err
}

// patch returns the whole patch set as one diff for the release b.
func (b *base) patch(ctx context.Context) ([]byte, error) {
	files, err := b.patchedFiles(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.release(files); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-patch-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if data, err := os.ReadFile(b.file(name)); err == nil {
			if err := writeFile(filepath.Join(tmp, "a", filepath.FromSlash(name)), data); err != nil {
				return nil, err
			}
		}
		if err := writeFile(filepath.Join(tmp, "b", filepath.FromSlash(name)), files[name]); err != nil {
			return nil, err
		}
	}
	cmd := gitCommand(ctx, tmp, "diff", "--no-index", "--no-renames", "--no-color", "--no-prefix", "a", "b")
	out, err := cmd.Output()
	var ee *exec.ExitError
	if errors.As(err, &ee) && ee.ExitCode() == 1 && len(ee.Stderr) == 0 {
		err = nil // there are differences
	}
	if err != nil {
		return nil, fmt.Errorf("git diff: %v", commandError(err))
	}
	// What git adds to diffs names files in a way of its own.
	var patch []byte
	for line := range bytes.Lines(out) {
		if bytes.IndexByte([]byte(" +-@\\"), line[0]) >= 0 {
			patch = append(patch, line...)
		}
	}
	return patch, nil
}
