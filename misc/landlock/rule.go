// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package landlock

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	ll "golandlock/misc/landlock/syscall"
)

// A Rule is an exception from what a [Config] denies.
type Rule interface {
	// String returns the rule much as it is written in Go.
	String() string

	// check returns an error if the rule does not fit c as it was written.
	check(c Config) error

	// grantsRefer reports whether the rule grants refer.
	grantsRefer() bool

	// add adds the rule to a ruleset of c, as far as c handles its rights.
	add(ruleset int, c Config) error
}

// checkRule is r.check(c), for rules that may be nil.
func checkRule(r Rule, c Config) error {
	if r == nil {
		return fmt.Errorf("landlock: a rule is nil: %w", syscall.EINVAL)
	}
	if err := r.check(c); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return nil
}

// What the helpers grant, and what the kernel lets rules for files grant.
const (
	accessFile AccessFSSet = ll.AccessFSExecute | ll.AccessFSWriteFile | ll.AccessFSReadFile | ll.AccessFSTruncate |
		ll.AccessFSIoctlDev | ll.AccessFSResolveUnix

	accessRODirs  AccessFSSet = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir
	accessROFiles             = accessRODirs & accessFile
	accessRWDirs  AccessFSSet = 1<<13 - 1 | ll.AccessFSTruncate
	accessRWFiles             = accessRWDirs & accessFile
)

// An FSRule is a [Rule] that grants rights on files, and on directories
// and all beneath them.
type FSRule struct {
	name          string // of the function that made it
	access        AccessFSSet
	paths         []string
	ignoreMissing bool
}

func newFSRule(name string, access AccessFSSet, paths []string) FSRule {
	return FSRule{name: name, access: access, paths: slices.Clone(paths)}
}

// ROFiles grants to read and to execute files.
func ROFiles(paths ...string) FSRule {
	return newFSRule("ROFiles", accessROFiles, paths)
}

// RODirs grants what ROFiles does, and to list directories.
func RODirs(paths ...string) FSRule {
	return newFSRule("RODirs", accessRODirs, paths)
}

// RWFiles grants to read, execute, write and truncate files.
func RWFiles(paths ...string) FSRule {
	return newFSRule("RWFiles", accessRWFiles, paths)
}

// RWDirs grants what RWFiles does, to list directories, and to create and
// remove files and directories of all kinds. It does not grant to move them
// to another directory, see [FSRule.WithRefer], nor what [FSRule.WithIoctlDev]
// and [FSRule.WithResolveUnix] are for.
func RWDirs(paths ...string) FSRule {
	return newFSRule("RWDirs", accessRWDirs, paths)
}

// pathAccess is the name of the rules whose rights the config must handle.
// The others grant rights that a config may not know of.
const pathAccess = "PathAccess"

// PathAccess grants the given rights, all of which the config must handle.
// They are constants of package golandlock/misc/landlock/syscall.
func PathAccess(accessFS AccessFSSet, paths ...string) FSRule {
	return newFSRule(pathAccess, accessFS, paths)
}

// WithRefer returns a rule that also grants to rename and link files from one
// directory to another. Both need it, and the file may gain no rights by it.
//
// A kernel before ABI 2 cannot grant this, and denies it to every sandbox.
// There, the ruleset cannot be made, even with [Config.BestEffort].
func (r FSRule) WithRefer() FSRule {
	r.access |= ll.AccessFSRefer
	return r
}

// WithIoctlDev returns a rule that also grants ioctl(2) on devices.
func (r FSRule) WithIoctlDev() FSRule {
	r.access |= ll.AccessFSIoctlDev
	return r
}

// WithResolveUnix returns a rule that also grants to connect, or to send,
// to Unix sockets of processes outside of the sandbox by their paths.
func (r FSRule) WithResolveUnix() FSRule {
	r.access |= ll.AccessFSResolveUnix
	return r
}

// IgnoreIfMissing returns a rule without the paths that do not exist when the
// ruleset is made. Without this, they are an error.
func (r FSRule) IgnoreIfMissing() FSRule {
	r.ignoreMissing = true
	return r
}

func (r FSRule) String() string {
	if r.name == "" {
		return "FSRule{}"
	}
	var args []string
	asked := r.access // by methods, not by the name
	if r.name == pathAccess {
		args = append(args, r.access.String())
		asked = 0
	}
	s := call(r.name, append(args, quoteAll(r.paths)...))
	for _, with := range []struct {
		access AccessFSSet
		name   string
	}{
		{ll.AccessFSRefer, "WithRefer"},
		{ll.AccessFSIoctlDev, "WithIoctlDev"},
		{ll.AccessFSResolveUnix, "WithResolveUnix"},
	} {
		if asked&with.access != 0 {
			s += "." + with.name + "()"
		}
	}
	if r.ignoreMissing {
		s += ".IgnoreIfMissing()"
	}
	return s
}

