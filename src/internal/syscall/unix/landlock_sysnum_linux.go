// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && !mips && !mipsle && !mips64 && !mips64le

package unix

// System calls added to Linux since version 5.1 have the same number
// on every architecture, except for the offsets of the MIPS ABIs.
const (
	landlockCreateRulesetTrap uintptr = 444
	landlockAddRuleTrap       uintptr = 445
	landlockRestrictSelfTrap  uintptr = 446
)
