// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is the results of a matrix, or of a part of one. It is what -json
// writes.
type report struct {
	Date     time.Time // when it started
	Seconds  float64   // what it took
	Go       string    // version of the base
	Packages []string
	Selected []string // builders of the whole matrix
	Builders []builderResult
}

type builderResult struct {
	Name      string
	Kernel    string // release
	Package   string // that the kernel is from
	ABI       string // expected, and so, if tests passed, found
	Verdict   verdict
	Detail    string `json:",omitempty"`
	FirstTry  string `json:",omitempty"` // how the first try ended, if there was a second
	Seconds   float64
	Command   string `json:",omitempty"` // QEMU's
	Console   string `json:",omitempty"`
	KernelLog []string
	Packages  []packageResult
}

type packageResult struct {
	Package string
	User    bool // as an ordinary user
	Verdict verdict
	Detail  string `json:",omitempty"`
	Tests   []testResult
	Log     string
}

// count returns how many tests and subtests ended with status.
func (p *packageResult) count(status string) int {
	n := 0
	for _, t := range p.Tests {
		if t.Status == status {
			n++
		}
	}
	return n
}

// Cell returns what a table has for p.
func (p packageResult) Cell() string {
	if p.Verdict != pass {
		return string(p.Verdict)
	}
	if n := p.count("PASS"); n > 0 {
		return fmt.Sprint(n)
	}
	return "-"
}

// printLine prints the line that is seen as the matrix runs.
func (r *builderResult) printLine(w io.Writer) {
	status := "ok  "
	if r.Verdict != pass {
		status = "FAIL"
	}
	n := 0
	for _, p := range r.Packages {
		n += p.count("PASS")
	}
	fmt.Fprintf(w, "%s %-26s %5.1fs %4d tests", status, r.Name, r.Seconds, n)
	if r.Verdict != pass {
		fmt.Fprintf(w, "  %s: %s", r.Verdict, r.Detail)
	}
	if r.FirstTry != "" {
		fmt.Fprintf(w, "  (second try; the first: %s)", r.FirstTry)
	}
	fmt.Fprintln(w)
}

// print prints the table and returns an error if not all passed. If logs is
// not set, the logs of failures were not seen yet.
func (r *report) print(w io.Writer, merged bool) error {
	failed := 0
	for _, b := range r.Builders {
		if b.Verdict == pass {
			continue
		}
		failed++
		if merged {
			b.printLine(w)
			continue
		}
		fmt.Fprintf(w, "\n### %s: %s: %s\n", b.Name, b.Verdict, b.Detail)
		for _, p := range b.Packages {
			if p.Verdict != pass {
				fmt.Fprintf(w, "\n# %s as %s: %s\n%s", p.Package, p.Who(), p.Detail, p.Log)
			}
		}
		if lines := strings.Split(strings.TrimSpace(b.Console), "\n"); lines[0] != "" {
			fmt.Fprintf(w, "\n# console\n%s\n", strings.Join(lines[max(0, len(lines)-30):], "\n"))
		}
	}
	fmt.Fprintln(w)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "builder\tkernel\tABI\t")
	for _, pkg := range r.Packages {
		fmt.Fprintf(tw, "%s\t", path.Base(pkg))
	}
	fmt.Fprint(tw, "seconds\t\n")
	for _, b := range r.Builders {
		fmt.Fprintf(tw, "%s\t%s\t%s\t", b.Name, b.Kernel, b.ABI)
		for _, pkg := range r.Packages {
			var cells []string
			for _, p := range b.Packages {
				if p.Package == pkg {
					cells = append(cells, p.Cell())
				}
			}
			fmt.Fprintf(tw, "%s\t", strings.Join(cells, "/"))
		}
		fmt.Fprintf(tw, "%.1f\t", b.Seconds)
		if b.Verdict != pass {
			fmt.Fprintf(tw, "%s", b.Verdict)
		} else if b.FirstTry != "" {
			fmt.Fprint(tw, "second try")
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	fmt.Fprintf(w, "\nThe numbers are those of tests passed as root and as an ordinary user. It took %v.\n%d passed, %d failed\n",
		time.Duration(r.Seconds)*time.Second, len(r.Builders)-failed, failed)
	if failed > 0 {
		return fmt.Errorf("%d of %d builders failed", failed, len(r.Builders))
	}
	if len(r.Builders) == 0 {
		return fmt.Errorf("no builder ran")
	}
	return nil
}

// Who returns the user that p ran as.
func (p packageResult) Who() string {
	if p.User {
		return "user"
	}
	return "root"
}

// mergeReports merges the reports of a matrix's shards. A builder that none of
// them has counts as failed.
func mergeReports(names []string) (*report, error) {
	if len(names) == 0 {
		return nil, usagef("-merge: no files; name those that -json wrote")
	}
	merged := new(report)
	for i, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, usagef("-merge: %v", err)
		}
		var r report
		if err := json.Unmarshal(data, &r); err != nil || r.Date.IsZero() {
			return nil, usagef("-merge %s: not a file that -json wrote: %v", name, err)
		}
		if i == 0 {
			merged.Date, merged.Go = r.Date, r.Go
		}
		if r.Go != merged.Go {
			return nil, usagef("-merge %s: made with %s, the others with %s", name, r.Go, merged.Go)
		}
		if r.Date.Before(merged.Date) {
			merged.Date = r.Date
		}
		merged.Seconds = max(merged.Seconds, r.Seconds)
		merged.Packages = union(merged.Packages, r.Packages)
		merged.Selected = union(merged.Selected, r.Selected)
		merged.Builders = append(merged.Builders, r.Builders...)
	}
	for _, name := range merged.Selected {
		if !slices.ContainsFunc(merged.Builders, func(b builderResult) bool { return b.Name == name }) {
			merged.Builders = append(merged.Builders, builderResult{Name: name, Verdict: trouble, Detail: "it is in none of the files"})
		}
	}
	order := make(map[string]int)
	for i, b := range allBuilders() {
		order[b.name()] = i
	}
	slices.SortStableFunc(merged.Builders, func(a, b builderResult) int { return cmp.Compare(order[a.Name], order[b.Name]) })
	return merged, nil
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

//go:embed report.html
var reportHTML string

// writeHTML writes the report as one page that needs nothing else.
func (r *report) writeHTML(name string) error {
	tmpl, err := template.New("report").Funcs(template.FuncMap{
		"base": path.Base,
		"join": func(lines []string) string { return strings.Join(lines, "\n") },
		"of": func(b builderResult, pkg string) (list []packageResult) {
			for _, p := range b.Packages {
				if p.Package == pkg {
					list = append(list, p)
				}
			}
			return list
		},
	}).Parse(reportHTML)
	if err != nil {
		return err
	}
	return writePage(name, tmpl, r)
}

// writePage writes a page to the file name, in whole or not at all.
func writePage(name string, tmpl *template.Template, data any) error {
	var buf bytes.Buffer
	if err := tmpl.Execute(&buf, data); err != nil {
		return err
	}
	return writeWhole(name, buf.Bytes(), 0o644)
}
