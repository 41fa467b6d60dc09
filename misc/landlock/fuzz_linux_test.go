// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package landlock

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	ll "golandlock/misc/landlock/syscall"
)

// FuzzLandlockRuleset makes rulesets of any configs and rules, with the kernel
// passing for one of any ABI version that it can pass for.
// Each byte of program makes a rule, or modifies the last one.
func FuzzLandlockRuleset(f *testing.F) {
	f.Add(byte(7), byte(2), uint64(1<<16-1), uint64(3), uint64(3), byte(1), "/usr", []byte("\x00\x01\x02\x03"))
	f.Add(byte(1), byte(0), uint64(1<<14-1), uint64(0), uint64(0), byte(1), "/", []byte("\x03\x08\x0d\x0e"))
	f.Add(byte(5), byte(0), uint64(1<<17-1), uint64(15), uint64(3), byte(3), "/dev/null", []byte("\x04\x09\x0a\x05\x06\x0b\x0c\x10\x0f"))
	f.Add(byte(6), byte(0), uint64(0), uint64(0), uint64(3), byte(1), "", []byte{})
	f.Add(byte(4), byte(0), uint64(1<<20), uint64(1<<9), uint64(1<<9), byte(0), "/missing", []byte("\x00\x0d\x07"))
	f.Add(byte(0), byte(0), uint64(1), uint64(1), uint64(1), byte(4), "a\x00b", []byte("\x00"))
	f.Add(byte(3), byte(0), uint64(1<<15-1), uint64(0), uint64(0), byte(0), "/proc/self/fd/0", []byte("\x02\x11\x12"))
	f.Fuzz(func(t *testing.T, abi, errata byte, fs, net, scoped uint64, flags byte, path string, program []byte) {
		probe := thisKernel()
		k := newKernel(int(abi), int(errata), nil)
		if flags&4 != 0 || probe.err != nil {
			k = newKernel(0, 0, syscall.ENOSYS)
		}
		if k.abi > probe.abi {
			k = probe
		}
		c := Config{HandledAccessFS: AccessFSSet(fs), HandledAccessNet: AccessNetSet(net), Scoped: ScopedSet(scoped)}
		if flags&1 != 0 {
			c = c.BestEffort()
		}
		if flags&2 != 0 {
			c = c.QuietAll()
		}
		rules := fuzzRules(path, program)
		_ = c.String() + CompositeRule(rules...).String()

		// The lowest descriptor that is free stays so if none is left open.
		free := lowestFree(t)
		want, wantErr := c.enforceable(k, rules)
		fd, err := c.ruleset(k, rules)
		if err == nil {
			syscall.Close(fd)
		}
		if after := lowestFree(t); after != free {
			t.Errorf("descriptor %d was left open", free)
		}

		if (fd < 0) != (err != nil) || fd < -1 {
			t.Errorf("Ruleset() = %d, %v", fd, err)
		}
		if wantErr != nil && (err == nil || err.Error() != wantErr.Error()) {
			t.Errorf("Ruleset: error %v, Enforceable: %v", err, wantErr)
		}
		if wantErr != nil && !errors.Is(wantErr, syscall.EINVAL) && !errors.Is(wantErr, errors.ErrUnsupported) {
			t.Errorf("Enforceable: error %v, want EINVAL or ErrUnsupported", wantErr)
		}
		if wantErr == nil && errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Ruleset: error %v, not foreseen by Enforceable", err)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "landlock: ") || strings.ContainsAny(err.Error(), "\n\x00")) {
			t.Errorf("error is %q", err)
		}
		if wantErr != nil {
			return
		}
		if want.empty() || !want.without(c).empty() || !want.without(versions[k.abi]).empty() {
			t.Errorf("%v of %v is enforceable with ABI %d", want, c, k.abi)
		}
		if !c.bestEffort && want != c {
			t.Errorf("%v became %v without BestEffort", c, want)
		}
		// Nothing but paths is left to fail.
		var errno syscall.Errno
		if err != nil && (!errors.As(err, &errno) || !strings.Contains(err.Error(), "Dirs(") &&
			!strings.Contains(err.Error(), "Files(") && !strings.Contains(err.Error(), "Path")) {
			t.Errorf("%v of %v with ABI %d: %v", rules, c, k.abi, err)
		}
	})
}

// lowestFree returns the lowest descriptor that is not open.
func lowestFree(t *testing.T) int {
	fd, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
	return fd
}

func fuzzRules(path string, program []byte) []Rule {
	var rules []Rule
	for i, op := range program {
		n := uint16(i)<<8 | uint16(op)
		switch op % 19 {
		case 0:
			rules = append(rules, ROFiles(path))
		case 1:
			rules = append(rules, RODirs(path, "/"))
		case 2:
			rules = append(rules, RWFiles("/", path))
		case 3:
			rules = append(rules, RWDirs(path))
		case 4:
			rules = append(rules, BindTCP(n))
		case 5:
			rules = append(rules, ConnectTCP(n))
		case 6:
			rules = append(rules, BindUDP(n))
		case 7:
			rules = append(rules, ConnectSendUDP(n))
		case 8, 9, 10, 11:
			if i := len(rules) - 1; i >= 0 {
				switch r := rules[i].(type) {
				case FSRule:
					rules[i] = []FSRule{r.WithRefer(), r.WithIoctlDev(), r.WithResolveUnix(), r.IgnoreIfMissing()}[op%19-8]
				case QuietFSRule:
					rules[i] = r.IgnoreIfMissing()
				}
			}
		case 12:
			rules = append(rules, QuietPaths(path))
		case 13:
			rules = append(rules, QuietPorts(n, 0))
		case 14:
			rules = []Rule{CompositeRule(rules...)}
		case 15:
			rules = append(rules, nil)
		case 16:
			rules = append(rules, PathAccess(AccessFSSet(1)<<(i%64), path))
		case 17:
			rules = append(rules, PathAccess(ll.AccessFSReadFile|AccessFSSet(op), path))
		case 18:
			rules = append(rules, FSRule{}, NetRule{}, QuietFSRule{}, QuietNetRule{})
		}
	}
	return rules
}
