// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// A benchReport is what "landlock-ci bench -json" writes.
// Times are in microseconds unless they are named otherwise.
type benchReport struct {
	Date    time.Time // when it started
	Seconds float64   // what it took
	CPU     string
	CPUs    int
	Kernel  string
	Go      string
	ABI     int // Landlock ABI version
	Pinned  int // processor that all ran on, or -1
	N       int // starts of each program in each way

	Rows    []*benchRow
	Added   []addedCost
	Fit     benchFit
	Soak    []soakSample
	Unused  unusedCost
	Targets []target
}

// A benchRow is the results of a variant.
type benchRow struct {
	Name, Label string
	Sandbox     bool
	Origin      string    `json:",omitempty"` // of a tool
	Missing     string    `json:",omitempty"` // why there are no results
	Tiny        *latency  `json:",omitempty"`
	Git         *latency  `json:",omitempty"`
	Rates       []float64 `json:",omitempty"` // starts a second, with the numbers of starters in benchStarters
	SystemCalls float64   `json:",omitempty"` // of parent and child
}

// A latency is what a start takes, to the end of the program.
type latency struct {
	P50, P95, P99       float64
	Ratio               interval // to benchBase in the same round
	ParentCPU, ChildCPU float64  // means
}

// An interval is a median with its interval of confidence at 95 %.
type interval struct{ Median, Low, High float64 }

func (i interval) has(v float64) bool { return i.Low <= v && v <= i.High }

// An addedCost is what a sandbox adds to a start.
type addedCost struct {
	Program string // patched or c
	Rules   int    // of the child's layer, and of each other one
	Layers  int    // that the parent is in
	Added   interval
}

// A benchFit is lines through the medians of Added.
type benchFit struct {
	Go, C    line // by rules, without other layers
	Layers10 line // by layers, each of 10 rules
	Layers   line // by layers, each of 100 rules
}

// A line is Start + Slope*x.
type line struct{ Start, Slope float64 }

func (l line) at(x float64) float64 { return l.Start + l.Slope*x }

// A soakSample is taken in a long run of starts.
type soakSample struct {
	Starts      int     // so far
	Seconds     float64 // since the beginning
	Rate        float64 // starts a second, since the last sample
	Plain       float64 // the same, of starts with benchBase in between
	Memory      int     // of the parent, resident, in kilobytes
	Descriptors int     // of the parent
	Threads     int     // of the parent
}

// An unusedCost is what the patch set costs who does not use it.
type unusedCost struct {
	Calls string // how the system calls compare
	Code  codeGrowth
}

// A target is what was set out to be reached.
type target struct {
	What, Want, Got string
	Reached         bool
}

func (r *benchReport) row(name string) *benchRow {
	for _, row := range r.Rows {
		if row.Name == name {
			return row
		}
	}
	return nil
}

// quantile returns the q-quantile of list.
func quantile(list []float64, q float64) float64 {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return sortedQuantile(sorted, q)
}

func sortedQuantile(sorted []float64, q float64) float64 {
	x := q * float64(len(sorted)-1)
	i := int(x)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (x-float64(i))*(sorted[i+1]-sorted[i])
}

// medianOf returns the median of the values of successive rounds, with an
// interval by drawing blocks of rounds with replacement.
func medianOf(values []float64) interval {
	m := quantile(values, .5)
	blocks := slices.Collect(slices.Chunk(values, benchBlock))
	if len(blocks) < 3 {
		// A quick try: take the rounds for blocks.
		blocks = slices.Collect(slices.Chunk(values, 1))
	}
	draw := rand.New(rand.NewPCG(1, 2)) // the same for the same values
	medians := make([]float64, 1000)
	for i := range medians {
		var sample []float64
		for range blocks {
			sample = append(sample, blocks[draw.IntN(len(blocks))]...)
		}
		slices.Sort(sample)
		medians[i] = sortedQuantile(sample, .5)
	}
	slices.Sort(medians)
	return interval{m, sortedQuantile(medians, .025), sortedQuantile(medians, .975)}
}

// fitLine returns the line through points with the median of the slopes between
// any two of them (Theil and Sen), which one bad point does not bend.
func fitLine(x, y []float64) line {
	var slopes, starts []float64
	for i := range x {
		for j := range i {
			slopes = append(slopes, (y[i]-y[j])/(x[i]-x[j]))
		}
	}
	if len(slopes) == 0 {
		return line{}
	}
	l := line{Slope: quantile(slopes, .5)}
	for i := range x {
		starts = append(starts, y[i]-l.Slope*x[i])
	}
	l.Start = quantile(starts, .5)
	return l
}

