// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golandlock/misc/landlock"
	ll "golandlock/misc/landlock/syscall"
)

func TestPolicyRights(t *testing.T) {
	const readExecute = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir
	for _, test := range []struct {
		policy string
		want   policy
	}{
		{
			`{"ruleset": [{"handledAccessFs": ["execute", "execute"]}, {"handledAccessFs": ["resolve_unix"], "scoped": ["signal"]}]}`,
			policy{config: landlock.Config{HandledAccessFS: ll.AccessFSExecute | ll.AccessFSResolveUnix, Scoped: ll.ScopeSignal}},
		},
		{
			`{"abi": 6, "ruleset": [{"handledAccessNet": ["abi.all"], "scoped": ["abi.all"]}]}`,
			policy{config: landlock.Config{HandledAccessNet: landlock.V6.HandledAccessNet, Scoped: landlock.V6.Scoped}},
		},
		{
			// What rules grant is handled.
			`{"pathBeneath": [{"allowedAccess": ["abi.read_execute"], "parent": ["/a", "b/../c"]}, {"allowedAccess": ["write_file"], "parent": ["/a"]}], "abi": 1}`,
			policy{
				config: landlock.Config{HandledAccessFS: readExecute | ll.AccessFSWriteFile},
				paths:  []pathRule{{readExecute, "/a"}, {readExecute, "dir/b/../c"}, {ll.AccessFSWriteFile, "/a"}},
			},
		},
		{
			`{"abi": 2, "pathBeneath": [{"allowedAccess": ["abi.read_execute"], "parent": ["$x", "$${y}", "/$$"]}]}`,
			policy{
				config: landlock.Config{HandledAccessFS: readExecute | ll.AccessFSRefer},
				paths:  []pathRule{{readExecute | ll.AccessFSRefer, "dir/$x"}, {readExecute | ll.AccessFSRefer, "dir/${y}"}, {readExecute | ll.AccessFSRefer, "/$"}},
			},
		},
		{
			`{"abi": 2147483647, "netPort": [{"allowedAccess": ["abi.all"], "port": [0, 65535]}]}`,
			policy{config: landlock.V11.OnlyNet(), ports: []portRule{{1<<4 - 1, 0}, {1<<4 - 1, 65535}}},
		},
		{
			// The groups may be empty.
			`{"abi": 3, "netPort": [{"allowedAccess": ["abi.all"], "port": [1]}]}`,
			policy{ports: []portRule{{0, 1}}},
		},
	} {
		p, err := parsePolicy("file", "dir", []byte(test.policy))
		if err != nil {
			t.Errorf("%s: %v", test.policy, err)
		} else if !reflect.DeepEqual(*p, test.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", test.policy, *p, test.want)
		}
	}
	// The groups, for all ABI versions.
	for abi := 1; abi < len(configs); abi++ {
		for group, want := range map[string]landlock.AccessFSSet{
			"abi.all":          configs[abi].HandledAccessFS,
			"abi.read_write":   configs[abi].HandledAccessFS &^ ll.AccessFSExecute,
			"abi.read_execute": readExecute | configs[abi].HandledAccessFS&ll.AccessFSRefer,
		} {
			p, err := parsePolicy("file", "", fmt.Appendf(nil, `{"abi": %d, "ruleset": [{"handledAccessFs": [%q]}]}`, abi, group))
			if err != nil || p.config.HandledAccessFS != want {
				t.Errorf("%s of ABI %d: got %v, %v, want %v", group, abi, p, err, want)
			}
		}
	}
}

