// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package syscall_test

import (
	"errors"
	"fmt"
	"internal/syscall/unix"
	"internal/testenv"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// A landlockStatus is what the fields of SysProcAttr change in a process.
// Process IDs are as /proc has them.
type landlockStatus struct {
	Pid, Pgrp, Session int
	TTY, Foreground    int // the controlling terminal and its process group
	InnerPid           int // in the PID namespace of the process
	Uid, Gid           int
	Groups             []int
	Caps               map[string]string // CapAmb and the like
	Root, Cwd          string            // as from landlockFileID
	Pdeathsig          syscall.Signal
	Namespaces         map[string]string
	Cgroup             string // in the cgroup v2 hierarchy
	SharedMounts       bool
	Env                string // of GO_LANDLOCK_ENV
}

// readLandlockStatus returns the status of the calling process.
func readLandlockStatus() landlockStatus {
	s := landlockStatus{
		InnerPid:   os.Getpid(),
		Uid:        os.Getuid(),
		Gid:        os.Getgid(),
		Root:       landlockPathID("/"),
		Cwd:        landlockPathID("."),
		Caps:       make(map[string]string),
		Namespaces: make(map[string]string),
		Env:        os.Getenv("GO_LANDLOCK_ENV"),
	}
	s.Groups, _ = os.Getgroups()
	data, _ := os.ReadFile("/proc/self/stat")
	_, stat, _ := strings.Cut(string(data), ") ") // of the command's name
	var state string
	var ppid int
	fmt.Sscan(stat, &state, &ppid, &s.Pgrp, &s.Session, &s.TTY, &s.Foreground)
	fmt.Sscan(string(data), &s.Pid)

	data, _ = os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(name, "Cap") {
			s.Caps[name] = strings.TrimSpace(value)
		}
	}
	for _, ns := range []string{"mnt", "net", "pid", "pid_for_children", "time_for_children", "user"} {
		s.Namespaces[ns], _ = os.Readlink("/proc/self/ns/" + ns)
	}
	data, _ = os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(data)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			s.Cgroup = strings.TrimSpace(path)
		}
	}
	data, _ = os.ReadFile("/proc/self/mountinfo")
	s.SharedMounts = strings.Contains(string(data), " shared:")
	var sig int32
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&sig)), 0)
	s.Pdeathsig = syscall.Signal(sig)
	return s
}

// landlockPathID is landlockFileID for a path.
func landlockPathID(path string) string {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return err.Error()
	}
	return landlockFileID(-1, &st)
}

// relative returns s without what differs from process to process.
func (s landlockStatus) relative(parent landlockStatus) string {
	for _, id := range []*int{&s.Pgrp, &s.Session, &s.Foreground} {
		if *id == s.Pid {
			*id = -1
		}
	}
	if s.TTY != 0 && s.TTY != parent.TTY {
		s.TTY = -1
	}
	if s.InnerPid == s.Pid {
		s.InnerPid = -1
	}
	s.Pid = -1
	for name, ns := range s.Namespaces {
		s.Namespaces[name] = "parent's"
		if ns != parent.Namespaces[name] {
			s.Namespaces[name] = "own"
		}
	}
	return fmt.Sprintf("%+v", s)
}

// A landlockSetting is a kind of process that starts children.
type landlockSetting struct {
	name string
	attr syscall.SysProcAttr // of that process
}

