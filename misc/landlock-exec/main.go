// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Landlock-exec runs a command in a Landlock sandbox.
//
// Usage:
//
//	landlock-exec [flags] -- command [arguments]
//
// Run "landlock-exec -help" for the flags. They are those of go-landlock's
// landlock-restrict, and further ones. For example,
//
//	landlock-exec -ro /usr -rw /tmp -- sh
//
// runs a shell that can execute and read what is in /usr, change
// what is in /tmp, and use no other file.
//
// Landlock-exec itself stays outside of the sandbox. It waits for the command,
// passes signals on to it, and exits with its status.
//
// It has to be built with a Go that has the Landlock patch set, and refuses to run
// commands otherwise:
//
//	go build -overlay=$(landlock-ci overlay) ./misc/landlock-exec
//
// # Policies
//
// With -policy, the sandbox is what a file says, in the JSON format of
// landlockconfig (https://github.com/landlock-lsm/landlockconfig):
//
//	{
//		"abi": 5,
//		"ruleset": [
//			{"handledAccessFs": ["abi.all"], "handledAccessNet": ["bind_tcp"]}
//		],
//		"pathBeneath": [
//			{"allowedAccess": ["abi.read_execute"], "parent": ["/usr", "/lib", "."]},
//			{"allowedAccess": ["read_file", "write_file"], "parent": ["/dev/null"]}
//		],
//		"netPort": [
//			{"allowedAccess": ["bind_tcp"], "port": [8080]}
//		]
//	}
//
// What ruleset lists is denied, and so is what the rules grant,
// but where they grant it. The rights are those of [landlock_create_ruleset(2)],
// in lower case and without LANDLOCK_ACCESS_FS_ and so on. There are groups of those that
// the ABI version abi has:
//
//	abi.all           all of them; also for the network and scopes
//	abi.read_execute  execute, read_file, read_dir, refer
//	abi.read_write    all but execute
//
// Note that abi.read_write does not grant to execute, as -rw does, and that all
// groups have refer, which -ro and -rw have not. An abi beyond
// the newest that is known stands for that one.
//
// As in landlockconfig, a parent that does not exist is left out, a
// file gets those of the rights that files can have, and $$ stands for $. Unlike there,
// paths are relative to the directory of the file (or, if that is
// standard input, to the working directory), and a parent that cannot be
// looked at is an error. Variables are not supported.
// What a policy may not have, such as unknown keys, null, keys that are
// there twice, empty arrays and ports beyond 65535, is reported with file and line,
// and nothing is run.
//
// [landlock_create_ruleset(2)]: https://man7.org/linux/man-pages/man2/landlock_create_ruleset.2.html
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"golandlock/misc/landlock"
	ll "golandlock/misc/landlock/syscall"
)

// Exit statuses, as env(1) has them.
const (
	exitError    = 125 // an error of landlock-exec's own
	exitNoExec   = 126 // the command cannot be executed
	exitNotFound = 127 // there is no such command
)

const help = `usage: landlock-exec [flags] -- command [arguments]

Landlock-exec runs a command in a Landlock sandbox, and exits with its status.
There must be flags that say what is restricted: files, the network or scopes.

Files, none of which can be used but these:
  -ro PATH...       read and execute files in these directories
  -rw PATH...       also write, create and remove them
  -rofiles PATH...  read and execute these files
  -rwfiles PATH...  also write these files
Among the paths of a flag may be words for further rights:
  +refer            rename and link files from one directory to another
  +ioctl_dev        ioctl(2) on devices, such as terminals
  +resolve_unix     connect to Unix sockets

The network, of which nothing can be used but these; without PORT, nothing:
  -bind-tcp PORT...     -connect-tcp PORT...
  -bind-udp PORT...     -connect-udp PORT...  (0 to bind is any port that is free)

  -scoped           no signals and abstract Unix sockets to processes outside

Instead of all these:
  -policy FILE      do what FILE says, in the JSON format of landlockconfig;
                    - is standard input
  -features         print what this kernel can restrict, as JSON; run nothing

Further flags:
  -1 ... -11        restrict what this Landlock ABI version can (default -11)
  -strict           fail if the kernel cannot do all of it
  -l                have the kernel's audit log tell what is denied to the command
  -v                say on standard error what is restricted, and what is not

Unless -strict is given, landlock-exec does without what the kernel cannot restrict,
and fails if that is everything. The command gets descriptors 0 to 2 only.

The exit status is that of the command, 128+n if signal n ended it, 127 if
it is not found, 126 if it cannot be executed, and 125 after other errors.
`

