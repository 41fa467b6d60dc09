// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package syscall_test

import (
	"errors"
	"fmt"
	"internal/syscall/unix"
	"internal/testenv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// Actions of seccomp filters, see linux/seccomp.h.
const (
	seccompKillProcess = 0x80000000
	seccompKillThread  = 0x00000000
	seccompTrap        = 0x00030000
	seccompErrno       = 0x00050000 // plus the error number
)

// A seccompRule is a filter that does action when the system call trap is
// called, if arg is not 0 with that as argument n. Of arguments, it looks
// at the lower 32 bits.
type seccompRule struct {
	trap   uint32
	arg    uint32
	action uint32
	n      uint32
}

// install installs the filter for the calling thread and its children.
// See linux/filter.h.
func (r seccompRule) install() syscall.Errno {
	const (
		allow     = 0x7fff0000 // SECCOMP_RET_ALLOW
		offsetNr  = 0          // of nr and args[0] in struct seccomp_data
		offsetArg = 16
	)
	argLow := offsetArg + 8*r.n
	if *(*byte)(unsafe.Pointer(&[]uint16{1}[0])) == 0 {
		argLow += 4 // big-endian
	}
	jump := syscall.BPF_JEQ
	if r.arg == 0 {
		jump = syscall.BPF_JGE // always
	}
	filter := []syscall.SockFilter{
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: offsetNr},
		{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, Jf: 3, K: r.trap},
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: argLow},
		{Code: syscall.BPF_JMP | uint16(jump) | syscall.BPF_K, Jf: 1, K: r.arg},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: r.action},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: allow},
	}
	prog := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	const prSetSeccomp, seccompModeFilter = 22, 2
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetSeccomp, seccompModeFilter, uintptr(unsafe.Pointer(&prog)), 0, 0, 0)
	return errno
}

// lockWithFilters locks the calling goroutine to its thread and installs
// filters there. As filters cannot be removed, the goroutine must end locked,
// which takes the thread along.
func lockWithFilters(t *testing.T, rules ...seccompRule) {
	t.Helper()
	runtime.LockOSThread()
	setNoNewPrivs(t)
	for _, r := range rules {
		if errno := r.install(); errno != 0 {
			t.Fatalf("prctl(PR_SET_SECCOMP): %v", errno)
		}
	}
}

// landlockProbe makes a system call that fails with EINVAL
// unless a filter of this test makes it fail with another error.
func landlockProbe() syscall.Errno {
	_, _, errno := syscall.RawSyscall(syscall.SYS_GETPRIORITY, landlockProbeArg, 0, 0)
	return errno
}

const landlockProbeArg = 0x6c6c // not among the arguments that exist

// landlockProbeRule makes landlockProbe fail with ENOTTY.
var landlockProbeRule = seccompRule{trap: syscall.SYS_GETPRIORITY, arg: landlockProbeArg, action: seccompErrno | uint32(syscall.ENOTTY)}

