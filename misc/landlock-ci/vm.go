// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exitVM is the exit status of vm for what goes wrong around the program.
const exitVM = 125

func runVM(ctx context.Context, fs *flag.FlagSet, args []string) error {
	kernelName := fs.String("kernel", "", "the kernel: a `name` that matrix -list has behind the @, or the path of an image, with a slash in it")
	goarch := fs.String("goarch", "", "the `GOARCH` of the machine (default: that of the binary)")
	timeout := fs.Duration("timeout", 0, "end the guest after this time (default 10m, or a minute more than the binary's -test.timeout)")
	user := fs.Bool("user", false, "run the binary as an ordinary user of the guest instead of root")
	add := fs.String("append", "", "`words` to add to the kernel's command line")
	offline := fs.Bool("offline", false, "use the kernels in the cache only")
	verbose := fs.Bool("v", false, "print the QEMU command and keep its files, so that it can be repeated by hand")
	var files, env []string
	fs.Func("file", "a `file` or directory for the guest, at the same path or at that behind a colon; may be repeated", func(s string) error {
		files = append(files, s)
		return nil
	})
	fs.Func("env", "a `variable` of the environment for the guest, as NAME=VALUE or NAME; may be repeated", func(s string) error {
		if !strings.Contains(s, "=") {
			s += "=" + os.Getenv(s)
		}
		env = append(env, s)
		return nil
	})
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usagef("%v; run \"landlock-ci vm -h\" for the flags", err)
	}
	if *kernelName == "" {
		return usagef("no -kernel; \"landlock-ci matrix -list\" names them")
	}
	if fs.NArg() == 0 {
		return usagef("no binary to run")
	}
	binary, err := readBinary(fs.Arg(0))
	if err != nil {
		return err
	}
	if *goarch == "" {
		*goarch = binary.goarch
	}
	err = vm(ctx, vmOptions{*kernelName, *goarch, *add, binary, fs.Args()[1:], files, env, *user, *timeout, *offline, *verbose})
	var se *statusError
	if err != nil && !errors.As(err, &se) {
		err = &statusError{exitVM, err}
	}
	return err
}

type vmOptions struct {
	kernel, goarch, append string
	binary                 *binary
	args, files, env       []string
	user                   bool
	timeout                time.Duration
	offline, verbose       bool
}

// vm runs a binary in a guest, passes its output on and returns its exit status
// as a statusError without a text.
func vm(ctx context.Context, o vmOptions) error {
	m := machines[o.goarch]
	if m == nil {
		return usagef("-goarch %s: Go has no such GOARCH for Linux", o.goarch)
	}
	g := &guest{goarch: o.goarch, append: o.append, bootTimeout: bootTimeout, timeout: o.timeout}
	s, err := newStore(ctx, o.offline)
	if err != nil {
		return err
	}
	if strings.ContainsRune(o.kernel, filepath.Separator) {
		g.kernel = o.kernel
		if _, err := os.Stat(g.kernel); err != nil {
			return usagef("-kernel: %v", err)
		}
	} else {
		b, err := findBuilder(o.goarch, o.kernel)
		if err != nil {
			return err
		}
		g.goarch = b.kernel.goarch
		g.append = strings.TrimSpace(b.kernel.append + " " + o.append)
		g.kernel, _, err = s.kernel(ctx, b.kernel)
		if err != nil {
			return err
		}
	}
	if g.qemu, err = s.qemu(ctx, g.goarch); err != nil {
		return err
	}

	// The guest sees the binary and the working directory where they are here.
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(o.binary.path)
	if err != nil {
		return err
	}
	var files initramfs
	init, err := guestBinary(ctx, o.binary.goarch)
	if err != nil {
		return err
	}
	files.addBasics(init)
	files.addDir(dir)
	if err := files.addTree(path, path); err != nil {
		return err
	}
	if _, err := os.Stat("testdata"); err == nil && strings.HasSuffix(path, ".test") {
		// It is run as "go test -exec" does.
		testdata := filepath.Join(dir, "testdata")
		if err := files.addTree(testdata, testdata); err != nil {
			return err
		}
	}
	for _, file := range o.files {
		from, to, ok := strings.Cut(file, ":")
		if !ok {
			to = from
		}
		if to, err = filepath.Abs(to); err != nil {
			return err
		}
		if err := files.addTree(to, from); err != nil {
			return usagef("-file: %v", err)
		}
	}
	if o.binary.interp != "" && !files.has(o.binary.interp) {
		return usagef("%s needs %s, which the guest does not have; build it with CGO_ENABLED=0, or give all that it needs with -file", o.binary.path, o.binary.interp)
	}
	if g.timeout == 0 {
		g.timeout = 10 * time.Minute
		for _, arg := range o.args {
			if s, ok := strings.CutPrefix(arg, "-test.timeout="); ok {
				if d, err := time.ParseDuration(s); err == nil && d > 0 {
					g.timeout = d + time.Minute
				}
			}
		}
	}
	g.steps = []guestStep{newStep(o.binary.path, append([]string{path}, o.args...), append(goEnv(), o.env...), dir, o.user)}
	g.output = func(_ int, kind string, data []byte) {
		if kind == recStdout {
			os.Stdout.Write(data)
		} else {
			os.Stderr.Write(data)
		}
	}

	res, err := g.run(ctx, &files, o.verbose)
	if err != nil {
		return err
	}
	if res.end.untold() && res.release == "" && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "landlock-ci vm: trying again: %v\n", res.end)
		if res, err = g.run(ctx, &files, o.verbose); err != nil {
			return err
		}
	}
	if res.end.verdict != pass {
		return &statusError{exitVM, res.end}
	}
	if st := res.steps[0]; st.status != 0 {
		if st.how != "" {
			return &statusError{st.status, fmt.Errorf("%s: %s", o.binary.path, st.how)}
		}
		return &statusError{st.status, nil}
	}
	return nil
}

