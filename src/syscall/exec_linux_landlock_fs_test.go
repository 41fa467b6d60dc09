// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package syscall_test

import (
	"internal/testenv"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLandlockMounts tests that what a sandbox denies cannot be had by way
// of another view of the file system, and that what it allows can.
func TestLandlockMounts(t *testing.T) {
	setting := landlockSettings(t)
	if setting == "" {
		return
	}
	if setting == "User" {
		dir := os.Getenv("TMPDIR")
		if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != syscall.EPERM {
			t.Errorf("mount --bind as an ordinary user: got error %v, want %v", err, syscall.EPERM)
		}
		return
	}
	t.Run("BindMount", testLandlockBindMount)
	t.Run("Namespace", testLandlockMountNamespace)
	t.Run("Chroot", testLandlockChroot)
	t.Run("Overlay", testLandlockOverlay)
}

// mkdirs makes a directory beneath TMPDIR for the calling test,
// with subdirectories of these names, and returns their paths. Unlike
// T.TempDir, it does not remove them when the test ends, with all
// that is mounted on them.
func mkdirs(t *testing.T, names ...string) (dirs []string) {
	t.Helper()
	parent := filepath.Join(os.Getenv("TMPDIR"), strings.ReplaceAll(t.Name(), "/", "-"))
	for _, name := range names {
		dir := filepath.Join(parent, name)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

// checkBoth checks a child without and with the sandbox. If edit is not nil,
// it is called with the child's attributes.
func (s *landlockSandbox) checkBoth(t *testing.T, edit func(attr *syscall.ProcAttr)) (r landlockReport) {
	t.Helper()
	for _, sandboxed := range []bool{false, true} {
		env, report := s.env()
		attr := &syscall.ProcAttr{
			Env:   env,
			Files: []uintptr{0, 1, 2},
			Sys:   &syscall.SysProcAttr{UseLandlock: sandboxed, LandlockRuleset: s.ruleset},
		}
		if edit != nil {
			edit(attr)
		}
		runForkExec(t, attr)
		r = s.checkChild(t, report, sandboxed)
	}
	return r
}

func testLandlockBindMount(t *testing.T) {
	dirs := mkdirs(t, "allowed", "denied", "mnt/allowed", "mnt/denied", "allowed/mnt")
	allowed, denied, mntAllowed, mntDenied, within := dirs[0], dirs[1], dirs[2], dirs[3], dirs[4]
	s := newLandlockSandboxOf(t, allowed, denied)
	// This is done after the ruleset was made.
	bindMount(t, allowed, mntAllowed)
	bindMount(t, denied, mntDenied)

	// try does the acts in directories other than those of the rules.
	try := func(t *testing.T, allowed, denied string) {
		t.Helper()
		other := &landlockSandbox{allowed: allowed, denied: denied, ruleset: s.ruleset}
		other.checkBoth(t, nil)
	}
	t.Run("Source", func(t *testing.T) { try(t, allowed, denied) })
	t.Run("Target", func(t *testing.T) { try(t, mntAllowed, mntDenied) })
	t.Run("TargetMountedLater", func(t *testing.T) {
		later := mkdirs(t, "mnt")[0]
		bindMount(t, filepath.Dir(mntDenied), later)
		try(t, filepath.Join(later, "allowed"), filepath.Join(later, "denied"))
	})
	// The rules for where a directory is mounted hold for it as well.
	t.Run("TargetWithinAllowed", func(t *testing.T) {
		bindMount(t, denied, within)
		try(t, within, denied)
	})
	t.Run("TargetWithinDenied", func(t *testing.T) {
		within := filepath.Join(denied, "mnt")
		if err := os.Mkdir(within, 0o777); err != nil {
			t.Fatal(err)
		}
		bindMount(t, allowed, within)
		try(t, within, denied)
	})
}

// testLandlockMountNamespace tests a child with a mount namespace of its own.
// The child makes that namespace's mounts private,
// which it could not do in the sandbox.
func testLandlockMountNamespace(t *testing.T) {
	dirs := mkdirs(t, "allowed", "denied", "mnt/allowed", "mnt/denied")
	s := newLandlockSandboxOf(t, dirs[0], dirs[1])
	bindMount(t, s.allowed, dirs[2])
	bindMount(t, s.denied, dirs[3])
	mounted := &landlockSandbox{allowed: dirs[2], denied: dirs[3], ruleset: s.ruleset}
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		t.Fatalf("mount --make-rshared /: %v", err)
	}
	defer func() {
		if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Errorf("mount --make-rprivate /: %v", err)
		}
	}()
	self := readLandlockStatus()
	if !self.SharedMounts {
		t.Errorf("this process has no shared mounts")
	}

	for _, tt := range []struct {
		name                     string
		cloneflags, unshareflags uintptr
		shared                   bool
	}{
		{"Clone", syscall.CLONE_NEWNS, 0, true},
		{"Unshare", 0, syscall.CLONE_NEWNS, false},
		{"Both", syscall.CLONE_NEWNS, syscall.CLONE_NEWNS, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, s := range []*landlockSandbox{s, mounted} {
				r := s.checkBoth(t, func(attr *syscall.ProcAttr) {
					attr.Sys.Cloneflags = tt.cloneflags
					attr.Sys.Unshareflags = tt.unshareflags
				})
				if ns := r.Status.Namespaces["mnt"]; ns == "" || ns == self.Namespaces["mnt"] {
					t.Errorf("mount namespace of the child is %q, want another than the parent's", ns)
				}
				if r.Status.SharedMounts != tt.shared {
					t.Errorf("child has shared mounts: %t, want %t", r.Status.SharedMounts, tt.shared)
				}
			}
		})
	}
}

