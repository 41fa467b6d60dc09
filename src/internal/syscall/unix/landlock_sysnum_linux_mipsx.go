// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && (mips || mipsle)

package unix

const (
	landlockCreateRulesetTrap uintptr = 4444
	landlockAddRuleTrap       uintptr = 4445
	landlockRestrictSelfTrap  uintptr = 4446
)
