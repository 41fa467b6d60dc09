// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
)

//go:embed bench.html
var benchHTML string

// writeHTML writes a page that needs nothing else.
func (r *benchReport) writeHTML(name string) error {
	tmpl, err := template.New("bench").Funcs(template.FuncMap{
		"us": func(v float64) string { return fmt.Sprintf("%.0f", v) },
		"rate": func(row *benchRow, i int) string {
			if i < len(row.Rates) {
				return fmt.Sprintf("%.0f", row.Rates[i])
			}
			return ""
		},
	}).Parse(benchHTML)
	if err != nil {
		return err
	}
	return writePage(name, tmpl, benchPage{r})
}

// A benchPage is what bench.html shows.
type benchPage struct{ *benchReport }

func (benchPage) Starters() []int { return benchStarters }
func (benchPage) Colors() []int   { return []int{0, 1, 2, 3} }

// A plot is drawn as SVG, with the colors of bench.html.
type plot struct {
	title          string
	xLabel, yLabel string
	xLog, yLog     bool
	yZero          bool // the y axis begins at 0
	series         []plotSeries
}

type plotSeries struct {
	name   string
	points []point
	line   *line // drawn through them; if nil, the points are joined
	dots   bool
}

type point struct{ x, y, low, high float64 } // low and high may be 0

const (
	plotWidth, plotHeight                 = 520, 320
	plotLeft, plotRight, plotTop, plotLow = 62, 14, 6, 44
)

// scale maps values to positions.
type scale struct {
	min, max float64
	from, to float64
	log      bool
}

func (s scale) at(v float64) float64 {
	lo, hi := s.min, s.max
	if s.log {
		v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
	}
	return s.from + (v-lo)/(hi-lo)*(s.to-s.from)
}

// newScale returns a scale for values.
func newScale(values []float64, log bool, from, to float64) scale {
	s := scale{slices.Min(values), slices.Max(values), from, to, log}
	if log {
		s.min, s.max = s.min/1.15, s.max*1.15
	} else if s.max == s.min {
		s.max++
	} else {
		s.max += (s.max - s.min) * .05
	}
	return s
}

// ticks returns round values on the scale.
func (s scale) ticks() []float64 {
	var list []float64
	if s.log {
		steps := []float64{1, 2, 5}
		if s.max/s.min > 300 {
			steps = []float64{1}
		}
		for e := math.Floor(math.Log10(s.min)); e <= math.Log10(s.max); e++ {
			for _, m := range steps {
				if v := m * math.Pow(10, e); s.min <= v && v <= s.max {
					list = append(list, v)
				}
			}
		}
		return list
	}
	step := math.Pow(10, math.Floor(math.Log10((s.max-s.min)/4)))
	for _, m := range []float64{5, 2} {
		if (s.max-s.min)/(step*m) >= 3 {
			step *= m
			break
		}
	}
	for v := math.Ceil(s.min/step) * step; v <= s.max; v += step {
		list = append(list, v)
	}
	return list
}

