// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package unix_test

import (
	"internal/syscall/unix"
	"internal/testenv"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// The kernel's Landlock ABI decides what these tests want, also which error
// where it is too old. No test skips because of its version.

// A right and a flag that no kernel knows.
const (
	unknownRight = 1 << 63
	unknownFlag  = 1 << 31
)

const (
	// From linux/prctl.h.
	_PR_SET_NO_NEW_PRIVS = 0x26
	_PR_GET_NO_NEW_PRIVS = 0x27

	// From linux/capability.h.
	_LINUX_CAPABILITY_VERSION_3 = 0x20080522
)

// inHelper runs f in another process, because LandlockRestrictSelf and
// no_new_privs are for good. In that process, f runs as the test that called
// inHelper here, with its goroutine locked to its thread.
func inHelper(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if os.Getenv("GO_WANT_HELPER_PROCESS") == "1" {
		runtime.LockOSThread()
		f(t)
		return
	}
	run := "-test.run=^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := testenv.Command(t, testenv.Executable(t), run, "-test.v")
	cmd.Env = append(cmd.Environ(), "GO_WANT_HELPER_PROCESS=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Errorf("helper process did not pass: %v\n%s", err, out)
	}
}

// onOtherThread runs f on another thread than the calling goroutine,
// which must be locked to its thread.
func onOtherThread(f func() error) error {
	c := make(chan error)
	go func() { c <- f() }()
	return <-c
}

func setNoNewPrivs(t *testing.T) {
	t.Helper()
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		t.Fatalf("prctl(PR_SET_NO_NEW_PRIVS): %v", errno)
	}
}

func hasNoNewPrivs(t *testing.T) bool {
	t.Helper()
	r1, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, _PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0)
	if errno != 0 {
		t.Fatalf("prctl(PR_GET_NO_NEW_PRIVS): %v", errno)
	}
	return r1 == 1
}

// dropCapabilities makes the calling thread lose its capabilities.
func dropCapabilities(t *testing.T) {
	t.Helper()
	header := struct {
		version uint32
		pid     int32
	}{version: _LINUX_CAPABILITY_VERSION_3}
	var none [2]struct{ effective, permitted, inheritable uint32 }
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET,
		uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0)
	if errno != 0 {
		t.Fatalf("capset: %v", errno)
	}
}

