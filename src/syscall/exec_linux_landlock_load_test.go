// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package syscall_test

import (
	"fmt"
	"internal/testenv"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestLandlockLoad starts children from many goroutines at once, sandboxed
// and not in random turn, while the garbage collector runs and signals arrive.
// Each must be what it was started as, and nothing may be left of them.
func TestLandlockLoad(t *testing.T) {
	// The test counts what this process has.
	if !landlockAlone(t) {
		return
	}
	s := newLandlockSandbox(t)
	seed := landlockSeed(t)
	n := landlockCount(t, 300, 10000)
	// With more, it is not clear what belongs to the children.
	workers := max(2, min(16, n/10))

	// What the first children leave, such as threads, is not counted.
	s.load(t, seed, workers, 4*workers)
	before := landlockUsageNow(t)
	s.load(t, seed+1, workers, n)
	after := landlockUsageNow(t)
	t.Logf("before: %+v", before)
	t.Logf("after: %+v", after)

	checkNoChild(t)
	if !slices.Equal(before.files, after.files) {
		t.Errorf("open descriptors were %v, are %v", before.files, after.files)
	}
	// The runtime keeps the threads that it has had to start, at most one for
	// each goroutine. A thread that is lost with each child is many more.
	if limit := before.threads + 2*workers; after.threads > limit {
		t.Errorf("%d threads after %d children, were %d; want at most %d", after.threads, n, before.threads, limit)
	}
	// Less than one object for each fourth child in the long run.
	// Threads and caches need some hundreds.
	if limit := before.objects + uint64(max(500, n/4)); after.objects > limit {
		t.Errorf("%d objects after %d children, were %d; want at most %d", after.objects, n, before.objects, limit)
	}
	// No thread of this process has become restricted.
	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range threads {
		if got := noNewPrivs(status); got != before.noNewPrivs {
			t.Errorf("%s: no_new_privs is %s, was %s", status, got, before.noNewPrivs)
		}
	}
}

// landlockUsage is what a process has that it might lose by starting others.
type landlockUsage struct {
	files      []string
	threads    int
	objects    uint64 // in the heap
	noNewPrivs string
}

func landlockUsageNow(t *testing.T) landlockUsage {
	t.Helper()
	// Twice, so that finalizers and what they refer to are gone.
	runtime.GC()
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return landlockUsage{openFiles(t), countThreads(t), mem.HeapObjects, noNewPrivs("/proc/self/status")}
}

// load runs n children from workers goroutines.
func (s *landlockSandbox) load(t *testing.T, seed uint64, workers, n int) {
	t.Helper()
	stop := make(chan bool)
	var background sync.WaitGroup
	defer background.Wait()
	defer close(stop)
	// until runs f again and again.
	until := func(f func()) {
		background.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f()
				}
			}
		})
	}
	// The profiler sends SIGPROF.
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	// The runtime sends SIGURG to preempt a goroutine that keeps its thread.
	until(func() {
		sum := 0
		for i := range 1 << 24 {
			sum ^= i
		}
		runtime.KeepAlive(sum)
		time.Sleep(time.Millisecond)
	})
	// And more of them at any moment.
	until(func() {
		syscall.Kill(syscall.Getpid(), syscall.SIGURG)
		time.Sleep(100 * time.Microsecond)
	})
	var garbage [][]byte
	until(func() {
		garbage = nil
		for range 100 {
			garbage = append(garbage, make([]byte, 1<<10))
		}
		runtime.GC()
	})

	type child struct {
		number    int
		report    string
		sandboxed bool
		err       error
	}
	numbers, children := make(chan int), make(chan child)
	exe := testenv.Executable(t)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range numbers {
				rnd := rand.New(rand.NewPCG(seed, uint64(i)))
				c := child{number: i, sandboxed: rnd.IntN(2) == 0}
				var env []string
				env, c.report = s.env()
				sys := &syscall.SysProcAttr{UseLandlock: c.sandboxed, LandlockRuleset: s.ruleset}
				if rnd.IntN(2) == 0 {
					c.err = runCommand(exe, env, sys)
				} else {
					c.err = runProcess(exe, env, sys)
				}
				children <- c
			}
		})
	}
	go func() {
		for i := range n {
			numbers <- i
		}
		close(numbers)
		wg.Wait()
		close(children)
	}()
	for c := range children {
		if t.Failed() {
			continue // all are likely to fail the same way
		}
		if c.err != nil {
			t.Errorf("child %d: %v", c.number, c.err)
			continue
		}
		s.checkChild(t, c.report, c.sandboxed)
		s.remove(c.report)
		if t.Failed() {
			t.Logf("child %d, sandboxed %t", c.number, c.sandboxed)
		}
	}
}

// runCommand runs exe by means of package os/exec.
func runCommand(exe string, env []string, sys *syscall.SysProcAttr) error {
	cmd := exec.Command(exe)
	cmd.Env = env
	cmd.SysProcAttr = sys
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %v\n%s", cmd, err, out)
	}
	return nil
}

// runProcess runs exe by means of package syscall.
func runProcess(exe string, env []string, sys *syscall.SysProcAttr) error {
	pid, err := syscall.ForkExec(exe, []string{exe}, &syscall.ProcAttr{Env: env, Files: []uintptr{0, 1, 2}, Sys: sys})
	if err != nil {
		return fmt.Errorf("ForkExec: %v", err)
	}
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(pid, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("wait4: %v", err)
		case status != 0:
			return fmt.Errorf("child: wait status %#x", status)
		}
		return nil
	}
}
