// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// "landlock-ci test -all" runs the whole test suite of the Go release, as
// all.bash does, on two toolchains: the fork, which is the base with the patch
// set, and the base itself, built in the same way. No test that passes on
// the base may do otherwise on the fork.
//
// The suite is run in units of some tests each. Trees and results are kept
// in the cache, so that a run that was interrupted goes on where it was.

// allUnits is the number of units. It is also the most that -shard may have.
const allUnits = 24

// A distTree is a toolchain that the suite is run on.
type distTree struct {
	*base
	results string // directory for the results
	abi     string // Landlock ABI version of the kernel
}

// distResults has what became of tests: "pass", "fail" or "skip". A test is
// named as its package, a space and the test, or as the package alone for all that
// is in it. The package may have a variant after it, as in "os/user:nolibgcc".
type distResults map[string]string

// A unitResult is what came of a unit.
type unitResult struct {
	Tests      []string // of go tool dist test
	Base, Fork map[string]int
	Added      int               // tests that the fork alone has
	Lost       map[string]string `json:",omitempty"` // tests that pass on the base, and what they do on the fork
	Flaky      map[string]string `json:",omitempty"` // the same, but not each time
	BothFail   []string          `json:",omitempty"` // tests that pass on neither
	Output     string            `json:",omitempty"` // of the fork, if tests are lost
}

// testAll runs the tests of go tool dist test whose names match re, or the part
// of them that shard says, and prints what the patch set made of them.
func testAll(ctx context.Context, b *base, abi int, re *regexp.Regexp, shard, jsonFile string) error {
	k, n, err := parseShard(shard)
	if err != nil {
		return err
	}
	if n > allUnits {
		return usagef("-shard %s: there are %d parts at most", shard, allUnits)
	}
	tc, err := newToolchain(b)
	if err != nil {
		return err
	}
	files, err := tc.files(ctx)
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	fmt.Printf("Running the tests of %s on it and on %s; trees and results are kept in %s.\n", b.version, tc.name, filepath.Join(cache, "all"))
	env := fmt.Sprintf("Landlock ABI %d, user %d", abi, os.Getuid())
	var trees []*distTree
	for _, t := range []struct {
		name  string
		files map[string][]byte
	}{
		{b.version, nil},
		{tc.name, files},
	} {
		tree, err := keepTree(ctx, filepath.Join(cache, "all", t.name), b, t.files, env)
		if err != nil {
			return err
		}
		tree.abi = strconv.Itoa(abi)
		trees = append(trees, tree)
	}
	unpatched, fork := trees[0], trees[1]

	// A test may vanish as a whole.
	var lists [2][]string
	for i, tree := range trees {
		cmd := tree.dist(ctx, "-list")
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s: go tool dist test -list: %v", tree.version, commandError(err))
		}
		lists[i] = strings.Fields(string(out))
	}
	for _, name := range lists[0] {
		if !slices.Contains(lists[1], name) {
			return fmt.Errorf("%s has no test %s, which %s has", fork.version, name, unpatched.version)
		}
	}
	units := make([][]string, allUnits)
	for i, name := range lists[1] {
		if re.MatchString(name) {
			units[i%allUnits] = append(units[i%allUnits], name)
		}
	}
	var results []*unitResult
	for i, names := range units {
		if i%n != k-1 || len(names) == 0 {
			continue
		}
		var u *unitResult
		s := &step{Name: fmt.Sprintf("%d tests: %s", len(names), strings.Join(names[:min(3, len(names))], " "))}
		s.run = func(ctx context.Context) (string, error) {
			u, err = runUnit(ctx, unpatched, fork, names)
			if err != nil {
				return "", err
			}
			return u.String(), u.err()
		}
		s.do(ctx, fmt.Sprintf("[%d/%d]", i+1, allUnits))
		if err := ctx.Err(); err != nil {
			return err
		}
		if u == nil {
			return fmt.Errorf("the tests of part %d cannot be run", i+1)
		}
		results = append(results, u)
	}
	if len(results) == 0 {
		return usagef("-run and -shard select none of the %d tests; \"go tool dist test -list\" names them", len(lists[1]))
	}
	if jsonFile != "" {
		if err := writeJSON(jsonFile, results); err != nil {
			return err
		}
	}
	return printAll(os.Stdout, unpatched.version, fork.version, results)
}

// keepTree returns a copy of b with files replaced and built with make.bash.
// It is made if dir does not have it. The results beside it are for env only.
func keepTree(ctx context.Context, dir string, b *base, files map[string][]byte, env string) (*distTree, error) {
	sum, err := digestTree(ctx, b.dir)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n", sum)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%s %x\n", name, sha256.Sum256(files[name]))
	}
	id := fmt.Appendf(nil, "%x\n", hash.Sum(nil))
	t := &distTree{base: &base{dir: filepath.Join(dir, "go"), version: filepath.Base(dir)}}
	t.results = filepath.Join(dir, "results", digest([]byte(env))[:16])
	idFile := filepath.Join(dir, "id")
	if got, err := os.ReadFile(idFile); err == nil && bytes.Equal(got, id) {
		return t, nil
	}
	err = replaceDir(dir, func(tmp string) error {
		goroot := filepath.Join(tmp, "go")
		if err := os.Mkdir(goroot, 0o777); err != nil {
			return err
		}
		var show stages
		defer show.stop()
		if err := buildCopy(ctx, goroot, b, files, nil, nil, &show); err != nil {
			return err
		}
		show.end("")
		return writeFile(filepath.Join(tmp, "id"), id)
	})
	return t, err
}

