// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package syscall_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"internal/syscall/unix"
	"internal/testenv"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// landlockFlags returns the flags of landlock_restrict_self that kernels
// with a version of the Landlock ABI are known to have.
func landlockFlags(abi int) (flags uint32) {
	if abi >= 7 {
		flags |= unix.LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF |
			unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON |
			unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF
	}
	if abi >= 8 {
		flags |= unix.LANDLOCK_RESTRICT_SELF_TSYNC
	}
	if abi >= 11 {
		flags |= unix.LANDLOCK_RESTRICT_SELF_NO_NEW_PRIVS
	}
	return flags
}

// TestLandlockFlags tests that a child is in a sandbox with all flags that the
// kernel knows, and does not run with any other.
func TestLandlockFlags(t *testing.T) {
	s := newLandlockSandbox(t)
	abi := testenv.MustHaveLandlock(t)
	known := landlockFlags(abi)
	tests := []uint32{0, known, known | 1<<31, ^uint32(0)}
	for bit := range 32 {
		tests = append(tests, 1<<bit)
	}
	for _, flags := range tests {
		if abi > 11 && flags&^known != 0 && flags < 1<<31 {
			continue // it may be known by now
		}
		t.Run(fmt.Sprintf("%#x", flags), func(t *testing.T) {
			sys := s.sys()
			sys.LandlockFlags = flags
			if flags&^known != 0 {
				s.checkStartFails(t, sys, syscall.EINVAL)
				return
			}
			for _, noNew := range []bool{false, true} {
				sys.NoNewPrivs = noNew
				cmd, report := s.command(t)
				cmd.SysProcAttr = sys
				runOK(t, cmd)
				s.checkChild(t, report, true)
			}
		})
	}
}

// TestLandlockFlagsPassed tests that the kernel gets all bits of LandlockFlags,
// those that it does not know too.
func TestLandlockFlagsPassed(t *testing.T) {
	if !landlockAlone(t) {
		return
	}
	s := newLandlockSandbox(t)
	for _, flags := range []uint32{1, 2, 1 << 31, 0x12345678, ^uint32(0)} {
		t.Run(fmt.Sprintf("%#x", flags), func(t *testing.T) {
			const seen = syscall.Errno(1000)
			lockWithFilters(t, seccompRule{trap: syscall.Sys_landlock_restrict_self, n: 1, arg: flags, action: seccompErrno | uint32(seen)})
			sys := s.sys()
			sys.LandlockFlags = flags
			s.checkStartFails(t, sys, seen)
		})
	}
}

// TestLandlockNoNewPrivs tests NoNewPrivs without a sandbox, on any kernel.
func TestLandlockNoNewPrivs(t *testing.T) {
	s := newLandlockDirs(t)
	cmd, report := s.command(t)
	cmd.SysProcAttr = &syscall.SysProcAttr{NoNewPrivs: true}
	runOK(t, cmd)
	s.checkChildPrivs(t, report, false, true)

	// The next child is as ever.
	cmd, report = s.command(t)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	runOK(t, cmd)
	s.checkChildPrivs(t, report, false, false)
}

