// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

func runToolchain(ctx context.Context, fs *flag.FlagSet, args []string) error {
	goroot := gorootFlag(fs)
	distpack := fs.String("distpack", "", "instead of installing it, write its archives and module files to the `directory`")
	goarch := fs.String("goarch", "", "with -distpack, make a toolchain for Linux on another `GOARCH`")
	uninstall := fs.Bool("uninstall", false, "remove the toolchain and its launcher")
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	switch {
	case *uninstall && (*distpack != "" || *goarch != ""):
		return usagef("-uninstall goes with -goroot alone")
	case *goarch != "" && *distpack == "":
		return usagef("-goarch %s: what is built for another machine cannot be installed on this one; add -distpack DIR", *goarch)
	case *goarch != "" && !slices.Contains(linuxArches, *goarch):
		return usagef("-goarch %s: Go has no such GOARCH for Linux; it has %s", *goarch, strings.Join(linuxArches, " "))
	}
	if *uninstall {
		return uninstallToolchain(ctx, *goroot)
	}
	b, err := findBase(ctx, *goroot)
	if err != nil {
		return err
	}
	tc, err := newToolchain(b)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("bash"); err != nil {
		return unablef("no bash in PATH; install bash, which runs Go's make.bash")
	}
	if _, err := os.Stat(b.file("src/syscall/exec_linux_test.go")); err != nil {
		fmt.Printf("%s in %s comes without Go's tests, api, doc and misc; so does what is made of it.\n", b.version, b.dir)
	}
	if *distpack != "" {
		return tc.pack(ctx, *distpack, *goarch)
	}
	return tc.install(ctx)
}

// A toolchain is a release of Go built with the patch set.
type toolchain struct {
	base  *base
	name  string // its version: go1.26.8-landlock
	stamp []byte // its file VERSION
}

const toolchainSuffix = "-landlock"

// newToolchain returns the toolchain that can be made of b.
func newToolchain(b *base) (*toolchain, error) {
	data, err := os.ReadFile(b.file("VERSION"))
	if err != nil {
		return nil, usagef("%s is not a release of Go, it has no file VERSION; put the patch set on a checkout with \"landlock-ci cl\" and build that with make.bash", b.dir)
	}
	// The first line is the version. Others, such as the time of the release
	// that all files in archives get, stay.
	version, rest, _ := strings.Cut(string(data), "\n")
	if version = strings.TrimSpace(version); !strings.HasPrefix(version, "go1.") || strings.ContainsAny(version, " /") {
		return nil, usagef("%s is not a release of Go, its VERSION is %q; name a release with -goroot", b.dir, version)
	}
	name := version + toolchainSuffix
	return &toolchain{base: b, name: name, stamp: []byte(name + "\n" + rest)}, nil
}

// build builds the toolchain in dir, an empty directory, for installing or,
// if pack is set, for packing, and then for Linux on goarch unless that is empty.
func (tc *toolchain) build(ctx context.Context, dir string, pack bool, goarch string, show *stages) error {
	files, err := tc.files(ctx)
	if err != nil {
		return err
	}
	var args, env []string
	if pack {
		args = append(args, "-distpack")
	}
	if goarch != "" {
		env = append(env, "GOOS=linux", "GOARCH="+goarch)
	}
	defer show.stop()
	if err := buildCopy(ctx, dir, tc.base, files, args, env, show); err != nil {
		return err
	}
	show.begin("Testing " + tc.name)
	how, err := tc.smokeTest(ctx, &base{dir: dir, version: tc.name})
	if err != nil {
		return err
	}
	show.end(how)
	return nil
}

// files returns the files in which the toolchain differs from its base.
func (tc *toolchain) files(ctx context.Context) (map[string][]byte, error) {
	files, err := tc.base.patchedFiles(ctx)
	if err != nil {
		return nil, err
	}
	files["VERSION"] = tc.stamp
	return files, tc.base.release(files)
}

