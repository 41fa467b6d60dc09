// Gitstatus prints the status of a git repository that it does not trust.
package main

import (
	"flag"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golandlock/misc/landlock"
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
		// As much as the kernel can deny, with the exceptions that git needs.
		ruleset, err := landlock.V11.BestEffort().Ruleset(
			landlock.RODirs("/usr", "/bin", "/lib", "/lib64").IgnoreIfMissing(),
			landlock.ROFiles("/etc/ld.so.cache", "/etc/gitconfig").IgnoreIfMissing(),
			landlock.ROFiles(filepath.Join(home, ".gitconfig")).IgnoreIfMissing(),
			landlock.RODirs(filepath.Join(home, ".config/git")).IgnoreIfMissing(),
			landlock.RWFiles("/dev/null"),
			landlock.RODirs(dir),
		)
		if err != nil {
			log.Fatal(err) // also if the kernel has no Landlock
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
