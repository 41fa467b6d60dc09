// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"golandlock"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// gitstatus is the source of the program that the README shows.
//
//go:embed testdata/gitstatus/main.go
var gitstatus []byte

func runDemo(ctx context.Context, fs *flag.FlagSet, args []string) error {
	goroot := gorootFlag(fs)
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	if _, err := needLandlock(); err != nil {
		return err
	}
	b, err := findBase(ctx, *goroot)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("git"); err != nil {
		return errNoGit
	}
	tmp, err := os.MkdirTemp("", "landlock-ci-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	return demo(ctx, os.Stdout, b, tmp)
}

// demo runs git on a hostile repository without and with a sandbox,
// writes a table of what came of it to w, and returns an error unless
// the sandbox made all the difference.
func demo(ctx context.Context, w io.Writer, b *base, tmp string) error {
	program, how, err := buildGitstatus(ctx, b, tmp)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Built a program that runs git status, with %s and %s.\n", b.version, how)
	return tryGitstatus(ctx, w, program, tmp)
}

// tryGitstatus is demo from the time on that program, gitstatus, is built.
func tryGitstatus(ctx context.Context, w io.Writer, program, tmp string) error {
	// Two runs, each in a home directory of its own.
	var runs []*gitRun
	for _, sandbox := range []bool{false, true} {
		home := filepath.Join(tmp, fmt.Sprintf("home-sandbox-%t", sandbox))
		run, err := runGitstatus(ctx, program, home, sandbox)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	plain, boxed := runs[0], runs[1]

	fmt.Fprint(w, "The repository is not to be trusted: its .git/config names a command for\n"+
		"git to run (core.fsmonitor), which reads ~/.ssh/id_demo and writes ~/.profile.\n\n")
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprint(tw, "\twithout\tUseLandlock\n")
	for _, row := range []struct {
		what    string
		yes, no string
		get     func(outcome) bool
	}{
		{"git's answer", "correct", "WRONG", func(o outcome) bool { return o.answered }},
		{"the command reads ~/.ssh/id_demo", "LEAKED", "denied", func(o outcome) bool { return o.leaked }},
		{"the command writes ~/.profile", "WRITTEN", "denied", func(o outcome) bool { return o.wrote }},
		{"the program reads ~/.ssh/id_demo afterwards", "allowed", "DENIED", func(o outcome) bool { return o.parentRead }},
	} {
		fmt.Fprint(tw, row.what)
		for _, r := range runs {
			if row.get(r.outcome) {
				fmt.Fprint(tw, "\t", row.yes)
			} else {
				fmt.Fprint(tw, "\t", row.no)
			}
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	fmt.Fprintln(w)

	if plain.outcome != (outcome{answered: true, leaked: true, wrote: true, parentRead: true}) {
		return fmt.Errorf("without a sandbox, the repository's command did not have its way: is this git too old for core.fsmonitor (2.16)?\n%s", plain.output)
	}
	if boxed.outcome != (outcome{answered: true, parentRead: true}) {
		return fmt.Errorf("the sandbox failed, see the table\n%s", boxed.output)
	}
	fmt.Fprintln(w, "The sandbox held what git runs, and nothing else.")
	return nil
}

// buildGitstatus builds the program gitstatus in tmp with b patched,
// and says how b was patched.
func buildGitstatus(ctx context.Context, b *base, tmp string) (program, how string, err error) {
	var args []string
	if b.inModCache {
		b, err = makeTree(ctx, b, filepath.Join(tmp, "tree"))
		how = "a patched tree"
	} else {
		var overlay string
		overlay, err = writeOverlay(ctx, b)
		args = append(args, "-overlay", overlay)
		how = "an overlay"
	}
	if err != nil {
		return "", "", err
	}
	program, err = compileGitstatus(ctx, b, tmp, localEnv(), args...)
	return program, how, err
}

// compileGitstatus builds the program gitstatus in tmp with the go command of b,
// which must know UseLandlock or be told of it by args.
func compileGitstatus(ctx context.Context, b *base, tmp string, env []string, args ...string) (program string, err error) {
	dir := filepath.Join(tmp, "gitstatus")
	if err := writeGitstatus(dir, gitstatus); err != nil {
		return "", err
	}
	cmd := newCommand(ctx, dir, b.goCmd(), append([]string{"build"}, args...)...)
	cmd.Env = append(env, "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building gitstatus with %s: %v\n%s", b.goCmd(), err, out)
	}
	return filepath.Join(dir, "gitstatus"), nil
}

// writeGitstatus makes dir the module of a program that main is the source of.
func writeGitstatus(dir string, main []byte) error {
	if err := writeFile(filepath.Join(dir, "main.go"), main); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "go.mod"), []byte("module gitstatus\n"+
		"go 1.25\n"+
		"require golandlock v0.0.0\n"+
		"replace golandlock => ./golandlock\n")); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, "golandlock"), golandlock.Landlock); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "golandlock", "go.mod"), []byte("module golandlock\ngo 1.25\n"))
}

// A gitRun is a run of gitstatus.
type gitRun struct {
	outcome
	output string // for error messages
}

// An outcome is what a run of gitstatus led to.
type outcome struct {
	answered   bool // git's answer was correct
	leaked     bool // the repository's command read the secret
	wrote      bool // the repository's command wrote a file
	parentRead bool // the program itself could read the secret afterwards
}

// runGitstatus makes the directory home with a secret and a hostile repository,
// and runs program on it.
func runGitstatus(ctx context.Context, program, home string, sandbox bool) (*gitRun, error) {
	const key = "the key that nobody else may have"
	secret := filepath.Join(home, ".ssh", "id_demo")
	if err := writeFile(secret, []byte(key+"\n")); err != nil {
		return nil, err
	}
	profile := filepath.Join(home, ".profile")
	repo := filepath.Join(home, "inbox", "repo")
	if err := writeFile(filepath.Join(repo, "README"), []byte("hello\n")); err != nil {
		return nil, err
	}
	// Git runs the command with sh and adds arguments. What it writes
	// to standard error is passed on.
	command := fmt.Sprintf("cat '%s' >&2; echo owned >'%s'; false", secret, profile)
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "README"},
		{"-c", "user.name=Demo", "-c", "user.email=demo@localhost", "commit", "--quiet", "--message=first"},
		{"config", "core.fsmonitor", command},
	} {
		cmd := gitCommand(ctx, repo, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("git %s: %v\n%s", args[0], err, out)
		}
	}
	if err := writeFile(filepath.Join(repo, "README"), []byte("hello, world\n")); err != nil {
		return nil, err
	}

	cmd := newCommand(ctx, home, program, fmt.Sprintf("-sandbox=%t", sandbox), "-secret", secret, repo)
	cmd.Env = append(gitCommand(ctx, repo).Env, "HOME="+home, "XDG_CONFIG_HOME=")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	runErr := cmd.Run()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	_, err := os.Stat(profile)
	return &gitRun{
		outcome: outcome{
			answered:   stdout.String() == "## main\n M README\n",
			leaked:     strings.Contains(stderr.String(), key),
			wrote:      err == nil,
			parentRead: runErr == nil,
		},
		output: fmt.Sprintf("gitstatus: %v\n%s%s", runErr, &stdout, &stderr),
	}, nil
}