// TestLandlockAudit tests that LandlockFlags choose what the audit log gets.
// Where the log cannot be read, it tests that the flags change nothing else.
// With GO_TEST_LANDLOCK_ABI set, root must be able to on a machine that was
// booted with audit=1.
func TestLandlockAudit(t *testing.T) {
	s := newLandlockSandbox(t)
	if landlockFlags(testenv.MustHaveLandlock(t)) == 0 {
		return // see TestLandlockFlags
	}
	log, err := openAuditLog()
	if err == nil {
		defer log.close()
	} else {
		cmdline, _ := os.ReadFile("/proc/cmdline")
		if os.Getenv("GO_TEST_LANDLOCK_ABI") != "" && os.Getuid() == 0 && slices.Contains(strings.Fields(string(cmdline)), "audit=1") {
			t.Fatalf("the audit log cannot be read: %v", err)
		}
		t.Logf("the audit log cannot be read: %v", err)
	}
	noExec := testenv.NewLandlockRuleset(t, unix.LANDLOCK_ACCESS_FS_EXECUTE)
	acts := []string{"fs.make_reg", "fs.read_file", "fs.write_file"} // of landlockActs

	const (
		sameOff       = unix.LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF
		newOn         = unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON
		subdomainsOff = unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF
	)
	for _, tt := range []struct {
		flags  uint32
		exec   []string // what is logged of a program that may not be executed
		acts   []string // what is logged of acts of the program
		nested bool     // whether acts in a sandbox of the program's own are logged
	}{
		{0, []string{"fs.execute"}, nil, true},
		{sameOff, nil, nil, true},
		{newOn, []string{"fs.execute"}, acts, true},
		{subdomainsOff, []string{"fs.execute"}, nil, false},
		{sameOff | newOn, nil, acts, true},
		{sameOff | newOn | subdomainsOff, nil, acts, false},
	} {
		t.Run(fmt.Sprintf("%#x", tt.flags), func(t *testing.T) {
			sys := s.sys()
			sys.LandlockFlags = tt.flags

			cmd, report := s.command(t)
			cmd.SysProcAttr = sys
			runOK(t, cmd)
			s.checkChild(t, report, true)
			log.check(t, s.denied, tt.acts)

			denied := *sys
			denied.LandlockRuleset = noExec
			s.checkStartFails(t, &denied, syscall.EACCES)
			var exec []string
			for range 2 { // by ForkExec and Cmd.Start
				exec = append(exec, tt.exec...)
			}
			log.check(t, testenv.Executable(t), exec)

			file := filepath.Join(s.allowed, "file")
			runLandlockNested(t, sys, file)
			var nested []string
			if tt.nested {
				nested = []string{"fs.read_file"}
			}
			log.check(t, file, nested)
		})
	}
}

// runLandlockNested runs a child that puts itself into a sandbox
// that denies to read file, and tries to read it.
func runLandlockNested(t *testing.T, sys *syscall.SysProcAttr, file string) {
	t.Helper()
	cmd := testenv.Command(t, testenv.Executable(t))
	cmd.Env = append(os.Environ(), "GO_LANDLOCK_NESTED="+file)
	cmd.SysProcAttr = sys
	runOK(t, cmd)
}

func init() {
	if file := os.Getenv("GO_LANDLOCK_NESTED"); file != "" {
		if err := landlockNested(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func landlockNested(file string) error {
	runtime.LockOSThread()
	ruleset, err := unix.LandlockCreateRuleset(&unix.LandlockRulesetAttr{HandledAccessFS: unix.LANDLOCK_ACCESS_FS_READ_FILE}, 0)
	if err != nil {
		return fmt.Errorf("landlock_create_ruleset: %w", err)
	}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("prctl: %w", errno)
	}
	if err := unix.LandlockRestrictSelf(ruleset, 0); err != nil {
		return fmt.Errorf("landlock_restrict_self: %w", err)
	}
	if _, err := syscall.Open(file, syscall.O_RDONLY, 0); err != syscall.EACCES {
		return fmt.Errorf("open %s: got error %v, want %v", file, err, syscall.EACCES)
	}
	return nil
}

// An auditLog is the stream of messages of the kernel's audit system.
type auditLog struct{ fd int }

// From linux/audit.h and linux/netlink.h.
const (
	auditGet            = 1000
	auditLandlockAccess = 1423
	auditLandlockDomain = 1424
	auditGroupReadLog   = 1

	solNetlink           = 270
	netlinkAddMembership = 1
)

// openAuditLog returns the audit log. The error says why it cannot be read.
func openAuditLog() (log *auditLog, err error) {
	// Only the initial network namespace has it.
	self, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return nil, err
	}
	if initial, err := os.Readlink("/proc/1/ns/net"); err != nil || initial != self {
		return nil, fmt.Errorf("network namespace is %s, that of process 1 is %s, %v", self, initial, err)
	}
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_AUDIT)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer func() {
		if err != nil {
			syscall.Close(fd)
		}
	}()
	log = &auditLog{fd}

	// The kernel answers at once, and logs in time.
	err = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 60})
	if err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}

	// This test does not enable auditing, which would slow down all processes
	// of the machine for good.
	request := syscall.NlMsghdr{Len: syscall.NLMSG_HDRLEN, Type: auditGet, Flags: syscall.NLM_F_REQUEST}
	err = syscall.Sendto(fd, (*[syscall.NLMSG_HDRLEN]byte)(unsafe.Pointer(&request))[:], 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
	if err != nil {
		return nil, os.NewSyscallError("sendto", err)
	}
	typ, data, err := log.read()
	if err != nil {
		return nil, err
	}
	var answer struct{ mask, enabled uint32 } // struct audit_status, or an error number
	if len(data) >= int(unsafe.Sizeof(answer)) {
		copy((*[unsafe.Sizeof(answer)]byte)(unsafe.Pointer(&answer))[:], data)
	}
	if typ != auditGet {
		return nil, fmt.Errorf("AUDIT_GET: got message of type %d, %v", typ, syscall.Errno(-answer.mask))
	}
	if answer.enabled == 0 {
		return nil, errors.New("auditing is disabled")
	}

	err = syscall.SetsockoptInt(fd, solNetlink, netlinkAddMembership, auditGroupReadLog)
	if err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 1<<20)
	if err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	return log, nil
}