// testLandlockChroot tests rulesets made outside the root directory in which
// the child is. The paths of the rules mean something else there.
func testLandlockChroot(t *testing.T) {
	dirs := mkdirs(t, "allowed", "denied", "in/allowed", "in/denied")
	allowed, denied, inAllowed, inDenied := dirs[0], dirs[1], dirs[2], dirs[3]
	root := filepath.Join(filepath.Dir(allowed), "root")
	makeLandlockRoot(t, root)

	try := func(t *testing.T, s *landlockSandbox, inAllowed, inDenied string) {
		t.Helper()
		// The child sees s.allowed where outside is inAllowed, and this
		// process reads its report there.
		inside := &landlockSandbox{allowed: inAllowed, denied: inDenied, ruleset: s.ruleset}
		for _, sandboxed := range []bool{false, true} {
			env, report := s.env()
			runForkExec(t, &syscall.ProcAttr{
				Env:   env,
				Files: []uintptr{0, 1, 2},
				Sys:   &syscall.SysProcAttr{Chroot: root, UseLandlock: sandboxed, LandlockRuleset: s.ruleset},
			})
			r := inside.checkChild(t, filepath.Join(inAllowed, filepath.Base(report)), sandboxed)
			if got, want := r.Status.Root, landlockPathID(root); got != want {
				t.Errorf("root directory is %s, want %s", got, want)
			}
		}
	}
	s := newLandlockSandboxOf(t, allowed, denied)
	t.Run("SamePaths", func(t *testing.T) { try(t, s, allowed, denied) })

	// Now put other directories at these paths, in the new root only.
	t.Run("OtherPaths", func(t *testing.T) {
		in := newLandlockSandboxOf(t, inAllowed, inDenied)
		bindMount(t, inAllowed, filepath.Join(root, allowed))
		bindMount(t, inDenied, filepath.Join(root, denied))
		s := &landlockSandbox{allowed: allowed, denied: denied, ruleset: in.ruleset}
		try(t, s, inAllowed, inDenied)
	})
	// The directory in which the child is denied everything
	// has a path at which everything is allowed outside.
	t.Run("Swapped", func(t *testing.T) {
		swapped := &landlockSandbox{allowed: denied, denied: allowed, ruleset: s.ruleset}
		bindMount(t, allowed, filepath.Join(root, denied))
		bindMount(t, denied, filepath.Join(root, allowed))
		try(t, swapped, allowed, denied)
	})
}

// testLandlockOverlay tests that rules for the merged directory
// of an overlay say nothing of its layers, and the other way round.
func testLandlockOverlay(t *testing.T) {
	dirs := mkdirs(t, "lower", "upper", "work", "merged", "aside")
	lower, upper, work, merged, aside := dirs[0], dirs[1], dirs[2], dirs[3], dirs[4]
	for _, dir := range []string{lower, aside} {
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(dir), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	err := syscall.Mount("overlay", merged, "overlay", 0, "lowerdir="+lower+",upperdir="+upper+",workdir="+work)
	if err != nil {
		known, readErr := os.ReadFile("/proc/filesystems")
		if readErr != nil {
			t.Fatal(readErr)
		}
		switch {
		case err == syscall.ENODEV && !strings.Contains(string(known), "\toverlay\n"):
			t.Logf("the kernel has no overlayfs")
		case err == syscall.EPERM && os.Getenv("GO_LANDLOCK_SETTING") == "UserNamespace":
			t.Logf("the kernel has no overlayfs in user namespaces, as before Linux 5.11")
		case err == syscall.EINVAL:
			t.Logf("the file system of %s cannot have overlays", merged)
		default:
			t.Fatalf("mount -t overlay: %v", err)
		}
		return
	}
	// Opening the file for writing copies it up. The lower layer comes last,
	// so that each act is done where the rules have it done.
	t.Run("Merged", func(t *testing.T) {
		s := newLandlockSandboxOf(t, merged, upper)
		s.checkBoth(t, nil)
		s = &landlockSandbox{allowed: merged, denied: lower, ruleset: s.ruleset}
		s.checkBoth(t, nil)
	})
	t.Run("Upper", func(t *testing.T) {
		s := newLandlockSandboxOf(t, upper, merged)
		s.checkBoth(t, nil)
	})
	t.Run("Lower", func(t *testing.T) {
		s := newLandlockSandboxOf(t, lower, merged)
		s.checkBoth(t, nil)
	})
	// All of the layers together are not the merged directory.
	t.Run("Layers", func(t *testing.T) {
		const access = ^uint64(0)
		rules := testenv.LandlockExecRules(testenv.Executable(t))
		for _, dir := range []string{lower, upper, work, aside} {
			rules = append(rules, testenv.LandlockRule{Path: dir, Access: access})
		}
		s := &landlockSandbox{allowed: aside, denied: merged, ruleset: testenv.NewLandlockRuleset(t, landlockSandboxAccess, rules...)}
		s.checkBoth(t, nil)
	})
}
