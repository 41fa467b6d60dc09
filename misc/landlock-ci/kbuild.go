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
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Debian has no kernels for some GOARCHes that QEMU can boot. Theirs are built
// from its kernel sources with its cross compilers, and as small as the tests
// allow.

//go:embed kernel-config
var kernelConfigs embed.FS

// A cross says how to build a kernel for a GOARCH.
type cross struct {
	arch     string   // the kernel's name for it
	compiler string   // prefix of the compiler
	pkg      string   // Debian package that has it
	configs  []string // fragments of the configuration in kernel-config
}

var crosses = map[string]cross{
	"mips":   {"mips", "mips-linux-gnu-", "gcc-mips-linux-gnu", []string{"common", "malta", "mips"}},
	"mips64": {"mips", "mips64-linux-gnuabi64-", "gcc-mips64-linux-gnuabi64", []string{"common", "malta", "mips64"}},
	"ppc64":  {"powerpc", "powerpc64-linux-gnu-", "gcc-powerpc64-linux-gnu", []string{"common", "ppc64"}},
}

func runKernel(ctx context.Context, fs *flag.FlagSet, args []string) error {
	jobs := fs.Int("j", runtime.NumCPU(), "the `number` of compilers at a time")
	offline := fs.Bool("offline", false, "use the sources in the cache only")
	force := fs.Bool("a", false, "build also if the cache has a kernel, from the newest source")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usagef("%v; run \"landlock-ci kernel -h\" for the flags", err)
	}
	list, err := selectBuilders(fs.Args(), false)
	if err != nil {
		return err
	}
	s, err := newStore(ctx, *offline)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(b *builder) bool { return !b.kernel.built() })
	if !*force {
		list = s.unbuilt(list)
	}
	if err := s.check(ctx, list); err != nil {
		return err
	}
	return s.build(ctx, list, *jobs)
}

// unbuilt returns the builders whose kernel has yet to be built.
func (s *store) unbuilt(list []*builder) []*builder {
	return slices.DeleteFunc(slices.Clone(list), func(b *builder) bool {
		return !b.kernel.built() || s.cached(b.kernel.wanted()) != ""
	})
}

// config returns the configuration that k is built with.
func (k *kernel) config() []byte {
	var buf bytes.Buffer
	for _, name := range crosses[k.goarch].configs {
		data, err := kernelConfigs.ReadFile("kernel-config/" + name + ".config")
		if err != nil {
			panic(err)
		}
		buf.Write(data)
	}
	return buf.Bytes()
}

// build builds the kernels of the builders.
func (s *store) build(ctx context.Context, list []*builder, jobs int) error {
	sources := make(map[string]string) // unpacked, by package
	for _, b := range list {
		k := b.kernel
		dir, err := s.get(ctx, wanted{
			kind:   "source",
			pkg:    k.pkg,
			arch:   "amd64", // it is the same in all
			suites: k.suites,
			take: func(name string) string {
				if strings.HasSuffix(name, "/"+k.pkg+".tar.xz") {
					return sourceFile
				}
				return ""
			},
		})
		if err != nil {
			return err
		}
		if sources[k.pkg] == "" {
			tmp, err := os.MkdirTemp(s.dir, ".build-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(tmp)
			if err := runQuiet(newCommand(ctx, tmp, "tar", "-xJf", filepath.Join(dir, sourceFile), "--strip-components=1")); err != nil {
				return err
			}
			sources[k.pkg] = tmp
		}
		start := time.Now()
		version := strings.Split(filepath.Base(dir), "_")[1]
		into := filepath.Join(s.dir, "kernels", fmt.Sprintf("%s_%s_%s", k.pkg, version, k.wanted().arch))
		err = replaceDir(into, func(tmp string) error {
			if err := k.build(ctx, sources[k.pkg], tmp, jobs); err != nil {
				return err
			}
			return seal(tmp)
		})
		if err != nil {
			return fmt.Errorf("building the kernel of %s: %w", b.name(), err)
		}
		fmt.Printf("built %s in %.0fs: %s\n", b.name(), time.Since(start).Seconds(), filepath.Join(into, kernelFile))
	}
	return nil
}

// sourceFile is the name of a kernel's source in its cached directory.
const sourceFile = "linux.tar.xz"

// build builds k from the source in src and writes it to the directory dir.
func (k *kernel) build(ctx context.Context, src, dir string, jobs int) error {
	c := crosses[k.goarch]
	out, err := os.MkdirTemp(src, ".out-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	config := filepath.Join(out, "allconfig")
	if err := os.WriteFile(config, k.config(), 0o666); err != nil {
		return err
	}
	mk := func(args ...string) error {
		return runQuiet(newCommand(ctx, src, "make", append([]string{"O=" + out, "ARCH=" + c.arch, "CROSS_COMPILE=" + c.compiler}, args...)...))
	}
	if err := mk("KCONFIG_ALLCONFIG="+config, "allnoconfig"); err != nil {
		return err
	}
	full, err := os.ReadFile(filepath.Join(out, ".config"))
	if err != nil {
		return err
	}
	// Options that a version does not have, or cannot have without others, are
	// dropped without a word. This one is the point.
	const landlock = "\nCONFIG_SECURITY_LANDLOCK=y\n"
	if !bytes.Contains(full, []byte(landlock)) {
		return fmt.Errorf("the configuration lost %s", strings.TrimSpace(landlock))
	}
	if err := mk(fmt.Sprintf("-j%d", jobs), "vmlinux"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), full, 0o666); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(dir, kernelFile), filepath.Join(out, "vmlinux")); err != nil {
		return err
	}
	return runQuiet(newCommand(ctx, "", c.compiler+"strip", "-s", filepath.Join(dir, kernelFile)))
}

// runQuiet runs a command whose output is of interest only if it fails.
func runQuiet(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s: %v\n%s", filepath.Base(cmd.Path), err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
	return nil
}

// wanted returns what the cache has of a kernel that was built.
func (k *kernel) wanted() wanted {
	return wanted{
		kind: "kernels",
		pkg:  k.pkg,
		arch: fmt.Sprintf("%s-%.6x", k.goarch, sha256.Sum256(k.config())),
	}
}

// builtKernel returns the path of k's image, and where it comes from.
func (s *store) builtKernel(k *kernel) (file, origin string, err error) {
	dir := s.cached(k.wanted())
	if dir == "" {
		return "", "", unablef("kernel %s for %s has yet to be built; run \"landlock-ci kernel linux-%[2]s@%[1]s\", which takes some minutes", k.name, k.goarch)
	}
	return filepath.Join(dir, kernelFile), filepath.Base(dir), nil
}