func newRuleset(t *testing.T, attr unix.LandlockRulesetAttr) int {
	t.Helper()
	fd, err := unix.LandlockCreateRuleset(&attr, 0)
	if err != nil {
		t.Fatalf("LandlockCreateRuleset(%+v, 0): %v", attr, err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return fd
}

func openFD(t *testing.T, path string, flags int) int {
	t.Helper()
	fd, err := syscall.Open(path, flags|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return fd
}

// wantErr fails the test unless err is exactly want.
func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if err != want {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// TestLandlockLayout validates the layout of the structs,
// modeled after build_check_abi in the kernel's security/landlock/syscalls.c.
func TestLandlockLayout(t *testing.T) {
	var (
		r unix.LandlockRulesetAttr
		p unix.LandlockPathBeneathAttr
		n unix.LandlockNetPortAttr
	)
	for _, tc := range []struct {
		name      string
		got, want uintptr
	}{
		{"offset of LandlockRulesetAttr.HandledAccessFS", unsafe.Offsetof(r.HandledAccessFS), 0},
		{"offset of LandlockRulesetAttr.HandledAccessNet", unsafe.Offsetof(r.HandledAccessNet), 8},
		{"offset of LandlockRulesetAttr.Scoped", unsafe.Offsetof(r.Scoped), 16},
		{"offset of LandlockRulesetAttr.QuietAccessFS", unsafe.Offsetof(r.QuietAccessFS), 24},
		{"offset of LandlockRulesetAttr.QuietAccessNet", unsafe.Offsetof(r.QuietAccessNet), 32},
		{"offset of LandlockRulesetAttr.QuietScoped", unsafe.Offsetof(r.QuietScoped), 40},
		{"size of LandlockRulesetAttr", unsafe.Sizeof(r), 48},
		{"offset of LandlockPathBeneathAttr.AllowedAccess", unsafe.Offsetof(p.AllowedAccess), 0},
		{"offset of LandlockPathBeneathAttr.ParentFD", unsafe.Offsetof(p.ParentFD), 8},
		{"size of LandlockPathBeneathAttr.ParentFD", unsafe.Sizeof(p.ParentFD), 4},
		// The kernel's is packed, Go's ends with the padding of its alignment.
		{"size of LandlockPathBeneathAttr", unsafe.Sizeof(p), 8 + max(4, unsafe.Alignof(p))},
		{"offset of LandlockNetPortAttr.AllowedAccess", unsafe.Offsetof(n.AllowedAccess), 0},
		{"offset of LandlockNetPortAttr.Port", unsafe.Offsetof(n.Port), 8},
		{"size of LandlockNetPortAttr", unsafe.Sizeof(n), 16},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %d, want %d", tc.name, tc.got, tc.want)
		}
	}
}

// TestLandlockABI does not skip where Landlock is not supported:
// then all system calls must say so alike.
func TestLandlockABI(t *testing.T) {
	abi, err := testenv.LandlockABI(t)
	if err == nil {
		if abi < 1 {
			t.Errorf("LandlockABI() = %d, want at least 1", abi)
		}
		return
	}
	if abi != 0 {
		t.Errorf("LandlockABI() = %d, %v, want 0 with an error", abi, err)
	}
	errata, got := unix.LandlockErrata()
	wantErr(t, "LandlockErrata", got, err)
	if errata != 0 {
		t.Errorf("LandlockErrata() = %#x, %v, want 0 with an error", errata, got)
	}
	fd, got := unix.LandlockCreateRuleset(&unix.LandlockRulesetAttr{
		HandledAccessFS: unix.LANDLOCK_ACCESS_FS_EXECUTE,
	}, 0)
	wantErr(t, "LandlockCreateRuleset", got, err)
	if fd != -1 {
		t.Errorf("LandlockCreateRuleset() = %d, %v, want -1 with an error", fd, got)
	}
	wantErr(t, "LandlockAddPathBeneathRule",
		unix.LandlockAddPathBeneathRule(-1, &unix.LandlockPathBeneathAttr{}, 0), err)
	wantErr(t, "LandlockAddNetPortRule",
		unix.LandlockAddNetPortRule(-1, &unix.LandlockNetPortAttr{}, 0), err)
	wantErr(t, "LandlockRestrictSelf", unix.LandlockRestrictSelf(-1, 0), err)
}

func TestLandlockErrata(t *testing.T) {
	abi := testenv.MustHaveLandlock(t)
	errata, err := unix.LandlockErrata()
	if err == syscall.EINVAL && abi < 7 {
		return // the kernel did not get the query in an update
	}
	if err != nil {
		t.Fatalf("LandlockErrata: %v", err)
	}
	// Erratum 1 is about what came with ABI 4, erratum 2 with ABI 6.
	// ABI 7 has both fixed. Earlier kernels may, and say so only if they
	// have what the erratum is about.
	for _, tc := range []struct {
		erratum, abi int
	}{
		{1, 4},
		{2, 6},
	} {
		fixed := errata&(1<<(tc.erratum-1)) != 0
		if fixed && abi < tc.abi || !fixed && abi >= 7 {
			t.Errorf("LandlockErrata() = %#x: erratum %d is fixed: got %t with ABI %d", errata, tc.erratum, fixed, abi)
		}
	}
}

// TestLandlockRights asks for each right by itself.
// The kernel must know it if, and only if, its ABI version has it.
func TestLandlockRights(t *testing.T) {
	abi := testenv.MustHaveLandlock(t)
	type attr = unix.LandlockRulesetAttr
	for _, tc := range []struct {
		abi  int
		attr attr
	}{
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_EXECUTE}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_WRITE_FILE}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_READ_FILE}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_READ_DIR}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_REMOVE_DIR}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_REMOVE_FILE}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_CHAR}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_DIR}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_REG}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_SOCK}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_FIFO}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK}},
		{1, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_SYM}},
		{2, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_REFER}},
		{3, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_TRUNCATE}},
		{4, attr{HandledAccessNet: unix.LANDLOCK_ACCESS_NET_BIND_TCP}},
		{4, attr{HandledAccessNet: unix.LANDLOCK_ACCESS_NET_CONNECT_TCP}},
		{5, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_IOCTL_DEV}},
		{6, attr{Scoped: unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET}},
		{6, attr{Scoped: unix.LANDLOCK_SCOPE_SIGNAL}},
		{9, attr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX}},
		{10, attr{HandledAccessNet: unix.LANDLOCK_ACCESS_NET_BIND_UDP}},
		{10, attr{HandledAccessNet: unix.LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP}},
		{10, attr{
			HandledAccessFS: unix.LANDLOCK_ACCESS_FS_EXECUTE,
			QuietAccessFS:   unix.LANDLOCK_ACCESS_FS_EXECUTE,
		}},
		{10, attr{
			HandledAccessNet: unix.LANDLOCK_ACCESS_NET_CONNECT_TCP,
			QuietAccessNet:   unix.LANDLOCK_ACCESS_NET_CONNECT_TCP,
		}},
		{10, attr{
			Scoped:      unix.LANDLOCK_SCOPE_SIGNAL,
			QuietScoped: unix.LANDLOCK_SCOPE_SIGNAL,
		}},
	} {
		var want error
		if abi < tc.abi {
			want = syscall.EINVAL
			// In a field that the kernel does not have, it is not a
			// right that the kernel objects to, but the struct's size.
			if tc.attr.HandledAccessNet != 0 && abi < 4 ||
				tc.attr.Scoped != 0 && abi < 6 ||
				(tc.attr.QuietAccessFS|tc.attr.QuietAccessNet|tc.attr.QuietScoped) != 0 && abi < 10 {
				want = syscall.E2BIG
			}
		}
		fd, err := unix.LandlockCreateRuleset(&tc.attr, 0)
		if err == nil {
			syscall.Close(fd)
		} else if fd != -1 {
			t.Errorf("LandlockCreateRuleset(%+v, 0) = %d, %v, want -1 with an error", tc.attr, fd, err)
		}
		if err != want {
			t.Errorf("LandlockCreateRuleset(%+v, 0): got error %v, want %v with ABI %d", tc.attr, err, want, abi)
		}
	}
}

