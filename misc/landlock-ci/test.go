// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"golandlock"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func runTest(ctx context.Context, fs *flag.FlagSet, args []string) error {
	goroot := gorootFlag(fs)
	pattern := fs.String("run", "", "run only the steps whose names match the `regexp`")
	short := fs.Bool("short", false, "run only the quick steps")
	long := fs.Bool("long", false, "run the tests in full, without go test's -short")
	all := fs.Bool("all", false, "instead, run all tests of the Go release on it with and without the patch set, and compare")
	shard := fs.String("shard", "", "with -all, only the `k/n`th part of the tests, 1/n being the first")
	mutants := fs.Bool("mutants", false, "instead, put mistakes into the patch, one each step, and have the tests find them")
	jsonFile := fs.String("json", "", "write the results to `file`")
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	re, err := regexp.Compile(*pattern)
	if err != nil {
		return usagef("-run: %v", err)
	}
	if *shard != "" && !*all {
		return usagef("-shard goes with -all alone")
	}
	if *all && (*short || *long || *mutants) {
		return usagef("-all goes with -goroot, -run, -shard and -json alone")
	}
	abi, err := needLandlock()
	if err != nil {
		return err
	}
	if *mutants && os.Getuid() != 0 {
		return unablef("-mutants needs root, without which some mistakes do not show")
	}
	b, err := findBase(ctx, *goroot)
	if err != nil {
		return err
	}
	if _, err := os.Stat(b.file("src/syscall/exec_linux_test.go")); err != nil {
		return usagef("%s (%s) comes without Go's tests, as toolchains that the go command downloads do; name a complete installation with -goroot", b.dir, b.version)
	}
	if *all {
		return testAll(ctx, b, abi, re, *shard, *jsonFile)
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-test-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)

	t := &tester{base: b, abi: strconv.Itoa(abi), long: *long}
	var steps []*step
	candidates := t.steps()
	if *mutants {
		candidates = t.mutants()
	}
	var names []string
	for _, s := range candidates {
		names = append(names, s.Name)
		if re.MatchString(s.Name) && !(*short && s.slow) {
			steps = append(steps, s)
		}
	}
	if len(steps) == 0 {
		return usagef("-run %s selects none of the steps: %s", *pattern, strings.Join(names, " "))
	}
	fmt.Printf("Testing the patch set on %s in %s, with Landlock ABI %d, as user %d.\n", b.version, b.dir, abi, os.Getuid())
	if t.tree, err = makeTree(ctx, b, filepath.Join(tmp, "tree")); err != nil {
		return err
	}
	for i, s := range steps {
		s.do(ctx, fmt.Sprintf("[%d/%d]", i+1, len(steps)))
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if *jsonFile != "" {
		err := writeJSON(*jsonFile, testResults{b.version, b.dir, abi, os.Getuid(), steps})
		if err != nil {
			return err
		}
	}
	return summary(steps)
}

// testResults are what "landlock-ci test -json" writes.
type testResults struct {
	Version string // of the base
	GOROOT  string // of the base
	ABI     int    // Landlock ABI version of the kernel
	UID     int
	Steps   []*step
}

// writeJSON writes v to file, in whole or not at all.
func writeJSON(file string, v any) error {
	data, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return writeWhole(file, append(data, '\n'), 0o644)
}

// summary prints how many steps passed, failed and were skipped.
// It returns an error if any failed.
func summary(steps []*step) error {
	count := make(map[string]int)
	var failed []string
	for _, s := range steps {
		count[s.Status]++
		if s.Status == "fail" {
			failed = append(failed, s.Name)
		}
	}
	line := fmt.Sprintf("%d passed, %d failed", count["pass"], count["fail"])
	if n := count["skip"]; n > 0 {
		line += fmt.Sprintf(", %d skipped", n)
	}
	fmt.Println(line)
	if failed != nil {
		return fmt.Errorf("failed: %s; \"landlock-ci test -run\" runs single steps", strings.Join(failed, " "))
	}
	return nil
}

// A step is a part of the test run.
type step struct {
	Name    string
	Status  string  // "pass", "fail" or "skip"
	Seconds float64 // time taken
	Detail  string  `json:",omitempty"` // what was tested, or why not

	slow bool
	run  func(ctx context.Context) (detail string, err error)
}

// A skipError says why this machine cannot run a step.
type skipError string

func (e skipError) Error() string { return string(e) }

