// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	bin "encoding/binary" // there is a type binary
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// The ways to start a child are compared in rounds. In each round, every one of
// them starts a child, in an order that is drawn anew, and what is reported is
// the median of the ratios within the rounds: what slows the machine down
// for a moment slows all of them down.
//
// Each way has a worker, a process that starts a child whenever it is told to
// and says how long that took. Every benchBlock rounds the workers are replaced,
// since a process can be lucky with where its memory lies. The intervals come
// from drawing such blocks, not single rounds, so that they cover that too.

const (
	benchBlock = 25 // rounds with the same workers

	benchMaxRules  = 1000
	benchMaxLayers = 15 // a 16th is the child's
)

// A variant is a way to start a child.
type variant struct {
	name, label string
	program     string // the worker: stock, patched, golandlock, c, rust
	mode        string // see testdata/bench/main.go
	rules       int
	layers      int
	sandbox     bool
	// one is set if the worker starts one child at a time only.
	one bool
	// wrapper returns a command line to put before that of the child,
	// and where it is from. Its absence is not an error.
	wrapper func(b *bencher, ctx context.Context) (command []string, origin string, err error)
}

// benchBase is what all is compared with.
const benchBase = "exec"

var variants = []*variant{
	{name: benchBase, label: "os/exec, stock Go", program: "stock", mode: "plain"},
	{name: "exec-again", label: "the same again, as a control", program: "stock", mode: "plain"},
	{name: "unused", label: "patched Go, UseLandlock false", program: "patched", mode: "plain"},
	{name: "landlock-1", label: "UseLandlock, 1 rule", program: "patched", mode: "landlock", rules: 1, sandbox: true},
	{name: "landlock-10", label: "UseLandlock, 10 rules", program: "patched", mode: "landlock", rules: 10, sandbox: true},
	{name: "landlock-100", label: "UseLandlock, 100 rules", program: "patched", mode: "landlock", rules: 100, sandbox: true},
	{name: "landlock-1000", label: "UseLandlock, 1000 rules", program: "patched", mode: "landlock", rules: 1000, sandbox: true},
	{name: "starter-1", label: "thread restricted once, 1 rule", program: "stock", mode: "starter", rules: 1, sandbox: true},
	{name: "starter-1000", label: "thread restricted once, 1000 rules", program: "stock", mode: "starter", rules: 1000, sandbox: true},
	{name: "thread-1", label: "new thread each time, 1 rule", program: "stock", mode: "thread", rules: 1, sandbox: true},
	{name: "c", label: "C: vfork, execve", program: "c", mode: "c", one: true},
	{name: "c-1", label: "C: and the two calls, 1 rule", program: "c", mode: "c", rules: 1, sandbox: true, one: true},
	{name: "rust", label: "Rust: pre_exec, crate landlock", program: "rust", mode: "rust", rules: 1, sandbox: true, one: true},
	{name: "setpriv", label: "setpriv of util-linux", program: "stock", mode: "wrapper", sandbox: true, wrapper: (*bencher).setpriv},
	{name: "bwrap", label: "bubblewrap", program: "stock", mode: "wrapper", sandbox: true, wrapper: (*bencher).bwrap},
	{name: "reexec", label: "re-exec with go-landlock", program: "golandlock", mode: "reexec", sandbox: true},
	{name: "landlock-restrict", label: "go-landlock's landlock-restrict", program: "stock", mode: "wrapper", sandbox: true, wrapper: (*bencher).landlockRestrict},
	{name: "landrun", label: "landrun", program: "stock", mode: "wrapper", sandbox: true, wrapper: (*bencher).landrun},
}

// optional reports whether v needs what a machine may lack.
func (v *variant) optional() bool {
	return v.wrapper != nil || v.program == "rust" || v.program == "golandlock"
}

