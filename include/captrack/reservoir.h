/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_RESERVOIR_H
#define CAPTRACK_RESERVOIR_H

#include "captrack/profile.h"

/* A fair sample of the final sizes of each stack's growth chains. The sample itself is in the
 * profile (struct profile_growth: final_sizes, of total_observed), which owns it: nothing is copied
 * for the writer. This is what all stacks share. */
struct reservoir {
	uint32_t cap;    /* sizes kept of a stack */
	uint64_t random; /* state of the dice; any seed will do */
};

/* Adds n chains that ended, of which k are known, drawn evenly and none twice: all (k == n), or
 * some (0 < k < n). The sample stays fair: see reservoir.c. The order of final_sizes means nothing
 * and may be changed between calls; the array is as large as it must be, by realloc.
 * -ENOMEM, -EINVAL where k is none of the above; nothing is changed then. */
int reservoir_merge(struct reservoir *reservoir, struct profile_growth *growth, const uint64_t *sizes,
		    size_t k, uint64_t n);

#endif
