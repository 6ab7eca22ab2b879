/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_TIMELINE_H
#define CAPTRACK_TIMELINE_H

#include "captrack/profile.h"

enum { TIMELINE_MAX = 2000 }; /* points of a profile, the peak's among them */

/* How a profile's timeline has been thinned. Zeroed: nothing is in it yet. */
struct timeline {
	uint64_t added;         /* points, since the beginning */
	unsigned int log2_step; /* each so many of them is kept, and the newest */
	bool has_peak;
	struct profile_point peak;
};

/* Adds the newest point, which is never earlier than those before it. -ENOMEM, and the
 * timeline is as it was. */
int timeline_add(struct timeline *timeline, struct profile *profile, const struct profile_point *point);

/* Says where the process's peak is now: a point of its own, in its place by time. Without
 * live bytes there is no peak. -ENOMEM. */
int timeline_set_peak(struct timeline *timeline, struct profile *profile, uint64_t ms, uint64_t live_bytes,
		      uint64_t live_allocs);

#endif
