// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package syscall_test

import (
	"encoding/binary"
	"fmt"
	"internal/syscall/unix"
	"internal/testenv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

// TestLandlockDescriptors tests rulesets at descriptor numbers that mean
// something else in the child.
func TestLandlockDescriptors(t *testing.T) {
	// The test moves descriptors 0, 1 and 2 of its process.
	if !landlockAlone(t) {
		return
	}
	lt := newLandlockLayoutTester(t)
	// Descriptors for use in ProcAttr.Files, all above those of the process.
	const base = 100
	// upTo returns n entries for ProcAttr.Files,
	// each above its index and so with no need for pass 1.
	upTo := func(n int) []int {
		files := make([]int, n)
		for i := range files {
			files[i] = base + i
		}
		return files
	}

	type testCase struct {
		name    string
		ruleset int
		files   []int
	}
	tests := []testCase{
		// Closed by pass 2, or overwritten by it.
		{"Stdin/0Files", 0, nil},
		{"Stdout/0Files", 1, nil},
		{"Stdout/1File", 1, upTo(1)},
		{"Stderr/0Files", 2, nil},
		{"Stderr/2Files", 2, upTo(2)},
		{"Holes", 2, []int{base, base + 1, -1, base + 3}},
		// The error pipe is moved beyond all files,
		{"ErrorPipe", base + 3, upTo(3)},
		{"ErrorPipe/0Files", 1, nil},
		// and so are files below their index, one after the other.
		{"Pass1", base + 4, []int{base, base + 1, base + 2, 0}},
		{"Pass1/Second", base + 5, []int{base, base + 1, base + 2, 0, 1}},
		// Passed on.
		{"Entry", 50, []int{base, base + 1, base + 2, 50}},
		{"Entry/Twice", 50, []int{50, base + 1, 50, base + 3}},
		{"Entry/Identity", 1, []int{base, 1, base + 2}},
		{"Entry/Below", 1, []int{base, base + 1, base + 2, 1}},
		{"Far", 1000, upTo(3)},
	}
	// Any index.
	const many = 40
	every := many / landlockCount(t, many, many)
	for i := int(landlockSeed(t) % uint64(every)); i < many; i += every {
		if !lt.busy[i] {
			tests = append(tests, testCase{fmt.Sprintf("Index%d", i), i, upTo(many)})
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lt.test(t, landlockLayout{files: tt.files, ruleset: tt.ruleset})
		})
	}
}

// TestLandlockDescriptorsRandom tests random layouts of descriptors.
func TestLandlockDescriptorsRandom(t *testing.T) {
	if !landlockAlone(t) {
		return
	}
	lt := newLandlockLayoutTester(t)
	seed := landlockSeed(t)
	before := openFiles(t)
	for i := range landlockCount(t, 300, 10000) {
		func() {
			rnd := rand.New(rand.NewPCG(seed, uint64(i)))
			l := lt.decode(rnd.IntN)
			defer func() {
				if t.Failed() {
					t.Logf("layout %d: %+v", i, l)
				}
			}()
			lt.test(t, l)
		}()
		if t.Failed() {
			break
		}
	}
	if after := openFiles(t); !slices.Equal(before, after) {
		t.Errorf("open descriptors were %v, are %v", before, after)
	}
}

// FuzzLandlockDescriptors is TestLandlockDescriptorsRandom
// with layouts that the fuzzing engine finds.
func FuzzLandlockDescriptors(f *testing.F) {
	for _, seed := range [][]uint16{
		{},                                            // no files, ruleset at 0
		{0, 2, 0, 0, 0, 1},                            // two files, ruleset at 1
		{0, 3, 0, 7, 7, 7, 0, 2},                      // holes only
		{0, 3, 1, 2, 2, 1, 0, 0, 0, 1, 1},             // repeats
		{0, 3, 2, 0, 0, 0, 0, 0, 0, 5, 1},             // rotated, ruleset passed on
		{1, 3, 3, 0, 0, 0, 0, 0, 0, 3, 0},             // ruleset where the error pipe goes
		{1, 3, 3, 0, 0, 0, 0, 0, 0, 3, 1},             // and one above
		{1, 8, 1, 15, 15, 15, 15, 15, 15, 15},         // one file only, at the top
		{1, 4, 0, 0, 0, 0, 0, 4, 1000, 0},             // far above
		{2, 64, 0},                                    // each file at its place
		{3, 400, 2},                                   // many
		{0, 3, 0, 0, 0, 0, 0, 0, 2, 2},                // limit just too low
		{0, 3, 0, 0, 0, 0, 0, 0, 2, 7},                // and high enough
		{1, 9, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 7}, // and a hole
	} {
		var data []byte
		for _, v := range seed {
			data = binary.LittleEndian.AppendUint16(data, v)
		}
		f.Add(data)
	}
	lt := newLandlockLayoutTester(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		lt.test(t, lt.decode(func(n int) int {
			if len(data) < 2 {
				return 0
			}
			v := binary.LittleEndian.Uint16(data)
			data = data[2:]
			return int(v) % n
		}))
	})
}