// do runs s and prints a line about it, after the prefix.
func (s *step) do(ctx context.Context, prefix string) {
	start := time.Now()
	stop := showProgress(func() string {
		return fmt.Sprintf("%s ... %s %.0fs", prefix, s.Name, time.Since(start).Seconds())
	})
	detail, err := s.run(ctx)
	stop()
	s.Seconds = time.Since(start).Seconds()
	s.Status, s.Detail = "pass", detail
	var skip skipError
	if errors.As(err, &skip) {
		s.Status, s.Detail = "skip", err.Error()
	} else if err != nil {
		s.Status, s.Detail = "fail", err.Error()
	}
	if ctx.Err() == nil {
		fmt.Printf("%s %s %s %.1fs %s\n", prefix, s.Status, s.Name, s.Seconds, s.Detail)
	}
}

// showProgress shows a line that moves if standard output is a terminal.
// The function that it returns removes the line.
func showProgress(line func() string) (stop func()) {
	if fi, err := os.Stdout.Stat(); err != nil || fi.Mode()&fs.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return func() {}
	}
	quit, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			fmt.Printf("\r\x1b[K%s", line())
			select {
			case <-quit:
				fmt.Print("\r\x1b[K")
				return
			case <-time.After(time.Second):
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// A tester holds what the steps share.
type tester struct {
	base *base
	tree *base  // patched copy of base
	abi  string // Landlock ABI version of the kernel
	long bool   // run the tests in full
}

// linuxArches are the GOARCHes that Go has for Linux.
var linuxArches = []string{"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x"}

// otherPorts are ports to which the patch set must be invisible.
var otherPorts = []string{"aix-ppc64", "android-arm64", "darwin-arm64", "dragonfly-amd64", "freebsd-amd64", "illumos-amd64", "js-wasm", "netbsd-amd64", "openbsd-amd64", "plan9-amd64", "solaris-amd64", "wasip1-wasm", "windows-amd64"}

// supported are the releases of Go that the patch set is held against,
// the newest of each series.
var supported = []string{"go1.25.14", "go1.26.11", "go1.27.4"}

// steps returns all steps in the order in which they run.
func (t *tester) steps() []*step {
	touched, tested := touchedPackages(), testedPackages()
	var steps []*step
	add := func(name string, slow bool, run func(context.Context) (string, error)) {
		steps = append(steps, &step{Name: name, slow: slow, run: run})
	}
	add("vet", false, func(ctx context.Context) (string, error) {
		return t.vet(ctx, tested)
	})
	builder := "linux-" + runtime.GOARCH
	// All the tests of runtime take many minutes.
	whole := slices.DeleteFunc(slices.Clone(tested), func(pkg string) bool { return pkg == "runtime" })
	test := func(name string, slow bool, args []string, env ...string) {
		add(name, slow, func(ctx context.Context) (string, error) {
			return t.goTest(ctx, slices.Concat(args, whole), env...)
		})
		add(name+"-runtime", slow, func(ctx context.Context) (string, error) {
			return t.goTest(ctx, slices.Concat(args, []string{"-run=Landlock", "runtime"}), env...)
		})
	}
	test(builder, false, nil, "CGO_ENABLED=1")
	test(builder+"-nocgo", false, nil, "CGO_ENABLED=0")
	test(builder+"-race", true, []string{"-race"}, "CGO_ENABLED=1")
	if runtime.GOARCH == "amd64" {
		test("linux-386", true, nil, "CGO_ENABLED=0", "GOARCH=386")
	}
	add("testdir", false, func(ctx context.Context) (string, error) {
		return t.goTest(ctx, []string{"-run=^Test$/^fixedbugs/issue68595.go$", "cmd/internal/testdir"})
	})
	add("deps", false, func(ctx context.Context) (string, error) {
		return t.goCommand(ctx, []string{"test", "-count=1", "-run=^TestDependencies$", "go/build"})
	})
	add("relnote", false, t.relnote)
	add("api", true, t.api)
	add("order", false, t.order)
	add("misc", false, t.misc)
	add("landlock-exec", false, t.landlockExec)
	add("go-landlock", false, t.goLandlock)
	add("childcode", true, t.childCode)
	for _, version := range supported {
		add("base-"+version, true, func(ctx context.Context) (string, error) {
			return t.tryBase(ctx, version)
		})
	}
	if t.long {
		add("toolchain", true, t.buildToolchain)
	}
	for _, arch := range linuxArches {
		add("cross-linux-"+arch, true, func(ctx context.Context) (string, error) {
			return t.cross(ctx, arch, touched)
		})
	}
	for _, port := range otherPorts {
		add("build-"+port, true, func(ctx context.Context) (string, error) {
			goos, goarch, _ := strings.Cut(port, "-")
			return t.goCommand(ctx, append([]string{"build"}, tested...), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
		})
	}
	return steps
}

// touchedPackages returns the packages of which the patch set has files.
func touchedPackages() []string {
	pkgs := make(map[string]bool)
	fs.WalkDir(golandlock.FS, "src", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			pkgs[path.Dir(strings.TrimPrefix(name, "src/"))] = true
		}
		return err
	})
	return slices.Sorted(maps.Keys(pkgs))
}

