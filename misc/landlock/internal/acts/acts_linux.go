// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package acts does what a Landlock sandbox may deny, for tests.
package acts

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	ll "golandlock/misc/landlock/syscall"
)

// Two directories in which the same is done, and two ports.
var (
	Dirs  = []string{"a", "b"}
	Ports = []uint16{61357, 61358}
)

// Null is a device that is not in a directory of Dirs.
const Null = "/dev/null"

// A World is what is acted upon. A process inside a sandbox gets it from one
// outside.
type World struct {
	Dir      string // with the directories Dirs
	Abstract string // name of an abstract Unix socket to connect to
	Victim   int    // process to signal, of the same user
}

// Make makes a world in the empty directory dir. It lasts until done is called.
func Make(dir string, victim int) (w World, done func(), err error) {
	w = World{Dir: dir, Abstract: "landlock-test" + dir, Victim: victim}
	var listeners []net.Listener
	done = func() {
		for _, l := range listeners {
			l.Close()
		}
	}
	defer func() {
		if err != nil {
			done()
		}
	}()
	listen := func(name string) error {
		l, err := net.Listen("unix", name)
		if err == nil {
			listeners = append(listeners, l)
		}
		return err
	}
	if err := listen("@" + w.Abstract); err != nil {
		return w, nil, err
	}
	// A process that is forked meanwhile must not hold one of the files open
	// for writing, which would make its execution fail.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for _, d := range Dirs {
		d = filepath.Join(dir, d)
		if err := os.MkdirAll(filepath.Join(d, "rmdir"), 0o755); err != nil {
			return w, nil, err
		}
		for _, name := range []string{"execute", "read", "write", "truncate", "open-truncate", "unlink", "rename", "link", "move", "link-away"} {
			// Not a program: execve says ENOEXEC if it may look at the file.
			if err := os.WriteFile(filepath.Join(d, name), []byte("text\n"), 0o755); err != nil {
				return w, nil, err
			}
		}
		if err := listen(filepath.Join(d, "socket")); err != nil {
			return w, nil, err
		}
	}
	return w, done, nil
}

// An Act is something that a sandbox may deny, and what it takes not to be.
type Act struct {
	Name  string
	FS    []OnPath
	Refer [2]string // move or link a file from one directory to another
	Net   []OnPort
	Scope uint64
	do    func() error
}

// OnPath are filesystem rights on a path, relative to World.Dir.
type OnPath struct {
	Path   string
	Access uint64
}

// OnPort are network rights on a port.
type OnPort struct {
	Port   uint16
	Access uint64
}

// Do does it on the calling thread. A denial by Landlock is the error EACCES,
// or EXDEV for a Refer, or EPERM for a Scope. Other errors,
// such as ENOEXEC, come of acts that were not denied.
func (a Act) Do() error { return a.do() }

