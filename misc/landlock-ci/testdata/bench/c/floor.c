// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Floor is the worker that does nothing but the system calls it takes to start
// a child, and so shows what the kernel charges. See main.go for what a worker
// does. Floor starts no more than one child at a time.

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

extern char **environ;

static void
check(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static int
new_ruleset(const char *dir, int rules)
{
	int abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	check(abi > 0, "landlock_create_ruleset");
	int rights = abi == 1 ? 13 : abi == 2 ? 14 : abi < 5 ? 15 : 16;
	uint64_t handled = ((uint64_t)1 << rights) - 1;
	int ruleset = syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
	check(ruleset >= 0, "landlock_create_ruleset");
	for (int i = 0; i < rules; i++) {
		char path[PATH_MAX] = "/";
		if (i > 0)
			snprintf(path, sizeof path, "%s/rules/%d", dir, i);
		struct {
			uint64_t allowed;
			int32_t fd;
		} __attribute__((packed)) rule;
		// Execute, write to files, read files, read directories.
		rule.allowed = 0xf;
		rule.fd = open(path, O_PATH|O_CLOEXEC);
		check(rule.fd >= 0, path);
		check(syscall(SYS_landlock_add_rule, ruleset, 1, &rule, 0) == 0, "landlock_add_rule");
		close(rule.fd);
	}
	return ruleset;
}

static int64_t
nanoseconds(int who)
{
	struct rusage r;
	getrusage(who, &r);
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * INT64_C(1000000000)
		+ (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * INT64_C(1000);
}

static int64_t
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int
start(char **argv, int ruleset)
{
	volatile int err = 0; // the child's, which runs in our memory
	pid_t pid = vfork();
	if (pid == 0) {
		if (ruleset >= 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)) {
			err = errno;
			_exit(1);
		}
		execve(argv[0], argv, environ);
		err = errno;
		_exit(1);
	}
	check(pid > 0, "vfork");
	int status;
	check(waitpid(pid, &status, 0) == pid, "waitpid");
	errno = err;
	check(err == 0, argv[0]);
	return WEXITSTATUS(status);
}

int
main(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	int ruleset = -1;
	char *dir = argv[4];
	if (atoi(argv[2]) > 0)
		ruleset = new_ruleset(dir, atoi(argv[2]));
	char tiny[PATH_MAX], probe[PATH_MAX], file[PATH_MAX];
	snprintf(tiny, sizeof tiny, "%s/tiny", dir);
	snprintf(probe, sizeof probe, "%s/probe", dir);
	snprintf(file, sizeof file, "%s/file", dir);
	char *programs[3][3] = { { tiny }, { argv[5], "--version" }, { probe, file } };

	// The children get /dev/null.
	int in = fcntl(0, F_DUPFD_CLOEXEC, 3), out = fcntl(1, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDWR|O_CLOEXEC);
	check(in >= 0 && out >= 0 && null >= 0, "/dev/null");
	dup2(null, 0);
	dup2(null, 1);

	for (;;) {
		struct { int32_t program, plain, starters, count; } cmd;
		ssize_t n = read(in, &cmd, sizeof cmd);
		if (n == 0)
			return 0;
		check(n == sizeof cmd, "read");
		struct { int64_t time, parent, child, status; } reply = { 0 };
		reply.parent = -nanoseconds(RUSAGE_SELF);
		reply.child = -nanoseconds(RUSAGE_CHILDREN);
		reply.time = -now();
		for (int i = 0; i < cmd.count; i++)
			reply.status = start(programs[cmd.program], cmd.plain ? -1 : ruleset);
		reply.time += now();
		reply.parent += nanoseconds(RUSAGE_SELF);
		reply.child += nanoseconds(RUSAGE_CHILDREN);
		check(write(out, &reply, sizeof reply) == sizeof reply, "write");
	}
}
