// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package landlock makes Landlock rulesets, for the LandlockRuleset of
// syscall.SysProcAttr:
//
//	fd, err := landlock.V5.BestEffort().OnlyPaths().Ruleset(
//		landlock.RODirs("/usr", "/lib"),
//		landlock.RODirs("/lib64").IgnoreIfMissing(),
//		landlock.RWFiles("/dev/null"),
//		landlock.RWDirs(dir),
//	)
//	if err != nil {
//		return err
//	}
//	defer syscall.Close(fd)
//	cmd := exec.Command("git", "-C", dir, "status")
//	cmd.SysProcAttr = &syscall.SysProcAttr{
//		UseLandlock:     true,
//		LandlockRuleset: fd,
//	}
//	err = cmd.Run()
//
// A [Config] says what is denied, and a [Rule] grants exceptions.
//
// # Kernels
//
// Each Landlock ABI version can deny more, and V1 to V11 are all of it.
// [Config.Ruleset] fails on a kernel that cannot handle all of a config,
// unless that is one of [Config.BestEffort], which does without the rest.
// [Config.Enforceable] tells what that leaves:
//
//	got, err := config.Enforceable(rules...)
//	dropped := config.HandledAccessFS &^ got.HandledAccessFS
//
// An error for which errors.Is(err, errors.ErrUnsupported) holds says that there
// can be no sandbox, and BestEffort is no exception: the caller
// has to decide whether to go on without. Other systems than
// Linux have no other outcome.
//
// # What to know about rules
//
// A rule is about a file, not its name: it holds wherever the file is found, and
// a symbolic link grants its target. The paths are opened by Ruleset.
// So a rule for /proc/self is about the process that makes it, not its child.
//
// Sandboxed programs cannot mount, and unless granted by [FSRule.WithRefer] they
// cannot move or link files to other directories, whatever the config.
//
// # Differences from go-landlock
//
// This package reads like version 0.11 of github.com/landlock-lsm/go-landlock,
// and means the same, but it restricts no process. For the
// Restrict methods there is Ruleset, with OnlyPaths, OnlyNet and OnlyScoped to
// choose. Where nothing can be enforced, that is an error. The
// methods for logging are missing, because they do not concern a ruleset.
package landlock

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"

	ll "golandlock/misc/landlock/syscall"
)

// A Config says what a sandbox handles, that is, denies where no rule allows
// it. Start from V1 to V11 or from NewConfig.
type Config struct {
	HandledAccessFS  AccessFSSet
	HandledAccessNet AccessNetSet
	Scoped           ScopedSet // for these, there are no rules

	quietAll   bool
	bestEffort bool
}

// Configs that handle all that a Landlock ABI version can.
//
// A program that goes from one version to the next finds more denied:
//
//   - V2 can grant to rename and link files from one directory to another,
//     which Landlock otherwise always denies, see [FSRule.WithRefer].
//   - V3 denies to truncate files. RWFiles and RWDirs grant it.
//   - V4 denies to bind and connect TCP sockets.
//   - V5 denies ioctl(2) on devices, see [FSRule.WithIoctlDev].
//   - V6 denies to reach processes outside by signals and abstract Unix sockets.
//   - V9 denies to connect to Unix sockets by their paths, see [FSRule.WithResolveUnix].
//   - V10 denies to bind UDP sockets, to connect them and to send from them.
//
// V7, V8 and V11 handle the same as the version before.
var (
	V1  = versions[1]  // Linux 5.13
	V2  = versions[2]  // Linux 5.19
	V3  = versions[3]  // Linux 6.2
	V4  = versions[4]  // Linux 6.7
	V5  = versions[5]  // Linux 6.10
	V6  = versions[6]  // Linux 6.12
	V7  = versions[7]  // Linux 6.15
	V8  = versions[8]  // Linux 7.0
	V9  = versions[9]  // Linux 7.1
	V10 = versions[10] // Linux 7.2
	V11 = versions[11] // Linux 7.3
)