// Acts returns all that can be done, in an order that matters.
func (w World) Acts() []Act {
	var acts []Act
	for i, dir := range Dirs {
		other := Dirs[1-i]
		at := func(name string) string { return filepath.Join(w.Dir, dir, name) }
		add := func(name string, access uint64, do func() error) {
			acts = append(acts, Act{Name: dir + "/" + name, FS: []OnPath{{dir, access}}, do: do})
		}
		add("execute", ll.AccessFSExecute, func() error { return execute(at("execute")) })
		add("read", ll.AccessFSReadFile, func() error { return open(at("read"), syscall.O_RDONLY) })
		add("write", ll.AccessFSWriteFile, func() error { return open(at("write"), syscall.O_WRONLY) })
		add("truncate", ll.AccessFSTruncate, func() error { return syscall.Truncate(at("truncate"), 0) })
		add("open-truncate", ll.AccessFSWriteFile|ll.AccessFSTruncate, func() error {
			return open(at("open-truncate"), syscall.O_WRONLY|syscall.O_TRUNC)
		})
		add("list", ll.AccessFSReadDir, func() error { return open(at("."), syscall.O_RDONLY|syscall.O_DIRECTORY) })
		add("create", ll.AccessFSMakeReg|ll.AccessFSWriteFile, func() error {
			return open(at("create"), syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL)
		})
		add("mkdir", ll.AccessFSMakeDir, func() error { return syscall.Mkdir(at("mkdir"), 0o755) })
		add("symlink", ll.AccessFSMakeSym, func() error { return syscall.Symlink("target", at("symlink")) })
		for _, kind := range []struct {
			name   string
			mode   uint32
			access uint64
		}{
			{"make-reg", syscall.S_IFREG, ll.AccessFSMakeReg},
			{"make-fifo", syscall.S_IFIFO, ll.AccessFSMakeFifo},
			{"make-sock", syscall.S_IFSOCK, ll.AccessFSMakeSock},
			{"make-char", syscall.S_IFCHR, ll.AccessFSMakeChar},   // EPERM but for root
			{"make-block", syscall.S_IFBLK, ll.AccessFSMakeBlock}, // likewise
		} {
			add(kind.name, kind.access, func() error { return syscall.Mknod(at(kind.name), kind.mode|0o600, 1<<8|3) })
		}
		add("unlink", ll.AccessFSRemoveFile, func() error { return syscall.Unlink(at("unlink")) })
		add("rmdir", ll.AccessFSRemoveDir, func() error { return syscall.Rmdir(at("rmdir")) })
		add("rename", ll.AccessFSRemoveFile|ll.AccessFSMakeReg, func() error { return syscall.Rename(at("rename"), at("renamed")) })
		add("link", ll.AccessFSMakeReg, func() error { return syscall.Link(at("link"), at("linked")) })
		add("connect-unix", ll.AccessFSResolveUnix, func() error {
			return connectUnix(at("socket"))
		})
		acts = append(acts,
			Act{
				Name:  dir + "/move",
				FS:    []OnPath{{dir, ll.AccessFSRemoveFile}, {other, ll.AccessFSMakeReg}},
				Refer: [2]string{dir, other},
				do:    func() error { return syscall.Rename(at("move"), filepath.Join(w.Dir, other, "moved")) },
			},
			Act{
				Name:  dir + "/link-away",
				FS:    []OnPath{{other, ll.AccessFSMakeReg}},
				Refer: [2]string{dir, other},
				do:    func() error { return syscall.Link(at("link-away"), filepath.Join(w.Dir, other, "linked-from")) },
			})
	}
	acts = append(acts, Act{
		Name: "ioctl",
		FS:   []OnPath{{Null, ll.AccessFSReadFile | ll.AccessFSIoctlDev}},
		do:   ioctl,
	})
	for _, port := range Ports {
		tcp := func(name string, access uint64, f func(fd int, sa syscall.Sockaddr) error) {
			acts = append(acts, Act{Name: fmt.Sprint(name, port), Net: []OnPort{{port, access}}, do: func() error {
				return inet(syscall.SOCK_STREAM, port, f)
			}})
		}
		tcp("bind-tcp-", ll.AccessNetBindTCP, syscall.Bind)
		tcp("connect-tcp-", ll.AccessNetConnectTCP, syscall.Connect)
		acts = append(acts, Act{
			Name: fmt.Sprint("bind-udp-", port),
			Net:  []OnPort{{port, ll.AccessNetBindUDP}},
			do:   func() error { return inet(syscall.SOCK_DGRAM, port, syscall.Bind) },
		})
		// A socket that is not bound has to be.
		outgoing := []OnPort{{port, ll.AccessNetConnectSendUDP}, {0, ll.AccessNetBindUDP}}
		acts = append(acts, Act{
			Name: fmt.Sprint("connect-udp-", port),
			Net:  outgoing,
			do:   func() error { return inet(syscall.SOCK_DGRAM, port, syscall.Connect) },
		}, Act{
			Name: fmt.Sprint("send-udp-", port),
			Net:  outgoing,
			do: func() error {
				return inet(syscall.SOCK_DGRAM, port, func(fd int, sa syscall.Sockaddr) error {
					return syscall.Sendto(fd, []byte("text"), 0, sa)
				})
			},
		})
	}
	return append(acts, Act{
		Name:  "abstract",
		Scope: ll.ScopeAbstractUnixSocket,
		do:    func() error { return connectUnix("@" + w.Abstract) },
	}, Act{
		Name:  "signal",
		Scope: ll.ScopeSignal,
		do:    func() error { return syscall.Kill(w.Victim, 0) },
	})
}

func open(name string, flags int) error {
	fd, err := syscall.Open(name, flags|syscall.O_CLOEXEC, 0o600)
	if err == nil {
		syscall.Close(fd)
	}
	return err
}

func execute(name string) error {
	pid, err := syscall.ForkExec(name, []string{name}, nil)
	if err == nil {
		syscall.Wait4(pid, nil, 0, nil)
	}
	return err
}

func connectUnix(name string) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	return syscall.Connect(fd, &syscall.SockaddrUnix{Name: name})
}

func inet(sotype int, port uint16, f func(fd int, sa syscall.Sockaddr) error) error {
	// Nobody may be there to answer or to refuse, if the loopback device is down.
	fd, err := syscall.Socket(syscall.AF_INET, sotype|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	// Others may be doing the same.
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return err
	}
	err = f(fd, &syscall.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}})
	if err == syscall.EINPROGRESS || err == syscall.ECONNREFUSED {
		return nil
	}
	return err
}

// ioctl opens the null device and asks it for what only terminals have.
func ioctl() error {
	fd, err := syscall.Open(Null, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	var termios [256]byte
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TCGETS, uintptr(unsafe.Pointer(&termios)))
	return errno // never 0
}
