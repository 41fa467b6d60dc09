// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package landlock

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golandlock/misc/internal/landlocktest"
	"golandlock/misc/landlock/internal/acts"
)

// The test binary is a process that does nothing if told so.
func TestMain(m *testing.M) {
	if os.Getenv("LANDLOCK_TEST_IDLE") == "1" {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// mustHaveLandlock returns the Landlock ABI version to use.
func mustHaveLandlock(t testing.TB) int {
	t.Helper()
	abi, err := landlocktest.ABI(t)
	if err != nil {
		t.Skipf("skipping test: the kernel does not support Landlock: %v", err)
	}
	k := thisKernel()
	// Kernels with ABI 7 have all errata fixed that matter. Of ABI 6, there
	// are updates that have.
	if want := min(abi, newest); k.abi != want && !(abi == 6 && k.abi == 5) {
		t.Fatalf("the kernel with Landlock ABI %d is taken for one with %d", abi, k.abi)
	}
	return k.abi
}

// sandboxed runs f in a sandbox, on a thread of its own.
func sandboxed(t *testing.T, ruleset int, f func()) {
	t.Helper()
	const PR_SET_NO_NEW_PRIVS = 38
	restrictSelf := 446 + sysBase
	c := make(chan error)
	go func() {
		runtime.LockOSThread() // for good, so that the thread ends with this goroutine
		if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
			c <- fmt.Errorf("prctl: %w", errno)
			return
		}
		if _, _, errno := syscall.RawSyscall(restrictSelf, uintptr(ruleset), 0, 0); errno != 0 {
			c <- fmt.Errorf("landlock_restrict_self: %w", errno)
			return
		}
		f()
		c <- nil
	}()
	if err := <-c; err != nil {
		t.Fatal(err)
	}
}

// sysBase is what is added to the numbers of system calls on MIPS.
var sysBase = func() uintptr {
	switch runtime.GOARCH {
	case "mips", "mipsle":
		return 4000
	case "mips64", "mips64le":
		return 5000
	}
	return 0
}()

// idleProcess returns the ID of a process to signal, which ends with the test.
func idleProcess(t *testing.T) int {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "LANDLOCK_TEST_IDLE=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

// newWorld returns something to act upon.
func newWorld(t *testing.T, victim int) acts.World {
	t.Helper()
	w, done, err := acts.Make(t.TempDir(), victim)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return w
}

// grants is what rules allow, as the tests have it.
type grants struct {
	fs  map[string]AccessFSSet // by acts.OnPath.Path
	net map[uint16]AccessNetSet
}

// denial returns the error that a sandbox that handles c and allows g
// must have for an act, nil if it must not deny it.
func (g grants) denial(c Config, a acts.Act) error {
	for _, need := range a.FS {
		if AccessFSSet(need.Access)&c.HandledAccessFS&^g.fs[need.Path] != 0 {
			return syscall.EACCES
		}
	}
	if a.Refer[0] != "" {
		from, to := g.fs[a.Refer[0]], g.fs[a.Refer[1]]
		if c.HandledAccessFS == 0 {
			return nil
		}
		const file = 1<<0 | 1<<1 | 1<<2 | 1<<14 | 1<<15 | 1<<16 // a file may have these
		// Nothing can allow it if it is not handled, nor to gain rights by it.
		if from&to&c.HandledAccessFS&(1<<13) == 0 || to&^from&file&c.HandledAccessFS != 0 {
			return syscall.EXDEV
		}
	}
	for _, need := range a.Net {
		if AccessNetSet(need.Access)&c.HandledAccessNet&^g.net[need.Port] != 0 {
			return syscall.EACCES
		}
	}
	if ScopedSet(a.Scope)&c.Scoped != 0 {
		return syscall.EPERM
	}
	return nil
}

// test enters the sandbox of a ruleset and fails unless that denies what it must.
func (g grants) test(t *testing.T, ruleset int, c Config, w acts.World) {
	t.Helper()
	t.Log(c)
	type result struct{ want, got error }
	results := make(map[string]result)
	sandboxed(t, ruleset, func() {
		for _, a := range w.Acts() {
			results[a.Name] = result{g.denial(c, a), a.Do()}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(results)) {
		want, got := results[name].want, results[name].got
		isDenial := got == syscall.EACCES || got == syscall.EXDEV || got == syscall.EPERM && !strings.Contains(name, "/make-")
		if want == nil && isDenial || want != nil && got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

const (
	wantROFiles = 1<<0 | 1<<2
	wantRODirs  = 1<<0 | 1<<2 | 1<<3
	wantRWFiles = 1<<0 | 1<<1 | 1<<2 | 1<<14
	wantRWDirs  = 1<<13 - 1 | 1<<14
)

// TestLandlockEnforced holds what is denied by rulesets
// of all Landlock ABI versions against what should be.
func TestLandlockEnforced(t *testing.T) {
	kernelABI := mustHaveLandlock(t)
	victim := idleProcess(t)
	p, q := acts.Ports[0], acts.Ports[1]
	for _, tc := range []struct {
		name  string
		rules func(dir string) []Rule
		a, b  AccessFSSet // what is allowed in two directories
		null  AccessFSSet // and on the null device
		net   map[uint16]AccessNetSet
		abi   int // the first for which there is such a rule
	}{
		{
			name:  "None",
			rules: func(dir string) []Rule { return nil },
		},
		{
			name:  "RO",
			rules: func(dir string) []Rule { return []Rule{ROFiles(dir + "/a"), RODirs(dir+"/b", "/dev")} },
			a:     wantROFiles, b: wantRODirs, null: wantRODirs,
		},
		{
			name:  "RW",
			rules: func(dir string) []Rule { return []Rule{RWFiles(dir+"/a", acts.Null), RWDirs(dir + "/b")} },
			a:     wantRWFiles, b: wantRWDirs, null: wantRWFiles,
		},
		{
			name: "Refer",
			rules: func(dir string) []Rule {
				return []Rule{RWDirs(dir+"/a", dir+"/b").WithRefer(), ROFiles(acts.Null).WithIoctlDev()}
			},
			a: wantRWDirs | 1<<13, b: wantRWDirs | 1<<13, null: wantROFiles | 1<<15, abi: 2,
		},
		{
			name: "ReferToMore",
			rules: func(dir string) []Rule {
				return []Rule{RWDirs(dir + "/b").WithRefer(), PathAccess(1<<3|1<<5|1<<8|1<<13, dir+"/a"), RODirs(dir + "/missing").IgnoreIfMissing()}
			},
			a: 1<<3 | 1<<5 | 1<<8 | 1<<13, b: wantRWDirs | 1<<13, abi: 2,
		},
		{
			name:  "ResolveUnix",
			rules: func(dir string) []Rule { return []Rule{RODirs(dir + "/a").WithResolveUnix(), RWFiles(dir + "/b")} },
			a:     wantRODirs | 1<<16, b: wantRWFiles,
		},
		{
			name: "TCP",
			rules: func(dir string) []Rule {
				return []Rule{CompositeRule(BindTCP(p), ConnectTCP(q), RODirs(dir+"/a")), ROFiles(dir + "/b")}
			},
			a: wantRODirs, b: wantROFiles, net: map[uint16]AccessNetSet{p: 1 << 0, q: 1 << 1}, abi: 4,
		},
		{
			name:  "UDP",
			rules: func(dir string) []Rule { return []Rule{BindUDP(0), ConnectSendUDP(p), BindUDP(q)} },
			net:   map[uint16]AccessNetSet{0: 1 << 2, p: 1 << 3, q: 1 << 2}, abi: 10,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := grants{fs: map[string]AccessFSSet{"a": tc.a, "b": tc.b, acts.Null: tc.null}, net: tc.net}
			done := make(map[Config]bool) // some versions handle the same
			for abi := max(1, tc.abi); abi <= newest; abi++ {
				configs := []Config{versions[abi], versions[abi].OnlyPaths(), versions[abi].OnlyNet(), versions[abi].OnlyScoped()}
				for _, c := range configs {
					if done[c] || c != versions[abi] && tc.abi > 0 { // the rules do not fit
						continue
					}
					done[c] = true
					w := newWorld(t, victim)
					rules := tc.rules(w.Dir)
					fd, err := c.Ruleset(rules...)
					if c.empty() || abi > kernelABI && !c.without(versions[kernelABI]).empty() {
						if fd != -1 || !errors.Is(err, errors.ErrUnsupported) {
							t.Errorf("%v: Ruleset() = %d, %v, want an error that is ErrUnsupported", c, fd, err)
						}
						fd, err = c.BestEffort().Ruleset(rules...)
						c = Config{
							c.HandledAccessFS & versions[kernelABI].HandledAccessFS,
							c.HandledAccessNet & versions[kernelABI].HandledAccessNet,
							c.Scoped & versions[kernelABI].Scoped,
							false, false,
						}
						if c.empty() || kernelABI == 1 && tc.abi == 2 {
							if fd != -1 || !errors.Is(err, errors.ErrUnsupported) {
								t.Errorf("%v: best effort: Ruleset() = %d, %v, want an error that is ErrUnsupported", c, fd, err)
							}
							continue
						}
					}
					if err != nil {
						t.Errorf("%v: %v", c, err)
						continue
					}
					g.test(t, fd, c, w)
					syscall.Close(fd)
				}
			}
		})
	}
}

// TestLandlockDowngraded has the kernel pass for ones of earlier ABI versions.
func TestLandlockDowngraded(t *testing.T) {
	kernelABI := mustHaveLandlock(t)
	victim := idleProcess(t)
	const signalScope = 2
	for _, tc := range []struct {
		abi, errata int
		handles     Config
	}{
		{1, 0, V1},
		{2, 0, V2},
		{3, 0, V3},
		{4, 0, V4},
		{5, 0, V5},
		{6, 0, V5},
		{6, signalScope, V6},
		{7, ^signalScope, V5},
		{7, -1, V7},
		{9, -1, V9},
		{10, -1, V10},
		{11, -1, V11},
		{12, -1, V11},
	} {
		if tc.handles.abi() > kernelABI {
			continue // the downgrade would not do
		}
		w := newWorld(t, victim)
		k := newKernel(tc.abi, tc.errata, nil)
		rules := []Rule{RWDirs(w.Dir + "/a").WithIoctlDev(), RODirs(w.Dir + "/b"), RWFiles(acts.Null), BindTCP(acts.Ports[0])}
		fd, err := V11.BestEffort().ruleset(k, rules)
		if err != nil {
			t.Errorf("%+v: %v", k, err)
			continue
		}
		grants{
			fs:  map[string]AccessFSSet{"a": wantRWDirs | 1<<15, "b": wantRODirs, acts.Null: wantRWFiles},
			net: map[uint16]AccessNetSet{acts.Ports[0]: 1 << 0},
		}.test(t, fd, tc.handles, w)
		syscall.Close(fd)
	}
}

// TestLandlockQuiet only sees that the kernel takes the rules: the audit log
// is not for everyone to read.
func TestLandlockQuiet(t *testing.T) {
	kernelABI := mustHaveLandlock(t)
	w := newWorld(t, idleProcess(t))
	rules := []Rule{RODirs(w.Dir + "/a"), QuietPaths(w.Dir+"/a", w.Dir+"/b", acts.Null), QuietPaths("/missing").IgnoreIfMissing(), QuietPorts(acts.Ports...)}
	c := V11.QuietAll()
	if kernelABI < quietABI {
		for _, c := range []Config{c, V1.QuietAll()} {
			if fd, err := c.Ruleset(); fd != -1 || !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%v: Ruleset() = %d, %v, want an error that is ErrUnsupported", c, fd, err)
			}
		}
		c = c.BestEffort()
	}
	fd, err := c.Ruleset(rules...)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	grants{fs: map[string]AccessFSSet{"a": wantRODirs}}.test(t, fd, versions[kernelABI], w)

	// No rule of a kind that is not handled.
	for _, c := range []Config{c.OnlyPaths(), c.OnlyNet(), c.OnlyScoped()} {
		c = c.BestEffort()
		fd, err := c.Ruleset(rules[1:]...)
		if errors.Is(err, errors.ErrUnsupported) && kernelABI < 6 {
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		syscall.Close(fd)
	}
}

// TestLandlockAbsent does not skip: without Landlock, there is an error.
func TestLandlockAbsent(t *testing.T) {
	if _, err := landlocktest.ABI(t); err != nil {
		testAbsent(t, thisKernel(), err)
	}
	for _, err := range []error{syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.EPERM} {
		testAbsent(t, newKernel(0, 0, err), err)
	}
}

func testAbsent(t *testing.T, k kernel, want error) {
	t.Helper()
	for abi := 1; abi <= newest; abi++ {
		for _, c := range []Config{versions[abi], versions[abi].BestEffort(), versions[abi].OnlyScoped().BestEffort()} {
			fd, err := c.ruleset(k, []Rule{RODirs("/")})
			if fd != -1 || !errors.Is(err, errors.ErrUnsupported) || !c.empty() && !errors.Is(err, want) {
				t.Errorf("%v: Ruleset() = %d, %v, want %v and ErrUnsupported", c, fd, err, want)
			}
		}
	}
}

// TestLandlockDescriptor tests that the ruleset's is the only
// descriptor that is left, and none if there is an error.
func TestLandlockDescriptor(t *testing.T) {
	mustHaveLandlock(t)
	c := V5.BestEffort()
	var before []string
	descriptors := func() []string {
		var list []string
		for fd := range 1000 {
			if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno == 0 {
				list = append(list, strconv.Itoa(fd))
			}
		}
		return list
	}
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	before = descriptors()
	for _, tc := range []struct {
		rules []Rule
		want  error
	}{
		{[]Rule{RODirs("/missing")}, syscall.ENOENT},
		{[]Rule{RODirs("/"), RODirs("/", "/missing").IgnoreIfMissing(), CompositeRule(RODirs("/"), ROFiles(file+"/x").IgnoreIfMissing())}, syscall.ENOTDIR},
		{[]Rule{RODirs(file)}, syscall.EINVAL},
		{[]Rule{BindUDP(1)}, syscall.EINVAL},
		{[]Rule{QuietPaths("/")}, syscall.EINVAL},
		{[]Rule{ROFiles("/proc/self/fd/0", "no\x00name")}, nil},
	} {
		fd, err := c.Ruleset(tc.rules...)
		if fd != -1 || err == nil || tc.want != nil && !errors.Is(err, tc.want) || errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Ruleset(%v) = %d, %v, want error %v", tc.rules, fd, err, tc.want)
		}
		if got := descriptors(); !slices.Equal(got, before) {
			t.Errorf("Ruleset(%v) left descriptors: %v, before %v", tc.rules, got, before)
		}
	}

	fd, err := c.Ruleset(RODirs("/"), ROFiles("/missing", file).IgnoreIfMissing(), RWFiles(file))
	if err != nil {
		t.Fatal(err)
	}
	if got := descriptors(); len(got) != len(before)+1 {
		t.Errorf("descriptors %v, before %v, want one more", got, before)
	}
	runtime.GC()
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	if errno != 0 || flags != syscall.FD_CLOEXEC {
		t.Errorf("flags of the descriptor: %#x, %v, want FD_CLOEXEC", flags, errno)
	}
	syscall.Close(fd)
}

// TestLandlockOpen makes rules for what is not to be opened as usual.
func TestLandlockOpen(t *testing.T) {
	mustHaveLandlock(t)
	w := newWorld(t, 0)
	fifo, secret := w.Dir+"/fifo", w.Dir+"/secret"
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, nil, 0); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{w.Dir + "/a/socket", secret, fifo} {
		fd, err := V1.Ruleset(RWFiles(path))
		if err != nil {
			t.Fatal(err)
		}
		syscall.Close(fd)
	}
}

// TestLandlockMessages tests that errors name the rule, its path and rights,
// and what to do.
func TestLandlockMessages(t *testing.T) {
	mustHaveLandlock(t)
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		config Config
		rule   Rule
		want   string
	}{
		{V1, RODirs("/", file), `RODirs("FILE"), granting {execute,read_file,read_dir}: directory rights {read_dir} on a file: use ROFiles: landlock_add_rule: invalid argument`},
		{V1, RWDirs(file), `directory rights {read_dir,remove_dir,remove_file,make_char,make_dir,make_reg,make_sock,make_fifo,make_block,make_sym} on a file: use RWFiles: `},
		{V2.BestEffort(), RODirs(file).WithRefer(), `directory rights {read_dir,refer} on a file: use ROFiles, without WithRefer: `},
		{V2.BestEffort(), RWFiles(file).WithRefer(), `directory rights {refer} on a file: use RWFiles, without WithRefer: `},
		{V1, PathAccess(1<<3, file), `PathAccess({read_dir}, "FILE"), granting {read_dir}: directory rights {read_dir} on a file: take these out: `},
		{V1, ROFiles(file + "/x").IgnoreIfMissing(), `ROFiles("FILE/x").IgnoreIfMissing(), granting {execute,read_file}: open: not a directory`},
		{V1, ROFiles("/", "/missing"), `ROFiles("/missing"), granting {execute,read_file}: no such file or directory; use IgnoreIfMissing if it may be absent`},
		{V1, PathAccess(1<<15, "/dev"), `PathAccess({ioctl_dev}, "/dev"): the config does not handle fs={ioctl_dev}; add it to the config (V5 has it) or take it out of the rule: invalid argument`},
		{V11.BestEffort().OnlyPaths(), BindUDP(7), `BindUDP(7): the config does not handle net={bind_udp}; add it to the config (V10 has it) or take it out of the rule: invalid argument`},
		{V11.BestEffort(), QuietPaths("/"), `QuietPaths("/"): the config is not one of QuietAll: invalid argument`},
		{V3.OnlyNet(), BindTCP(7), `BindTCP(7): the config does not handle net={bind_tcp}; `},
		{V3.OnlyNet(), RODirs("/"), `the config handles nothing: unsupported operation`},
	} {
		if tc.rule.grantsRefer() && thisKernel().abi < 2 {
			continue
		}
		_, err := tc.config.Ruleset(tc.rule)
		want := strings.ReplaceAll(tc.want, "FILE", file)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "landlock: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, %v: got error\n%v\nwant\nlandlock: … %s", tc.config, tc.rule, err, want)
		}
	}
	for _, tc := range []struct {
		abi, errata int
		probe       error
		want        string
	}{
		{7, -1, nil, "this kernel has Landlock ABI 7 and cannot handle fs={resolve_unix}; use BestEffort to do without: unsupported operation"},
		{6, 0, nil, "the scopes of this kernel are faulty (erratum 2), so that its Landlock counts as ABI 5 and cannot handle fs={resolve_unix} scoped={abstract_unix_socket,signal}; update the kernel, or use BestEffort to do without: "},
		{0, 0, syscall.ENOSYS, "this kernel has no Landlock; use Linux 5.13 or later, and in a container a seccomp profile that permits it: function not implemented"},
		{0, 0, syscall.EOPNOTSUPP, "Landlock is disabled on this kernel; add landlock to the boot parameter lsm=: operation not supported"},
		{0, 0, syscall.EPERM, "cannot use Landlock here: operation not permitted (unsupported operation)"},
	} {
		_, err := V9.ruleset(newKernel(tc.abi, tc.errata, tc.probe), nil)
		if err == nil || !strings.HasPrefix(err.Error(), "landlock: "+tc.want) {
			t.Errorf("ABI %d: got error\n%v\nwant\nlandlock: %s", tc.abi, err, tc.want)
		}
	}
}