// configs are the configs of the Landlock ABI versions.
var configs = []landlock.Config{
	{}, landlock.V1, landlock.V2, landlock.V3, landlock.V4, landlock.V5, landlock.V6,
	landlock.V7, landlock.V8, landlock.V9, landlock.V10, landlock.V11,
}

// options is what the command line says.
type options struct {
	help, features, strict, log, verbose bool

	policyFile string
	sandbox    sandbox
	command    []string
}

// A sandbox is what the command is run in.
type sandbox struct {
	config landlock.Config
	rules  []landlock.Rule
	paths  []pathRule // what of rules is about files, for error messages

	fromPolicy bool     // and not from flags
	notes      []string // what -v has to say
}

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) (status int) {
	opts, err := parseArgs(args)
	if err == nil && opts.help {
		fmt.Print(help)
		return 0
	}
	if err == nil && opts.features {
		err = printFeatures(os.Stdout)
		if err == nil {
			return 0
		}
	}
	if err == nil {
		status, err = opts.run()
	}
	if err == nil {
		return status
	}
	fmt.Fprintf(os.Stderr, "landlock-exec: %v\n", err)
	var se *statusError
	if errors.As(err, &se) {
		return se.status
	}
	return exitError
}

// A statusError is an error that decides the exit status.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// parseArgs parses the command line.
// It does so as landlock-restrict does, which package flag cannot:
// a flag's list ends with the next word that begins with a dash.
func parseArgs(args []string) (*options, error) {
	opts := new(options)
	abi := len(configs) - 1
	var abiFlag, sandboxFlag string // the last of such flags
	var files, net, scoped bool     // what is restricted
	list := func() []string {
		n := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") })
		if n < 0 {
			n = len(args)
		}
		l := args[:n]
		args = args[n:]
		return l
	}
	s := &opts.sandbox
	for {
		if len(args) == 0 {
			if opts.features {
				break
			}
			return nil, errors.New(`no command; write it after --, or see "landlock-exec -help"`)
		}
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			opts.command = args
			break
		}
		name := arg
		if strings.HasPrefix(arg, "--") {
			name = arg[1:]
		}
		switch name {
		case "-h", "-help":
			return &options{help: true}, nil
		case "-features":
			opts.features = true
		case "-strict":
			opts.strict = true
		case "-l":
			opts.log = true
		case "-v":
			opts.verbose = true
		case "-policy":
			if len(args) == 0 {
				return nil, errors.New("-policy: which file?")
			}
			if opts.policyFile != "" {
				return nil, errors.New("-policy is given twice; write one policy")
			}
			opts.policyFile = args[0]
			args = args[1:]
		case "-ro", "-rw", "-rofiles", "-rwfiles":
			files = true
			sandboxFlag = name
			if err := s.addPaths(name, list()); err != nil {
				return nil, err
			}
		case "-bind-tcp", "-connect-tcp", "-bind-udp", "-connect-udp":
			net = true
			sandboxFlag = name
			if err := s.addPorts(name, list()); err != nil {
				return nil, err
			}
		case "-scoped":
			scoped = true
			sandboxFlag = name
		default:
			v, err := strconv.Atoi(strings.TrimPrefix(name, "-"))
			if err != nil || !strings.HasPrefix(name, "-") || v < 1 || v >= len(configs) || name != fmt.Sprintf("-%d", v) {
				return nil, fmt.Errorf(`%q is not one of the flags, and the command goes after --; see "landlock-exec -help"`, arg)
			}
			abi = v
			abiFlag = name
		}
	}
	if opts.features {
		if sandboxFlag != "" || opts.policyFile != "" || len(opts.command) > 0 {
			return nil, errors.New("-features runs nothing; give it alone")
		}
		return opts, nil
	}
	if len(opts.command) == 0 {
		return nil, errors.New(`no command after --; see "landlock-exec -help"`)
	}
	if opts.policyFile != "" {
		for _, name := range []string{sandboxFlag, abiFlag} {
			if name != "" {
				return nil, fmt.Errorf("-policy and %s exclude each other; write into the policy what is restricted", name)
			}
		}
		return opts, nil
	}

	if sandboxFlag == "" {
		return nil, errors.New(`nothing is restricted; give -ro, -rw, -rofiles, -rwfiles, -bind-tcp, -scoped or the like, or see "landlock-exec -help"`)
	}
	c := configs[abi]
	if !files {
		c.HandledAccessFS = 0
	}
	switch {
	case !net:
		c.HandledAccessNet = 0
	case c.HandledAccessNet == 0:
		return nil, fmt.Errorf("Landlock ABI version %d cannot restrict the network; use -4 or later", abi)
	}
	switch {
	case !scoped:
		c.Scoped = 0
	case c.Scoped == 0:
		return nil, fmt.Errorf("Landlock ABI version %d has no scopes; use -6 or later", abi)
	}
	s.config = c
	return opts, nil
}