// goEnv returns the variables of the environment that a Go program in a guest
// gets: those that tell its runtime and its tests what to do, but none that
// names a place on this machine.
func goEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "GO_") || slices.Contains([]string{"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK"}, name) {
			env = append(env, kv)
		}
	}
	return env
}

// newStep returns a step whose environment has what any program expects.
func newStep(name string, args, env []string, dir string, user bool) guestStep {
	who, home := "root", "/root"
	if user {
		who, home = "user", "/home/user"
	}
	return guestStep{
		Name: name,
		Args: args,
		Env: append([]string{
			"PATH=/usr/local/bin:/usr/bin:/bin",
			"HOME=" + home, "USER=" + who, "LOGNAME=" + who,
			"TMPDIR=/tmp", "PWD=" + dir, "LANG=C",
		}, env...),
		Dir:  dir,
		User: user,
	}
}

// A binary is a Linux program.
type binary struct {
	path   string
	goarch string
	interp string // its ELF interpreter, "" if it is static
}

// readBinary looks at the binary name.
func readBinary(name string) (*binary, error) {
	f, err := elf.Open(name)
	if err != nil {
		return nil, usagef("%s: not a Linux binary: %v", name, err)
	}
	defer f.Close()
	b := &binary{path: name}
	little := f.ByteOrder.String() == "LittleEndian"
	for _, a := range []struct {
		goarch  string
		machine elf.Machine
		class   elf.Class
		little  bool
	}{
		{"386", elf.EM_386, elf.ELFCLASS32, true},
		{"amd64", elf.EM_X86_64, elf.ELFCLASS64, true},
		{"arm", elf.EM_ARM, elf.ELFCLASS32, true},
		{"arm64", elf.EM_AARCH64, elf.ELFCLASS64, true},
		{"loong64", elf.EM_LOONGARCH, elf.ELFCLASS64, true},
		{"mips", elf.EM_MIPS, elf.ELFCLASS32, false},
		{"mipsle", elf.EM_MIPS, elf.ELFCLASS32, true},
		{"mips64", elf.EM_MIPS, elf.ELFCLASS64, false},
		{"mips64le", elf.EM_MIPS, elf.ELFCLASS64, true},
		{"ppc64", elf.EM_PPC64, elf.ELFCLASS64, false},
		{"ppc64le", elf.EM_PPC64, elf.ELFCLASS64, true},
		{"riscv64", elf.EM_RISCV, elf.ELFCLASS64, true},
		{"s390x", elf.EM_S390, elf.ELFCLASS64, false},
	} {
		if f.Machine == a.machine && f.Class == a.class && little == a.little {
			b.goarch = a.goarch
		}
	}
	if b.goarch == "" {
		return nil, usagef("%s: not a binary of a GOARCH that Go has for Linux", name)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			data := make([]byte, p.Filesz)
			if _, err := p.ReadAt(data, 0); err != nil {
				return nil, fmt.Errorf("%s: %v", name, err)
			}
			b.interp = strings.TrimRight(string(data), "\x00")
		}
	}
	return b, nil
}

// A verdict says how a guest, or a test in it, ended.
type verdict string

