// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && (mips64 || mips64le)

package unix

const (
	landlockCreateRulesetTrap uintptr = 5444
	landlockAddRuleTrap       uintptr = 5445
	landlockRestrictSelfTrap  uintptr = 5446
)
