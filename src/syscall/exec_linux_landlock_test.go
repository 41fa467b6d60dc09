// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package syscall_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"internal/race"
	"internal/syscall/unix"
	"internal/testenv"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// A landlockSandbox is a Landlock ruleset and two directories to try it on.
// Both have a file named "file". The ruleset permits its holder to
// read and make files in the directory allowed, and not in denied.
type landlockSandbox struct {
	allowed, denied string
	ruleset         int
}

// landlockSandboxAccess is what a landlockSandbox denies
// except where it is allowed.
const landlockSandboxAccess = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
	unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_REG

// newLandlockSandbox skips the test if the kernel has no Landlock.
func newLandlockSandbox(t testing.TB) *landlockSandbox {
	t.Helper()
	testenv.MustHaveLandlock(t)
	dir := t.TempDir()
	return newLandlockSandboxOf(t, filepath.Join(dir, "allowed"), filepath.Join(dir, "denied"))
}

// newLandlockSandboxOf returns a sandbox for two directories.
// It makes them and their files unless they exist.
func newLandlockSandboxOf(t testing.TB, allowed, denied string) *landlockSandbox {
	t.Helper()
	makeLandlockDirs(t, allowed, denied)
	rules := append(testenv.LandlockExecRules(testenv.Executable(t)), testenv.LandlockRule{Path: allowed, Access: landlockSandboxAccess &^ unix.LANDLOCK_ACCESS_FS_EXECUTE})
	return &landlockSandbox{
		allowed: allowed,
		denied:  denied,
		ruleset: testenv.NewLandlockRuleset(t, landlockSandboxAccess, rules...),
	}
}

func makeLandlockDirs(t testing.TB, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(dir), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// newLandlockDirs returns a landlockSandbox without a ruleset,
// for tests that run on any kernel.
func newLandlockDirs(t testing.TB) *landlockSandbox {
	t.Helper()
	dir := t.TempDir()
	s := &landlockSandbox{allowed: filepath.Join(dir, "allowed"), denied: filepath.Join(dir, "denied"), ruleset: -1}
	makeLandlockDirs(t, s.allowed, s.denied)
	return s
}

// sys returns the attributes of a child in the sandbox.
func (s *landlockSandbox) sys() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: s.ruleset}
}

// A landlockReport is what a child found that ran landlockChild.
type landlockReport struct {
	Denied     map[string]syscall.Errno // errors of what a sandbox denies
	Allowed    map[string]syscall.Errno // errors of what it allows
	NoNewPrivs string
	EUID       int            // effective user ID
	Filter     syscall.Errno  // error of installing a seccomp filter
	Probe      syscall.Errno  // error of landlockProbe
	Files      map[int]string // what the open descriptors refer to
	Status     landlockStatus
}

// landlockReports counts reports, so that their names differ.
var landlockReports atomic.Int32

// env returns the environment for a child that runs landlockChild, and the
// name of the file that it will report to.
func (s *landlockSandbox) env() (env []string, report string) {
	report = filepath.Join(s.allowed, fmt.Sprintf("report%d", landlockReports.Add(1)))
	return append(os.Environ(),
		"GO_LANDLOCK_CHILD="+report,
		"GO_LANDLOCK_DENIED="+s.denied,
		"GORACE=atexit_sleep_ms=0", // spare a second for each of many children
	), report
}

func init() {
	if report := os.Getenv("GO_LANDLOCK_CHILD"); report != "" {
		landlockChild(report, os.Getenv("GO_LANDLOCK_DENIED"))
		os.Exit(0)
	}
}

// landlockChild does in a child process what a sandbox allows and denies.
func landlockChild(report, denied string) {
	var r landlockReport
	r.Files = make(map[int]string)
	for fd := range landlockMaxFiles {
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err == nil {
			r.Files[fd] = landlockFileID(fd, &st)
		}
	}
	r.Allowed = landlockActs(filepath.Dir(report), filepath.Base(report)+".allowed")
	r.Denied = landlockActs(denied, filepath.Base(report)+".denied")
	r.NoNewPrivs = noNewPrivs("/proc/self/status")
	r.Status = readLandlockStatus()
	r.EUID = os.Geteuid()
	if os.Getenv("GO_LANDLOCK_SECCOMP") != "" {
		r.Filter = landlockProbeRule.install()
	}
	r.Probe = landlockProbe()
	data, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(report, data, 0o666)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// landlockFileID returns a name for the file that fd refers to.
func landlockFileID(fd int, st *syscall.Stat_t) string {
	if link, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd)); strings.HasPrefix(link, "anon_inode:") {
		return link // all of these have the same inode
	}
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

