// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golandlock/misc/internal/landlocktest"
	"golandlock/misc/landlock"
	ll "golandlock/misc/landlock/syscall"
)

// The test binary is also the programs that the tests run: landlock-exec
// itself, and a command for it.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "landlock-exec":
		main()
	case "helper":
		os.Exit(helper(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func helper(args []string) (status int) {
	switch args[0] {
	case "signals":
		// Print the signals that come, and exit with the last,
		// or when a test has failed and is gone.
		time.AfterFunc(5*readTimeout, func() { os.Exit(1) })
		c := make(chan os.Signal, 64)
		signal.Notify(c, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGCONT, syscall.SIGWINCH, syscall.SIGUSR1)
		if len(args) > 1 && args[1] == "tstp" {
			signal.Notify(c, syscall.SIGTSTP)
		}
		fmt.Printf("ready %d\n", os.Getpid())
		for sig := range c {
			if _, err := fmt.Printf("<%v>\n", sig); err != nil {
				return 1 // the test is over
			}
			if sig == syscall.SIGTERM {
				return 3
			}
		}
	case "fetch":
		c, err := net.Dial("tcp", args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		io.Copy(os.Stdout, c)
	case "read":
		for _, name := range args[1:] {
			data, err := os.ReadFile(name)
			fmt.Printf("%s%v\n", data, err)
		}
	}
	return 0
}

// system is what programs need to run.
var system = []string{"/usr", "/bin", "/lib", "/lib64"}

// A bench is a directory with copies of the test binary that all users
// can execute.
type bench struct {
	dir, launcher, helper string
	uid                   int // of the programs to run
}

// forUsers runs f as the user that runs the test and, if that is root, as nobody.
func forUsers(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Run("user="+strconv.Itoa(os.Getuid()), func(t *testing.T) { f(t, newBench(t, os.Getuid())) })
	if os.Getuid() == 0 {
		t.Run("user=nobody", func(t *testing.T) { f(t, newBench(t, 65534)) })
	}
}

func newBench(t *testing.T, uid int) *bench {
	t.Helper()
	if err := checkBuild(); err != nil {
		t.Skipf("skipping test: %v", err)
	}
	_, err := landlocktest.ABI(t)
	if err != nil {
		t.Skipf("skipping test: the kernel does not support Landlock: %v", err)
	}

	// Programs inherit that a signal is ignored, as by nohup, but not that it is caught.
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}

	// t.TempDir is for its owner only.
	dir, err := os.MkdirTemp("", "landlock-exec-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(dir, 0755), os.Chown(dir, uid, -1)); err != nil {
		t.Fatal(err)
	}
	b := &bench{dir: dir, launcher: filepath.Join(dir, "landlock-exec"), helper: filepath.Join(dir, "helper"), uid: uid}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(b.launcher, data, 0755), os.Link(b.launcher, b.helper)); err != nil {
		t.Fatal(err)
	}
	return b
}

// needABI skips a test for kernels before a Landlock ABI version.
func needABI(t *testing.T, least int) {
	if abi, err := ll.LandlockGetABIVersion(); abi < least {
		t.Skipf("skipping test: the Landlock ABI is %d (%v), before %d", abi, err, least)
	}
}

// file writes a file into b.dir and returns its name.
func (b *bench) file(t *testing.T, name, data string, perm os.FileMode) string {
	t.Helper()
	name = filepath.Join(b.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0755), os.WriteFile(name, []byte(data), perm), os.Chown(name, b.uid, -1), os.Chown(filepath.Dir(name), b.uid, -1)); err != nil {
		t.Fatal(err)
	}
	return name
}

// command returns the launcher with args.
func (b *bench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.launcher, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "HOME="+b.dir, "LC_ALL=C")
	cmd.SysProcAttr = new(syscall.SysProcAttr)
	if b.uid != os.Getuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(b.uid), Gid: uint32(b.uid)}
	}
	return cmd
}

// run runs the launcher with args.
func (b *bench) run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := b.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// sh returns the arguments to run a script in a sandbox with flags,
// in which shells can run.
func sh(script string, flags ...string) []string {
	args := slices.Concat([]string{"-ro"}, existing(system), []string{"-rwfiles", "/dev/null"}, flags)
	return append(args, "--", "sh", "-c", script)
}

// existing returns those of files that exist.
func existing(files []string) []string {
	return slices.DeleteFunc(slices.Clone(files), func(name string) bool {
		_, err := os.Stat(name)
		return err != nil
	})
}