// landlockSettings runs the calling test in each setting that this process may
// have, in processes of their own. In these, it returns the setting's
// name. In the calling process it returns "".
//
// The process is the leader of a session whose terminal is its descriptor 0.
// TMPDIR is an empty directory that everyone may write to,
// and the test binary is one that everyone may execute.
func landlockSettings(t *testing.T) (name string) {
	t.Helper()
	if os.Getenv("GO_WANT_HELPER_PROCESS") == "1" {
		syscall.Umask(0)
		return os.Getenv("GO_LANDLOCK_SETTING")
	}
	ruleset := testenv.NewLandlockRuleset(t, unix.LANDLOCK_ACCESS_FS_EXECUTE)
	testenv.MustHaveExec(t)

	const nobody = 65534
	userNS := landlockSetting{"UserNamespace", syscall.SysProcAttr{
		Cloneflags:   syscall.CLONE_NEWUSER,
		Unshareflags: syscall.CLONE_NEWNS,
		UidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}}
	settings := []landlockSetting{{"User", syscall.SysProcAttr{}}, userNS}
	if os.Getuid() == 0 {
		// As for a container: 0 in the namespace is an ordinary user outside.
		const size = 1 << 16
		userNS.attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: size, Size: size}}
		userNS.attr.GidMappings = userNS.attr.UidMappings
		userNS.attr.GidMappingsEnableSetgroups = true
		userNS.attr.Credential = &syscall.Credential{Uid: 0, Gid: 0}
		settings = []landlockSetting{
			{"Root", syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}},
			{"User", syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}},
			userNS,
		}
	}

	// The directories above the test binary and t.TempDir are private.
	dir, err := os.MkdirTemp("", "golandlock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeLandlockDir(t, dir) })
	exe := filepath.Join(dir, "syscall.test")
	data, err := os.ReadFile(testenv.Executable(t))
	if err == nil {
		err = os.WriteFile(exe, data, 0o777)
	}
	if err == nil {
		err = os.Chmod(exe, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}

	for _, setting := range settings {
		t.Run(setting.name, func(t *testing.T) {
			cmd := testenv.Command(t, exe, "-test.run=^$")
			attr := setting.attr
			cmd.SysProcAttr = &attr
			if out, err := cmd.CombinedOutput(); err != nil {
				if setting.name != "UserNamespace" {
					t.Fatalf("%v: %v\n%s", cmd, err, out)
				}
				// There are none for this user, or in this kernel.
				cmd := testenv.Command(t, exe, "-test.run=^$")
				attr.UseLandlock, attr.LandlockRuleset = true, ruleset
				cmd.SysProcAttr = &attr
				if err2 := cmd.Run(); err2 == nil || err2.Error() != err.Error() {
					t.Errorf("%v: got error %v with a sandbox, %v without", cmd, err2, err)
				}
				t.Logf("this user may not use user namespaces: %v", err)
				return
			}

			tmp := filepath.Join(dir, setting.name)
			err := os.Mkdir(tmp, 0o777)
			if err == nil {
				err = os.Chmod(tmp, 0o777)
			}
			if err != nil {
				t.Fatal(err)
			}
			cmd = testenv.Command(t, exe)
			cmd.Env = append(os.Environ(), "GO_LANDLOCK_SETTING="+setting.name, "TMPDIR="+tmp)
			cmd.Dir = "/"
			cmd.Stdin = openTerminal(t)
			attr = setting.attr
			attr.Setsid, attr.Setctty = true, true
			cmd.SysProcAttr = &attr
			name, _, _ := strings.Cut(t.Name(), "/")
			runTestAlone(t, cmd, name)
		})
	}
	return ""
}

// removeLandlockDir removes the directory of landlockSettings, except if
// something should be mounted there: that is not to be removed.
func removeLandlockDir(t *testing.T, dir string) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err == nil && strings.Contains(string(mounts), dir) {
		err = errors.New("there are mounts")
	}
	if err == nil {
		err = os.RemoveAll(dir)
	}
	if err != nil {
		t.Errorf("not removing %s: %v", dir, err)
	}
}

// openTerminal returns a new terminal.
func openTerminal(t *testing.T) *os.File {
	t.Helper()
	open := func(name string) *os.File {
		f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	master := open("/dev/ptmx")
	var n, unlock int32
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), syscall.TIOCSPTLCK, uintptr(unsafe.Pointer(&unlock))); errno != 0 {
		t.Fatalf("TIOCSPTLCK: %v", errno)
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), syscall.TIOCGPTN, uintptr(unsafe.Pointer(&n))); errno != 0 {
		t.Fatalf("TIOCGPTN: %v", errno)
	}
	return open("/dev/pts/" + strconv.Itoa(int(n)))
}

