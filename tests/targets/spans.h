/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How long blocks live, as their program sees it: at least from after malloc's return to before
 * free's call, at most from before malloc's call to after free's return. Printed as JSON, for known.py. */
#ifndef SPANS_H
#define SPANS_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { SPAN_CLASSES = 48 };

struct span { /* of one moment: before and after the call */
	uint64_t before, after;
};

struct bounds { /* of all blocks of a function: [0] the least it can be, [1] the most */
	const char *name;
	uint64_t n, min[2], max[2], sum[2];
	uint64_t shorter[SPAN_CLASSES][2]; /* how many may have fewer bits than ... */
};

static inline uint64_t span_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline void bounds_add(struct bounds *bounds, struct span birth, struct span death)
{
	uint64_t life[2] = {death.before - birth.after, death.after - birth.before};
	for (int i = 0; i < 2; i++) {
		if (!bounds->n || life[i] < bounds->min[i])
			bounds->min[i] = life[i];
		if (life[i] > bounds->max[i])
			bounds->max[i] = life[i];
		bounds->sum[i] += life[i];
		for (int bits = 0; bits < SPAN_CLASSES; bits++) /* the longer it can be, the fewer are shorter */
			bounds->shorter[bits][1 - i] += life[i] < 1ull << bits >> 1;
	}
	bounds->n++;
}

static inline void bounds_print(const struct bounds *bounds, char separator)
{
#define PAIR(field) (unsigned long)bounds->field[0], (unsigned long)bounds->field[1]
	dprintf(1, "%c\"%s\": {\"n\": %lu, \"min\": [%lu, %lu], \"max\": [%lu, %lu], \"sum\": [%lu, %lu], \"shorter\": [",
		separator, bounds->name, (unsigned long)bounds->n, PAIR(min), PAIR(max), PAIR(sum));
	for (int bits = 0; bits < SPAN_CLASSES; bits++)
		dprintf(1, "%s[%lu, %lu]", bits ? ", " : "", PAIR(shorter[bits]));
	dprintf(1, "]}\n");
#undef PAIR
}

#endif