func runBench(ctx context.Context, fs *flag.FlagSet, args []string) error {
	goroot := gorootFlag(fs)
	list := fs.Bool("list", false, "list the ways to start a child and exit")
	n := fs.Int("n", 2000, "the `number` of starts of each program in each way")
	starts := fs.Int("starts", 100000, "the `number` of children to start in a row, to see whether anything grows; 0 for none")
	cpu := fs.Int("cpu", -1, "run all that is measured on this `processor` only")
	offline := fs.Bool("offline", false, "use the tools in the cache only")
	jsonFile := fs.String("json", "", "write the results to this `file`")
	htmlFile := fs.String("html", "", "write a page with plots to this `file`")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usagef("%v; run \"landlock-ci bench -h\" for the flags", err)
	}
	selected, err := selectVariants(fs.Args())
	if err != nil {
		return err
	}
	if *list {
		for _, v := range selected {
			fmt.Printf("%-18s %s\n", v.name, v.label)
		}
		return nil
	}
	if *n < 1 || *starts < 0 {
		return usagef("-n must be positive, and -starts not negative")
	}
	abi, err := needLandlock()
	if err != nil {
		return err
	}
	if err := needTools("gcc", "git", "strace"); err != nil {
		return err
	}
	base, err := findBase(ctx, *goroot)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	tmp, err = filepath.EvalSymlinks(tmp)
	if err != nil {
		return err
	}
	b := &bencher{base: base, dir: tmp, cpu: *cpu, programs: make(map[string]string)}
	if b.store, err = newStore(ctx, *offline); err != nil {
		return err
	}
	r := &benchReport{
		Date: time.Now().UTC(), Go: base.version, ABI: abi,
		CPU: cpuModel(), CPUs: runtime.NumCPU(), Kernel: kernelRelease(), Pinned: *cpu, N: *n,
	}
	if err := b.run(ctx, r, selected, *n, *starts); err != nil {
		return err
	}
	r.Seconds = time.Since(r.Date).Seconds()
	r.judge()
	if *jsonFile != "" {
		if err := writeJSON(*jsonFile, r); err != nil {
			return err
		}
	}
	if *htmlFile != "" {
		if err := r.writeHTML(*htmlFile); err != nil {
			return err
		}
	}
	r.print(os.Stdout)
	return nil
}

// selectVariants returns the variants that match one of the patterns, in the
// syntax of path.Match, and what they are compared with.
func selectVariants(patterns []string) ([]*variant, error) {
	var list []*variant
	used := make(map[string]bool)
	for _, v := range variants {
		match := len(patterns) == 0 || v.name == benchBase
		for _, p := range patterns {
			ok, err := path.Match(p, v.name)
			if err != nil {
				return nil, usagef("%s: %v", p, err)
			}
			if ok {
				match, used[p] = true, true
			}
		}
		if match {
			list = append(list, v)
		}
	}
	for _, p := range patterns {
		if !used[p] {
			return nil, usagef("nothing is named %s; \"landlock-ci bench -list\" has the names", p)
		}
	}
	return list, nil
}

// needTools returns an error that names the tools that are not in PATH.
func needTools(names ...string) error {
	var missing []string
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return unablef("not in PATH: %s; install the packages of these names, and libc6-dev with gcc", strings.Join(missing, " "))
	}
	return nil
}

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, "\t :\n")
		}
	}
	return runtime.GOARCH
}

func kernelRelease() string {
	data, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(data))
}

// A bencher runs the benchmark.
type bencher struct {
	base, tree *base
	dir        string // temporary; the workers get it
	cpu        int
	store      *store
	git        string
	programs   map[string]string   // paths of the workers
	wrappers   map[string][]string // by the variants' names
	doing      atomic.Value        // a string, for who waits
}

func (b *bencher) say(format string, args ...any) {
	b.doing.Store(fmt.Sprintf(format, args...))
}