// makeLandlockRoot makes dir a root directory in which all is
// at the same place as outside. It needs a mount namespace of its own.
func makeLandlockRoot(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		from, to := "/"+e.Name(), filepath.Join(dir, e.Name())
		var err error
		switch e.Type() {
		case fs.ModeDir:
			if err = os.Mkdir(to, 0o777); err == nil {
				bindMount(t, from, to)
			}
		case fs.ModeSymlink:
			var link string
			if link, err = os.Readlink(from); err == nil {
				err = os.Symlink(link, to)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// bindMount mounts the directory from at to as well.
func bindMount(t *testing.T, from, to string) {
	t.Helper()
	if err := syscall.Mount(from, to, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		t.Fatalf("mount --rbind %s %s: %v", from, to, err)
	}
}

// A landlockOption is a way to set a field of ProcAttr or SysProcAttr.
type landlockOption struct {
	name string
	// Field is the field, as far as options of the same field
	// cannot be combined.
	field string
	// Privileged options may fail for want of privileges, and
	// in a kernel that was built without what they need.
	privileged bool
	// Conflicts are options that the kernel or package syscall refuses
	// together with this one.
	conflicts []string
	// Set sets the field. The function that it returns checks that the option
	// took effect.
	set func(r *landlockRun) (check func())
}

// A landlockRun is a child that is started with options.
type landlockRun struct {
	*landlockOptionTest
	t    *testing.T
	attr syscall.ProcAttr
	sys  syscall.SysProcAttr

	pid     int
	stopped syscall.WaitStatus // when it was traced
	landlockReport
}

// A landlockOptionTest is what the children in a setting share.
type landlockOptionTest struct {
	*landlockSandbox
	setting string
	self    landlockStatus // of this process
	root    string         // a root directory like /
	tty     int            // the terminal of the session
	cgroup  int            // the directory of a cgroup
	file    int            // any file

	cgroupName string
}

func (r *landlockRun) check(what string, got, want any) {
	r.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// checkNamespaces checks that the child is in namespaces other than the parent's.
func (r *landlockRun) checkNamespaces(names ...string) {
	r.t.Helper()
	for _, name := range names {
		if ns := r.Status.Namespaces[name]; ns == "" || ns == r.self.Namespaces[name] {
			r.t.Errorf("%s namespace is %q, want another than the parent's", name, ns)
		}
	}
}

var landlockOptions = []landlockOption{
	{name: "Chroot", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Chroot = r.root
			return func() { r.check("root directory", r.Status.Root, landlockPathID(r.root)) }
		}},
	{name: "Credential", field: "Credential", privileged: true,
		set: func(r *landlockRun) func() {
			uid, gid := r.user()
			r.sys.Credential = &syscall.Credential{Uid: uid, Gid: gid}
			return func() {
				r.check("user", r.Status.Uid, uid)
				r.check("group", r.Status.Gid, gid)
				r.check("groups", r.Status.Groups, []int{})
			}
		}},
	{name: "CredentialGroups", field: "Credential", privileged: true,
		set: func(r *landlockRun) func() {
			uid, gid := r.user()
			r.sys.Credential = &syscall.Credential{Uid: uid, Gid: gid, Groups: []uint32{gid, gid + 1}}
			return func() {
				r.check("user", r.Status.Uid, uid)
				r.check("group", r.Status.Gid, gid)
				r.check("groups", r.Status.Groups, []uint32{gid, gid + 1})
			}
		}},
	{name: "CredentialNoSetGroups", field: "Credential", privileged: true,
		set: func(r *landlockRun) func() {
			uid, gid := r.user()
			r.sys.Credential = &syscall.Credential{Uid: uid, Gid: gid, NoSetGroups: true}
			return func() {
				r.check("user", r.Status.Uid, uid)
				r.check("group", r.Status.Gid, gid)
				if r.sys.Cloneflags&syscall.CLONE_NEWUSER == 0 {
					r.check("groups", r.Status.Groups, r.self.Groups)
				}
			}
		}},
	{name: "Ptrace",
		set: func(r *landlockRun) func() {
			r.sys.Ptrace = true
			return func() {
				if !r.stopped.Stopped() || r.stopped.StopSignal() != syscall.SIGTRAP {
					r.t.Errorf("wait status when traced is %#x, want stopped by SIGTRAP", r.stopped)
				}
			}
		}},
	{name: "Setsid", conflicts: []string{"Setpgid", "Foreground", "Noctty"},
		set: func(r *landlockRun) func() {
			r.sys.Setsid = true
			return func() { r.check("session", r.Status.Session, r.pid) }
		}},
	{name: "Setpgid",
		set: func(r *landlockRun) func() {
			r.sys.Setpgid = true
			return func() { r.check("process group", r.Status.Pgrp, r.pid) }
		}},
	{name: "Setctty", field: "Ctty", conflicts: []string{"Setpgid", "Noctty"},
		set: func(r *landlockRun) func() {
			r.sys.Setsid, r.sys.Setctty = true, true
			r.sys.Ctty = len(r.attr.Files)
			r.attr.Files = append(r.attr.Files, openTerminal(r.t).Fd())
			return func() {
				r.check("session", r.Status.Session, r.pid)
				if tty := r.Status.TTY; tty == 0 || tty == r.self.TTY {
					r.t.Errorf("controlling terminal is %#x, want another than the parent's", tty)
				}
			}
		}},
	{name: "Noctty",
		set: func(r *landlockRun) func() {
			r.sys.Noctty = true
			return func() { r.check("controlling terminal", r.Status.TTY, 0) }
		}},
	{name: "Foreground", field: "Ctty",
		set: func(r *landlockRun) func() {
			r.sys.Foreground = true
			r.sys.Ctty = r.tty
			return func() {
				r.check("process group", r.Status.Pgrp, r.pid)
				if !r.sys.Noctty {
					r.check("process group of the terminal", r.Status.Foreground, r.pid)
				}
			}
		}},
	{name: "Pdeathsig",
		set: func(r *landlockRun) func() {
			r.sys.Pdeathsig = syscall.SIGTERM
			return func() { r.check("parent-death signal", r.Status.Pdeathsig, syscall.SIGTERM) }
		}},
	{name: "CloneNS", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Cloneflags |= syscall.CLONE_NEWNS
			return func() { r.checkNamespaces("mnt") }
		}},
	{name: "ClonePID", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Cloneflags |= syscall.CLONE_NEWPID
			return func() {
				r.checkNamespaces("pid")
				r.check("process ID in the namespace", r.Status.InnerPid, 1)
			}
		}},
	{name: "CloneNet", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Cloneflags |= syscall.CLONE_NEWNET
			return func() { r.checkNamespaces("net") }
		}},
	{name: "CloneTime", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Cloneflags |= syscall.CLONE_NEWTIME
			return func() { r.checkNamespaces("time_for_children") }
		}},
	// Without a map there is no user to become.
	{name: "CloneUser", field: "UserNamespace", privileged: true,
		conflicts: []string{"Credential", "CredentialGroups", "CredentialNoSetGroups"},
		set: func(r *landlockRun) func() {
			r.sys.Cloneflags |= syscall.CLONE_NEWUSER
			return func() { r.checkNamespaces("user") }
		}},
	{name: "CloneUserMap", field: "UserNamespace", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Cloneflags |= syscall.CLONE_NEWUSER
			r.sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: r.self.Uid, Size: 1}}
			r.sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: r.self.Gid, Size: 1}}
			if r.manyUsers() {
				r.sys.UidMappings[0].Size = landlockUsers
				r.sys.GidMappings[0].Size = landlockUsers
				r.sys.GidMappingsEnableSetgroups = true
			}
			return func() {
				r.checkNamespaces("user")
				if r.sys.Credential == nil {
					r.check("user", r.Status.Uid, 0)
					r.check("group", r.Status.Gid, 0)
				}
			}
		}},
	{name: "UnshareNS", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Unshareflags |= syscall.CLONE_NEWNS
			return func() {
				r.checkNamespaces("mnt")
				r.check("presence of shared mounts", r.Status.SharedMounts, false)
			}
		}},
	{name: "UnshareNet", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Unshareflags |= syscall.CLONE_NEWNET
			return func() { r.checkNamespaces("net") }
		}},
	{name: "UnshareTime", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.Unshareflags |= syscall.CLONE_NEWTIME
			return func() { r.checkNamespaces("time_for_children") }
		}},
	// The child can map no user but its own, who is not in the maps of
	// another user namespace, and no groups.
	{name: "UnshareUserMap", field: "UserNamespace", privileged: true,
		conflicts: []string{"Credential", "CredentialGroups", "CredentialNoSetGroups"},
		set: func(r *landlockRun) func() {
			r.sys.Unshareflags |= syscall.CLONE_NEWUSER
			r.sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: 7, HostID: r.self.Uid, Size: 1}}
			r.sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: 8, HostID: r.self.Gid, Size: 1}}
			return func() {
				r.checkNamespaces("user")
				r.check("user", r.Status.Uid, 7)
				r.check("group", r.Status.Gid, 8)
			}
		}},
	{name: "AmbientCaps", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.AmbientCaps = []uintptr{CAP_SYS_TIME, CAP_SYSLOG}
			return func() { r.check("CapAmb", r.Status.Caps["CapAmb"], "0000000402000000") }
		}},
	{name: "UseCgroupFD", privileged: true,
		set: func(r *landlockRun) func() {
			r.sys.UseCgroupFD = true
			r.sys.CgroupFD = r.cgroup
			return func() { r.check("cgroup", r.Status.Cgroup, r.cgroupName) }
		}},
	{name: "PidFD",
		set: func(r *landlockRun) func() {
			pidfd := -1
			r.sys.PidFD = &pidfd
			return func() {
				info, _ := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", pidfd))
				syscall.Close(pidfd)
				// The child has been waited for.
				if !strings.Contains(string(info), "\nPid:\t-1\n") {
					r.t.Errorf("descriptor %d is not that of a process: %q", pidfd, info)
				}
			}
		}},
	{name: "LandlockFlags",
		set: func(r *landlockRun) func() {
			r.sys.LandlockFlags = unix.LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF | unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF
			return func() {}
		}},
	{name: "NoNewPrivs",
		set: func(r *landlockRun) func() {
			r.sys.NoNewPrivs = true
			return func() { r.check("no_new_privs", r.NoNewPrivs, 1) }
		}},
	{name: "Clone3",
		set: func(r *landlockRun) func() {
			*syscall.ForceClone3 = true
			r.t.Cleanup(func() { *syscall.ForceClone3 = false })
			return func() {}
		}},
	{name: "Dir",
		set: func(r *landlockRun) func() {
			r.attr.Dir = r.denied
			return func() { r.check("working directory", r.Status.Cwd, landlockPathID(r.denied)) }
		}},
	{name: "Env",
		set: func(r *landlockRun) func() {
			r.attr.Env = append(r.attr.Env, "GO_LANDLOCK_ENV=value")
			return func() { r.check("environment variable", r.Status.Env, "value") }
		}},
	{name: "Files",
		set: func(r *landlockRun) func() {
			n := len(r.attr.Files)
			r.attr.Files = append(r.attr.Files, ^uintptr(0), uintptr(r.file), 2)
			want := map[int]string{n + 1: landlockPathID("/proc/self/fd/" + strconv.Itoa(r.file)), n + 2: landlockPathID("/proc/self/fd/2")}
			return func() {
				for i, id := range want {
					r.check(fmt.Sprintf("descriptor %d", i), r.Files[i], id)
				}
			}
		}},
}

