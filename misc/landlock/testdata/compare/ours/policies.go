// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package policies has policies, in two directories: in theirs those for
// github.com/landlock-lsm/go-landlock, and in ours those for the package of this
// repository. Only the import paths differ.
package policies

import (
	"golandlock/misc/landlock"
	ll "golandlock/misc/landlock/syscall"
)

// Versions are the configs of the Landlock ABI versions from 1 on.
var Versions = []landlock.Config{
	landlock.V1, landlock.V2, landlock.V3, landlock.V4, landlock.V5, landlock.V6,
	landlock.V7, landlock.V8, landlock.V9, landlock.V10, landlock.V11,
}

// Custom are configs of some rights.
var Custom = map[string]landlock.Config{
	"read":     landlock.MustConfig(landlock.AccessFSSet(ll.AccessFSReadFile | ll.AccessFSReadDir)),
	"write":    landlock.MustConfig(landlock.AccessFSSet(ll.AccessFSWriteFile | ll.AccessFSMakeReg | ll.AccessFSTruncate | ll.AccessFSRefer)),
	"make":     landlock.MustConfig(landlock.AccessFSSet(ll.AccessFSMakeChar | ll.AccessFSMakeDir | ll.AccessFSMakeSock | ll.AccessFSMakeFifo | ll.AccessFSMakeBlock | ll.AccessFSMakeSym)),
	"remove":   landlock.MustConfig(landlock.AccessFSSet(ll.AccessFSRemoveFile|ll.AccessFSRemoveDir), landlock.ScopedSet(ll.ScopeSignal)),
	"refer":    landlock.MustConfig(landlock.AccessFSSet(ll.AccessFSRefer)),
	"truncate": landlock.MustConfig(landlock.AccessFSSet(ll.AccessFSTruncate)),
	"ioctl":    landlock.MustConfig(landlock.AccessFSSet(ll.AccessFSIoctlDev|ll.AccessFSExecute), landlock.AccessNetSet(ll.AccessNetConnectTCP)),
	"unix":     landlock.MustConfig(landlock.AccessFSSet(ll.AccessFSResolveUnix), landlock.ScopedSet(ll.ScopeAbstractUnixSocket)),
	"udp":      landlock.MustConfig(landlock.AccessNetSet(ll.AccessNetBindTCP | ll.AccessNetBindUDP | ll.AccessNetConnectSendUDP)),
	"nothing":  landlock.MustConfig(),
}

// Rules are rules for the directories a, b and the file file in dir, and
// two ports. In all, the program exe may be executed.
func Rules(dir, exe string, p, q uint16) map[string][]landlock.Rule {
	a, b, file, missing := dir+"/a", dir+"/b", dir+"/file", dir+"/missing"
	rules := map[string][]landlock.Rule{
		"none":             {},
		"ro-files":         {landlock.ROFiles(a, file)},
		"ro-dirs":          {landlock.RODirs(a), landlock.RODirs("/dev")},
		"rw-files":         {landlock.RWFiles(a, file, "/dev/null")},
		"rw-dirs":          {landlock.RWDirs(a, "/dev"), landlock.RODirs(b)},
		"rw-dirs-both":     {landlock.RWDirs(a, b)},
		"rw-dirs-nested":   {landlock.RODirs(dir), landlock.RWDirs(a)},
		"refer":            {landlock.RWDirs(a, b).WithRefer()},
		"refer-one":        {landlock.RWDirs(a).WithRefer(), landlock.RWDirs(b)},
		"refer-to-more":    {landlock.RODirs(a).WithRefer(), landlock.RWDirs(b).WithRefer()},
		"ioctl":            {landlock.ROFiles("/dev/null").WithIoctlDev(), landlock.RWDirs(a).WithIoctlDev()},
		"unix":             {landlock.RODirs(a).WithResolveUnix()},
		"all":              {landlock.RWDirs(a, b).WithRefer().WithIoctlDev().WithResolveUnix(), landlock.RWFiles("/dev/null").WithIoctlDev()},
		"access-read":      {landlock.PathAccess(ll.AccessFSReadFile, a), landlock.PathAccess(ll.AccessFSReadFile|ll.AccessFSReadDir, b)},
		"access-write":     {landlock.PathAccess(ll.AccessFSWriteFile|ll.AccessFSMakeReg, a)},
		"access-none":      {landlock.PathAccess(0, a, missing)},
		"access-truncate":  {landlock.PathAccess(ll.AccessFSTruncate, a)},
		"access-ioctl":     {landlock.PathAccess(ll.AccessFSIoctlDev, "/dev/null")},
		"access-refer":     {landlock.PathAccess(ll.AccessFSRefer, a, b)},
		"access-unknown":   {landlock.PathAccess(1<<40, a)},
		"access-modified":  {landlock.PathAccess(ll.AccessFSReadFile, a).WithIoctlDev().WithResolveUnix()},
		"missing":          {landlock.RODirs(a, missing)},
		"missing-ignored":  {landlock.RODirs(a, missing, b).IgnoreIfMissing()},
		"missing-later":    {landlock.RODirs(missing).IgnoreIfMissing(), landlock.RODirs(missing)},
		"not-directory":    {landlock.ROFiles(file + "/x").IgnoreIfMissing()},
		"dirs-on-file":     {landlock.RODirs(file)},
		"refer-on-file":    {landlock.ROFiles(file).WithRefer()},
		"bind":             {landlock.BindTCP(p)},
		"connect":          {landlock.ConnectTCP(p)},
		"bind-connect":     {landlock.BindTCP(p), landlock.ConnectTCP(p), landlock.ConnectTCP(q), landlock.RWDirs(b)},
		"bind-any":         {landlock.BindTCP(0)},
		"udp":              {landlock.BindUDP(0), landlock.BindUDP(p), landlock.ConnectSendUDP(p)},
		"udp-send":         {landlock.ConnectSendUDP(q)},
		"composite":        {landlock.CompositeRule(landlock.RODirs(a), landlock.CompositeRule(landlock.RWFiles(b), landlock.ROFiles(missing).IgnoreIfMissing()))},
		"composite-net":    {landlock.CompositeRule(landlock.BindTCP(q), landlock.RODirs(b))},
		"composite-refer":  {landlock.CompositeRule(landlock.RODirs(a), landlock.RWDirs(b).WithRefer())},
		"quiet-paths":      {landlock.RODirs(a), landlock.QuietPaths(b, file)},
		"quiet-missing":    {landlock.QuietPaths(missing)},
		"quiet-ignored":    {landlock.QuietPaths(missing, b).IgnoreIfMissing()},
		"quiet-ports":      {landlock.QuietPorts(p, q), landlock.RODirs(a)},
		"zero":             {landlock.FSRule{}, landlock.NetRule{}, landlock.CompositeRule()},
		"overlapping":      {landlock.ROFiles(a), landlock.RWFiles(a), landlock.RODirs(a)},
		"symlink-and-dots": {landlock.RWDirs(dir + "/link/../b"), landlock.RODirs(dir + "/link")},
	}
	for name := range rules {
		rules[name] = append(rules[name], landlock.ROFiles(exe))
	}
	return rules
}