// addPaths adds the rule of -ro and the like.
func (s *sandbox) addPaths(name string, list []string) error {
	var paths []string
	rule := map[string]func(...string) landlock.FSRule{
		"-ro": landlock.RODirs, "-rw": landlock.RWDirs, "-rofiles": landlock.ROFiles, "-rwfiles": landlock.RWFiles,
	}[name]
	var with []func(landlock.FSRule) landlock.FSRule
	for _, word := range list {
		switch {
		case word == "+refer":
			with = append(with, landlock.FSRule.WithRefer)
		case word == "+ioctl_dev":
			with = append(with, landlock.FSRule.WithIoctlDev)
		case word == "+resolve_unix":
			with = append(with, landlock.FSRule.WithResolveUnix)
		case strings.HasPrefix(word, "+"):
			return fmt.Errorf("%s: %q is not one of +refer, +ioctl_dev, +resolve_unix; if it is a file, write ./%s", name, word, word)
		case word == "":
			return fmt.Errorf("%s: a path is empty", name)
		default:
			paths = append(paths, word)
			// All the flags grant these.
			s.paths = append(s.paths, pathRule{ll.AccessFSExecute | ll.AccessFSReadFile, word})
		}
	}
	r := rule(paths...)
	for _, f := range with {
		r = f(r)
	}
	s.rules = append(s.rules, r)
	return nil
}

// addPorts adds the rules of -bind-tcp and the like.
func (s *sandbox) addPorts(name string, list []string) error {
	rule := map[string]func(uint16) landlock.NetRule{
		"-bind-tcp": landlock.BindTCP, "-connect-tcp": landlock.ConnectTCP, "-bind-udp": landlock.BindUDP, "-connect-udp": landlock.ConnectSendUDP,
	}[name]
	for _, word := range list {
		port, err := strconv.ParseUint(word, 10, 16)
		if err != nil {
			return fmt.Errorf("%s: %q is not a port from 0 to 65535; the command goes after --", name, word)
		}
		s.rules = append(s.rules, rule(uint16(port)))
	}
	return nil
}

// sandbox returns the sandbox for p.
func (p *policy) sandbox() (*sandbox, error) {
	s := &sandbox{config: p.config, fromPolicy: true}
	for _, r := range p.paths {
		fi, err := os.Stat(r.path)
		if errors.Is(err, fs.ErrNotExist) {
			s.notes = append(s.notes, fmt.Sprintf("%s does not exist and is left out", r.path))
			continue
		}
		if err != nil {
			return nil, err
		}
		if !fi.IsDir() {
			// The kernel refuses rights of directories for a file.
			r.access &= ll.AccessFSExecute | ll.AccessFSWriteFile | ll.AccessFSReadFile | ll.AccessFSTruncate | ll.AccessFSIoctlDev | ll.AccessFSResolveUnix
		}
		if r.access == 0 {
			continue // the kernel refuses rules that grant nothing
		}
		s.rules = append(s.rules, landlock.PathAccess(r.access, r.path))
		s.paths = append(s.paths, r)
	}
	for _, r := range p.ports {
		for _, right := range []struct {
			access landlock.AccessNetSet
			rule   func(uint16) landlock.NetRule
		}{
			{ll.AccessNetBindTCP, landlock.BindTCP},
			{ll.AccessNetConnectTCP, landlock.ConnectTCP},
			{ll.AccessNetBindUDP, landlock.BindUDP},
			{ll.AccessNetConnectSendUDP, landlock.ConnectSendUDP},
		} {
			if r.access&right.access != 0 {
				s.rules = append(s.rules, right.rule(r.port))
			}
		}
	}
	return s, nil
}

