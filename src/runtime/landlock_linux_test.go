// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime_test

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"internal/goarch"
	"internal/syscall/unix"
	"internal/testenv"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// landlockChildVar is set in child processes of these tests,
// to the name of a function in landlockChildren.
const landlockChildVar = "GO_LANDLOCK_CHILD"

func init() {
	if f := landlockChildren[os.Getenv(landlockChildVar)]; f != nil {
		f(os.Args[1:])
		os.Exit(0)
	}
}

var landlockChildren = map[string]func(args []string){
	"open":  func(files []string) { landlockReport(files) },
	"work":  func(files []string) { landlockWork(); landlockReport(files) },
	"panic": func([]string) { landlockCrash(func() { panic("crash of the child") }) },
	"fault": func([]string) { landlockCrash(func() { *(*int)(nil) = 1 }) },
}

// A landlockChildReport is what a child process prints in JSON.
type landlockChildReport struct {
	Open               map[string]syscall.Errno // errors of opening files
	GOMAXPROCS, NumCPU int
}

func landlockReport(files []string) {
	r := landlockChildReport{openFiles(files), runtime.GOMAXPROCS(0), runtime.NumCPU()}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// openFiles opens and closes files on the calling thread.
func openFiles(files []string) map[string]syscall.Errno {
	errs := make(map[string]syscall.Errno)
	for _, name := range files {
		fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		errs[name], _ = err.(syscall.Errno)
		if err == nil {
			syscall.Close(fd)
		}
	}
	return errs
}

// landlockWork starts threads, collects garbage, and has the scheduler
// preempt a loop that does not call functions.
func landlockWork() {
	var stop atomic.Bool
	go func() {
		for !stop.Load() {
		}
	}()
	defer stop.Store(true)

	const n = 20
	var mu sync.Mutex
	tids := make(map[int]bool)
	onThreads(n, func() {
		mu.Lock()
		defer mu.Unlock()
		tids[syscall.Gettid()] = true
	})
	if len(tids) != n {
		fmt.Fprintf(os.Stderr, "%d goroutines were on %d threads\n", n, len(tids))
		os.Exit(1)
	}

	collected := make(chan bool)
	runtime.AddCleanup(&[]*int{new(int)}[0], func(int) { close(collected) }, 0)
	for {
		runtime.GC()
		select {
		case <-collected:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// onThreads calls f on n threads at once.
func onThreads(n int, f func()) {
	release := make(chan bool)
	wait := holdThreads(n, release, f)
	close(release)
	wait()
}

// holdThreads returns when n goroutines are locked to as many threads.
// They call f when release is closed. The function wait waits for this.
func holdThreads(n int, release chan bool, f func()) (wait func()) {
	var ready, done sync.WaitGroup
	ready.Add(n)
	for range n {
		done.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready.Done()
			<-release
			f()
		})
	}
	ready.Wait()
	return done.Wait
}

// landlockCrash calls f in a goroutine.
func landlockCrash(f func()) {
	go landlockCrash1(f)
	select {}
}

//go:noinline
func landlockCrash1(f func()) {
	landlockCrash2(f)
}

//go:noinline
func landlockCrash2(f func()) {
	f()
}

// landlockCommand returns a command for a child process.
func landlockCommand(t *testing.T, name string, sys *syscall.SysProcAttr, args ...string) *exec.Cmd {
	t.Helper()
	cmd := testenv.Command(t, testenv.Executable(t), args...)
	// The race detector sleeps for a second at exit if it is let.
	cmd.Env = append(cmd.Environ(), landlockChildVar+"="+name, "GOMAXPROCS=", "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = sys
	return cmd
}

// runLandlockChild runs a child process that prints a landlockChildReport.
// It may be called from goroutines that are not the test's.
func runLandlockChild(t *testing.T, name string, sys *syscall.SysProcAttr, files ...string) (r landlockChildReport) {
	t.Helper()
	cmd := landlockCommand(t, name, sys, files...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil {
		t.Errorf("%v: %v\n%s", cmd, err, &stderr)
	}
	return r
}

// landlockDeniedAll returns what makes a child process in a sandbox that denies
// all that the kernel can deny, except to run the test binary. The function
// granted reports whether the child needs a file for that.
func landlockDeniedAll(t *testing.T) (sys *syscall.SysProcAttr, granted func(file string) bool) {
	t.Helper()
	abi := testenv.MustHaveLandlock(t)
	attr := unix.LandlockRulesetAttr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_REFER - 1}
	for _, v := range []struct {
		abi             int
		fs, net, scoped uint64
	}{
		{abi: 2, fs: unix.LANDLOCK_ACCESS_FS_REFER},
		{abi: 3, fs: unix.LANDLOCK_ACCESS_FS_TRUNCATE},
		{abi: 4, net: unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP},
		{abi: 5, fs: unix.LANDLOCK_ACCESS_FS_IOCTL_DEV},
		{abi: 6, scoped: unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL},
		{abi: 9, fs: unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX},
		{abi: 10, net: unix.LANDLOCK_ACCESS_NET_BIND_UDP | unix.LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP},
	} {
		if abi >= v.abi {
			attr.HandledAccessFS |= v.fs
			attr.HandledAccessNet |= v.net
			attr.Scoped |= v.scoped
		}
	}
	rules := testenv.LandlockExecRules(testenv.Executable(t))
	if !landlockCgo(t) {
		rules = rules[:1] // the test binary
	}
	ruleset := testenv.NewLandlockRulesetAttr(t, &attr, rules...)
	granted = func(file string) bool {
		return slices.ContainsFunc(rules, func(r testenv.LandlockRule) bool {
			return file == r.Path || strings.HasPrefix(file, r.Path+"/")
		})
	}
	return &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: ruleset}, granted
}

// landlockCgo reports whether the test binary uses cgo,
// and so is linked with the C library.
func landlockCgo(t *testing.T) bool {
	t.Helper()
	f, err := elf.Open(testenv.Executable(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// TestLandlockDeniedAll tests that the runtime does its work
// in a process that is denied everything.
func TestLandlockDeniedAll(t *testing.T) {
	sys, granted := landlockDeniedAll(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	// All but the first may be missing.
	files := []string{file, "/", os.DevNull, "/proc/self/cgroup", "/proc/self/mountinfo", "/sys/fs/cgroup", "/sys/fs/cgroup/cpu.max"}
	want := openFiles(files)
	for name, errno := range want {
		if errno == 0 && !granted(name) {
			want[name] = syscall.EACCES
		}
	}
	if want[file] != syscall.EACCES {
		t.Fatalf("open %s: %v", file, want[file])
	}
	r := runLandlockChild(t, "work", sys, files...)
	if !maps.Equal(r.Open, want) {
		t.Errorf("the child got errors %v,\nwant %v", r.Open, want)
	}
	// Any limit of its cgroup is unknown to the child.
	if n := runtime.NumCPU(); r.NumCPU != n || r.GOMAXPROCS != n {
		t.Errorf("the child has %d CPUs and GOMAXPROCS %d, want %d", r.NumCPU, r.GOMAXPROCS, n)
	}
}

// TestLandlockTraceback tests that a process that is denied everything
// says why it crashes.
func TestLandlockTraceback(t *testing.T) {
	sys, _ := landlockDeniedAll(t)
	const frames = `\n\ngoroutine \d+ .*\[running.*\]:\n(?s:.*)` +
		`runtime_test\.landlockCrash2\(.*\)\n\t.*landlock_linux_test\.go:\d+ \+0x(?s:.*)` +
		`runtime_test\.landlockCrash1\(.*\)\n\t.*landlock_linux_test\.go:\d+ \+0x(?s:.*)` +
		`created by runtime_test\.landlockCrash in goroutine 1\n`
	for _, tt := range []struct {
		name, traceback string
		want            string
		status          syscall.WaitStatus
	}{
		{"panic", "single", `^panic: crash of the child` + frames, 2 << 8},
		{"fault", "all", `^panic: runtime error: invalid memory address or nil pointer dereference\n` +
			`\[signal SIGSEGV: segmentation violation code=0x\w+ addr=0x0 pc=0x\w+\]` + frames +
			`(?s:.*)\n\ngoroutine 1 .*\[.*\]:\n`, 2 << 8},
		{"panic", "crash", `^panic: crash of the child` + frames, syscall.WaitStatus(syscall.SIGABRT)},
	} {
		t.Run(tt.name+"/"+tt.traceback, func(t *testing.T) {
			cmd := landlockCommand(t, tt.name, sys)
			cmd.Env = append(cmd.Env, "GOTRACEBACK="+tt.traceback)
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			if err == nil || cmd.ProcessState == nil {
				t.Fatalf("%v: %v", cmd, err)
			}
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			const core = 0x80
			if status&^core != tt.status {
				t.Errorf("the child ended with %v, want wait status %#x", err, tt.status)
			}
			if !regexp.MustCompile(tt.want).Match(out) {
				t.Errorf("the child printed\n%s\nwant a match of %s", out, tt.want)
			}
		})
	}
}

// A landlockSandbox is two rulesets and three files to try them on.
// Each ruleset permits its holder to read the file of the same name and
// the file "both", and to run the test binary.
type landlockSandbox struct {
	dir          string
	outer, inner int
}

// newLandlockSandbox skips the test if the kernel has no Landlock.
func newLandlockSandbox(t *testing.T) *landlockSandbox {
	t.Helper()
	testenv.MustHaveLandlock(t)
	s := &landlockSandbox{dir: t.TempDir()}
	for _, name := range s.files() {
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const handled = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	ruleset := func(name string) int {
		rules := testenv.LandlockExecRules(testenv.Executable(t))
		for _, name := range []string{name, "both"} {
			rules = append(rules, testenv.LandlockRule{Path: filepath.Join(s.dir, name), Access: handled})
		}
		return testenv.NewLandlockRuleset(t, handled, rules...)
	}
	s.outer, s.inner = ruleset("outer"), ruleset("inner")
	return s
}

func (s *landlockSandbox) files() (names []string) {
	for _, name := range []string{"outer", "inner", "both"} {
		names = append(names, filepath.Join(s.dir, name))
	}
	return names
}

// check checks that who can open the files that all the sandboxes permit
// in which it should be, and no others.
func (s *landlockSandbox) check(t *testing.T, who string, got map[string]syscall.Errno, sandboxes ...string) {
	t.Helper()
	want := make(map[string]syscall.Errno)
	for _, name := range s.files() {
		want[name] = 0
		for _, sandbox := range sandboxes {
			if base := filepath.Base(name); base != sandbox && base != "both" {
				want[name] = syscall.EACCES
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: got errors %v,\nwant %v, in sandboxes %q", who, got, want, sandboxes)
	}
}

// checkThread is check for the calling thread.
func (s *landlockSandbox) checkThread(t *testing.T, who string, sandboxes ...string) {
	t.Helper()
	s.check(t, who, openFiles(s.files()), sandboxes...)
}

// checkChildren checks children of the calling thread,
// which is in the sandboxes.
func (s *landlockSandbox) checkChildren(t *testing.T, sandboxes ...string) {
	t.Helper()
	r := runLandlockChild(t, "open", nil, s.files()...)
	s.check(t, "child", r.Open, sandboxes...)
	r = runLandlockChild(t, "open", s.attr(), s.files()...)
	s.check(t, "child with UseLandlock", r.Open, append(sandboxes, "inner")...)
}

func (s *landlockSandbox) attr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: s.inner}
}

// threads returns the threads of this process.
func threads(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/self/task/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("threads of this process: %q, %v", dirs, err)
	}
	return dirs
}

// noNewPrivs returns no_new_privs of a thread, and "" if it has ended.
func noNewPrivs(t *testing.T, thread string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(thread, "status"))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "\nNoNewPrivs:\t")
	if !ok {
		t.Fatalf("no NoNewPrivs in status of %s:\n%s", thread, data)
	}
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// checkNoNewPrivs checks no_new_privs of all threads.
func checkNoNewPrivs(t *testing.T, want string) {
	t.Helper()
	for _, thread := range threads(t) {
		if got := noNewPrivs(t, thread); got != "" && got != want {
			t.Errorf("%s has no_new_privs %s, want %s", thread, got, want)
		}
	}
}

// TestLandlockThreads tests that all threads of a process stay as they are
// while it starts sandboxed children: those from before, those
// that start children, and those that begin meanwhile.
func TestLandlockThreads(t *testing.T) {
	s := newLandlockSandbox(t)
	before := noNewPrivs(t, "/proc/thread-self")
	s.checkThread(t, "test")

	release := make(chan bool)
	wait := holdThreads(len(threads(t))+4, release, func() {
		s.checkThread(t, "thread from before")
	})

	starters, children := 4, 10
	if testing.Short() {
		children = 2
	}
	var wg sync.WaitGroup
	for range starters {
		wg.Go(func() {
			runtime.LockOSThread() // and exit with it
			for range children {
				r := runLandlockChild(t, "open", s.attr(), s.files()...)
				s.check(t, "child", r.Open, "inner")
				s.checkThread(t, "thread that starts children")
			}
		})
	}
	started := make(chan bool)
	go func() {
		wg.Wait()
		close(started)
	}()
	for running := true; running; {
		select {
		case <-started:
			running = false
		case <-time.After(time.Millisecond): // leaves the starters some time
		}
		done := make(chan bool)
		go func() {
			defer close(done)
			runtime.LockOSThread() // and exit with it
			s.checkThread(t, "thread from meanwhile")
		}()
		<-done
		checkNoNewPrivs(t, before)
	}

	close(release)
	wait()
	onThreads(len(threads(t)), func() { s.checkThread(t, "thread from afterwards") })
	checkNoNewPrivs(t, before)
}

const prSetNoNewPrivs = 38 // from linux/prctl.h

// TestLandlockLockedThread tests that a goroutine that restricts the thread to
// which it is locked, and exits without unlocking it, restricts
// no other goroutine.
func TestLandlockLockedThread(t *testing.T) {
	s := newLandlockSandbox(t)
	before := noNewPrivs(t, "/proc/thread-self")
	var restricted string
	t.Run("Restricted", func(t *testing.T) {
		// This goroutine exits locked and takes its thread along.
		runtime.LockOSThread()
		if syscall.Gettid() == syscall.Getpid() {
			t.Fatal("the test runs on the main thread, which cannot exit")
		}
		restricted = fmt.Sprintf("/proc/self/task/%d", syscall.Gettid())
		if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
			t.Fatalf("prctl: %v", errno)
		}
		if err := unix.LandlockRestrictSelf(s.outer, 0); err != nil {
			t.Fatalf("landlock_restrict_self: %v", err)
		}
		s.checkThread(t, "locked thread", "outer")
		s.checkChildren(t, "outer")

		// New threads must not be children of this one, whose sandbox they
		// would be in. The runtime needs one when this goroutine blocks while
		// another runs, a third could, and there is no idle thread.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
		spin := func(until *atomic.Bool) {
			for !until.Load() {
				syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) // does not block for the runtime
			}
		}
		release := make(chan bool)
		var wg sync.WaitGroup
		for range len(threads(t)) + 20 {
			var running, blocked atomic.Bool
			wg.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				running.Store(true)
				spin(&blocked)
				<-release
				s.checkThread(t, "thread made from the locked one")
			})
			spin(&running)
			woken := make(chan bool)
			go func() {
				blocked.Store(true)
				close(woken)
			}()
			<-woken
		}
		for _, thread := range threads(t) {
			want := before
			if thread == restricted {
				want = "1"
			}
			if got := noNewPrivs(t, thread); got != "" && got != want {
				t.Errorf("%s has no_new_privs %s, want %s", thread, got, want)
			}
		}
		s.checkThread(t, "locked thread", "outer")
		close(release)
		wg.Wait()
	})

	// Hold more threads than there are, so that each has its turn.
	onThreads(len(threads(t))+1, func() {
		s.checkThread(t, "thread of another goroutine")
		if thread := fmt.Sprintf("/proc/self/task/%d", syscall.Gettid()); thread == restricted {
			t.Errorf("the restricted thread runs another goroutine")
		}
	})
	if t.Failed() {
		return
	}
	for noNewPrivs(t, restricted) != "" {
		time.Sleep(time.Millisecond)
	}
	checkNoNewPrivs(t, before)
	s.checkChildren(t)
}

// landlockAlone runs the calling test in a process of its own, in which
// landlockAlone returns true. In the calling process it returns false.
func landlockAlone(t *testing.T) bool {
	t.Helper()
	const alone = "GO_LANDLOCK_ALONE"
	if os.Getenv(alone) == "1" {
		return true
	}
	testenv.MustHaveLandlock(t)
	cmd := testenv.Command(t, testenv.Executable(t), "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(cmd.Environ(), alone+"=1")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("%v: %v", cmd, err)
	}
	if !bytes.Contains(out, []byte("--- PASS: "+t.Name()+" ")) {
		t.Errorf("%v: the test did not pass", cmd)
	}
	return false
}

// TestLandlockAllThreads tests a process
// that restricts itself with syscall.AllThreadsSyscall.
func TestLandlockAllThreads(t *testing.T) {
	if !landlockAlone(t) {
		return
	}
	// The package that has the number does not export it.
	const restrictSelf = 446 + 4000*(goarch.IsMips|goarch.IsMipsle) + 5000*(goarch.IsMips64|goarch.IsMips64le)
	_, _, errno := syscall.AllThreadsSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0)
	if landlockCgo(t) {
		if errno != syscall.ENOTSUP {
			t.Errorf("AllThreadsSyscall with cgo: got error %v, want %v", errno, syscall.ENOTSUP)
		}
		return
	}
	if errno != 0 {
		t.Fatalf("prctl: %v", errno)
	}
	testLandlockProcess(t, func(ruleset int) error {
		if _, _, errno := syscall.AllThreadsSyscall(restrictSelf, uintptr(ruleset), 0, 0); errno != 0 {
			return errno
		}
		return nil
	})
}

