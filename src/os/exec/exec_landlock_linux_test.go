// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package exec_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"internal/syscall/unix"
	"internal/testenv"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	registerHelperCommand("landlock", cmdLandlock)
	registerHelperCommand("landlockfd", cmdLandlockFD)
	registerHelperCommand("landlocknull", cmdLandlockNull)
}

// cmdLandlock runs another helper command after it has found itself in the
// sandbox that newLandlockSandbox makes.
func cmdLandlock(args ...string) {
	dir, name, args := args[0], args[1], args[2:]
	for _, try := range []struct {
		name string
		want syscall.Errno
	}{
		{"allowed", 0},
		{"allowed/file", 0},
		{"denied", syscall.EACCES},
		{"denied/file", syscall.EACCES},
	} {
		wantOpen(filepath.Join(dir, try.name), try.want)
	}
	helperCommands[name](args...)
}

// wantOpen opens a file in a child process.
func wantOpen(name string, want syscall.Errno) {
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	errno, _ := err.(syscall.Errno)
	if errno != want {
		fmt.Fprintf(os.Stderr, "child: open %s: got error %d (%v), want %d\n", name, errno, errno, want)
		os.Exit(3)
	}
	if err == nil {
		syscall.Close(fd)
	}
}

// cmdLandlockFD copies descriptor 3 to standard output.
func cmdLandlockFD(...string) {
	if _, err := io.Copy(os.Stdout, os.NewFile(3, "fd3")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// cmdLandlockNull uses the null device as standard input and output,
// but cannot open it.
func cmdLandlockNull(...string) {
	wantOpen(os.DevNull, syscall.EACCES)
	_, err := fmt.Println("lost")
	var data []byte
	if err == nil {
		data, err = io.ReadAll(os.Stdin)
	}
	if err != nil || len(data) > 0 {
		fmt.Fprintf(os.Stderr, "child: standard input has %q, error %v\n", data, err)
		os.Exit(1)
	}
}

// A landlockSandbox is a Landlock ruleset, and a directory to try it on.
// The ruleset permits its holder to run the test binary and to read
// the directory dir/allowed and its file. It denies dir/denied.
type landlockSandbox struct {
	dir     string
	rules   []testenv.LandlockRule
	ruleset int
}

// landlockHandled are the rights that a landlockSandbox handles.
const landlockHandled = unix.LANDLOCK_ACCESS_FS_EXECUTE |
	unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR |
	unix.LANDLOCK_ACCESS_FS_WRITE_FILE

// newLandlockSandbox skips the test if the kernel has no Landlock.
func newLandlockSandbox(t *testing.T) *landlockSandbox {
	t.Helper()
	for _, name := range []string{"landlock", "landlockfd", "landlocknull"} {
		maySkipHelperCommand(name)
	}
	testenv.MustHaveLandlock(t)
	s := &landlockSandbox{dir: t.TempDir()}
	for _, name := range []string{"allowed", "denied"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		writeFile(t, s.file(name), name, 0o666)
	}
	s.rules = append(testenv.LandlockExecRules(testenv.Executable(t)), testenv.LandlockRule{
		Path:   filepath.Join(s.dir, "allowed"),
		Access: unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR,
	})
	s.ruleset = testenv.NewLandlockRuleset(t, landlockHandled, s.rules...)
	return s
}

// file returns the name of the file in directory "allowed" or "denied".
// It has the name of the directory as its content.
func (s *landlockSandbox) file(dir string) string {
	return filepath.Join(s.dir, dir, "file")
}

func writeFile(t *testing.T, name, text string, perm fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), perm); err != nil {
		t.Fatal(err)
	}
}

// command returns a command that runs the named helper command in the sandbox.
func (s *landlockSandbox) command(t *testing.T, ctx context.Context, name string, args ...string) *exec.Cmd {
	t.Helper()
	maySkipHelperCommand(name)
	cmd := helperCommandContext(t, ctx, "landlock", append([]string{s.dir, name}, args...)...)
	cmd.SysProcAttr = s.attr()
	return cmd
}

func (s *landlockSandbox) attr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: s.ruleset}
}

