// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestBuilders(t *testing.T) {
	names := make(map[string]bool)
	goarches := make(map[string]bool) // true if in the short matrix
	abis := make(map[string]bool)     // of amd64
	for _, b := range allBuilders() {
		if names[b.name()] {
			t.Errorf("there are two builders %s", b.name())
		}
		names[b.name()] = true
		goarches[b.goarch] = goarches[b.goarch] || b.short()
		if b.goarch == "amd64" {
			abis[b.kernel.abi] = true
		}
		if b.short() && b.kernel.built() {
			t.Errorf("%s is in the short matrix, but needs a kernel built", b.name())
		}
		if machines[b.kernel.goarch] == nil {
			t.Errorf("%s has no machine", b.name())
		}
	}
	for _, name := range append([]string{unaudited}, shortBuilders...) {
		if !names[name] {
			t.Errorf("there is no builder %s", name)
		}
	}
	for _, a := range linuxArches {
		if short, ok := goarches[a]; !ok {
			t.Errorf("no builder for %s", a)
		} else if _, built := crosses[a]; short == built {
			t.Errorf("%s in the short matrix: %v", a, short)
		}
	}
	for _, abi := range []string{"ENOSYS", "EOPNOTSUPP", "2", "6", "7", "8", "9", "10", "11"} {
		if !abis[abi] {
			t.Errorf("no builder for amd64 with ABI %s", abi)
		}
	}
}

func TestSelectBuilders(t *testing.T) {
	for _, test := range []struct {
		patterns string
		short    bool
		want     string // of the number of builders and the first one
	}{
		{"linux-amd64", false, "9 linux-amd64@5.10"},
		{"linux-mips64le@*", false, "1 linux-mips64le@6.12"},
		{"*@7.3 linux-386", true, "3 linux-amd64@7.3"},
		{"linux-ppc64", false, "2 linux-ppc64@6.1"},
		{"linux-ppc64", true, "no builder is named linux-ppc64"},
		{"linux-vax", false, "no builder is named linux-vax"},
		{"[", false, "syntax error"},
	} {
		list, err := selectBuilders(strings.Fields(test.patterns), test.short)
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(len(list), " ", list[0].name())
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("selectBuilders(%s, %v) = %s, want %s", test.patterns, test.short, got, test.want)
		}
	}
}

func TestShardBuilders(t *testing.T) {
	all := allBuilders()
	for n := 1; n <= 15; n++ {
		count := make(map[string]int)
		for k := 1; k <= n; k++ {
			list, err := shardBuilders(all, fmt.Sprintf("%d/%d", k, n))
			if err != nil {
				t.Fatal(err)
			}
			if n <= len(linuxArches) && len(list) == 0 {
				t.Errorf("shard %d/%d is empty", k, n)
			}
			for _, b := range list {
				count[b.name()]++
			}
		}
		for _, b := range all {
			if count[b.name()] != 1 {
				t.Errorf("%s is in %d of %d shards", b.name(), count[b.name()], n)
			}
		}
	}
	for _, shard := range []string{"0/2", "3/2", "1", "a/b", "1/0"} {
		if _, err := shardBuilders(all, shard); err == nil {
			t.Errorf("-shard %s: no error", shard)
		}
	}
}