// testedPackages returns the packages that are tested.
func testedPackages() []string {
	pkgs := slices.Concat(touchedPackages(), []string{"os", "os/exec"})
	slices.Sort(pkgs)
	return slices.Compact(pkgs)
}

// command returns a go command in the tree. The environment says what the tests
// are to expect of the kernel, so that they do not pass by skipping.
func (t *tester) command(ctx context.Context, args []string, env ...string) *exec.Cmd {
	cmd := newCommand(ctx, t.tree.file("src"), t.tree.goCmd(), args...)
	cmd.Env = append(localEnv("GOFLAGS=", "GOWORK=off", "GO_TEST_LANDLOCK_ABI="+t.abi), env...)
	return cmd
}

// goCommand runs a go command in the tree.
func (t *tester) goCommand(ctx context.Context, args []string, env ...string) (detail string, err error) {
	if out, err := t.command(ctx, args, env...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, tail(out))
	}
	return strings.Join(args[1:], " "), nil
}

// tail returns the last lines of out.
func tail(out []byte) []byte {
	const most = 100
	lines := slices.Collect(bytes.Lines(out))
	return bytes.Join(lines[max(0, len(lines)-most):], nil)
}

func (t *tester) vet(ctx context.Context, pkgs []string) (string, error) {
	// Some of Go's own test data need gofmt.
	var files []string
	for _, pkg := range pkgs {
		names, err := filepath.Glob(filepath.Join(t.tree.file("src"), filepath.FromSlash(pkg), "*.go"))
		if err != nil {
			return "", err
		}
		files = append(files, names...)
	}
	gofmt := newCommand(ctx, t.tree.file("src"), t.tree.file("bin/gofmt"+exeSuffix), append([]string{"-l"}, files...)...)
	if out, err := gofmt.CombinedOutput(); err != nil || len(out) > 0 {
		return "", fmt.Errorf("gofmt -l: %v, these files need gofmt:\n%s", err, out)
	}
	return t.goCommand(ctx, append([]string{"vet"}, pkgs...))
}

// goTest runs go test in the tree. It is an error if a test of Landlock skips,
// or if no test runs at all.
func (t *tester) goTest(ctx context.Context, args []string, env ...string) (detail string, err error) {
	if slices.Contains(args, "-race") || slices.Contains(env, "CGO_ENABLED=1") {
		if err := t.needCgo(ctx); err != nil {
			return "", err
		}
	}
	// Tens of thousands of processes take a busy machine more than the usual
	// ten minutes.
	args = slices.Concat([]string{"test", "-json", "-count=1", "-timeout=30m", fmt.Sprintf("-short=%t", !t.long)}, args)
	cmd := t.command(ctx, args, env...)
	out, runErr := cmd.Output()

	r := readTestEvents(out)
	what := "go " + strings.Join(args, " ")
	switch {
	case runErr != nil:
		return "", fmt.Errorf("%s: %v\n%s", what, commandError(runErr), tail(r.failures))
	case r.skippedLandlock != nil:
		return "", fmt.Errorf("%s: tests of Landlock were skipped, though the kernel has it: %s", what, strings.Join(r.skippedLandlock, " "))
	case r.landlock == 0:
		return "", fmt.Errorf("%s: no test of Landlock ran", what)
	}
	return fmt.Sprintf("%d tests passed, of which %d of Landlock; %d skipped", r.passed, r.landlock, r.skipped), nil
}

// testEvents is the gist of what "go test -json" prints.
type testEvents struct {
	passed, skipped int
	landlock        int      // tests of Landlock that passed
	skippedLandlock []string // tests of Landlock that were skipped
	failed          []string // tests that failed, without their subtests
	failures        []byte   // output of the failed tests, and of the go command
}