// TestLandlockStreams tests that standard input, output and error of
// a sandboxed command work, whatever they are.
func TestLandlockStreams(t *testing.T) {
	t.Parallel()
	s := newLandlockSandbox(t)

	t.Run("Pipes", func(t *testing.T) {
		c := startPipeTest(t, s.command(t, nil, "pipetest"))
		c.echo(t)
		c.stdin.Close()
		if err := c.Wait(); err != nil {
			t.Errorf("Wait: %v", err)
		}
	})

	t.Run("Buffers", func(t *testing.T) {
		cmd := s.command(t, nil, "pipetest")
		var stdout, stderr strings.Builder
		cmd.Stdin = strings.NewReader("O:out\nE:err\n")
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if err != nil || stdout.String() != "O:out\n" || stderr.String() != "E:err\n" {
			t.Errorf("got %v, stdout %q, stderr %q", err, &stdout, &stderr)
		}
	})

	// The null device is opened in the parent.
	t.Run("Null", func(t *testing.T) {
		rules := slices.DeleteFunc(slices.Clone(s.rules), func(r testenv.LandlockRule) bool {
			return r.Path == os.DevNull
		})
		cmd := s.command(t, nil, "landlocknull")
		cmd.SysProcAttr.LandlockRuleset = testenv.NewLandlockRuleset(t, landlockHandled, rules...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			t.Errorf("%v\n%s", err, &stderr)
		}
	})
}

// A pipeTest is a process that runs helper command pipetest, with pipes on
// all three streams. It ends when its standard input does.
type pipeTest struct {
	*exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr *bufio.Reader
}

// startPipeTest starts cmd. It returns nil if the context is done too early.
func startPipeTest(t *testing.T, cmd *exec.Cmd) *pipeTest {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); errors.Is(err, context.DeadlineExceeded) {
		return nil
	} else if err != nil {
		t.Fatal(err)
	}
	return &pipeTest{cmd, stdin, bufio.NewReader(stdout), bufio.NewReader(stderr)}
}

// echo has the process write a line to standard output
// and one to standard error.
func (p *pipeTest) echo(t *testing.T) {
	t.Helper()
	_, err := io.WriteString(p.stdin, "O:out\nE:err\n")
	if err != nil {
		t.Errorf("writing to standard input: %v", err)
	}
	stdout, outErr := p.stdout.ReadString('\n')
	stderr, errErr := p.stderr.ReadString('\n')
	if outErr != nil || stdout != "O:out\n" {
		t.Errorf("standard output is %q, error %v", stdout, outErr)
	}
	if errErr != nil || stderr != "E:err\n" {
		t.Errorf("standard error is %q, error %v", stderr, errErr)
	}
}

// TestLandlockExtraFiles tests that a sandboxed command can use a file that
// it is passed, even one that it could not open: rights are checked at open.
func TestLandlockExtraFiles(t *testing.T) {
	t.Parallel()
	s := newLandlockSandbox(t)
	f, err := os.Open(s.file("denied"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := s.command(t, nil, "landlockfd")
	cmd.ExtraFiles = []*os.File{f}
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "denied" {
		t.Errorf("got %v, %q, want %q", err, out, "denied")
	}
}

// TestLandlockContext tests that a sandboxed command is killed
// when its context is done.
func TestLandlockContext(t *testing.T) {
	t.Parallel()
	s := newLandlockSandbox(t)

	t.Run("Cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := startPipeTest(t, s.command(t, ctx, "pipetest"))
		p.echo(t)
		cancel()
		checkSignaled(t, p.Cmd, p.Wait(), syscall.SIGKILL)
	})

	t.Run("Deadline", func(t *testing.T) {
		// How long it takes until the command is up is anybody's guess.
		for timeout := time.Millisecond; ; timeout *= 2 {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			p := startPipeTest(t, s.command(t, ctx, "pipetest"))
			if p == nil {
				continue
			}
			io.WriteString(p.stdin, "O:out\n")
			line, _ := p.stdout.ReadString('\n')
			stderr, _ := io.ReadAll(p.stderr) // ends with the process
			err := p.Wait()
			if len(stderr) == 0 && line != "O:out\n" {
				t.Logf("killed too early, after %v", timeout)
				continue
			}
			checkSignaled(t, p.Cmd, err, syscall.SIGKILL)
			if err := ctx.Err(); err != context.DeadlineExceeded {
				t.Errorf("the context has error %v, want %v", err, context.DeadlineExceeded)
			}
			if len(stderr) > 0 {
				t.Errorf("standard error: %s", stderr)
			}
			break
		}
	})
}

// checkSignaled checks that err, from Wait, says that sig has ended cmd.
func checkSignaled(t *testing.T, cmd *exec.Cmd, err error, sig syscall.Signal) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("Wait: got error %v, want %T", err, exit)
	}
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != sig {
		t.Errorf("Wait: got %v, want signal %v", err, sig)
	}
}