func TestPolicyErrors(t *testing.T) {
	path := func(s string) string {
		return `{"pathBeneath": [{"allowedAccess": ["execute"],` + "\n" + `"parent": ["/", ` + s + `]}]}`
	}
	port := func(s string) string {
		return `{"netPort": [{"allowedAccess": ["bind_tcp"],` + "\n\n" + `"port": [1, ` + s + `]}]}`
	}
	rule := func(s string) string { return "{\n" + `"ruleset": ` + s + "}" }
	for _, test := range []struct{ policy, want string }{
		{``, `f:1: unexpected end of JSON input`},
		{"{\n\n", `f:3: unexpected end of JSON input`},
		{"{\n \"abi\": 5,\n}", `f:3: invalid character '}'`},
		{"{\"ruleset\": [{\"scoped\": [\"signal\"]}]}\n{}", `f:2: invalid character '{' after top-level value`},
		{"\xef\xbb\xbf{}", `f:1: invalid character`},
		{`[]`, `f:1: an array, not an object`},
		{`null`, `f:1: null, not an object`},
		{`{}`, `f:1: no policy`},
		{`{"abi": 1}`, `f:1: no policy`},
		{"{\n\n\"path_beneath\": []}", `f:3: unknown key "path_beneath"`},
		{`{"Abi": 1}`, `f:1: unknown key "Abi"`},
		{"{\"abi\": 1,\n\"abi\": 1}", `f:2: abi: the key is there twice`},
		{`{"abi": 0}`, `f:1: abi: 0 is not an integer from 1 to 2147483647`},
		{`{"abi": -1}`, `f:1: abi: -1 is not`},
		{`{"abi": 2147483648}`, `f:1: abi: 2147483648 is not`},
		{`{"abi": 1e0}`, `f:1: abi: 1e0 is not`},
		{`{"abi": "5"}`, `f:1: abi: a string, not a number`},
		{`{"abi": null}`, `f:1: abi: null, not a number`},
		{"{\"variable\":\n[]}", `f:2: variable: variables are not supported`},
		{rule(`{}`), `f:2: ruleset: an object, not an array`},
		{rule(`[]`), `f:2: ruleset: the array is empty`},
		{rule(`null`), `f:2: ruleset: null, not an array`},
		{rule(`[{}]`), `f:2: ruleset[0]: empty`},
		{rule(`[{"scoped": ["signal"]}, {}]`), `f:2: ruleset[1]: empty`},
		{rule(`[{"scoped": []}]`), `f:2: ruleset[0].scoped: the array is empty`},
		{rule(`[{"scoped": null}]`), `f:2: ruleset[0].scoped: null, not an array`},
		{rule(`[{"scoped": "signal"}]`), `f:2: ruleset[0].scoped: a string, not an array`},
		{rule(`[{"scoped": [1]}]`), `f:2: ruleset[0].scoped[0]: a number, not a string`},
		{rule(`[{"scoped": ["signal",` + "\n" + `"signals"]}]`), `f:3: ruleset[0].scoped[1]: unknown scope "signals"; known are`},
		{rule(`[{"scoped": ["abi.all"]}]`), `f:2: ruleset[0].scoped[0]: "abi.all" needs the abi`},
		{rule(`[{"handledAccessFs": ["v5.all"]}]`), `f:2: ruleset[0].handledAccessFs[0]: unknown filesystem right "v5.all"`},
		{rule(`[{"handledAccessFs": ["bind_tcp"]}]`), `f:2: ruleset[0].handledAccessFs[0]: unknown filesystem right "bind_tcp"`},
		{rule(`[{"handledAccessNet": ["abi.read_write"]}]`), `f:2: ruleset[0].handledAccessNet[0]: unknown network right "abi.read_write"`},
		{rule(`[{"handledAccessFs": ["EXECUTE"]}]`), `f:2: ruleset[0].handledAccessFs[0]: unknown`},
		{rule(`[{"quiet": true}]`), `f:2: ruleset[0]: unknown key "quiet"`},
		{path(`2`), `f:2: pathBeneath[0].parent[1]: a number, not a string`},
		{path(`""`), `f:2: pathBeneath[0].parent[1]: "" is no path`},
		{path(`"a\u0000b"`), `f:2: pathBeneath[0].parent[1]: "a\x00b" is no path`},
		{path(`"a${b}"`), `f:2: pathBeneath[0].parent[1]: "a${b}": variables are not supported`},
		{path(`"$$${b}"`), `f:2: pathBeneath[0].parent[1]: "$$${b}": variables are not supported`},
		{path(`"\ud800"`), `f:2: pathBeneath[0].parent[1]: "` + "\uFFFD" + `" is not valid UTF-8`},
		{path("\"\xff\""), `is not valid UTF-8`},
		{"{\"pathBeneath\": [\n{\"parent\": [\"/\"]}]}", `f:2: pathBeneath[0]: allowedAccess and parent are both needed`},
		{`{"netPort": [{"allowedAccess": ["bind_tcp"]}]}`, `f:1: netPort[0]: allowedAccess and port are both needed`},
		{`{"netPort": [{"allowedAccess": ["bind_tcp"], "parent": ["/"]}]}`, `f:1: netPort[0]: unknown key "parent"`},
		{port(`65536`), `f:3: netPort[0].port[1]: 65536 is not an integer from 0 to 65535`},
		{port(`18446744073709551616`), `f:3: netPort[0].port[1]: 18446744073709551616 is not`},
		{port(`-1`), `f:3: netPort[0].port[1]: -1 is not`},
		{port(`80.0`), `f:3: netPort[0].port[1]: 80.0 is not`},
		{port(`"80"`), `f:3: netPort[0].port[1]: a string, not a number`},
		{port(`true`), `f:3: netPort[0].port[1]: a boolean, not a number`},
	} {
		p, err := parsePolicy("f", "", []byte(test.policy))
		if err == nil {
			t.Errorf("%s: got %+v, want error %q", test.policy, *p, test.want)
		} else if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %q, want %q", test.policy, err, test.want)
		}
	}
}