// release does to the files of the patch set what is done when Go is released:
// api/next, which cmd/api reads for development versions only, becomes a part of
// the API of the release, and doc/next is left out.
func (b *base) release(files map[string][]byte) error {
	name := "api/" + regexp.MustCompile(`^go1\.\d+`).FindString(b.version) + ".txt"
	api, err := os.ReadFile(b.file(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	hasAPI := err == nil // a toolchain that the go command downloaded has none
	for _, file := range slices.Sorted(maps.Keys(files)) {
		next := strings.HasPrefix(file, "api/next/")
		if next {
			api = append(api, files[file]...)
		}
		if next || strings.HasPrefix(file, "doc/next/") {
			delete(files, file)
		}
	}
	if hasAPI {
		files[name] = api
	}
	return nil
}

// buildCopy copies the GOROOT of b to dir, an empty directory,
// replaces files in it and builds it with make.bash.
func buildCopy(ctx context.Context, dir string, b *base, files map[string][]byte, args, env []string, show *stages) error {
	show.begin("Copying " + b.dir)
	if err := copyTree(ctx, dir, b.dir); err != nil {
		return err
	}
	for name, data := range files {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), data); err != nil {
			return err
		}
	}
	return makeBash(ctx, dir, b, args, env, show)
}

// makeBash builds the GOROOT dir with make.bash, bootstrapped with b,
// in a way that depends on neither dir nor the user's settings.
func makeBash(ctx context.Context, dir string, b *base, args, env []string, show *stages) error {
	cmd := newCommand(ctx, filepath.Join(dir, "src"), "bash", append([]string{"make.bash", "-no-banner"}, args...)...)
	// Go's variables and those of C compilers become defaults of what is built.
	setting := regexp.MustCompile(`^(GO|CGO|CC|CXX|FC|AR|PKG_CONFIG|DIST)[A-Z0-9_]*=`)
	cmd.Env = slices.DeleteFunc(os.Environ(), setting.MatchString)
	cmd.Env = append(cmd.Env, "GOROOT_BOOTSTRAP="+b.dir, "GOTOOLCHAIN=local", "GOENV=off")
	cmd.Env = append(cmd.Env, env...)
	out := &makeOutput{show: show}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("make.bash for %s: %v\n%s", b.version, err, tail(out.all))
	}
	// The rest are leftovers of the build, as large as the toolchain.
	show.begin("Removing what is not needed any more")
	for _, name := range []string{"pkg/obj", "pkg/bootstrap"} {
		if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}

// A makeOutput takes what make.bash prints and shows the stages that it tells.
type makeOutput struct {
	show *stages
	all  []byte
	line int // where the last, unfinished line starts
}

func (o *makeOutput) Write(data []byte) (int, error) {
	o.all = append(o.all, data...)
	for {
		i := bytes.IndexByte(o.all[o.line:], '\n')
		if i < 0 {
			return len(data), nil
		}
		line := string(o.all[o.line : o.line+i])
		o.line += i + 1
		if strings.HasPrefix(line, "Building ") || strings.HasPrefix(line, "Packaging ") {
			name, _, _ := strings.Cut(line, " using ")
			o.show.begin(strings.TrimSuffix(name, "."))
		}
	}
}

// stages shows the stages of a long task: a line for each with the time that it
// took and, on a terminal, a line that moves for the one under way.
type stages struct {
	quiet  bool          // show nothing
	detail func() string // if not nil, what is going on, for the line that moves
	name   string
	start  time.Time
	hide   func()
}

// begin ends the stage under way, if any, and begins the next.
func (s *stages) begin(name string) {
	s.end("")
	if s.quiet {
		return
	}
	start := time.Now()
	s.name, s.start = name, start
	s.hide = showProgress(func() string {
		line := fmt.Sprintf("%6.0fs %s ...", time.Since(start).Seconds(), name)
		if s.detail != nil {
			line += " " + s.detail()
		}
		return line
	})
}

// end ends the stage under way with a line that has the detail in it.
func (s *stages) end(detail string) {
	if s.hide == nil {
		return
	}
	s.stop()
	if detail != "" {
		detail = ": " + detail
	}
	fmt.Printf("%6.1fs %s%s\n", time.Since(s.start).Seconds(), s.name, detail)
}

