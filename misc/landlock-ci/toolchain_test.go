// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A standIn is a GOROOT in which make.bash takes no time. Its go command
// is a script that has the real one build with an overlay.
type standIn struct {
	*base
	t          *testing.T
	home, bin  string // the user's
	overlayArg string // for the real go command
}

// The go command of a standIn.
const standInGo = `#!/bin/sh
root=$(dirname "$(dirname "$0")")
case $1 in
env) printf '{"GOROOT":"%%s","GOVERSION":"%%s","GOMODCACHE":"/nonexistent","GOBIN":"%s"}\n' "$root" "$(head -n1 "$root/VERSION")" ;;
version) [ -z "$GOROOT" ] && echo "go version $(head -n1 "$root/VERSION") linux/%s" ;;
build) shift; exec '%s' build '%s' "$@" ;;
*) echo "go: what is $1?" >&2; exit 2 ;;
esac
`

// The make.bash of a standIn. It fails if the environment has a say in the build.
const standInMake = `echo "Building Go cmd/dist using $GOROOT_BOOTSTRAP. (some version)"
echo "Building packages and commands for linux/${GOARCH:-amd64}."
[ -z "$CC$GOFLAGS$GOAMD64$CGO_ENABLED" ] || { echo settings; exit 1; }
[ "$1" = -no-banner ] || exit 1
mkdir -p ../pkg/obj/go-build ../pkg/bootstrap
if [ "$2" = -distpack ]; then
	echo "Packaging archives for linux/${GOARCH:-amd64}."
	mkdir ../pkg/distpack
	v=$(head -n1 ../VERSION)
	for f in $v.src.tar.gz $v.linux-${GOARCH:-amd64}.tar.gz v0.0.1-$v.linux-${GOARCH:-amd64}.zip; do
		cat ../VERSION >../pkg/distpack/$f
	done
fi
`