// What is denied and allowed, without a shell. This one runs on all kernels too.
func TestLandlockFiles(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		allowed, denied := b.file(t, "allowed/f", "a", 0644), b.file(t, "denied/f", "b", 0644)
		system := append(existing(system), b.helper)
		for _, mode := range []string{"-ro", "-rw", "-rofiles", "-rwfiles"} {
			path := allowed
			if !strings.HasSuffix(mode, "files") {
				path = filepath.Dir(allowed)
			}
			args := slices.Concat([]string{"-rofiles"}, system, []string{mode, path, "--", b.helper, "read", allowed, denied})
			status, out, errs := b.run(t, args...)
			if want := "a<nil>\nopen " + denied + ": permission denied\n"; status != 0 || out != want || errs != "" {
				t.Errorf("%s: got status %d, %q and %q, want %q", mode, status, out, errs, want)
			}
		}
		status, out, errs := b.run(t, "-ro", filepath.Dir(allowed), "--", b.helper, "read", allowed)
		if want := "the sandbox denies execute for " + b.helper; status != 126 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("got status %d, %q and %q, want 126 and %q", status, out, errs, want)
		}
	})
}

// The commands of the talk about go-landlock: a shell that can use /usr and
// change /tmp, here a directory beneath it.
func TestTalk(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		secret := b.file(t, "home/secret", "hunter2", 0644)
		b.file(t, "tmp/old", "old\n", 0644)
		script := `
			ls /usr >/dev/null && echo list
			cat tmp/old
			echo new >tmp/new && mv tmp/new tmp/newer && cat tmp/newer && rm tmp/newer
			mkdir tmp/d && rmdir tmp/d && echo mkdir
			cat home/secret
			echo overwritten >home/secret
			rm home/secret
			ls home
			cat /etc/passwd
			echo end`
		status, out, errs := b.run(t, sh(script, "-rw", filepath.Join(b.dir, "tmp"))...)
		if want := "list\nold\nnew\nmkdir\nend\n"; status != 0 || out != want {
			t.Errorf("got status %d and %q, want 0 and %q\n%s", status, out, want, errs)
		}
		if n := strings.Count(errs, "Permission denied"); n != 5 {
			t.Errorf("%d acts were denied, want 5:\n%s", n, errs)
		}
		if data, err := os.ReadFile(secret); string(data) != "hunter2" {
			t.Errorf("the secret is %q, %v", data, err)
		}
		// The files themselves would not have been in the way.
		if out, err := exec.Command("cat", secret, "/etc/passwd").CombinedOutput(); err != nil {
			t.Errorf("outside: %v\n%s", err, out)
		}
	})
}

func TestRights(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		f := b.file(t, "f", "data\n", 0644)
		b.file(t, "d1/f", "data\n", 0644)
		b.file(t, "d2/g", "data\n", 0644)
		for _, test := range []struct {
			flags  []string
			script string
			ok     bool
		}{
			{[]string{"-rofiles", f}, "cat f", true},
			{[]string{"-rofiles", f}, "echo >f", false},
			{[]string{"-rwfiles", f}, "echo >f", true},
			{[]string{"-rwfiles", f}, "rm f", false},
			{[]string{"-rwfiles", f}, "cat d1/f", false},
			{[]string{"-ro", "d1"}, "cat d1/f", true},
			{[]string{"-ro", "d1"}, "echo >d1/f", false},
			{[]string{"-rw", "d1"}, "echo >d1/f", true},
			{[]string{"-rw", "d1", "d2"}, "ln d1/f d2/f1", false},
			{[]string{"-rw", "+refer", "d1", "d2"}, "ln d1/f d2/f2", true},
			{[]string{"-rw", "d1", "+refer", "d2"}, "ln d1/f d2/f3", true},
			{[]string{"-rw", "+refer", "d1", "-rw", "d2"}, "ln d1/f d2/f4", false},
			{[]string{"--rw", "d1", "-2"}, "echo >>d1/f", true},
			{[]string{"-1"}, "echo >>d1/f", false},
		} {
			status, _, errs := b.run(t, sh(test.script, test.flags...)...)
			if (status == 0) != test.ok || status >= exitError {
				t.Errorf("%v: %s: got status %d, want success: %t\n%s", test.flags, test.script, status, test.ok, errs)
			}
		}
		// What is not asked for is not restricted.
		if status, out, errs := b.run(t, "-scoped", "--", "cat", f, "/etc/passwd"); status != 0 {
			t.Errorf("-scoped restricts files: status %d\n%s%s", status, out, errs)
		}
	})
}

func TestNet(t *testing.T) {
	needABI(t, 4)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "hello")
			c.Close()
		}
	}()
	addr := l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	forUsers(t, func(t *testing.T, b *bench) {
		for _, test := range []struct {
			flags []string
			ok    bool
		}{
			{[]string{"-connect-tcp", port}, true},
			{[]string{"-connect-tcp"}, false},
			{[]string{"-connect-tcp", "1"}, false},
			{[]string{"-bind-tcp", port}, false}, // restricts the network too
			{[]string{"-scoped"}, true},
		} {
			status, out, errs := b.run(t, append(test.flags, "--", b.helper, "fetch", addr)...)
			if test.ok && (status != 0 || out != "hello") || !test.ok && (status != 1 || out != "" || !strings.Contains(errs, "permission denied")) {
				t.Errorf("%v: got status %d, want success: %t\n%s%s", test.flags, status, test.ok, out, errs)
			}
		}
	})
}