// TestLandlockTSYNC tests a process
// that restricts itself with LANDLOCK_RESTRICT_SELF_TSYNC.
func TestLandlockTSYNC(t *testing.T) {
	if !landlockAlone(t) {
		return
	}
	restrict := func(ruleset int) error {
		// The other threads get no_new_privs from this one.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
			return fmt.Errorf("prctl: %w", errno)
		}
		return unix.LandlockRestrictSelf(ruleset, unix.LANDLOCK_RESTRICT_SELF_TSYNC)
	}
	if abi := testenv.MustHaveLandlock(t); abi < 8 {
		s := newLandlockSandbox(t)
		if err := restrict(s.outer); err != syscall.EINVAL {
			t.Errorf("landlock_restrict_self with LANDLOCK_RESTRICT_SELF_TSYNC: got error %v, want %v with ABI %d", err, syscall.EINVAL, abi)
		}
		onThreads(len(threads(t)), func() { s.checkThread(t, "thread") })
		return
	}
	testLandlockProcess(t, restrict)
}

// testLandlockProcess tests that the function restrict
// restricts all threads of the process, which must be this test's alone.
func testLandlockProcess(t *testing.T, restrict func(ruleset int) error) {
	s := newLandlockSandbox(t)
	release := make(chan bool)
	wait := holdThreads(len(threads(t))+4, release, func() {
		s.checkThread(t, "thread from before", "outer")
	})
	s.checkThread(t, "test")
	if err := restrict(s.outer); err != nil {
		t.Fatalf("restricting the process: %v", err)
	}
	newWait := holdThreads(4, release, func() {
		s.checkThread(t, "thread from afterwards", "outer")
	})
	s.checkThread(t, "test", "outer")
	checkNoNewPrivs(t, "1")
	close(release)
	wait()
	newWait()
	s.checkChildren(t, "outer")

	// There can be 16 layers. The sandbox of a child counts.
	const maxLayers = 16 // LANDLOCK_MAX_NUM_LAYERS in the kernel
	for range maxLayers - 2 {
		if err := restrict(s.outer); err != nil {
			t.Fatalf("nesting another sandbox: %v", err)
		}
	}
	s.checkChildren(t, "outer")
	if err := restrict(s.outer); err != nil {
		t.Fatalf("nesting another sandbox: %v", err)
	}
	if err := restrict(s.outer); err != syscall.E2BIG {
		t.Errorf("nesting a sandbox too many: got error %v, want %v", err, syscall.E2BIG)
	}
	err := landlockCommand(t, "open", s.attr()).Run()
	if !errors.Is(err, syscall.E2BIG) {
		t.Errorf("child in a sandbox too many: got error %v, want %v", err, syscall.E2BIG)
	}
	onThreads(len(threads(t)), func() { s.checkThread(t, "thread", "outer") })
}
