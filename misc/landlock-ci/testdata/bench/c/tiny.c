// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Tiny is the smallest of programs, so that what is measured is the start.
// It is linked statically and without the C library's start-up code.

#include <unistd.h>

void
_start(void)
{
	_exit(0);
}
