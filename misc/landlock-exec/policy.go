// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golandlock/misc/landlock"
	ll "golandlock/misc/landlock/syscall"
)

// A policy is what a policy file says.
type policy struct {
	config landlock.Config // with all rights of the rules
	paths  []pathRule
	ports  []portRule
}

// A pathRule grants rights on a file, or on a directory and all beneath it.
type pathRule struct {
	access landlock.AccessFSSet
	path   string
}

// A portRule grants rights on a port.
type portRule struct {
	access landlock.AccessNetSet
	port   uint16
}

// loadPolicy reads the policy in a file, or on standard input if that is "-".
func loadPolicy(file string) (*policy, error) {
	if file == "-" {
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			return nil, err
		}
		return parsePolicy("<stdin>", "", data)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parsePolicy(file, filepath.Dir(file), data)
}

// parsePolicy returns the policy in data. The names of files that are not
// absolute are relative to dir, "" being the working directory.
// Errors begin with file and the line.
//
// The format is that of landlockconfig in JSON, see the documentation of the
// command. What it does not allow is an error, as is what this
// program cannot do: a policy is never followed in part.
func parsePolicy(file, dir string, data []byte) (*policy, error) {
	// Go's decoder takes invalid UTF-8 for U+FFFD, so the text
	// is checked beforehand, and strings with U+FFFD are refused below.
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		offset := int64(len(data))
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			offset = min(offset, syntax.Offset)
		}
		return nil, fmt.Errorf("%s:%d: %v", file, lineAt(data, offset), err)
	}
	p := &policyParser{file: file, data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	p.dec.UseNumber()
	return p.policy(dir)
}

// lineAt returns the number of the line in which offset is.
func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}

// A policyParser reads a policy token by token, because only that tells where
// in the file something is, and which keys are there twice.
type policyParser struct {
	file string
	data []byte
	dec  *json.Decoder

	offset int64 // of the last token that next was about
	line   int   // in which that is
}

// A value is a string of the policy with its place.
type value struct {
	string
	line int
	key  string
}

func (p *policyParser) errorf(line int, key, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	if key != "" {
		msg = key + ": " + msg
	}
	return fmt.Errorf("%s:%d: %s", p.file, line, msg)
}

func (p *policyParser) policy(dir string) (*policy, error) {
	type rule struct{ access, objects []value } // of pathBeneath and netPort

	// Groups of rights depend on abi, which may come last.
	var abi int
	var fs, net, scoped []value
	var paths, ports []rule
	rules := func(rules *[]rule, object string, read func(string) (value, error)) func(string) error {
		return func(key string) error {
			return p.array(key, func(key string) error {
				var r rule
				line, err := p.object(key, map[string]func(string) error{
					"allowedAccess": p.values(&r.access, p.text),
					object:          p.values(&r.objects, read),
				})
				if err != nil {
					return err
				}
				if r.access == nil || r.objects == nil {
					return p.errorf(line, key, "allowedAccess and %s are both needed", object)
				}
				*rules = append(*rules, r)
				return nil
			})
		}
	}
	line, err := p.object("", map[string]func(string) error{
		"abi": func(key string) error {
			v, err := p.integer(key, 1, math.MaxInt32)
			if err == nil {
				abi, err = strconv.Atoi(v.string)
			}
			return err
		},
		"ruleset": func(key string) error {
			return p.array(key, func(key string) error {
				before := len(fs) + len(net) + len(scoped)
				line, err := p.object(key, map[string]func(string) error{
					"handledAccessFs":  p.values(&fs, p.text),
					"handledAccessNet": p.values(&net, p.text),
					"scoped":           p.values(&scoped, p.text),
				})
				if err == nil && len(fs)+len(net)+len(scoped) == before {
					err = p.errorf(line, key, "empty; give handledAccessFs, handledAccessNet or scoped")
				}
				return err
			})
		},
		"pathBeneath": rules(&paths, "parent", p.text),
		"netPort": rules(&ports, "port", func(key string) (value, error) {
			return p.integer(key, 0, math.MaxUint16)
		}),
		"variable": func(key string) error {
			return p.errorf(p.next(), key, "variables are not supported; write the paths out")
		},
	})
	if err != nil {
		return nil, err
	}
	if fs == nil && net == nil && scoped == nil && paths == nil && ports == nil {
		return nil, p.errorf(line, "", "no policy; give ruleset, pathBeneath or netPort")
	}

	pol := new(policy)
	c := &pol.config
	all := configs[min(abi, len(configs)-1)]
	fsGroups := map[string]landlock.AccessFSSet{
		"abi.all":          all.HandledAccessFS,
		"abi.read_execute": all.HandledAccessFS & (ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir | ll.AccessFSRefer),
		"abi.read_write":   all.HandledAccessFS &^ ll.AccessFSExecute,
	}
	netGroups := map[string]landlock.AccessNetSet{"abi.all": all.HandledAccessNet}
	scopedGroups := map[string]landlock.ScopedSet{"abi.all": all.Scoped}

	if c.HandledAccessFS, err = resolve(p, abi, fs, landlock.ParseAccessFS, fsGroups); err != nil {
		return nil, err
	}
	if c.HandledAccessNet, err = resolve(p, abi, net, landlock.ParseAccessNet, netGroups); err != nil {
		return nil, err
	}
	if c.Scoped, err = resolve(p, abi, scoped, landlock.ParseScoped, scopedGroups); err != nil {
		return nil, err
	}
	for _, r := range paths {
		access, err := resolve(p, abi, r.access, landlock.ParseAccessFS, fsGroups)
		if err != nil {
			return nil, err
		}
		c.HandledAccessFS |= access
		for _, v := range r.objects {
			path, err := p.path(v, dir)
			if err != nil {
				return nil, err
			}
			pol.paths = append(pol.paths, pathRule{access, path})
		}
	}
	for _, r := range ports {
		access, err := resolve(p, abi, r.access, landlock.ParseAccessNet, netGroups)
		if err != nil {
			return nil, err
		}
		c.HandledAccessNet |= access
		for _, v := range r.objects {
			port, err := strconv.ParseUint(v.string, 10, 16)
			if err != nil {
				return nil, p.errorf(v.line, v.key, "%v", err)
			}
			pol.ports = append(pol.ports, portRule{access, uint16(port)})
		}
	}
	return pol, nil
}