const (
	pass       verdict = "pass"
	fail       verdict = "fail"
	skip       verdict = "skip"       // a test skipped that should not have
	incomplete verdict = "incomplete" // the guest ended before it was done
	panicked   verdict = "panic"      // the kernel panicked
	oops       verdict = "oops"       // the kernel logged an oops, a BUG or a WARNING
	timedOut   verdict = "timeout"
	noBoot     verdict = "noboot"  // the kernel did not come to run /init
	trouble    verdict = "trouble" // QEMU, or this machine, failed
)

// An ending is a verdict and what it rests on. It is an error.
type ending struct {
	verdict verdict
	detail  string
}

func (e ending) Error() string { return fmt.Sprintf("%s: %s", e.verdict, e.detail) }

// untold reports whether the ending can be QEMU's or this machine's fault as well
// as that of what was tested. It is worth another try.
func (e ending) untold() bool {
	return e.verdict != pass && e.verdict != fail && e.verdict != skip
}

// bootTimeout is how long a kernel may take to come to /init. None takes more than
// five seconds on a machine that is not busy.
const bootTimeout = 90 * time.Second

// A guest is a machine to be started, once or more often.
type guest struct {
	goarch string // of the kernel
	qemu   string
	kernel string // image
	append string // additions to its command line
	steps  []guestStep

	bootTimeout time.Duration // until the first record
	timeout     time.Duration // until the end

	output func(step int, kind string, data []byte) // gets what the steps write
}

// A guestResult is what came of a guest.
type guestResult struct {
	end     ending // pass if the job was done, whatever its steps' statuses
	release string // the kernel's, "" if it did not come to /init
	steps   []stepResult
	command []string // QEMU's
	console []byte
	log     []string // of the kernel since /init
	elapsed time.Duration
}

type stepResult struct {
	ended  bool
	status int
	how    string
}

// run runs the guest with files. It returns an error if it did not even come
// to start QEMU. If keep is set, it prints the command and keeps its files.
func (g *guest) run(ctx context.Context, files *initramfs, keep bool) (*guestResult, error) {
	m := machines[g.goarch]
	tmp, err := os.MkdirTemp("", "landlock-vm-")
	if err != nil {
		return nil, err
	}
	if !keep {
		defer os.RemoveAll(tmp)
	}
	data, err := json.MarshalIndent(job{Results: "/dev/" + m.results, Steps: g.steps}, "", "\t")
	if err != nil {
		return nil, err
	}
	initrd := filepath.Join(tmp, "initramfs")
	if err := files.write(initrd, file{name: jobFile, mode: 0o644, data: data}); err != nil {
		return nil, err
	}
	console, results := filepath.Join(tmp, "console"), filepath.Join(tmp, "results")
	args := append([]string{g.qemu}, m.args...)
	args = append(args, "-accel", "tcg", "-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot")
	for _, arg := range m.ports {
		args = append(args, strings.NewReplacer("CONSOLE", console, "RESULTS", results).Replace(arg))
	}
	args = append(args, "-kernel", g.kernel, "-initrd", initrd, "-append", m.kernelArg(g.append))
	if keep {
		fmt.Fprintf(os.Stderr, "%s\n", shellQuote(args))
	}
	return g.watch(ctx, args, console, results)
}

