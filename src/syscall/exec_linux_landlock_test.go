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
	"unsafe"
)

// A landlockSandbox is a Landlock ruleset and two directories to try it on.
// Both have a file named "file". The ruleset permits its holder to
// read and make files in the directory allowed, and not in denied.
type landlockSandbox struct {
	allowed, denied string
	ruleset         int
	reports         atomic.Int32
}

// newLandlockSandbox skips the test if the kernel has no Landlock.
func newLandlockSandbox(t *testing.T) *landlockSandbox {
	t.Helper()
	testenv.MustHaveLandlock(t)
	dir := t.TempDir()
	s := &landlockSandbox{
		allowed: filepath.Join(dir, "allowed"),
		denied:  filepath.Join(dir, "denied"),
	}
	for _, dir := range []string{s.allowed, s.denied} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(dir), 0o666); err != nil {
			t.Fatal(err)
		}
	}

	const (
		read  = unix.LANDLOCK_ACCESS_FS_READ_FILE
		write = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_REG
	)
	rules := append(testenv.LandlockExecRules(testenv.Executable(t)), testenv.LandlockRule{Path: s.allowed, Access: read | write})
	s.ruleset = testenv.NewLandlockRuleset(t, unix.LANDLOCK_ACCESS_FS_EXECUTE|read|write, rules...)
	return s
}

// A landlockReport is what a child found that ran landlockChild.
type landlockReport struct {
	Denied     map[string]syscall.Errno // errors of what a sandbox denies
	Allowed    map[string]syscall.Errno // errors of what it allows
	NoNewPrivs string
	Files      map[int]string // what the open descriptors refer to
}

// env returns the environment for a child that runs landlockChild, and the
// name of the file that it will report to.
func (s *landlockSandbox) env() (env []string, report string) {
	report = filepath.Join(s.allowed, fmt.Sprintf("report%d", s.reports.Add(1)))
	return append(os.Environ(), "GO_LANDLOCK_CHILD="+report, "GO_LANDLOCK_DENIED="+s.denied), report
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
	for fd := range 1100 {
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err == nil {
			r.Files[fd] = landlockFileID(fd, &st)
		}
	}
	r.Allowed = landlockActs(filepath.Dir(report), filepath.Base(report)+".new")
	r.Denied = landlockActs(denied, filepath.Base(report)+".new")
	r.NoNewPrivs = noNewPrivs("/proc/self/status")
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

// checkChild checks the report of a child.
func (s *landlockSandbox) checkChild(t *testing.T, report string, sandboxed bool) (r landlockReport) {
	t.Helper()
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("the child did not report: %v", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatalf("report of the child: %v", err)
	}
	wantDenied, wantPrivs := syscall.Errno(0), noNewPrivs("/proc/self/status")
	if sandboxed {
		wantDenied, wantPrivs = syscall.EACCES, "1"
	}
	checkActs(t, "child, allowed directory", r.Allowed, 0)
	checkActs(t, "child, denied directory", r.Denied, wantDenied)
	if r.NoNewPrivs != wantPrivs {
		t.Errorf("child has no_new_privs %s, want %s", r.NoNewPrivs, wantPrivs)
	}
	_, err = os.Stat(filepath.Join(s.denied, filepath.Base(report)+".new"))
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
	cmd.SysProcAttr = &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: s.ruleset}
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
	before := noNewPrivs("/proc/self/status")
	// Start children from several threads.
	const n = 8
	var wg sync.WaitGroup
	for range n {
		cmd, _ := s.command(t)
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
			checkActs(t, "parent", landlockActs(s.denied, fmt.Sprintf("parent%d", i)), 0)
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
		for i := range 40 {
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

// TestLandlockUnused tests that LandlockRuleset alone has no effect,
// whatever it is.
func TestLandlockUnused(t *testing.T) {
	s := newLandlockSandbox(t)
	for _, ruleset := range []int{s.ruleset, 0, -1} {
		cmd, report := s.command(t)
		cmd.SysProcAttr = &syscall.SysProcAttr{LandlockRuleset: ruleset}
		runOK(t, cmd)
		s.checkChild(t, report, false)
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

	for _, tt := range []struct {
		name    string
		ruleset int
		want    syscall.Errno
	}{
		{"Negative", -1, syscall.EBADF},
		{"Closed", 1 << 20, syscall.EBADF},
		{"Directory", int(dir.Fd()), syscall.EBADFD},
		{"MayNotExecute", noExec, syscall.EACCES},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.checkStartFails(t, tt.ruleset, tt.want)
		})
	}
}

// checkStartFails checks that a child with ruleset fails to start with error
// want, and that nothing is left of it.
func (s *landlockSandbox) checkStartFails(t *testing.T, ruleset int, want syscall.Errno) {
	t.Helper()
	env, report := s.env()
	files := openFiles(t)
	exe := testenv.Executable(t)
	pid, err := syscall.ForkExec(exe, []string{exe}, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: ruleset},
	})
	if err != want {
		t.Errorf("ForkExec: got error %v, want %v", err, want)
	}
	if err == nil {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
			t.Fatal(err)
		}
	} else if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("there is a child left: wait4 returned %d, %v; want %v", pid, err, syscall.ECHILD)
	}
	if _, err := os.Stat(report); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the program ran")
	}
	if after := openFiles(t); !slices.Equal(files, after) {
		t.Errorf("open descriptors were %v, are %v", files, after)
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
	cmd := testenv.Command(t, testenv.Executable(t), "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "GO_WANT_HELPER_PROCESS=1")
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
		Sys:   &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: s.ruleset},
	})
	s.checkChild(t, report, true)

	if err := unix.LandlockRestrictSelf(s.ruleset, 0); err != nil {
		t.Fatalf("landlock_restrict_self: %v", err)
	}
	s.checkStartFails(t, s.ruleset, syscall.E2BIG)
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
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, 0, nil)
		if err == nil {
			break
		}
		if err != syscall.EINTR {
			t.Fatalf("wait4: %v", err)
		}
	}
	if status != 0 {
		t.Fatalf("child: wait status %#x", status)
	}
}