const landlockRulesetID = "anon_inode:[landlock-ruleset]"

// landlockActs reads the file in dir and makes another one. It uses package
// syscall so that it stays on the calling thread.
func landlockActs(dir, name string) map[string]syscall.Errno {
	acts := make(map[string]syscall.Errno)
	try := func(act, name string, flags int) {
		fd, err := syscall.Open(filepath.Join(dir, name), flags|syscall.O_CLOEXEC, 0o666)
		errno, _ := err.(syscall.Errno)
		acts[act] = errno
		if err == nil {
			syscall.Close(fd)
		}
	}
	try("read", "file", syscall.O_RDONLY)
	try("write", "file", syscall.O_WRONLY)
	try("make", name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL)
	return acts
}

// noNewPrivs returns no_new_privs from the status file of a process or thread.
func noNewPrivs(status string) string {
	data, err := os.ReadFile(status)
	if err != nil {
		return err.Error()
	}
	_, rest, ok := strings.Cut(string(data), "\nNoNewPrivs:\t")
	if !ok {
		return "not in " + status
	}
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// checkChild checks the report of a child that the calling thread started
// without NoNewPrivs.
func (s *landlockSandbox) checkChild(t *testing.T, report string, sandboxed bool) (r landlockReport) {
	t.Helper()
	return s.checkChildPrivs(t, report, sandboxed, sandboxed)
}

// checkChildPrivs is like checkChild, for a child that was started with
// no_new_privs if noNew is set, and else has it if the calling thread does.
func (s *landlockSandbox) checkChildPrivs(t *testing.T, report string, sandboxed, noNew bool) (r landlockReport) {
	t.Helper()
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("the child did not report: %v", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatalf("report of the child: %v", err)
	}
	wantDenied, wantPrivs := syscall.Errno(0), noNewPrivs("/proc/thread-self/status")
	if sandboxed {
		wantDenied = syscall.EACCES
	}
	if noNew {
		wantPrivs = "1"
	}
	checkActs(t, "child, allowed directory", r.Allowed, 0)
	checkActs(t, "child, denied directory", r.Denied, wantDenied)
	if r.NoNewPrivs != wantPrivs {
		t.Errorf("child has no_new_privs %s, want %s", r.NoNewPrivs, wantPrivs)
	}
	_, err = os.Stat(filepath.Join(s.denied, filepath.Base(report)+".denied"))
	if made := err == nil; made == sandboxed {
		t.Errorf("the child made a file in the denied directory: %t, want %t", made, !sandboxed)
	}
	return r
}

func checkActs(t *testing.T, who string, acts map[string]syscall.Errno, want syscall.Errno) {
	t.Helper()
	if len(acts) != 3 {
		t.Errorf("%s: got %d acts, want 3", who, len(acts))
	}
	for act, errno := range acts {
		if errno != want {
			t.Errorf("%s: %s: got error %d (%v), want %d", who, act, errno, errno, want)
		}
	}
}

// command returns a command for a sandboxed landlockChild, and its report.
func (s *landlockSandbox) command(t *testing.T) (cmd *exec.Cmd, report string) {
	t.Helper()
	cmd = testenv.Command(t, testenv.Executable(t))
	cmd.Env, report = s.env()
	cmd.SysProcAttr = s.sys()
	return cmd, report
}

// runOK runs cmd.
func runOK(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

func TestLandlockChild(t *testing.T) {
	s := newLandlockSandbox(t)
	cmd, report := s.command(t)
	runOK(t, cmd)
	s.checkChild(t, report, true)
}

// TestLandlockParent tests that starting a sandboxed child
// restricts no thread of the process that starts it.
func TestLandlockParent(t *testing.T) {
	s := newLandlockSandbox(t)
	flags := landlockFlags(testenv.MustHaveLandlock(t))
	for _, tt := range []struct {
		name string
		sys  syscall.SysProcAttr
	}{
		{"UseLandlock", syscall.SysProcAttr{UseLandlock: true}},
		{"LandlockFlags", syscall.SysProcAttr{UseLandlock: true, LandlockFlags: flags}}, // with TSYNC
		{"NoNewPrivs", syscall.SysProcAttr{NoNewPrivs: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.sys.LandlockRuleset = s.ruleset
			s.testParent(t, &tt.sys)
		})
	}
}

func (s *landlockSandbox) testParent(t *testing.T, sys *syscall.SysProcAttr) {
	before := noNewPrivs("/proc/self/status")
	// Start children from several threads.
	n := landlockCount(t, 8, 8)
	var wg sync.WaitGroup
	for range n {
		cmd, report := s.command(t)
		cmd.SysProcAttr = sys
		defer s.remove(report)
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", cmd, err, out)
			}
		})
	}
	wg.Wait()

	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(threads) == 0 {
		t.Fatalf("threads of this process: %q, %v", threads, err)
	}
	for _, status := range threads {
		if _, err := os.Stat(status); err != nil {
			continue // the thread has ended
		}
		if got := noNewPrivs(status); got != before {
			t.Errorf("%s: no_new_privs is %s, was %s", status, got, before)
		}
	}

	// A sandbox shows in what it denies only. Hold as many threads as there
	// are at once, so that each has its turn.
	var ready sync.WaitGroup
	ready.Add(len(threads) + n)
	for i := range len(threads) + n {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready.Done()
			ready.Wait()
			name := fmt.Sprintf("parent%d", i)
			checkActs(t, "parent", landlockActs(s.denied, name), 0)
			os.Remove(filepath.Join(s.denied, name))
		})
	}
	wg.Wait()
}

