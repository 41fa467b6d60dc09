// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package compare holds package landlock against go-landlock: the
// same policies must lead to the same outcome of whatever a sandbox can deny.
// It needs a Go with the patch set: "landlock-ci test -run go-landlock" runs it.
package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golandlock/misc/internal/landlocktest"
	"golandlock/misc/landlock"
	"golandlock/misc/landlock/internal/acts"
	ours "golandlock/misc/landlock/testdata/compare/ours"
	theirs "golandlock/misc/landlock/testdata/compare/theirs"

	golandlock "github.com/landlock-lsm/go-landlock/landlock"
)

var policyFlag = flag.String("policy", "", "compare only the policies whose names match the `regexp`")

// A job is a policy, and what to try with it.
type job struct {
	Config     string // a version, or a name in Custom
	BestEffort bool
	QuietAll   bool
	Part       string // "", or of what the config is to handle only: "paths", "net" or "scoped"
	Rules      string // a name in Rules

	World acts.World
	Exe   string
}

func (j job) name() string {
	name := j.Config
	if j.BestEffort {
		name += " BestEffort"
	}
	if j.QuietAll {
		name += " QuietAll"
	}
	if j.Part != "" {
		name += " only " + j.Part
	}
	return name + ": " + j.Rules
}

// A result is what came of a job.
type result struct {
	Err  string   // why there was no sandbox, in a word
	Acts []string // outcomes of all acts, in their order
	text string   // of the error
}

// modeEnv and jobEnv tell the test binary what to do instead of testing.
const (
	modeEnv = "LANDLOCK_COMPARE_MODE"
	jobEnv  = "LANDLOCK_COMPARE_JOB"
)

func TestMain(m *testing.M) {
	mode := os.Getenv(modeEnv)
	if mode == "" {
		os.Exit(m.Run())
	}
	var j job
	if err := json.Unmarshal([]byte(os.Getenv(jobEnv)), &j); err != nil {
		panic(err)
	}
	var r result
	if mode == "theirs" {
		if err := j.restrict(); err != nil {
			r.Err = classify(err)
			if strings.Contains(err.Error(), "missing kernel Landlock support") {
				r.Err = unsupported
			}
		} else {
			// Go on as the child of ours does.
			os.Setenv(modeEnv, "acts")
			err := syscall.Exec(j.Exe, []string{j.Exe}, os.Environ())
			r.Err = "exec: " + err.Error()
		}
	} else {
		runtime.LockOSThread()
		for _, a := range j.World.Acts() {
			r.Acts = append(r.Acts, fmt.Sprint(a.Do()))
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		panic(err)
	}
	os.Exit(0)
}

const unsupported = "unsupported"

// classify returns what an error comes down to.
func classify(err error) string {
	for _, e := range []error{syscall.EINVAL, syscall.ENOENT, syscall.ENOTDIR, syscall.EBADFD} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return unsupported
	}
	return err.Error()
}

// restrict applies the policy to this process by go-landlock.
func (j job) restrict() error {
	c, ok := theirs.Custom[j.Config]
	if !ok {
		n, _ := strconv.Atoi(j.Config[1:])
		c = theirs.Versions[n-1]
	}
	if j.BestEffort {
		c = c.BestEffort()
	}
	if j.QuietAll {
		c = c.QuietAll()
	}
	rules := theirs.Rules(j.World.Dir, j.Exe, acts.Ports[0], acts.Ports[1])[j.Rules]
	switch j.Part {
	case "paths":
		return c.RestrictPaths(rules...)
	case "net":
		return c.RestrictNet(rules...)
	case "scoped":
		return c.RestrictScoped()
	}
	return c.Restrict(rules...)
}