func readTestEvents(out []byte) *testEvents {
	var r testEvents
	output := make(map[string][]byte) // of each test
	for line := range bytes.Lines(out) {
		var event struct{ Action, Package, Test, Output string }
		if json.Unmarshal(line, &event) != nil {
			r.failures = append(r.failures, line...) // from the go command
			continue
		}
		if event.Test == "" {
			// About the package, such as that it did not compile.
			if line := event.Output; line != "PASS\n" && !strings.HasPrefix(line, "ok ") {
				r.failures = append(r.failures, line...)
			}
			continue
		}
		key := event.Package + "." + event.Test
		output[key] = append(output[key], event.Output...)
		isLandlock := strings.Contains(event.Test, "Landlock") || strings.Contains(event.Test, "issue68595")
		switch event.Action {
		case "pass":
			r.passed++
			if isLandlock {
				r.landlock++
			}
		case "skip":
			r.skipped++
			if isLandlock {
				r.skippedLandlock = append(r.skippedLandlock, event.Package+"."+event.Test)
			}
		case "fail":
			r.failures = append(r.failures, output[key]...)
			name, _, _ := strings.Cut(event.Test, "/")
			if name = event.Package + "." + name; !slices.Contains(r.failed, name) {
				r.failed = append(r.failed, name)
			}
		}
	}
	return &r
}

// needCgo returns a skipError if there is no C compiler.
func (t *tester) needCgo(ctx context.Context) error {
	out, err := t.command(ctx, []string{"env", "CC"}).Output()
	if err != nil {
		return commandError(err)
	}
	if cc := strings.Fields(string(out)); len(cc) > 0 {
		if _, err := exec.LookPath(cc[0]); err != nil {
			return skipError(fmt.Sprintf("no C compiler %s; install gcc", cc[0]))
		}
	}
	return nil
}

// apiVersion makes cmd/api read api/next, which it does
// for development and beta versions only.
const apiVersion = "-ldflags=-X=runtime.buildVersion=devel"

// api runs Go's check of the exported API.
func (t *tester) api(ctx context.Context) (string, error) {
	return t.check(ctx, []string{"test", "-count=1", apiVersion, "cmd/api", "-check"},
		"api/next/68595.txt", "type SysProcAttr struct, UseLandlock bool")
}

// relnote runs Go's check that changes of the API have release notes.
func (t *tester) relnote(ctx context.Context) (string, error) {
	return t.check(ctx, []string{"test", "-count=1", "cmd/relnote", "-check"},
		"doc/next/6-stdlib/99-minor/syscall/68595.md", "Every API change must have a corresponding release note file")
}

// check runs one of Go's checks, which must pass with the file entry and,
// so that it is known to look, fail and say complaint without it.
func (t *tester) check(ctx context.Context, args []string, entry, complaint string) (detail string, err error) {
	detail, err = t.goCommand(ctx, args)
	if err != nil {
		return "", err
	}
	file, hidden := t.tree.file(entry), filepath.Join(t.tree.dir, "hidden")
	if err := os.Rename(file, hidden); err != nil {
		return "", err
	}
	out, err := t.command(ctx, args).CombinedOutput()
	if err := os.Rename(hidden, file); err != nil {
		return "", err
	}
	if err == nil || !bytes.Contains(out, []byte(complaint)) {
		return "", fmt.Errorf("go %s: got %v without %s, want a failure that says %q\n%s", strings.Join(args, " "), err, entry, complaint, tail(out))
	}
	return detail + "; rejected without " + entry, nil
}

// module returns the directory of this module,
// which the working directory must be in.
func (t *tester) module(ctx context.Context) (dir string, err error) {
	cmd := newCommand(ctx, "", t.base.goCmd(), "list", "-m", "-f={{.Path}} {{.Dir}}")
	cmd.Env = localEnv("GOFLAGS=", "GOWORK=off")
	out, err := cmd.Output()
	dir, ok := strings.CutPrefix(strings.TrimSpace(string(out)), "golandlock ")
	if err != nil || !ok {
		return "", skipError("the working directory is not in a checkout of this repository")
	}
	return dir, nil
}