// stop removes the line that moves.
func (s *stages) stop() {
	if s.hide != nil {
		s.hide()
		s.hide = nil
	}
}

// smokeTest tests the toolchain built in the GOROOT of built, and says how.
func (tc *toolchain) smokeTest(ctx context.Context, built *base) (how string, err error) {
	cmd := newCommand(ctx, built.dir, built.goCmd(), "version")
	cmd.Env = localEnv()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s version: %v", tc.name, commandError(err))
	}
	if want := fmt.Sprintf("go version %s %s/%s\n", tc.name, runtime.GOOS, runtime.GOARCH); string(out) != want {
		return "", fmt.Errorf("%s says it is %q, want %q", built.goCmd(), out, want)
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-smoke-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	program, err := compileGitstatus(ctx, built, tmp, localEnv("GOOS=linux", "GOARCH="+runtime.GOARCH))
	if err != nil {
		return "", err
	}
	if _, err := needLandlock(); err != nil {
		return "its version, and a build; no child in a sandbox: " + err.Error(), nil
	}
	var table bytes.Buffer
	if err := tryGitstatus(ctx, &table, program, tmp); err != nil {
		return "", fmt.Errorf("%s does not sandbox: %v\n%s", tc.name, err, &table)
	}
	return "its version, a build, and a child in a sandbox", nil
}

// pack builds the toolchain and writes what cmd/distpack makes of it to dir:
// the archives of a release, and module files
// at the places where a GOPROXY has them.
func (tc *toolchain) pack(ctx context.Context, dir, goarch string) error {
	tmp, err := os.MkdirTemp("", "landlock-ci-toolchain-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := tc.build(ctx, tmp, true, goarch, new(stages)); err != nil {
		return err
	}
	made, err := filepath.Glob(filepath.Join(tmp, "pkg", "distpack", "*"))
	if err != nil {
		return err
	}
	for _, from := range made {
		to := filepath.Join(dir, filepath.Base(from))
		if strings.HasPrefix(filepath.Base(from), "v0.0.1-") {
			to = filepath.Join(dir, "golang.org", "toolchain", "@v", filepath.Base(from))
		}
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := writeWhole(to, data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%x  %s\n", sha256.Sum256(data), to)
	}
	return nil
}

// toolchainMark is the file that marks a directory as an installed toolchain.
// It holds a toolchainInfo as JSON.
const toolchainMark = "landlock-toolchain.json"

type toolchainInfo struct {
	Version  string
	Launcher string // path of the program that runs it
}

// readToolchainInfo returns the toolchainInfo of the directory dir. The error
// is fs.ErrNotExist if there is no such directory,
// and another if it is not an installed toolchain.
func readToolchainInfo(dir string) (toolchainInfo, error) {
	var info toolchainInfo
	if _, err := os.Lstat(dir); err != nil {
		return info, err
	}
	data, err := os.ReadFile(filepath.Join(dir, toolchainMark))
	if err == nil {
		err = json.Unmarshal(data, &info)
	}
	if err != nil {
		return info, usagef("%s was not made by this command; move it away", dir)
	}
	return info, nil
}

// sdkDir returns where the toolchain name is installed,
// beside those that golang.org/dl installs.
func sdkDir(name string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", unablef("no home directory to install in: %v", err)
	}
	return filepath.Join(home, "sdk", name), nil
}