// run runs the command and returns its exit status.
func (opts *options) run() (status int, err error) {
	if err := checkBuild(); err != nil {
		return 0, err
	}
	s := &opts.sandbox
	if opts.policyFile != "" {
		p, err := loadPolicy(opts.policyFile)
		if err != nil {
			return 0, err
		}
		if s, err = p.sandbox(); err != nil {
			return 0, err
		}
	}
	if !opts.strict {
		s.config = s.config.BestEffort()
	}
	got, err := s.config.Enforceable(s.rules...)
	if err != nil {
		return 0, trimError(err)
	}
	flags := uint32(0)
	if opts.log {
		abi, err := ll.LandlockGetABIVersion()
		switch {
		case err != nil:
			return 0, err
		case abi >= 7:
			flags = ll.FlagRestrictSelfLogNewExecOn
		case opts.strict:
			return 0, fmt.Errorf("-l needs Landlock ABI version 7 (Linux 6.15), and this kernel has %d", abi)
		default:
			s.notes = append(s.notes, "NOT logged, because this kernel cannot")
		}
	}
	if opts.verbose {
		s.explain(os.Stderr, got)
	}

	path, err := exec.LookPath(opts.command[0])
	if err != nil {
		status := exitNoExec
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			status = exitNotFound
		}
		return 0, &statusError{status, err}
	}
	ruleset, err := s.config.Ruleset(s.rules...)
	if err != nil {
		return 0, trimError(err)
	}
	status, err = supervise(path, opts.command, ruleset, flags)
	var start *startError
	if errors.As(err, &start) {
		err = s.explainStart(path, got, start.err)
	}
	return status, err
}

// trimError returns err without the name of its package.
func trimError(err error) error {
	if msg, ok := strings.CutPrefix(err.Error(), "landlock: "); ok {
		return errors.New(msg)
	}
	return err
}

// A startError is why the program could not be started.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// explain writes what of s is enforced.
func (s *sandbox) explain(w io.Writer, got landlock.Config) {
	for _, note := range s.notes {
		fmt.Fprintf(w, "landlock-exec: %s\n", note)
	}
	for _, r := range s.rules {
		fmt.Fprintf(w, "landlock-exec: rule %v\n", r)
	}
	fmt.Fprintf(w, "landlock-exec: restricted %v\n", got)
	lacks := landlock.Config{
		HandledAccessFS:  s.config.HandledAccessFS &^ got.HandledAccessFS,
		HandledAccessNet: s.config.HandledAccessNet &^ got.HandledAccessNet,
		Scoped:           s.config.Scoped &^ got.Scoped,
	}
	if lacks != (landlock.Config{}) {
		fmt.Fprintf(w, "landlock-exec: NOT restricted, because this kernel cannot: %v\n", lacks)
	}
}

// A featureSet is part of the output of -features. The names are those of policies.
type featureSet struct {
	AccessFS          []string `json:"accessFs"`
	AccessNet         []string `json:"accessNet"`
	Scoped            []string `json:"scoped"`
	RuleTypes         []string `json:"ruleTypes"`
	AddRuleFlags      []string `json:"addRuleFlags"`
	RestrictSelfFlags []string `json:"restrictSelfFlags"`
}

// printFeatures prints what this program knows and what the kernel can do.
func printFeatures(w io.Writer) error {
	if err := checkBuild(); err != nil {
		return err
	}
	abi, err := ll.LandlockGetABIVersion()
	var reason string
	if err != nil {
		abi, reason = 0, err.Error()
	}
	fixed, err := ll.LandlockGetErrata()
	if err != nil {
		fixed = 0
	}
	errata := []int{}
	for i := range 31 {
		if fixed&(1<<i) != 0 {
			errata = append(errata, i+1)
		}
	}
	newest := len(configs) - 1
	// If there is no Landlock, the config that comes with the error is empty.
	enforceable, _ := configs[newest].BestEffort().Enforceable()
	data, err := json.MarshalIndent(struct {
		Enabled     bool       `json:"enabled"`
		Reason      string     `json:"reason,omitempty"` // why not
		ABI         int        `json:"abi"`
		Errata      []int      `json:"errata"` // that are fixed
		KnownABI    int        `json:"knownAbi"`
		Known       featureSet `json:"known"`
		Enforceable featureSet `json:"enforceable"`
	}{
		reason == "", reason, abi, errata, newest,
		features(newest, configs[newest]), features(abi, enforceable),
	}, "", "\t")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}

// features returns the features of a Landlock ABI version that can handle c.
func features(abi int, c landlock.Config) featureSet {
	names := func(set fmt.Stringer) []string {
		return strings.FieldsFunc(set.String(), func(r rune) bool { return r == '{' || r == ',' || r == '}' })
	}
	since := func(abis []int, list ...string) []string {
		have := []string{}
		for i, name := range list {
			if abi >= abis[i] {
				have = append(have, name)
			}
		}
		return have
	}
	return featureSet{
		AccessFS:          names(c.HandledAccessFS),
		AccessNet:         names(c.HandledAccessNet),
		Scoped:            names(c.Scoped),
		RuleTypes:         since([]int{1, 4}, "path_beneath", "net_port"),
		AddRuleFlags:      since([]int{10}, "quiet"),
		RestrictSelfFlags: since([]int{7, 7, 7, 8, 11}, "log_same_exec_off", "log_new_exec_on", "log_subdomains_off", "tsync", "no_new_privs"),
	}
}