func TestLandlockCreateRuleset(t *testing.T) {
	testenv.MustHaveLandlock(t)

	attr := unix.LandlockRulesetAttr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_EXECUTE}
	fd := newRuleset(t, attr)
	flags, err := unix.Fcntl(fd, syscall.F_GETFD, 0)
	if err != nil {
		t.Fatalf("fcntl(F_GETFD): %v", err)
	}
	if flags&syscall.FD_CLOEXEC == 0 {
		t.Error("ruleset is not close-on-exec")
	}

	for _, tc := range []struct {
		name  string
		attr  unix.LandlockRulesetAttr
		flags uint32
		want  error
	}{
		{"nothing handled", unix.LandlockRulesetAttr{}, 0, syscall.ENOMSG},
		{"unknown right", unix.LandlockRulesetAttr{HandledAccessFS: unknownRight}, 0, syscall.EINVAL},
		{"unknown flag", attr, unknownFlag, syscall.EINVAL},
		{"query for the version", attr, unix.LANDLOCK_CREATE_RULESET_VERSION, syscall.EINVAL},
		{"query for errata", attr, unix.LANDLOCK_CREATE_RULESET_ERRATA, syscall.EINVAL},
	} {
		fd, err := unix.LandlockCreateRuleset(&tc.attr, tc.flags)
		wantErr(t, tc.name, err, tc.want)
		if fd != -1 {
			t.Errorf("%s: got descriptor %d, want -1", tc.name, fd)
		}
	}
}