func TestScoped(t *testing.T) {
	needABI(t, 6)
	forUsers(t, func(t *testing.T, b *bench) {
		target := b.command("-ro", "/", "--", b.helper, "signals")
		r := start(t, target)
		pid := r.pid()
		kill := "kill -USR1 " + strconv.Itoa(pid)
		if status, _, errs := b.run(t, "-scoped", "--", "sh", "-c", kill); status == 0 || status >= exitError {
			t.Errorf("with -scoped: got status %d from %s\n%s", status, kill, errs)
		}
		if status, _, errs := b.run(t, "-ro", "/", "--", "sh", "-c", kill); status != 0 {
			t.Errorf("without -scoped: got status %d from %s\n%s", status, kill, errs)
		}
		r.expect("<user defined signal 1>")
		target.Process.Signal(syscall.SIGTERM)
		r.expect("<terminated>")
		target.Wait()
	})
}

func TestExitStatus(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		b.file(t, "plain", "text\n", 0644)
		b.file(t, "text", "text\n", 0755)
		b.file(t, "script", "#!"+b.dir+"/script2\n", 0755)
		b.file(t, "script2", "#! "+b.helper+" read\n", 0755)
		b.file(t, "orphan", "#!"+b.dir+"/absent -x\n", 0755)
		if err := errors.Join(os.Mkdir(filepath.Join(b.dir, "dir"), 0755), os.Symlink("script2", filepath.Join(b.dir, "alias"))); err != nil {
			t.Fatal(err)
		}
		usage := "landlock-exec: "
		for _, test := range []struct {
			args   []string
			status int
			errs   string // contained in standard error
		}{
			{sh("exit 0"), 0, ""},
			{sh("exit 7"), 7, ""},
			{sh("exit 255"), 255, ""},
			{sh("kill -9 $$"), 128 + 9, ""},
			{sh("kill -TERM $$"), 128 + 15, ""},
			{[]string{"-ro", "/", "--", "no-such-command"}, 127, "not found"},
			{[]string{"-ro", "/", "--", "./no-such-command"}, 127, "no such file"},
			{[]string{"-ro", "/", "--", "./plain"}, 126, "permission denied"},
			{[]string{"-ro", "/", "--", "./dir"}, 126, ""},
			{[]string{"-ro", "/", "--", "./text"}, 126, "exec format error"},
			{[]string{"-ro", "/", "--", "./orphan"}, 126, b.dir + "/absent, which the first line of ./orphan names does not exist"},
			{[]string{"-rofiles", "--", "./helper"}, 126, "the sandbox denies execute for ./helper; grant it with -rofiles ./helper"},
			{[]string{"-rofiles", "script", "--", "./script"}, 126, "denies execute for " + b.dir + "/script2, which the first line of ./script names; grant it with"},
			{[]string{"-rofiles", "script", "alias", "--", "./script"}, 126, "permission denied: the sandbox denies execute for " + b.helper},
			{[]string{"-rofiles", "script", "script2", "--", "./script"}, 126, "denies execute for " + b.helper + ", which the first line of " + b.dir + "/script2 names"},
			{slices.Concat([]string{"-rofiles", "script", "script2", "helper", "-ro"}, existing(system), []string{"--", "./script"}), 0, ""},
			{nil, 125, usage + "no command"},
			{[]string{"-ro", "/"}, 125, usage + "no command"},
			{[]string{"-ro", "/", "--"}, 125, usage + "no command"},
			{[]string{"--", "true"}, 125, usage + "nothing is restricted"},
			{[]string{"-v", "true"}, 125, `"true" is not one of the flags`},
			{[]string{"-12", "-ro", "/", "--", "true"}, 125, `"-12" is not one of the flags`},
			{[]string{"-01", "-ro", "/", "--", "true"}, 125, `"-01" is not one of the flags`},
			{[]string{"-ro", "+what", "--", "true"}, 125, `"+what"`},
			{[]string{"-ro", "", "--", "true"}, 125, "empty"},
			{[]string{"-ro", "/absent", "--", "true"}, 125, "/absent"},
			{[]string{"-ro", "/", "text", "--", "true"}, 125, "use ROFiles"},
			{[]string{"-bind-tcp", "65536", "--", "true"}, 125, "65536"},
			{[]string{"-bind-tcp", "true"}, 125, "the command goes after --"},
			{[]string{"-3", "-bind-tcp", "--", "true"}, 125, "use -4"},
			{[]string{"-5", "-scoped", "--", "true"}, 125, "use -6"},
			{[]string{"-9", "-bind-udp", "1", "--", "true"}, 125, "BindUDP(1)"},
			{[]string{"-features", "--", "true"}, 125, "-features"},
			{[]string{"-policy"}, 125, "-policy"},
			{[]string{"-policy", "absent.json", "--", "true"}, 125, "absent.json"},
			{[]string{"-policy", "x", "-ro", "/", "--", "true"}, 125, "-policy and -ro exclude each other"},
			{[]string{"-policy", "x", "-3", "--", "true"}, 125, "-policy and -3 exclude each other"},
		} {
			status, out, errs := b.run(t, test.args...)
			if status != test.status || !strings.Contains(errs, test.errs) || test.errs == "" && errs != "" && status != 126 {
				t.Errorf("%q: got status %d, want %d and %q; output:\n%s%s", test.args, status, test.status, test.errs, out, errs)
			}
			if status >= exitError && test.errs != "" && (strings.Count(errs, "\n") != 1 || out != "") {
				t.Errorf("%q: got output %q and errors %q, want one line", test.args, out, errs)
			}
		}

		// The ELF interpreter is named too.
		cat, err := exec.LookPath("cat")
		if err != nil {
			t.Fatal(err)
		}
		interp, _, err := interpreter(cat)
		if err != nil || interp == "" {
			t.Skipf("skipping the rest: %s has no ELF interpreter (%v)", cat, err)
		}
		status, _, errs := b.run(t, "-rofiles", cat, "--", "cat")
		if want := interp + ", the ELF interpreter of " + cat; status != 126 || !strings.Contains(errs, want) {
			t.Errorf("got status %d and %q, want 126 and %q", status, errs, want)
		}
		status, _, errs = b.run(t, "-rofiles", cat, interp, "--", "cat")
		if status >= exitError && status != 127 || strings.Contains(errs, "landlock-exec:") { // 127 is ld.so's own
			t.Errorf("with the interpreter granted: got status %d and %q", status, errs)
		}
	})
}

