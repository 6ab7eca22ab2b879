/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CAPTURE_H
#define CAPTRACK_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "captrack/error.h"

/* One capture from its start to its last profile: puts the pieces together. */

struct capture_options {
	const char *output;    /* folder */
	uint64_t interval_ms;  /* 0: only the final profile */
	uint64_t duration_ms;  /* 0: until the end */
	uint64_t estimate_ms;  /* 0: no. Else calls are counted for this long, and what a capture would
				  cost is printed to stdout, instead of a capture */
	bool autodump;         /* false: neither periodic nor final profiles, SIGUSR1 writes one */
	const char *allocator; /* a name, or "auto" */
	const char *user;      /* NULL: as we are */
	uint32_t max_stacks, max_live, max_depth;
	uint64_t sample_bytes; /* 0: exact */
	bool allocs_only;      /* free is not probed */
	uint32_t sample_cap;   /* final sizes kept of a stack's growth chains */
	bool no_details;       /* neither sizes, lifetimes, growth nor threads */
	bool free_stacks;      /* stacks that free are taken, too */
	bool by_thread;        /* each thread has stacks of its own */
	int verbosity;         /* -1 quiet, 0, 1 verbose */
	const pid_t *pids;
	size_t pid_count;
	char *const *command; /* NULL-terminated, or NULL with pids */
};

enum { DEFAULT_SAMPLE_BYTES = 512 << 10 }; /* --sample without a number */

enum {
	EXIT_CAPTURE = 1,
	EXIT_USAGE = 2,
	EXIT_BROKEN = 3,
	EXIT_NO_START = 125,
	EXIT_NO_EXEC = 126,
	EXIT_NOT_FOUND = 127
};

/* Runs it. Returns the exit status of the program; where the command did not give it
 * and it is not 0, *err says why. */
int capture_run(const struct capture_options *options, struct ct_error *err);

/* "no allocator found in ...", with the reason as far as it can be told. Returns -ENODATA. */
int capture_no_allocator(pid_t pid, struct ct_error *err);

#endif