// TestLandlockSeccomp tests the errors that the kernel returns if it lacks
// Landlock and those that a seccomp filter may return in its place.
func TestLandlockSeccomp(t *testing.T) {
	// Filters stay too.
	if !landlockAlone(t) {
		return
	}
	s := newLandlockSandbox(t)
	for _, call := range []struct {
		name string
		trap uint32
		arg  uint32 // the first argument
	}{
		{"prctl", syscall.SYS_PRCTL, prSetNoNewPrivs},
		{"landlock_restrict_self", syscall.Sys_landlock_restrict_self, uint32(s.ruleset)},
	} {
		for _, errno := range []syscall.Errno{syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.EPERM, syscall.EINVAL} {
			t.Run(call.name+"/"+errno.Error(), func(t *testing.T) {
				// The goroutine ends locked and takes its thread along.
				runtime.LockOSThread()
				setNoNewPrivs(t)
				seccompErrno(t, call.trap, call.arg, errno)
				s.checkStartFails(t, s.ruleset, errno)
			})
		}
	}
}

// seccompErrno makes system call trap fail with errno if its first argument
// is arg, for the calling thread and its children. See linux/filter.h.
func seccompErrno(t *testing.T, trap, arg uint32, errno syscall.Errno) {
	const (
		allow     = 0x7fff0000 // SECCOMP_RET_ALLOW
		fail      = 0x00050000 // SECCOMP_RET_ERRNO
		offsetNr  = 0          // of nr and args[0] in struct seccomp_data
		offsetArg = 16
	)
	argLow := uint32(offsetArg)
	if *(*byte)(unsafe.Pointer(&[]uint16{1}[0])) == 0 {
		argLow += 4 // big-endian
	}
	filter := []syscall.SockFilter{
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: offsetNr},
		{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, Jf: 3, K: trap},
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: argLow},
		{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, Jf: 1, K: arg},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: fail | uint32(errno)},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: allow},
	}
	prog := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	const prSetSeccomp, seccompModeFilter = 22, 2
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetSeccomp, seccompModeFilter, uintptr(unsafe.Pointer(&prog)), 0, 0, 0); errno != 0 {
		t.Fatalf("prctl(PR_SET_SECCOMP): %v", errno)
	}
}

// TestLandlockUnsupported tests that on a kernel that lacks Landlock
// a child does not start without the sandbox that it was to have.
// On others, descriptor 0 is not a ruleset.
func TestLandlockUnsupported(t *testing.T) {
	want := syscall.EBADFD
	if _, err := testenv.LandlockABI(t); err != nil {
		want = err.(syscall.Errno)
	}
	s := &landlockSandbox{allowed: t.TempDir(), denied: t.TempDir()}
	s.checkStartFails(t, 0, want)
}