// versions is what each Landlock ABI version can handle,
// 0 being a kernel without Landlock.
var versions = [...]Config{
	0:  {},
	1:  {HandledAccessFS: 1<<13 - 1},
	2:  {HandledAccessFS: 1<<14 - 1},
	3:  {HandledAccessFS: 1<<15 - 1},
	4:  {HandledAccessFS: 1<<15 - 1, HandledAccessNet: 1<<2 - 1},
	5:  {HandledAccessFS: 1<<16 - 1, HandledAccessNet: 1<<2 - 1},
	6:  {HandledAccessFS: 1<<16 - 1, HandledAccessNet: 1<<2 - 1, Scoped: 1<<2 - 1},
	7:  {HandledAccessFS: 1<<16 - 1, HandledAccessNet: 1<<2 - 1, Scoped: 1<<2 - 1},
	8:  {HandledAccessFS: 1<<16 - 1, HandledAccessNet: 1<<2 - 1, Scoped: 1<<2 - 1},
	9:  {HandledAccessFS: 1<<17 - 1, HandledAccessNet: 1<<2 - 1, Scoped: 1<<2 - 1},
	10: {HandledAccessFS: 1<<17 - 1, HandledAccessNet: 1<<4 - 1, Scoped: 1<<2 - 1},
	11: {HandledAccessFS: 1<<17 - 1, HandledAccessNet: 1<<4 - 1, Scoped: 1<<2 - 1},
}

const (
	newest   = len(versions) - 1
	quietABI = 10 // the first that can quiet
)

