// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package syscall

import "errors"

// LandlockGetABIVersion returns errors.ErrUnsupported.
func LandlockGetABIVersion() (version int, err error) {
	return 0, errors.ErrUnsupported
}

// LandlockGetErrata returns errors.ErrUnsupported.
func LandlockGetErrata() (errata int, err error) {
	return 0, errors.ErrUnsupported
}

// LandlockCreateRuleset returns errors.ErrUnsupported.
func LandlockCreateRuleset(attr *RulesetAttr, flags int) (fd int, err error) {
	return -1, errors.ErrUnsupported
}

// LandlockAddPathBeneathRule returns errors.ErrUnsupported.
func LandlockAddPathBeneathRule(rulesetFD int, attr *PathBeneathAttr, flags int) error {
	return errors.ErrUnsupported
}

// LandlockAddNetPortRule returns errors.ErrUnsupported.
func LandlockAddNetPortRule(rulesetFD int, attr *NetPortAttr, flags int) error {
	return errors.ErrUnsupported
}
