// run

//go:build linux

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Issue 68595: start a process in a Landlock sandbox.

package main