// What the kernel cannot do is an error with -strict, and named with -v.
func TestStrict(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		abi, _ := ll.LandlockGetABIVersion()
		newest, err := landlock.V11.BestEffort().Enforceable()
		if err != nil {
			t.Fatal(err)
		}
		complete := newest.HandledAccessFS == landlock.V11.HandledAccessFS
		status, out, errs := b.run(t, sh("echo ran", "-strict")...)
		if complete && (status != 0 || out != "ran\n") || !complete && (status != 125 || out != "" || !strings.Contains(errs, "resolve_unix")) {
			t.Errorf("-strict on Landlock ABI %d: got status %d\n%s%s", abi, status, out, errs)
		}
		status, out, errs = b.run(t, sh("echo ran", "-v")...)
		if status != 0 || out != "ran\n" || !strings.Contains(errs, ": restricted V") || !strings.Contains(errs, " fs={execute,") || strings.Contains(errs, "NOT restricted, because this kernel cannot: V") == complete {
			t.Errorf("-v on Landlock ABI %d: got status %d\n%s%s", abi, status, out, errs)
		}
		if status, out, errs = b.run(t, sh("echo ran", "-1", "-strict")...); status != 0 || out != "ran\n" || errs != "" {
			t.Errorf("-1 -strict on Landlock ABI %d: got status %d\n%s%s", abi, status, out, errs)
		}
		status, out, errs = b.run(t, sh("echo ran", "-1", "-strict", "-l")...)
		if abi >= 7 && (status != 0 || out != "ran\n") || abi < 7 && (status != 125 || out != "") {
			t.Errorf("-l -strict on Landlock ABI %d: got status %d\n%s%s", abi, status, out, errs)
		}
		status, out, errs = b.run(t, sh("echo ran", "-l", "-v")...)
		if status != 0 || out != "ran\n" || strings.Contains(errs, "NOT logged") == (abi >= 7) {
			t.Errorf("-l -v on Landlock ABI %d: got status %d\n%s%s", abi, status, out, errs)
		}
	})
}

// What -l asks the kernel for. That it does it is tested by package syscall.
func TestLog(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skipf("skipping test: %v", err)
	}
	forUsers(t, func(t *testing.T, b *bench) {
		for _, flag := range []string{"", "-l"} {
			want := ", 0)"
			var flags []string
			if flag != "" {
				needABI(t, 7)
				want = ", 0x2)" // LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON
				flags = []string{flag}
			}
			cmd := b.command(sh("echo ran", flags...)...)
			trace := filepath.Join(b.dir, "trace"+flag)
			cmd.Args = append([]string{"strace", "-f", "-e", "trace=landlock_restrict_self", "-o", trace, cmd.Path}, cmd.Args[1:]...)
			cmd.Path = strace
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != "ran\n" {
				t.Errorf("%v: %v\n%s", cmd, err, out)
			}
			data, err := os.ReadFile(trace)
			calls := regexp.MustCompile(`landlock_restrict_self\(\d+(.*\)) += 0\n`).FindAllStringSubmatch(string(data), -1)
			if err != nil || len(calls) != 1 || calls[0][1] != want {
				t.Errorf("with flag %q: got calls %q, %v, want one with %q\n%s", flag, calls, err, want, data)
			}
		}
	})
}

