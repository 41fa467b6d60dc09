// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package os_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"internal/syscall/unix"
	"internal/testenv"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// landlockChildEnv is set in child processes, in which a test runs one of
// these functions instead.
const landlockChildEnv = "OSTEST_LANDLOCK_CHILD"

var landlockChildren = map[string]func(){
	"report": landlockReport,
	"wait":   func() { fmt.Println("ready"); landlockWait() },
}

// A landlockProcess is a child process with pipes for its standard input and
// output.
type landlockProcess struct {
	*os.Process
	stdin  io.Closer
	stdout *bufio.Reader
}

// startLandlockChild starts a process that runs the named function.
func startLandlockChild(t *testing.T, name string, sys *syscall.SysProcAttr, env ...string) *landlockProcess {
	t.Helper()
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer inR.Close()
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer outW.Close()
	exe := testenv.Executable(t)
	p, err := os.StartProcess(exe, []string{exe, "-test.run=^TestLandlockProcess$"}, &os.ProcAttr{
		Env:   append(os.Environ(), append(env, landlockChildEnv+"="+name)...),
		Files: []*os.File{inR, outW, os.Stderr},
		Sys:   sys,
	})
	if err != nil {
		inW.Close()
		outR.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		inW.Close() // ends the process if nothing else has
		outR.Close()
		p.Wait()
	})
	return &landlockProcess{p, inW, bufio.NewReader(outR)}
}

// landlockWait waits until standard input ends.
func landlockWait() {
	io.Copy(io.Discard, os.Stdin)
}

// landlockReport reports from a child process what a sandbox may deny.
// Then it reports signals, until it gets SIGTERM or standard input ends.
func landlockReport() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM)

	acts := make(map[string]syscall.Errno)
	add := func(act string, err error) {
		errno, ok := err.(syscall.Errno)
		if err != nil && !ok {
			fmt.Fprintf(os.Stderr, "%s: %v\n", act, err)
			os.Exit(1)
		}
		acts[act] = errno
	}
	// SIGURG is harmless.
	try := func(who string, pid int) {
		p, err := os.FindProcess(pid)
		if err == nil {
			err = p.Signal(syscall.SIGURG)
		}
		add("signal "+who+", process handle", err)
		add("signal "+who+", pid", syscall.Kill(pid, syscall.SIGURG))
	}
	fd, err := syscall.Open(os.Getenv("OSTEST_LANDLOCK_FILE"), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	add("open", err)
	if err == nil {
		syscall.Close(fd)
	}
	try("self", os.Getpid())
	try("parent", os.Getppid())
	for _, who := range []string{"free sibling", "sandboxed sibling"} {
		pid, _ := strconv.Atoi(os.Getenv(siblingEnv(who)))
		try(who, pid)
	}

	// A child of its own is in the same sandbox.
	p, err := os.StartProcess(os.Args[0], os.Args, &os.ProcAttr{
		Env:   append(os.Environ(), landlockChildEnv+"=wait"),
		Files: []*os.File{os.Stdin, os.Stderr, os.Stderr},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	try("child", p.Pid)
	add("kill child", p.Kill())
	if _, err := p.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}

	if err := json.NewEncoder(os.Stdout).Encode(acts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		landlockWait()
		os.Exit(1)
	}()
	for sig := range c {
		if sig == syscall.SIGTERM {
			os.Exit(7)
		}
		fmt.Println(sig)
	}
}

func siblingEnv(who string) string {
	return "OSTEST_LANDLOCK_" + strings.ToUpper(strings.ReplaceAll(who, " ", "_"))
}

// TestLandlockProcess tests which processes a sandboxed one can signal,
// and that its parent can signal it and wait for it.
func TestLandlockProcess(t *testing.T) {
	if f := landlockChildren[os.Getenv(landlockChildEnv)]; f != nil {
		f()
		os.Exit(0)
	}
	abi := testenv.MustHaveLandlock(t)
	testenv.MustHaveExec(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}

	type testCase struct {
		name          string
		attr          *syscall.SysProcAttr
		open, outside syscall.Errno // errors of opening file, and of signals that leave the sandbox
	}
	const handled = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	files := testenv.NewLandlockRuleset(t, handled, testenv.LandlockExecRules(testenv.Executable(t))...)
	tests := []testCase{
		{"None", &syscall.SysProcAttr{}, 0, 0},
		{"Files", &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: files}, syscall.EACCES, 0},
	}
	signals, err := unix.LandlockCreateRuleset(&unix.LandlockRulesetAttr{Scoped: unix.LANDLOCK_SCOPE_SIGNAL}, 0)
	if abi >= 6 {
		if err != nil {
			t.Fatalf("landlock_create_ruleset: %v", err)
		}
		defer syscall.Close(signals)
		tests = append(tests, testCase{"Signals", &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: signals}, 0, syscall.EPERM})
	} else if err != syscall.E2BIG {
		t.Errorf("landlock_create_ruleset with LANDLOCK_SCOPE_SIGNAL: got error %v, want %v with ABI %d", err, syscall.E2BIG, abi)
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			free := startLandlockChild(t, "wait", nil)
			sandboxed := startLandlockChild(t, "wait", tt.attr)
			for _, p := range []*landlockProcess{free, sandboxed} {
				p.checkLine(t, "ready")
			}
			var pidfd int
			sys := *tt.attr
			sys.PidFD = &pidfd
			p := startLandlockChild(t, "report", &sys, "OSTEST_LANDLOCK_FILE="+file,
				siblingEnv("free sibling")+"="+strconv.Itoa(free.Pid),
				siblingEnv("sandboxed sibling")+"="+strconv.Itoa(sandboxed.Pid))
			if pidfd >= 0 {
				defer syscall.Close(pidfd)
			} else if err := os.CheckPidfdOnce(); err == nil {
				t.Errorf("there is no pidfd")
			}

			line, err := p.stdout.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]syscall.Errno
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatal(err)
			}
			want := map[string]syscall.Errno{"open": tt.open, "kill child": 0}
			for who, errno := range map[string]syscall.Errno{
				"self": 0, "child": 0,
				"parent": tt.outside, "free sibling": tt.outside, "sandboxed sibling": tt.outside,
			} {
				want["signal "+who+", process handle"] = errno
				want["signal "+who+", pid"] = errno
			}
			if !maps.Equal(got, want) {
				t.Errorf("errors of the child are %v,\nwant %v", got, want)
			}

			// The sandbox does not hinder the parent.
			found, err := os.FindProcess(p.Pid)
			if err != nil {
				t.Fatal(err)
			}
			defer found.Release()
			send := func(how string, sig syscall.Signal, err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("signal from the parent, %s: %v", how, err)
				}
				p.checkLine(t, sig.String())
			}
			send("StartProcess", syscall.SIGUSR1, p.Signal(syscall.SIGUSR1))
			send("FindProcess", syscall.SIGUSR2, found.Signal(syscall.SIGUSR2))
			send("pid", syscall.SIGUSR1, syscall.Kill(p.Pid, syscall.SIGUSR1))
			if pidfd >= 0 {
				send("pidfd", syscall.SIGUSR2, unix.PidFDSendSignal(uintptr(pidfd), syscall.SIGUSR2))
			}

			if err := p.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			state, err := p.Wait()
			if err != nil || state.Pid() != p.Pid || state.ExitCode() != 7 {
				t.Errorf("Wait: got %v, %v, want exit status 7", state, err)
			}
			if err := p.Signal(syscall.SIGTERM); err != os.ErrProcessDone {
				t.Errorf("Signal after Wait: got error %v, want %v", err, os.ErrProcessDone)
			}
			if err := found.Signal(syscall.SIGTERM); err != os.ErrProcessDone {
				t.Errorf("FindProcess, Signal after Wait: got error %v, want %v", err, os.ErrProcessDone)
			}
			if pidfd >= 0 {
				if err := unix.PidFDSendSignal(uintptr(pidfd), 0); err != syscall.ESRCH {
					t.Errorf("pidfd after Wait: got error %v, want %v", err, syscall.ESRCH)
				}
			}

			if err := sandboxed.Kill(); err != nil {
				t.Fatalf("Kill: %v", err)
			}
			state, err = sandboxed.Wait()
			if err != nil || state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Errorf("Wait: got %v, %v, want %v", state, err, syscall.SIGKILL)
			}
			free.stdin.Close()
			if state, err := free.Wait(); err != nil || !state.Success() {
				t.Errorf("Wait: got %v, %v, want success", state, err)
			}
		})
	}
}