// TestLandlockFaults makes each of the calls by which a child enters its
// sandbox fail with each error that the kernel returns, and with some that
// only a seccomp filter does. The program must not run,
// and nothing may be left of the child.
func TestLandlockFaults(t *testing.T) {
	// Filters stay.
	if !landlockAlone(t) {
		return
	}
	// The number of threads depends on it.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	// The children that are killed need not leave their memory behind.
	var core syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &core); err != nil {
		t.Fatal(err)
	}
	core.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &core); err != nil {
		t.Fatal(err)
	}

	s := newLandlockSandbox(t)
	checkStarts := func(t *testing.T) {
		t.Helper()
		cmd, report := s.command(t)
		runOK(t, cmd)
		s.checkChild(t, report, true)
	}
	checkStarts(t) // and open what the first child makes this process open

	prctlErrnos := []syscall.Errno{
		syscall.EACCES, syscall.EFAULT, syscall.EINVAL, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.EPERM,
	}
	calls := []struct {
		name   string
		sys    *syscall.SysProcAttr
		trap   uint32
		arg    uint32 // the first argument
		errnos []syscall.Errno
	}{
		{"NoNewPrivs", &syscall.SysProcAttr{NoNewPrivs: true}, syscall.SYS_PRCTL, prSetNoNewPrivs, prctlErrnos},
		{"prctl", s.sys(), syscall.SYS_PRCTL, prSetNoNewPrivs, prctlErrnos},
		{"landlock_restrict_self", s.sys(), syscall.Sys_landlock_restrict_self, uint32(s.ruleset), []syscall.Errno{
			syscall.E2BIG, syscall.EACCES, syscall.EBADF, syscall.EBADFD, syscall.EFAULT, syscall.EINTR, syscall.EINVAL,
			syscall.ENOMEM, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.EPERM,
		}},
	}
	threads := countThreads(t)
	faults := 0
	for _, call := range calls {
		for _, errno := range call.errnos {
			t.Run(call.name+"/"+errno.Error(), func(t *testing.T) {
				lockWithFilters(t, seccompRule{trap: call.trap, arg: call.arg, action: seccompErrno | uint32(errno)})
				s.checkStartFails(t, call.sys, errno)
			})
			faults++
		}
		for _, action := range []uint32{seccompKillProcess, seccompKillThread, seccompTrap} {
			t.Run(fmt.Sprintf("%s/kill %#x", call.name, action), func(t *testing.T) {
				lockWithFilters(t, seccompRule{trap: call.trap, arg: call.arg, action: action})
				s.checkKilled(t, call.sys)
			})
			faults++
		}
		checkStarts(t)
	}

	// Threads take a while to end, and the runtime starts some as it likes.
	const slack = 10
	if slack >= faults {
		t.Fatalf("%d faults are too few to show by a count of threads", faults)
	}
	deadline := time.Now().Add(time.Minute)
	for n := countThreads(t); n > threads+slack; n = countThreads(t) {
		if time.Now().After(deadline) {
			t.Fatalf("this process had %d threads and has %d after %d faults", threads, n, faults)
		}
		time.Sleep(time.Millisecond)
	}
}

// countThreads returns the number of threads of this process.
func countThreads(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// checkKilled checks what is seen of a child that a filter kills before it
// executes the program. Like a child that another process kills then,
// it counts as started, as it had no opportunity to report an error.
func (s *landlockSandbox) checkKilled(t *testing.T, sys *syscall.SysProcAttr) {
	t.Helper()
	files := openFiles(t)
	exe := testenv.Executable(t)
	env, report := s.env()
	pid, err := syscall.ForkExec(exe, []string{exe}, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{0, 1, 2},
		Sys:   sys,
	})
	if err != nil {
		t.Errorf("ForkExec: %v", err)
	} else if status := wait4(t, pid); !status.Signaled() || status.Signal() != syscall.SIGSYS {
		t.Errorf("ForkExec: child has wait status %#x, want signal %v", status, syscall.SIGSYS)
	}
	checkNoChild(t)

	cmd := exec.Command(exe)
	cmd.Env = env
	cmd.SysProcAttr = sys
	var exit *exec.ExitError
	if err := cmd.Start(); err != nil {
		t.Errorf("Cmd.Start: %v", err)
	} else if err := cmd.Wait(); !errors.As(err, &exit) {
		t.Errorf("Cmd.Wait: got %v, want an ExitError", err)
	} else if status := exit.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGSYS {
		t.Errorf("Cmd.Wait: got %v, want signal %v", err, syscall.SIGSYS)
	}
	checkNoChild(t)

	checkNotRun(t, report)
	if after := openFiles(t); !slices.Equal(files, after) {
		t.Errorf("open descriptors were %v, are %v", files, after)
	}
}

