// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build landlock

package main

import "syscall"

// sandbox sets fields.
func sandbox(attr *syscall.SysProcAttr, ruleset int, fields []string) {
	for _, field := range fields {
		switch field {
		case "UseLandlock":
			attr.UseLandlock = true
			attr.LandlockRuleset = ruleset
		case "LandlockFlags":
			attr.LandlockFlags = 6 // two flags of Landlock ABI version 7
		case "NoNewPrivs":
			attr.NoNewPrivs = true
		}
	}
}