// Rights of directories are left out of rules for files, as the kernel wants it.
func TestPolicySandbox(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0600); err != nil {
		t.Fatal(err)
	}
	const all = landlock.AccessFSSet(1<<17 - 1)
	p := &policy{
		config: landlock.V11,
		paths:  []pathRule{{all, dir}, {all, file}, {ll.AccessFSReadDir | ll.AccessFSExecute, file}, {ll.AccessFSReadDir, file}, {all, file + "x"}},
		ports:  []portRule{{1<<4 - 1, 7}, {ll.AccessNetConnectTCP, 8}, {0, 9}},
	}
	s, err := p.sandbox()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.rules {
		got = append(got, r.String())
	}
	want := []string{
		landlock.PathAccess(all, dir).String(),
		fmt.Sprintf("PathAccess({execute,write_file,read_file,truncate,ioctl_dev,resolve_unix}, %q)", file),
		fmt.Sprintf("PathAccess({execute}, %q)", file),
		"BindTCP(7)", "ConnectTCP(7)", "BindUDP(7)", "ConnectSendUDP(7)", "ConnectTCP(8)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// A file that cannot be looked at is an error.
	p.paths = []pathRule{{all, filepath.Join(file, "x")}}
	if _, err := p.sandbox(); err == nil {
		t.Error("got no error for a path beneath a file")
	}
}

// FuzzPolicy holds the reader against Go's own decoder: what the one takes, the
// other takes too, and reads the same from it.
func FuzzPolicy(f *testing.F) {
	for _, s := range []string{
		`{"abi": 5, "ruleset": [{"handledAccessFs": ["abi.all"], "handledAccessNet": ["bind_tcp"]}],
		"pathBeneath": [{"allowedAccess": ["abi.read_execute"], "parent": [".", "/usr"]}, {"allowedAccess": ["abi.read_write"], "parent": ["/tmp"]}],
		"netPort": [{"allowedAccess": ["bind_tcp"], "port": [80, 443]}]}`,
		`{"abi": 6, "ruleset": [{"scoped": ["abi.all"]}, {"handledAccessNet": ["abi.all"]}]}`,
		`{"pathBeneath": [{"allowedAccess": ["execute", "read_file"], "parent": ["$${x}", "${x}", "\ud800", "\u0000"]}]}`,
		`{"abi": 5, "abi": 5, "variable": [], "netPort": [{"port": [65536, 1e3, -1]}]}`,
		`[{"ruleset": null}] {}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePolicy("file", "/dir", data)
		if err != nil {
			if msg := err.Error(); !strings.HasPrefix(msg, "file:") || strings.Contains(msg, "\n") {
				t.Errorf("got error %q", msg)
			}
			return
		}
		var want struct {
			ABI         int
			Ruleset     []struct{ HandledAccessFs, HandledAccessNet, Scoped []string }
			PathBeneath []struct{ AllowedAccess, Parent []string }
			NetPort     []struct {
				AllowedAccess []string
				Port          []uint16
			}
		}
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("read without error, but not by encoding/json: %v", err)
		}
		var paths []string
		var ports []uint16
		for _, r := range want.PathBeneath {
			for _, path := range r.Parent {
				if path = strings.ReplaceAll(path, "$$", "$"); !strings.HasPrefix(path, "/") {
					path = "/dir/" + path
				}
				paths = append(paths, path)
			}
		}
		for _, r := range want.NetPort {
			ports = append(ports, r.Port...)
		}
		for i, r := range p.paths {
			if i >= len(paths) || r.path != paths[i] || r.access&^p.config.HandledAccessFS != 0 || strings.Contains(r.path, "\x00") {
				t.Errorf("got path %+v, want those of %q", r, paths)
			}
		}
		for i, r := range p.ports {
			if i >= len(ports) || r.port != ports[i] || r.access&^p.config.HandledAccessNet != 0 {
				t.Errorf("got port %+v, want those of %d", r, ports)
			}
		}
		if len(p.paths) != len(paths) || len(p.ports) != len(ports) {
			t.Errorf("got %d paths and %d ports, want %d and %d", len(p.paths), len(p.ports), len(paths), len(ports))
		}
		if _, err := landlock.NewConfig(p.config.HandledAccessFS, p.config.HandledAccessNet, p.config.Scoped); err != nil {
			t.Error(err)
		}
	})
}
