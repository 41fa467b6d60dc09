// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// If this variable is set, the test binary stands in for QEMU
// and does what standIns has under the value.
const standInEnv = "LANDLOCK_CI_TEST_QEMU"

func init() {
	mode := os.Getenv(standInEnv)
	if mode == "" && filepath.Base(os.Args[0]) == machines["amd64"].qemu.name {
		mode = os.Getenv(standInEnv + "_MODE")
	}
	if mode == "" {
		return
	}
	var ports []*os.File
	for i, arg := range os.Args {
		if arg == "-serial" {
			f, err := os.Create(strings.TrimPrefix(os.Args[i+1], "file:"))
			if err != nil {
				panic(err)
			}
			ports = append(ports, f)
		}
	}
	standIns[mode](ports[0], &recordWriter{w: ports[1]})
	os.Exit(0)
}

// boot is what the console and the records of a guest begin with.
func boot(console io.Writer, out *recordWriter) {
	fmt.Fprintf(console, "[    0.1] Booting\n[    0.2] WARNING: an old machine\n%s\n", consoleMark)
	fmt.Fprint(out.w, "firmware\x1b[2J")
	out.write(record{Kind: recHello, Data: []byte("6.6.6")})
	out.write(record{Kind: recStart})
}

// finish is what the records of a guest end with.
func finish(out *recordWriter, status int, log ...string) {
	out.write(record{Kind: recExit, Status: status})
	for _, line := range log {
		out.write(record{Kind: recLog, Data: []byte(line)})
	}
	out.write(record{Kind: recDone})
}

func hang() { time.Sleep(time.Hour) }

var standIns = map[string]func(console io.Writer, out *recordWriter){
	"pass": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		out.write(record{Kind: recStdout, Data: []byte("to stdout\n")})
		out.write(record{Kind: recStderr, Data: []byte("to stderr\n")})
		finish(out, 0)
	},
	"status": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		finish(out, 7)
	},
	"doesNotPowerOff": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		finish(out, 0)
		hang()
	},
	"kernelPrintsToPort": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		fmt.Fprint(out.w, "[    1.0] something\n[    1.1] and more ")
		finish(out, 0)
	},
	"hang": func(console io.Writer, out *recordWriter) {
		// It does not end for the asking either.
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
		boot(console, out)
		hang()
	},
	"panic": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		fmt.Fprint(console, "[    1.0] Kernel panic - not syncing: Attempted to kill init!\n[    1.0] Call trace:\n")
		hang()
	},
	"bootPanic": func(console io.Writer, out *recordWriter) {
		fmt.Fprint(console, "[    1.0] Kernel panic - not syncing: VFS: Unable to mount root fs\n")
	},
	"warning": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		finish(out, 0, "fine", "WARNING: CPU: 0 PID: 1 at security/landlock/fs.c:1")
	},
	"oopsThenHang": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		fmt.Fprint(console, "[    1.0] Oops: general protection fault\n")
		hang()
	},
	"silent":    func(console io.Writer, out *recordWriter) { hang() },
	"bootHang":  func(console io.Writer, out *recordWriter) { fmt.Fprint(console, "[    0.1] Booting"); hang() },
	"silentEnd": func(console io.Writer, out *recordWriter) {},
	"noCompletion": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		out.write(record{Kind: recExit})
	},
	"noExit": func(console io.Writer, out *recordWriter) { boot(console, out) },
	"qemuFails": func(console io.Writer, out *recordWriter) {
		fmt.Fprintln(os.Stderr, "qemu: could not load kernel")
		os.Exit(1)
	},
	"qemuCrashes": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		hang()
	},
	"damagedRecord": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		var buf bytes.Buffer
		finish(&recordWriter{w: &buf, seq: out.seq}, 0)
		out.w.Write(bytes.Replace(buf.Bytes(), []byte("exit"), []byte("exIt"), 1))
	},
	"lostRecord": func(console io.Writer, out *recordWriter) {
		boot(console, out)
		out.seq++
		finish(out, 0)
	},
	// Like "pass", but only the second time.
	"secondTry": func(console io.Writer, out *recordWriter) {
		mark := os.Getenv(standInEnv + "_MARK")
		if _, err := os.Stat(mark); err != nil {
			os.WriteFile(mark, nil, 0o666)
			os.Exit(1)
		}
		boot(console, out)
		finish(out, 0)
	},
}