func TestLandlockAddPathBeneathRule(t *testing.T) {
	abi := testenv.MustHaveLandlock(t)

	dir := openFD(t, t.TempDir(), unix.O_PATH)
	file := openFD(t, testenv.Executable(t), syscall.O_RDONLY)
	attr := unix.LandlockRulesetAttr{
		HandledAccessFS: unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR,
	}
	var wantQuiet error = syscall.EINVAL
	if abi >= 10 {
		attr.QuietAccessFS = attr.HandledAccessFS
		wantQuiet = nil
	}
	ruleset := newRuleset(t, attr)

	for _, tc := range []struct {
		name    string
		ruleset int
		parent  int
		allowed uint64
		flags   uint32
		want    error
	}{
		{"directory", ruleset, dir, unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR, 0, nil},
		{"file", ruleset, file, unix.LANDLOCK_ACCESS_FS_READ_FILE, 0, nil},
		{"quiet", ruleset, dir, unix.LANDLOCK_ACCESS_FS_READ_DIR, unix.LANDLOCK_ADD_RULE_QUIET, wantQuiet},
		{"no ruleset", -1, dir, unix.LANDLOCK_ACCESS_FS_READ_FILE, 0, syscall.EBADF},
		{"not a ruleset", file, dir, unix.LANDLOCK_ACCESS_FS_READ_FILE, 0, syscall.EBADFD},
		{"parent is not open", ruleset, -1, unix.LANDLOCK_ACCESS_FS_READ_FILE, 0, syscall.EBADF},
		{"parent is not in a file system", ruleset, ruleset, unix.LANDLOCK_ACCESS_FS_READ_FILE, 0, syscall.EBADFD},
		{"nothing allowed", ruleset, dir, 0, 0, syscall.ENOMSG},
		{"right that is not handled", ruleset, dir, unix.LANDLOCK_ACCESS_FS_EXECUTE, 0, syscall.EINVAL},
		{"right of directories on a file", ruleset, file, unix.LANDLOCK_ACCESS_FS_READ_DIR, 0, syscall.EINVAL},
		{"unknown flag", ruleset, dir, unix.LANDLOCK_ACCESS_FS_READ_FILE, unknownFlag, syscall.EINVAL},
	} {
		attr := unix.LandlockPathBeneathAttr{AllowedAccess: tc.allowed, ParentFD: int32(tc.parent)}
		wantErr(t, tc.name, unix.LandlockAddPathBeneathRule(tc.ruleset, &attr, tc.flags), tc.want)
	}
}