func (log *auditLog) close() { syscall.Close(log.fd) }

// read returns the next message.
func (log *auditLog) read() (typ uint16, data []byte, err error) {
	buf := make([]byte, 1<<14)
	for {
		n, _, err := syscall.Recvfrom(log.fd, buf, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return 0, nil, os.NewSyscallError("recvfrom", err)
		}
		if n < syscall.NLMSG_HDRLEN {
			return 0, nil, fmt.Errorf("got %d bytes of a message", n)
		}
		var h syscall.NlMsghdr
		copy((*[syscall.NLMSG_HDRLEN]byte)(unsafe.Pointer(&h))[:], buf)
		return h.Type, buf[syscall.NLMSG_HDRLEN:n], nil
	}
}

var auditRecord = regexp.MustCompile(`: domain=([0-9a-f]+) (?:blockers=(\S+) path=("[^"]*"|[0-9A-F]+) |status=allocated mode=enforcing )`)

// check checks that what the log has since the last call are denials of want,
// in any order, on path and the files in it. It does nothing if log is nil.
func (log *auditLog) check(t *testing.T, path string, want []string) {
	t.Helper()
	if log == nil {
		return
	}
	// As what is denied here is logged in any case, the log is complete
	// once that is seen.
	end := filepath.Join(t.TempDir(), "end")
	if err := os.WriteFile(end, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	runLandlockNested(t, &syscall.SysProcAttr{}, end)

	var got, records []string
	domains := make(map[string]bool) // of which there is a record
	var logged []string              // domains of which a denial was logged
	for {
		typ, data, err := log.read()
		if err != nil {
			t.Fatalf("reading the audit log: %v", err)
		}
		if typ != auditLandlockAccess && typ != auditLandlockDomain {
			continue
		}
		records = append(records, fmt.Sprintf("%d %s", typ, data))
		m := auditRecord.FindStringSubmatch(string(data))
		if m == nil {
			continue // of other access than that to files, or the end of a domain
		}
		if typ == auditLandlockDomain {
			domains[m[1]] = true
			continue
		}
		name := strings.Trim(m[3], `"`)
		if name == m[3] { // with special characters
			b, _ := hex.DecodeString(m[3])
			name = string(b)
		}
		if name == end {
			break
		}
		if name == path || strings.HasPrefix(name, path+"/") {
			got = append(got, m[2])
			logged = append(logged, m[1])
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the audit log has denials of %q on %s, want %q; records:\n%s", got, path, want, strings.Join(records, "\n"))
	}
	for _, domain := range logged {
		if !domains[domain] {
			t.Errorf("the audit log does not describe domain %s; records:\n%s", domain, strings.Join(records, "\n"))
		}
	}
}
