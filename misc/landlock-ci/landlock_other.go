// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package main

import "runtime"

func needLandlock() (int, error) {
	return 0, unablef("%s has no Landlock; run this on Linux", runtime.GOOS)
}