func TestLandlockAddNetPortRule(t *testing.T) {
	abi := testenv.MustHaveLandlock(t)

	attr := unix.LandlockRulesetAttr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_READ_FILE}
	if abi >= 4 {
		attr.HandledAccessNet = unix.LANDLOCK_ACCESS_NET_BIND_TCP
	}
	var wantQuiet error = syscall.EINVAL
	if abi >= 10 {
		attr.QuietAccessNet = attr.HandledAccessNet
		wantQuiet = nil
	}
	ruleset := newRuleset(t, attr)
	file := openFD(t, testenv.Executable(t), syscall.O_RDONLY)

	for _, tc := range []struct {
		name    string
		ruleset int
		port    uint64
		allowed uint64
		flags   uint32
		want    error
	}{
		{"lowest port", ruleset, 0, unix.LANDLOCK_ACCESS_NET_BIND_TCP, 0, nil},
		{"highest port", ruleset, 65535, unix.LANDLOCK_ACCESS_NET_BIND_TCP, 0, nil},
		{"quiet", ruleset, 80, unix.LANDLOCK_ACCESS_NET_BIND_TCP, unix.LANDLOCK_ADD_RULE_QUIET, wantQuiet},
		{"no ruleset", -1, 80, unix.LANDLOCK_ACCESS_NET_BIND_TCP, 0, syscall.EBADF},
		{"not a ruleset", file, 80, unix.LANDLOCK_ACCESS_NET_BIND_TCP, 0, syscall.EBADFD},
		{"no such port", ruleset, 65536, unix.LANDLOCK_ACCESS_NET_BIND_TCP, 0, syscall.EINVAL},
		{"nothing allowed", ruleset, 80, 0, 0, syscall.ENOMSG},
		{"right that is not handled", ruleset, 80, unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, 0, syscall.EINVAL},
		{"unknown flag", ruleset, 80, unix.LANDLOCK_ACCESS_NET_BIND_TCP, unknownFlag, syscall.EINVAL},
	} {
		if abi < 4 && tc.ruleset == ruleset {
			tc.want = syscall.EINVAL // unknown type of rule
		}
		attr := unix.LandlockNetPortAttr{AllowedAccess: tc.allowed, Port: tc.port}
		wantErr(t, tc.name, unix.LandlockAddNetPortRule(tc.ruleset, &attr, tc.flags), tc.want)
	}
}

func TestLandlockRestrictSelf(t *testing.T) {
	abi := testenv.MustHaveLandlock(t)
	inHelper(t, func(t *testing.T) {
		setNoNewPrivs(t)
		ruleset := newRuleset(t, unix.LandlockRulesetAttr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_SYM})
		file := openFD(t, testenv.Executable(t), syscall.O_RDONLY)

		wantErr(t, "no ruleset", unix.LandlockRestrictSelf(-1, 0), syscall.EBADF)
		wantErr(t, "not a ruleset", unix.LandlockRestrictSelf(file, 0), syscall.EBADFD)
		wantErr(t, "unknown flag", unix.LandlockRestrictSelf(ruleset, unknownFlag), syscall.EINVAL)

		for _, tc := range []struct {
			name string
			flag uint32
			abi  int
		}{
			{"LOG_SAME_EXEC_OFF", unix.LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF, 7},
			{"LOG_NEW_EXEC_ON", unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON, 7},
			{"LOG_SUBDOMAINS_OFF", unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF, 7},
			{"TSYNC", unix.LANDLOCK_RESTRICT_SELF_TSYNC, 8},
			{"NO_NEW_PRIVS", unix.LANDLOCK_RESTRICT_SELF_NO_NEW_PRIVS, 11},
		} {
			var want error
			if abi < tc.abi {
				want = syscall.EINVAL
			}
			wantErr(t, tc.name, unix.LandlockRestrictSelf(ruleset, tc.flag), want)
		}

		// The kernel stacks up to 16 rulesets.
		var err error
		for range 17 {
			err = unix.LandlockRestrictSelf(ruleset, 0)
		}
		wantErr(t, "more than 16 rulesets", err, syscall.E2BIG)
	})
}

