/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_TARGET_INTERNAL_H
#define CAPTRACK_TARGET_INTERNAL_H

#include "captrack/target.h"

struct target {
	pid_t pid;
	int pidfd;
	bool child; /* spawned by us */
	bool held;  /* spawned and not let go yet */
	bool waited;
	int wait_status;
	int exec_errno;
	int go_fd;     /* a byte lets the child exec */
	int report_fd; /* the child writes its exec error here */
};

int target_pidfd_open(pid_t pid); /* or a negative errno */

/* process.c: reads a small file of /proc/PID, as much as there is room for, and ends it with
 * a NUL. Returns its length, or a negative errno. */
ssize_t target_read_proc(pid_t pid, const char *name, char *text, size_t size);

/* mappings.c: takes off the mark by which the kernel tells that a path's file has gone. */
void cut_deleted(char *path);

#endif
