// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package landlock

import (
	"errors"
	"math/bits"
	"runtime"
	"strings"
	"syscall"
	"testing"

	ll "golandlock/misc/landlock/syscall"
)

func TestLandlockVersions(t *testing.T) {
	fs := []int{0, 13, 14, 15, 15, 16, 16, 16, 16, 17, 17, 17}
	net := []int{0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 4, 4}
	scoped := []int{0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2}
	for abi, c := range []Config{{}, V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11} {
		want := Config{HandledAccessFS: 1<<fs[abi] - 1, HandledAccessNet: 1<<net[abi] - 1, Scoped: 1<<scoped[abi] - 1}
		if c != want {
			t.Errorf("V%d is %v, want %v", abi, c, want)
		}
	}
	if newest != len(fs)-1 {
		t.Errorf("the newest version is %d, want %d", newest, len(fs)-1)
	}
}

func TestLandlockOnly(t *testing.T) {
	c := V6.QuietAll().BestEffort()
	for _, tc := range []struct{ got, want Config }{
		{c.OnlyPaths(), Config{HandledAccessFS: 1<<16 - 1, quietAll: true, bestEffort: true}},
		{c.OnlyNet(), Config{HandledAccessNet: 1<<2 - 1, quietAll: true, bestEffort: true}},
		{c.OnlyScoped(), Config{Scoped: 1<<2 - 1, quietAll: true, bestEffort: true}},
		{V6.OnlyNet(), Config{HandledAccessNet: 1<<2 - 1}},
		{V3.OnlyNet(), Config{}},
	} {
		if tc.got != tc.want {
			t.Errorf("got %v, want %v", tc.got, tc.want)
		}
	}
}

func TestLandlockNewConfig(t *testing.T) {
	got, err := NewConfig(AccessNetSet(2), AccessFSSet(ll.AccessFSReadFile), ScopedSet(1))
	if want := (Config{HandledAccessFS: 1 << 2, HandledAccessNet: 2, Scoped: 1}); err != nil || *got != want {
		t.Errorf("NewConfig: %v, %v, want %v", got, err, want)
	}
	if got, err := NewConfig(); err != nil || *got != (Config{}) {
		t.Errorf("NewConfig(): %v, %v", got, err)
	}
	for _, args := range [][]any{
		{1},
		{AccessFSSet(1), AccessFSSet(2)},
		{AccessNetSet(1), AccessNetSet(1)},
		{ScopedSet(1), ScopedSet(1)},
		{AccessFSSet(1 << 17)},
		{AccessNetSet(1 << 4)},
		{ScopedSet(1 << 2)},
		{V1},
	} {
		if got, err := NewConfig(args...); err == nil {
			t.Errorf("NewConfig(%v): %v, want an error", args, got)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("MustConfig(%v) did not panic", args)
				}
			}()
			MustConfig(args...)
		}()
	}
}

