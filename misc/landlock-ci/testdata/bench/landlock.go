// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build landlock

package main

import (
	"os/exec"
	"syscall"
)

func sandbox(cmd *exec.Cmd, ruleset int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		UseLandlock:     true,
		LandlockRuleset: ruleset,
	}
}