// TestLandlockWait tests Cmd.Cancel and Cmd.WaitDelay of sandboxed commands.
// See TestWaitInterrupt.
func TestLandlockWait(t *testing.T) {
	t.Parallel()
	s := newLandlockSandbox(t)
	// start starts helper command hang, which closes standard output
	// when it is set up.
	start := func(t *testing.T, ctx context.Context, waitDelay time.Duration, args ...string) *exec.Cmd {
		t.Helper()
		cmd := s.command(t, ctx, "hang", args...)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = waitDelay
		cmd.Stdin = newTickReader(time.Millisecond)
		cmd.Stderr = new(strings.Builder)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, stdout); err != nil {
			t.Error(err)
		}
		return cmd
	}
	const tooLong = "10m"

	t.Run("CancelHandled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := start(t, ctx, 0, tooLong, "-interrupt=true")
		cancel()
		err := cmd.Wait()
		if err != context.Canceled || !cmd.ProcessState.Success() {
			t.Errorf("Wait: got error %v and %v, want %v and exit status 0\n%s", err, cmd.ProcessState, context.Canceled, cmd.Stderr)
		}
	})

	t.Run("CancelIgnored", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := start(t, ctx, 10*time.Millisecond, tooLong, "-interrupt=false")
		cancel()
		checkSignaled(t, cmd, cmd.Wait(), syscall.SIGKILL)
	})

	// The command exits, but a child of its own keeps its pipes open.
	t.Run("PipesLeft", func(t *testing.T) {
		cmd := start(t, t.Context(), 10*time.Millisecond, "1ms", "-subsleep="+tooLong, "-probe=1ms")
		err := cmd.Wait()
		if err != exec.ErrWaitDelay || !cmd.ProcessState.Success() {
			t.Errorf("Wait: got error %v and %v, want %v and exit status 0\n%s", err, cmd.ProcessState, exec.ErrWaitDelay, cmd.Stderr)
		}
	})
}

// TestLandlockLookPath tests programs in a directory that the sandbox denies.
// They are found, because the parent looks for them.
// What is executed there is for the sandbox to judge.
func TestLandlockLookPath(t *testing.T) {
	s := newLandlockSandbox(t)
	bin := filepath.Join(s.dir, "denied")
	t.Setenv("PATH", bin)

	// A rule is for a file, not for a name.
	t.Run("Granted", func(t *testing.T) {
		if err := os.Symlink(testenv.Executable(t), filepath.Join(bin, "granted")); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("granted", "landlock", s.dir, "echo", "hello")
		cmd.SysProcAttr = s.attr()
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "hello\n" {
			t.Errorf("%v: got error %v and output %q, want %q", cmd, err, out, "hello\n")
		}
	})

	t.Run("Denied", func(t *testing.T) {
		writeFile(t, filepath.Join(bin, "denied"), "not a program", 0o777)
		for _, sandboxed := range []bool{false, true} {
			cmd := exec.Command("denied")
			cmd.SysProcAttr = s.attr()
			cmd.SysProcAttr.UseLandlock = sandboxed
			want := syscall.ENOEXEC
			if sandboxed {
				want = syscall.EACCES
			}
			checkStartFails(t, cmd, filepath.Join(bin, "denied"), want)
		}
	})

	t.Run("Missing", func(t *testing.T) {
		cmd := exec.Command("missing")
		cmd.SysProcAttr = s.attr()
		if err := cmd.Run(); !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("got error %v, want %v", err, exec.ErrNotFound)
		}
	})
}

