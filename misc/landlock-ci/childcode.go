// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// From fork to exec the child runs forkAndExecInChild1 in the memory of its
// parent, whose threads may hold any lock. There it may not allocate, grow its
// stack, or call anything but raw system calls. The compiler does not know;
// what it made of the function is seen in the machine code only,
// and differs between GOARCHes and between kinds of builds.
//
// The check compiles package syscall with and without the patch set and
// follows, in both, the control flow from the fork on. Each place where control
// leaves the function (a call, an indirect call or jump, a return) must be
// a call of a function in childMayCall or exist without the patch set too,
// with the same callee for the same line of source.
//
// Source lines alone would not tell what comes after the fork: code that was
// inlined has the lines of another function, and blocks that are unlikely,
// such as those of write barriers and panics, are moved to the end.

const (
	childFunc = "syscall.forkAndExecInChild1"
	childFork = "syscall.rawVforkSyscall"
)

// childMayCall are the functions that the child may call any number of times.
// They are in assembly or nosplit, and the same with and without the patch set,
// which adds files to package syscall but edits only the one of childFunc.
var childMayCall = []string{
	"syscall.RawSyscall",
	"syscall.RawSyscall6",
	"syscall.rawSyscallNoError",
	"syscall.runtime_AfterForkInChild",
}

// A childBuild is a way to compile package syscall.
type childBuild struct {
	arch string
	mode string // "", "-race", "-msan" or "-asan"
}

func (cb childBuild) String() string {
	return strings.TrimSpace(cb.arch + " " + cb.mode)
}

// childBuilds returns all builds, also those that Go does not support.
func childBuilds() []childBuild {
	var builds []childBuild
	for _, mode := range []string{"", "-race", "-msan", "-asan"} {
		for _, arch := range linuxArches {
			builds = append(builds, childBuild{arch, mode})
		}
	}
	return builds
}

// childCode checks the code after fork in all builds, with the base and with
// those supported releases that are of another series.
func (t *tester) childCode(ctx context.Context) (string, error) {
	details := make([]string, 1)
	var err error
	if details[0], err = checkChildCode(ctx, t.base, t.tree, childBuilds()); err != nil {
		return "", err
	}
	for _, v := range supported {
		if version.Lang(v) == version.Lang(t.base.version) {
			continue
		}
		detail, err := t.childCodeOf(ctx, v)
		if err != nil {
			return "", err
		}
		details = append(details, detail)
	}
	return strings.Join(details, "; "), nil
}

// childCodeOf checks the code after fork in all builds with another release.
func (t *tester) childCodeOf(ctx context.Context, version string) (detail string, err error) {
	b, err := download(ctx, t.base.goCmd(), version)
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-childcode-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	tree, err := makeTree(ctx, b, filepath.Join(tmp, "tree"))
	if err != nil {
		return "", err
	}
	return checkChildCode(ctx, b, tree, childBuilds())
}

// checkChildCode compares the code after fork of tree with that of b,
// of which it is a patched copy.
func checkChildCode(ctx context.Context, b, tree *base, builds []childBuild) (detail string, err error) {
	// The compiler prints machine code on one processor only.
	// Run as many as there are processors.
	results := make([]childResult, len(builds))
	var wg sync.WaitGroup
	limit := make(chan bool, runtime.NumCPU())
	for i, cb := range builds {
		limit <- true
		wg.Add(1)
		go func() {
			defer wg.Done()
			results[i] = compareChild(ctx, b, tree, cb)
			<-limit
		}()
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return "", err
	}

	var (
		plain, other int
		calls        []string              // of all builds, without the patch set
		added        []exit                // by the patch set, in the order of the source
		addedIn      = map[exit][]string{} // and in which builds
		check        = -1                  // instructions that check NoNewPrivs and UseLandlock
	)
	for i, r := range results {
		cb := builds[i]
		switch {
		case r.err != nil:
			return "", fmt.Errorf("%s, %v: %v", b.version, cb, r.err)
		case r.unsupported:
			continue
		case cb.mode == "":
			plain++
		default:
			other++
		}
		if cb.arch == "amd64" && cb.mode == "" {
			check = r.check
		}
		for _, x := range r.base {
			// Not the returns, which are the parent's.
			if strings.Contains(x.name, ".") && !slices.Contains(calls, x.name) {
				calls = append(calls, x.name)
			}
		}
		for _, x := range r.added {
			if addedIn[x] == nil {
				added = append(added, x)
			}
			if in := addedIn[x]; !slices.Contains(in, cb.String()) {
				addedIn[x] = append(in, cb.String())
			}
		}
	}
	if added != nil {
		slices.SortStableFunc(added, func(x, y exit) int { return cmp.Compare(x.pos, y.pos) })
		var msg strings.Builder
		for _, x := range added {
			in := strings.Join(addedIn[x], ", ")
			if n := len(addedIn[x]); n > 1 && n == plain+other {
				in = "all builds"
			}
			fmt.Fprintf(&msg, "\n%s: %s\n\t%s\n\tin %s", x.pos, x.name, x.text, in)
		}
		return "", fmt.Errorf("%s: the child may not do this between fork and exec, where it shares its parent's memory; do it before the fork:%s", b.version, &msg)
	}
	slices.Sort(calls)
	detail = fmt.Sprintf("%s: %d builds and %d with -race, -msan or -asan, the child calls nothing but, as without the patch set, %s",
		b.version, plain, other, strings.Join(calls, " "))
	if check >= 0 {
		detail += fmt.Sprintf(" (amd64: %d instructions check NoNewPrivs and UseLandlock)", check)
	}
	return detail, nil
}