// landlockUsers is how many users a user namespace maps that maps many.
const landlockUsers = 3000

// manyUsers reports whether this process can become other users.
func (o *landlockOptionTest) manyUsers() bool {
	data, _ := os.ReadFile("/proc/self/uid_map")
	var inside, outside, size int64
	fmt.Sscan(string(data), &inside, &outside, &size)
	return o.setting != "User" && size >= landlockUsers
}

// user returns the user and group for Credential.
func (o *landlockOptionTest) user() (uid, gid uint32) {
	if o.setting == "UserNamespace" && !o.manyUsers() {
		return 0, 0
	}
	return 1234, 2345
}

// TestLandlockOptions tests UseLandlock with all other fields of SysProcAttr
// and ProcAttr, alone and in pairs, or, where landlockCount is less than that,
// with some of them. A child is started without a sandbox and then with one:
// either both fail with the same error, or in both the options take effect,
// and the second is in the sandbox.
func TestLandlockOptions(t *testing.T) {
	setting := landlockSettings(t)
	if setting == "" {
		return
	}
	signal.Ignore(syscall.SIGTTOU) // this process is at times in the background
	tmp := os.Getenv("TMPDIR")
	o := &landlockOptionTest{
		landlockSandbox: newLandlockSandboxOf(t, filepath.Join(tmp, "allowed"), filepath.Join(tmp, "denied")),
		setting:         setting,
		self:            readLandlockStatus(),
		root:            filepath.Join(tmp, "root"),
		file:            openFile(t, tmp),
	}
	if setting == "User" {
		o.root = tmp
	} else {
		makeLandlockRoot(t, o.root)
		// Unsharing the mount namespace is to undo this.
		if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
			t.Fatalf("mount --make-rshared /: %v", err)
		}
		o.self.SharedMounts = true
	}
	o.makeCgroup(t)
	t.Logf("started by %+v, with cgroup %q", o.self, o.cgroupName)

	options := slices.Clone(landlockOptions)
	if landlockFlags(testenv.MustHaveLandlock(t)) == 0 {
		// The kernel knows no flags, see TestLandlockFlags.
		options = slices.DeleteFunc(options, func(o landlockOption) bool { return o.name == "LandlockFlags" })
	}
	for _, tt := range []struct {
		name, link string
		flag       uintptr
	}{
		{"UnsharePID", "pid_for_children", syscall.CLONE_NEWPID},
		{"UnshareTime", "time_for_children", syscall.CLONE_NEWTIME},
	} {
		t.Run(tt.name+"/Stopped", func(t *testing.T) {
			if !o.testStopped(t, tt.link, tt.flag) {
				// Before Linux 6.3, as for UnsharePID.
				options = slices.DeleteFunc(options, func(o landlockOption) bool { return o.name == tt.name })
			}
		})
	}

	failed := make(map[*landlockOption]bool) // options that fail alone
	alone := func(option *landlockOption) {
		t.Run(option.name, func(t *testing.T) {
			err := o.test(t, option)
			failed[option] = err != nil
			if err != nil {
				t.Logf("fails: %v", err)
				if !o.mayFail(option, err) {
					t.Errorf("Start: %v, want no error", err)
				}
			}
		})
	}
	pairs := len(options) * len(options) / 2
	count := landlockCount(t, len(options)+50, len(options)+pairs)
	if count < len(options) {
		rnd := rand.New(rand.NewPCG(landlockSeed(t), 0))
		for _, i := range rnd.Perm(len(options))[:count] {
			alone(&options[i])
		}
		return
	}
	for i := range options {
		alone(&options[i])
	}
	every := max(1, pairs/max(1, count-len(options)))
	for i := range options {
		for j := range i {
			a, b := &options[j], &options[i]
			if a.field != "" && a.field == b.field {
				continue
			}
			if (i*len(options)+j)%every != 0 {
				continue
			}
			t.Run(a.name+"/"+b.name, func(t *testing.T) {
				err := o.test(t, a, b)
				conflict := slices.Contains(a.conflicts, b.name) || slices.Contains(b.conflicts, a.name)
				if err == nil && conflict && !failed[a] && !failed[b] {
					t.Errorf("Start: got no error, want one for the conflict")
				}
				if err != nil && !conflict && !failed[a] && !failed[b] {
					t.Errorf("Start: %v, want no error", err)
				}
			})
		}
	}
}