// checkStartFails checks that cmd does not start and that the error says
// which program it is and what is wrong.
func checkStartFails(t *testing.T, cmd *exec.Cmd, path string, want syscall.Errno) {
	t.Helper()
	err := cmd.Start()
	if err == nil {
		cmd.Process.Kill()
		cmd.Wait()
		t.Errorf("Start: got no error, want %v", want)
		return
	}
	var pathErr *fs.PathError
	if !errors.As(err, &pathErr) {
		t.Errorf("Start: got %T, want %T", err, pathErr)
	} else if pathErr.Op != "fork/exec" || pathErr.Path != path || pathErr.Err != want {
		t.Errorf("Start: got error %#v, want fork/exec, %s, %v", pathErr, path, want)
	}
	if msg := "fork/exec " + path + ": " + want.Error(); err.Error() != msg {
		t.Errorf("Start: got error %q, want %q", err, msg)
	}
	for target, is := range map[error]bool{
		want:                  true,
		fs.ErrPermission:      want == syscall.EACCES,
		errors.ErrUnsupported: want == syscall.ENOSYS || want == syscall.EOPNOTSUPP,
	} {
		if got := errors.Is(err, target); got != is {
			t.Errorf("Start: got error %v, which is %v: %t, want %t", err, target, got, is)
		}
	}
	if cmd.Process != nil || cmd.ProcessState != nil {
		t.Errorf("Start failed, but there is a process: %v, %v", cmd.Process, cmd.ProcessState)
	}
	if err := cmd.Wait(); err == nil || err.Error() != "exec: not started" {
		t.Errorf("Wait: got error %v, want that there is no process", err)
	}
}

func TestLandlockErrors(t *testing.T) {
	t.Parallel()
	type testCase struct {
		name    string
		ruleset int
		want    syscall.Errno
	}
	var tests []testCase
	if _, err := testenv.LandlockABI(t); err != nil {
		tests = []testCase{{"Unsupported", 0, err.(syscall.Errno)}}
	} else {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		tests = []testCase{
			{"NotOpen", -1, syscall.EBADF},
			{"NotRuleset", int(f.Fd()), syscall.EBADFD},
			{"MayNotExecute", testenv.NewLandlockRuleset(t, unix.LANDLOCK_ACCESS_FS_EXECUTE), syscall.EACCES},
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := helperCommand(t, "echo", "hello")
			cmd.SysProcAttr = &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: tt.ruleset}
			checkStartFails(t, cmd, testenv.Executable(t), tt.want)
		})
	}
}

// TestLandlockScript tests a script whose interpreter is another script.
// The test binary is the interpreter of that one, and prints both.
// To be executed, each of the three must be permitted to be read too.
func TestLandlockScript(t *testing.T) {
	s := newLandlockSandbox(t)
	maySkipHelperCommand("cat")
	exe := testenv.Executable(t)
	interp, script := filepath.Join(s.dir, "interp"), filepath.Join(s.dir, "script")
	interpText := "#!" + exe + " cat\n"
	scriptText := "#!" + interp + "\n"
	writeFile(t, interp, interpText, 0o777)
	writeFile(t, script, scriptText, 0o777)

	// command returns a command for the script
	// in a sandbox that lacks a right to one of the files.
	command := func(t *testing.T, file string, right uint64) *exec.Cmd {
		rules := slices.DeleteFunc(slices.Clone(s.rules), func(r testenv.LandlockRule) bool {
			return r.Path == exe
		})
		for _, path := range []string{exe, interp, script} {
			access := uint64(unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE)
			if path == file {
				access &^= right
			}
			rules = append(rules, testenv.LandlockRule{Path: path, Access: access})
		}
		cmd := exec.Command(script, s.file("allowed"), s.file("denied"))
		cmd.SysProcAttr = s.attr()
		cmd.SysProcAttr.LandlockRuleset = testenv.NewLandlockRuleset(t, landlockHandled, rules...)
		return cmd
	}

	t.Run("Granted", func(t *testing.T) {
		want := interpText + scriptText + "allowed" + fmt.Sprintf("Error: open %s: permission denied\n", s.file("denied"))
		out, err := command(t, "", 0).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || string(out) != want {
			t.Errorf("got error %v and output %q, want exit status 2 and %q", err, out, want)
		}
	})
	for name, file := range map[string]string{"Script": script, "Interpreter": interp, "Program": exe} {
		t.Run(name+"NotExecuted", func(t *testing.T) {
			// The interpreter that is to blame is not named.
			checkStartFails(t, command(t, file, unix.LANDLOCK_ACCESS_FS_EXECUTE), script, syscall.EACCES)
		})
		t.Run(name+"NotRead", func(t *testing.T) {
			checkStartFails(t, command(t, file, unix.LANDLOCK_ACCESS_FS_READ_FILE), script, syscall.EACCES)
		})
	}
}