func TestDescriptors(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		f, err := os.Open(b.file(t, "secret", "hunter2", 0644))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd := b.command(sh("cat; echo err >&2; cat <&3")...)
		var out, errs bytes.Buffer
		cmd.Stdin = strings.NewReader("in")
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.ExtraFiles = []*os.File{f}
		if err := cmd.Run(); err == nil {
			t.Error("the command could use descriptor 3")
		}
		if out.String() != "in" || !strings.HasPrefix(errs.String(), "err\n") {
			t.Errorf("got %q and %q", &out, &errs)
		}
	})
}

func TestPolicyFile(t *testing.T) {
	// As landlockconfig's examples do it: read and execute the system,
	// write to one directory, bind to some ports.
	const text = `{
		"pathBeneath": [
			{"allowedAccess": ["abi.read_execute"], "parent": [".", "/bin", "/lib", "/lib64", "/usr", "/absent"]},
			{"allowedAccess": ["abi.read_write"], "parent": ["../tmp", "/dev/null"]}
		],
		"ruleset": [{"handledAccessFs": ["abi.all"], "handledAccessNet": ["bind_tcp"]}],
		"netPort": [{"allowedAccess": ["bind_tcp"], "port": [80, 443]}],
		"abi": 5
	}`
	forUsers(t, func(t *testing.T, b *bench) {
		b.file(t, "work/input", "input\n", 0644)
		b.file(t, "work/policy.json", text, 0644)
		b.file(t, "tmp/run", "#!/bin/sh\necho ran\n", 0755)
		b.file(t, "secret", "hunter2", 0644)
		const script = `
			cat work/input
			echo new >tmp/new && cat tmp/new
			echo >work/new
			cat secret
			tmp/run
			echo end`
		args := []string{"-policy", "work/policy.json", "--", "sh", "-c", script}
		const want = "input\nnew\nend\n"
		check := func(status int, out, errs string) {
			t.Helper()
			if n := strings.Count(errs, "ermission denied"); status != 0 || out != want || n != 3 {
				t.Errorf("got status %d, output %q, want %q; %d acts denied, want 3\n%s", status, out, want, n, errs)
			}
		}
		check(b.run(t, args...))

		// On standard input, relative paths are those of the working directory.
		cmd := b.command("-policy", "-", "--", "sh", "-c", "cd ..; "+script)
		cmd.Dir = filepath.Join(b.dir, "work")
		cmd.Stdin = strings.NewReader(text)
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.Run()
		check(cmd.ProcessState.ExitCode(), out.String(), errs.String())

		status, _, stderr := b.run(t, append([]string{"-v"}, args...)...)
		if status != 0 || !strings.Contains(stderr, "/absent does not exist and is left out\n") {
			t.Errorf("-v: got status %d\n%s", status, stderr)
		}
		status, _, stderr = b.run(t, "-policy", "work/policy.json", "--", "tmp/run")
		if want := `the sandbox denies execute for tmp/run; grant it with "execute" for tmp/run in the policy`; status != 126 || !strings.Contains(stderr, want) {
			t.Errorf("got status %d and %q, want 126 and %q", status, stderr, want)
		}
		// Nothing is started with a bad policy.
		b.file(t, "work/bad.json", strings.Replace(text, `"ruleset"`, "\n\"rulesets\"", 1), 0644)
		status, stdout, stderr := b.run(t, "-policy", "work/bad.json", "--", "echo", "started")
		if want := "landlock-exec: work/bad.json:7: unknown key \"rulesets\"\n"; status != 125 || stdout != "" || stderr != want {
			t.Errorf("bad policy: got status %d, %q and %q, want 125 and %q", status, stdout, stderr, want)
		}
	})
}