// mayFail reports whether option may fail with err.
func (o *landlockOptionTest) mayFail(option *landlockOption, err error) bool {
	switch {
	case !option.privileged:
		return false
	case err == syscall.EINVAL || err == syscall.ENOSYS || err == syscall.ENOSPC:
		// The kernel lacks the namespaces, or has no more of them, or
		// there is no such user in this one.
		return option.field != "Credential" || o.setting == "UserNamespace" && !o.manyUsers()
	case option.name == "UseCgroupFD":
		return o.cgroupName == ""
	case option.field == "Credential" && o.setting == "UserNamespace":
		return err == syscall.EPERM && !o.manyUsers()
	}
	return err == syscall.EPERM && o.setting == "User"
}

// makeCgroup makes a cgroup if it may.
func (o *landlockOptionTest) makeCgroup(t *testing.T) {
	dir := "/" // not a cgroup
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" && f[1] != "" && !strings.HasPrefix(f[1], o.root) {
			dir = f[1]
			break
		}
	}
	if dir != "/" {
		if sub, err := os.MkdirTemp(dir, "golandlock"); err != nil {
			t.Logf("no cgroup to use: %v", err)
		} else {
			t.Cleanup(func() {
				if err := os.Remove(sub); err != nil {
					t.Error(err)
				}
			})
			dir, o.cgroupName = sub, "/"+filepath.Base(sub)
		}
	}
	o.cgroup = openFile(t, dir)
}

