// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Landlock-ci builds Go with the Landlock patch set and tests it.
//
// Usage:
//
//	landlock-ci command [flags] [arguments]
//
// Run "landlock-ci" for the list of commands
// and "landlock-ci command -h" for one command's flags.
//
// The exit status is 0 if all went well, 1 if the thing tested failed,
// 2 if the command line is wrong, and 3 if this machine cannot do it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// Exit statuses.
const (
	exitFailed = 1 // the thing tested failed
	exitUsage  = 2 // the command line is wrong
	exitUnable = 3 // this machine cannot do it
)

// A statusError is an error that decides the exit status.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return fmt.Sprint(e.err) }
func (e *statusError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &statusError{exitUsage, fmt.Errorf(format, args...)}
}

func unablef(format string, args ...any) error {
	return &statusError{exitUnable, fmt.Errorf(format, args...)}
}

// A command is one of landlock-ci's subcommands.
type command struct {
	name  string
	args  string // what follows the flags
	short string
	run   func(ctx context.Context, fs *flag.FlagSet, args []string) error
}

var commands []*command

func init() {
	commands = []*command{
		{"overlay", "", "write an overlay for go build -overlay and print its path", runOverlay},
		{"tree", "DIR", "write a patched copy of GOROOT to DIR", runTree},
		{"toolchain", "", "build and install a toolchain goX.Y.Z-landlock", runToolchain},
		{"refresh", "DIR", "write the changes made in the tree DIR back to the patch set", runRefresh},
		{"demo", "", "run git on a hostile repository, outside and inside a sandbox", runDemo},
		{"test", "", "test the patched Go on this machine", runTest},
		{"bases", "[versions or directories]", "tell to which releases of Go the patch set applies", runBases},
		{"patch", "DIR", "print the patch set as one diff for the source of a release in DIR", runPatch},
		{"cl", "", "put the patch set on a git checkout of Go, as a commit to send to Gerrit", runCL},
		{"vm", "[--] binary [arguments]", "run a static Linux binary on a kernel of its own under QEMU", runVM},
		{"kernel", "[patterns]", "build the kernels that Debian does not have, for vm and matrix", runKernel},
		{"bench", "[patterns]", "measure what starting a sandboxed child costs, beside the alternatives", runBench},
		{"matrix", "[patterns]", "run the Landlock tests on real kernels under QEMU", runMatrix},
	}
}

func main() {
	if guestMain != nil && os.Args[0] == guestInit {
		guestMain()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The second signal kills.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:]))
}

// run runs the command line args and returns the exit status.
func run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		usage(os.Stderr)
		return exitUsage
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		usage(os.Stdout)
		return 0
	}
	for _, cmd := range commands {
		if cmd.name != args[0] {
			continue
		}
		fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
		fs.SetOutput(io.Discard) // errors are printed below, in one line
		err := cmd.run(ctx, fs, args[1:])
		if errors.Is(err, flag.ErrHelp) {
			fmt.Printf("usage: landlock-ci %s [flags] %s\n\nTo %s.\n\n", cmd.name, cmd.args, cmd.short)
			fs.SetOutput(os.Stdout)
			fs.PrintDefaults()
			return 0
		}
		if err == nil {
			return 0
		}
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		} else if errors.Is(err, syscall.ENOSPC) {
			err = unablef("%w; free some space there or choose another directory", err)
		}
		var se *statusError
		if errors.As(err, &se) && se.err == nil {
			return se.status // the program that ran has said why
		}
		fmt.Fprintf(os.Stderr, "landlock-ci %s: %v\n", cmd.name, err)
		if se != nil {
			return se.status
		}
		return exitFailed
	}
	fmt.Fprintf(os.Stderr, "landlock-ci: no command %q; run \"landlock-ci help\" for the list\n", args[0])
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Landlock-ci builds Go with the Landlock patch set and tests it.\n\n"+
		"usage: landlock-ci command [flags] [arguments]\n\n")
	for _, cmd := range commands {
		fmt.Fprintf(w, "\t%-10s %s\n", cmd.name, cmd.short)
	}
	fmt.Fprint(w, "\nRun \"landlock-ci command -h\" for a command's flags.\n")
}

// parse parses a command's flags and checks that narg arguments follow them,
// or any number if narg is negative.
func parse(fs *flag.FlagSet, args []string, narg int) error {
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usagef("%v; run \"landlock-ci %s -h\" for the flags", err, fs.Name())
	}
	if narg >= 0 && fs.NArg() != narg {
		return usagef("got %d arguments, want %d; run \"landlock-ci %s -h\" for the usage", fs.NArg(), narg, fs.Name())
	}
	return nil
}

// gorootFlag defines the flag -goroot.
func gorootFlag(fs *flag.FlagSet) *string {
	return fs.String("goroot", "", "the Go installation to patch, a `directory` (default: that of the go command in use)")
}

// cacheDir returns the directory for what may be kept between runs.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", unablef("no place for a cache: %v", err)
	}
	return filepath.Join(dir, "golandlock"), nil
}

// newCommand returns a command that is ended with ctx, with its descendants.
func newCommand(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.WaitDelay = 10 * time.Second
	killGroup(cmd)
	return cmd
}