// TestLandlockReuse tests that one ruleset serves many children,
// and that they do not affect children that have not asked for it.
func TestLandlockReuse(t *testing.T) {
	s := newLandlockSandbox(t)
	start := func(sandboxed bool) (*exec.Cmd, func(*testing.T)) {
		cmd, report := s.command(t)
		cmd.SysProcAttr.UseLandlock = sandboxed
		return cmd, func(t *testing.T) {
			t.Helper()
			s.checkChild(t, report, sandboxed)
		}
	}

	t.Run("InTurn", func(t *testing.T) {
		for i := range 10 {
			cmd, check := start(i%3 != 0)
			runOK(t, cmd)
			check(t)
		}
	})

	t.Run("AtOnce", func(t *testing.T) {
		var wg sync.WaitGroup
		var checks []func(*testing.T)
		for i := range landlockCount(t, 40, 40) {
			cmd, check := start(i%3 != 0)
			checks = append(checks, check)
			wg.Go(func() {
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v: %v\n%s", cmd, err, out)
				}
			})
		}
		wg.Wait()
		for _, check := range checks {
			check(t)
		}
	})
}

// TestLandlockUnused tests that LandlockRuleset and LandlockFlags have no
// effect without UseLandlock, whatever they are and on any kernel.
func TestLandlockUnused(t *testing.T) {
	s := newLandlockDirs(t)
	rulesets := []int{0, -1}
	if _, err := testenv.LandlockABI(t); err == nil {
		rulesets = append(rulesets, newLandlockSandbox(t).ruleset)
	}
	for _, ruleset := range rulesets {
		for _, flags := range []uint32{0, unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON, ^uint32(0)} {
			for _, noNew := range []bool{false, true} {
				cmd, report := s.command(t)
				cmd.SysProcAttr = &syscall.SysProcAttr{LandlockRuleset: ruleset, LandlockFlags: flags, NoNewPrivs: noNew}
				runOK(t, cmd)
				s.checkChildPrivs(t, report, false, noNew)
			}
		}
	}
}

