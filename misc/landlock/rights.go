// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package landlock

import (
	"fmt"
	"slices"
	"strings"
)

// An AccessFSSet is a set of filesystem rights.
type AccessFSSet uint64

// An AccessNetSet is a set of network rights.
type AccessNetSet uint64

// A ScopedSet is a set of scopes: means of communication with processes
// outside of the sandbox.
type ScopedSet uint64

// The names of the rights, by their bits.
var (
	accessFSNames = []string{
		"execute",
		"write_file",
		"read_file",
		"read_dir",
		"remove_dir",
		"remove_file",
		"make_char",
		"make_dir",
		"make_reg",
		"make_sock",
		"make_fifo",
		"make_block",
		"make_sym",
		"refer",
		"truncate",
		"ioctl_dev",
		"resolve_unix",
	}
	accessNetNames = []string{
		"bind_tcp",
		"connect_tcp",
		"bind_udp",
		"connect_send_udp",
	}
	scopedNames = []string{
		"abstract_unix_socket",
		"signal",
	}
)

// String returns the names of the rights, such as {execute,read_file}.
func (a AccessFSSet) String() string { return setString(a, accessFSNames) }

// String returns the names of the rights, such as {bind_tcp,connect_tcp}.
func (a AccessNetSet) String() string { return setString(a, accessNetNames) }

// String returns the names of the scopes, such as {abstract_unix_socket,signal}.
func (a ScopedSet) String() string { return setString(a, scopedNames) }

func setString[S ~uint64](set S, names []string) string {
	var list []string
	for i := range 64 {
		if set&(1<<i) == 0 {
			continue
		}
		if i < len(names) {
			list = append(list, names[i])
		} else {
			list = append(list, fmt.Sprintf("1<<%d", i))
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

// ParseAccessFS returns the filesystem right of a name, such as read_file.
func ParseAccessFS(name string) (AccessFSSet, error) {
	return parse[AccessFSSet](name, "filesystem right", accessFSNames)
}

// ParseAccessNet returns the network right of a name, such as bind_tcp.
func ParseAccessNet(name string) (AccessNetSet, error) {
	return parse[AccessNetSet](name, "network right", accessNetNames)
}

// ParseScoped returns the scope of a name, such as signal.
func ParseScoped(name string) (ScopedSet, error) {
	return parse[ScopedSet](name, "scope", scopedNames)
}

func parse[S ~uint64](name, kind string, names []string) (S, error) {
	i := slices.Index(names, name)
	if i < 0 {
		return 0, fmt.Errorf("landlock: unknown %s %q; known are %s", kind, name, strings.Join(names, ", "))
	}
	return 1 << i, nil
}