func TestLandlockRestrictSelfPrivileges(t *testing.T) {
	abi := testenv.MustHaveLandlock(t)
	if hasNoNewPrivs(t) {
		t.Skip("skipping test: no_new_privs is set already")
	}
	inHelper(t, func(t *testing.T) {
		ruleset := newRuleset(t, unix.LandlockRulesetAttr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_SYM})
		dropCapabilities(t)

		wantErr(t, "without no_new_privs", unix.LandlockRestrictSelf(ruleset, 0), syscall.EPERM)

		// ABI 11 judges flags first.
		var wantUnknown, wantNoNewPrivs error = syscall.EPERM, syscall.EPERM
		if abi >= 11 {
			wantUnknown, wantNoNewPrivs = syscall.EINVAL, nil
		}
		wantErr(t, "unknown flag", unix.LandlockRestrictSelf(ruleset, unknownFlag), wantUnknown)
		if hasNoNewPrivs(t) {
			t.Error("no_new_privs is set after errors")
		}
		err := unix.LandlockRestrictSelf(ruleset, unix.LANDLOCK_RESTRICT_SELF_NO_NEW_PRIVS)
		wantErr(t, "NO_NEW_PRIVS", err, wantNoNewPrivs)
		if got, want := hasNoNewPrivs(t), err == nil; got != want {
			t.Errorf("no_new_privs is %t after NO_NEW_PRIVS, want %t", got, want)
		}

		setNoNewPrivs(t)
		wantErr(t, "with no_new_privs", unix.LandlockRestrictSelf(ruleset, 0), nil)
	})
}

func TestLandlockRestrictSelfThreads(t *testing.T) {
	abi := testenv.MustHaveLandlock(t)
	inHelper(t, func(t *testing.T) {
		setNoNewPrivs(t)
		ruleset := newRuleset(t, unix.LandlockRulesetAttr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_MAKE_SYM})
		link := filepath.Join(t.TempDir(), "link")
		symlink := func() error {
			if err := syscall.Symlink("target", link); err != nil {
				return err
			}
			return syscall.Unlink(link)
		}

		wantErr(t, "before", symlink(), nil)

		if err := unix.LandlockRestrictSelf(ruleset, 0); err != nil {
			t.Fatalf("LandlockRestrictSelf: %v", err)
		}
		wantErr(t, "this thread", symlink(), syscall.EACCES)
		wantErr(t, "other thread", onOtherThread(symlink), nil)

		var want, wantOther error = nil, syscall.EACCES
		if abi < 8 {
			want, wantOther = syscall.EINVAL, nil
		}
		wantErr(t, "TSYNC", unix.LandlockRestrictSelf(ruleset, unix.LANDLOCK_RESTRICT_SELF_TSYNC), want)
		wantErr(t, "other thread after TSYNC", onOtherThread(symlink), wantOther)
	})
}