func TestJudgeTests(t *testing.T) {
	const (
		pass1 = "\x16=== RUN   TestLandlockA\n\x16--- PASS: TestLandlockA (0.00s)\n"
		skip1 = "\x16=== RUN   TestLandlockB\n    x.go:1: skipping test: %s\n\x16--- SKIP: TestLandlockB (0.00s)\n"
		skip2 = "\x16=== RUN   TestLandlockB/sub\n    x.go:1: skipping test: no go command\n    \x16--- SKIP: TestLandlockB/sub (0.00s)\n"
		fail1 = "\x16=== RUN   TestLandlockC\n\x16--- FAIL: TestLandlockC (0.00s)\n"
	)
	none := fmt.Sprintf(skip1, "the kernel does not support Landlock: function not implemented")
	ended := stepResult{ended: true}
	for _, test := range []struct {
		name, abi, log string
		st             stepResult
		verdict        verdict
		detail         string
	}{
		{"pass", "6", pass1, ended, pass, ""},
		{"skip", "6", pass1 + none, ended, skip, "TestLandlockB (x.go:1: skipping test: the kernel does not"},
		{"skipSub", "6", pass1 + skip2, ended, skip, "TestLandlockB/sub (x.go:1: skipping test: no go command)"},
		{"skipNone", "ENOSYS", pass1 + none, ended, pass, ""},
		{"skipAll", "EOPNOTSUPP", none, ended, pass, ""},
		{"skipOtherNone", "ENOSYS", pass1 + skip2, ended, skip, "TestLandlockB/sub"},
		{"nothing", "6", "testing: warning: no tests to run\nPASS\n", ended, skip, "no test ran"},
		{"fail", "6", pass1 + fail1, stepResult{ended: true, status: 1}, fail, "TestLandlockC"},
		{"failQuietly", "6", pass1 + fail1, ended, fail, "TestLandlockC"},
		{"killed", "6", pass1, stepResult{true, 137, "signal: killed"}, fail, "exit status 137 signal: killed"},
		{"notEnded", "6", pass1, stepResult{}, incomplete, ""},
		{"faked", "6", "--- PASS: TestLandlockA (0.00s)\n", ended, skip, "no test ran"},
	} {
		p := judgeTests(test.abi, false, test.st, test.log)
		if p.Verdict != test.verdict || !strings.Contains(p.Detail, test.detail) {
			t.Errorf("%s: %s: %s, want %s: …%s…", test.name, p.Verdict, p.Detail, test.verdict, test.detail)
		}
	}
}

// testReport returns a report of a shard that has the builders.
func testReport(selected []string, builders ...builderResult) *report {
	return &report{
		Date:     time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Go:       "go1.26.8",
		Packages: []string{"syscall"},
		Selected: selected,
		Builders: builders,
	}
}

func testBuilder(name string, v verdict) builderResult {
	return builderResult{
		Name: name, Kernel: "7.3.4", Package: "linux-binary", ABI: "11", Verdict: v, Seconds: 1.5, Command: "qemu <&>",
		Packages: []packageResult{
			{Package: "syscall", Verdict: v, Tests: []testResult{{Name: "TestA", Status: "PASS"}}, Log: "<script>alert(1)</script>"},
			{Package: "syscall", User: true, Verdict: pass, Tests: []testResult{{Name: "TestA", Status: "PASS"}}},
		},
	}
}