// A childResult is what compareChild finds.
type childResult struct {
	base        []exit // all without the patch set
	added       []exit // those with the patch set that are not allowed
	check       int    // number of instructions that check NoNewPrivs and UseLandlock
	unsupported bool   // Go has no such build
	err         error
}

// compareChild compares the code after fork of b and tree in one build.
func compareChild(ctx context.Context, b, tree *base, cb childBuild) (r childResult) {
	var exits [2][]exit
	for i, b := range []*base{b, tree} {
		listing, err := b.compileSyscall(ctx, cb)
		if err != nil || listing == nil {
			return childResult{unsupported: err == nil, err: err}
		}
		code, err := parseListing(cb.arch, listing)
		if err != nil {
			return childResult{err: err}
		}
		after, err := code.afterFork()
		if err != nil {
			return childResult{err: err}
		}
		source := sourceLines(b)
		for _, n := range after {
			in := code[n]
			pos, text := source(in.pos)
			if in.exit != "" {
				exits[i] = append(exits[i], exit{in.exit, pos, text})
			}
			if isChildCheck(text) && in.size > 0 {
				r.check++
			}
		}
	}
	type key struct{ name, text string }
	known := make(map[key]int)
	for _, x := range exits[0] {
		known[key{x.name, x.text}]++
	}
	for _, x := range exits[1] {
		k := key{x.name, x.text}
		if known[k]--; known[k] < 0 && !slices.Contains(childMayCall, x.name) {
			r.added = append(r.added, x)
		}
	}
	r.base = exits[0]
	return r
}

// An exit is a place where control leaves the function.
type exit struct {
	name string // the callee, or the kind of instruction if it names none
	pos  string // src/syscall/exec_linux.go:100
	text string // the source line
}

// sourceLines returns a function that maps a position in a listing to one
// relative to b's GOROOT and the text of that line. The directory in a listing
// may be that of another copy of the same source, with which the go command
// filled the build cache.
func sourceLines(b *base) func(pos string) (rel, text string) {
	files := make(map[string][]string)
	return func(pos string) (string, string) {
		i := strings.LastIndex(pos, "/src/")
		file, line, ok := strings.Cut(pos[i+1:], ":")
		if i < 0 || !ok {
			return pos, ""
		}
		if files[file] == nil {
			data, _ := os.ReadFile(b.file(file))
			files[file] = strings.Split(string(data), "\n")
		}
		n, _ := strconv.Atoi(line)
		if n < 1 || n > len(files[file]) {
			return pos, ""
		}
		return pos[i+1:], strings.TrimSpace(files[file][n-1])
	}
}

// compileSyscall returns the compiler's listing of childFunc,
// or nil if Go has no such build.
//
// No C compiler is needed: nothing is linked, and package syscall does not
// depend on runtime/cgo.
func (b *base) compileSyscall(ctx context.Context, cb childBuild) ([]byte, error) {
	args, cgo := []string{"build", "-gcflags=syscall=-S", "syscall"}, "0"
	if cb.mode != "" {
		if cb.arch == runtime.GOARCH {
			args, cgo = []string{"build", cb.mode, "-gcflags=syscall=-S", "syscall"}, "1"
		} else {
			// A real build would compile package runtime too and take
			// ten times as long. The compiler instruments package syscall
			// in the same way; only the constants Enabled of internal/race,
			// internal/msan and internal/asan are those of an ordinary build.
			args = []string{"build", "-gcflags=syscall=-S " + cb.mode, "syscall"}
		}
	}
	cmd := newCommand(ctx, b.file("src"), b.goCmd(), args...)
	cmd.Env = localEnv("GOFLAGS=", "GOWORK=off", "GOOS=linux", "GOARCH="+cb.arch, "CGO_ENABLED="+cgo)
	out, err := cmd.CombinedOutput()
	if err != nil {
		// This is how the compiler and the go command say
		// that they do not support it. On amd64 they do.
		if cb.mode != "" && cb.arch != "amd64" &&
			(bytes.Contains(out, []byte("does not support "+cb.mode)) || bytes.Contains(out, []byte(cb.mode+" is not supported on"))) {
			return nil, nil
		}
		return nil, fmt.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, tail(out))
	}
	head := []byte("\n" + childFunc + " STEXT ")
	i := bytes.Index(out, head)
	if i < 0 {
		return nil, fmt.Errorf("go %s: no %s in the listing", strings.Join(args, " "), childFunc)
	}
	listing := out[i+1:]
	// All lines but the first of a function are indented.
	end := regexp.MustCompile(`\n[^\t]`).FindIndex(listing)
	if end != nil {
		listing = listing[:end[0]+1]
	}
	return listing, nil
}