// NewConfig returns a config that handles the rights in args,
// of which each is an AccessFSSet, an AccessNetSet or a ScopedSet, at most
// one of each type. Their constants are in package golandlock/misc/landlock/syscall.
func NewConfig(args ...any) (*Config, error) {
	var c Config
	for _, arg := range args {
		var twice bool
		switch arg := arg.(type) {
		case AccessFSSet:
			twice = c.HandledAccessFS != 0
			c.HandledAccessFS = arg
		case AccessNetSet:
			twice = c.HandledAccessNet != 0
			c.HandledAccessNet = arg
		case ScopedSet:
			twice = c.Scoped != 0
			c.Scoped = arg
		default:
			return nil, fmt.Errorf("landlock: config from a %T: give AccessFSSet, AccessNetSet and ScopedSet", arg)
		}
		if twice {
			return nil, fmt.Errorf("landlock: config from two arguments of type %T: combine them with |", arg)
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return &c, nil
}

// MustConfig is like NewConfig but panics if there is an error.
func MustConfig(args ...any) Config {
	c, err := NewConfig(args...)
	if err != nil {
		panic(err)
	}
	return *c
}

// check returns an error if c has rights that this package does not know.
func (c Config) check() error {
	if u := c.without(versions[newest]); !u.empty() {
		return fmt.Errorf("landlock: unknown rights in the config:%s; this package knows those of V%d: %w", u.rights(), newest, syscall.EINVAL)
	}
	return nil
}

// BestEffort returns a config that does without what the kernel cannot handle.
// What that leaves is told by [Config.Enforceable].
// It never does without everything: that is an error.
func (c Config) BestEffort() Config {
	c.bestEffort = true
	return c
}

// QuietAll returns a config that keeps denials out of the audit log: those that
// concern files of [QuietPaths] and ports of [QuietPorts],
// and all that concern scopes. They are denied all the same.
//
// It needs Landlock ABI 10, which BestEffort does without.
func (c Config) QuietAll() Config {
	c.quietAll = true
	return c
}

// OnlyPaths returns a config that handles the filesystem rights of c only.
func (c Config) OnlyPaths() Config {
	c.HandledAccessNet, c.Scoped = 0, 0
	return c
}

// OnlyNet returns a config that handles the network rights of c only.
func (c Config) OnlyNet() Config {
	c.HandledAccessFS, c.Scoped = 0, 0
	return c
}

// OnlyScoped returns a config that handles the scopes of c only.
func (c Config) OnlyScoped() Config {
	c.HandledAccessFS, c.HandledAccessNet = 0, 0
	return c
}

// String returns a description of c with the first Landlock ABI version that
// can handle it and the names of the rights.
func (c Config) String() string {
	s := "V?"
	if abi := c.abi(); abi >= 0 {
		s = fmt.Sprintf("V%d", abi)
	}
	s += c.rights()
	if c.quietAll {
		s += " quiet"
	}
	if c.bestEffort {
		s += " best-effort"
	}
	return s
}

// rights returns the names of the rights in c, each kind after a space.
func (c Config) rights() string {
	var s string
	if c.HandledAccessFS != 0 {
		s += " fs=" + c.HandledAccessFS.String()
	}
	if c.HandledAccessNet != 0 {
		s += " net=" + c.HandledAccessNet.String()
	}
	if c.Scoped != 0 {
		s += " scoped=" + c.Scoped.String()
	}
	if s == "" {
		s = " nothing"
	}
	return s
}

// abi returns the first Landlock ABI version that can handle c, -1 if none can.
func (c Config) abi() int {
	for abi, v := range versions {
		if c.without(v).empty() && (!c.quietAll || abi >= quietABI) {
			return abi
		}
	}
	return -1
}

// without returns a config of the rights in c that are not in d.
func (c Config) without(d Config) Config {
	return Config{
		HandledAccessFS:  c.HandledAccessFS &^ d.HandledAccessFS,
		HandledAccessNet: c.HandledAccessNet &^ d.HandledAccessNet,
		Scoped:           c.Scoped &^ d.Scoped,
	}
}

// empty reports whether c handles nothing.
func (c Config) empty() bool {
	return c.HandledAccessFS == 0 && c.HandledAccessNet == 0 && c.Scoped == 0
}

// A kernel is what a kernel can do.
type kernel struct {
	abi   int   // the Landlock ABI version to use, 0 without Landlock
	buggy bool  // the kernel's version is higher, but its scopes are faulty
	err   error // why there is no Landlock
}

// thisKernel asks the kernel what it can do.
func thisKernel() kernel {
	abi, err := ll.LandlockGetABIVersion()
	if err != nil {
		return newKernel(0, 0, err)
	}
	errata, err := ll.LandlockGetErrata()
	if err != nil {
		errata = 0 // it cannot tell
	}
	return newKernel(abi, errata, nil)
}

// newKernel returns the kernel that gives these answers.
func newKernel(abi, errata int, err error) kernel {
	// Erratum 2: a thread of a sandboxed process
	// may not signal another one of the same process.
	const signalScope = 1 << 1
	switch {
	case err != nil:
		return kernel{err: err}
	case abi > 5 && errata&signalScope == 0:
		return kernel{abi: 5, buggy: true}
	}
	return kernel{abi: min(abi, newest)}
}

// unsupported returns an error that says what the kernel lacks,
// with what to do about it if it has Landlock.
func (k kernel) unsupported(lack, advice string) error {
	switch {
	case k.err == nil && k.buggy:
		return fmt.Errorf("landlock: the scopes of this kernel are faulty (erratum 2), so that its Landlock counts as ABI %d and %s; update the kernel, or %s: %w", k.abi, lack, advice, errors.ErrUnsupported)
	case k.err == nil:
		return fmt.Errorf("landlock: this kernel has Landlock ABI %d and %s; %s: %w", k.abi, lack, advice, errors.ErrUnsupported)
	case errors.Is(k.err, errNotEnabled):
		return fmt.Errorf("landlock: Landlock is disabled on this kernel; add landlock to the boot parameter lsm=: %w", k.err)
	case errors.Is(k.err, errors.ErrUnsupported):
		return fmt.Errorf("landlock: this kernel has no Landlock; use Linux 5.13 or later, and in a container a seccomp profile that permits it: %w", k.err)
	}
	// Such as the EPERM of a seccomp filter.
	return fmt.Errorf("landlock: cannot use Landlock here: %w (%w)", k.err, errors.ErrUnsupported)
}

// Enforceable returns what a ruleset of c with these rules would handle on this
// kernel, without making one. The rights that c has and the result has not
// are those that BestEffort does without. The error is one that
// [Config.Ruleset] would return too; whether the paths exist is not looked at.
//
// V11.BestEffort().Enforceable() is all that the kernel can handle.
func (c Config) Enforceable(rules ...Rule) (Config, error) {
	return c.enforceable(thisKernel(), rules)
}

func (c Config) enforceable(k kernel, rules []Rule) (Config, error) {
	if runtime.GOOS != "linux" {
		return Config{}, fmt.Errorf("landlock: there is none on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	if err := c.check(); err != nil {
		return Config{}, err
	}
	// First hold the rules against the config as it was written,
	// so that mistakes show on every kernel.
	for _, r := range rules {
		if err := checkRule(r, c); err != nil {
			return Config{}, err
		}
	}
	if c.empty() {
		return Config{}, fmt.Errorf("landlock: the config handles nothing: %w", errors.ErrUnsupported)
	}
	lacks := c.without(versions[k.abi])
	if !c.bestEffort {
		if !lacks.empty() {
			return Config{}, k.unsupported("cannot handle"+lacks.rights(), "use BestEffort to do without")
		}
		if c.quietAll && k.abi < quietABI {
			return Config{}, k.unsupported("cannot do QuietAll", "use BestEffort to do without")
		}
		return c, nil
	}
	d := c.without(lacks)
	d.bestEffort = true
	d.quietAll = c.quietAll && k.abi >= quietABI
	if d.empty() {
		return Config{}, k.unsupported("can handle nothing of"+c.rights(), "use a later one")
	}
	// A sandbox that does not handle refer denies it everywhere.
	// A rule that grants it can be kept by no sandbox but none.
	if d.HandledAccessFS&ll.AccessFSRefer == 0 {
		for _, r := range rules {
			if r.grantsRefer() {
				return Config{}, k.unsupported(fmt.Sprintf("cannot grant refer, as %v does", r), "use a later one or no WithRefer")
			}
		}
	}
	return d, nil
}

// Ruleset returns the file descriptor of a new Landlock ruleset. What c handles
// is denied, but for what the rules grant.
//
// The descriptor belongs to the caller, who may use it for any number of
// children and then closes it. It is close-on-exec.
//
// The error is [errors.ErrUnsupported] if the kernel cannot do what c asks for,
// or, with BestEffort, nothing of it. Whether to go on without a
// sandbox is for the caller to decide.
// It is EINVAL if a rule does not fit c or the file that it is about.
func (c Config) Ruleset(rules ...Rule) (fd int, err error) {
	return c.ruleset(thisKernel(), rules)
}

func (c Config) ruleset(k kernel, rules []Rule) (fd int, err error) {
	c, err = c.enforceable(k, rules)
	if err != nil {
		return -1, err
	}
	attr := ll.RulesetAttr{
		HandledAccessFS:  uint64(c.HandledAccessFS),
		HandledAccessNet: uint64(c.HandledAccessNet),
		Scoped:           uint64(c.Scoped),
	}
	if c.quietAll {
		attr.QuietAccessFS = attr.HandledAccessFS
		attr.QuietAccessNet = attr.HandledAccessNet
		attr.QuietScoped = attr.Scoped
	}
	fd, err = ll.LandlockCreateRuleset(&attr, 0)
	if err != nil {
		return -1, fmt.Errorf("landlock: landlock_create_ruleset for %v: %w", c, err)
	}
	for _, r := range rules {
		if err := r.add(fd, c); err != nil {
			closeFD(fd)
			return -1, fmt.Errorf("landlock: %w", err)
		}
	}
	return fd, nil
}
