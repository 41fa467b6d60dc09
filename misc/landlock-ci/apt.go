// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Packages come from the Debian mirror that the machine is set up with, of any
// suite and architecture, through an apt state of our own. It is apt that checks
// signatures and checksums. What is taken out of a package is kept in the cache,
// in a directory named after the package's version.

// A store fetches packages and keeps what is taken out of them.
type store struct {
	dir     string // in the cache
	offline bool   // take what is there

	mirror func() (*mirror, error)
}

// A mirror is a Debian mirror that the machine is set up with.
type mirror struct {
	uri   string
	suite string // that the machine is set up with
}

func newStore(ctx context.Context, offline bool) (*store, error) {
	dir, err := cacheDir()
	if err != nil {
		return nil, err
	}
	return &store{
		dir:     dir,
		offline: offline,
		mirror:  sync.OnceValues(func() (*mirror, error) { return findMirror(ctx) }),
	}, nil
}

var errNoApt = unablef("no apt-get and dpkg-deb here; kernels come as Debian packages: run this on Debian or in a container of it, or give a kernel image of your own with \"landlock-ci vm -kernel FILE\"")

func findMirror(ctx context.Context) (*mirror, error) {
	cmd := newCommand(ctx, "", "apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(RELEASE)", "Created-By: Packages")
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errNoApt
	}
	if err != nil {
		return nil, fmt.Errorf("apt-get indextargets: %v", commandError(err))
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) == 4 && f[0] == "Debian" && f[1] == "Debian" {
			return &mirror{uri: f[2], suite: f[3]}, nil
		}
	}
	return nil, unablef("apt knows no Debian mirror here; run \"apt-get update\", and on another distribution use a container of Debian, or give a kernel image of your own with \"landlock-ci vm -kernel FILE\"")
}

// hostSuite stands for the suite that the machine is set up with.
const hostSuite = "HOST"

// A wanted is something to be taken out of a package.
type wanted struct {
	kind   string   // directory of the cache
	pkg    string   // pattern of the package's name
	arch   string   // Debian's name of the architecture
	suites []string // that may have it, the likeliest first

	// take returns the name in the cache of the package's file name, or "" if it
	// is not wanted.
	take func(name string) string
	// finish, if not nil, works on the directory of what was taken.
	finish func(ctx context.Context, dir string) error
}

// checkAfter is how old an answer of the mirror's may be.
const checkAfter = 24 * time.Hour

// get returns the cached directory of w, of the newest version that there is.
func (s *store) get(ctx context.Context, w wanted) (dir string, err error) {
	kind := filepath.Join(s.dir, w.kind)
	if err := os.MkdirAll(kind, 0o777); err != nil {
		return "", err
	}
	// One process at a time: apt's state allows no more.
	lock, err := lockFile(filepath.Join(s.dir, "lock"))
	if err != nil {
		return "", err
	}
	defer lock.Close()

	cached := s.cached(w)
	if s.offline {
		if cached == "" {
			return "", unablef("the cache %s has no %s of %s, or a damaged one; run this once without -offline", kind, w.pkg, w.arch)
		}
		return cached, nil
	}
	stamp := filepath.Join(kind, fmt.Sprintf(".checked-%s-%s", w.arch, w.pkg))
	stamp = strings.ReplaceAll(stamp, "*", "_")
	if fi, err := os.Stat(stamp); cached != "" && err == nil && time.Since(fi.ModTime()) < checkAfter {
		return cached, nil
	}
	var errs []error
	for _, suite := range w.suites {
		dir, err := s.fetch(ctx, w, suite)
		if err == nil {
			return dir, os.WriteFile(stamp, nil, 0o666)
		}
		var se *statusError
		if errors.As(err, &se) || ctx.Err() != nil {
			return "", err
		}
		errs = append(errs, fmt.Errorf("%s: %v", suite, err))
	}
	if cached != "" {
		fmt.Fprintf(os.Stderr, "landlock-ci: using %s, as the mirror fails: %v\n", filepath.Base(cached), errs[0])
		return cached, nil
	}
	return "", fmt.Errorf("no package %s for %s: %w", w.pkg, w.arch, errors.Join(errs...))
}