func TestLandlockEnforcePathBeneath(t *testing.T) {
	testenv.MustHaveLandlock(t)
	inHelper(t, func(t *testing.T) {
		const (
			read  = unix.LANDLOCK_ACCESS_FS_READ_FILE
			write = unix.LANDLOCK_ACCESS_FS_WRITE_FILE
		)
		ruleset := newRuleset(t, unix.LandlockRulesetAttr{HandledAccessFS: read | write})

		files := []struct {
			path    string
			allowed uint64
		}{
			{"none/file", 0},
			{"read/file", read},
			{"write/file", write},
			{"both/file", read | write},
		}
		tmp := t.TempDir()
		for i := range files {
			f := &files[i]
			f.path = filepath.Join(tmp, f.path)
			if err := os.Mkdir(filepath.Dir(f.path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(f.path, []byte("x"), 0o666); err != nil {
				t.Fatal(err)
			}
			if f.allowed == 0 {
				continue
			}
			attr := unix.LandlockPathBeneathAttr{
				AllowedAccess: f.allowed,
				ParentFD:      int32(openFD(t, filepath.Dir(f.path), unix.O_PATH)),
			}
			if err := unix.LandlockAddPathBeneathRule(ruleset, &attr, 0); err != nil {
				t.Fatalf("LandlockAddPathBeneathRule: %v", err)
			}
		}

		setNoNewPrivs(t)
		if err := unix.LandlockRestrictSelf(ruleset, 0); err != nil {
			t.Fatalf("LandlockRestrictSelf: %v", err)
		}

		for _, f := range files {
			for _, mode := range []struct {
				name  string
				flags int
				right uint64
			}{
				{"reading", syscall.O_RDONLY, read},
				{"writing", syscall.O_WRONLY, write},
			} {
				open := func() error {
					fd, err := syscall.Open(f.path, mode.flags|syscall.O_CLOEXEC, 0)
					if err == nil {
						syscall.Close(fd)
					}
					return err
				}
				var want error
				if f.allowed&mode.right == 0 {
					want = syscall.EACCES
				}
				wantErr(t, mode.name+" "+f.path, open(), want)
				wantErr(t, mode.name+" "+f.path+" on another thread", onOtherThread(open), nil)
			}
		}
	})
}

func TestLandlockEnforceNetPort(t *testing.T) {
	abi := testenv.MustHaveLandlock(t)
	for _, tc := range []struct {
		name   string
		abi    int
		right  uint64
		typ    int
		listen bool
		call   func(fd int, sa syscall.Sockaddr) error
	}{
		{"BIND_TCP", 4, unix.LANDLOCK_ACCESS_NET_BIND_TCP, syscall.SOCK_STREAM, false, syscall.Bind},
		{"CONNECT_TCP", 4, unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, syscall.SOCK_STREAM, true, syscall.Connect},
		{"BIND_UDP", 10, unix.LANDLOCK_ACCESS_NET_BIND_UDP, syscall.SOCK_DGRAM, false, syscall.Bind},
		{"CONNECT_SEND_UDP", 10, unix.LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP, syscall.SOCK_DGRAM, false, syscall.Connect},
	} {
		if abi < tc.abi {
			continue // TestLandlockRights asserts that it cannot be had
		}
		t.Run(tc.name, func(t *testing.T) {
			inHelper(t, func(t *testing.T) {
				// A socket of TCP proper: others, such as those of MPTCP,
				// are not subject to these rights.
				socket := func() int {
					t.Helper()
					fd, err := syscall.Socket(syscall.AF_INET, tc.typ|syscall.SOCK_CLOEXEC, 0)
					if err != nil {
						t.Fatalf("socket: %v", err)
					}
					t.Cleanup(func() { syscall.Close(fd) })
					// Two sockets that do not listen may share a port this way,
					// which makes it safe from other processes.
					if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
						t.Fatalf("setsockopt(SO_REUSEADDR): %v", err)
					}
					return fd
				}
				// newPort returns a port of the loopback interface in use.
				newPort := func() syscall.Sockaddr {
					t.Helper()
					fd := socket()
					if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
						t.Fatalf("bind to a free port: %v", err)
					}
					if tc.listen {
						if err := syscall.Listen(fd, 8); err != nil {
							t.Fatalf("listen: %v", err)
						}
					}
					sa, err := syscall.Getsockname(fd)
					if err != nil {
						t.Fatalf("getsockname: %v", err)
					}
					return sa
				}
				allowed, denied := newPort(), newPort()
				wantErr(t, "allowed port before", tc.call(socket(), allowed), nil)
				wantErr(t, "denied port before", tc.call(socket(), denied), nil)

				ruleset := newRuleset(t, unix.LandlockRulesetAttr{HandledAccessNet: tc.right})
				attr := unix.LandlockNetPortAttr{
					AllowedAccess: tc.right,
					Port:          uint64(allowed.(*syscall.SockaddrInet4).Port),
				}
				if err := unix.LandlockAddNetPortRule(ruleset, &attr, 0); err != nil {
					t.Fatalf("LandlockAddNetPortRule: %v", err)
				}
				setNoNewPrivs(t)
				if err := unix.LandlockRestrictSelf(ruleset, 0); err != nil {
					t.Fatalf("LandlockRestrictSelf: %v", err)
				}
				wantErr(t, "allowed port", tc.call(socket(), allowed), nil)
				wantErr(t, "denied port", tc.call(socket(), denied), syscall.EACCES)
				fd := socket()
				wantErr(t, "denied port on another thread",
					onOtherThread(func() error { return tc.call(fd, denied) }), nil)
			})
		})
	}
}