func TestLandlockFeatures(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		status, out, errs := b.run(t, "-features")
		var f struct {
			Enabled            bool
			ABI, KnownABI      int
			Errata             []int
			Known, Enforceable featureSet
		}
		if err := json.Unmarshal([]byte(out), &f); status != 0 || err != nil {
			t.Fatalf("got status %d and %v\n%s%s", status, err, out, errs)
		}
		abi, _ := ll.LandlockGetABIVersion()
		if !f.Enabled || f.ABI != abi || f.KnownABI != 11 || len(f.Known.AccessFS) != 17 || len(f.Known.AccessNet) != 4 || len(f.Known.Scoped) != 2 {
			t.Errorf("on Landlock ABI %d, got %s", abi, out)
		}
		// Enforceable is what the kernel takes, right by right.
		var fs, net, scoped []string
		for bit := range 64 {
			for _, attr := range []ll.RulesetAttr{{HandledAccessFS: 1 << bit}, {HandledAccessNet: 1 << bit}, {Scoped: 1 << bit}} {
				fd, err := ll.LandlockCreateRuleset(&attr, 0)
				if err != nil {
					continue
				}
				syscall.Close(fd)
				switch {
				case attr.HandledAccessFS != 0 && bit < len(f.Known.AccessFS):
					fs = append(fs, f.Known.AccessFS[bit])
				case attr.HandledAccessNet != 0 && bit < len(f.Known.AccessNet):
					net = append(net, f.Known.AccessNet[bit])
				case attr.Scoped != 0 && bit < len(f.Known.Scoped) && slices.Contains(f.Errata, 2):
					scoped = append(scoped, f.Known.Scoped[bit])
				}
			}
		}
		if !slices.Equal(f.Enforceable.AccessFS, fs) || !slices.Equal(f.Enforceable.AccessNet, net) || !slices.Equal(f.Enforceable.Scoped, scoped) {
			t.Errorf("the kernel takes %v, %v and %v, but got %s", fs, net, scoped, out)
		}
	})
}

// Without the patch set, nothing is run.
func TestUnpatched(t *testing.T) {
	if checkBuild() == nil {
		return // this is for a Go without
	}
	file := filepath.Join(t.TempDir(), "file")
	if status := run([]string{"-ro", "/", "--", "touch", file}); status != exitError {
		t.Errorf("got status %d, want %d", status, exitError)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the command was run without a sandbox")
	}
	if _, err := supervise("/bin/sh", []string{"sh", "-c", "touch " + file}, -1, 0); err == nil {
		t.Error("supervise did not fail")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("supervise ran the command without a sandbox")
	}
}

// A reader waits for lines of a program's output.
type reader struct {
	t    *testing.T
	f    *os.File
	r    *bufio.Reader
	seen []string // lines since the last one that was expected
}

func newReader(t *testing.T, f *os.File) *reader {
	return &reader{t: t, f: f, r: bufio.NewReader(f)}
}

// Far more than it takes, so that a failed test ends.
const readTimeout = time.Minute

// start starts cmd in the background of the terminal, if there is one,
// and returns a reader of its output.
func start(t *testing.T, cmd *exec.Cmd) *reader {
	t.Helper()
	cmd.SysProcAttr.Setpgid = true
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	return newReader(t, out.(*os.File))
}

// expect reads up to a line that contains s, and returns that.
func (r *reader) expect(s string) string {
	r.t.Helper()
	r.seen = nil
	if err := r.f.SetReadDeadline(time.Now().Add(readTimeout)); err != nil {
		r.t.Fatal(err)
	}
	for {
		line, err := r.r.ReadString('\n')
		if strings.Contains(line, s) {
			return line
		}
		r.seen = append(r.seen, line)
		if err != nil {
			r.t.Fatalf("got %q and %v, want %q", r.seen, err, s)
		}
	}
}

// pid waits until the helper is ready and returns its process ID.
func (r *reader) pid() int {
	r.t.Helper()
	_, s, _ := strings.Cut(r.expect("ready "), "ready ")
	pid, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		r.t.Fatal(err)
	}
	return pid
}

// signalHelper returns the arguments to run "helper signals" in a sandbox.
func (b *bench) signalHelper(args ...string) []string {
	flags := slices.Concat([]string{"-ro"}, existing(system), []string{"-rofiles", b.helper, "-rwfiles", "/dev/null", "--", b.helper, "signals"})
	return append(flags, args...)
}

// waitState waits until a child of this process stops or ends.
func waitState(t *testing.T, pid int) syscall.WaitStatus {
	t.Helper()
	for {
		var ws syscall.WaitStatus
		_, err := syscall.Wait4(pid, &ws, syscall.WUNTRACED, nil)
		if err == nil {
			return ws
		}
		if err != syscall.EINTR {
			t.Fatal(err)
		}
	}
}

// Signals that are sent to the launcher reach the command, once.
func TestLandlockSignals(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		cmd := b.command(b.signalHelper()...)
		r := start(t, cmd)
		pid := cmd.Process.Pid
		child := r.pid()
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGWINCH} {
			syscall.Kill(pid, sig)
			r.expect(fmt.Sprintf("<%v>", sig))
			if len(r.seen) > 0 {
				t.Errorf("before <%v>: got %q", sig, r.seen)
			}
		}
		if tty, err := os.Open("/dev/tty"); err == nil {
			tty.Close() // TestShell is about this case
		} else {
			stopAndContinue(t, r, pid, child)
		}
		syscall.Kill(pid, syscall.SIGTERM)
		r.expect("<terminated>")
		if len(r.seen) > 0 {
			t.Errorf("before the end: got %q", r.seen)
		}
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("got %v, want exit status 3", err)
		}
	})
}