// standInGuest returns a guest that the stand-in mode runs in place of QEMU.
func standInGuest(t *testing.T, mode string) *guest {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(standInEnv, mode)
	return &guest{
		goarch: "amd64",
		qemu:   exe,
		steps:  []guestStep{{Name: "the test"}},
		// Long enough for a stand-in that does not hang.
		bootTimeout: time.Minute,
		timeout:     time.Minute,
	}
}

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		mode    string
		verdict verdict
		detail  string
		status  int
	}{
		{"pass", pass, "", 0},
		{"status", pass, "", 7},
		{"doesNotPowerOff", pass, "", 0},
		{"kernelPrintsToPort", pass, "", 0},
		{"hang", timedOut, "was not done within 500ms, in the test", 0},
		{"panic", panicked, "Attempted to kill init", 0},
		{"bootPanic", panicked, "Unable to mount root", 0},
		{"warning", oops, "security/landlock/fs.c", 0},
		{"oopsThenHang", oops, "general protection fault", 0},
		{"silent", noBoot, "did not come to run /init within 500ms; nothing was printed", 0},
		{"bootHang", noBoot, `the console ends with "[    0.1] Booting"`, 0},
		{"silentEnd", noBoot, "nothing was printed", 0},
		{"noCompletion", incomplete, "without a completion record", 0},
		{"noExit", incomplete, "in the test", 0},
		{"qemuFails", trouble, "exit status 1: qemu: could not load kernel", 0},
		{"qemuCrashes", trouble, "signal: killed", 0},
		{"damagedRecord", trouble, "record 2 is damaged", 0},
		{"lostRecord", trouble, "record 2 is missing", 0},
	} {
		t.Run(test.mode, func(t *testing.T) {
			g := standInGuest(t, test.mode)
			switch test.mode {
			case "hang", "oopsThenHang":
				g.timeout = 500 * time.Millisecond
			case "silent", "bootHang":
				g.bootTimeout = 500 * time.Millisecond
			}
			var stdout, stderr bytes.Buffer
			g.output = func(_ int, kind string, data []byte) {
				if kind == recStdout {
					stdout.Write(data)
				} else {
					stderr.Write(data)
				}
			}
			res, err := g.run(t.Context(), new(initramfs), false)
			if err != nil {
				t.Fatal(err)
			}
			if res.end.verdict != test.verdict || !strings.Contains(res.end.detail, test.detail) {
				t.Errorf("the guest ended with %q, want %s: …%s…", res.end, test.verdict, test.detail)
			}
			if st := res.steps[0]; st.status != test.status {
				t.Errorf("the step's status is %d, want %d", st.status, test.status)
			}
			if test.mode == "pass" {
				if stdout.String() != "to stdout\n" || stderr.String() != "to stderr\n" || res.release != "6.6.6" {
					t.Errorf("stdout %q, stderr %q, release %q", &stdout, &stderr, res.release)
				}
			}
		})
	}
}

func TestInterruptedGuest(t *testing.T) {
	g := standInGuest(t, "hang")
	ctx, cancel := context.WithCancel(t.Context())
	g.output = func(int, string, []byte) {}
	time.AfterFunc(100*time.Millisecond, cancel)
	res, err := g.run(ctx, new(initramfs), false)
	if err != nil {
		t.Fatal(err)
	}
	if res.end.verdict != trouble {
		t.Errorf("the guest ended with %q, want %s", res.end, trouble)
	}
}

// fakeQEMU puts the stand-in in PATH as QEMU for amd64.
func fakeQEMU(t *testing.T) (env []string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(exe, filepath.Join(dir, machines["amd64"].qemu.name)); err != nil {
		t.Fatal(err)
	}
	return []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "XDG_CACHE_HOME=" + t.TempDir()}
}

// buildProgram returns a static program for amd64.
func buildProgram(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module program\n", "program.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-o", "program")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return filepath.Join(dir, "program")
}

const helloProgram = `package main

func main() { println("hello") }
`

func TestVM(t *testing.T) {
	hello := buildProgram(t, helloProgram)
	env := fakeQEMU(t)
	for _, test := range []struct {
		mode           string
		status         int
		stdout, stderr string
	}{
		{"pass", 0, "to stdout\n", "to stderr\n"},
		{"status", 7, "", ""},
		{"panic", exitVM, "", "panic: [    1.0] Kernel panic - not syncing: Attempted to kill init!"},
		{"noCompletion", exitVM, "", "incomplete: the guest ended without a completion record"},
		{"secondTry", 0, "", "trying again: trouble: QEMU: exit status 1"},
	} {
		t.Run(test.mode, func(t *testing.T) {
			env := append(env, standInEnv+"_MODE="+test.mode, standInEnv+"_MARK="+filepath.Join(t.TempDir(), "mark"))
			stdout, stderr, status := landlockCI(t, env, "vm", "-kernel", "/dev/null", hello)
			if status != test.status {
				t.Errorf("exit status %d, want %d", status, test.status)
			}
			if stdout != test.stdout {
				t.Errorf("stdout is %q, want %q", stdout, test.stdout)
			}
			if !strings.Contains(stderr, test.stderr) || test.stderr == "" && stderr != "" {
				t.Errorf("stderr is %q, want %q", stderr, test.stderr)
			}
		})
	}
}

