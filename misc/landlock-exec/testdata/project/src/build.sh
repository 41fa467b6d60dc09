#!/bin/sh
# Copyright 2026 The Go Authors. All rights reserved.
# Use of this source code is governed by a BSD-style
# license that can be found in the LICENSE file.

# A build step, to be run without a network:
#
#	landlock-exec -policy build.json -- src/build.sh
set -eu
cd "$(dirname "$0")"
# This one is not content with the sources that it has.
git ls-remote "$DEPS" || echo "nothing fetched"
sed 's/@version@/1.0/' hello.in >hello
chmod +x hello
./hello
# Nor with writing to its own directory.
echo >../build.json || echo "the policy stays"