// install builds the toolchain and installs it with a launcher of its name.
func (tc *toolchain) install(ctx context.Context) error {
	dir, err := sdkDir(tc.name)
	if err != nil {
		return err
	}
	bin, err := binDir(ctx, tc.base)
	if err != nil {
		return err
	}
	info := toolchainInfo{tc.name, filepath.Join(bin, tc.name+exeSuffix)}
	old, err := readToolchainInfo(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Lstat(info.Launcher); err == nil && !isLauncher(info.Launcher) {
		return usagef("%s was not made by this command; move it away", info.Launcher)
	}

	var launcher []byte
	err = replaceDir(dir, func(tmp string) error {
		if err := tc.build(ctx, tmp, false, "", new(stages)); err != nil {
			return err
		}
		if launcher, err = buildLauncher(ctx, &base{dir: tmp}, dir); err != nil {
			return err
		}
		data, err := json.MarshalIndent(info, "", "\t")
		if err != nil {
			return err
		}
		return writeFile(filepath.Join(tmp, toolchainMark), append(data, '\n'))
	})
	if err != nil {
		return err
	}
	if err := writeWhole(info.Launcher, launcher, 0o755); err != nil {
		return err
	}
	if old.Launcher != info.Launcher && isLauncher(old.Launcher) {
		os.Remove(old.Launcher)
	}

	cmd := newCommand(ctx, dir, info.Launcher, "version")
	cmd.Env = localEnv()
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s version: %v", info.Launcher, commandError(err))
	}
	fmt.Printf("Installed %s in %s, and %s, which runs it.\n", strings.TrimSpace(string(out)), dir, info.Launcher)
	if found, err := exec.LookPath(tc.name); err != nil || found != info.Launcher {
		fmt.Printf("Put %s into PATH, for GOTOOLCHAIN=%s to find it.\n", bin, tc.name)
	}
	return nil
}

// uninstallToolchain removes what install installed for the Go in the
// directory goroot or, if that is empty, for the one in use.
func uninstallToolchain(ctx context.Context, goroot string) error {
	b, err := findGo(ctx, goroot)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(b.version, toolchainSuffix) + toolchainSuffix
	dir, err := sdkDir(name)
	if err != nil {
		return err
	}
	info, err := readToolchainInfo(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("%s is not installed, there is no %s; name the Go that it was made of with -goroot", name, dir)
	}
	if err != nil {
		return err
	}
	// It is out of the way at once, then removed.
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".landlock-ci-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Rename(dir, filepath.Join(tmp, name)); err != nil {
		return err
	}
	fmt.Println("Removed", dir)
	if isLauncher(info.Launcher) {
		if err := os.Remove(info.Launcher); err != nil {
			return err
		}
		fmt.Println("Removed", info.Launcher)
	}
	return os.RemoveAll(tmp)
}

// binDir returns the directory that go install installs programs in.
func binDir(ctx context.Context, b *base) (string, error) {
	cmd := newCommand(ctx, "", b.goCmd(), "env", "-json", "GOBIN", "GOPATH")
	cmd.Env = localEnv()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s env: %v", b.goCmd(), commandError(err))
	}
	var v struct{ GOBIN, GOPATH string }
	if err := json.Unmarshal(out, &v); err != nil {
		return "", err
	}
	if v.GOBIN != "" {
		return v.GOBIN, nil
	}
	list := filepath.SplitList(v.GOPATH)
	if len(list) == 0 {
		return "", unablef("neither GOBIN nor GOPATH is set, so there is no place for the launcher; set one with \"go env -w\"")
	}
	return filepath.Join(list[0], "bin"), nil
}

// launcherSource is the program that runs an installed toolchain.
//
//go:embed testdata/launcher/main.go
var launcherSource []byte

const launcherPath = "golandlock/launcher"

// buildLauncher returns a program that runs the toolchain in dir.
// It is built with the go command of b.
func buildLauncher(ctx context.Context, b *base, dir string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "landlock-ci-launcher-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	if err := writeFile(filepath.Join(tmp, "main.go"), launcherSource); err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(tmp, "go.mod"), []byte("module "+launcherPath+"\n\ngo 1.25\n")); err != nil {
		return nil, err
	}
	program := filepath.Join(tmp, "launcher"+exeSuffix)
	cmd := newCommand(ctx, tmp, b.goCmd(), "build", "-o", program, fmt.Sprintf("-ldflags=-s -w -X 'main.goroot=%s'", dir))
	cmd.Env = localEnv("GOFLAGS=-buildvcs=false", "GOWORK=off", "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the launcher: %v\n%s", err, out)
	}
	return os.ReadFile(program)
}

// isLauncher reports whether file is a program that buildLauncher built.
func isLauncher(file string) bool {
	info, err := buildinfo.ReadFile(file)
	return err == nil && info.Path == launcherPath
}
