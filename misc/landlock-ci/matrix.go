// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"flag"
	"fmt"
	"golandlock"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func runMatrix(ctx context.Context, fs *flag.FlagSet, args []string) error {
	goroot := gorootFlag(fs)
	list := fs.Bool("list", false, "list the builders and exit")
	short := fs.Bool("short", false, "only all Landlock ABIs on amd64, and one builder of each GOARCH that needs no kernel built")
	shard := fs.String("shard", "", "only the `k/n`th part of the builders, 1/n being the first")
	merge := fs.Bool("merge", false, "run nothing; merge the results in the files that are the arguments")
	jobs := fs.Int("j", runtime.NumCPU(), "the `number` of guests at a time")
	offline := fs.Bool("offline", false, "use the kernels in the cache only")
	jsonFile := fs.String("json", "", "write the results to this `file`, which -merge reads")
	htmlFile := fs.String("html", "", "write a report to this `file`")
	if err := parse(fs, args, -1); err != nil {
		return err
	}
	if *jobs < 1 {
		return usagef("-j %d: there has to be one", *jobs)
	}

	var rep *report
	if *merge {
		var err error
		if rep, err = mergeReports(fs.Args()); err != nil {
			return err
		}
	} else {
		selected, err := selectBuilders(fs.Args(), *short)
		if err != nil {
			return err
		}
		mine, err := shardBuilders(selected, *shard)
		if err != nil {
			return err
		}
		if *list {
			for _, b := range mine {
				fmt.Printf("%-26s %s\n", b.name(), b.kernel.abi)
			}
			return nil
		}
		base, err := findBase(ctx, *goroot)
		if err != nil {
			return err
		}
		if rep, err = runBuilders(ctx, base, mine, *jobs, *offline); err != nil {
			return err
		}
		for _, b := range selected {
			rep.Selected = append(rep.Selected, b.name())
		}
	}
	if *jsonFile != "" {
		if err := writeJSON(*jsonFile, rep); err != nil {
			return err
		}
	}
	if *htmlFile != "" {
		if err := rep.writeHTML(*htmlFile); err != nil {
			return err
		}
	}
	return rep.print(os.Stdout, *merge)
}

// selectBuilders returns the builders that match one of the patterns, in the
// syntax of path.Match; a pattern without an @ stands for all kernels.
func selectBuilders(patterns []string, short bool) ([]*builder, error) {
	var list []*builder
	used := make(map[string]bool)
	for _, b := range allBuilders() {
		if short && !b.short() {
			continue
		}
		name := b.name()
		goarch, _, _ := strings.Cut(name, "@")
		match := len(patterns) == 0
		for _, p := range patterns {
			subject := name
			if !strings.Contains(p, "@") {
				subject = goarch
			}
			ok, err := path.Match(p, subject)
			if err != nil {
				return nil, usagef("%s: %v", p, err)
			}
			if ok {
				match, used[p] = true, true
			}
		}
		if match {
			list = append(list, b)
		}
	}
	for _, p := range patterns {
		if !used[p] {
			return nil, usagef("no builder is named %s; \"landlock-ci matrix -list\" names them", p)
		}
	}
	return list, nil
}