func number(v float64) string {
	v = math.Round(v*1e6) / 1e6
	if v == 0 {
		v = 0 // not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// A drawing is an SVG that is being written.
type drawing struct{ strings.Builder }

func newDrawing(width, height int) *drawing {
	d := new(drawing)
	fmt.Fprintf(d, "<svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n", width, height, width, height)
	return d
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2, y2)
}

func (d *drawing) text(anchor string, x, y float64, s string) {
	fmt.Fprintf(d, "<text text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", anchor, x, y, template.HTMLEscapeString(s))
}

// dot draws a point. The title is shown when it is pointed at.
func (d *drawing) dot(class string, x, y float64, title string) {
	fmt.Fprintf(d, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s</title></circle>\n", class, x, y, template.HTMLEscapeString(title))
}

func (d *drawing) figure(title string) template.HTML {
	return template.HTML("<figure><figcaption>" + template.HTMLEscapeString(title) + "</figcaption>\n" + d.String() + "</svg></figure>")
}

// svg returns a figure of p.
func (p plot) svg() template.HTML {
	var xs, ys []float64
	for _, s := range p.series {
		for _, pt := range s.points {
			xs = append(xs, pt.x)
			for _, y := range []float64{pt.y, pt.low, pt.high} {
				if y > 0 || y < 0 && !p.yLog {
					ys = append(ys, y)
				}
			}
		}
	}
	if len(xs) == 0 || len(ys) == 0 {
		return ""
	}
	if p.yZero {
		ys = append(ys, 0)
	}
	const left, right, bottom = plotLeft, plotWidth - plotRight, plotHeight - plotLow
	top := plotTop + 17*float64(len(p.series)) // below the legend
	x := newScale(xs, p.xLog, left, right)
	y := newScale(ys, p.yLog, bottom, top)
	d := newDrawing(plotWidth, plotHeight)
	for _, v := range y.ticks() {
		d.line("grid", left, y.at(v), right, y.at(v))
		d.text("end", left-6, y.at(v)+4, number(v))
	}
	for _, v := range x.ticks() {
		d.line("grid", x.at(v), top, x.at(v), bottom)
		d.text("middle", x.at(v), bottom+16, number(v))
	}
	d.text("middle", (left+right)/2, plotHeight-8, p.xLabel)
	fmt.Fprintf(d, "<text transform=\"translate(13 %.0f) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", (top+bottom)/2, template.HTMLEscapeString(p.yLabel))
	for i, s := range p.series {
		class := fmt.Sprintf("s%d", i)
		path := s.points
		if s.line != nil {
			path = nil
			for k := range 50 {
				v := x.min + (x.max-x.min)*float64(k)/49
				if p.xLog {
					v = x.min * math.Pow(x.max/x.min, float64(k)/49)
				}
				path = append(path, point{x: v, y: s.line.at(v)})
			}
		}
		var coordinates []string
		for _, pt := range path {
			if pt.y >= y.min && pt.y <= y.max {
				coordinates = append(coordinates, fmt.Sprintf("%.1f,%.1f", x.at(pt.x), y.at(pt.y)))
			}
		}
		fmt.Fprintf(d, "<polyline class=\"%s\" points=\"%s\"/>\n", class, strings.Join(coordinates, " "))
		for _, pt := range s.points {
			if !s.dots || p.yLog && pt.y <= 0 {
				continue
			}
			if pt.high != 0 {
				d.line(class, x.at(pt.x), y.at(max(pt.low, y.min)), x.at(pt.x), y.at(max(pt.high, y.min)))
			}
			d.dot(class, x.at(pt.x), y.at(pt.y), fmt.Sprintf("%s: %s, %.1f", s.name, number(pt.x), pt.y))
		}
		d.dot(class, left+14, 8+17*float64(i), s.name)
		d.text("start", left+24, 12+17*float64(i), s.name)
	}
	return d.figure(p.title)
}

// LatencyPlot shows the percentiles of all ways, for both programs.
func (r benchPage) LatencyPlot() template.HTML {
	var rows []*benchRow
	var values []float64
	for _, row := range r.Rows {
		if row.Tiny != nil && row.Git != nil {
			rows = append(rows, row)
			values = append(values, row.Tiny.P50, row.Tiny.P99, row.Git.P50, row.Git.P99)
		}
	}
	if rows == nil {
		return ""
	}
	const width, left, top, step = 940, 260, 22, 30
	bottom := float64(top + step*len(rows) + 10)
	x := newScale(values, true, left, width-20)
	d := newDrawing(width, int(bottom)+40)
	for _, v := range x.ticks() {
		d.line("grid", x.at(v), top, x.at(v), bottom)
		d.text("middle", x.at(v), bottom+16, number(v))
	}
	d.text("middle", (left+width)/2, bottom+34, "µs")
	for i, name := range []string{"tiny program", "git --version"} {
		class := fmt.Sprintf("s%d", i)
		d.dot(class, left+10+130*float64(i), 10, name)
		d.text("start", left+20+130*float64(i), 14, name)
		for k, row := range rows {
			l := []*latency{row.Tiny, row.Git}[i]
			y := float64(top + 20 + step*k)
			if i == 0 {
				d.text("end", left-10, y+4, row.Label)
			}
			if k == 0 {
				d.line("one "+class, x.at(l.P50), top, x.at(l.P50), bottom)
			}
			y += float64(8*i - 4)
			d.line("wide "+class, x.at(l.P50), y, x.at(l.P99), y)
			d.line("wide "+class, x.at(l.P95), y-4, x.at(l.P95), y+4)
			d.dot(class, x.at(l.P50), y, fmt.Sprintf("%s, %s: p50 %.0f, p95 %.0f, p99 %.0f µs", row.Label, name, l.P50, l.P95, l.P99))
		}
	}
	return d.figure("From the median to the 99th percentile, with a mark at the 95th")
}

// CostPlots shows how the cost grows with rules and layers,
// and the rates with starters.
func (r benchPage) CostPlots() []template.HTML {
	points := func(x func(addedCost) int, match func(addedCost) bool) (list []point) {
		for _, a := range r.Added {
			if match(a) {
				list = append(list, point{float64(x(a)), a.Added.Median, a.Added.Low, a.Added.High})
			}
		}
		return list
	}
	rules := func(a addedCost) int { return a.Rules }
	layers := func(a addedCost) int { return a.Layers }
	of := func(program string, rules int) func(addedCost) bool {
		return func(a addedCost) bool {
			return a.Program == program && (rules == 0 && a.Layers == 0 || a.Rules == rules)
		}
	}
	rates := plot{title: "Starts a second of the tiny program", xLabel: "goroutines that start children", yLabel: "starts a second", xLog: true, yZero: true}
	for _, name := range []string{benchBase, "landlock-1", "landlock-1000", "starter-1000"} {
		if row := r.row(name); row != nil && row.Rates != nil {
			s := plotSeries{name: row.Label, dots: true}
			for i, v := range row.Rates {
				s.points = append(s.points, point{x: float64(benchStarters[i]), y: v})
			}
			rates.series = append(rates.series, s)
		}
	}
	return []template.HTML{
		plot{title: "What a sandbox adds, by its rules", xLabel: "rules", yLabel: "µs", xLog: true, yLog: true, series: []plotSeries{
			{name: "UseLandlock", points: points(rules, of("patched", 0)), line: &r.Fit.Go, dots: true},
			{name: "C", points: points(rules, of("c", 0)), line: &r.Fit.C, dots: true},
		}}.svg(),
		plot{title: "What a sandbox adds, by the layers around it", xLabel: "layers that the parent is in", yLabel: "µs", yZero: true, series: []plotSeries{
			{name: "100 rules in each layer", points: points(layers, of("patched", 100)), line: &r.Fit.Layers, dots: true},
			{name: "10 rules in each layer", points: points(layers, of("patched", 10)), line: &r.Fit.Layers10, dots: true},
		}}.svg(),
		rates.svg(),
	}
}

// SoakPlots shows the long run.
func (r benchPage) SoakPlots() []template.HTML {
	points := func(y func(soakSample) float64) (list []point) {
		for _, s := range r.Soak {
			list = append(list, point{x: float64(s.Starts), y: y(s)})
		}
		return list
	}
	return []template.HTML{
		plot{title: "Rate", xLabel: "starts", yLabel: "starts a second", yZero: true, series: []plotSeries{
			{name: "UseLandlock, 1 rule", points: points(func(s soakSample) float64 { return s.Rate })},
			{name: "os/exec, stock Go, in between", points: points(func(s soakSample) float64 { return s.Plain })},
		}}.svg(),
		plot{title: "Memory of the parent", xLabel: "starts", yLabel: "MB resident", yZero: true, series: []plotSeries{
			{name: "UseLandlock, 1 rule", points: points(func(s soakSample) float64 { return float64(s.Memory) / 1024 })},
		}}.svg(),
		plot{title: "Descriptors and threads of the parent", xLabel: "starts", yLabel: "number", yZero: true, series: []plotSeries{
			{name: "descriptors", points: points(func(s soakSample) float64 { return float64(s.Descriptors) })},
			{name: "threads", points: points(func(s soakSample) float64 { return float64(s.Threads) })},
		}}.svg(),
	}
}