// TestLandlockErrors tests that a sandbox that cannot be had is an error, and
// that the program does not run without it.
func TestLandlockErrors(t *testing.T) {
	s := newLandlockSandbox(t)
	dir, err := os.Open(s.allowed)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	noExec := testenv.NewLandlockRuleset(t, unix.LANDLOCK_ACCESS_FS_EXECUTE)
	flags := landlockFlags(testenv.MustHaveLandlock(t))
	// The kernel accepts some flags without a ruleset, for which it looks
	// at 32 bits of the descriptor. That is no sandbox.
	const noLog = unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF
	minusOne := ^uint32(0)

	for _, tt := range []struct {
		name    string
		ruleset int
		flags   uint32
		want    syscall.Errno
	}{
		{"Negative", -1, 0, syscall.EBADF},
		{"NegativeNoLog", -1, noLog & flags, syscall.EBADF},
		{"NegativeNoLogThreads", -1, (noLog | unix.LANDLOCK_RESTRICT_SELF_TSYNC) & flags, syscall.EBADF},
		{"NegativeNoLog32Bits", int(minusOne), noLog & flags, syscall.EBADF},
		{"NegativeFlags", -1, flags, syscall.EBADF},
		{"NegativeUnknownFlags", -1, 1 << 31, syscall.EINVAL},
		{"Closed", 1 << 20, 0, syscall.EBADF},
		{"Directory", int(dir.Fd()), 0, syscall.EBADFD},
		{"DirectoryFlags", int(dir.Fd()), flags, syscall.EBADFD},
		{"MayNotExecute", noExec, 0, syscall.EACCES},
		{"MayNotExecuteFlags", noExec, flags, syscall.EACCES},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.checkStartFails(t, &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: tt.ruleset, LandlockFlags: tt.flags}, tt.want)
		})
	}
}

// checkStartFails checks that a child with attributes sys fails to start with
// error want, and that nothing is left of it.
func (s *landlockSandbox) checkStartFails(t *testing.T, sys *syscall.SysProcAttr, want syscall.Errno) {
	t.Helper()
	env, report := s.env()
	files := openFiles(t)
	exe := testenv.Executable(t)

	pid, err := syscall.ForkExec(exe, []string{exe}, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{0, 1, 2},
		Sys:   sys,
	})
	if err != want {
		t.Errorf("ForkExec: got error %v, want %v", err, want)
	}
	if err == nil {
		wait4(t, pid)
	}
	checkNoChild(t)

	cmd := exec.Command(exe)
	cmd.Env = env
	cmd.SysProcAttr = sys
	err = cmd.Start()
	if pathErr, ok := err.(*fs.PathError); !ok || pathErr.Err != want {
		t.Errorf("Cmd.Start: got error %v, want %v", err, want)
	}
	if err == nil {
		cmd.Wait()
	}
	checkNoChild(t)

	checkNotRun(t, report)
	if after := openFiles(t); !slices.Equal(files, after) {
		t.Errorf("open descriptors were %v, are %v", files, after)
	}
}

// remove removes what a child made that was to write report.
func (s *landlockSandbox) remove(report string) {
	os.Remove(report)
	os.Remove(report + ".allowed")
	os.Remove(filepath.Join(s.denied, filepath.Base(report)+".denied"))
}

// checkNotRun checks that the program that would report did not run.
func checkNotRun(t *testing.T, report string) {
	t.Helper()
	if _, err := os.Stat(report); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the program ran: report: %v", err)
	}
}

// checkNoChild checks that this process has no child, not even a dead one.
func checkNoChild(t *testing.T) {
	t.Helper()
	const wall = 0x40000000 // __WALL
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG|wall, nil); err != syscall.ECHILD {
		t.Errorf("there is a child left: wait4 returned %d, %v; want %v", pid, err, syscall.ECHILD)
	}
}

