// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestMutations tests that all mutations can be made.
func TestMutations(t *testing.T) {
	files, err := testBase(t).patchedFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	orig := string(files[execLinux])
	seen := make(map[string]string)
	for _, m := range mutations {
		mut := &mutant{src: orig}
		m.edit(mut)
		if mut.err != nil {
			t.Errorf("%s: %v", m.name, mut.err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), execLinux, mut.src, 0); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		if seen[mut.src] != "" {
			t.Errorf("%s: the same as %s", m.name, seen[mut.src])
		}
		seen[mut.src] = m.name
	}
	if seen[orig] != "none" {
		t.Errorf("no mutation leaves the file as it is, want none to")
	}
}

// TestMutationFails tests that a mutation that cannot be made is an error.
func TestMutationFails(t *testing.T) {
	for _, m := range mutations {
		mut := &mutant{src: "package syscall\n"}
		m.edit(mut)
		if m.name == "none" {
			continue
		}
		if mut.err == nil || !strings.Contains(mut.err.Error(), "adapt mutants.go") {
			t.Errorf("%s: got error %v without the text to mutate", m.name, mut.err)
		}
	}
}