// ruleset returns the ruleset of the policy by package landlock.
func (j job) ruleset() (int, error) {
	c, ok := ours.Custom[j.Config]
	if !ok {
		n, _ := strconv.Atoi(j.Config[1:])
		c = ours.Versions[n-1]
	}
	if j.BestEffort {
		c = c.BestEffort()
	}
	if j.QuietAll {
		c = c.QuietAll()
	}
	rules := ours.Rules(j.World.Dir, j.Exe, acts.Ports[0], acts.Ports[1])[j.Rules]
	switch j.Part {
	case "paths":
		c = c.OnlyPaths()
	case "net":
		c = c.OnlyNet()
	case "scoped":
		c, rules = c.OnlyScoped(), nil
	}
	return c.Ruleset(rules...)
}

// run does the job in a new world: "theirs" and "ours" with a sandbox,
// "acts" without any.
func (j job) run(mode string) (r result, err error) {
	dir, err := os.MkdirTemp("", "ll")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	var done func()
	j.World, done, err = acts.Make(dir, os.Getpid())
	if err != nil {
		return r, err
	}
	defer done()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		return r, err
	}
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		return r, err
	}
	cmd := exec.Command(j.Exe)
	if mode == "ours" {
		fd, err := j.ruleset()
		if err != nil {
			return result{Err: classify(err), text: err.Error()}, nil
		}
		defer syscall.Close(fd)
		cmd.SysProcAttr = &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: fd}
		mode = "acts"
	}
	env, err := json.Marshal(j)
	if err != nil {
		return r, err
	}
	cmd.Env = append(os.Environ(), modeEnv+"="+mode, jobEnv+"="+string(env))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%v\n%s", err, &stderr)
	}
	return r, json.Unmarshal(stdout.Bytes(), &r)
}

// jobs returns all there is to compare.
func jobs() []job {
	var list []job
	rules := slices.Sorted(maps.Keys(ours.Rules("", "", 0, 0)))
	for n := range ours.Versions {
		v := fmt.Sprint("V", n+1)
		for _, r := range rules {
			if n > 0 && ours.Versions[n] == ours.Versions[n-1] {
				break // it handles the same as the version before
			}
			list = append(list, job{Config: v, BestEffort: true, Rules: r})
		}
		for _, r := range []string{"none", "all", "refer", "bind-connect", "udp", "access-ioctl", "missing"} {
			list = append(list, job{Config: v, Rules: r})
		}
		for _, part := range []string{"paths", "net", "scoped"} {
			for _, r := range []string{"none", "rw-dirs", "refer", "bind", "missing"} {
				list = append(list, job{Config: v, BestEffort: true, Part: part, Rules: r})
			}
		}
	}
	for _, c := range slices.Sorted(maps.Keys(ours.Custom)) {
		for _, r := range rules {
			list = append(list, job{Config: c, BestEffort: true, Rules: r})
		}
		list = append(list, job{Config: c, Rules: "none"}, job{Config: c, Rules: "rw-dirs"})
	}
	for _, c := range []string{"V1", "V5", "V9", "V10", "V11", "udp", "nothing"} {
		for _, r := range []string{"none", "rw-dirs", "quiet-paths", "quiet-missing", "quiet-ignored", "quiet-ports"} {
			list = append(list, job{Config: c, BestEffort: true, QuietAll: true, Rules: r})
		}
		for _, part := range []string{"paths", "net", "scoped"} {
			list = append(list, job{Config: c, BestEffort: true, QuietAll: true, Part: part, Rules: "quiet-missing"})
		}
		list = append(list, job{Config: c, QuietAll: true, Rules: "quiet-paths"})
	}
	return list
}