// run fills in r.
func (b *bencher) run(ctx context.Context, r *benchReport, selected []*variant, n, starts int) error {
	show := stages{detail: func() string {
		what, _ := b.doing.Load().(string)
		return what
	}}
	defer show.stop()
	show.begin("preparing")
	if err := b.prepare(ctx); err != nil {
		return err
	}
	var ready []*variant
	for _, v := range selected {
		row := &benchRow{Name: v.name, Label: v.label, Sandbox: v.sandbox}
		r.Rows = append(r.Rows, row)
		var err error
		if row.Origin, err = b.obtain(ctx, v); err == nil {
			err = b.check(ctx, v)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if !v.optional() {
				return err
			}
			row.Missing = strings.Join(strings.Fields(err.Error()), " ")
			continue
		}
		ready = append(ready, v)
	}
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"latency of a tiny program", func() error { return b.latency(ctx, r, ready, programTiny, n) }},
		{"latency of git", func() error { return b.latency(ctx, r, ready, programGit, n) }},
		{"cost of rules and layers", func() error { return b.model(ctx, r, n) }},
		{"starts per second", func() error { return b.rates(ctx, r, ready, n) }},
		{"system calls", func() error { return b.systemCalls(ctx, r, ready) }},
		{"many starts in a row", func() error { return b.soak(ctx, r, starts) }},
		{"what it costs unused", func() error { return b.unused(ctx, r) }},
	} {
		show.begin(step.name)
		if err := step.run(); err != nil {
			return err
		}
	}
	show.end("")
	return nil
}

// prepare makes what the workers need.
func (b *bencher) prepare(ctx context.Context) error {
	var err error
	if b.git, err = exec.LookPath("git"); err != nil {
		return errNoGit
	}
	if b.git, err = filepath.Abs(b.git); err != nil {
		return err
	}
	b.say("patching %s", b.base.version)
	if b.tree, err = makeTree(ctx, b.base, filepath.Join(b.dir, "tree")); err != nil {
		return err
	}
	for i := range benchMaxRules {
		if err := os.MkdirAll(filepath.Join(b.dir, "rules", strconv.Itoa(i)), 0o777); err != nil {
			return err
		}
	}
	return b.buildPrograms(ctx)
}

// check starts a child with v's worker that must be in a sandbox, or must not.
func (b *bencher) check(ctx context.Context, v *variant) error {
	w, err := b.startWorker(ctx, v)
	if err != nil {
		return err
	}
	defer w.stop()
	for program, name := range []string{"the tiny program", "git --version"} {
		r, err := w.do(benchCommand{Program: int32(program), Count: 1})
		if err != nil {
			return err
		}
		if r.Status != 0 {
			return fmt.Errorf("%s: %s exits with status %d%s", v.name, name, r.Status, w.complaint())
		}
	}
	r, err := w.do(benchCommand{Program: programProbe, Count: 1})
	if err != nil {
		return err
	}
	denied := r.Status == int64(syscall.EACCES) || r.Status == int64(syscall.EROFS)
	switch {
	case v.sandbox && !denied:
		return fmt.Errorf("%s: its child is not in a sandbox: making a file gives %d%s", v.name, r.Status, w.complaint())
	case !v.sandbox && r.Status != 0:
		return fmt.Errorf("%s: its child is in a sandbox: making a file gives %d%s", v.name, r.Status, w.complaint())
	}
	return nil
}

// The programs that a worker can start.
const (
	programTiny = iota
	programGit
	programProbe
)

// A benchCommand tells a worker to start children; see testdata/bench/main.go.
type benchCommand struct{ Program, Plain, Starters, Count int32 }

type benchReply struct{ Time, Parent, Child, Status int64 }

// A worker is a process that starts children.
type worker struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.Reader
	stderr bytes.Buffer // not to be read before the end
}