// digestTree returns a digest of the files in dir, but for what copyTree
// leaves out.
func digestTree(ctx context.Context, dir string) (string, error) {
	hash := sha256.New()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		one := sha256.New()
		_, err = io.Copy(one, f)
		fmt.Fprintf(hash, "%s %x\n", filepath.ToSlash(rel), one.Sum(nil))
		return err
	})
	return fmt.Sprintf("%x", hash.Sum(nil)), err
}

// runUnit runs tests on both trees, unless it is known already what comes of
// them, and compares.
func runUnit(ctx context.Context, unpatched, fork *distTree, names []string) (*unitResult, error) {
	key := digest([]byte(strings.Join(names, "\n")))[:16] + ".json"
	var u *unitResult
	file := filepath.Join(fork.results, key)
	if readJSON(file, &u) == nil && u.err() == nil {
		return u, nil
	}
	var want distResults
	wantFile := filepath.Join(unpatched.results, key)
	if readJSON(wantFile, &want) != nil {
		var err error
		if want, _, err = unpatched.test(ctx, names); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(unpatched.results, 0o777); err != nil {
			return nil, err
		}
		if err := writeJSON(wantFile, want); err != nil {
			return nil, err
		}
	}
	got, out, err := fork.test(ctx, names)
	if err != nil {
		return nil, err
	}
	u = &unitResult{Tests: names, Base: want.count(), Fork: got.count(), Lost: lost(want, got), Flaky: make(map[string]string)}
	for name, status := range got {
		if want[name] == "" {
			u.Added++
		} else if status == "fail" && want[name] == "fail" {
			u.BothFail = append(u.BothFail, name)
		}
	}
	slices.Sort(u.BothFail)

	if len(u.Lost) > 0 {
		if err := u.retry(ctx, unpatched, fork, want); err != nil {
			return nil, err
		}
	}
	if len(u.Lost) > 0 {
		u.Output = string(out)
	}
	if err := os.MkdirAll(fork.results, 0o777); err != nil {
		return nil, err
	}
	return u, writeJSON(file, u)
}

// retry runs tests that are lost again by themselves. Those that fail by chance
// or because the machine is busy are moved to u.Flaky: they pass on the fork
// twice in a row, or do not pass on the base either.
func (u *unitResult) retry(ctx context.Context, unpatched, fork *distTree, want distResults) error {
	names := owners(u.Tests, u.Lost)
	again := make(map[string]string)
	for range 2 {
		got, _, err := fork.test(ctx, names)
		if err != nil {
			return err
		}
		part := make(distResults) // what of want the names stand for
		for name, status := range want {
			if _, isLost := u.Lost[name]; isLost || got[name] != "" {
				part[name] = status
			}
		}
		maps.Copy(again, lost(part, got))
	}
	var base distResults
	if len(again) > 0 {
		var err error
		if base, _, err = unpatched.test(ctx, names); err != nil {
			return err
		}
	}
	for name, status := range u.Lost {
		if again[name] == "" {
			u.Flaky[name] = status + ", but not when tried again"
		} else if base[name] != want[name] {
			u.Flaky[name] = status + ", and on the base too"
		} else {
			continue
		}
		delete(u.Lost, name)
	}
	for name, status := range again {
		if u.Lost[name] == "" && u.Flaky[name] == "" {
			u.Flaky[name] = status + ", when tried again"
		}
	}
	return nil
}

// lost returns the tests of which got is worse than want, and what they are in got.
func lost(want, got distResults) map[string]string {
	list := make(map[string]string)
	for name, status := range want {
		if status == "pass" && got[name] == "" {
			list[name] = "vanished"
		} else if status == "pass" && got[name] != "pass" {
			list[name] = got[name]
		}
	}
	for name, status := range got {
		if status == "fail" && want[name] != "fail" {
			list[name] = "fail"
		}
	}
	return list
}

// owners returns those of the tests of go tool dist test that tests are part of.
func owners(names []string, tests map[string]string) []string {
	var list []string
	for _, name := range names {
		owns := func(test string) bool {
			pkg, _, _ := strings.Cut(test, " ")
			if dir, variant, ok := strings.Cut(name, "/...:"); ok {
				return strings.HasPrefix(pkg, dir) && strings.HasSuffix(pkg, ":"+variant)
			}
			return pkg == name
		}
		if slices.ContainsFunc(slices.Collect(maps.Keys(tests)), owns) {
			list = append(list, name)
		}
	}
	if list == nil {
		return names
	}
	return list
}