// openFiles returns the numbers of the open descriptors of this process.
func openFiles(t *testing.T) []string {
	t.Helper()
	f, err := os.Open("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// landlockAlone runs the calling test in a process of its own, in which
// landlockAlone returns true. In the calling process it returns false.
func landlockAlone(t *testing.T) bool {
	t.Helper()
	if os.Getenv("GO_WANT_HELPER_PROCESS") == "1" {
		return true
	}
	testenv.MustHaveLandlock(t)
	runTestAlone(t, testenv.Command(t, testenv.Executable(t)), t.Name())
	return false
}

// runTestAlone runs cmd, a test binary, with the named test.
func runTestAlone(t *testing.T, cmd *exec.Cmd, name string) {
	t.Helper()
	cmd.Args = append(cmd.Args, "-test.v", "-test.run=^"+name+"$")
	if testing.Short() {
		cmd.Args = append(cmd.Args, "-test.short")
	}
	cmd.Env = append(cmd.Environ(), "GO_WANT_HELPER_PROCESS=1")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("%v: %v", cmd, err)
	}
	if !bytes.Contains(out, []byte("--- PASS: "+name+" ")) {
		t.Errorf("%v: the test did not pass", cmd)
	}
}

// TestLandlockLayers tests that a sandbox can be nested inside another one
// until there are too many.
func TestLandlockLayers(t *testing.T) {
	// Sandboxes that a thread is in stay.
	if !landlockAlone(t) {
		return
	}
	runtime.LockOSThread()
	s := newLandlockSandbox(t)
	setNoNewPrivs(t)
	const maxLayers = 16 // LANDLOCK_MAX_NUM_LAYERS in the kernel
	for range maxLayers - 1 {
		if err := unix.LandlockRestrictSelf(s.ruleset, 0); err != nil {
			t.Fatalf("landlock_restrict_self: %v", err)
		}
	}
	env, report := s.env()
	runForkExec(t, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{0, 1, 2},
		Sys:   s.sys(),
	})
	s.checkChild(t, report, true)

	if err := unix.LandlockRestrictSelf(s.ruleset, 0); err != nil {
		t.Fatalf("landlock_restrict_self: %v", err)
	}
	s.checkStartFails(t, s.sys(), syscall.E2BIG)
}

const prSetNoNewPrivs = 38 // from linux/prctl.h

// setNoNewPrivs sets no_new_privs for the calling thread.
func setNoNewPrivs(t *testing.T) {
	t.Helper()
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		t.Fatalf("prctl: %v", errno)
	}
}

// runForkExec runs landlockChild with attr.
func runForkExec(t *testing.T, attr *syscall.ProcAttr) {
	t.Helper()
	exe := testenv.Executable(t)
	pid, err := syscall.ForkExec(exe, []string{exe}, attr)
	if err != nil {
		t.Fatalf("ForkExec: %v", err)
	}
	if status := wait4(t, pid); status != 0 {
		t.Fatalf("child: wait status %#x", status)
	}
}

// TestLandlockUnsupported tests that on a kernel that lacks Landlock
// a child does not start without the sandbox that it was to have.
// On others, descriptor 0 is not a ruleset.
func TestLandlockUnsupported(t *testing.T) {
	s := newLandlockDirs(t)
	for _, flags := range []uint32{0, 1 << 31} {
		want := syscall.EBADFD
		if flags != 0 {
			want = syscall.EINVAL
		}
		if _, err := testenv.LandlockABI(t); err != nil {
			want = err.(syscall.Errno)
		}
		s.checkStartFails(t, &syscall.SysProcAttr{UseLandlock: true, LandlockFlags: flags}, want)
	}
}

// landlockCount returns how many cases to try of those that there are: few
// with -short, else many, but less with the race detector, which makes it ten
// times slower. On an emulated machine, where it takes long to start a
// process, the environment variable GO_TEST_LANDLOCK_COUNT is the most.
func landlockCount(t *testing.T, few, many int) int {
	t.Helper()
	n := many
	switch {
	case testing.Short():
		n = few
	case race.Enabled:
		n = max(few, many/10)
	}
	if s := os.Getenv("GO_TEST_LANDLOCK_COUNT"); s != "" {
		most, err := strconv.Atoi(s)
		if err != nil || most < 1 {
			t.Fatalf("GO_TEST_LANDLOCK_COUNT=%s: want a number from 1", s)
		}
		n = min(n, most)
	}
	return n
}

// landlockSeed returns the seed for what is done at random: always the same,
// or that in the environment variable GO_TEST_LANDLOCK_SEED.
func landlockSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(68595)
	if s := os.Getenv("GO_TEST_LANDLOCK_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 0, 64)
		if err != nil {
			t.Fatalf("GO_TEST_LANDLOCK_SEED: %v", err)
		}
	}
	t.Logf("GO_TEST_LANDLOCK_SEED=%d", seed)
	return seed
}
