// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGo128 tests doc/go1.28.md: that its command renames the field, and that its
// two files build with either name, as does a program with both fields set.
// Go 1.28 is a stub: this one with the field renamed.
func TestGo128(t *testing.T) {
	needOverlay(t)
	page, err := os.ReadFile("../../doc/go1.28.md")
	if err != nil {
		t.Fatal(err)
	}
	find := func(re string) string {
		m := regexp.MustCompile(re).FindSubmatch(page)
		if m == nil {
			t.Fatalf("the page has no %s", re)
		}
		return string(m[1])
	}
	go128 := find("(?s)`ruleset_go128_linux.go`:\n\n```go\n(.*?)```\n")
	older := find("(?s)`ruleset_linux.go`:\n\n```go\n(.*?)```\n")
	use := find("(?s)The rest of the program.*?```go\n(.*?)```\n")
	command := find("(?m)^(gofmt .*)$")

	b := testBase(t)
	overlay, err := writeOverlay(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	rename := func(dir string) {
		t.Helper()
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+b.file("bin")+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}

	// The stub.
	stub := t.TempDir()
	src, err := os.ReadFile(filepath.Join(filepath.Dir(overlay), execLinux))
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(stub, execLinux), src); err != nil {
		t.Fatal(err)
	}
	rename(stub)
	var files struct{ Replace map[string]string }
	if err := readJSON(overlay, &files); err != nil {
		t.Fatal(err)
	}
	files.Replace[b.file(execLinux)] = filepath.Join(stub, execLinux)
	data, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	stubOverlay := filepath.Join(stub, "overlay.json")
	if err := os.WriteFile(stubOverlay, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if (&base{dir: stub}).checkFields() == nil || !strings.Contains((&base{dir: stub}).checkFields().Error(), "doc/go1.28.md") {
		t.Errorf("a base with the fields of Go 1.28: %v", (&base{dir: stub}).checkFields())
	}

	build := func(files map[string]string, args ...string) error {
		t.Helper()
		dir := t.TempDir()
		if err := writeGitstatus(dir, nil); err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			if err := writeFile(filepath.Join(dir, name), []byte(data)); err != nil {
				t.Fatal(err)
			}
		}
		cmd := newCommand(t.Context(), dir, b.goCmd(), append([]string{"build", "-o", os.DevNull}, args...)...)
		cmd.Env = localEnv("GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v\n%s", err, out)
		}
		return nil
	}

	// One code base for both.
	program := map[string]string{
		"ruleset_go128_linux.go": go128,
		"ruleset_linux.go":       older,
		"main.go":                "package main\n\nimport (\n\t\"os/exec\"\n\t\"syscall\"\n)\n\nfunc main() {\n\tcmd, ruleset := exec.Command(\"true\"), 3\n" + use + "}\n",
	}
	if err := build(program, "-overlay="+overlay); err != nil {
		t.Errorf("with the patch set: %v", err)
	}
	if build(program, "-overlay="+stubOverlay) == nil {
		t.Errorf("the file for Go 1.27 builds with Go 1.28")
	}
	// Of the stub, the tag has to be true.
	series := regexp.MustCompile(`^go1\.\d+`).FindString(b.version)
	for _, name := range []string{"ruleset_go128_linux.go", "ruleset_linux.go"} {
		program[name] = strings.Replace(program[name], "go1.28\n", series+"\n", 1)
	}
	if err := build(program, "-overlay="+stubOverlay); err != nil {
		t.Errorf("with Go 1.28: %v", err)
	}
	if build(program, "-overlay="+overlay) == nil {
		t.Errorf("the file for Go 1.28 builds with the patch set")
	}

	// The program that the README shows, before and after the command.
	dir := t.TempDir()
	main := filepath.Join(dir, "sub", "main.go")
	if err := writeFile(main, gitstatus); err != nil {
		t.Fatal(err)
	}
	rename(dir)
	renamed, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(renamed, []byte("LandlockRuleset")) || bytes.Count(renamed, []byte("LandlockFD:")) != 1 || !bytes.Contains(renamed, []byte("UseLandlock:")) {
		t.Errorf("the command made of the program\n%s", renamed)
	}
	if err := build(map[string]string{"main.go": string(gitstatus)}, "-overlay="+stubOverlay); err == nil {
		t.Errorf("with Go 1.28, the old name builds")
	}
	if err := build(map[string]string{"main.go": string(renamed)}, "-overlay="+stubOverlay); err != nil {
		t.Errorf("with Go 1.28: %v", err)
	}
}
