// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strings"
)

// A machine is what QEMU emulates for kernels of one GOARCH.
type machine struct {
	debArch string   // Debian's name of the architecture
	qemu    tool     // QEMU
	args    []string // its arguments
	ports   []string // further arguments, for the console and the port for the records
	console string   // the kernel's name of the console
	results string   // terminal that is the port for the records
	append  string   // additions to the kernel's command line
}

// Ports. CONSOLE and RESULTS stand for the files that QEMU writes to.
var (
	twoSerials = []string{"-serial", "file:CONSOLE", "-serial", "file:RESULTS"}
	pciSerial  = []string{"-serial", "file:CONSOLE", "-chardev", "file,id=results,path=RESULTS", "-device", "pci-serial,chardev=results"}
	// The line-mode console breaks lines, which records must not be.
	sclpConsoles = []string{"-serial", "file:RESULTS", "-chardev", "file,id=console,path=CONSOLE", "-device", "sclplmconsole,chardev=console"}
)

// machines has the machine of each GOARCH.
var machines = map[string]*machine{
	"386": {
		"i386", tool{"qemu-system-i386", "qemu-system-x86", ""},
		[]string{"-m", "512"},
		twoSerials, "ttyS0", "ttyS1", "",
	},
	"amd64": {
		"amd64", tool{"qemu-system-x86_64", "qemu-system-x86", ""},
		// QEMU 7.2 crashes one boot in nine of Linux 6.12 that finds cx16.
		[]string{"-cpu", "qemu64,-cx16", "-m", "512"},
		twoSerials, "ttyS0", "ttyS1", "",
	},
	"arm": {
		"armhf", tool{"qemu-system-arm", "qemu-system-arm", ""},
		[]string{"-M", "virt,highmem=off", "-cpu", "cortex-a15", "-m", "512"},
		pciSerial, "ttyAMA0", "ttyS0", "",
	},
	"arm64": {
		"arm64", tool{"qemu-system-aarch64", "qemu-system-arm", ""},
		// In place of PAN, which older CPUs lack, Linux changes a page table
		// with each system call. QEMU then takes twice as long.
		[]string{"-M", "virt", "-cpu", "neoverse-n1", "-m", "512"},
		pciSerial, "ttyAMA0", "ttyS0", "",
	},
	"loong64": {
		"loong64", tool{"qemu-system-loongarch64", "qemu-system-misc", ""},
		[]string{"-M", "virt", "-m", "1024"},
		twoSerials, "ttyS0", "ttyS1",
		// The machine has no such controller, and the driver waits for it.
		"initcall_blacklist=i8042_init",
	},
	"mips": {
		"mips", tool{"qemu-system-mips", "qemu-system-mips", ""},
		[]string{"-M", "malta", "-m", "256"},
		twoSerials, "ttyS0", "ttyS1", "",
	},
	"mips64": {
		"mips64", tool{"qemu-system-mips64", "qemu-system-mips", ""},
		// On the default CPU, 64-bit kernels hang and say nothing.
		[]string{"-M", "malta", "-cpu", "MIPS64R2-generic", "-m", "256"},
		twoSerials, "ttyS0", "ttyS1", "",
	},
	"mips64le": {
		"mips64el", tool{"qemu-system-mips64el", "qemu-system-mips", ""},
		[]string{"-M", "malta", "-cpu", "5KEc", "-m", "512"},
		twoSerials, "ttyS0", "ttyS1",
		// Linux 6.12 forgets to move its exception table when it moves itself, and
		// oopses where a system call is to fail with EFAULT.
		"nokaslr",
	},
	"mipsle": {
		"mipsel", tool{"qemu-system-mipsel", "qemu-system-mips", ""},
		[]string{"-M", "malta", "-m", "512"},
		twoSerials, "ttyS0", "ttyS1", "",
	},
	"ppc64": {
		"ppc64", tool{"qemu-system-ppc64", "qemu-system-ppc", ""},
		[]string{"-M", "pseries,x-vof=on", "-vga", "none", "-m", "512"},
		twoSerials, "hvc0", "hvc1", "",
	},
	"ppc64le": {
		"ppc64el", tool{"qemu-system-ppc64", "qemu-system-ppc", ""},
		[]string{"-M", "pseries,x-vof=on", "-vga", "none", "-m", "1024"},
		twoSerials, "hvc0", "hvc1", "",
	},
	"riscv64": {
		"riscv64", tool{"qemu-system-riscv64", "qemu-system-misc", "qemu-system-riscv"},
		[]string{"-M", "virt", "-m", "512"},
		pciSerial, "ttyS0", "ttyS1", "",
	},
	"s390x": {
		"s390x", tool{"qemu-system-s390x", "qemu-system-misc", "qemu-system-s390x"},
		[]string{"-M", "s390-ccw-virtio", "-m", "512"},
		sclpConsoles, "ttyS0", "ttysclp0", "",
	},
}

