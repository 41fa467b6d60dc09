// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A fakeSuite is a distTree whose go tool dist test prints, each time, the next
// of some results, and the last from then on.
type fakeSuite struct {
	*distTree
	t *testing.T
}

// newFakeSuite returns a fakeSuite. Each of the results has
// tests and what becomes of them, as in "p.A pass, p.B fail".
func newFakeSuite(t *testing.T, results ...string) *fakeSuite {
	s := &fakeSuite{&distTree{base: &base{dir: t.TempDir(), version: "go1.99"}, results: t.TempDir(), abi: "1"}, t}
	if err := os.Mkdir(s.file("src"), 0o777); err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		var events strings.Builder
		status := 0
		for _, entry := range strings.Split(r, ", ") {
			name, action, _ := strings.Cut(entry, " ")
			pkg, test, _ := strings.Cut(name, ".")
			fmt.Fprintf(&events, `{"Action":"run","Package":%q,"Test":%q}`+"\n", pkg, test)
			if action != "hang" {
				fmt.Fprintf(&events, `{"Action":%q,"Package":%q,"Test":%q}`+"\n", action, pkg, test)
			}
			if action != "pass" && action != "skip" {
				status = 1
			}
		}
		if err := writeFile(s.file(fmt.Sprintf("events%d", i+1)), []byte(events.String())); err != nil {
			t.Fatal(err)
		}
		if err := writeFile(s.file(fmt.Sprintf("status%d", i+1)), fmt.Append(nil, status)); err != nil {
			t.Fatal(err)
		}
	}
	script := fmt.Sprintf(`#!/bin/sh
cd '%s'
echo "$@" >>calls
n=$(wc -l <calls)
[ $n -le %d ] || n=%[2]d
cat events$n
exit $(cat status$n)
`, s.dir, len(results))
	if err := writeFile(s.goCmd(), []byte(script)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(s.goCmd(), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

// calls returns the tests that were asked for, one regexp each time.
func (s *fakeSuite) calls() []string {
	data, _ := os.ReadFile(s.file("calls"))
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func TestRunUnit(t *testing.T) {
	for _, tt := range []struct {
		name        string
		base, fork  []string
		lost, flaky map[string]string
	}{
		{name: "Same", base: []string{"p.A pass, q.B skip, q.C fail"}, fork: []string{"p.A pass, q.B skip, q.C fail"}},
		{name: "New", base: []string{"p.A pass"}, fork: []string{"p.A pass, p.Landlock pass, p.L skip"}},
		{name: "Address", base: []string{"p.As/e(0x28b81581a068) pass"}, fork: []string{"p.As/e(0xc000012345) pass"}},
		{name: "Constant", base: []string{"p.A/0xffffffff pass, p.A/0x100000000 pass"}, fork: []string{"p.A/0x100000000 pass"}, lost: map[string]string{"p A/0xffffffff": "vanished"}},
		{name: "Repaired", base: []string{"p.A fail"}, fork: []string{"p.A pass"}},
		{name: "Fails", base: []string{"p.A pass"}, fork: []string{"p.A fail"}, lost: map[string]string{"p A": "fail"}},
		{name: "Hangs", base: []string{"p.A pass"}, fork: []string{"p.A hang"}, lost: map[string]string{"p A": "fail"}},
		{name: "Skips", base: []string{"p.A pass"}, fork: []string{"p.A skip"}, lost: map[string]string{"p A": "skip"}},
		{name: "Vanishes", base: []string{"p.A pass, p.B pass"}, fork: []string{"p.B pass"}, lost: map[string]string{"p A": "vanished"}},
		{name: "SkipFails", base: []string{"p.A skip"}, fork: []string{"p.A fail"}, lost: map[string]string{"p A": "fail"}},
		{name: "NewFails", base: []string{"p.A pass"}, fork: []string{"p.A pass, p.L fail"}, lost: map[string]string{"p L": "fail"}},
		{name: "FailsOnce", base: []string{"p.A pass"}, fork: []string{"p.A fail", "p.A pass"}, flaky: map[string]string{"p A": "fail, but not when tried again"}},
		{name: "FailsTwice", base: []string{"p.A pass"}, fork: []string{"p.A fail", "p.A pass", "p.A fail"}, lost: map[string]string{"p A": "fail"}},
		{name: "BaseToo", base: []string{"p.A pass", "p.A fail"}, fork: []string{"p.A fail"}, flaky: map[string]string{"p A": "fail, and on the base too"}},
		{name: "FailsLater", base: []string{"p.A pass, p.B pass"}, fork: []string{"p.A fail, p.B pass", "p.A pass, p.B fail", "p.A pass, p.B pass"},
			flaky: map[string]string{"p A": "fail, but not when tried again", "p B": "fail, when tried again"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			unpatched, fork := newFakeSuite(t, tt.base...), newFakeSuite(t, tt.fork...)
			names := []string{"p", "q"}
			u, err := runUnit(t.Context(), unpatched.distTree, fork.distTree, names)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(u.Lost, tt.lost) || !maps.Equal(u.Flaky, tt.flaky) {
				t.Errorf("lost %v, flaky %v; want %v, %v", u.Lost, u.Flaky, tt.lost, tt.flaky)
			}
			if err := u.err(); (err != nil) != (tt.lost != nil) {
				t.Errorf("got error %v", err)
			}
			var out strings.Builder
			if err := printAll(&out, "base", "fork", []*unitResult{u}); (err != nil) != (tt.lost != nil) || strings.Contains(out.String(), "LOST") != (tt.lost != nil) {
				t.Errorf("got error %v and the table\n%s", err, &out)
			}
			calls := fork.calls()
			if want := "tool dist test -k -json -run=^(p|q)$"; calls[0] != want {
				t.Errorf("ran %q, want %q", calls[0], want)
			}
			for _, call := range calls[1:] {
				if want := "tool dist test -k -json -run=^(p)$"; call != want {
					t.Errorf("tried again %q, want %q", call, want)
				}
			}

			// What is known is not run again, unless tests are lost.
			baseCalls := len(unpatched.calls())
			if _, err := runUnit(t.Context(), unpatched.distTree, fork.distTree, names); err != nil {
				t.Fatal(err)
			}
			if tt.lost == nil && (len(fork.calls()) != len(calls) || len(unpatched.calls()) != baseCalls) {
				t.Errorf("tests were run again")
			}
			if tt.lost != nil && len(fork.calls()) == len(calls) {
				t.Errorf("tests that were lost were not run again")
			}
		})
	}
}

func TestOwners(t *testing.T) {
	names := []string{"os", "os/exec", "os:race", "crypto/...:purego", "cmd/internal/testdir:0_1"}
	for _, tt := range []struct {
		test string
		want []string
	}{
		{"os TestX/sub test", names[:1]},
		{"os/exec", names[1:2]},
		{"os:race TestX", names[2:3]},
		{"crypto/aes:purego TestX", names[3:4]},
		{"cmd/internal/testdir:0_1 Test/a.go", names[4:]},
		{"elsewhere TestX", names},
	} {
		if got := owners(names, map[string]string{tt.test: "fail"}); !slices.Equal(got, tt.want) {
			t.Errorf("%s is part of %q, want %q", tt.test, got, tt.want)
		}
	}
}

// TestAll tests what is built, kept and run for the command, on a stand-in.
func TestAll(t *testing.T) {
	if _, err := needLandlock(); err != nil {
		t.Skipf("skipping: %v", err)
	}
	s := newStandIn(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	event := `{"Action":"%s","Package":"errors","Test":"TestAs"}\n`
	s.write("src/make.bash", standInMake+`
case $(head -n1 ../VERSION) in
*landlock) result=${FORK:-pass} ;;
*) result=pass ;;
esac
cat >../bin/go <<END
#!/bin/sh
case "\$*" in
*-list*) echo errors; echo fmt; echo os ;;
*) printf '`+fmt.Sprintf(event, "$result")+`'; [ $result = pass ] ;;
esac
END
`)
	test := func(extra []string, args ...string) (stdout, stderr string, status int) {
		t.Helper()
		return landlockCI(t, append(s.env(), extra...), append([]string{"test", "-goroot", s.dir, "-all"}, args...)...)
	}
	results := filepath.Join(t.TempDir(), "results.json")
	stdout, stderr, status := test(nil, "-json", results)
	if status != 0 || stderr != "" {
		t.Fatalf("test -all: exit status %d, standard output %s, standard error %s", status, stdout, stderr)
	}
	if strings.Count(stdout, "s Building Go cmd/dist\n") != 2 || strings.Count(stdout, " pass 1 tests: ") != 3 || !regexp.MustCompile(`(?m)^ *passed +3 +3$`).MatchString(stdout) {
		t.Errorf("standard output is\n%s", stdout)
	}
	var units []*unitResult
	if err := readJSON(results, &units); err != nil || len(units) != 3 {
		t.Errorf("-json wrote %d units: %v", len(units), err)
	}

	// The trees are kept.
	stdout, _, status = test(nil, "-shard", "2/3")
	if status != 0 || strings.Contains(stdout, "Building") || strings.Count(stdout, " pass 1 tests: fmt ") != 1 || strings.Count(stdout, " pass ") != 1 {
		t.Errorf("the second of three parts: exit status %d, standard output\n%s", status, stdout)
	}
	stdout, _, status = test(nil, "-run", "^os$")
	if status != 0 || strings.Count(stdout, " pass ") != 1 {
		t.Errorf("-run: exit status %d, standard output\n%s", status, stdout)
	}

	// A change of the base is noticed, and so is a test that fails.
	s.write("src/changed.go", "package p\n")
	stdout, stderr, status = test([]string{"FORK=fail"}, "-run", "^errors$")
	if status != exitFailed || strings.Count(stdout, "s Building Go cmd/dist\n") != 2 || !strings.Contains(stdout, "LOST: errors TestAs: fail\n") {
		t.Errorf("a test fails on the fork: exit status %d, standard output\n%s, standard error %s", status, stdout, stderr)
	}
	for _, args := range [][]string{{"-shard", "1/100"}, {"-shard", "3/2"}, {"-run", "nonesuch"}, {"-short"}} {
		if _, stderr, status := test(nil, args...); status != exitUsage {
			t.Errorf("%q: exit status %d, standard error %s", args, status, stderr)
		}
	}
}