// Code is the machine code of a function.
type code []*instr

// An instr is an instruction, or a directive of size 0.
type instr struct {
	pc   int
	size int
	pos  string // file:line
	op   string
	args string

	exit string // how control may leave the function here: a callee or the kind of instruction
	next []int  // indices of instructions to which it may go
}

var (
	instrLine = regexp.MustCompile(`^\t0x[0-9a-f]+ (\d+) \((.*?)\)\t(\S+)(?:\t(.*))?$`)
	sizeLine  = regexp.MustCompile(`^\S+ STEXT .*\bsize=(\d+) `)
	callReloc = regexp.MustCompile(`^\trel (\d+)\+\d+ t=\S*(?:CALL|JAL|JMP)`)

	// branchTarget matches the last operand of a branch: the address or,
	// on riscv64, the distance in bytes. Immediate operands have a $.
	branchTarget      = regexp.MustCompile(`(?:^|, )(\d+)$`)
	branchTargetRISCV = regexp.MustCompile(`(?:^|, )\$(-?\d+)$`)
)

// parseListing reads a listing that the compiler's flag -S prints.
func parseListing(arch string, listing []byte) (code, error) {
	var c code
	var calls []int // addresses that the linker fills in as the targets of calls
	size := 0
	for line := range strings.Lines(string(listing)) {
		line = strings.TrimRight(line, "\n")
		if m := instrLine.FindStringSubmatch(line); m != nil {
			pc, _ := strconv.Atoi(m[1])
			c = append(c, &instr{pc: pc, pos: m[2], op: m[3], args: m[4]})
		} else if m := callReloc.FindStringSubmatch(line); m != nil {
			pc, _ := strconv.Atoi(m[1])
			calls = append(calls, pc)
		} else if m := sizeLine.FindStringSubmatch(line); m != nil {
			size, _ = strconv.Atoi(m[1])
		}
	}
	at := make(map[int]int) // index of the first instruction at an address
	for i := len(c) - 1; i >= 0; i-- {
		end := size
		if i+1 < len(c) {
			end = c[i+1].pc
		}
		c[i].size = end - c[i].pc
		at[c[i].pc] = i
	}
	for i, in := range c {
		if err := in.follow(arch, i, at); err != nil {
			return nil, err
		}
	}

	// Nothing may have been overlooked, neither a call nor a branch:
	// with a branch less, there would be code that no path leads to.
	for _, pc := range calls {
		if !slices.ContainsFunc(c, func(in *instr) bool {
			return in.exit != "" && in.pc <= pc && pc < in.pc+in.size
		}) {
			return nil, fmt.Errorf("the listing for %s has a call at %d that is not understood", arch, pc)
		}
	}
	reached := c.reach(0)
	for i, in := range c {
		if !reached[i] && (in.exit != "" || len(in.next) > 1) {
			return nil, fmt.Errorf("the listing for %s has %v that no path leads to", arch, in)
		}
	}
	return c, nil
}

func (in *instr) String() string {
	return fmt.Sprintf("%d (%s) %s %s", in.pc, in.pos, in.op, in.args)
}