// A kernel is one that can be had as a package or built from one.
type kernel struct {
	name   string // as -kernel has it
	goarch string
	abi    string   // as GO_TEST_LANDLOCK_ABI has it
	pkg    string   // pattern of the package's name: the image, or the source to build
	suites []string // Debian suites that may have it, the likeliest first
	append string   // additions to the kernel's command line
	also   string   // another GOARCH whose programs it runs
}

// built reports whether k is built from source.
func (k *kernel) built() bool { return strings.HasPrefix(k.pkg, "linux-source-") }

var (
	bullseye  = []string{"bullseye"}
	bookworm  = []string{"bookworm"}
	bookworm2 = []string{"bookworm-backports"}
	trixie    = []string{"trixie"}
	trixie2   = []string{"trixie-backports"}
	sid       = []string{"sid", "trixie-backports"}
)

// kernels has all kernels. Of those that match a pattern the newest is taken,
// as the versions in a suite move on.
var kernels = []*kernel{
	{name: "5.10", goarch: "amd64", abi: "ENOSYS", pkg: "linux-image-5.10.*-cloud-amd64", suites: bullseye},
	{name: "6.1", goarch: "amd64", abi: "2", pkg: "linux-image-6.1.*-cloud-amd64", suites: bookworm},
	{name: "6.12", goarch: "amd64", abi: "6", pkg: "linux-image-6.12.*-cloud-amd64", suites: trixie},
	{name: "6.12-off", goarch: "amd64", abi: "EOPNOTSUPP", pkg: "linux-image-6.12.*-cloud-amd64", suites: trixie, append: "lsm=yama"},
	{name: "6.18", goarch: "amd64", abi: "7", pkg: "linux-image-6.18.*-cloud-amd64", suites: trixie2},
	{name: "7.0", goarch: "amd64", abi: "8", pkg: "linux-binary-7.0.*-cloud-amd64", suites: trixie2},
	{name: "7.1", goarch: "amd64", abi: "9", pkg: "linux-binary-7.1.*-cloud-amd64", suites: trixie2},
	{name: "7.2", goarch: "amd64", abi: "10", pkg: "linux-binary-7.2.*-cloud-amd64", suites: trixie2},
	{name: "7.3", goarch: "amd64", abi: "11", pkg: "linux-binary-7.3.*-cloud-amd64", suites: trixie2, also: "386"},

	{name: "6.1", goarch: "386", abi: "2", pkg: "linux-image-6.1.*-686", suites: bookworm},
	{name: "6.5", goarch: "386", abi: "3", pkg: "linux-image-6.5.*-686", suites: bookworm2},
	{name: "7.2", goarch: "arm", abi: "10", pkg: "linux-binary-7.2.*-armmp", suites: sid},
	{name: "7.3", goarch: "arm64", abi: "11", pkg: "linux-binary-7.3.*-cloud-arm64", suites: trixie2, also: "arm"},
	{name: "7.2", goarch: "loong64", abi: "10", pkg: "linux-binary-7.2.*-loong64", suites: sid},
	{name: "6.12", goarch: "mips64le", abi: "6", pkg: "linux-image-6.12.*-5kc-malta", suites: bookworm2, also: "mipsle"},
	{name: "6.1", goarch: "mipsle", abi: "2", pkg: "linux-image-6.1.*-4kc-malta", suites: bookworm},
	{name: "7.2", goarch: "ppc64le", abi: "10", pkg: "linux-binary-7.2.*-powerpc64le", suites: sid},
	{name: "7.2", goarch: "riscv64", abi: "10", pkg: "linux-binary-7.2.*-riscv64", suites: sid},
	{name: "6.1", goarch: "s390x", abi: "2", pkg: "linux-image-6.1.*-s390x", suites: bookworm},
	{name: "7.2", goarch: "s390x", abi: "10", pkg: "linux-binary-7.2.*-s390x", suites: sid},

	// Debian has no kernels for these.
	{name: "6.1", goarch: "mips", abi: "2", pkg: "linux-source-6.1", suites: bookworm},
	{name: "7.3", goarch: "mips", abi: "11", pkg: "linux-source-7.3", suites: trixie2},
	{name: "6.1", goarch: "mips64", abi: "2", pkg: "linux-source-6.1", suites: bookworm},
	{name: "7.3", goarch: "mips64", abi: "11", pkg: "linux-source-7.3", suites: trixie2},
	{name: "6.1", goarch: "ppc64", abi: "2", pkg: "linux-source-6.1", suites: bookworm},
	{name: "7.3", goarch: "ppc64", abi: "11", pkg: "linux-source-7.3", suites: trixie2},
}

