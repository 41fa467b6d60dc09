// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// benchFS has the sources of the workers and of what they start.
//
//go:embed testdata/bench
var benchFS embed.FS

// goLandlock is the module of that name, in the version that is compared with.
const goLandlock = "github.com/landlock-lsm/go-landlock@v0.11.0"

// buildPrograms builds the workers that every machine can have,
// and what they start.
func (b *bencher) buildPrograms(ctx context.Context) error {
	src := filepath.Join(b.dir, "c")
	if err := writeSources(src, "c"); err != nil {
		return err
	}
	for _, p := range []struct {
		name, out string
		flags     []string
	}{
		{"tiny", filepath.Join(b.dir, "tiny"), []string{"-static", "-nostartfiles"}},
		{"probe", filepath.Join(b.dir, "probe"), []string{"-static"}},
		{"floor", filepath.Join(src, "floor"), []string{"-static"}},
	} {
		b.say("building %s", p.name)
		args := append(p.flags, "-O2", "-o", p.out, filepath.Join(src, p.name+".c"))
		if out, err := newCommand(ctx, src, "gcc", args...).CombinedOutput(); err != nil {
			return unablef("gcc %s.c: %v; is libc6-dev installed?\n%s", p.name, err, tail(out))
		}
	}
	b.programs["c"] = filepath.Join(src, "floor")
	if err := b.buildWorker(ctx, "stock", b.base, ""); err != nil {
		return err
	}
	return b.buildWorker(ctx, "patched", b.tree, "landlock")
}

// buildWorker builds the worker in Go with the build tag.
func (b *bencher) buildWorker(ctx context.Context, name string, goroot *base, tag string) error {
	b.say("building the worker with Go, %s", name)
	dir := filepath.Join(b.dir, "worker-"+name)
	if err := writeSources(dir, "."); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "go.mod"), []byte("module bench\n\ngo 1.25\n")); err != nil {
		return err
	}
	commands := [][]string{{"build", "-tags", tag, "-o", "worker", "."}}
	if tag == "golandlock" {
		commands = slices.Insert(commands, 0, []string{"get", strings.Replace(goLandlock, "@", "/landlock@", 1)})
	}
	for _, args := range commands {
		cmd := newCommand(ctx, dir, goroot.goCmd(), args...)
		cmd.Env = b.goEnv()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, tail(out))
		}
	}
	b.programs[name] = filepath.Join(dir, "worker")
	return nil
}

// goEnv returns the environment of the go command.
func (b *bencher) goEnv(extra ...string) []string {
	env := localEnv("GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	if b.store.offline {
		env = append(env, "GOPROXY=off")
	}
	return append(env, extra...)
}

// obtain gets what v needs and returns where it is from.
func (b *bencher) obtain(ctx context.Context, v *variant) (origin string, err error) {
	b.say("getting %s", v.name)
	if v.wrapper != nil {
		command, origin, err := v.wrapper(b, ctx)
		if err != nil {
			return "", err
		}
		if b.wrappers == nil {
			b.wrappers = make(map[string][]string)
		}
		b.wrappers[v.name] = command
		return origin, nil
	}
	switch v.program {
	case "golandlock":
		if err := b.buildWorker(ctx, v.program, b.base, v.program); err != nil {
			return "", err
		}
		return goLandlock, nil
	case "rust":
		b.programs[v.program], origin, err = b.rustWorker(ctx)
	}
	return origin, err
}

// What the wrappers permit is to read and execute everything
// and to write to /dev/null, which git needs.

func (b *bencher) landlockRestrict(ctx context.Context) (command []string, origin string, err error) {
	program, err := b.goInstall(ctx, "landlock-restrict", strings.Replace(goLandlock, "@", "/cmd/landlock-restrict@", 1))
	return []string{program, "-ro", "/", "-rwfiles", "/dev/null", "--"}, goLandlock, err
}

func (b *bencher) landrun(ctx context.Context) (command []string, origin string, err error) {
	command, origin, err = b.packaged(ctx, "landrun", "landrun", nil, "sid")
	return append(command, "--best-effort", "--rox", "/", "--rw", "/dev/null"), origin, err
}

func (b *bencher) setpriv(ctx context.Context) (command []string, origin string, err error) {
	if program, err := exec.LookPath("setpriv"); err == nil {
		out, _ := newCommand(ctx, "", program, "--help").Output()
		if bytes.Contains(out, []byte("--landlock-access")) {
			command, origin = []string{program}, program
		}
	}
	if command == nil {
		command, origin, err = b.packaged(ctx, "setpriv", "util-linux", []string{"libcap-ng0"}, "trixie", "sid")
	}
	return append(command, "--no-new-privs", "--landlock-access", "fs",
		"--landlock-rule", "path-beneath:execute,read-file,read-dir:/",
		"--landlock-rule", "path-beneath:read-file,write-file:/dev/null"), origin, err
}

func (b *bencher) bwrap(ctx context.Context) (command []string, origin string, err error) {
	program, err := exec.LookPath("bwrap")
	command, origin = []string{program}, program
	if err != nil {
		command, origin, err = b.packaged(ctx, "bwrap", "bubblewrap", []string{"libcap2", "libselinux1", "libpcre2-8-0"}, hostSuite, "trixie", "sid")
	}
	return append(command, "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev"), origin, err
}

// goInstall returns the path of a program of another module, in the cache.
func (b *bencher) goInstall(ctx context.Context, name, pkg string) (string, error) {
	_, version, _ := strings.Cut(pkg, "@")
	dir := filepath.Join(b.store.dir, "bench", name+"_"+version)
	program := filepath.Join(dir, name)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	cmd := newCommand(ctx, b.dir, b.base.goCmd(), "install", pkg)
	cmd.Env = b.goEnv("GOBIN=" + dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("go install %s: %v: %s", pkg, err, line)
	}
	return program, nil
}