// TestLandlockOrder tests when the child enters its sandbox, or sets
// no_new_privs only: after the calls for other fields of SysProcAttr and before
// what follows. To see which of two calls comes first, it makes both of them
// fail.
func TestLandlockOrder(t *testing.T) {
	if !landlockAlone(t) {
		return
	}
	s := newLandlockSandbox(t)
	const (
		first  = syscall.Errno(1000) // error of the call that is to come first
		second = syscall.Errno(1001)
	)
	prctl := seccompRule{trap: syscall.SYS_PRCTL, arg: prSetNoNewPrivs}
	restrict := seccompRule{trap: syscall.Sys_landlock_restrict_self, arg: uint32(s.ruleset)}
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	call := func(trap uint32) seccompRule { return seccompRule{trap: trap} }
	for _, tt := range []struct {
		name          string
		first, second seccompRule
		sys           syscall.SysProcAttr
	}{
		{"Setsid", call(syscall.SYS_SETSID), prctl, syscall.SysProcAttr{Setsid: true}},
		{"Setpgid", call(syscall.SYS_SETPGID), prctl, syscall.SysProcAttr{Setpgid: true}},
		{"Unshare", call(syscall.SYS_UNSHARE), prctl, syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}},
		{"Remount", call(syscall.SYS_MOUNT), prctl, syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}},
		{"Chroot", call(syscall.SYS_CHROOT), prctl, syscall.SysProcAttr{Chroot: "/"}},
		{"Setgroups", call(syscall.Sys_setgroups), prctl, syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}},
		{"Setgid", call(syscall.Sys_setgid), prctl, syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, NoSetGroups: true}}},
		{"Setuid", call(syscall.Sys_setuid), prctl, syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, NoSetGroups: true}}},
		{"Capset", call(syscall.SYS_CAPSET), prctl, syscall.SysProcAttr{AmbientCaps: []uintptr{0}}},
		{"Chdir", call(syscall.SYS_CHDIR), prctl, syscall.SysProcAttr{}},
		{"Pdeathsig", seccompRule{trap: syscall.SYS_PRCTL, arg: syscall.PR_SET_PDEATHSIG}, prctl, syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}},
		{"Prctl", prctl, restrict, syscall.SysProcAttr{}},
		{"PrctlDup3", prctl, call(syscall.SYS_DUP3), syscall.SysProcAttr{}},
		{"Dup3", restrict, call(syscall.SYS_DUP3), syscall.SysProcAttr{}},
		{"Exec", restrict, call(syscall.SYS_EXECVE), syscall.SysProcAttr{}},
	} {
		test := func(t *testing.T, sys syscall.SysProcAttr) {
			tt.first.action = seccompErrno | uint32(first)
			tt.second.action = seccompErrno | uint32(second)
			rules := []seccompRule{tt.first, tt.second}
			if tt.name == "Remount" {
				// It makes no difference that there is no new namespace.
				rules = append(rules, seccompRule{trap: syscall.SYS_UNSHARE, action: seccompErrno | 0})
			}
			lockWithFilters(t, rules...)
			exe := testenv.Executable(t)
			env, report := s.env()
			pid, err := syscall.ForkExec(exe, []string{exe}, &syscall.ProcAttr{
				Dir:   "/",
				Env:   env,
				Files: []uintptr{1, 0, 2}, // a reason to call dup3
				Sys:   &sys,
			})
			if err == nil {
				wait4(t, pid)
			}
			if err != first {
				t.Errorf("ForkExec: got error %v, want %v", err, first)
			}
			checkNotRun(t, report)
		}
		for _, noNew := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/UseLandlock/NoNewPrivs=%t", tt.name, noNew), func(t *testing.T) {
				sys := tt.sys
				sys.UseLandlock, sys.LandlockRuleset, sys.NoNewPrivs = true, s.ruleset, noNew
				test(t, sys)
			})
		}
		if tt.first.trap != restrict.trap && tt.second.trap != restrict.trap {
			t.Run(tt.name+"/NoNewPrivs", func(t *testing.T) {
				sys := tt.sys
				sys.NoNewPrivs = true
				test(t, sys)
			})
		}
	}
}