// stopAndContinue stops the launcher and the command, which have no terminal.
func stopAndContinue(t *testing.T, r *reader, pid, child int) {
	syscall.Kill(pid, syscall.SIGCONT)
	r.expect("<continued>")
	syscall.Kill(pid, syscall.SIGTSTP)
	if ws := waitState(t, pid); !ws.Stopped() {
		t.Fatalf("after SIGTSTP: got %#x, want the launcher stopped", ws)
	}
	if s := stat(t, child)[0]; s != "T" {
		t.Errorf("after SIGTSTP: the command is in state %s, want T", s)
	}
	syscall.Kill(pid, syscall.SIGCONT)
	r.expect("<continued>")
	// If only the command is stopped, that is not the launcher's business.
	syscall.Kill(child, syscall.SIGSTOP)
	syscall.Kill(child, syscall.SIGCONT)
	r.expect("<continued>")
}

// stat returns what /proc says about a process: its state,
// which is T when it is stopped, the process ID of its parent, and more.
func stat(t *testing.T, pid int) []string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}

// Signals that are ignored, as by nohup, stay so.
func TestIgnoredSignals(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		nohup := exec.Command("sh", "-c", `trap "" HUP INT; exec "$@"`, "sh")
		cmd := b.command(sh(`kill -HUP $$; kill -INT $$; kill -HUP $PPID; kill -INT $PPID; echo alive; exit 4`)...)
		nohup.Args = append(nohup.Args, cmd.Args...)
		nohup.SysProcAttr, nohup.Dir = cmd.SysProcAttr, cmd.Dir
		out, err := nohup.Output()
		if nohup.ProcessState.ExitCode() != 4 || string(out) != "alive\n" {
			t.Errorf("got %q and %v, want alive and exit status 4", out, err)
		}
	})
}

// A terminal is a pseudoterminal with a program in it.
type terminal struct {
	*reader
	master *os.File
	slave  *os.File
	cmd    *exec.Cmd
}

// newTerminal starts cmd as the leader of a session in a new terminal.
func newTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var n, unlock uint32
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&n))
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	name := fmt.Sprintf("/dev/pts/%d", n)
	slave, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if c := cmd.SysProcAttr.Credential; c != nil {
		if err := os.Chown(name, int(c.Uid), -1); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr.Setsid = true
	cmd.SysProcAttr.Setctty = true
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	term := &terminal{newReader(t, master), master, slave, cmd}
	t.Cleanup(func() {
		cmd.Process.Kill()
		master.Close()
		slave.Close()
	})
	return term
}

func ioctl(t *testing.T, f *os.File, req uintptr, arg unsafe.Pointer) {
	t.Helper()
	c, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	c.Control(func(fd uintptr) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, req, uintptr(arg)); errno != 0 {
			t.Fatalf("ioctl %#x: %v", req, errno)
		}
	})
}

// foreground returns the terminal's foreground process group.
func (term *terminal) foreground() int {
	var pgrp int32
	ioctl(term.t, term.master, syscall.TIOCGPGRP, unsafe.Pointer(&pgrp))
	return int(pgrp)
}

// suspend stops the job in the foreground, of which launcher is part, as Ctrl-Z
// does. The launcher would take a signal of the terminal that it handles only
// after it was continued in the background for one that was sent to it, so
// wait until it is done with those before.
func (term *terminal) suspend(launcher int) {
	term.t.Helper()
	for deadline := time.Now().Add(readTimeout); !idle(term.t, launcher); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			term.t.Fatalf("process %d is still busy", launcher)
		}
	}
	term.write("\x1a")
	term.expect("Stopped")
}

// idle reports whether all threads of a process sleep and no signal is pending.
func idle(t *testing.T, pid int) bool {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("threads of process %d: %q, %v", pid, threads, err)
	}
	for _, name := range threads {
		status, err := os.ReadFile(name)
		if err != nil {
			return false // the thread has ended
		}
		for _, re := range []string{`\nState:\tS`, `\nSigPnd:\t0+\n`, `\nShdPnd:\t0+\n`} {
			if !regexp.MustCompile(re).Match(status) {
				return false
			}
		}
	}
	return true
}