// dist returns a command go tool dist test in the tree.
func (t *distTree) dist(ctx context.Context, args ...string) *exec.Cmd {
	cmd := newCommand(ctx, t.file("src"), t.goCmd(), append([]string{"tool", "dist", "test"}, args...)...)
	// Two cores take their time, more so if they have other work.
	cmd.Env = localEnv("GOFLAGS=", "GOWORK=off", "GO_TEST_TIMEOUT_SCALE=5", "GO_TEST_LANDLOCK_ABI="+t.abi)
	return cmd
}

// addressRE matches an address of memory as the subtests of package errors
// have it in their names, where it differs from run to run. Other tests
// are named by constants, which have to stay different: no parenthesis follows.
var addressRE = regexp.MustCompile(`0x[0-9a-f]{8,}\)`)

// test runs tests of go tool dist test in the tree.
// It returns the output of those that failed.
func (t *distTree) test(ctx context.Context, names []string) (distResults, []byte, error) {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, regexp.QuoteMeta(name))
	}
	out, err := t.dist(ctx, "-k", "-json", "-run=^("+strings.Join(quoted, "|")+")$").Output()
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	results := make(distResults)
	failed := false
	for line := range bytes.Lines(out) {
		var event struct{ Action, Package, Test string }
		if json.Unmarshal(line, &event) != nil || event.Package == "" {
			continue
		}
		name := event.Package
		if event.Test != "" {
			name += " " + addressRE.ReplaceAllString(event.Test, "0x…)")
		}
		switch event.Action {
		case "run":
			results[name] = "fail" // if it never ends
		case "pass", "skip", "fail":
			results[name] = event.Action
		}
		failed = failed || results[name] == "fail"
	}
	if len(results) == 0 || err != nil && !failed {
		return nil, nil, fmt.Errorf("%s: go tool dist test: %v\n%s", t.version, commandError(err), tail(out))
	}
	return results, tail(readTestEvents(out).failures), nil
}

func (r distResults) count() map[string]int {
	count := make(map[string]int)
	for _, status := range r {
		count[status]++
	}
	return count
}

// readJSON reads what writeJSON wrote to file.
func readJSON(file string, v any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

func (u *unitResult) String() string {
	return fmt.Sprintf("%d passed, %d on the base, %d lost, %d flaky", u.Fork["pass"], u.Base["pass"], len(u.Lost), len(u.Flaky))
}

// err returns an error if tests are lost.
func (u *unitResult) err() error {
	if len(u.Lost) == 0 {
		return nil
	}
	return fmt.Errorf("%v\n%s", u, u.Output)
}

// printAll writes the sums of results and the tests to know of, and returns
// an error if any is lost.
func printAll(w io.Writer, base, fork string, results []*unitResult) error {
	sum := &unitResult{Base: make(map[string]int), Fork: make(map[string]int), Lost: make(map[string]string), Flaky: make(map[string]string)}
	for _, u := range results {
		for _, status := range []string{"pass", "skip", "fail"} {
			sum.Base[status] += u.Base[status]
			sum.Fork[status] += u.Fork[status]
		}
		sum.Tests = append(sum.Tests, u.Tests...)
		sum.Added += u.Added
		sum.BothFail = append(sum.BothFail, u.BothFail...)
		maps.Copy(sum.Lost, u.Lost)
		maps.Copy(sum.Flaky, u.Flaky)
	}
	fmt.Fprintf(w, "\n%d tests of go tool dist test, with their parts:\n\n", len(sum.Tests))
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "\t%s\t%s\t\n", base, fork)
	for _, row := range []struct{ status, title string }{{"pass", "passed"}, {"skip", "skipped"}, {"fail", "failed"}} {
		fmt.Fprintf(tw, "%s\t%d\t%d\t\n", row.title, sum.Base[row.status], sum.Fork[row.status])
	}
	fmt.Fprintf(tw, "new\t\t%d\t\n", sum.Added)
	fmt.Fprintf(tw, "lost\t\t%d\t\n", len(sum.Lost))
	fmt.Fprintf(tw, "flaky\t\t%d\t\n", len(sum.Flaky))
	tw.Flush()
	fmt.Fprintln(w)
	for _, name := range sum.BothFail {
		fmt.Fprintf(w, "fails on both: %s\n", name)
	}
	for _, name := range slices.Sorted(maps.Keys(sum.Flaky)) {
		fmt.Fprintf(w, "flaky: %s: %s\n", name, sum.Flaky[name])
	}
	for _, name := range slices.Sorted(maps.Keys(sum.Lost)) {
		fmt.Fprintf(w, "LOST: %s: %s\n", name, sum.Lost[name])
	}
	if len(sum.Lost) > 0 {
		return fmt.Errorf("%d tests that pass on %s do not on %s", len(sum.Lost), base, fork)
	}
	return nil
}