// TestLandlockCompare compares the outcomes of all policies.
//
// There is one difference, on purpose: where nothing can be enforced,
// go-landlock goes on without a sandbox, and package landlock fails.
func TestLandlockCompare(t *testing.T) {
	abi, _ := landlocktest.ABI(t) // without Landlock, there is one outcome of all
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := regexp.Compile(*policyFlag)
	if err != nil {
		t.Fatalf("-policy: %v", err)
	}
	free, err := job{Exe: exe}.run("acts")
	if err != nil {
		t.Fatal(err)
	}
	names := acts.World{}.Acts()

	var (
		mu       sync.Mutex
		count    = make(map[string]int)
		compared int
		denied   int
	)
	check := func(j job) {
		a, errA := j.run("theirs")
		b, errB := j.run("ours")
		mu.Lock()
		defer mu.Unlock()
		if errA != nil || errB != nil {
			t.Errorf("%s: go-landlock: %v; ours: %v", j.name(), errA, errB)
			return
		}
		switch {
		case b.Err == unsupported && a.Err == "" && slices.Equal(a.Acts, free.Acts):
			count["ours refused where go-landlock enforced nothing"]++
			return
		case a.Err != b.Err:
			t.Errorf("%s: go-landlock: error %q; ours: error %q (%s)", j.name(), a.Err, b.Err, b.text)
			return
		case a.Err != "":
			count["refused by both: "+a.Err]++
			return
		}
		count["enforced by both"]++
		for i, act := range names {
			compared++
			if a.Acts[i] != b.Acts[i] {
				t.Errorf("%s: %s: go-landlock: %s; ours: %s", j.name(), act.Name, a.Acts[i], b.Acts[i])
			}
			if b.Acts[i] != free.Acts[i] {
				denied++
			}
		}
	}
	var wg sync.WaitGroup
	queue := make(chan job)
	for range runtime.NumCPU() {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range queue {
				check(j)
			}
		}()
	}
	all := slices.DeleteFunc(jobs(), func(j job) bool { return !policy.MatchString(j.name()) })
	for _, j := range all {
		j.Exe = exe
		queue <- j
	}
	close(queue)
	wg.Wait()

	t.Logf("Landlock ABI %d, user %d: %d policies", abi, os.Getuid(), len(all))
	for _, what := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%4d %s", count[what], what)
	}
	t.Logf("%d outcomes of %d acts compared, of which %d were denials", compared, len(names), denied)
	if abi > 0 && (denied == 0 || denied == compared) {
		t.Errorf("%d of %d acts denied: the comparison says nothing", denied, compared)
	}
}

// TestLandlockSets compares what the configs of all versions handle.
func TestLandlockSets(t *testing.T) {
	type sets struct{ fs, net, scoped uint64 }
	of := func(c landlock.Config) sets {
		return sets{uint64(c.HandledAccessFS), uint64(c.HandledAccessNet), uint64(c.Scoped)}
	}
	ofTheirs := func(c golandlock.Config) sets {
		return sets{uint64(c.HandledAccessFS), uint64(c.HandledAccessNet), uint64(c.Scoped)}
	}
	for i, c := range theirs.Versions {
		if got, want := of(ours.Versions[i]), ofTheirs(c); got != want {
			t.Errorf("V%d handles %+v, with go-landlock %+v", i+1, got, want)
		}
	}
	for name, c := range theirs.Custom {
		if got, want := of(ours.Custom[name]), ofTheirs(c); got != want {
			t.Errorf("%s handles %+v, with go-landlock %+v", name, got, want)
		}
	}
	for i := range 64 {
		if got, want := landlock.AccessFSSet(1<<i).String(), golandlock.AccessFSSet(1<<i).String(); got != want {
			t.Errorf("filesystem right %s is %s with go-landlock", got, want)
		}
		if got, want := landlock.AccessNetSet(1<<i).String(), golandlock.AccessNetSet(1<<i).String(); got != want {
			t.Errorf("network right %s is %s with go-landlock", got, want)
		}
		if got, want := landlock.ScopedSet(1<<i).String(), golandlock.ScopedSet(1<<i).String(); got != want {
			t.Errorf("scope %s is %s with go-landlock", got, want)
		}
	}
}

// TestLandlockSameSource tests that the policies are the same
// but for the import paths, so that programs can go from one to the other.
func TestLandlockSameSource(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	want := strings.NewReplacer(
		`"github.com/landlock-lsm/go-landlock/landlock"`, `"golandlock/misc/landlock"`,
		`"github.com/landlock-lsm/go-landlock/landlock/syscall"`, `"golandlock/misc/landlock/syscall"`,
	).Replace(read("theirs/policies.go"))
	if read("ours/policies.go") != want {
		t.Errorf("ours/policies.go is not theirs/policies.go with other import paths")
	}
}
