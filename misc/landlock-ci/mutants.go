// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// A mutation is a mistake in exec_linux.go that the tests must notice.
type mutation struct {
	name string
	edit func(*mutant)
}

// The code that the patch set adds to forkAndExecInChild1.
const (
	mutantFirst    = "\tif sys.NoNewPrivs || sys.UseLandlock {\n"
	mutantPrctl    = "\t\t_, _, err1 = RawSyscall6(SYS_PRCTL, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)\n"
	mutantSecond   = "\tif sys.UseLandlock {\n"
	mutantRestrict = "\t\t_, _, err1 = RawSyscall(_SYS_landlock_restrict_self, uintptr(sys.LandlockRuleset), uintptr(sys.LandlockFlags), 0)\n"
	mutantNegative = "\t\tif err1 == 0 && int32(sys.LandlockRuleset) < 0 {\n\t\t\t// With -1, some flags are set without a sandbox.\n\t\t\terr1 = EBADF\n\t\t}\n"
	mutantFail     = "\t\tif err1 != 0 {\n\t\t\tgoto childerror\n\t\t}\n"
	mutantEnd      = "\t}\n"
)

// moveTo returns an edit that moves the code before the line
// that starts with text.
func moveTo(text string) func(*mutant) {
	return func(m *mutant) {
		block := m.cut()
		m.replace("\n\t"+text, "\n"+block+"\t"+text)
	}
}

// change returns an edit that replaces old.
func change(old, new string) func(*mutant) {
	return func(m *mutant) { m.replace(old, new) }
}

var mutations = []mutation{
	{"none", func(*mutant) {}},

	{"before-unshare", moveTo("// Unshare\n")}, // and so before its remount
	{"before-chroot", moveTo("// Chroot\n")},
	{"before-credential", moveTo("// User and groups\n")},
	{"after-pass-1", moveTo("// Pass 2: dup ")},
	{"after-pass-2", moveTo("// By convention, we don't close-on-exec")},
	{"before-exec", moveTo("// Time to exec.\n")},
	{"in-parent", func(m *mutant) {
		block := strings.ReplaceAll(m.cut(), "goto childerror", "return")
		m.replace("\n\t// About to call fork.\n", "\n"+block+"\t// About to call fork.\n")
	}},

	{"no-prctl", change(mutantPrctl+mutantFail, "")},
	{"no-restrict", change(mutantRestrict+mutantNegative+mutantFail, "")},
	{"prctl-error-ignored", change(mutantPrctl+mutantFail, strings.Replace(mutantPrctl, "_, _, err1 = ", "", 1))},
	{"restrict-error-ignored", change(mutantRestrict+mutantNegative+mutantFail, strings.Replace(mutantRestrict, "_, _, err1 = ", "", 1))},
	{"restrict-first", change(mutantFirst+mutantPrctl+mutantFail+mutantEnd+mutantSecond+mutantRestrict+mutantNegative+mutantFail+mutantEnd,
		mutantSecond+mutantRestrict+mutantNegative+mutantFail+mutantEnd+mutantFirst+mutantPrctl+mutantFail+mutantEnd)},
	{"number-of-other-goarch", func(m *mutant) {
		number := "4446"
		if strings.HasPrefix(runtime.GOARCH, "mips") {
			number = "446"
		}
		m.replace("RawSyscall(_SYS_landlock_restrict_self,", "RawSyscall("+number+",")
	}},

	{"ignored-if-descriptor-is-0", change(mutantSecond, "\tif sys.UseLandlock && sys.LandlockRuleset != 0 {\n")},
	{"used-if-descriptor-is-set", change(mutantSecond, "\tif sys.UseLandlock || sys.LandlockRuleset > 0 {\n")},
	{"negative-accepted", change(mutantNegative, "")},
	{"negative-int-only", change("int32(sys.LandlockRuleset) < 0", "sys.LandlockRuleset < 0")},
	{"negative-error-first", change("if err1 == 0 && int32(", "if int32(")},

	{"flags-dropped", change("uintptr(sys.LandlockFlags)", "0")},
	{"flags-only-of-abi-7", change("uintptr(sys.LandlockFlags)", "uintptr(sys.LandlockFlags&7)")},
	{"flags-as-uint8", change("uintptr(sys.LandlockFlags)", "uintptr(uint8(sys.LandlockFlags))")},
	{"flags-as-third-argument", change("uintptr(sys.LandlockFlags), 0)", "0, uintptr(sys.LandlockFlags))")},
	{"used-if-flags-are-set", change(mutantSecond, "\tif sys.UseLandlock || sys.LandlockFlags != 0 {\n")},

	{"no-new-privs-ignored", change(mutantFirst, mutantSecond)},
	{"no-new-privs-not-implied", change(mutantFirst, "\tif sys.NoNewPrivs {\n")},
	{"no-new-privs-only-with-landlock", change(mutantFirst, "\tif sys.NoNewPrivs && sys.UseLandlock {\n")},
	{"no-new-privs-always", change(mutantFirst, "\t{\n")},
	{"no-new-privs-if-flags-are-set", change(mutantFirst, "\tif sys.NoNewPrivs || sys.UseLandlock || sys.LandlockFlags != 0 {\n")},
	{"no-new-privs-before-credential", func(m *mutant) {
		first := mutantFirst + mutantPrctl + mutantFail + mutantEnd
		m.replace(first, "")
		m.replace("\n\t// User and groups\n", "\n"+first+"\t// User and groups\n")
	}},
	{"no-new-privs-before-exec", func(m *mutant) {
		first := mutantFirst + mutantPrctl + mutantFail + mutantEnd
		m.replace(first, "")
		m.replace("\n\t// Time to exec.\n", "\n"+first+"\t// Time to exec.\n")
	}},

	{"descriptor-modulo-1000", change("uintptr(sys.LandlockRuleset)", "uintptr(sys.LandlockRuleset%1000)")},
	{"descriptor-as-uint8", change("uintptr(sys.LandlockRuleset)", "uintptr(uint8(sys.LandlockRuleset))")},
	{"descriptor-as-uint16", change("uintptr(sys.LandlockRuleset)", "uintptr(uint16(sys.LandlockRuleset))")},

	// The variable dir has served its purpose there.
	{"allocation-after-fork", change(mutantPrctl, "\t\tdir = &make([]byte, pipe+1)[0]\n"+mutantPrctl)},
}