// cached returns the newest intact directory of w in the cache, or "".
func (s *store) cached(w wanted) string {
	kind := filepath.Join(s.dir, w.kind)
	entries, _ := os.ReadDir(kind)
	var names []string
	for _, e := range entries {
		f := strings.Split(e.Name(), "_") // package, version, architecture
		if len(f) == 3 && f[2] == w.arch {
			if ok, _ := path.Match(w.pkg, f[0]); ok {
				names = append(names, e.Name())
			}
		}
	}
	slices.SortFunc(names, compareVersions)
	for _, name := range slices.Backward(names) {
		dir := filepath.Join(kind, name)
		if intact(dir) {
			return dir
		}
	}
	return ""
}

// fetch makes the cached directory of w from the newest package in suite.
func (s *store) fetch(ctx context.Context, w wanted, suite string) (string, error) {
	a, err := s.apt(ctx, suite, w.arch)
	if err != nil {
		return "", err
	}
	if err := a.update(ctx); err != nil {
		return "", err
	}
	prefix, _, _ := strings.Cut(w.pkg, "*")
	out, err := a.run(ctx, "apt-cache", "pkgnames", prefix)
	if err != nil {
		return "", err
	}
	var names []string
	for name := range strings.FieldsSeq(string(out)) {
		if ok, _ := path.Match(w.pkg, name); ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "", fmt.Errorf("not there")
	}
	name := slices.MaxFunc(names, compareVersions)
	out, err = a.run(ctx, "apt-cache", "show", "--no-all-versions", name)
	if err != nil {
		return "", err
	}
	m := versionField.FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("apt-cache show %s: no version", name)
	}
	dir := filepath.Join(s.dir, w.kind, fmt.Sprintf("%s_%s_%s", name, strings.ReplaceAll(string(m[1]), ":", "."), w.arch))
	if intact(dir) {
		return dir, nil
	}
	tmp, err := os.MkdirTemp(s.dir, ".download-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	a.cwd = tmp
	if _, err := a.run(ctx, "apt-get", "download", name+"="+string(m[1])); err != nil {
		return "", err
	}
	debs, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil || len(debs) != 1 {
		return "", fmt.Errorf("apt-get download %s: got %d packages", name, len(debs))
	}
	return dir, replaceDir(dir, func(tmp string) error {
		if err := unpack(ctx, debs[0], tmp, w.take); err != nil {
			return err
		}
		if w.finish != nil {
			if err := w.finish(ctx, tmp); err != nil {
				return err
			}
		}
		return seal(tmp)
	})
}

var versionField = regexp.MustCompile(`(?m)^Version: (\S+)$`)

// An apt runs apt's commands on a state of our own, for one suite and one
// architecture, so that what one of them lacks does not hinder the others.
type apt struct {
	dir, cwd string
	options  []string
}

func (s *store) apt(ctx context.Context, suite, arch string) (*apt, error) {
	m, err := s.mirror()
	if err != nil {
		return nil, err
	}
	suite = strings.ReplaceAll(suite, hostSuite, m.suite)
	dir := filepath.Join(s.dir, "apt", suite+"-"+arch)
	for _, d := range []string{"state/lists/partial", "cache/archives/partial", "none"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			return nil, err
		}
	}
	option := "target=Packages"
	const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	if _, err := os.Stat(keyring); err == nil {
		option += " signed-by=" + keyring
	}
	sources := filepath.Join(dir, "sources.list")
	if err := os.WriteFile(sources, fmt.Appendf(nil, "deb [%s] %s %s main\n", option, m.uri, suite), 0o666); err != nil {
		return nil, err
	}
	status := filepath.Join(dir, "status")
	if err := os.WriteFile(status, nil, 0o666); err != nil {
		return nil, err
	}
	a := &apt{dir: dir}
	for _, o := range []string{
		"Dir::State=" + filepath.Join(dir, "state"),
		"Dir::State::status=" + status,
		"Dir::Cache=" + filepath.Join(dir, "cache"),
		"Dir::Etc::sourcelist=" + sources,
		"Dir::Etc::sourceparts=" + filepath.Join(dir, "none"),
		"Dir::Etc::preferences=/dev/null",
		"Dir::Etc::preferencesparts=" + filepath.Join(dir, "none"),
		"APT::Architecture=" + arch,
		"APT::Architectures=" + arch,
		"Acquire::Languages=none",
		// The user that root downloads as cannot write to the cache.
		"APT::Sandbox::User=root",
	} {
		a.options = append(a.options, "-o", o)
	}
	return a, nil
}

