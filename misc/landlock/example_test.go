// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The examples need a Go with the patch set, which no other build constraint
// tells: go test -overlay=$(landlock-ci overlay) -tags=landlock.

//go:build linux && landlock

package landlock_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golandlock/misc/landlock"
)

// Git works on a directory and can use no other. RODirs would do for commands that
// only read the repository. As git creates and removes files all the
// time, lock files for example, it takes RWDirs; RWFiles would not do.
func Example() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	mine, theirs := filepath.Join(dir, "mine"), filepath.Join(dir, "theirs")
	os.Mkdir(mine, 0755)
	os.Mkdir(theirs, 0755)

	ruleset, err := landlock.V5.BestEffort().OnlyPaths().Ruleset(
		landlock.RODirs("/usr", "/bin", "/lib", "/lib64").IgnoreIfMissing(),
		landlock.ROFiles("/etc/ld.so.cache").IgnoreIfMissing(),
		landlock.RWFiles("/dev/null"),
		landlock.RWDirs(theirs),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer syscall.Close(ruleset)

	for _, repo := range []string{theirs, mine} {
		cmd := exec.Command("git", "init", "--quiet", repo)
		cmd.Env = append(os.Environ(), "HOME="+theirs, "XDG_CONFIG_HOME="+theirs, "GIT_CONFIG_NOSYSTEM=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			UseLandlock:     true,
			LandlockRuleset: ruleset,
		}
		err := cmd.Run()
		fmt.Println(filepath.Base(repo), err == nil)
	}
	// This program can use them all.
	_, err = os.ReadDir(mine)
	fmt.Println(err)
	// Output:
	// theirs true
	// mine false
	// <nil>
}

// A pool of workers runs a program for each request, as CGI does. All of
// them share one ruleset, which may be used by any number of children at once.
func Example_workerPool() {
	secret, err := os.CreateTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(secret.Name())
	secret.WriteString("hunter2")

	ruleset, err := landlock.V11.BestEffort().Ruleset(
		landlock.RODirs("/usr", "/bin", "/lib", "/lib64").IgnoreIfMissing(),
		landlock.ROFiles("/etc/ld.so.cache").IgnoreIfMissing(),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer syscall.Close(ruleset)

	serve := func(request string) (string, error) {
		cmd := exec.Command("sh", "-c", `read -r line; echo "hello, $line"; cat "$SECRET"`)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "SECRET=" + secret.Name()}
		cmd.Stdin = strings.NewReader(request + "\n")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			UseLandlock:     true,
			LandlockRuleset: ruleset,
		}
		out, err := cmd.Output()
		return string(out), err
	}

	requests := make(chan int)
	answers := make([]string, 20)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range requests {
				answer, err := serve(fmt.Sprint("number ", n))
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.ExitCode() != 1 {
					log.Printf("cat exits with %v, want 1", err)
				}
				answers[n] = answer
			}
		})
	}
	for n := range answers {
		requests <- n
	}
	close(requests)
	wg.Wait()
	fmt.Print(strings.Join(answers[:3], ""))
	fmt.Println(len(answers), "answers, secret among them:", strings.Contains(strings.Join(answers, ""), "hunter2"))
	// Output:
	// hello, number 0
	// hello, number 1
	// hello, number 2
	// 20 answers, secret among them: false
}

// A build step runs without TCP, and is not restricted otherwise. A kernel
// that cannot do this (before Linux 6.7, Landlock ABI 4) is an error.
func Example_withoutNetwork() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	ruleset, err := landlock.V4.OnlyNet().Ruleset()
	if err != nil {
		log.Fatal(err)
	}
	defer syscall.Close(ruleset)

	var stderr bytes.Buffer
	cmd := exec.Command("git", "ls-remote", "git://"+l.Addr().String()+"/deps")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		UseLandlock:     true,
		LandlockRuleset: ruleset,
	}
	fmt.Println(cmd.Run())
	fmt.Println(strings.Contains(stderr.String(), "Permission denied"))
	// Output:
	// exit status 128
	// true
}