func TestMerge(t *testing.T) {
	const a, b = "linux-amd64@6.1", "linux-s390x@7.2"
	dir := t.TempDir()
	write := func(name string, r *report) string {
		name = filepath.Join(dir, name)
		if err := writeJSON(name, r); err != nil {
			t.Fatal(err)
		}
		return name
	}
	shardA := write("a.json", testReport([]string{a, b}, testBuilder(a, pass)))
	shardB := write("b.json", testReport([]string{a, b}, testBuilder(b, pass)))
	badB := write("bad.json", testReport([]string{a, b}, testBuilder(b, fail)))
	page := filepath.Join(dir, "report.html")
	for _, test := range []struct {
		args   []string
		status int
		want   string // of both streams
	}{
		{[]string{"-html", page, shardB, shardA}, 0, "2 passed, 0 failed"},
		{[]string{shardA, badB}, exitFailed, "1 passed, 1 failed"},
		{[]string{shardA}, exitFailed, "it is in none of the files"},
		{nil, exitUsage, "no files"},
		{[]string{os.DevNull}, exitUsage, "not a file that -json wrote"},
		{[]string{"/nowhere"}, exitUsage, "no such file"},
	} {
		stdout, stderr, status := landlockCI(t, nil, append([]string{"matrix", "-merge"}, test.args...)...)
		if status != test.status || !strings.Contains(stdout+stderr, test.want) {
			t.Errorf("matrix -merge %q: exit status %d, want %d\n%s%swant %s", test.args, status, test.status, stdout, stderr, test.want)
		}
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`href="#linux-s390x%407.2/syscall/user"`, `id="linux-s390x@7.2/syscall/user"`, "qemu &lt;&amp;&gt;", "&lt;script&gt;"} {
		if !bytes.Contains(html, []byte(want)) {
			t.Errorf("the page does not have %s", want)
		}
	}
	for _, not := range []string{"<script", "http:", "https:", "src="} {
		if bytes.Contains(html, []byte(not)) {
			t.Errorf("the page has %s", not)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	sorted := []string{"linux-image-6.1.0-9-amd64", "linux-image-6.1.0-50-amd64", "linux-image-6.12.9+deb13-amd64", "linux-image-6.12.94+deb13-amd64", "linux-image-6.12.107+deb13-amd64"}
	if !slices.IsSortedFunc(sorted, compareVersions) {
		t.Errorf("not in order: %q", sorted)
	}
}

// debPackage returns a package that has one file.
func debPackage(t *testing.T, name string, data []byte) string {
	t.Helper()
	root := t.TempDir()
	for file, text := range map[string][]byte{
		"DEBIAN/control": []byte("Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: x\n"),
		name:             data,
	} {
		if err := writeFile(filepath.Join(root, file), text); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(t.TempDir(), "x.deb")
	if out, err := exec.Command("dpkg-deb", "--build", "--root-owner-group", root, deb).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v\n%s", err, out)
	}
	return deb
}

func TestUnpackAndCache(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("skipping: no dpkg-deb")
	}
	image := bytes.Repeat([]byte("kernel"), 1000)
	deb := debPackage(t, "boot/vmlinuz-6.1.0-9-amd64", image)
	take := func(name string) string {
		if strings.HasPrefix(name, "boot/vmlinuz") {
			return kernelFile
		}
		return ""
	}
	s := &store{dir: t.TempDir(), offline: true}
	w := wanted{kind: "kernels", pkg: "linux-image-6.1.*-amd64", arch: "amd64"}
	if _, err := s.get(t.Context(), w); err == nil {
		t.Error("an empty cache has a kernel")
	}
	for _, version := range []string{"linux-image-6.1.0-9-amd64_6.1.9-1_amd64", "linux-image-6.1.0-50-amd64_6.1.50-1_amd64"} {
		dir := filepath.Join(s.dir, w.kind, version)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := unpack(t.Context(), deb, dir, take); err != nil {
			t.Fatal(err)
		}
		if intact(dir) {
			t.Errorf("%s is intact before it is sealed", version)
		}
		if err := seal(dir); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := s.get(t.Context(), w)
	if err != nil || !strings.Contains(dir, "6.1.0-50") {
		t.Fatalf("the cache has %s, %v; want 6.1.0-50", dir, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, kernelFile)); err != nil || !bytes.Equal(got, image) {
		t.Errorf("the kernel is not the package's: %v", err)
	}

	// A damaged one is passed over.
	if err := os.Truncate(filepath.Join(dir, kernelFile), 100); err != nil {
		t.Fatal(err)
	}
	dir, err = s.get(t.Context(), w)
	if err != nil || !strings.Contains(dir, "6.1.0-9") {
		t.Errorf("with one kernel damaged, the cache has %s, %v; want 6.1.0-9", dir, err)
	}

	if err := unpack(t.Context(), deb, t.TempDir(), func(string) string { return "" }); err == nil {
		t.Error("unpack finds nothing that is wanted, and no error")
	}
	if err := os.Truncate(deb, 200); err != nil {
		t.Fatal(err)
	}
	if err := unpack(t.Context(), deb, t.TempDir(), take); err == nil {
		t.Error("unpack of a truncated package: no error")
	}
}

func TestInitramfs(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("skipping: no cpio")
	}
	var r initramfs
	r.addBasics([]byte("init"))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := r.addTree("/a/b", dir); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "initramfs")
	if err := r.write(name, file{name: jobFile, mode: 0o644, data: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.CommandContext(context.Background(), "cpio", "-itv", "--quiet")
	cmd.Stdin = f
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("cpio: %v\n%s", err, out)
	}
	for _, want := range []string{"-rwxr-xr-x", "crw-rw-rw-", "drwxrwxrwt", " job.json", " a/b/file", "a/b/link -> file"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the archive has no %q:\n%s", want, out)
		}
	}
}
