// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A quick run of what needs no tools of others shows that every figure is there.
// It says nothing about time.
func TestBench(t *testing.T) {
	if _, err := needLandlock(); err != nil {
		t.Skip(err)
	}
	if err := needTools("gcc", "git", "strace"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	jsonFile, htmlFile := filepath.Join(dir, "bench.json"), filepath.Join(dir, "bench.html")
	stdout, stderr, status := landlockCI(t, nil, "bench", "-offline", "-n", "3", "-starts", "100",
		"-json", jsonFile, "-html", htmlFile, "unused", "landlock-1*", "starter-1", "thread-1", "c*")
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d: %s\n%s", status, stderr, stdout)
	}
	data, err := os.ReadFile(jsonFile)
	if err != nil {
		t.Fatal(err)
	}
	var r benchReport
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	names := []string{benchBase, "unused", "landlock-1", "landlock-10", "landlock-100", "landlock-1000", "starter-1", "thread-1", "c", "c-1"}
	if len(r.Rows) != len(names) {
		t.Errorf("got %d rows, want %d", len(r.Rows), len(names))
	}
	for _, name := range names {
		row := r.row(name)
		if row == nil || row.Tiny == nil || row.Git == nil {
			t.Errorf("%s: there are no times", name)
			continue
		}
		for _, l := range []*latency{row.Tiny, row.Git} {
			if !(0 < l.P50 && l.P50 <= l.P95 && l.P95 <= l.P99) || l.Ratio.Median <= 0 || !l.Ratio.has(l.Ratio.Median) {
				t.Errorf("%s: odd times: %+v", name, *l)
			}
		}
		want := len(benchStarters)
		if strings.HasPrefix(name, "c") {
			want = 1
		}
		if len(row.Rates) != want {
			t.Errorf("%s: got %d rates, want %d", name, len(row.Rates), want)
		}
		if !strings.Contains(stdout, row.Label) {
			t.Errorf("the table lacks %s", row.Label)
		}
	}
	// These do not vary: vfork, execve and wait4, and the two calls.
	if c, c1 := r.row("c"), r.row("c-1"); c != nil && c1 != nil && (c.SystemCalls < 3 || c1.SystemCalls != c.SystemCalls+2) {
		t.Errorf("a start in C takes %v system calls, and %v in a sandbox, want two more", c.SystemCalls, c1.SystemCalls)
	}
	// Here, threads are started too.
	if one, free := r.row("landlock-1"), r.row("unused"); one != nil && free != nil && math.Abs(one.SystemCalls-free.SystemCalls-2) > 1.5 {
		t.Errorf("a start in Go takes %v system calls, and %v in a sandbox, want two more", free.SystemCalls, one.SystemCalls)
	}
	for _, a := range []struct {
		program       string
		rules, layers int
	}{{"patched", 1, 0}, {"patched", 1000, 0}, {"c", 1000, 0}, {"patched", 100, benchMaxLayers}} {
		if r.added(a.program, a.rules, a.layers) == nil {
			t.Errorf("what a sandbox adds is not known for %+v", a)
		}
	}
	if n := len(r.Soak); n != 100 || r.Soak[n-1].Starts != 100 || r.Soak[n-1].Memory == 0 || r.Soak[n-1].Threads == 0 || r.Soak[n-1].Descriptors < 4 {
		t.Errorf("the long run has %d samples: %+v", n, r.Soak)
	}
	if code := r.Unused.Code; code.Check < 1 || code.Check > 8 || code.Block < 8 || code.Block > 100 || code.Rest() > 8 {
		t.Errorf("odd numbers of instructions: %+v", code)
	}
	if !strings.Contains(r.Unused.Calls, "plain") {
		t.Errorf("system calls: %s", r.Unused.Calls)
	}

	page, err := os.ReadFile(htmlFile)
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(?i)NaN|Inf\b|%!|(?:src|href)=|https?:|url\(`).Match(page) {
		t.Error("the page has a bad number or refers to something outside")
	}
	figures := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAll(page, -1)
	if len(figures) != 7 {
		t.Errorf("the page has %d plots, want 7", len(figures))
	}
	for _, f := range figures {
		d := xml.NewDecoder(strings.NewReader(string(f)))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("a plot is not well formed: %v", err)
				break
			}
		}
	}
}

// A variant whose child is not in the sandbox that is measured, or is in one
// though it is to show the price of none, is an error.
func TestBenchChecksSandbox(t *testing.T) {
	if _, err := needLandlock(); err != nil {
		t.Skip(err)
	}
	if err := needTools("gcc", "git"); err != nil {
		t.Skip(err)
	}
	base := testBase(t)
	s, err := newStore(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	b := &bencher{base: base, dir: t.TempDir(), cpu: -1, store: s, programs: make(map[string]string)}
	if err := b.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		v    variant
		want string
	}{
		{variant{name: "good", program: "patched", mode: "landlock", rules: 1, sandbox: true}, ""},
		{variant{name: "free", program: "patched", mode: "plain", sandbox: true}, "not in a sandbox"},
		{variant{name: "boxed", program: "patched", mode: "landlock", rules: 1}, "in a sandbox"},
		{variant{name: "unpatched", program: "stock", mode: "landlock", rules: 1, sandbox: true}, "without the patch set"},
	} {
		err := b.check(t.Context(), &tt.v)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.v.name, err, tt.want)
		}
	}
}

func TestBenchStatistics(t *testing.T) {
	var values, x, y []float64
	for i := range 10 * benchBlock {
		values = append(values, 1+float64(i%7)/100)
	}
	m := medianOf(values)
	if m.Median != 1.03 || !m.has(1.03) || m.High-m.Low > .011 {
		t.Errorf("median of values from 1 to 1.06: got %+v", m)
	}
	if got := quantile([]float64{4, 1, 3, 2}, .5); got != 2.5 {
		t.Errorf("median of 1 to 4: got %v, want 2.5", got)
	}
	for _, n := range []float64{1, 10, 100, 300, 1000} {
		x, y = append(x, n), append(y, 3+n/8)
	}
	y[2] = 1000 // disturbed
	if l := fitLine(x, y); math.Abs(l.Start-3) > .5 || math.Abs(l.Slope-.125) > .001 {
		t.Errorf("line through points of 3 + x/8: got %+v", l)
	}
}

func TestBenchCommandLine(t *testing.T) {
	stdout, stderr, status := landlockCI(t, nil, "bench", "nonesuch")
	checkError(t, stdout, stderr, status, exitUsage, "nonesuch", "-list")
	stdout, stderr, status = landlockCI(t, []string{"PATH=" + t.TempDir()}, "bench")
	if _, err := needLandlock(); err == nil {
		checkError(t, stdout, stderr, status, exitUnable, "gcc git strace", "libc6-dev")
	}
	stdout, _, status = landlockCI(t, nil, "bench", "-list", "c*")
	if status != 0 || strings.Count(stdout, "\n") != 3 {
		t.Errorf("-list c*: exit status %d, want three ways:\n%s", status, stdout)
	}
}

// TestBenchTargets holds made-up results against the targets.
func TestBenchTargets(t *testing.T) {
	results := func() *benchReport {
		r := new(benchReport)
		for name, ratio := range map[string]float64{benchBase: 1, "unused": 1.001, "landlock-1": 1.02, "landlock-10": 1.04, "landlock-100": 1.1, "setpriv": 2.5, "reexec": 4} {
			r.Rows = append(r.Rows, &benchRow{Name: name, Label: name, Tiny: &latency{Ratio: interval{ratio, ratio - .01, ratio + .01}}})
		}
		for _, rules := range []int{1, 10, 100, 1000} {
			added := 2 + float64(rules)/10
			r.Added = append(r.Added,
				addedCost{Program: "patched", Rules: rules, Added: interval{added, added, added}},
				addedCost{Program: "c", Rules: rules, Added: interval{added * .9, added, added}})
		}
		r.Unused.Code = codeGrowth{Arch: "amd64", Base: 1000, Tree: 1023, Block: 20, Check: 3}
		for i := range 100 {
			r.Soak = append(r.Soak, soakSample{Starts: i + 1, Rate: 5000, Plain: 5100, Memory: 8000, Descriptors: 10, Threads: 5})
		}
		return r
	}
	for _, tt := range []struct {
		missed string // the only target that is not reached
		change func(r *benchReport)
	}{
		{"", func(r *benchReport) {}},
		{"landlock-1", func(r *benchReport) { r.row("landlock-1").Tiny.Ratio.Median = 1.04 }},
		{"landlock-10", func(r *benchReport) { r.row("landlock-10").Tiny.Ratio.Median = 1.06 }},
		{"landlock-100", func(r *benchReport) { r.row("landlock-100").Tiny.Ratio.Median = 1.13 }},
		{"unused", func(r *benchReport) { r.row("unused").Tiny.Ratio = interval{1.02, 1.01, 1.03} }},
		{"added by a sandbox of 100 rules", func(r *benchReport) { r.added("patched", 100, 0).Added.Median = 30 }},
		{"UseLandlock, 1 rule, beside wrappers", func(r *benchReport) { r.row("setpriv").Tiny.Ratio.Median = 1.9 }},
		{"machine code that runs without a sandbox", func(r *benchReport) { r.Unused.Code.Tree += 5 }},
		{"kB of memory stay the same", func(r *benchReport) { r.Soak[99].Memory = 9000 }},
		{"descriptors stay the same", func(r *benchReport) { r.Soak[99].Descriptors++ }},
		{"threads stay the same", func(r *benchReport) { r.Soak[99].Threads++ }},
		{"the rate stays the same within 5 %", func(r *benchReport) {
			for i := range 50 {
				r.Soak[i].Rate = 6000
			}
		}},
	} {
		r := results()
		tt.change(r)
		r.judge()
		if len(r.Targets) != 14 {
			t.Errorf("got %d targets, want 14", len(r.Targets))
		}
		for _, target := range r.Targets {
			if missed := tt.missed != "" && (target.What == tt.missed || target.Want == tt.missed); target.Reached == missed {
				t.Errorf("%s missed: %s, %s, %s: reached is %t", tt.missed, target.What, target.Want, target.Got, target.Reached)
			}
		}
	}
	r := results()
	r.judge()
	if l := r.Fit.Go; math.Abs(l.Start-2) > .01 || math.Abs(l.Slope-.1) > .001 {
		t.Errorf("fit: got %+v, want 2 + 0.1 x", l)
	}
}