// startWorker starts v's worker, behind the command in before if there is one.
func (b *bencher) startWorker(ctx context.Context, v *variant, before ...string) (*worker, error) {
	args := slices.Concat(before, []string{b.programs[v.program], v.mode, strconv.Itoa(v.rules), strconv.Itoa(v.layers), b.dir, b.git}, b.wrappers[v.name])
	if b.cpu >= 0 {
		args = append([]string{"taskset", "-c", strconv.Itoa(b.cpu)}, args...)
	}
	w := &worker{name: v.name, cmd: newCommand(ctx, "", args[0], args[1:]...)}
	w.cmd.Stderr = &w.stderr
	var err error
	if w.in, err = w.cmd.StdinPipe(); err == nil {
		if w.out, err = w.cmd.StdoutPipe(); err == nil {
			err = w.cmd.Start()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %v", v.name, err)
	}
	return w, nil
}

func (w *worker) do(cmd benchCommand) (r benchReply, err error) {
	if err = bin.Write(w.in, bin.NativeEndian, &cmd); err == nil {
		err = bin.Read(w.out, bin.NativeEndian, &r)
	}
	if err != nil {
		err = fmt.Errorf("%s: the worker ended: %v%s", w.name, w.stop(), w.complaint())
	}
	return r, err
}

// stop ends the worker. It may be called again.
func (w *worker) stop() error {
	w.in.Close()
	if w.cmd.ProcessState == nil {
		return w.cmd.Wait()
	}
	return nil
}

// complaint ends the worker and returns the first line that it, or a wrapper,
// printed to standard error.
func (w *worker) complaint() string {
	w.stop()
	line, _, _ := strings.Cut(strings.TrimSpace(w.stderr.String()), "\n")
	if line == "" {
		return ""
	}
	return ": " + line
}

// startWorkers starts a worker for each of list, in an order that is drawn anew:
// the first one may be better off than others. The function stop ends them.
func (b *bencher) startWorkers(ctx context.Context, list []*variant) (workers []*worker, stop func(), err error) {
	workers = make([]*worker, len(list))
	stop = func() {
		for _, w := range workers {
			if w != nil {
				w.stop()
			}
		}
	}
	for _, i := range rand.Perm(len(list)) {
		workers[i], err = b.startWorker(ctx, list[i])
		if err == nil {
			_, err = workers[i].do(benchCommand{Count: 5}) // to warm up
		}
		if err != nil {
			stop()
			return nil, nil, err
		}
	}
	return workers, stop, nil
}

// rounds calls visit n times with the worker of each of list, in random order.
func (b *bencher) rounds(ctx context.Context, what string, list []*variant, n int, visit func(i int, w *worker) error) error {
	began := time.Now()
	done := 0
	block := func() error {
		workers, stop, err := b.startWorkers(ctx, list)
		if err != nil {
			return err
		}
		defer stop()
		for range min(benchBlock, n-done) {
			for _, i := range rand.Perm(len(list)) {
				if err := visit(i, workers[i]); err != nil {
					return err
				}
			}
			done++
			b.say("%s: round %d of %d%s", what, done, n, remaining(began, done, n))
		}
		return nil
	}
	for done < n {
		if err := block(); err != nil {
			return err
		}
	}
	return nil
}

// latency measures how long the start of a program takes, to its end.
func (b *bencher) latency(ctx context.Context, r *benchReport, ready []*variant, program int32, n int) error {
	replies := make([][]benchReply, len(ready))
	what := [...]string{"the tiny program", "git"}[program]
	err := b.rounds(ctx, what, ready, n, func(i int, w *worker) error {
		// The first one of two brings back what the others have
		// driven out of the caches.
		for timed := range 2 {
			reply, err := w.do(benchCommand{Program: program, Count: 1})
			if err != nil {
				return err
			}
			if reply.Status != 0 {
				return fmt.Errorf("%s: a child ended with status %d%s", w.name, reply.Status, w.complaint())
			}
			if timed == 1 {
				replies[i] = append(replies[i], reply)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	base := slices.IndexFunc(ready, func(v *variant) bool { return v.name == benchBase })
	for i, v := range ready {
		row := r.row(v.name)
		times := make([]float64, n)
		ratios := make([]float64, n)
		var l latency
		for k, reply := range replies[i] {
			times[k] = float64(reply.Time) / 1e3
			ratios[k] = float64(reply.Time) / float64(replies[base][k].Time)
			l.ParentCPU += float64(reply.Parent) / 1e3 / float64(n)
			l.ChildCPU += float64(reply.Child) / 1e3 / float64(n)
		}
		l.P50, l.P95, l.P99 = quantile(times, .5), quantile(times, .95), quantile(times, .99)
		l.Ratio = medianOf(ratios)
		if program == programTiny {
			row.Tiny = &l
		} else {
			row.Git = &l
		}
	}
	return nil
}

func remaining(began time.Time, done, n int) string {
	left := time.Duration(float64(time.Since(began)) / float64(done) * float64(n-done))
	return fmt.Sprintf(", %v left", left.Round(time.Second))
}

// model measures what a sandbox adds to a start, by numbers of rules and
// layers. A worker starts children with it and without in turn.
func (b *bencher) model(ctx context.Context, r *benchReport, n int) error {
	var list []*variant
	add := func(program, mode string, layers int, rules ...int) {
		for _, n := range rules {
			list = append(list, &variant{name: fmt.Sprintf("%s, %d rules, %d layers", program, n, layers), program: program, mode: mode, rules: n, layers: layers})
		}
	}
	add("patched", "landlock", 0, 1, 3, 10, 30, 100, 300, 1000)
	add("c", "c", 0, 1, 10, 100, 1000)
	for _, layers := range []int{1, 3, 7, benchMaxLayers} {
		add("patched", "landlock", layers, 10, 100)
	}
	added := make([][]float64, len(list))
	err := b.rounds(ctx, "rules and layers", list, n, func(i int, w *worker) error {
		var took [2]float64
		for _, plain := range rand.Perm(2) {
			for range 2 {
				reply, err := w.do(benchCommand{Plain: int32(plain), Count: 1})
				if err != nil {
					return err
				}
				took[plain] = float64(reply.Time) / 1e3
			}
		}
		added[i] = append(added[i], took[0]-took[1])
		return nil
	})
	if err != nil {
		return err
	}
	for i, v := range list {
		r.Added = append(r.Added, addedCost{Program: v.program, Rules: v.rules, Layers: v.layers, Added: medianOf(added[i])})
	}
	return nil
}

// benchStarters are the numbers of goroutines that start children at once.
var benchStarters = []int{1, 4, 16}

// rates measures how many children are started in a second, with a number of
// goroutines that share a ruleset.
func (b *bencher) rates(ctx context.Context, r *benchReport, ready []*variant, n int) error {
	passes := min(max(n/400, 1), 9)
	rates := make(map[string][]float64)
	began := time.Now()
	for pass := range passes {
		if err := b.ratesOnce(ctx, r, ready, n, rates); err != nil {
			return err
		}
		b.say("starts a second: pass %d of %d%s", pass+1, passes, remaining(began, pass+1, passes))
	}
	for _, v := range ready {
		row := r.row(v.name)
		for _, starters := range benchStarters {
			if list := rates[fmt.Sprint(v.name, starters)]; list != nil {
				row.Rates = append(row.Rates, quantile(list, .5))
			}
		}
	}
	return nil
}

// ratesOnce adds to rates, by the names of variants and numbers of starters.
func (b *bencher) ratesOnce(ctx context.Context, r *benchReport, ready []*variant, n int, rates map[string][]float64) error {
	workers, stop, err := b.startWorkers(ctx, ready)
	if err != nil {
		return err
	}
	defer stop()
	for _, starters := range benchStarters {
		for _, i := range rand.Perm(len(ready)) {
			if ready[i].one && starters > 1 {
				continue
			}
			// Some 0.2 seconds, unless this is but a test.
			count := max(min(int(200e3/r.row(ready[i].name).Tiny.P50), n), starters)
			reply, err := workers[i].do(benchCommand{Starters: int32(starters), Count: int32(count)})
			if err != nil {
				return err
			}
			key := fmt.Sprint(ready[i].name, starters)
			rates[key] = append(rates[key], float64(count)/float64(reply.Time)*1e9)
		}
	}
	return nil
}

// schedulerCalls are system calls by which the Go runtime of the parent schedules
// goroutines and threads. Their number is another one in each run.
const schedulerCalls = "?futex,?nanosleep,?clock_nanosleep,?tgkill,?getpid,?rt_sigreturn,?sched_yield,?epoll_pwait,?epoll_wait,?madvise,?clone3"

// systemCalls counts the system calls of a start, of parent and child together,
// without schedulerCalls.
func (b *bencher) systemCalls(ctx context.Context, r *benchReport, ready []*variant) error {
	count := func(v *variant, starts int) (int, error) {
		out := filepath.Join(b.dir, "strace")
		w, err := b.startWorker(ctx, v, "strace", "-f", "-c", "-e", "trace=!"+schedulerCalls, "-o", out)
		if err != nil {
			return 0, err
		}
		if _, err := w.do(benchCommand{Count: int32(starts)}); err != nil {
			return 0, err
		}
		if err := w.stop(); err != nil {
			return 0, fmt.Errorf("strace: %v%s", err, w.complaint())
		}
		data, err := os.ReadFile(out)
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(data)) {
			// % time, seconds, usecs/call, calls, errors or nothing, syscall
			f := strings.Fields(line)
			if len(f) >= 5 && f[len(f)-1] == "total" {
				return strconv.Atoi(f[3])
			}
		}
		return 0, fmt.Errorf("strace -c printed no total for %s", v.name)
	}
	const few, many = 10, 60
	for i, v := range ready {
		b.say("system calls: %d of %d", i+1, len(ready))
		first, err := count(v, few)
		if err == nil {
			var second int
			second, err = count(v, many)
			r.row(v.name).SystemCalls = float64(second-first) / (many - few)
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return unablef("counting system calls: %v", err)
		}
	}
	return nil
}

// soak starts a great number of children from one process and observes it.
func (b *bencher) soak(ctx context.Context, r *benchReport, starts int) error {
	if starts == 0 {
		return nil
	}
	// The children without a sandbox in between show how
	// the machine's own speed varies.
	box := &variant{name: "soak", program: "patched", mode: "landlock", rules: 1}
	plain := &variant{name: "soak, plain", program: "stock", mode: "plain"}
	workers, stop, err := b.startWorkers(ctx, []*variant{box, plain})
	if err != nil {
		return err
	}
	defer stop()
	chunk := max(starts/100, 1)
	proc := filepath.Join("/proc", strconv.Itoa(workers[0].cmd.Process.Pid))
	began := time.Now()
	for done := 0; done < starts; {
		count := min(chunk, starts-done)
		reply, err := workers[0].do(benchCommand{Count: int32(count)})
		if err != nil {
			return err
		}
		beside := max(count/4, 1)
		other, err := workers[1].do(benchCommand{Count: int32(beside)})
		if err != nil {
			return err
		}
		done += count
		s := soakSample{
			Starts:  done,
			Seconds: time.Since(began).Seconds(),
			Rate:    float64(count) / float64(reply.Time) * 1e9,
			Plain:   float64(beside) / float64(other.Time) * 1e9,
		}
		status, err := os.ReadFile(filepath.Join(proc, "status"))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(status)) {
			f := strings.Fields(line)
			switch {
			case len(f) > 1 && f[0] == "VmRSS:":
				s.Memory, _ = strconv.Atoi(f[1])
			case len(f) > 1 && f[0] == "Threads:":
				s.Threads, _ = strconv.Atoi(f[1])
			}
		}
		fds, err := os.ReadDir(filepath.Join(proc, "fd"))
		if err != nil {
			return err
		}
		s.Descriptors = len(fds)
		r.Soak = append(r.Soak, s)
		b.say("starting %d children: %d%s", starts, done, remaining(began, done, starts))
	}
	return nil
}

// unused compares what children do whose sandbox is not asked for
// with those of the unpatched Go.
func (b *bencher) unused(ctx context.Context, r *benchReport) error {
	b.say("reading the system calls of children")
	t := &tester{base: b.base, tree: b.tree}
	detail, err := t.order(ctx)
	var skip skipError
	if errors.As(err, &skip) {
		detail = "not compared: " + err.Error()
	} else if err != nil {
		return err
	}
	r.Unused.Calls = detail
	b.say("reading the machine code of %s", childFunc)
	r.Unused.Code, err = childGrowth(ctx, b.base, b.tree)
	return err
}

// writeSources writes the files of a directory of benchFS to dir.
func writeSources(dir, name string) error {
	source, err := fs.Sub(benchFS, path.Join("testdata/bench", name))
	if err != nil {
		return err
	}
	return os.CopyFS(dir, source)
}