// A landlockLayout is a layout of descriptors to start a child with.
type landlockLayout struct {
	files   []int  // ProcAttr.Files
	ruleset int    // descriptor number of the ruleset
	limit   uint64 // soft limit RLIMIT_NOFILE at the start, if not 0
}

// A landlockLayoutTester starts children with layouts.
type landlockLayoutTester struct {
	*landlockSandbox
	busy      map[int]bool   // numbers above 2 that this process needs
	inherited map[int]bool   // those of them that are not close-on-exec
	ids       map[int]string // landlockFileID of the file at a number
	null      string         // landlockFileID of /dev/null
}

// landlockMaxFiles is more than the descriptor numbers of any layout.
const landlockMaxFiles = 2048

func newLandlockLayoutTester(t testing.TB) *landlockLayoutTester {
	t.Helper()
	lt := &landlockLayoutTester{
		landlockSandbox: newLandlockSandbox(t),
		busy:            make(map[int]bool),
		inherited:       make(map[int]bool),
		ids:             make(map[int]string),
	}
	// TestPrlimitFileLimit leaves a lower limit behind.
	limit, err := limitFiles(landlockMaxFiles)
	if err != nil {
		t.Fatalf("limit of descriptors: %v", err)
	}
	t.Cleanup(func() { limitFiles(limit) })
	null, err := os.Open(os.DevNull) // with it, the runtime opens its epoll descriptor
	if err != nil {
		t.Fatal(err)
	}
	lt.null = openFileID(t, int(null.Fd()))
	null.Close()
	for fd := range landlockMaxFiles {
		if !isOpen(fd) {
			continue
		}
		lt.ids[fd] = openFileID(t, fd)
		if fd < 3 {
			continue
		}
		lt.busy[fd] = true
		flags, err := unix.Fcntl(fd, syscall.F_GETFD, 0)
		if err != nil {
			t.Fatalf("fcntl(%d, F_GETFD): %v", fd, err)
		}
		lt.inherited[fd] = flags&syscall.FD_CLOEXEC == 0
	}
	return lt
}

// decode makes a layout of numbers. It calls next for a number below n.
// The layout is valid for any numbers.
func (lt *landlockLayoutTester) decode(next func(n int) int) (l landlockLayout) {
	// Instead of numbers that this process needs, use others.
	const above = 900
	free := func(fd int) int {
		for lt.busy[fd] {
			fd += above
		}
		return fd
	}

	// ProcAttr.Files refers to numbers below top, or twice that.
	top := []int{4, 16, 64, 400}[next(4)]
	n := next(top + 1)
	shape := next(4)
	for i := range n {
		l.files = append(l.files, i) // identity
		switch shape {
		case 1: // anything, repeats included
			l.files[i] = next(top)
		case 2: // a permutation
			j := next(i + 1)
			l.files[i], l.files[j] = l.files[j], l.files[i]
		case 3: // each above its index, no need for pass 1
			l.files[i] = top + next(top)
		}
	}
	nextFD := n // as in forkAndExecInChild1
	for i := range l.files {
		l.files[i] = free(l.files[i])
		if next(8) == 7 {
			l.files[i] = -1
		}
		nextFD = max(nextFD, l.files[i]+1)
	}

	switch next(6) {
	case 0:
		l.ruleset = next(3)
	case 1:
		l.ruleset = next(n + 1)
	case 2:
		l.ruleset = next(top)
	case 3: // the error pipe goes here
		l.ruleset = nextFD + next(4)
	case 4:
		l.ruleset = next(above)
	case 5:
		if n > 0 {
			l.ruleset = max(0, l.files[next(n)])
		}
	}
	l.ruleset = free(l.ruleset)

	switch next(4) {
	case 2: // about what the child needs
		l.limit = uint64(max(4, nextFD-2+next(8)))
	case 3:
		l.limit = uint64(4 + next(above))
	}
	return l
}

// enough returns a limit of descriptors with which a child starts for sure.
func (lt *landlockLayoutTester) enough(l landlockLayout) uint64 {
	n := max(len(l.files), l.ruleset+1)
	moved := 0
	for i, fd := range l.files {
		n = max(n, fd+1)
		if 0 <= fd && fd < i {
			moved++ // by pass 1
		}
	}
	// The error pipe has two and is moved too.
	return uint64(n + moved + len(lt.busy) + 3)
}