// misc runs the tests of this module.
func (t *tester) misc(ctx context.Context) (string, error) {
	dir, err := t.module(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range []struct{ goos, args string }{
		{"linux", "vet ./..."},
		{"darwin", "vet ./..."},
		{"windows", "vet ./..."},
		{"linux", "test -count=1 ./..."},
	} {
		cmd := newCommand(ctx, dir, t.base.goCmd(), strings.Fields(c.args)...)
		cmd.Env = localEnv("GOFLAGS=", "GOWORK=off", "GOOS="+c.goos, "GO_TEST_LANDLOCK_ABI="+t.abi)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("GOOS=%s go %s: %v\n%s", c.goos, c.args, err, tail(out))
		}
	}
	return "go vet and go test ./...", nil
}

// landlockExec runs the tests of this module that need the patch set: those of
// landlock-exec, and the examples of package landlock.
func (t *tester) landlockExec(ctx context.Context) (string, error) {
	dir, err := t.module(ctx)
	if err != nil {
		return "", err
	}
	var out []byte
	for _, args := range [][]string{{"vet"}, {"test", "-json", "-count=1"}} {
		args = append(args, "-tags=landlock", "./misc/landlock", "./misc/landlock-exec")
		cmd := newCommand(ctx, dir, t.tree.goCmd(), args...)
		cmd.Env = localEnv("GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0", "GO_TEST_LANDLOCK_ABI="+t.abi)
		out, err = cmd.Output()
		if err != nil {
			r := readTestEvents(out)
			return "", fmt.Errorf("go %s: %v\n%s", strings.Join(args, " "), commandError(err), tail(r.failures))
		}
	}
	r := readTestEvents(out)
	if r.skipped > 0 || r.landlock == 0 {
		return "", fmt.Errorf("of the tests of misc/landlock and misc/landlock-exec, %d passed and %d were skipped, though this machine has all they need", r.passed, r.skipped)
	}
	return fmt.Sprintf("%d tests passed", r.passed), nil
}

// goLandlock compares package landlock with github.com/landlock-lsm/go-landlock,
// which the go command downloads.
func (t *tester) goLandlock(ctx context.Context) (string, error) {
	dir, err := t.module(ctx)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(t.base.version, "go1.25.") {
		return "", skipError("go-landlock needs Go 1.26 or later")
	}
	dir = filepath.Join(dir, "misc", "landlock", "testdata", "compare")
	run := func(args ...string) ([]byte, error) {
		cmd := newCommand(ctx, dir, t.tree.goCmd(), args...)
		cmd.Env = localEnv("GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0", "GO_TEST_LANDLOCK_ABI="+t.abi)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, tail(out))
		}
		return out, nil
	}
	if _, err := run("mod", "download"); err != nil {
		return "", fmt.Errorf("downloading go-landlock; is there a module proxy, see \"go env GOPROXY\"? %w", err)
	}
	if _, err := run("vet", "./..."); err != nil {
		return "", err
	}
	out, err := run("test", "-count=1", "-v", ".")
	if err != nil {
		return "", err
	}
	detail := regexp.MustCompile(`\d+ outcomes of .*`).Find(out)
	if detail == nil {
		return "", fmt.Errorf("nothing was compared\n%s", tail(out))
	}
	return string(detail), nil
}

// tryBase runs the demonstration with another release of Go.
func (t *tester) tryBase(ctx context.Context, version string) (detail string, err error) {
	b, err := download(ctx, t.base.goCmd(), version)
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-base-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	var table bytes.Buffer
	if err := demo(ctx, &table, b, tmp); err != nil {
		return "", fmt.Errorf("%v\n%s", err, &table)
	}
	return "the patch set applies, and the demonstration runs", nil
}

// buildToolchain builds a toolchain and throws it away.
func (t *tester) buildToolchain(ctx context.Context) (detail string, err error) {
	tc, err := newToolchain(t.base)
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-toolchain-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	return tc.name + " builds and sandboxes", tc.build(ctx, tmp, false, "", &stages{quiet: true})
}

// cross vets packages for a GOARCH and compiles their tests.
func (t *tester) cross(ctx context.Context, arch string, pkgs []string) (detail string, err error) {
	env := []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0"}
	if _, err := t.goCommand(ctx, append([]string{"vet"}, pkgs...), env...); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "landlock-ci-cross-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	args := append([]string{"test", "-c", "-o", dir + string(filepath.Separator)}, pkgs...)
	if _, err := t.goCommand(ctx, args, env...); err != nil {
		return "", err
	}
	return "go vet and go test -c of " + strings.Join(pkgs, " "), nil
}