// added returns what a sandbox adds to a start by the program, or nil.
func (r *benchReport) added(program string, rules, layers int) *addedCost {
	for i, a := range r.Added {
		if a.Program == program && a.Rules == rules && a.Layers == layers {
			return &r.Added[i]
		}
	}
	return nil
}

// judge fits lines to the results and holds these against the targets.
func (r *benchReport) judge() {
	fit := func(x func(addedCost) float64, match func(addedCost) bool) line {
		var xs, ys []float64
		for _, a := range r.Added {
			if match(a) {
				xs, ys = append(xs, x(a)), append(ys, a.Added.Median)
			}
		}
		return fitLine(xs, ys)
	}
	rules := func(a addedCost) float64 { return float64(a.Rules) }
	layers := func(a addedCost) float64 { return float64(a.Layers) }
	r.Fit.Go = fit(rules, func(a addedCost) bool { return a.Program == "patched" && a.Layers == 0 })
	r.Fit.C = fit(rules, func(a addedCost) bool { return a.Program == "c" })
	r.Fit.Layers10 = fit(layers, func(a addedCost) bool { return a.Program == "patched" && a.Rules == 10 })
	r.Fit.Layers = fit(layers, func(a addedCost) bool { return a.Program == "patched" && a.Rules == 100 })

	add := func(what, want, got string, reached bool) {
		r.Targets = append(r.Targets, target{what, want, got, reached})
	}
	for _, t := range []struct {
		name string
		most float64
	}{{"landlock-1", 1.03}, {"landlock-10", 1.05}, {"landlock-100", 1.12}} {
		if row := r.row(t.name); row != nil && row.Tiny != nil {
			add(row.Label, fmt.Sprintf("at most %.2f × os/exec", t.most), row.Tiny.Ratio.String(), row.Tiny.Ratio.Median <= t.most)
		}
	}
	if row := r.row("unused"); row != nil && row.Tiny != nil {
		add(row.Label, "1.00 × os/exec within the interval", row.Tiny.Ratio.String(), row.Tiny.Ratio.has(1))
	}
	for _, n := range []int{1, 10, 100, 1000} {
		g, c := r.added("patched", n, 0), r.added("c", n, 0)
		if g == nil || c == nil {
			continue
		}
		add(fmt.Sprintf("added by a sandbox of %d rules", n), "at most 2 × what it adds in C",
			fmt.Sprintf("%.1f µs, in C %.1f µs", g.Added.Median, c.Added.Median), g.Added.Median <= 2*c.Added.Median)
	}
	// The fastest wrapper: any row that starts another program first.
	if one := r.row("landlock-1"); one != nil && one.Tiny != nil {
		fastest := ""
		least := math.Inf(1)
		for _, v := range variants {
			row := r.row(v.name)
			if v.wrapper == nil && v.program != "golandlock" || row == nil || row.Tiny == nil {
				continue
			}
			if ratio := row.Tiny.Ratio.Median / one.Tiny.Ratio.Median; ratio < least {
				least, fastest = ratio, row.Label
			}
		}
		if fastest != "" {
			add("UseLandlock, 1 rule, beside wrappers", "at least twice as fast as each", fmt.Sprintf("%.2f × as fast as %s", least, fastest), least >= 2)
		}
	}
	if c := r.Unused.Code; c.Tree > 0 {
		add("machine code that runs without a sandbox", "grows by the branch only",
			fmt.Sprintf("%d instructions check UseLandlock, %+d elsewhere, of %d", c.Check, c.Rest(), c.Base), c.Rest() <= 0)
	}
	if n := len(r.Soak); n >= 20 {
		begin, end := r.Soak[n/10:n/10*3], r.Soak[n-n/5:]
		of := func(list []soakSample, f func(soakSample) float64) float64 {
			var values []float64
			for _, s := range list {
				values = append(values, f(s))
			}
			return quantile(values, .5)
		}
		most := func(list []soakSample, f func(soakSample) int) int {
			return f(slices.MaxFunc(list, func(a, b soakSample) int { return f(a) - f(b) }))
		}
		what := fmt.Sprintf("%d starts by one process", r.Soak[n-1].Starts)
		for _, f := range []struct {
			name string
			get  func(soakSample) int
		}{
			{"kB of memory", func(s soakSample) int { return s.Memory }},
			{"descriptors", func(s soakSample) int { return s.Descriptors }},
			{"threads", func(s soakSample) int { return s.Threads }},
		} {
			from, to := most(begin, f.get), most(end, f.get)
			slack := 0
			if strings.HasPrefix(f.name, "kB") {
				slack = from / 20
			}
			add(what, f.name+" stay the same", fmt.Sprintf("%d, at the end %d", from, to), to <= from+slack)
		}
		rate := func(s soakSample) float64 { return s.Rate }
		beside := func(s soakSample) float64 { return s.Rate / s.Plain }
		from, to := of(begin, rate), of(end, rate)
		drift := of(end, beside)/of(begin, beside) - 1
		add(what, "the rate stays the same within 5 %",
			fmt.Sprintf("%.0f/s, at the end %.0f/s; %+.1f %% beside os/exec", from, to, 100*drift),
			math.Abs(to/from-1) <= .05 || math.Abs(drift) <= .05)
	}
}

