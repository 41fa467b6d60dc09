// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// A tool is a command that is needed here.
type tool struct {
	name string
	pkg  string // Debian package that has it
	alt  string // that of other releases, which cut QEMU up differently
}

// haveTools returns an error if one of the tools is missing.
func haveTools(ctx context.Context, tools []tool) error {
	var names, pkgs []string
	for _, t := range tools {
		if _, err := exec.LookPath(t.name); err == nil || slices.Contains(names, t.name) {
			continue
		}
		names = append(names, t.name)
		pkg := t.pkg
		if t.alt != "" && aptKnows(ctx, t.alt) {
			pkg = t.alt
		}
		if !slices.Contains(pkgs, pkg) {
			pkgs = append(pkgs, pkg)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return unablef("not in PATH: %s; on Debian, install with \"apt-get install --no-install-recommends %s\"", strings.Join(names, ", "), strings.Join(pkgs, " "))
}

// aptKnows reports whether apt knows the package pkg here.
func aptKnows(ctx context.Context, pkg string) bool {
	out, err := newCommand(ctx, "", "apt-cache", "pkgnames", pkg).Output()
	return err == nil && slices.Contains(strings.Fields(string(out)), pkg)
}

// check returns an error if tools are missing that the builders need.
func (s *store) check(ctx context.Context, builders []*builder) error {
	var tools []tool
	for _, b := range builders {
		tools = append(tools, machines[b.kernel.goarch].qemu)
		if b.kernel.goarch == "loong64" {
			tools = append(tools, tool{name: "zstd", pkg: "zstd"})
		}
	}
	for _, b := range s.unbuilt(builders) {
		for _, name := range []string{"make", "gcc", "flex", "bison", "bc", "tar"} {
			tools = append(tools, tool{name: name, pkg: name})
		}
		c := crosses[b.goarch]
		tools = append(tools, tool{name: "xz", pkg: "xz-utils"}, tool{name: c.compiler + "gcc", pkg: c.pkg})
	}
	return haveTools(ctx, tools)
}

// qemu returns the QEMU command for kernels of goarch.
func (s *store) qemu(ctx context.Context, goarch string) (string, error) {
	t := machines[goarch].qemu
	if err := haveTools(ctx, []tool{t}); err != nil {
		return "", err
	}
	first := firstQEMU[goarch]
	if first == 0 || qemuVersion(ctx, t.name) >= first {
		return exec.LookPath(t.name)
	}
	// Take it from the backports. It needs the libraries that the older one
	// came with, and none of its other files.
	dir, err := s.get(ctx, wanted{
		kind:   "qemu",
		pkg:    cmp.Or(t.alt, t.pkg),
		arch:   machines[runtime.GOARCH].debArch,
		suites: []string{hostSuite + "-backports"},
		take: func(name string) string {
			if name == "usr/bin/"+t.name {
				return t.name
			}
			return ""
		},
	})
	if err != nil {
		return "", fmt.Errorf("%s needs %s %d or later: %w", goarch, t.name, first, err)
	}
	return filepath.Join(dir, t.name), nil
}

// firstQEMU has the first major version of QEMU that will do for a GOARCH,
// where not all do.
var firstQEMU = map[string]int{
	"arm64":   7,  // the first that has the CPU
	"loong64": 10, // the first that boots the kernels
	// Those before execute, in a program that was just written to a file,
	// some of the instructions that were in that memory before.
	"s390x": 10,
}

// qemuVersion returns the major version of a QEMU command, or 0.
func qemuVersion(ctx context.Context, name string) int {
	out, err := newCommand(ctx, "", name, "--version").Output()
	if err != nil {
		return 0
	}
	n := 0
	if m := regexp.MustCompile(`version (\d+)`).FindSubmatch(out); m != nil {
		n, _ = strconv.Atoi(string(m[1]))
	}
	return n
}

// unpackZboot replaces the kernel name, an EFI program that unpacks itself,
// by what it holds: QEMU runs no EFI.
func unpackZboot(ctx context.Context, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if len(data) < 32 || string(data[4:8]) != "zimg" {
		return nil
	}
	field := func(off int) uint64 {
		return uint64(data[off]) | uint64(data[off+1])<<8 | uint64(data[off+2])<<16 | uint64(data[off+3])<<24
	}
	offset, size := field(8), field(12)
	method := strings.TrimRight(string(data[24:32]), "\x00")
	if offset+size > uint64(len(data)) {
		return fmt.Errorf("%s: truncated", path.Base(name))
	}
	cmd := newCommand(ctx, "", method, "-d", "-c")
	cmd.Stdin = strings.NewReader(string(data[offset : offset+size]))
	out, err := cmd.Output()
	if err != nil {
		return unablef("unpacking a kernel with %s: %v; install it with \"apt-get install %[1]s\"", method, commandError(err))
	}
	return os.WriteFile(name, out, 0o666)
}