// resize gives the terminal another size, of which it tells by SIGWINCH.
func (term *terminal) resize(rows uint16) {
	size := [4]uint16{rows, 80}
	ioctl(term.t, term.master, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
}

func (term *terminal) write(s string) {
	if _, err := io.WriteString(term.master, s); err != nil {
		term.t.Fatal(err)
	}
}

// once expects a signal, and that none came before.
func (term *terminal) once(name string) {
	term.t.Helper()
	term.expect("<" + name + ">")
	for _, line := range term.seen {
		if strings.Contains(line, "<") && strings.Contains(line, ">") {
			term.t.Errorf("before <%s>: got %q", name, term.seen)
		}
	}
}

// At a terminal of its own, the command gets the terminal's signals and
// those that are sent to the launcher, each once.
func TestTerminal(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		term := newTerminal(t, b.command(b.signalHelper()...))
		pid := term.cmd.Process.Pid
		child := term.pid()
		term.write("\x03")
		term.once("interrupt")
		term.write("\x1c")
		term.once("quit")
		term.resize(30)
		term.once("window changed")
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGWINCH} {
			syscall.Kill(pid, sig)
			term.once(sig.String())
		}
		if fg := term.foreground(); fg != child {
			t.Errorf("process group %d is in the foreground, want the command's, %d", fg, child)
		}
		for i, stop := range []func(){
			func() { term.write("\x1a") },
			func() { syscall.Kill(pid, syscall.SIGTSTP) },
			func() { syscall.Kill(child, syscall.SIGSTOP) },
		} {
			stop()
			if ws := waitState(t, pid); !ws.Stopped() {
				t.Fatalf("%d: got %#x, want the launcher stopped", i, ws)
			}
			if s := stat(t, child)[0]; s != "T" {
				t.Errorf("%d: the command is in state %s, want T", i, s)
			}
			if fg := term.foreground(); fg != pid {
				t.Errorf("%d: process group %d is in the foreground, want the launcher's, %d", i, fg, pid)
			}
			syscall.Kill(pid, syscall.SIGCONT)
			term.once("continued")
			if fg := term.foreground(); fg != child {
				t.Errorf("%d: process group %d is in the foreground, want the command's, %d", i, fg, child)
			}
		}
		syscall.Kill(pid, syscall.SIGTERM)
		term.once("terminated")
		if err := term.cmd.Wait(); term.cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("got %v, want exit status 3", err)
		}
	})
}

// Under a shell with job control, the launcher is a job like others.
func TestShell(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		cmd := b.command(b.signalHelper()...)
		launch := strings.Join(cmd.Args, " ")
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-i"}
		cmd.Env = append(cmd.Env, "PS1=", "ENV=")
		term := newTerminal(t, cmd)
		const cat = `(trap "" INT QUIT; exec cat)`
		// The terminal echoes what is typed, so answers are written differently there.
		for _, line := range []string{
			launch,                 // a job of its own
			launch + " | " + cat,   // a pipeline
			"echo | " + launch,     // and at its end
			launch + " </dev/null", // not all of it at the terminal
			"sh -c 'trap : INT QUIT; " + launch + "; exit $?'", // a script
		} {
			term.write(line + "\n")
			child := term.pid()
			launcher, err := strconv.Atoi(stat(t, child)[1])
			if err != nil {
				t.Fatal(err)
			}
			term.write("\x03")
			term.once("interrupt")
			term.resize(31)
			term.once("window changed")
			term.resize(30)
			term.once("window changed")
			term.suspend(launcher)
			term.write("echo sh''ell\n")
			term.expect("shell\r")
			term.write("fg\n")
			term.once("continued")
			term.write("\x1c")
			term.once("quit")
			term.suspend(launcher)
			// In the background it goes on.
			term.write("bg\n")
			term.once("continued")
			syscall.Kill(launcher, syscall.SIGHUP)
			term.once("hangup")
			syscall.Kill(launcher, syscall.SIGINT)
			term.once("interrupt")
			term.write("fg\n")
			term.once("continued")
			term.write("\x03")
			term.once("interrupt")
			syscall.Kill(launcher, syscall.SIGTERM)
			term.once("terminated")
			term.write("echo sta''tus=$?\n")
			want := "status=3\r"
			if strings.HasSuffix(line, cat) {
				want = "status=0\r"
			}
			if got := term.expect("status="); !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q", line, got, want)
			}
		}
		term.write("exit\n")
		term.cmd.Wait()
	})
}

// Reading and writing through pipes works, and the end of one ends the other.
func TestPipe(t *testing.T) {
	forUsers(t, func(t *testing.T, b *bench) {
		cmd := b.command(append(append([]string{"-ro"}, existing(system)...), "--", "cat")...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		data := strings.Repeat("0123456789abcdef", 1<<16)
		var wg sync.WaitGroup
		wg.Go(func() {
			io.WriteString(in, data)
			in.Close()
		})
		err = cmd.Wait()
		wg.Wait()
		if err != nil || out.String() != data {
			t.Errorf("got %d bytes and %v, want %d", out.Len(), err, len(data))
		}
	})
}