func (i interval) String() string {
	return fmt.Sprintf("%s (%s to %s)", times(i.Median), times(i.Low), times(i.High))
}

// times formats a ratio.
func times(v float64) string {
	if v < 2 {
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// Machine returns a line that names what was measured on.
func (r *benchReport) Machine() string {
	release, _, _ := strings.Cut(r.Kernel, "-")
	s := fmt.Sprintf("%s, %d processors, Linux %s, Landlock ABI %d, %s", r.CPU, r.CPUs, release, r.ABI, r.Go)
	if r.Pinned >= 0 {
		s += fmt.Sprintf(", on processor %d", r.Pinned)
	}
	return s
}

// print prints the tables.
func (r *benchReport) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n%d starts each, interleaved; times in µs\n\n", r.Machine(), r.N)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "\ttiny p50\tp95\tp99\t× os/exec\tgit p50\t× os/exec\t")
	for _, n := range benchStarters {
		fmt.Fprintf(tw, "%d×/s\t", n)
	}
	fmt.Fprint(tw, "CPU parent\tchild\tcalls\t\n")
	labels := 0 // their width; they are not aligned to the right
	for _, row := range r.Rows {
		labels = max(labels, utf8.RuneCountInString(row.Label))
	}
	for _, row := range r.Rows {
		if row.Tiny == nil {
			continue
		}
		fmt.Fprintf(tw, "%-*s\t%.0f\t%.0f\t%.0f\t%s\t%.0f\t%s\t", labels, row.Label,
			row.Tiny.P50, row.Tiny.P95, row.Tiny.P99, times(row.Tiny.Ratio.Median), row.Git.P50, times(row.Git.Ratio.Median))
		for k := range benchStarters {
			if k < len(row.Rates) {
				fmt.Fprintf(tw, "%.0f\t", row.Rates[k])
			} else {
				fmt.Fprint(tw, "-\t")
			}
		}
		fmt.Fprintf(tw, "%.0f\t%.0f\t%.0f\t\n", row.Tiny.ParentCPU, row.Tiny.ChildCPU, row.SystemCalls)
	}
	tw.Flush()
	fmt.Fprintln(w)
	for _, row := range r.Rows {
		if row.Missing != "" {
			fmt.Fprintf(w, "Not measured: %s: %s\n", row.Label, row.Missing)
		} else if row.Origin != "" {
			fmt.Fprintf(w, "%s: %s\n", row.Label, row.Origin)
		}
	}
	fmt.Fprintf(w, "\nWhat a sandbox adds to a start, in µs:\n")
	tw = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "rules\tother layers\tUseLandlock\tinterval\tC\tinterval\t\n")
	for _, a := range r.Added {
		if a.Program == "c" {
			continue
		}
		fmt.Fprintf(tw, "%d\t%d\t%.1f\t%.1f to %.1f\t", a.Rules, a.Layers, a.Added.Median, a.Added.Low, a.Added.High)
		if c := r.added("c", a.Rules, a.Layers); c != nil {
			fmt.Fprintf(tw, "%.1f\t%.1f to %.1f\t", c.Added.Median, c.Added.Low, c.Added.High)
		} else {
			fmt.Fprint(tw, "\t\t")
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	fmt.Fprint(w, "\n", r.Fit.String(), "\n")
	fmt.Fprintf(w, "\nThe child's system calls without UseLandlock are those of the unpatched Go, call for call: %s\n\n", r.Unused.Calls)
	tw = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range r.Targets {
		verdict := "reached"
		if !t.Reached {
			verdict = "NOT REACHED"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", verdict, t.What, t.Want, t.Got)
	}
	tw.Flush()
	fmt.Fprintf(w, "\n%.0f seconds\n", r.Seconds)
}

// String says what the lines mean.
func (f benchFit) String() string {
	return fmt.Sprintf("restrict_self copies the ruleset: a sandbox costs %.1f µs and %.3f µs for each rule (in C %.1f and %.3f).\n"+
		"Each layer that the parent is in adds %.2f µs if it has 10 rules, %.2f µs if it has 100.",
		f.Go.Start, f.Go.Slope, f.C.Start, f.C.Slope, f.Layers10.Slope, f.Layers.Slope)
}
