// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestChildCode tests that what the child may not do is found wherever it stands
// after the fork, and only there, even if it is done on one GOARCH only.
func TestChildCode(t *testing.T) {
	b := testBase(t)
	tree, err := makeTree(t.Context(), b, filepath.Join(t.TempDir(), "tree"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(tree.file(execLinux))
	if err != nil {
		t.Fatal(err)
	}
	// write replaces a part of the source.
	write := func(t *testing.T, src, old, new string) string {
		t.Helper()
		if !strings.Contains(src, old) {
			t.Fatalf("%s has no %q", execLinux, old)
		}
		src = strings.Replace(src, old, new, 1)
		if err := writeFile(tree.file(execLinux), []byte(src)); err != nil {
			t.Fatal(err)
		}
		return src
	}
	const (
		beforeFork = "\tpidfd = -1\n"
		afterFork  = "\t// Session ID\n"
		inPatch    = "\tif sys.UseLandlock {\n"
		atError    = "childerror:\n"
	)
	host := childBuild{arch: runtime.GOARCH}

	t.Run("allowed", func(t *testing.T) {
		mutant := write(t, string(src), beforeFork, beforeFork+"\tsys.PidFD = new(int)\n")
		write(t, mutant, inPatch, inPatch+"\t\t_, _, err1 = RawSyscall(SYS_GETPID, 0, 0, 0)\n")
		if _, err := checkChildCode(t.Context(), b, tree, []childBuild{host}); err != nil {
			t.Error(err)
		}
	})

	t.Run("forbidden", func(t *testing.T) {
		other := childBuild{arch: "arm64"}
		if host == other {
			other.arch = "amd64"
		}
		builds, everywhere := []childBuild{host, other}, "all builds"
		if testing.Short() {
			builds, everywhere = builds[:1], host.arch // the other GOARCH's package runtime takes some time
		}
		tests := []struct {
			where, line string // line is inserted after where
			want        string // regexp of what is found
			in          string // builds in which it is found, if not everywhere
		}{
			{afterFork, "err1 = Errno(len(make([]uintptr, sys.Pgid)))", `runtime\.makeslice`, ""},
			{atError, "err1 = Errno(len(make([]uintptr, sys.Pgid)))", `runtime\.makeslice`, ""},
			{inPatch, "err1 = Errno(len(make([]uintptr, sys.Pgid)))", `runtime\.makeslice`, ""},
			{inPatch, "sys.PidFD = new(int)", `runtime\.newobject`, ""},
			{inPatch, "attr.Sys = nil", `runtime\.gcWriteBarrier1`, ""},
			{inPatch, "gidmap = append(gidmap, 1)", `runtime\.growslice`, ""},
			{inPatch, "attr.Dir += argv0String", `runtime\.concatstring2`, ""},
			{inPatch, "i = env[attr.Dir]", `runtime\.mapaccess1_faststr`, ""},
			{inPatch, "Close(pipe)", `syscall\.Close`, ""},
			{inPatch, "mutant()", `indirect call`, ""},
			{inPatch, "dirfd = fd[sys.Pgid]", `runtime\.panic(Bounds|Index)`, ""},
			{inPatch, "return", `RET|indirect jump`, ""},
			{inPatch, "if runtime.GOARCH == \"" + other.arch + "\" { sys.PidFD = new(int) }", `runtime\.newobject`, other.arch},
		}
		mutant := string(src) + "\nvar mutant func()\nvar argv0String string\n"
		for i, test := range tests {
			mutant = write(t, mutant, test.where, fmt.Sprintf("%s\tif sys.Ctty == %d { %s }\n", test.where, i, test.line))
		}
		_, err := checkChildCode(t.Context(), b, tree, builds)
		got := fmt.Sprint(err)
		for i, test := range tests {
			if test.in == "" {
				test.in = everywhere
			} else if len(builds) == 1 {
				continue
			}
			text := fmt.Sprintf("if sys.Ctty == %d { %s }", i, test.line)
			line := 1 + strings.Count(mutant[:strings.Index(mutant, text)], "\n")
			want := fmt.Sprintf(`(?m)^%s:%d: (%s)\n\t%s\n\tin %s$`, execLinux, line, test.want, regexp.QuoteMeta(text), test.in)
			if !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s: not found; want a match of %q", text, want)
			}
		}
		if t.Failed() {
			t.Log(got)
		}
	})

	// Instrumented code calls the runtime.
	t.Run("race", func(t *testing.T) {
		race := childBuild{runtime.GOARCH, "-race"}
		write(t, string(src), "//go:norace\n//go:nocheckptr\n", "//go:nocheckptr\n")
		if listing, err := tree.compileSyscall(t.Context(), race); err == nil && listing == nil {
			t.Skipf("skipping: no race detector on %s", runtime.GOARCH)
		}
		_, err := checkChildCode(t.Context(), b, tree, []childBuild{race})
		if got := fmt.Sprint(err); !strings.Contains(got, ": runtime.raceread\n") {
			t.Errorf("got %s, want runtime.raceread", got)
		}
	})
}

// TestParseListing tests that the control flow is followed on GOARCHes
// that differ, and that what is not understood is an error.
func TestParseListing(t *testing.T) {
	const amd64 = `syscall.forkAndExecInChild1 STEXT size=64 args=0x70 locals=0x2e8 funcid=0x0 align=0x0
	0x0000 00000 (/go/src/syscall/exec_linux.go:1)	TEXT	syscall.forkAndExecInChild1(SB), ABIInternal, $752-112
	0x0000 00000 (/go/src/syscall/exec_linux.go:1)	JLS	50
	0x0004 00004 (/go/src/syscall/exec_linux.go:2)	CALL	runtime.makeslice(SB)
	0x0009 00009 (/go/src/syscall/exec_linux.go:3)	PCDATA	$1, $7
	0x0009 00009 (/go/src/syscall/exec_linux.go:3)	CALL	syscall.rawVforkSyscall(SB)
	0x000e 00014 (/go/src/syscall/exec_linux.go:4)	TESTQ	AX, AX
	0x0011 00017 (/go/src/syscall/exec_linux.go:4)	JEQ	20
	0x0013 00019 (/go/src/syscall/exec_linux.go:5)	RET
	0x0014 00020 (/go/src/syscall/exec_linux.go:6)	CALL	AX
	0x0016 00022 (/go/src/syscall/exec_linux.go:7)	JCC	40
	0x0018 00024 (/go/src/syscall/exec_linux.go:8)	CALL	syscall.RawSyscall(SB)
	0x001d 00029 (/go/src/syscall/exec_linux.go:9)	JMP	24
	0x0028 00040 (/go/src/syscall/exec_linux.go:7)	CALL	runtime.panicBounds(SB)
	0x002d 00045 (/go/src/syscall/exec_linux.go:7)	XCHGL	AX, AX
	0x0032 00050 (/go/src/syscall/exec_linux.go:1)	CALL	runtime.morestack_noctxt(SB)
	0x0037 00055 (/go/src/syscall/exec_linux.go:1)	JMP	0
	0x0000 76 10 e8 00 00 00 00 0f 1f 40 00 e8 00 00 00 00  v........@......
	rel 5+4 t=R_CALL runtime.makeslice+0
	rel 20+0 t=R_CALLIND +0
	rel 25+4 t=R_CALL syscall.RawSyscall+0
`
	const riscv64 = `syscall.forkAndExecInChild1 STEXT size=48 args=0x70 locals=0x2e8 funcid=0x0 align=0x0
	0x0000 00000 (/go/src/syscall/exec_linux.go:1)	JAL	X1, syscall.rawVforkSyscall(SB)
	0x0004 00004 (/go/src/syscall/exec_linux.go:2)	ANDI	$4, X6, X6
	0x0008 00008 (/go/src/syscall/exec_linux.go:2)	BNEZ	X6, $20
	0x000c 00012 (/go/src/syscall/exec_linux.go:3)	JAL	X1, syscall.RawSyscall(SB)
	0x0010 00016 (/go/src/syscall/exec_linux.go:3)	JALR	X1, X6
	0x0014 00020 (/go/src/syscall/exec_linux.go:4)	JAL	X5, runtime.duffzero(SB)
	0x0018 00024 (/go/src/syscall/exec_linux.go:4)	JAL	X0, $-12
	0x001c 00028 (/go/src/syscall/exec_linux.go:2)	JALR	X0, X1
	rel 12+4 t=R_RISCV_JAL syscall.RawSyscall+0
`
	for _, test := range []struct {
		arch, listing string
		old, new      string // replacement in the listing
		want          string // exits after the fork, or a part of the error
	}{
		{"amd64", amd64, "", "", "RET, indirect call, syscall.RawSyscall, runtime.panicBounds"},
		{"amd64", amd64, "JMP\t24", "JMP\t4", "runtime.makeslice, syscall.rawVforkSyscall, RET, indirect call, syscall.RawSyscall, runtime.panicBounds"},
		{"amd64", amd64, "JMP\t24", "JMP\t(AX)(CX*8)", "RET, indirect call, syscall.RawSyscall, indirect jump, runtime.panicBounds"},
		{"amd64", amd64, "JMP\t24", "JMP\truntime.throw(SB)", "RET, indirect call, syscall.RawSyscall, runtime.throw, runtime.panicBounds"},
		{"amd64", amd64, "JMP\t24", "JMP\t25", "to the middle of an instruction"},
		{"amd64", amd64, "JMP\t24", "JMP\t-2(PC)", "not understood"},
		{"amd64", amd64, "JCC\t40", "JCC\tfar", "no path leads to"},
		{"amd64", amd64, "CALL\tAX", "LCALL\tAX", "a call at 20 that is not understood"},
		{"amd64", amd64, "rawVfork", "vfork", "does not call syscall.rawVforkSyscall"},
		{"riscv64", riscv64, "", "", "syscall.RawSyscall, indirect call, runtime.duffzero, indirect jump"},
		{"riscv64", riscv64, "$-12", "$4", "syscall.RawSyscall, indirect call, runtime.duffzero, indirect jump"},
		{"riscv64", riscv64, "$20", "$18", "to the middle of an instruction"},
		{"arm", strings.ReplaceAll(amd64, "RET", "MOVW.P\t496(R13), R15"), "", "", "indirect jump, indirect call, syscall.RawSyscall, runtime.panicBounds"},
	} {
		if test.old != "" && !strings.Contains(test.listing, test.old) {
			t.Fatalf("the listing for %s has no %q", test.arch, test.old)
		}
		var got []string
		c, err := parseListing(test.arch, []byte(strings.Replace(test.listing, test.old, test.new, 1)))
		if err == nil {
			var after []int
			after, err = c.afterFork()
			for _, i := range after {
				if c[i].exit != "" {
					got = append(got, c[i].exit)
				}
			}
		}
		if err != nil && !strings.Contains(err.Error(), test.want) || err == nil && strings.Join(got, ", ") != test.want {
			t.Errorf("%s with %q for %q: got %q, %v, want %q", test.arch, test.new, test.old, got, err, test.want)
		}
	}
}