func newStandIn(t *testing.T) *standIn {
	needOverlay(t)
	overlay, err := writeOverlay(t.Context(), testBase(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &standIn{base: fakeBase(t, same), t: t, home: t.TempDir(), bin: t.TempDir()}
	s.version = "go1.26.8"
	s.write("VERSION", s.version+"\ntime 2026-08-28T16:20:06Z\n")
	s.write("api/go1.26.txt", "pkg p, type T int #1\n")
	s.write("src/syscall/exec_linux_test.go", "package syscall_test\n")
	s.write("src/make.bash", standInMake)
	s.setOverlay(overlay)
	return s
}

// setOverlay sets the overlay that programs are built with.
func (s *standIn) setOverlay(file string) {
	s.write("bin/go", fmt.Sprintf(standInGo, s.bin, runtime.GOARCH, testBase(s.t).goCmd(), "-overlay="+file))
	if err := os.Chmod(s.file("bin/go"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.overlayArg = file
}

func (s *standIn) write(name, data string) {
	s.t.Helper()
	if err := writeFile(s.file(name), []byte(data)); err != nil {
		s.t.Fatal(err)
	}
}

// env is the environment in which toolchain is run. Make.bash
// must not see the settings in it.
func (s *standIn) env() []string {
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return []string{"HOME=" + s.home, "GOCACHE=" + strings.TrimSpace(string(cache)), "CC=cc", "GOFLAGS=-x", "GOAMD64=v2", "CGO_ENABLED=0"}
}

func (s *standIn) toolchain(args ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	return landlockCI(s.t, s.env(), append([]string{"toolchain", "-goroot", s.dir}, args...)...)
}

func (s *standIn) mustToolchain(args ...string) (stdout string) {
	s.t.Helper()
	stdout, stderr, status := s.toolchain(args...)
	if status != 0 || stderr != "" {
		s.t.Fatalf("toolchain %q: exit status %d, standard output %s, standard error %s", args, status, stdout, stderr)
	}
	return stdout
}

func TestToolchain(t *testing.T) {
	s := newStandIn(t)
	const name = "go1.26.8-landlock"
	sdk, launcher := filepath.Join(s.home, "sdk", name), filepath.Join(s.bin, name)
	for range 2 { // the second one replaces the first
		stdout := s.mustToolchain()
		for _, want := range []string{"s Building Go cmd/dist\n", "s Building packages and commands for linux/amd64\n", "s Testing " + name + ": its version, a build", "Installed go version " + name, "Put " + s.bin + " into PATH"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("standard output lacks %q:\n%s", want, stdout)
			}
		}
	}
	if names := dirNames(t, filepath.Dir(sdk)); !slices.Equal(names, []string{name}) {
		t.Errorf("sdk has %q", names)
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(sdk, filepath.FromSlash(name)))
		if err != nil {
			return err.Error()
		}
		return string(data)
	}
	if got := read("VERSION"); got != name+"\ntime 2026-08-28T16:20:06Z\n" {
		t.Errorf("VERSION is %q", got)
	}
	if got := read(execLinux); !strings.Contains(got, "UseLandlock bool") {
		t.Errorf("%s has no UseLandlock", execLinux)
	}
	if got := read("api/go1.26.txt"); !strings.Contains(got, "pkg p, type T int #1\npkg syscall (linux-386), type SysProcAttr struct, ") {
		t.Errorf("api/go1.26.txt does not have the API:\n%s", got)
	}
	for _, gone := range []string{"api/next", "doc/next", "pkg/obj", "pkg/bootstrap"} {
		if _, err := os.Stat(filepath.Join(sdk, gone)); err == nil {
			t.Errorf("there is %s", gone)
		}
	}

	// The launcher runs it, from the command line and for the go command.
	for _, cmd := range []*exec.Cmd{
		exec.Command(launcher, "version"),
		exec.Command("go", "version"),
	} {
		cmd.Env = append(os.Environ(), "GOROOT="+testBase(t).dir, "GOTOOLCHAIN="+name, "PATH="+s.bin+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "go version "+name+" linux/"+runtime.GOARCH+"\n" {
			t.Errorf("%q: %v, %s", cmd.Args, err, out)
		}
	}

	// Failures leave all as it was.
	entries := func() string { return fmt.Sprint(dirNames(t, filepath.Dir(sdk)), dirNames(t, sdk), dirNames(t, s.bin)) }
	before := entries()
	s.write("src/make.bash", standInMake+"echo out of luck; exit 1\n")
	if _, stderr, status := s.toolchain(); status != exitFailed || !strings.Contains(stderr, "make.bash for go1.26.8: exit status 1") || !strings.Contains(stderr, "out of luck") {
		t.Errorf("make.bash failed: exit status %d, standard error %s", status, stderr)
	}
	s.write("src/make.bash", standInMake)
	overlay := s.overlayArg
	if _, err := needLandlock(); err == nil {
		s.setOverlay(mutantOverlay(t, overlay))
		if _, stderr, status := s.toolchain(); status != exitFailed || !strings.Contains(stderr, name+" does not sandbox") {
			t.Errorf("a toolchain that does not sandbox: exit status %d, standard error %s", status, stderr)
		}
		s.setOverlay(overlay)
	}
	s.write("src/make.bash", standInMake+"echo go1.1 >../VERSION\n")
	if _, stderr, status := s.toolchain(); status != exitFailed || !strings.Contains(stderr, "says it is") {
		t.Errorf("a toolchain of another version: exit status %d, standard error %s", status, stderr)
	}
	if got := entries(); got != before {
		t.Errorf("after failures there is %s, before %s", got, before)
	}

	s.mustToolchain("-uninstall")
	if names := append(dirNames(t, filepath.Dir(sdk)), dirNames(t, s.bin)...); names != nil {
		t.Errorf("-uninstall left %q", names)
	}
	stdout, stderr, status := s.toolchain("-uninstall")
	checkError(t, stdout, stderr, status, exitUsage, "not installed", "-goroot")
}

// mutantOverlay returns a copy of overlay in which UseLandlock does nothing.
func mutantOverlay(t *testing.T, overlay string) string {
	t.Helper()
	data, err := os.ReadFile(overlay)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Dir(overlay))); err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join(dir, execLinux))
	if err != nil {
		t.Fatal(err)
	}
	mutant := bytes.Replace(src, []byte("if sys.UseLandlock {"), []byte("if false {"), 1)
	if bytes.Equal(src, mutant) {
		t.Fatalf("%s does not use UseLandlock", execLinux)
	}
	if err := os.WriteFile(filepath.Join(dir, execLinux), mutant, 0o666); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, filepath.Base(overlay))
	if err := os.WriteFile(file, bytes.ReplaceAll(data, []byte(filepath.Dir(overlay)), []byte(dir)), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestToolchainForeign tests that what others made is not overwritten.
func TestToolchainForeign(t *testing.T) {
	s := newStandIn(t)
	const name = "go1.26.8-landlock"
	sdk, launcher := filepath.Join(s.home, "sdk", name), filepath.Join(s.bin, name)
	if err := writeFile(filepath.Join(sdk, "bin", "go"), []byte("mine")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"-uninstall"}} {
		stdout, stderr, status := s.toolchain(args...)
		checkError(t, stdout, stderr, status, exitUsage, sdk+" was not made by this command")
	}
	if err := os.RemoveAll(sdk); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(launcher, []byte("mine")); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := s.toolchain()
	checkError(t, stdout, stderr, status, exitUsage, launcher+" was not made by this command")
	if err := os.Remove(launcher); err != nil {
		t.Fatal(err)
	}

	// One that replaced the launcher stays.
	s.mustToolchain()
	if err := os.Remove(launcher); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(launcher, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	s.mustToolchain("-uninstall")
	if data, err := os.ReadFile(launcher); err != nil || string(data) != "mine" {
		t.Errorf("the launcher of somebody else's: %q, %v", data, err)
	}
}

func TestToolchainDistpack(t *testing.T) {
	s := newStandIn(t)
	dir := filepath.Join(t.TempDir(), "pack")
	stdout := s.mustToolchain("-distpack", dir)
	stdout += s.mustToolchain("-distpack", dir, "-goarch", "arm64")
	if !strings.Contains(stdout, "Packaging archives for linux/arm64") {
		t.Errorf("standard output does not tell of packaging for arm64:\n%s", stdout)
	}
	want := []string{
		"go1.26.8-landlock.linux-amd64.tar.gz",
		"go1.26.8-landlock.linux-arm64.tar.gz",
		"go1.26.8-landlock.src.tar.gz",
		"golang.org/toolchain/@v/v0.0.1-go1.26.8-landlock.linux-amd64.zip",
		"golang.org/toolchain/@v/v0.0.1-go1.26.8-landlock.linux-arm64.zip",
	}
	var got []string
	filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, name)
			got = append(got, rel)
			if !strings.Contains(stdout, "  "+name+"\n") {
				t.Errorf("standard output lacks the checksum of %s", name)
			}
		}
		return err
	})
	if !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if _, err := os.Stat(filepath.Join(s.home, "sdk")); err == nil || dirNames(t, s.bin) != nil {
		t.Errorf("installed though packed")
	}
}