// A mutant is the source of a mutated exec_linux.go.
type mutant struct {
	src string
	err error
}

// replace replaces the only occurrence of old.
func (m *mutant) replace(old, new string) {
	if n := strings.Count(m.src, old); n != 1 && m.err == nil {
		m.err = fmt.Errorf("exec_linux.go has %d occurrences of %q, want 1; adapt mutants.go to it", n, old)
		return
	}
	m.src = strings.Replace(m.src, old, new, 1)
}

// cut removes the code that the patch set adds and returns it.
func (m *mutant) cut() (block string) {
	block = mutantFirst + mutantPrctl + mutantFail + mutantEnd +
		mutantSecond + mutantRestrict + mutantNegative + mutantFail + mutantEnd
	m.replace(block, "")
	return block
}

// mutants returns a step for each mutation. It passes if a test fails.
func (t *tester) mutants() []*step {
	var steps []*step
	for _, m := range mutations {
		steps = append(steps, &step{Name: m.name, run: func(ctx context.Context) (string, error) {
			return t.tryMutation(ctx, m)
		}})
	}
	return steps
}

func (t *tester) tryMutation(ctx context.Context, m mutation) (detail string, err error) {
	file := t.tree.file(execLinux)
	orig, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	mut := &mutant{src: string(orig)}
	m.edit(mut)
	if mut.err != nil {
		return "", mut.err
	}
	if err := os.WriteFile(file, []byte(mut.src), 0o666); err != nil {
		return "", err
	}
	defer os.WriteFile(file, orig, 0o666)

	caught, err := t.failedTests(ctx)
	if err != nil {
		return "", err
	}
	// Tests see by chance only what this sees.
	r := compareChild(ctx, t.base, t.tree, childBuild{arch: runtime.GOARCH})
	if r.err != nil || r.unsupported {
		return "", fmt.Errorf("machine code: unsupported %t, %v", r.unsupported, r.err)
	}
	for _, x := range r.added {
		caught = append(caught, "childcode:"+x.name)
	}
	list := strings.Join(caught, " ")
	switch {
	case mut.src == string(orig) && caught != nil:
		return "", fmt.Errorf("fails without a mutation: %s", list)
	case mut.src == string(orig):
		return "all tests pass", nil
	case caught == nil:
		return "", fmt.Errorf("no test fails")
	}
	return "caught by " + list, nil
}

// failedTests runs the tests of Landlock and returns those that fail.
func (t *tester) failedTests(ctx context.Context) ([]string, error) {
	args := []string{"test", "-json", "-count=1", "-vet=off", "-short", "-timeout=5m", "-run=Landlock"}
	args = append(args, testedPackages()...)
	out, runErr := t.command(ctx, args, "CGO_ENABLED=0").Output()
	r := readTestEvents(out)
	switch {
	case runErr == nil && r.landlock == 0:
		return nil, fmt.Errorf("no test of Landlock ran")
	case runErr != nil && r.failed == nil:
		return nil, fmt.Errorf("go %s: %v\n%s", strings.Join(args, " "), commandError(runErr), tail(r.failures))
	}
	return r.failed, nil
}
