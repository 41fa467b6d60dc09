// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"errors"
)

func (s *store) builtKernel(ctx context.Context, k *kernel) (file, origin string, err error) {
	return "", "", errors.New("not yet")
}

func unpackZboot(ctx context.Context, name string) error { return nil }
func (s *store) qemu(ctx context.Context, goarch string) ([]string, error) {
	return []string{machines[goarch].qemu}, nil
}

func (s *store) check(ctx context.Context, builders []*builder) error { return nil }