func TestToolchainErrors(t *testing.T) {
	s := newStandIn(t)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-goarch", "arm64"}, "add -distpack DIR"},
		{[]string{"-goarch", "z80", "-distpack", "x"}, "no such GOARCH"},
		{[]string{"-uninstall", "-distpack", "x"}, "-uninstall goes with -goroot alone"},
	} {
		stdout, stderr, status := s.toolchain(tt.args...)
		checkError(t, stdout, stderr, status, exitUsage, tt.want)
	}
	s.write("VERSION", "weekly.2012-03-27\n")
	stdout, stderr, status := s.toolchain()
	checkError(t, stdout, stderr, status, exitUsage, "not a release of Go")
	if err := os.Remove(s.file("VERSION")); err != nil {
		t.Fatal(err)
	}
	if _, err := newToolchain(s.base); err == nil || !strings.Contains(err.Error(), "landlock-ci cl") {
		t.Errorf("toolchain of a checkout: %v", err)
	}
}

// TestToolchainInterrupt tests that an interrupted installation leaves nothing.
func TestToolchainInterrupt(t *testing.T) {
	s := newStandIn(t)
	s.write("src/make.bash", "echo Building something.\necho Building more.\nsleep 1000\n")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "toolchain", "-goroot", s.dir)
	cmd.Env = slices.Concat(os.Environ(), []string{"LANDLOCK_CI_TEST_MAIN=1"}, s.env())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "Building something") {
			cmd.Process.Signal(syscall.SIGTERM) // in the next stage, that is
		}
	}
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("interrupted: %v", cmd.ProcessState)
	}
	if names := append(dirNames(t, filepath.Join(s.home, "sdk")), dirNames(t, s.bin)...); names != nil {
		t.Errorf("left: %q", names)
	}
}