// landlockOrdinary returns a sandbox that an ordinary user can use, a copy
// of the running test binary that it permits to execute, and the credential
// of such a user, or nil if this process is that of one. It also returns
// whether set-user-ID bits on the copy would have an effect for the credential.
func landlockOrdinary(t *testing.T) (s *landlockSandbox, exe string, cred *syscall.Credential, gains bool) {
	t.Helper()
	testenv.MustHaveLandlock(t)

	// The directories that t.TempDir returns are for their owner only.
	const stNoSuid = 2 // ST_NOSUID
	var dir string
	for _, base := range []string{os.TempDir(), "/var/tmp", "/"} {
		var st syscall.Statfs_t
		if err := syscall.Statfs(base, &st); err != nil || dir != "" && st.Flags&stNoSuid != 0 {
			continue
		}
		tmp, err := os.MkdirTemp(base, "landlock-test-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { os.RemoveAll(tmp) })
		dir = tmp
		if st.Flags&stNoSuid == 0 {
			gains = true
			break
		}
	}
	if dir == "" {
		t.Fatal("no directory for temporary files")
	}
	exe = filepath.Join(dir, "exe")
	err := errors.Join(os.Chmod(dir, 0o755), copyExecutable(exe, testenv.Executable(t)))
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		const nobody = 65534
		cred = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	gains = gains && cred != nil && noNewPrivs("/proc/thread-self/status") == "0"
	t.Logf("set-user-ID programs in %s gain privileges: %t", dir, gains)

	s = newLandlockSandboxOf(t, filepath.Join(dir, "allowed"), filepath.Join(dir, "denied"))
	for _, dir := range []string{s.allowed, s.denied} {
		if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(filepath.Join(dir, "file"), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rule := unix.LandlockPathBeneathAttr{
		AllowedAccess: unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE,
		ParentFD:      int32(f.Fd()),
	}
	if err := unix.LandlockAddPathBeneathRule(s.ruleset, &rule, 0); err != nil {
		t.Fatalf("landlock_add_rule: %v", err)
	}
	return s, exe, cred, gains
}

func copyExecutable(dst, src string) error {
	r, err := os.Open(src)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// TestLandlockSetuid tests that an ordinary user does not gain privileges by a
// set-user-ID program in a sandbox or with NoNewPrivs. Otherwise one could
// have a privileged program run under restrictions that it is not made for.
func TestLandlockSetuid(t *testing.T) {
	s, exe, cred, gains := landlockOrdinary(t)
	if err := os.Chmod(exe, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	ordinary := os.Geteuid()
	if cred != nil {
		ordinary = int(cred.Uid)
	}
	for _, sandboxed := range []bool{false, true} {
		for _, noNew := range []bool{false, true} {
			t.Run(fmt.Sprintf("UseLandlock=%t/NoNewPrivs=%t", sandboxed, noNew), func(t *testing.T) {
				cmd, report := s.command(t)
				cmd.Path, cmd.Args = exe, []string{exe}
				cmd.SysProcAttr.UseLandlock = sandboxed
				cmd.SysProcAttr.NoNewPrivs = noNew
				cmd.SysProcAttr.Credential = cred
				runOK(t, cmd)
				r := s.checkChildPrivs(t, report, sandboxed, sandboxed || noNew)
				want := ordinary
				if gains && !sandboxed && !noNew {
					want = os.Geteuid()
				}
				if r.EUID != want {
					t.Errorf("effective user ID is %d, want %d", r.EUID, want)
				}
			})
		}
	}
}

// TestLandlockSeccompProgram tests that a program that is run by an ordinary
// user may install a filter in its sandbox, as it has no_new_privs.
func TestLandlockSeccompProgram(t *testing.T) {
	s, exe, cred, _ := landlockOrdinary(t)
	for _, sandboxed := range []bool{false, true} {
		t.Run(fmt.Sprintf("UseLandlock=%t", sandboxed), func(t *testing.T) {
			cmd, report := s.command(t)
			cmd.Path, cmd.Args = exe, []string{exe}
			cmd.Env = append(cmd.Env, "GO_LANDLOCK_SECCOMP=1")
			cmd.SysProcAttr.UseLandlock = sandboxed
			cmd.SysProcAttr.Credential = cred
			runOK(t, cmd)
			r := s.checkChild(t, report, sandboxed)
			filter, probe := syscall.Errno(0), syscall.ENOTTY
			if r.NoNewPrivs == "0" && r.EUID != 0 {
				filter, probe = syscall.EACCES, syscall.EINVAL
			}
			if r.Filter != filter || r.Probe != probe {
				t.Errorf("installing a filter: error %d, then the call: error %d; want %d, %d", r.Filter, r.Probe, filter, probe)
			}
		})
	}
}

// TestLandlockSeccompInherited tests that a child
// has the filters of the thread that starts it.
func TestLandlockSeccompInherited(t *testing.T) {
	if !landlockAlone(t) {
		return
	}
	s := newLandlockSandbox(t)
	start := func(t *testing.T, sandboxed bool, want syscall.Errno) {
		env, report := s.env()
		runForkExec(t, &syscall.ProcAttr{
			Env:   env,
			Files: []uintptr{0, 1, 2},
			Sys:   &syscall.SysProcAttr{UseLandlock: sandboxed, LandlockRuleset: s.ruleset},
		})
		if r := s.checkChild(t, report, sandboxed); r.Probe != want {
			t.Errorf("the call: error %d, want %d", r.Probe, want)
		}
	}
	for _, sandboxed := range []bool{false, true} {
		t.Run(fmt.Sprintf("UseLandlock=%t", sandboxed), func(t *testing.T) {
			lockWithFilters(t, landlockProbeRule)
			start(t, sandboxed, syscall.ENOTTY)
		})
	}
	// Other threads have no filter.
	start(t, true, syscall.EINVAL)
}
