// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Probe makes a file and removes it again, which a sandbox denies it.
// Its exit status is errno.

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 255;
	int fd = open(argv[1], O_WRONLY|O_CREAT|O_EXCL, 0666);
	if (fd < 0)
		return errno;
	unlink(argv[1]);
	return 0;
}