// shardBuilders returns the part of list that shard, which is "k/n", says.
// All builders of a GOARCH are in one part, as they share test binaries.
func shardBuilders(list []*builder, shard string) ([]*builder, error) {
	if shard == "" {
		return list, nil
	}
	k, n, err := parseShard(shard)
	if err != nil {
		return nil, err
	}
	// The GOARCHes with the most builders go first, each to the part that has
	// the fewest. A GOARCH costs as much as some builders, to compile its tests.
	const compile = 4
	count := make(map[string]int)
	for _, b := range list {
		count[b.goarch]++
	}
	var goarches []string
	for a := range count {
		goarches = append(goarches, a)
	}
	slices.SortFunc(goarches, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	load := make([]int, n)
	part := make(map[string]int)
	for _, a := range goarches {
		least := slices.Index(load, slices.Min(load))
		part[a] = least + 1
		load[least] += compile + count[a]
	}
	return slices.DeleteFunc(slices.Clone(list), func(b *builder) bool { return part[b.goarch] != k }), nil
}

// parseShard parses a shard k/n; all of it is 1/1.
func parseShard(shard string) (k, n int, err error) {
	if shard == "" {
		return 1, 1, nil
	}
	ks, ns, _ := strings.Cut(shard, "/")
	k, kerr := strconv.Atoi(ks)
	n, nerr := strconv.Atoi(ns)
	if kerr != nil || nerr != nil || k < 1 || k > n {
		return 0, 0, usagef("-shard %s: not k/n with k from 1 to n", shard)
	}
	return k, n, nil
}

// landlockTest matches the tests that guests run.
var landlockTest = regexp.MustCompile(`(?m)^func Test\w*Landlock`)

// testPackages returns the packages that have Landlock tests: those of the patch
// set, and those of this module, whose directory is module.
func testPackages(module string) ([]string, error) {
	var pkgs []string
	add := func(fsys fs.FS, dir, prefix string) error {
		return fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() == "testdata" {
				return fs.SkipDir // modules of their own
			}
			if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
				return err
			}
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			pkg := prefix + strings.TrimPrefix(path.Dir(name), "src/")
			if landlockTest.Match(data) && !slices.Contains(pkgs, pkg) {
				pkgs = append(pkgs, pkg)
			}
			return nil
		})
	}
	if err := add(golandlock.FS, "src", ""); err != nil {
		return nil, err
	}
	if err := add(os.DirFS(module), "misc", "golandlock/"); err != nil {
		return nil, err
	}
	return pkgs, nil
}

// testCount is how many cases tests try that have a choice of them. To start
// processes takes most of the time under emulation. What they choose depends on the
// builder, so that together they try far more.
const testCount = 2

// unaudited is the builder that shows what tests do without auditing.
const unaudited = "linux-amd64@7.0"

// A suite is the tests of all packages, to be compiled for each GOARCH.
type suite struct {
	tree   *base
	module string // directory of this module
	pkgs   []string
	tmp    string

	compiled map[string]func() (*initramfs, error) // by GOARCH
}

func newSuite(ctx context.Context, b *base, tmp string, builders []*builder) (*suite, error) {
	_, src, _, _ := runtime.Caller(0)
	s := &suite{
		module:   filepath.Dir(filepath.Dir(filepath.Dir(src))),
		tmp:      tmp,
		compiled: make(map[string]func() (*initramfs, error)),
	}
	if _, err := os.Stat(filepath.Join(s.module, "patchset.go")); err != nil {
		return nil, unablef("the checkout that landlock-ci was built from is not at %s; build it from a checkout and keep that", s.module)
	}
	var err error
	if s.pkgs, err = testPackages(s.module); err != nil {
		return nil, err
	}
	if s.tree, err = makeTree(ctx, b, filepath.Join(tmp, "go")); err != nil {
		return nil, err
	}
	var mu sync.Mutex // a compilation keeps all cores busy
	for _, b := range builders {
		s.compiled[b.goarch] = sync.OnceValues(func() (*initramfs, error) {
			mu.Lock()
			defer mu.Unlock()
			return s.compile(ctx, b.goarch)
		})
	}
	return s, nil
}

// testBinary returns where in a guest the tests of pkg are.
func testBinary(pkg string) string {
	return "/test/" + path.Base(pkg) + ".test"
}