func TestLandlockEnforceable(t *testing.T) {
	const (
		readFile = AccessFSSet(ll.AccessFSReadFile)
		refer    = AccessFSSet(ll.AccessFSRefer)
		truncate = AccessFSSet(ll.AccessFSTruncate)
		udp      = AccessNetSet(ll.AccessNetBindUDP)
	)
	for _, tc := range []struct {
		abi    int // all errata fixed
		config Config
		rules  []Rule
		want   Config
		err    error
	}{
		// As much as the kernel can.
		{abi: 7, config: V11, err: errors.ErrUnsupported},
		{abi: 7, config: V11.BestEffort(), want: V7},
		{abi: 1, config: V11.BestEffort(), want: V1},
		{abi: 0, config: V11.BestEffort(), err: errors.ErrUnsupported},
		{abi: 0, config: V1, err: errors.ErrUnsupported},
		{abi: 99, config: V11, want: V11},
		{abi: 11, config: V3, want: V3},
		{abi: 11, config: V3.BestEffort(), want: V3},
		{abi: 7, config: V8, want: V6}, // V8 handles the same
		{abi: 9, config: MustConfig(readFile|truncate, udp).BestEffort(), want: MustConfig(readFile | truncate)},
		{abi: 2, config: MustConfig(readFile|truncate, udp).BestEffort(), want: MustConfig(readFile)},
		{abi: 2, config: MustConfig(truncate, udp).BestEffort(), err: errors.ErrUnsupported},
		{abi: 5, config: V6.OnlyScoped().BestEffort(), err: errors.ErrUnsupported},
		{abi: 11, config: V5.OnlyScoped(), err: errors.ErrUnsupported},
		{abi: 9, config: V1.QuietAll(), err: errors.ErrUnsupported},
		{abi: 9, config: V1.QuietAll().BestEffort(), want: V1},
		{abi: 10, config: V1.QuietAll(), want: V1.QuietAll()},
		{abi: 10, config: V1.QuietAll().BestEffort(), want: V1.QuietAll()},

		// Bits that nobody knows.
		{abi: 11, config: Config{HandledAccessFS: 1<<17 | 1}, err: syscall.EINVAL},
		{abi: 11, config: Config{HandledAccessNet: 1<<4 | 1}.BestEffort(), err: syscall.EINVAL},
		{abi: 11, config: Config{Scoped: 1<<2 | 1}.BestEffort(), err: syscall.EINVAL},

		// Rules are held against the config as it was written, whatever the kernel.
		{abi: 1, config: V11.BestEffort(), rules: []Rule{RODirs("/").WithIoctlDev(), BindUDP(1), PathAccess(1<<16, "/")}, want: V1},
		{abi: 11, config: V9, rules: []Rule{BindUDP(1)}, err: syscall.EINVAL},
		{abi: 0, config: V9.BestEffort(), rules: []Rule{ConnectSendUDP(1)}, err: syscall.EINVAL},
		{abi: 11, config: V3, rules: []Rule{BindTCP(1)}, err: syscall.EINVAL},
		{abi: 11, config: V6.OnlyPaths(), rules: []Rule{ConnectTCP(1)}, err: syscall.EINVAL},
		{abi: 11, config: V2, rules: []Rule{RWDirs("/").WithIoctlDev().WithResolveUnix(), RWFiles("/")}, want: V2},
		{abi: 11, config: V6.OnlyNet(), rules: []Rule{RWDirs("/").WithIoctlDev()}, want: V4.OnlyNet()},
		{abi: 11, config: V2, rules: []Rule{PathAccess(truncate, "/")}, err: syscall.EINVAL},
		{abi: 11, config: V2, rules: []Rule{PathAccess(readFile, "/").WithIoctlDev()}, err: syscall.EINVAL},
		{abi: 11, config: V5, rules: []Rule{PathAccess(readFile, "/").WithIoctlDev()}, want: V5},
		{abi: 11, config: V1, rules: []Rule{RODirs("/").WithRefer()}, err: syscall.EINVAL},
		{abi: 0, config: V11.BestEffort(), rules: []Rule{QuietPaths("/")}, err: syscall.EINVAL},
		{abi: 0, config: V11.BestEffort(), rules: []Rule{CompositeRule(BindTCP(1), QuietPorts(1))}, err: syscall.EINVAL},
		{abi: 9, config: V11.BestEffort().QuietAll(), rules: []Rule{QuietPaths("/"), QuietPorts(1)}, want: V9},
		{abi: 11, config: V11, rules: []Rule{nil}, err: syscall.EINVAL},
		{abi: 11, config: V11, rules: []Rule{CompositeRule(CompositeRule(nil))}, err: syscall.EINVAL},
		{abi: 11, config: V11, rules: []Rule{FSRule{}, NetRule{}, CompositeRule()}, want: V11},

		// Refer cannot be left out.
		{abi: 1, config: V2.BestEffort(), rules: []Rule{RODirs("/"), RWDirs("/").WithRefer()}, err: errors.ErrUnsupported},
		{abi: 1, config: V11.BestEffort(), rules: []Rule{CompositeRule(BindUDP(1), PathAccess(refer, "/"))}, err: errors.ErrUnsupported},
		{abi: 2, config: V11.BestEffort(), rules: []Rule{RWDirs("/").WithRefer()}, want: V2},
	} {
		var probe error
		if tc.abi == 0 {
			probe = errNotEnabled
			if runtime.GOOS != "linux" {
				probe = errors.ErrUnsupported
			}
		}
		got, err := tc.config.enforceable(newKernel(tc.abi, -1, probe), tc.rules)
		got.bestEffort = false
		if got != tc.want || !errors.Is(err, tc.err) || errors.Is(err, errors.ErrUnsupported) != (tc.err == errors.ErrUnsupported) {
			t.Errorf("ABI %d, %v, %v: got %v, %v, want %v, %v", tc.abi, tc.config, tc.rules, got, err, tc.want, tc.err)
		}
		if tc.err == nil {
			continue
		}
		if fd, err := tc.config.ruleset(newKernel(tc.abi, -1, probe), tc.rules); fd != -1 || !errors.Is(err, tc.err) {
			t.Errorf("ABI %d, %v, %v: Ruleset() = %d, %v, want %v", tc.abi, tc.config, tc.rules, fd, err, tc.err)
		}
	}
}

// TestLandlockOtherSystems tests what systems without Landlock say.
func TestLandlockOtherSystems(t *testing.T) {
	k := newKernel(0, 0, errors.ErrUnsupported)
	if runtime.GOOS != "linux" {
		k = thisKernel()
	}
	for _, c := range []Config{V1, V11.BestEffort(), V5.OnlyPaths(), V5.OnlyScoped().BestEffort(), {}} {
		if fd, err := c.ruleset(k, []Rule{RODirs("/").IgnoreIfMissing()}); fd != -1 || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v: Ruleset() = %d, %v, want an error that is ErrUnsupported", c, fd, err)
		}
	}
	// On Linux, mistakes show on all kernels.
	want := error(syscall.EINVAL)
	if runtime.GOOS != "linux" {
		want = errors.ErrUnsupported
	}
	if fd, err := V1.ruleset(k, []Rule{BindTCP(1)}); fd != -1 || !errors.Is(err, want) {
		t.Errorf("Ruleset() = %d, %v, want %v", fd, err, want)
	}
}