// follow finds out where control goes from in, which is instruction i.
// At maps addresses to the indices of instructions.
func (in *instr) follow(arch string, i int, at map[int]int) error {
	re, from := branchTarget, 0
	if arch == "riscv64" {
		re, from = branchTargetRISCV, in.pc
	}
	target := re.FindStringSubmatch(in.args)

	op, _, _ := strings.Cut(in.op, ".") // without condition
	goesOn := true
	switch {
	case op == "CALL", op == "DUFFZERO", op == "DUFFCOPY",
		(op == "JAL" || op == "JALR") && !strings.HasPrefix(in.args, "X0, "):
		in.exit = in.callee("indirect call")
		goesOn = !strings.HasPrefix(in.exit, "runtime.panic") // panics do not return
		target = nil
	case op == "JMP", op == "JAL", op == "JALR":
		goesOn = false
		if target == nil {
			in.exit = in.callee("indirect jump") // returns are, on some GOARCHes
		}
	case op == "RET":
		in.exit = "RET"
		goesOn = false
	case arch == "arm" && strings.HasSuffix(in.args, ", R15"): // the program counter
		in.exit = in.callee("indirect jump")
		goesOn = false
	case arch == "riscv64" && !strings.HasPrefix(op, "B"):
		target = nil // another immediate operand
	}
	if strings.HasSuffix(in.args, "(PC)") {
		return fmt.Errorf("the listing for %s has a branch that is not understood: %v", arch, in)
	}
	if target != nil {
		pc, err := strconv.Atoi(target[1])
		n, ok := at[from+pc]
		if err != nil || !ok {
			return fmt.Errorf("the listing for %s has a branch to the middle of an instruction: %v", arch, in)
		}
		in.next = append(in.next, n)
	}
	if goesOn {
		in.next = append(in.next, i+1)
	}
	return nil
}

// callee returns the name of the function that in calls or jumps to.
// If it names none, callee returns indirect.
func (in *instr) callee(indirect string) string {
	switch in.op {
	case "DUFFZERO", "DUFFCOPY":
		return "runtime." + strings.ToLower(in.op)
	}
	args := strings.Split(in.args, ", ")
	if name, ok := strings.CutSuffix(args[len(args)-1], "(SB)"); ok && name != "" {
		return name
	}
	return indirect
}

// reach reports which instructions can be reached from those with the indices
// start.
func (c code) reach(start ...int) []bool {
	reached := make([]bool, len(c))
	for todo := start; len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i < len(c) && !reached[i] {
			reached[i] = true
			todo = append(todo, c[i].next...)
		}
	}
	return reached
}

// afterFork returns the indices of the instructions that can be reached from
// the fork, with those by which the parent returns.
func (c code) afterFork() ([]int, error) {
	var start []int
	for _, in := range c {
		if in.exit == childFork {
			start = append(start, in.next...)
		}
	}
	if start == nil {
		return nil, fmt.Errorf("%s does not call %s; find out how it forks now", childFunc, childFork)
	}
	var after []int
	for i, ok := range c.reach(start...) {
		if ok {
			after = append(after, i)
		}
	}
	return after, nil
}

// A codeGrowth compares the machine code of childFunc with that of the base.
// The numbers are those of instructions.
type codeGrowth struct {
	Arch  string
	Base  int // without the patch set
	Tree  int // with it
	Block int // that run only if UseLandlock is set
	Check int // that check whether it is
}

// Rest returns the difference that is neither in the check nor in the block.
func (g codeGrowth) Rest() int { return g.Tree - g.Base - g.Block - g.Check }

// isChildCheck reports whether a line of exec_linux.go checks the fields of the
// patch set.
func isChildCheck(text string) bool {
	return text == "if sys.NoNewPrivs || sys.UseLandlock {" || text == "if sys.UseLandlock {"
}

// childGrowth compares the machine code for the GOARCH of this program.
func childGrowth(ctx context.Context, b, tree *base) (codeGrowth, error) {
	g := codeGrowth{Arch: runtime.GOARCH}
	for _, b := range []*base{b, tree} {
		listing, err := b.compileSyscall(ctx, childBuild{arch: g.Arch})
		if err != nil {
			return g, err
		}
		c, err := parseListing(g.Arch, listing)
		if err != nil {
			return g, err
		}
		g.Base, g.Tree = g.Tree, c.count(c.reach(0))
		source := sourceLines(b)
		var branches []*instr
		for _, in := range c {
			if _, text := source(in.pos); !isChildCheck(text) || in.size == 0 {
				continue
			}
			g.Check++
			if len(in.next) == 2 {
				branches = append(branches, in)
			}
		}
		// One of each branch's ways leads to the blocks, the other one around
		// them. Going around all of them reaches the least.
		for ways := range 1 << len(branches) {
			old := make([][]int, len(branches))
			for k, in := range branches {
				way := ways >> k & 1
				old[k], in.next = in.next, in.next[way:way+1]
			}
			g.Block = max(g.Block, g.Tree-c.count(c.reach(0)))
			for k, in := range branches {
				in.next = old[k]
			}
		}
	}
	if g.Check == 0 || g.Block == 0 {
		return g, fmt.Errorf("the listing of %s has no branch that checks UseLandlock", childFunc)
	}
	return g, nil
}

// count returns the number of instructions, not directives, among those in set.
func (c code) count(set []bool) int {
	n := 0
	for i, ok := range set {
		if ok && c[i].size > 0 {
			n++
		}
	}
	return n
}