// compile compiles the tests of all packages for goarch.
func (s *suite) compile(ctx context.Context, goarch string) (*initramfs, error) {
	start := time.Now()
	dir := filepath.Join(s.tmp, goarch)
	args := append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", dir + string(filepath.Separator)}, s.pkgs...)
	cmd := newCommand(ctx, s.module, s.tree.goCmd(), args...)
	cmd.Env = localEnv("GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the tests: %v\n%s", err, out)
	}
	init, err := buildGuest(ctx, s.tree.goCmd(), filepath.Join(s.module, "misc", "landlock-ci"), goarch)
	if err != nil {
		return nil, err
	}
	files := new(initramfs)
	files.addBasics(init)
	for _, pkg := range s.pkgs {
		name := testBinary(pkg)
		if err := files.addTree(name, filepath.Join(dir, path.Base(name))); err != nil {
			return nil, err
		}
		files.addDir("/test/" + pkg)
	}
	fmt.Printf("     compiled the tests for %s in %.1fs\n", goarch, time.Since(start).Seconds())
	return files, nil
}

// runBuilders runs the builders, jobs at a time, and prints a line for each.
func runBuilders(ctx context.Context, b *base, builders []*builder, jobs int, offline bool) (*report, error) {
	st, err := newStore(ctx, offline)
	if err != nil {
		return nil, err
	}
	if err := st.check(ctx, builders); err != nil {
		return nil, err
	}
	if list := st.unbuilt(builders); len(list) > 0 {
		fmt.Printf("building %d kernels that Debian does not have, which takes some minutes each, but only once\n", len(list))
		if err := st.build(ctx, list, runtime.NumCPU()); err != nil {
			return nil, err
		}
	}
	tmp, err := os.MkdirTemp("", "landlock-matrix-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	s, err := newSuite(ctx, b, tmp, builders)
	if err != nil {
		return nil, err
	}
	rep := &report{Date: time.Now().UTC().Truncate(time.Second), Go: b.version, Packages: s.pkgs, Builders: make([]builderResult, len(builders))}

	// The last are the slowest, and begin. Compilations go ahead of them.
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Add(1)
	go func() {
		defer wg.Done()
		for _, b := range slices.Backward(builders) {
			s.compiled[b.goarch]()
		}
	}()
	next := make(chan int)
	var mu sync.Mutex
	for range min(jobs, len(builders)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				res := s.runBuilder(ctx, st, builders[i])
				mu.Lock()
				rep.Builders[i] = res
				if ctx.Err() == nil {
					res.printLine(os.Stdout)
				}
				mu.Unlock()
			}
		}()
	}
	for i := range slices.Backward(builders) {
		next <- i
	}
	close(next)
	wg.Wait()
	rep.Seconds = time.Since(rep.Date).Seconds()
	return rep, ctx.Err()
}