// testStopped tests UseLandlock with flag in Unshareflags, where a Go program
// may not be able to run: it cannot start threads with a namespace for
// children that it is not in itself, see what clone(2) says of EINVAL. So this
// looks at the child before it runs, and reports whether it can.
func (o *landlockOptionTest) testStopped(t *testing.T, link string, flag uintptr) (runs bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	exe := testenv.Executable(t)
	sys := &syscall.SysProcAttr{Ptrace: true, Unshareflags: flag}
	start := func(sandboxed bool, ruleset int) (pid int, err error) {
		sys.UseLandlock, sys.LandlockRuleset = sandboxed, ruleset
		return syscall.ForkExec(exe, []string{exe, "-test.run=^$"}, &syscall.ProcAttr{
			Files: []uintptr{0, ^uintptr(0), ^uintptr(0)},
			Sys:   sys,
		})
	}
	check := func(sandboxed bool) error {
		t.Helper()
		pid, err := start(sandboxed, o.ruleset)
		if err != nil {
			return err
		}
		if ws := wait4(t, pid); !ws.Stopped() {
			t.Fatalf("wait status is %#x, want stopped", ws)
		}
		// There may be no link to a namespace that has no process yet.
		link := fmt.Sprintf("/proc/%d/ns/%s", pid, link)
		ns, err := os.Readlink(link)
		if ns == o.self.Namespaces[filepath.Base(link)] || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is %q, %v; want another than the parent's", link, ns, err)
		}
		if got, want := noNewPrivs(fmt.Sprintf("/proc/%d/status", pid)), map[bool]string{false: "0", true: "1"}[sandboxed]; got != want {
			t.Errorf("child has no_new_privs %s, want %s", got, want)
		}
		if runtime.GOARCH == "riscv64" {
			// There, runtime.clone returns no error. Without a thread that
			// could not be started, the child would wait for ever.
			syscall.Kill(pid, syscall.SIGKILL)
		} else if err := syscall.PtraceDetach(pid); err != nil {
			t.Fatalf("PtraceDetach: %v", err)
		}
		runs = wait4(t, pid) == 0
		return nil
	}

	both := func() error {
		t.Helper()
		err := check(true)
		if err2 := check(false); err2 != err {
			t.Errorf("Start: got error %v with a sandbox, %v without", err, err2)
		}
		return err
	}
	want := both()
	if want == syscall.EPERM {
		// In a user namespace of its own, the child may.
		sys.Cloneflags = syscall.CLONE_NEWUSER
		sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: o.self.Uid, Size: 1}}
		sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: o.self.Gid, Size: 1}}
		want = both()
	}
	if want != nil {
		runs = true // or would, but for the error
	} else {
		want = syscall.EACCES
	}
	noExec := testenv.NewLandlockRuleset(t, unix.LANDLOCK_ACCESS_FS_EXECUTE)
	pid, err := start(true, noExec)
	if err != want {
		t.Errorf("Start of a program that the sandbox denies: got error %v, want %v", err, want)
	}
	if err == nil {
		syscall.Kill(pid, syscall.SIGKILL)
		wait4(t, pid)
	}
	return runs
}