func TestLandlockNames(t *testing.T) {
	for i := range 17 {
		a := AccessFSSet(1) << i
		name := strings.Trim(a.String(), "{}")
		if got, err := ParseAccessFS(name); got != a || err != nil {
			t.Errorf("ParseAccessFS(%q) = %v, %v", name, got, err)
		}
	}
	for i := range 4 {
		a := AccessNetSet(1) << i
		name := strings.Trim(a.String(), "{}")
		if got, err := ParseAccessNet(name); got != a || err != nil {
			t.Errorf("ParseAccessNet(%q) = %v, %v", name, got, err)
		}
	}
	for i := range 2 {
		a := ScopedSet(1) << i
		name := strings.Trim(a.String(), "{}")
		if got, err := ParseScoped(name); got != a || err != nil {
			t.Errorf("ParseScoped(%q) = %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "{execute}", "signal", "1<<17"} {
		if got, err := ParseAccessFS(name); got != 0 || err == nil {
			t.Errorf("ParseAccessFS(%q) = %v, %v, want an error", name, got, err)
		}
	}
}

func TestLandlockString(t *testing.T) {
	for _, tc := range []struct {
		got  interface{ String() string }
		want string
	}{
		{AccessFSSet(0), "{}"},
		{AccessFSSet(ll.AccessFSExecute | ll.AccessFSRefer | ll.AccessFSTruncate | ll.AccessFSIoctlDev | ll.AccessFSResolveUnix | 1<<63), "{execute,refer,truncate,ioctl_dev,resolve_unix,1<<63}"},
		{AccessNetSet(ll.AccessNetBindTCP | ll.AccessNetConnectTCP | ll.AccessNetBindUDP | ll.AccessNetConnectSendUDP), "{bind_tcp,connect_tcp,bind_udp,connect_send_udp}"},
		{ScopedSet(ll.ScopeAbstractUnixSocket | ll.ScopeSignal), "{abstract_unix_socket,signal}"},
		{V5.OnlyNet().BestEffort(), "V4 net={bind_tcp,connect_tcp} best-effort"},
		{V11.OnlyScoped().QuietAll(), "V10 scoped={abstract_unix_socket,signal} quiet"},
		{Config{}, "V0 nothing"},
		{Config{Scoped: 4}, "V? scoped={1<<2}"},
		{RODirs("/a", "/b").IgnoreIfMissing(), `RODirs("/a", "/b").IgnoreIfMissing()`},
		{RWFiles("/dev/tty").WithIoctlDev().WithResolveUnix().WithRefer(), `RWFiles("/dev/tty").WithRefer().WithIoctlDev().WithResolveUnix()`},
		{PathAccess(ll.AccessFSExecute, "/a").WithRefer(), `PathAccess({execute,refer}, "/a")`},
		{CompositeRule(BindTCP(80), ConnectTCP(53), BindUDP(0), ConnectSendUDP(53)), "CompositeRule(BindTCP(80), ConnectTCP(53), BindUDP(0), ConnectSendUDP(53))"},
		{CompositeRule(QuietPorts(1, 2), QuietPaths("/a").IgnoreIfMissing()), `CompositeRule(QuietPorts(1, 2), QuietPaths("/a").IgnoreIfMissing())`},
	} {
		if got := tc.got.String(); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

// TestLandlockHelpers tests what the helpers grant.
func TestLandlockHelpers(t *testing.T) {
	for _, tc := range []struct {
		rule FSRule
		want AccessFSSet
	}{
		{ROFiles(), ll.AccessFSExecute | ll.AccessFSReadFile},
		{RODirs(), ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir},
		{RWFiles(), ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate},
		{RWDirs(), 1<<13 - 1 | ll.AccessFSTruncate},
		{RODirs().WithRefer().WithIoctlDev().WithResolveUnix(), ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir | ll.AccessFSRefer | ll.AccessFSIoctlDev | ll.AccessFSResolveUnix},
	} {
		if tc.rule.access != tc.want {
			t.Errorf("%v grants %v, want %v", tc.rule, tc.rule.access, tc.want)
		}
	}
	if got := bits.OnesCount64(uint64(RWDirs().access)); got != 14 {
		t.Errorf("RWDirs grants %d rights, want 14", got)
	}

	// A rule stays as it was made.
	paths := []string{"/a"}
	plain := RODirs(paths...)
	paths[0] = "/b"
	if got := plain.WithRefer().String() + plain.String(); got != `RODirs("/a").WithRefer()RODirs("/a")` {
		t.Errorf("got %s", got)
	}
}
