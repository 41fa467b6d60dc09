// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package unix_test

import (
	"go/ast"
	"go/build"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"internal/platform"
	"internal/testenv"
	"path/filepath"
	"strings"
	"testing"
)

// TestLinuxSysnums type-checks this package for each GOARCH that Linux has
// and compares its declarations for Landlock with those of packages
// that have them from elsewhere.
func TestLinuxSysnums(t *testing.T) {
	// A machine without the go command does not have the source tree either.
	testenv.MustHaveGoBuild(t)
	src := filepath.Join(testenv.GOROOT(t), "src")

	for _, p := range platform.List {
		if p.GOOS != "linux" || platform.Broken(p.GOOS, p.GOARCH) {
			continue
		}
		t.Run(p.GOARCH, func(t *testing.T) {
			unix := checkLinux(t, p.GOARCH, filepath.Join(src, "internal/syscall/unix"))
			syscall := checkLinux(t, p.GOARCH, filepath.Join(src, "syscall"))
			xunix := checkLinux(t, p.GOARCH, filepath.Join(src, "cmd/vendor/golang.org/x/sys/unix"))

			compare := func(name string, other *types.Package, otherName string) {
				t.Helper()
				got := constantOf(t, unix, name)
				want := constantOf(t, other, otherName)
				if got != nil && want != nil && !constant.Compare(got, token.EQL, want) {
					t.Errorf("%s = %v, but %s in %s = %v", name, got, otherName, other.Path(), want)
				}
			}
			compare("landlockCreateRulesetTrap", xunix, "SYS_LANDLOCK_CREATE_RULESET")
			compare("landlockAddRuleTrap", xunix, "SYS_LANDLOCK_ADD_RULE")
			compare("landlockRestrictSelfTrap", xunix, "SYS_LANDLOCK_RESTRICT_SELF")
			compare("landlockRestrictSelfTrap", syscall, "_SYS_landlock_restrict_self")

			// golang.org/x/sys/unix need not be as recent as this package.
			for _, name := range unix.Scope().Names() {
				if strings.HasPrefix(name, "LANDLOCK_") && xunix.Scope().Lookup(name) != nil {
					compare(name, xunix, name)
				}
			}
			compareFields(t, unix, xunix, "LandlockRulesetAttr")
			compareFields(t, unix, xunix, "LandlockPathBeneathAttr")
		})
	}
}

// checkLinux type-checks the files of dir that are for linux/goarch.
func checkLinux(t *testing.T, goarch, dir string) *types.Package {
	t.Helper()
	ctxt := build.Default
	ctxt.GOOS = "linux"
	ctxt.GOARCH = goarch
	ctxt.CgoEnabled = false
	bp, err := ctxt.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range bp.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	conf := types.Config{
		IgnoreFuncBodies: true,
		Error: func(err error) {
			// There is no importer, as what the test is about does not
			// depend on imports. What does is not checked.
			if !strings.Contains(err.Error(), "could not import") {
				t.Error(err)
			}
		},
	}
	pkg, _ := conf.Check(dir, fset, files, nil)
	return pkg
}

// constantOf returns the value of a constant of pkg, or nil after an error.
func constantOf(t *testing.T, pkg *types.Package, name string) constant.Value {
	t.Helper()
	c, ok := pkg.Scope().Lookup(name).(*types.Const)
	if !ok || c.Val().Kind() == constant.Unknown {
		t.Errorf("%s has no constant %s", pkg.Path(), name)
		return nil
	}
	return c.Val()
}

// compareFields compares the types of the fields that both versions of a
// struct have. Versions of the kernel add fields at the end.
func compareFields(t *testing.T, pkg, other *types.Package, name string) {
	t.Helper()
	got, want := structOf(t, pkg, name), structOf(t, other, name)
	if got == nil || want == nil {
		return
	}
	for i := range min(got.NumFields(), want.NumFields()) {
		got, want := got.Field(i), want.Field(i)
		if !types.Identical(got.Type(), want.Type()) {
			t.Errorf("%s.%s is %v, but %s in %s is %v", name, got.Name(), got.Type(), want.Name(), other.Path(), want.Type())
		}
	}
}

// structOf returns a struct type of pkg, or nil after an error.
func structOf(t *testing.T, pkg *types.Package, name string) *types.Struct {
	t.Helper()
	if obj := pkg.Scope().Lookup(name); obj != nil {
		if s, ok := obj.Type().Underlying().(*types.Struct); ok {
			return s
		}
	}
	t.Errorf("%s has no struct %s", pkg.Path(), name)
	return nil
}