// update fetches the index, unless that was done a short while ago.
func (a *apt) update(ctx context.Context) error {
	stamp := filepath.Join(a.dir, "updated")
	if fi, err := os.Stat(stamp); err == nil && time.Since(fi.ModTime()) < time.Hour {
		return nil
	}
	_, err := a.run(ctx, "apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")
	if err != nil && ctx.Err() == nil {
		// A mirror that is being synchronized is at odds with itself for a moment.
		time.Sleep(2 * time.Second)
		_, err = a.run(ctx, "apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")
	}
	if err != nil {
		return err
	}
	return os.WriteFile(stamp, nil, 0o666)
}

func (a *apt) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := newCommand(ctx, a.cwd, name, append(slices.Clone(a.options), args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errNoApt
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %v", name, args[0], commandError(err))
	}
	return out, nil
}

// unpack writes the files of a package that take names to dir.
func unpack(ctx context.Context, deb, dir string, take func(string) string) error {
	cmd := newCommand(ctx, "", "dpkg-deb", "--fsys-tarfile", deb)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) {
		return errNoApt
	} else if err != nil {
		return err
	}
	found := false
	err = func() error {
		r := tar.NewReader(out)
		for {
			h, err := r.Next()
			if err == io.EOF {
				_, err := io.Copy(io.Discard, out)
				return err
			}
			if err != nil {
				return err
			}
			name := take(path.Clean(h.Name))
			if name == "" || h.Typeflag != tar.TypeReg {
				continue
			}
			found = true
			data, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			file := filepath.Join(dir, filepath.FromSlash(name))
			if err := writeFile(file, data); err != nil {
				return err
			}
			if err := os.Chmod(file, fs.FileMode(h.Mode).Perm()|0o600); err != nil {
				return err
			}
		}
	}()
	if err != nil {
		cmd.Cancel()
	}
	if werr := cmd.Wait(); werr != nil {
		return fmt.Errorf("dpkg-deb: %v: %s", werr, strings.TrimSpace(stderr.String()))
	}
	if err == nil && !found {
		err = fmt.Errorf("%s has none of the files that are wanted", filepath.Base(deb))
	}
	return err
}

// sumsFile of a cached directory holds the checksums of its other files.
const sumsFile = "SHA256SUMS"

// seal writes dir's sumsFile.
func seal(dir string) error {
	sums, err := checksums(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, sumsFile), sums, 0o666)
}

// intact reports whether the files of dir are those that it was sealed with.
func intact(dir string) bool {
	want, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return false
	}
	got, err := checksums(dir)
	return err == nil && bytes.Equal(got, want)
}

func checksums(dir string) ([]byte, error) {
	sums := make(map[string]string)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == sumsFile {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		sums[filepath.ToSlash(rel)] = fmt.Sprintf("%x", h.Sum(nil))
		return err
	})
	var buf bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&buf, "%s  %s\n", sums[name], name)
	}
	return buf.Bytes(), err
}

var digits = regexp.MustCompile(`\d+|\D+`)

// compareVersions orders names that hold versions, numbers as numbers.
func compareVersions(a, b string) int {
	return slices.CompareFunc(digits.FindAllString(a, -1), digits.FindAllString(b, -1), func(a, b string) int {
		m, merr := strconv.Atoi(a)
		n, nerr := strconv.Atoi(b)
		if merr == nil && nerr == nil {
			return cmp.Compare(m, n)
		}
		return strings.Compare(a, b)
	})
}

// kernelFile is the name of a kernel in its cached directory.
const kernelFile = "vmlinuz"

// kernel returns the path of k's image, and where it comes from.
func (s *store) kernel(ctx context.Context, k *kernel) (file, origin string, err error) {
	if k.built() {
		return s.builtKernel(k)
	}
	dir, err := s.get(ctx, wanted{
		kind:   "kernels",
		pkg:    k.pkg,
		arch:   machines[k.goarch].debArch,
		suites: k.suites,
		take: func(name string) string {
			if base := path.Base(name); strings.HasPrefix(base, "vmlinu") {
				return kernelFile
			}
			return ""
		},
		finish: func(ctx context.Context, dir string) error {
			if k.goarch != "loong64" {
				return nil
			}
			return unpackZboot(ctx, filepath.Join(dir, kernelFile))
		},
	})
	return filepath.Join(dir, kernelFile), filepath.Base(dir), err
}