func TestVMErrors(t *testing.T) {
	hello := buildProgram(t, helloProgram)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{hello}, exitUsage, "no -kernel"},
		{[]string{"-kernel", "7.3"}, exitUsage, "no binary"},
		{[]string{"-kernel", "7.3", text}, exitUsage, "not a Linux binary"},
		{[]string{"-kernel", "4.20", hello}, exitUsage, `no kernel "4.20" for amd64; there are 5.10,`},
		{[]string{"-kernel", "/nowhere/vmlinuz", hello}, exitUsage, "no such file"},
		{[]string{"-kernel", "7.3", "-goarch", "vax", hello}, exitUsage, "no such GOARCH"},
		{[]string{"-kernel", "7.3", "-offline", hello}, exitUnable, "run this once without -offline"},
		{[]string{"-kernel", "/dev/null", "-file", "/nowhere", hello}, exitUsage, "-file"},
	} {
		_, stderr, status := landlockCI(t, fakeQEMU(t), append([]string{"vm"}, test.args...)...)
		if status != test.status || !strings.Contains(stderr, test.want) {
			t.Errorf("vm %q: exit status %d, want %d; stderr %q, want %q", test.args, status, test.status, stderr, test.want)
		}
	}
	// Without QEMU it says how to get it.
	_, stderr, status := landlockCI(t, []string{"PATH=/nowhere"}, "vm", "-kernel", "/dev/null", hello)
	if status != exitUnable || !strings.Contains(stderr, "apt-get install") || !strings.Contains(stderr, "qemu-system-x86") {
		t.Errorf("without QEMU: exit status %d, want %d; stderr %q", status, exitUnable, stderr)
	}
}

// realProgram makes a guest end in the way that its argument says.
const realProgram = `package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

func main() {
	switch os.Args[1] {
	case "pass":
		fmt.Print(strings.Repeat("0123456789abcdef", 1<<14))
		fmt.Fprint(os.Stderr, os.Getuid(), os.Getenv("GO_X"))
	case "status":
		os.Exit(7)
	case "signal":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "orphan":
		p, err := os.StartProcess(os.Args[0], []string{os.Args[0], "hang"}, &os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
		fmt.Println(p != nil, err)
	case "hang":
		fmt.Println("hanging")
		for {
			syscall.Pause()
		}
	case "panic":
		os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0)
	case "noCompletion":
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
	case "killParent":
		syscall.Kill(os.Getppid(), syscall.SIGKILL)
		syscall.Pause()
	}
}
`

// TestRealGuest tests guests with QEMU and a kernel of the cache.
func TestRealGuest(t *testing.T) {
	s, err := newStore(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	b, err := findBuilder("amd64", "7.3")
	if err != nil {
		t.Fatal(err)
	}
	image, _, err := s.kernel(t.Context(), b.kernel)
	if err != nil {
		t.Skipf("skipping: run \"landlock-ci matrix linux-amd64\" first: %v", err)
	}
	if _, err := s.qemu(t.Context(), "amd64"); err != nil {
		t.Skipf("skipping: %v", err)
	}
	program := buildProgram(t, realProgram)
	data, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	truncated := filepath.Join(t.TempDir(), "vmlinuz")
	if err := os.WriteFile(truncated, data[:len(data)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	silent := filepath.Join(t.TempDir(), "vmlinuz")
	copy(data[0x200:], "\xeb\xfe") // its first instruction jumps to itself
	if err := os.WriteFile(silent, data, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		mode           string
		flags          []string
		status         int
		stdout, stderr string
	}{
		{"pass", []string{"-user", "-env", "GO_X=x"}, 0, strings.Repeat("0123456789abcdef", 1<<14), "1000x"},
		{"status", nil, 7, "", ""},
		{"signal", nil, 137, "", "signal: killed"},
		{"orphan", nil, 0, "true <nil>\n", ""},
		{"hang", []string{"-timeout=20s"}, exitVM, "hanging\n", "timeout: the guest was not done within 20s, in "},
		{"panic", nil, exitVM, "", "panic: "},
		{"noCompletion", nil, exitVM, "", "incomplete: the guest ended without a completion record, in "},
		{"killParent", nil, exitVM, "", "incomplete: the guest ended without a completion record, in "},
		{"truncated", []string{"-kernel", truncated, "-timeout=20s"}, exitVM, "", "noboot: "},
		{"silent", []string{"-kernel", silent, "-timeout=20s"}, exitVM, "", "noboot: the kernel did not come to run /init within 20s; nothing was printed"},
	} {
		t.Run(test.mode, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"vm", "-offline", "-kernel", "7.3"}, test.flags...)
			stdout, stderr, status := landlockCI(t, nil, append(args, program, test.mode)...)
			if status != test.status || !strings.Contains(stderr, test.stderr) {
				t.Errorf("exit status %d, want %d; stderr %q, want %q", status, test.status, stderr, test.stderr)
			}
			if test.mode == "orphan" {
				// What it leaves behind may come to print.
				stdout = strings.Replace(stdout, "hanging\n", "", 1)
			}
			if stdout != test.stdout {
				t.Errorf("stdout is %.100q (%d bytes), want %.100q (%d bytes)", stdout, len(stdout), test.stdout, len(test.stdout))
			}
		})
	}
}