// TestLandlockDescriptors tests rulesets at descriptor numbers that mean
// something else in the child. In each case, the child must be in the
// sandbox and have the descriptors that ProcAttr.Files says,
// and the ruleset must not be among them unless it is in ProcAttr.Files.
func TestLandlockDescriptors(t *testing.T) {
	// The test moves descriptors 0, 1 and 2 of its process.
	if !landlockAlone(t) {
		return
	}
	s := newLandlockSandbox(t)
	exe := testenv.Executable(t)

	// open opens a file of its own at descriptor number fd.
	open := func(t *testing.T, fd int) {
		t.Helper()
		tmp, err := syscall.Open(filepath.Join(s.allowed, fmt.Sprintf("fd%d", fd)), syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		dupTo(t, tmp, fd)
		syscall.Close(tmp)
	}
	// Descriptors for use in ProcAttr.Files, all above those of the process.
	const base = 100
	for i := range 40 {
		open(t, base+i)
	}
	// upTo returns n entries for ProcAttr.Files,
	// each above its index and so with no need for pass 1.
	upTo := func(n int) []int {
		files := make([]int, n)
		for i := range files {
			files[i] = base + i
		}
		return files
	}

	type testCase struct {
		name    string
		ruleset int
		files   []int
	}
	tests := []testCase{
		// Closed by pass 2, or overwritten by it.
		{"Stdin/0Files", 0, nil},
		{"Stdout/0Files", 1, nil},
		{"Stdout/1File", 1, upTo(1)},
		{"Stderr/0Files", 2, nil},
		{"Stderr/2Files", 2, upTo(2)},
		{"Holes", 2, []int{base, base + 1, -1, base + 3}},
		// The error pipe is moved beyond all files,
		{"ErrorPipe", base + 3, upTo(3)},
		{"ErrorPipe/0Files", 1, nil},
		// and so are files below their index, one after the other.
		{"Pass1", base + 4, []int{base, base + 1, base + 2, 0}},
		{"Pass1/Second", base + 5, []int{base, base + 1, base + 2, 0, 1}},
		// Passed on.
		{"Entry", 50, []int{base, base + 1, base + 2, 50}},
		{"Entry/Twice", 50, []int{50, base + 1, 50, base + 3}},
		{"Entry/Identity", 1, []int{base, 1, base + 2}},
		{"Entry/Below", 1, []int{base, base + 1, base + 2, 1}},
		{"Far", 1000, upTo(3)},
	}
	// Any index.
	const many = 40
	for i := range many {
		if i > 2 && isOpen(i) {
			continue // the runtime's own, such as the epoll descriptor
		}
		tests = append(tests, testCase{fmt.Sprintf("Index%d", i), i, upTo(many)})
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wasOpen := isOpen(tt.ruleset)
			var saved int
			if wasOpen {
				var err error
				saved, err = syscall.Dup(tt.ruleset)
				if err != nil {
					t.Fatal(err)
				}
				syscall.CloseOnExec(saved)
			}
			want := make(map[int]string)
			env, report := s.env()
			attr := &syscall.ProcAttr{
				Env: env,
				Sys: &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: tt.ruleset},
			}

			// Until this is undone, nothing may be logged.
			dupTo(t, s.ruleset, tt.ruleset)
			for i, fd := range tt.files {
				attr.Files = append(attr.Files, uintptr(fd))
				var st syscall.Stat_t
				if fd != -1 && syscall.Fstat(fd, &st) == nil {
					want[i] = landlockFileID(fd, &st)
				}
			}
			pid, err := syscall.ForkExec(exe, []string{exe}, attr)
			var status syscall.WaitStatus
			var waitErr error
			if err == nil {
				_, waitErr = syscall.Wait4(pid, &status, 0, nil)
			}
			if wasOpen {
				dupTo(t, saved, tt.ruleset)
				syscall.Close(saved)
			} else {
				syscall.Close(tt.ruleset)
			}

			if err != nil || waitErr != nil || status != 0 {
				t.Fatalf("ForkExec: %v, wait4: %v, status %#x", err, waitErr, status)
			}
			r := s.checkChild(t, report, true)
			for fd, id := range r.Files {
				if want[fd] == "" && id == landlockRulesetID {
					t.Errorf("descriptor %d of the child is the ruleset", fd)
				}
			}
			for fd, id := range want {
				if r.Files[fd] != id {
					t.Errorf("descriptor %d of the child is %q, want %q", fd, r.Files[fd], id)
				}
			}
		})
	}
}

// dupTo duplicates oldfd to newfd, close-on-exec.
func dupTo(t *testing.T, oldfd, newfd int) {
	t.Helper()
	if err := syscall.Dup3(oldfd, newfd, syscall.O_CLOEXEC); err != nil {
		t.Fatalf("dup3(%d, %d): %v", oldfd, newfd, err)
	}
}

func isOpen(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil
}