// call returns the call of a function.
func call(name string, args []string) string {
	return name + "(" + strings.Join(args, ", ") + ")"
}

func quoteAll(paths []string) []string {
	var list []string
	for _, p := range paths {
		list = append(list, fmt.Sprintf("%q", p))
	}
	return list
}

func (r FSRule) check(c Config) error {
	must := r.access
	if r.name != pathAccess {
		must &= ll.AccessFSRefer // it could not be left out unnoticed
	}
	return misfit(r, Config{HandledAccessFS: must}, c)
}

// misfit returns an error if the config has does not handle what r needs.
func misfit(r Rule, needs, has Config) error {
	lacks := needs.without(has)
	if lacks.empty() {
		return nil
	}
	advice := "this package does not know it"
	if abi := lacks.abi(); abi >= 0 {
		advice = fmt.Sprintf("add it to the config (V%d has it) or take it out of the rule", abi)
	}
	return fmt.Errorf("%v: the config does not handle%s; %s: %w", r, lacks.rights(), advice, syscall.EINVAL)
}

func (r FSRule) grantsRefer() bool {
	return r.access&ll.AccessFSRefer != 0
}

func (r FSRule) add(ruleset int, c Config) error {
	access := r.access & c.HandledAccessFS
	if access == 0 {
		return nil // the kernel refuses such rules
	}
	for _, path := range r.paths {
		isDir, err := addPath(ruleset, path, access, 0)
		if err == nil || r.ignoreMissing && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		one := r
		one.paths = []string{path}
		return one.explain(access, isDir, err)
	}
	return nil
}

// explain adds to an error of addPath which rule it concerns, and what to do.
func (r FSRule) explain(access AccessFSSet, isDir bool, err error) error {
	forDirs := access &^ accessFile
	if !errors.Is(err, syscall.EINVAL) || isDir || forDirs == 0 {
		return fmt.Errorf("%v, granting %v: %w", r, access, err)
	}
	advice := "take these out"
	switch r.name {
	case "RODirs":
		advice = "use ROFiles"
	case "RWDirs":
		advice = "use RWFiles"
	case "ROFiles", "RWFiles":
		advice = "use " + r.name // with WithRefer, they have directory rights too
	}
	if r.name != pathAccess && r.grantsRefer() {
		advice += ", without WithRefer"
	}
	return fmt.Errorf("%v, granting %v: directory rights %v on a file: %s: %w", r, access, forDirs, advice, err)
}

// A QuietFSRule is a [Rule] that grants nothing, but keeps denials
// out of the audit log.
type QuietFSRule struct {
	paths         []string
	ignoreMissing bool
}

// QuietPaths keeps denials that concern files, or directories and all beneath
// them, out of the audit log. It needs a config with [Config.QuietAll].
func QuietPaths(paths ...string) QuietFSRule {
	return QuietFSRule{paths: slices.Clone(paths)}
}

// IgnoreIfMissing is like [FSRule.IgnoreIfMissing].
func (r QuietFSRule) IgnoreIfMissing() QuietFSRule {
	r.ignoreMissing = true
	return r
}

func (r QuietFSRule) String() string {
	s := call("QuietPaths", quoteAll(r.paths))
	if r.ignoreMissing {
		s += ".IgnoreIfMissing()"
	}
	return s
}

func (r QuietFSRule) check(c Config) error { return checkQuiet(r, c) }

func checkQuiet(r Rule, c Config) error {
	if !c.quietAll {
		return fmt.Errorf("%v: the config is not one of QuietAll: %w", r, syscall.EINVAL)
	}
	return nil
}

func (r QuietFSRule) grantsRefer() bool { return false }

func (r QuietFSRule) add(ruleset int, c Config) error {
	if !c.quietAll || c.HandledAccessFS == 0 {
		return nil // the kernel refuses such rules
	}
	for _, path := range r.paths {
		_, err := addPath(ruleset, path, 0, ll.FlagAddRuleQuiet)
		if err == nil || r.ignoreMissing && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		one := r
		one.paths = []string{path}
		return fmt.Errorf("%v: %w", one, err)
	}
	return nil
}

