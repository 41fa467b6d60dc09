// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// exeSuffix ends the name of an executable file.
var exeSuffix = map[string]string{"windows": ".exe"}[runtime.GOOS]

// A base is a Go installation that the patch set is applied to.
type base struct {
	dir        string // its GOROOT
	version    string // as "go version" has it: go1.26.8
	inModCache bool   // dir is beneath GOMODCACHE
}

// goCmd returns the path of the base's go command.
func (b *base) goCmd() string {
	return filepath.Join(b.dir, "bin", "go"+exeSuffix)
}

// findBase returns the base whose GOROOT is dir or, if dir is empty,
// that of the go command in use.
func findBase(ctx context.Context, dir string) (*base, error) {
	b, err := findGo(ctx, dir)
	if err != nil {
		return nil, err
	}
	return b, b.checkFields()
}

// findGo is findBase without a look at whether the patch set is in it already.
func findGo(ctx context.Context, dir string) (*base, error) {
	goCmd := "go"
	env := os.Environ()
	if dir != "" {
		fi, err := os.Stat(filepath.Join(dir, "bin", "go"+exeSuffix))
		if err != nil || !fi.Mode().IsRegular() {
			return nil, usagef("-goroot %s: not a GOROOT, it has no bin/go; give the directory that \"go env GOROOT\" prints", dir)
		}
		goCmd, err = filepath.Abs(filepath.Join(dir, "bin", "go"+exeSuffix))
		if err != nil {
			return nil, err
		}
		env = localEnv()
	}
	cmd := newCommand(ctx, "", goCmd, "env", "-json", "GOROOT", "GOVERSION", "GOMODCACHE")
	cmd.Env = env
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, unablef("no go command in PATH; install Go or name an installation with -goroot")
	}
	if err != nil {
		return nil, unablef("%s env: %v", goCmd, commandError(err))
	}
	var v struct{ GOROOT, GOVERSION, GOMODCACHE string }
	if err := json.Unmarshal(out, &v); err != nil {
		return nil, fmt.Errorf("%s env: %v", goCmd, err)
	}
	b := &base{dir: v.GOROOT, version: v.GOVERSION}
	if _, err := os.Stat(b.file(execLinux)); err != nil {
		return nil, usagef("%s: not a GOROOT, it has no %s; give the directory that \"go env GOROOT\" prints", b.dir, execLinux)
	}
	b.inModCache = v.GOMODCACHE != "" && beneath(b.dir, v.GOMODCACHE)
	return b, nil
}

// file returns the path of the base's file name, which is slash-separated
// and relative to the GOROOT.
func (b *base) file(name string) string {
	return filepath.Join(b.dir, filepath.FromSlash(name))
}

// execLinux is the file that declares SysProcAttr.
const execLinux = "src/syscall/exec_linux.go"

// checkFields returns an error if the base's SysProcAttr knows Landlock.
func (b *base) checkFields() error {
	f, err := parser.ParseFile(token.NewFileSet(), b.file(execLinux), nil, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("reading the base: %v", err)
	}
	var fields []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "SysProcAttr" {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					fields = append(fields, name.Name)
				}
			}
		}
		return false
	})
	switch {
	case slices.Contains(fields, "LandlockRuleset"):
		return usagef("%s (%s) has the patch set already; use it as it is, or name another Go", b.dir, b.version)
	case slices.Contains(fields, "UseLandlock"):
		return usagef("%s (%s) has Landlock in SysProcAttr already, as Go 1.28; use it as it is, with LandlockFD for LandlockRuleset and with NoNewPrivs set, see doc/go1.28.md", b.dir, b.version)
	}
	return nil
}

// beneath reports whether path is dir or a file beneath it.
func beneath(path, dir string) bool {
	for _, s := range []*string{&path, &dir} {
		if p, err := filepath.EvalSymlinks(*s); err == nil {
			*s = p
		}
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// localEnv returns the environment for the go command of a GOROOT that was
// chosen: it is to find itself and not to switch to another one.
func localEnv(extra ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "GOROOT=") || strings.HasPrefix(kv, "GOTOOLDIR=")
	})
	return append(append(env, "GOTOOLCHAIN=local"), extra...)
}

// commandError returns err, as returned by Cmd.Output, with the first line that
// the command printed to standard error.
func commandError(err error) error {
	var ee *exec.ExitError
	if errors.As(err, &ee) {
		if line, _, _ := strings.Cut(strings.TrimSpace(string(ee.Stderr)), "\n"); line != "" {
			return fmt.Errorf("%v: %s", err, line)
		}
	}
	return err
}