func openFile(t *testing.T, name string) int {
	t.Helper()
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(&fs.PathError{Op: "open", Path: name, Err: err})
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return fd
}

// test tests a child with options without and with a sandbox. It returns the
// error with which both fail to start.
func (o *landlockOptionTest) test(t *testing.T, options ...*landlockOption) error {
	free, err := o.run(t, false, options)
	boxed, err2 := o.run(t, true, options)
	if fmt.Sprint(err) != fmt.Sprint(err2) {
		t.Errorf("Start: got error %v with a sandbox, %v without", err2, err)
	} else if free != boxed {
		t.Errorf("child with a sandbox:\n%s\nwithout:\n%s", boxed, free)
	}
	return err
}

// run runs a child with options and returns its status.
func (o *landlockOptionTest) run(t *testing.T, sandboxed bool, options []*landlockOption) (status string, err error) {
	t.Run(map[bool]string{false: "Free", true: "Sandboxed"}[sandboxed], func(t *testing.T) {
		// For Ptrace and Pdeathsig.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()

		env, report := o.env()
		r := &landlockRun{landlockOptionTest: o, t: t}
		r.attr = syscall.ProcAttr{Env: env, Files: []uintptr{0, 1, 2}, Sys: &r.sys}
		var checks []func()
		for _, option := range options {
			checks = append(checks, option.set(r))
		}
		r.sys.UseLandlock, r.sys.LandlockRuleset = sandboxed, o.ruleset

		exe := testenv.Executable(t)
		if r.sys.Foreground {
			defer func() {
				if err := syscall.Tcsetpgrp(o.tty, int32(o.self.Pgrp)); err != nil {
					t.Errorf("Tcsetpgrp: %v", err)
				}
			}()
		}
		r.pid, err = syscall.ForkExec(exe, []string{exe}, &r.attr)
		if err != nil {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
				t.Errorf("there is a child left: wait4 returned %d, %v; want %v", pid, err, syscall.ECHILD)
			}
			if _, err := os.Stat(report); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the program ran")
			}
			return
		}
		ws := wait4(t, r.pid)
		if r.sys.Ptrace {
			r.stopped = ws
			if _, err := os.Stat(report); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the program ran before it was traced")
			}
			if err := syscall.PtraceDetach(r.pid); err != nil {
				t.Fatalf("PtraceDetach: %v", err)
			}
			ws = wait4(t, r.pid)
		}
		if ws != 0 {
			t.Fatalf("child: wait status %#x", ws)
		}
		r.landlockReport = o.checkChildPrivs(t, report, sandboxed, sandboxed || r.sys.NoNewPrivs)
		r.check("process ID", r.Status.Pid, r.pid)
		for _, check := range checks {
			check()
		}
		status = r.Status.relative(o.self)
	})
	return status, err
}

// wait4 waits until the child pid stops or ends.
func wait4(t *testing.T, pid int) (status syscall.WaitStatus) {
	t.Helper()
	for {
		_, err := syscall.Wait4(pid, &status, 0, nil)
		if err == nil {
			return status
		}
		if err != syscall.EINTR {
			t.Fatalf("wait4: %v", err)
		}
	}
}