// open opens the file for number fd there.
func (lt *landlockLayoutTester) open(t *testing.T, fd int) {
	t.Helper()
	name := filepath.Join(lt.allowed, "fd"+strconv.Itoa(fd))
	tmp, err := syscall.Open(name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	if tmp != fd {
		if isOpen(fd) {
			t.Fatalf("descriptor %d is in use", fd)
		}
		dupTo(t, tmp, fd)
		syscall.Close(tmp)
	}
	if lt.ids[fd] == "" {
		lt.ids[fd] = openFileID(t, fd)
	}
}

// test tests that a child that is started with layout l is in the sandbox,
// and has the files that the layout says and no others: in particular not the
// ruleset, unless it is in ProcAttr.Files.
// If the limit of descriptors is too low, the child may also fail to start.
func (lt *landlockLayoutTester) test(t *testing.T, l landlockLayout) {
	t.Helper()
	exe := testenv.Executable(t)
	env, report := lt.env()
	defer lt.remove(report)
	attr := &syscall.ProcAttr{
		Env: env,
		Sys: &syscall.SysProcAttr{UseLandlock: true, LandlockRuleset: l.ruleset},
	}
	want := make(map[int]string)
	opened := make(map[int]bool)
	defer func() {
		for fd := range opened {
			syscall.Close(fd)
		}
	}()
	for i, fd := range l.files {
		attr.Files = append(attr.Files, uintptr(fd))
		switch {
		case fd == -1:
		case fd == l.ruleset:
			want[i] = landlockRulesetID
		default:
			if fd > 2 && !opened[fd] {
				lt.open(t, fd)
				opened[fd] = true
			}
			want[i] = lt.ids[fd]
		}
	}
	saved := -1
	if l.ruleset < 3 {
		var err error
		saved, err = unix.Fcntl(l.ruleset, syscall.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			t.Fatalf("fcntl(%d, F_DUPFD_CLOEXEC): %v", l.ruleset, err)
		}
	} else if isOpen(l.ruleset) {
		t.Fatalf("descriptor %d is in use", l.ruleset)
	}

	// Until this is undone, nothing may be logged.
	dupTo(t, lt.ruleset, l.ruleset)
	var limit uint64
	var limitErr error
	if l.limit != 0 {
		limit, limitErr = limitFiles(l.limit)
	}
	pid, err := syscall.ForkExec(exe, []string{exe}, attr)
	if l.limit != 0 && limitErr == nil {
		_, limitErr = limitFiles(limit)
	}
	if l.ruleset < 3 {
		dupTo(t, saved, l.ruleset)
		syscall.Close(saved)
	} else {
		syscall.Close(l.ruleset)
	}

	if limitErr != nil {
		t.Errorf("limit of descriptors: %v", limitErr)
	}
	if err != nil {
		if l.limit == 0 || l.limit >= lt.enough(l) || err != syscall.EBADF && err != syscall.EMFILE {
			t.Errorf("ForkExec: %v", err)
		}
		checkNotRun(t, report)
		return
	}
	if status := wait4(t, pid); status != 0 {
		t.Fatalf("child: wait status %#x", status)
	}
	r := lt.checkChild(t, report, true)
	for fd, id := range want {
		if r.Files[fd] != id {
			t.Errorf("descriptor %d of the child is %q, want %q", fd, r.Files[fd], id)
		}
	}
	// The Go runtime of the child has at most one of each of these, and has
	// /dev/null for those of the first three that are closed.
	// The sandbox denies it the other files that it would keep open.
	own := map[string]int{"anon_inode:[eventpoll]": 1, "anon_inode:[eventfd]": 1}
	for fd, id := range r.Files {
		if want[fd] != "" || fd < 3 && id == lt.null {
			continue
		}
		// Pass 1 may overwrite these.
		if lt.inherited[fd] && id == lt.ids[fd] && fd >= len(l.files) {
			continue
		}
		if own[id]--; own[id] < 0 {
			t.Errorf("descriptor %d of the child is %q, want it closed", fd, id)
		}
	}
}

// limitFiles sets the soft limit RLIMIT_NOFILE and returns the old one.
// Unlike with syscall.Setrlimit, children keep getting
// the limit that this process was started with.
func limitFiles(limit uint64) (old uint64, err error) {
	var lim [2]uint64 // soft and hard, on all architectures
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, syscall.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&lim)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	old, lim[0] = lim[0], limit
	_, _, errno = syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&lim)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return old, nil
}

// openFileID returns the landlockFileID of descriptor fd.
func openFileID(t testing.TB, fd int) string {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		t.Fatalf("fstat(%d): %v", fd, err)
	}
	return landlockFileID(fd, &st)
}

// dupTo duplicates oldfd to newfd, close-on-exec.
func dupTo(t *testing.T, oldfd, newfd int) {
	t.Helper()
	if err := syscall.Dup3(oldfd, newfd, syscall.O_CLOEXEC); err != nil {
		t.Fatalf("dup3(%d, %d): %v", oldfd, newfd, err)
	}
}

func isOpen(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil
}