// A NetRule is a [Rule] that grants a right on a port.
type NetRule struct {
	access AccessNetSet
	port   uint16
}

// BindTCP grants to bind a TCP socket to a port, as net.Listen does, unless
// it makes a Multipath TCP socket, as it does by default since Go 1.24.
// Landlock does not restrict these.
func BindTCP(port uint16) NetRule {
	return NetRule{ll.AccessNetBindTCP, port}
}

// ConnectTCP grants to connect a TCP socket to a port.
func ConnectTCP(port uint16) NetRule {
	return NetRule{ll.AccessNetConnectTCP, port}
}

// BindUDP grants to bind a UDP socket to a port. Port 0 stands for any that
// the kernel chooses, as it does for a socket that sends without being bound.
func BindUDP(port uint16) NetRule {
	return NetRule{ll.AccessNetBindUDP, port}
}

// ConnectSendUDP grants to connect a UDP socket to a port, and to send to it.
// If the config handles binding too, as V10 does, the socket also
// needs a [BindUDP], such as BindUDP(0).
func ConnectSendUDP(port uint16) NetRule {
	return NetRule{ll.AccessNetConnectSendUDP, port}
}

func (r NetRule) String() string {
	name := "NetRule" // the zero value
	switch r.access {
	case ll.AccessNetBindTCP:
		name = "BindTCP"
	case ll.AccessNetConnectTCP:
		name = "ConnectTCP"
	case ll.AccessNetBindUDP:
		name = "BindUDP"
	case ll.AccessNetConnectSendUDP:
		name = "ConnectSendUDP"
	}
	return fmt.Sprintf("%s(%d)", name, r.port)
}

func (r NetRule) check(c Config) error {
	return misfit(r, Config{HandledAccessNet: r.access}, c)
}

func (r NetRule) grantsRefer() bool { return false }

func (r NetRule) add(ruleset int, c Config) error {
	access := r.access & c.HandledAccessNet
	if access == 0 {
		return nil // the kernel refuses such rules
	}
	return addPort(r, ruleset, access, r.port, 0)
}

func addPort(r Rule, ruleset int, access AccessNetSet, port uint16, flags int) error {
	attr := ll.NetPortAttr{AllowedAccess: uint64(access), Port: uint64(port)}
	if err := ll.LandlockAddNetPortRule(ruleset, &attr, flags); err != nil {
		return fmt.Errorf("%v: landlock_add_rule for port %d: %w", r, port, err)
	}
	return nil
}

// A QuietNetRule is a [Rule] that grants nothing, but keeps denials
// out of the audit log.
type QuietNetRule struct {
	ports []uint16
}

// QuietPorts keeps denials that concern ports out of the audit log.
// It needs a config with [Config.QuietAll].
func QuietPorts(ports ...uint16) QuietNetRule {
	return QuietNetRule{slices.Clone(ports)}
}

func (r QuietNetRule) String() string {
	var args []string
	for _, p := range r.ports {
		args = append(args, fmt.Sprint(p))
	}
	return call("QuietPorts", args)
}

func (r QuietNetRule) check(c Config) error { return checkQuiet(r, c) }

func (r QuietNetRule) grantsRefer() bool { return false }

func (r QuietNetRule) add(ruleset int, c Config) error {
	if !c.quietAll || c.HandledAccessNet == 0 {
		return nil // the kernel refuses such rules
	}
	for _, port := range r.ports {
		if err := addPort(r, ruleset, 0, port, ll.FlagAddRuleQuiet); err != nil {
			return err
		}
	}
	return nil
}

// CompositeRule returns a rule that stands for several.
func CompositeRule(rules ...Rule) Rule {
	return compositeRule(slices.Clone(rules))
}

type compositeRule []Rule

func (r compositeRule) String() string {
	var args []string
	for _, rule := range r {
		args = append(args, fmt.Sprint(rule))
	}
	return call("CompositeRule", args)
}

func (r compositeRule) check(c Config) error {
	for _, rule := range r {
		if rule == nil {
			return fmt.Errorf("%v: a rule is nil: %w", r, syscall.EINVAL)
		}
		if err := rule.check(c); err != nil {
			return err
		}
	}
	return nil
}

func (r compositeRule) grantsRefer() bool {
	return slices.ContainsFunc(r, Rule.grantsRefer)
}

func (r compositeRule) add(ruleset int, c Config) error {
	for _, rule := range r {
		if err := rule.add(ruleset, c); err != nil {
			return err
		}
	}
	return nil
}