// shortBuilders are those of the short matrix, beside all of amd64: one of each
// GOARCH that needs no kernel built. On the kernel of arm64, arm is quicker.
var shortBuilders = []string{
	"linux-386@6.5",
	"linux-arm64@7.3",
	"linux-arm@7.3-arm64",
	"linux-loong64@7.2",
	"linux-mips64le@6.12",
	"linux-mipsle@6.1",
	"linux-ppc64le@7.2",
	"linux-riscv64@7.2",
	"linux-s390x@7.2",
}

// A builder is a GOARCH on a kernel.
type builder struct {
	goarch string
	kernel *kernel
}

// name returns the builder's name. A kernel of another GOARCH is told apart by
// that GOARCH behind it.
func (b *builder) name() string {
	return "linux-" + b.goarch + "@" + b.kernelName()
}

func (b *builder) kernelName() string {
	if b.kernel.goarch != b.goarch {
		return b.kernel.name + "-" + b.kernel.goarch
	}
	return b.kernel.name
}

// short reports whether b is part of the short matrix.
func (b *builder) short() bool {
	return b.goarch == "amd64" || slices.Contains(shortBuilders, b.name())
}

// allBuilders returns all builders in the order of kernels.
func allBuilders() []*builder {
	var list []*builder
	for _, k := range kernels {
		list = append(list, &builder{k.goarch, k})
		if k.also != "" {
			list = append(list, &builder{k.also, k})
		}
	}
	return list
}

// findBuilder returns the builder of a GOARCH whose kernel is named name.
func findBuilder(goarch, name string) (*builder, error) {
	var names []string
	for _, b := range allBuilders() {
		if b.goarch == goarch {
			if b.kernelName() == name {
				return b, nil
			}
			names = append(names, b.kernelName())
		}
	}
	return nil, usagef("no kernel %q for %s; there are %s, or give the path of a kernel image, with a slash in it", name, goarch, strings.Join(names, ", "))
}

// seed returns the seed for what b's tests choose at random: always the same.
func (b *builder) seed() uint32 {
	h := fnv.New32()
	io.WriteString(h, b.name())
	return h.Sum32()
}

// kernelArg returns the kernel's command line on m.
func (m *machine) kernelArg(extra ...string) string {
	// Emulators spend half of the time on setting timers if they may be set between
	// ticks. They need no mitigations, which take a tenth, with clearing memory twice.
	const fast = "highres=off nohz=off mitigations=off init_on_alloc=0"
	arg := fmt.Sprintf("console=%s panic=-1 quiet %s", m.console, fast)
	for _, s := range append([]string{m.append}, extra...) {
		if s != "" {
			arg += " " + s
		}
	}
	return arg
}
