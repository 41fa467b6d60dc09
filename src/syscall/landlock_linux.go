// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package syscall

// PR_SET_NO_NEW_PRIVS, from linux/prctl.h.
// Package syscall exports it on some GOARCHes only.
const _PR_SET_NO_NEW_PRIVS = 0x26