// runBuilder runs all tests on a builder.
func (s *suite) runBuilder(ctx context.Context, st *store, b *builder) builderResult {
	res := builderResult{Name: b.name(), ABI: b.kernel.abi}
	end := func(e ending) builderResult {
		res.Verdict, res.Detail = e.verdict, e.detail
		return res
	}
	g := &guest{goarch: b.kernel.goarch, append: b.kernel.append, bootTimeout: bootTimeout, timeout: 30 * time.Minute}
	// Auditing is for TestLandlockAudit, in kernels that have it. With room for
	// 64 records, the default, who is denied more at once waits for a minute.
	if b.name() != unaudited {
		g.append = strings.TrimSpace(g.append + " audit=1 audit_backlog_limit=8192")
	}
	var err error
	if g.kernel, res.Package, err = st.kernel(ctx, b.kernel); err != nil {
		return end(ending{trouble, err.Error()})
	}
	if g.qemu, err = st.qemu(ctx, b.kernel.goarch); err != nil {
		return end(ending{trouble, err.Error()})
	}
	tests, err := s.compiled[b.goarch]()
	if err != nil {
		return end(ending{fail, err.Error()})
	}
	files := initramfs{files: slices.Clone(tests.files)} // other builders have the tests too
	for _, pkg := range s.pkgs {
		for _, user := range []bool{false, true} {
			who := "root"
			if user {
				who = "user"
			}
			args := []string{testBinary(pkg), "-test.run=Landlock", "-test.short", "-test.v=test2json", "-test.timeout=10m"}
			env := []string{
				"GO_TEST_LANDLOCK_ABI=" + b.kernel.abi,
				fmt.Sprint("GO_TEST_LANDLOCK_COUNT=", testCount),
				fmt.Sprint("GO_TEST_LANDLOCK_SEED=", b.seed()),
			}
			g.steps = append(g.steps, newStep(pkg+" as "+who, args, env, "/test/"+pkg, user))
		}
	}

	logs := make([]strings.Builder, len(g.steps))
	g.output = func(step int, kind string, data []byte) { logs[step].Write(data) }
	start := time.Now()
	guest, err := g.run(ctx, &files, false)
	if err == nil && guest.end.untold() && ctx.Err() == nil {
		res.FirstTry = guest.end.Error()
		clear(logs)
		guest, err = g.run(ctx, &files, false)
	}
	res.Seconds = time.Since(start).Seconds()
	if err != nil {
		return end(ending{trouble, err.Error()})
	}
	res.Kernel = guest.release
	res.Command = shellQuote(guest.command)
	res.Console = string(guest.console)
	res.KernelLog = guest.log
	worst := guest.end
	passed := 0
	for i, st := range guest.steps {
		p := judgeTests(b.kernel.abi, g.steps[i].User, st, logs[i].String())
		p.Package = s.pkgs[i/2] // each as root and as an ordinary user
		res.Packages = append(res.Packages, p)
		passed += p.count("PASS")
		if worst.verdict == pass && p.Verdict != pass || worst.verdict == skip && p.Verdict == fail {
			worst = ending{p.Verdict, g.steps[i].Name + ": " + p.Detail}
		}
	}
	if worst.verdict == pass && passed == 0 {
		worst = ending{skip, "no test ran"}
	}
	return end(worst)
}

// A testResult is how a test, or a subtest, ended.
type testResult struct {
	Name   string
	Status string // PASS, FAIL or SKIP
	Reason string `json:",omitempty"` // of SKIP: what it printed last
}

// testLine matches the end of a test in the output of -test.v=test2json,
// where a byte 0x16 tells it from what a test prints.
var testLine = regexp.MustCompile(`^ *\x16 *--- (PASS|FAIL|SKIP): (\S+) \(`)

// noise matches what -test.v=test2json prints for programs only.
var noise = regexp.MustCompile(`(?m)^ *\x16 *=== NAME.*\n|\x16`)

// judgeTests judges the output of one package's tests.
func judgeTests(abi string, user bool, st stepResult, log string) packageResult {
	p := packageResult{User: user, Log: noise.ReplaceAllString(log, ""), Verdict: pass}
	last := ""
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		if m := testLine.FindStringSubmatch(line); m != nil {
			t := testResult{Name: m[2], Status: m[1]}
			if t.Status == "SKIP" {
				t.Reason = last
			}
			p.Tests = append(p.Tests, t)
		} else if !strings.Contains(line, "\x16") {
			last = strings.TrimSpace(line)
		}
	}
	numeric := abi != "ENOSYS" && abi != "EOPNOTSUPP"
	var skips []string
	for _, t := range p.Tests {
		if t.Status == "SKIP" && (numeric || !strings.Contains(t.Reason, "the kernel does not support Landlock")) {
			skips = append(skips, fmt.Sprintf("%s (%s)", t.Name, t.Reason))
		}
	}
	switch {
	case !st.ended:
		p.Verdict, p.Detail = incomplete, "did not end"
	case p.count("FAIL") > 0:
		var names []string
		for _, t := range p.Tests {
			if t.Status == "FAIL" {
				names = append(names, t.Name)
			}
		}
		p.Verdict, p.Detail = fail, strings.Join(names, " ")
	case st.status != 0:
		p.Verdict, p.Detail = fail, fmt.Sprintf("exit status %d %s", st.status, st.how)
	case len(skips) > 0:
		p.Verdict, p.Detail = skip, "skipped: "+strings.Join(skips, "; ")
	case numeric && p.count("PASS") == 0:
		p.Verdict, p.Detail = skip, "no test ran"
	}
	return p
}