// sharedLibrary matches the file of a shared library or of the ELF interpreter;
// the first submatch is its name as it is looked for.
var sharedLibrary = regexp.MustCompile(`/((?:lib|ld)[^/]*\.so\.\d+)[.\d]*$`)

// packaged returns the command that runs a program of a Debian package. If it
// does not run with the machine's own libraries, which may be older, it gets
// those of its suite and the ELF interpreter that belongs to them.
func (b *bencher) packaged(ctx context.Context, name, pkg string, libs []string, suites ...string) (command []string, origin string, err error) {
	m, ok := machines[runtime.GOARCH]
	if !ok {
		return nil, "", fmt.Errorf("Debian has no packages for GOARCH %s", runtime.GOARCH)
	}
	dir, err := b.store.get(ctx, wanted{
		kind: "bench", pkg: pkg, arch: m.debArch, suites: suites,
		take: func(file string) string {
			if file == "usr/bin/"+name {
				return name
			}
			return ""
		},
	})
	if err != nil {
		return nil, "", err
	}
	origin = filepath.Base(dir)
	command = []string{filepath.Join(dir, name)}
	if newCommand(ctx, "", command[0], "--version").Run() == nil {
		return command, origin, nil
	}
	var dirs []string
	loader := ""
	for _, lib := range append([]string{"libc6"}, libs...) {
		dir, err := b.store.get(ctx, wanted{
			kind: "bench", pkg: lib, arch: m.debArch, suites: suites,
			take: func(file string) string {
				if m := sharedLibrary.FindStringSubmatch(file); m != nil {
					return m[1]
				}
				return ""
			},
		})
		if err != nil {
			return nil, "", err
		}
		dirs = append(dirs, dir)
		if found, _ := filepath.Glob(filepath.Join(dir, "ld*.so.*")); found != nil {
			loader = found[0]
		}
	}
	command = append([]string{loader, "--library-path", strings.Join(dirs, ":")}, command...)
	if out, err := newCommand(ctx, "", command[0], append(command[1:], "--version")...).CombinedOutput(); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return nil, "", fmt.Errorf("%s does not run here: %v: %s", origin, err, line)
	}
	return command, origin, nil
}

// rustCrates are the Debian packages of what the crate landlock needs.
var rustCrates = []string{
	"librust-landlock-dev", "librust-enumflags2-dev", "librust-enumflags2-derive-dev", "librust-libc-dev",
	"librust-thiserror-dev", "librust-thiserror-impl-dev", "librust-proc-macro2-dev", "librust-quote-dev",
	"librust-syn-dev", "librust-syn-2-dev", "librust-unicode-ident-dev",
}

// rustWorker returns the path of the worker in Rust, in the cache.
func (b *bencher) rustWorker(ctx context.Context) (program, origin string, err error) {
	if _, err := exec.LookPath("cargo"); err != nil {
		return "", "", errors.New("no cargo in PATH; install the package cargo")
	}
	m, ok := machines[runtime.GOARCH]
	if !ok {
		return "", "", fmt.Errorf("Debian has no packages for GOARCH %s", runtime.GOARCH)
	}
	hash := sha256.New()
	fs.WalkDir(benchFS, "testdata/bench/rust", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := benchFS.ReadFile(name)
			hash.Write(data)
		}
		return err
	})
	const registry = "usr/share/cargo/registry/"
	var crates []string
	for _, pkg := range rustCrates {
		dir, err := b.store.get(ctx, wanted{
			kind: "bench", pkg: pkg, arch: m.debArch, suites: []string{"sid"},
			take: func(file string) string {
				name, _ := strings.CutPrefix(file, registry)
				return path.Clean(name)
			},
		})
		if err != nil {
			return "", "", err
		}
		found, _ := filepath.Glob(filepath.Join(dir, "*", "Cargo.toml"))
		for _, file := range found {
			crates = append(crates, filepath.Dir(file))
		}
		fmt.Fprintln(hash, dir)
		if origin == "" {
			origin = filepath.Base(dir)
		}
	}
	out := filepath.Join(b.store.dir, "bench", fmt.Sprintf("rust-%.8x", hash.Sum(nil)))
	program = filepath.Join(out, "bench")
	if _, err := os.Stat(program); err == nil {
		return program, origin, nil
	}
	b.say("building the worker in Rust")
	src := filepath.Join(b.dir, "rust")
	if err := writeSources(src, "rust"); err != nil {
		return "", "", err
	}
	vendor := filepath.Join(b.dir, "rust-vendor")
	if err := os.Mkdir(vendor, 0o777); err != nil {
		return "", "", err
	}
	for _, crate := range crates {
		if err := os.CopyFS(filepath.Join(vendor, filepath.Base(crate)), os.DirFS(crate)); err != nil {
			return "", "", err
		}
	}
	config := fmt.Sprintf("[source.crates-io]\nreplace-with = \"debian\"\n[source.debian]\ndirectory = %q\n", vendor)
	if err := writeFile(filepath.Join(src, ".cargo", "config.toml"), []byte(config)); err != nil {
		return "", "", err
	}
	cmd := newCommand(ctx, src, "cargo", "build", "--release", "--offline", "--target-dir", filepath.Join(src, "target"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("cargo build: %v: %s", err, errorLine(out))
	}
	return program, origin, replaceDir(out, func(tmp string) error {
		return copyFile(filepath.Join(tmp, "bench"), filepath.Join(src, "target", "release", "bench"))
	})
}

// errorLine returns the first line of out that begins with "error".
func errorLine(out []byte) string {
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "error") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(string(tail(out)))
}