// watch runs QEMU with args and follows the console and the records until it
// ends or has to be ended.
func (g *guest) watch(ctx context.Context, args []string, console, results string) (*guestResult, error) {
	res := &guestResult{steps: make([]stepResult, len(g.steps)), command: args}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := newCommand(ctx, "", args[0], args[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	dieWithParent(cmd)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()

	var (
		reader    recordReader
		recErr    error
		done      bool
		consoleIn = &growingFile{name: console}
		recordsIn = &growingFile{name: results}
		kill      time.Time // when to end a guest that is at its end
	)
	read := func() {
		res.console = append(res.console, consoleIn.read()...)
		if recErr != nil {
			return
		}
		var recs []record
		recs, recErr = reader.next(recordsIn.read())
		for _, rec := range recs {
			if rec.Step >= len(res.steps) {
				recErr = fmt.Errorf("record %d is of no step", rec.Seq)
				return
			}
			switch rec.Kind {
			case recHello:
				res.release = string(rec.Data)
			case recStdout, recStderr:
				if g.output != nil {
					g.output(rec.Step, rec.Kind, rec.Data)
				}
			case recExit:
				res.steps[rec.Step] = stepResult{true, rec.Status, string(rec.Data)}
			case recLog:
				res.log = append(res.log, string(rec.Data))
			case recDone:
				done = true
			}
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var late string // the deadline that passed
	var err error
loop:
	for {
		select {
		case err = <-exited:
			break loop
		case <-tick.C:
		}
		read()
		elapsed := time.Since(start)
		switch {
		case !kill.IsZero():
			if time.Now().Before(kill) {
				continue
			}
		case done || recErr != nil || panicLine.Match(res.console):
			// It should end by itself now, but not every machine does.
			kill = time.Now().Add(2 * time.Second)
			continue
		case oopsLine.Match(started(res.console)):
			// It may go on, but to no good.
			kill = time.Now().Add(10 * time.Second)
			continue
		case elapsed > g.timeout:
			late = g.timeout.String()
		case res.release == "" && elapsed > g.bootTimeout:
			late = g.bootTimeout.String()
		default:
			continue
		}
		cancel()
		err = <-exited
		if late == "" {
			err = nil // it was at its end
		}
		break
	}
	read()
	res.elapsed = time.Since(start)
	res.end = func() ending {
		if line := firstMatch(panicLine, string(res.console)); line != "" {
			return ending{panicked, line}
		}
		if recErr != nil {
			return ending{trouble, fmt.Sprintf("the records did not come through: %v", recErr)}
		}
		if ctx.Err() != nil && late == "" && kill.IsZero() {
			return ending{trouble, "interrupted"}
		}
		if line := firstMatch(oopsLine, append(res.log, string(started(res.console)))...); line != "" {
			return ending{oops, line}
		}
		var last string
		if lines := strings.Split(strings.TrimSpace(string(res.console)), "\n"); lines[len(lines)-1] != "" {
			last = fmt.Sprintf("; the console ends with %q", strings.TrimSpace(lines[len(lines)-1]))
		} else if res.release == "" {
			last = "; nothing was printed"
		}
		switch {
		case done:
			return ending{pass, ""}
		case late != "" && res.release == "":
			return ending{noBoot, fmt.Sprintf("the kernel did not come to run /init within %s%s", late, last)}
		case late != "":
			return ending{timedOut, fmt.Sprintf("the guest was not done within %s%s", late, g.where(res))}
		case err != nil:
			line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
			return ending{trouble, strings.TrimSuffix(fmt.Sprintf("QEMU: %v: %s", err, line), ": ")}
		case res.release == "":
			return ending{noBoot, "QEMU ended before the kernel came to run /init" + last}
		}
		return ending{incomplete, "the guest ended without a completion record" + g.where(res)}
	}()
	return res, nil
}

// started returns what follows consoleMark in console.
func started(console []byte) []byte {
	_, after, _ := bytes.Cut(console, []byte(consoleMark))
	return after
}

// where says which step did not end.
func (g *guest) where(res *guestResult) string {
	for i, s := range res.steps {
		if !s.ended {
			return ", in " + g.steps[i].Name
		}
	}
	return ""
}

var (
	panicLine = regexp.MustCompile(`(?m)^.*Kernel panic - not syncing.*$`)
	oopsLine  = regexp.MustCompile(`(?m)^.*(?:\bOops\b|\bBUG: |kernel BUG at |\bWARNING: |general protection fault|Unable to handle kernel).*$`)
)

// firstMatch returns the first line in texts that matches re, or "".
func firstMatch(re *regexp.Regexp, texts ...string) string {
	for _, s := range texts {
		if line := re.FindString(s); line != "" {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// A growingFile reads a file that grows.
type growingFile struct {
	name   string
	offset int64
}

// read returns what was added to the file.
func (t *growingFile) read() []byte {
	f, err := os.Open(t.name)
	if err != nil {
		return nil // not there yet
	}
	defer f.Close()
	var buf bytes.Buffer
	if _, err := f.Seek(t.offset, 0); err != nil {
		return nil
	}
	n, _ := buf.ReadFrom(f)
	t.offset += n
	return buf.Bytes()
}

// shellQuote returns args as a shell takes them.
func shellQuote(args []string) string {
	var words []string
	for _, arg := range args {
		if !plainWord.MatchString(arg) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

var plainWord = regexp.MustCompile(`^[\w%+,./:=@~-]+$`)

// A file is a file of an initramfs.
type file struct {
	name  string
	mode  uint32 // as in struct stat
	owner int
	major int // of a device
	minor int
	data  []byte
}

const (
	modeDir  = 0o040000
	modeReg  = 0o100000
	modeLink = 0o120000
	modeChar = 0o020000
)

// An initramfs is a guest's file system, in the making.
type initramfs struct {
	files []file
	names map[string]bool
}

// has reports whether the file name is there.
func (r *initramfs) has(name string) bool { return r.names[name] }

func (r *initramfs) add(f file) {
	if r.names == nil {
		r.names = make(map[string]bool)
	}
	f.name = filepath.ToSlash(f.name)
	if r.names[f.name] || f.name == "/" {
		return
	}
	r.addDir(filepath.Dir(f.name))
	r.names[f.name] = true
	if f.mode < 0o10000 {
		f.mode |= modeReg
	}
	r.files = append(r.files, f)
}

// addDir adds a directory and those above it.
func (r *initramfs) addDir(name string) {
	r.add(file{name: name, mode: modeDir | 0o755})
}

// addTree adds the file or directory from as name.
func (r *initramfs) addTree(name, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		fi, err := os.Lstat(path)
		if rel == "." {
			fi, err = os.Stat(path)
		}
		if err != nil {
			return err
		}
		f := file{name: filepath.Join(name, rel), mode: uint32(fi.Mode().Perm())}
		switch fi.Mode().Type() {
		case fs.ModeDir:
			f.mode |= modeDir
		case fs.ModeSymlink:
			f.mode |= modeLink
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			f.data = []byte(link)
		case 0:
			if f.data, err = os.ReadFile(path); err != nil {
				return err
			}
		default:
			return nil
		}
		r.add(f)
		return nil
	})
}

// addBasics adds what every guest has: landlock-ci as /init, devices that are
// needed before it mounts anything, and users.
func (r *initramfs) addBasics(init []byte) {
	r.add(file{name: guestInit, mode: 0o755, data: init})
	r.add(file{name: "/dev/console", mode: modeChar | 0o600, major: 5, minor: 1})
	r.add(file{name: "/dev/null", mode: modeChar | 0o666, major: 1, minor: 3})
	r.add(file{name: "/root", mode: modeDir | 0o700})
	r.add(file{name: "/tmp", mode: modeDir | 0o1777})
	r.add(file{name: "/home/user", mode: modeDir | 0o755, owner: guestUser})
	id := strconv.Itoa(guestUser)
	for name, text := range map[string]string{
		"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:" + id + ":" + id + ":user:/home/user:/bin/sh\n",
		"/etc/group":  "root:x:0:\nuser:x:" + id + ":\n",
		"/etc/hosts":  "127.0.0.1 localhost\n::1 localhost\n",
	} {
		r.add(file{name: name, mode: 0o644, data: []byte(text)})
	}
}

// write writes the initramfs with further files as a cpio archive.
func (r *initramfs) write(name string, more ...file) error {
	w, err := os.Create(name)
	if err != nil {
		return err
	}
	var off int
	put := func(data []byte) {
		pad := -len(data) & 3
		if err == nil {
			_, err = w.Write(append(data[:len(data):len(data)], make([]byte, pad)...))
		}
		off += len(data) + pad
	}
	all := append(slices.Clone(r.files), more...)
	for i, f := range append(all, file{name: "/TRAILER!!!"}) {
		mode := f.mode
		if mode != 0 && mode < 0o10000 {
			mode |= modeReg
		}
		name := strings.TrimPrefix(f.name, "/") + "\x00"
		header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
			i+1, mode, f.owner, f.owner, 1, 0, len(f.data), 0, 0, f.major, f.minor, len(name), 0)
		put([]byte(header + name))
		put(f.data)
	}
	return errors.Join(err, w.Close())
}

// guestBinary returns landlock-ci as a static program for goarch.
func guestBinary(ctx context.Context, goarch string) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if b, err := readBinary(self); err == nil && b.goarch == goarch && b.interp == "" {
		return os.ReadFile(self)
	}
	_, src, _, _ := runtime.Caller(0)
	dir := filepath.Dir(src)
	if _, err := os.Stat(src); err != nil || !filepath.IsAbs(src) {
		return nil, unablef("the source of landlock-ci, from which it is built for %s, is not at %s; build landlock-ci from a checkout and keep that", goarch, dir)
	}
	return buildGuest(ctx, "go", dir, goarch)
}

// buildGuest builds the program in dir for goarch.
func buildGuest(ctx context.Context, goCmd, dir, goarch string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "landlock-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	out := filepath.Join(tmp, "init")
	cmd := newCommand(ctx, dir, goCmd, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
		return nil, unablef("no go command in PATH, to build landlock-ci for %s; install Go", goarch)
	} else if err != nil {
		return nil, fmt.Errorf("building landlock-ci for %s: %v\n%s", goarch, err, text)
	}
	return os.ReadFile(out)
}