// checkLine checks the next line that p prints.
func (p *landlockProcess) checkLine(t *testing.T, want string) {
	t.Helper()
	line, err := p.stdout.ReadString('\n')
	if err != nil || line != want+"\n" {
		t.Fatalf("child: got %q, %v, want %q", line, err, want)
	}
}

// TestLandlockStartProcess tests that no descriptor is left of a process
// that could not be sandboxed, be it the pidfd.
func TestLandlockStartProcess(t *testing.T) {
	testenv.MustHaveExec(t)
	want := syscall.EBADF
	if _, err := testenv.LandlockABI(t); err != nil {
		want = err.(syscall.Errno)
	}
	os.CheckPidfdOnce() // has descriptors of its own
	exe := testenv.Executable(t)
	before := openFiles(t)
	for _, sys := range []*syscall.SysProcAttr{
		{UseLandlock: true, LandlockRuleset: -1},
		{UseLandlock: true, LandlockRuleset: -1, PidFD: new(int)},
	} {
		p, err := os.StartProcess(exe, []string{exe, "-test.run=^$"}, &os.ProcAttr{Sys: sys})
		if err == nil {
			p.Wait()
		}
		var pathErr *fs.PathError
		if !errors.As(err, &pathErr) || pathErr.Op != "fork/exec" || pathErr.Path != exe || pathErr.Err != want {
			t.Errorf("StartProcess: got error %v, want fork/exec %s: %v", err, exe, want)
		}
		if sys.PidFD != nil && *sys.PidFD > 0 {
			t.Errorf("StartProcess set PidFD to %d", *sys.PidFD)
		}
	}
	if after := openFiles(t); !slices.Equal(before, after) {
		t.Errorf("open descriptors were %v, are %v", before, after)
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
