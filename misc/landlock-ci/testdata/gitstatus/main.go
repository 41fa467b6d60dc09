// Gitstatus prints the status of a git repository that it does not trust.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"unsafe"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gitstatus: ")
	sandbox := flag.Bool("sandbox", true, "run git in a Landlock sandbox")
	secret := flag.String("secret", "", "a `file` to read after git has run, as a program may that has work of its own")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: gitstatus [-sandbox=false] [-secret FILE] DIR")
	}
	dir := flag.Arg(0)

	cmd := exec.Command("git", "-C", dir, "status", "--short", "--branch")
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if *sandbox {
		home, err := os.UserHomeDir()
		if err != nil {
			log.Fatal(err)
		}
		ruleset, err := newRuleset([]rule{
			{"/usr", execute | read},
			{"/bin", execute | read},
			{"/lib", execute | read},
			{"/lib64", execute | read},
			{"/etc/ld.so.cache", read},
			{"/etc/gitconfig", read},
			{filepath.Join(home, ".gitconfig"), read},
			{filepath.Join(home, ".config/git"), read},
			{"/dev/null", read | write},
			{dir, read},
		})
		if err != nil {
			log.Fatal(err)
		}
		defer syscall.Close(ruleset) // it could serve any number of commands
		cmd.SysProcAttr = &syscall.SysProcAttr{
			UseLandlock:     true,
			LandlockRuleset: ruleset,
		}
	}
	if err := cmd.Run(); err != nil {
		log.Fatal(err)
	}

	// The sandbox is git's alone.
	if *secret != "" {
		if _, err := os.ReadFile(*secret); err != nil {
			log.Fatal(err)
		}
	}
}

// Rights that a rule may grant, see linux/landlock.h.
const (
	execute = 1 << 0
	write   = 1<<1 | 1<<14                  // write to files and truncate them
	read    = 1<<2 | 1<<3                   // read files and directories
	onFiles = execute | 1<<1 | 1<<2 | 1<<14 // rights that a file can have
)

// A rule grants rights on a file, or on a directory and all beneath it.
type rule struct {
	path   string
	rights uint64
}

// System calls. On MIPS, add 4000, or 5000 if it is a 64-bit one.
const (
	sysLandlockCreateRuleset = 444
	sysLandlockAddRule       = 445
)

// newRuleset returns a descriptor for a Landlock ruleset that denies all use of
// files but what the rules grant, TCP, and signals and abstract Unix sockets
// to processes outside: as much of it as the kernel supports.
// The error is ENOSYS or EOPNOTSUPP if it does not support Landlock.
func newRuleset(rules []rule) (int, error) {
	abi, _, errno := syscall.Syscall(sysLandlockCreateRuleset, 0, 0, 1)
	if errno != 0 {
		return -1, fmt.Errorf("landlock: %w", errno)
	}
	var handled struct{ fs, net, scoped uint64 }
	handled.fs = 1<<13 - 1
	for _, since := range []struct {
		abi             uintptr
		fs, net, scoped uint64
	}{
		{abi: 2, fs: 1 << 13},
		{abi: 3, fs: 1 << 14},
		{abi: 4, net: 1<<0 | 1<<1},
		{abi: 5, fs: 1 << 15},
		{abi: 6, scoped: 1<<0 | 1<<1},
	} {
		if abi >= since.abi {
			handled.fs |= since.fs
			handled.net |= since.net
			handled.scoped |= since.scoped
		}
	}
	ruleset, _, errno := syscall.Syscall(sysLandlockCreateRuleset, uintptr(unsafe.Pointer(&handled)), unsafe.Sizeof(handled), 0)
	if errno != 0 {
		return -1, fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	for _, r := range rules {
		if err := addRule(ruleset, r, handled.fs); err != nil {
			syscall.Close(int(ruleset))
			return -1, err
		}
	}
	return int(ruleset), nil
}

// addRule adds r to ruleset. A file that does not exist needs no rule.
func addRule(ruleset uintptr, r rule, handled uint64) error {
	f, err := os.Open(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	rights := r.rights & handled
	if !fi.IsDir() {
		rights &= onFiles
	}
	attr := struct {
		rights uint64
		fd     int32
	}{rights, int32(f.Fd())}
	_, _, errno := syscall.Syscall6(sysLandlockAddRule, ruleset, 1, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("landlock_add_rule: %s: %w", r.path, errno)
	}
	return nil
}