// resolve returns the rights that values name.
func resolve[S ~uint64](p *policyParser, abi int, values []value, parse func(string) (S, error), groups map[string]S) (S, error) {
	var set S
	for _, v := range values {
		if group, ok := groups[v.string]; ok {
			if abi == 0 {
				return 0, p.errorf(v.line, v.key, "%q needs the abi at the top level of the policy", v.string)
			}
			set |= group
			continue
		}
		right, err := parse(v.string)
		if err != nil {
			hint := "abi.all"
			if len(groups) > 1 {
				hint = "abi.all, abi.read_execute, abi.read_write"
			}
			return 0, p.errorf(v.line, v.key, "%s; groups are %s", strings.TrimPrefix(err.Error(), "landlock: "), hint)
		}
		set |= right
	}
	return set, nil
}

// path returns the path in v. In a policy, a dollar sign before a brace begins
// a variable, and two stand for one.
func (p *policyParser) path(v value, dir string) (string, error) {
	if v.string == "" || strings.Contains(v.string, "\x00") {
		return "", p.errorf(v.line, v.key, "%q is no path", v.string)
	}
	literal := strings.ReplaceAll(v.string, "$$", "\x00")
	if strings.Contains(literal, "${") {
		return "", p.errorf(v.line, v.key, "%q: variables are not supported; write the path out, and a dollar sign before a brace twice", v.string)
	}
	path := strings.ReplaceAll(literal, "\x00", "$")
	if dir != "" && !filepath.IsAbs(path) {
		// Unlike filepath.Join, this leaves .. to the kernel.
		path = dir + string(filepath.Separator) + path
	}
	return path, nil
}

// token returns the next token and its line.
func (p *policyParser) token() (json.Token, int, error) {
	line := p.next()
	t, err := p.dec.Token()
	if err != nil {
		return nil, 0, p.errorf(line, "", "%v", err)
	}
	return t, line, nil
}

// next returns the line of the next token.
func (p *policyParser) next() int {
	offset := p.dec.InputOffset()
	for offset < int64(len(p.data)) && bytes.IndexByte([]byte(" \t\r\n,:"), p.data[offset]) >= 0 {
		offset++
	}
	p.line += bytes.Count(p.data[p.offset:offset], []byte("\n"))
	p.offset = offset
	return p.line
}

// object reads an object. The functions in members read the values of its keys.
func (p *policyParser) object(key string, members map[string]func(key string) error) (line int, err error) {
	t, line, err := p.token()
	if err != nil {
		return 0, err
	}
	if t != json.Delim('{') {
		return 0, p.errorf(line, key, "%s, not an object", describe(t))
	}
	seen := make(map[string]bool)
	for p.dec.More() {
		t, line, err := p.token()
		if err != nil {
			return 0, err
		}
		name := t.(string)
		memberKey := name
		if key != "" {
			memberKey = key + "." + name
		}
		read, ok := members[name]
		if !ok {
			return 0, p.errorf(line, key, "unknown key %q", name)
		}
		if seen[name] {
			return 0, p.errorf(line, memberKey, "the key is there twice")
		}
		seen[name] = true
		if err := read(memberKey); err != nil {
			return 0, err
		}
	}
	_, _, err = p.token()
	return line, err
}

// array reads an array, which may not be empty.
func (p *policyParser) array(key string, element func(key string) error) error {
	t, line, err := p.token()
	if err != nil {
		return err
	}
	if t != json.Delim('[') {
		return p.errorf(line, key, "%s, not an array", describe(t))
	}
	if !p.dec.More() {
		return p.errorf(line, key, "the array is empty")
	}
	for i := 0; p.dec.More(); i++ {
		if err := element(fmt.Sprintf("%s[%d]", key, i)); err != nil {
			return err
		}
	}
	_, _, err = p.token()
	return err
}

// values returns a function that reads an array and appends its values to list.
func (p *policyParser) values(list *[]value, read func(key string) (value, error)) func(key string) error {
	return func(key string) error {
		return p.array(key, func(key string) error {
			v, err := read(key)
			*list = append(*list, v)
			return err
		})
	}
}

func (p *policyParser) text(key string) (value, error) {
	t, line, err := p.token()
	if err != nil {
		return value{}, err
	}
	s, ok := t.(string)
	if !ok {
		return value{}, p.errorf(line, key, "%s, not a string", describe(t))
	}
	if strings.ContainsRune(s, '\uFFFD') {
		return value{}, p.errorf(line, key, "%q is not valid UTF-8", s)
	}
	return value{s, line, key}, nil
}

func (p *policyParser) integer(key string, least, most uint64) (value, error) {
	t, line, err := p.token()
	if err != nil {
		return value{}, err
	}
	n, ok := t.(json.Number)
	if !ok {
		return value{}, p.errorf(line, key, "%s, not a number", describe(t))
	}
	if u, err := strconv.ParseUint(n.String(), 10, 64); err != nil || u < least || u > most {
		return value{}, p.errorf(line, key, "%s is not an integer from %d to %d", n, least, most)
	}
	return value{n.String(), line, key}, nil
}

// describe returns what kind of value begins with t.
func describe(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return "an array"
		}
		return "an object"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	}
	return "null"
}
