/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_EXPORTS_DHAT_POINTS_H
#define CAPTRACK_EXPORTS_DHAT_POINTS_H

#include "captrack/calls.h"
#include "valgrind.h"

/* The stacks of a profile by the text of their frames, each text and each stack once. */

struct point {
	const uint32_t *frames; /* innermost first: indexes of texts, from 1 on */
	size_t n_frames;
	uint64_t bytes; /* allocated */
	uint64_t blocks;
	uint64_t at_peak_bytes;
	uint64_t at_peak_blocks;
	uint64_t live_bytes;
	uint64_t live_blocks;
	/* What it held at once; of several stacks in one, whose peaks were at different times, the most of
	 * which it is known that it did: it may have been more. */
	uint64_t most_bytes;
	uint64_t largest;  /* block */
	uint64_t lived_ns; /* all its blocks together, those that live until now */
	bool knows_lived;
};

struct points {
	struct calls calls;
	struct point *points;
	size_t n;
	uint32_t *frames;   /* of all points */
	uint32_t *by_call;  /* its text; 0: none yet */
	uint32_t *examples; /* by text: a call that reads so */
	uint32_t n_texts;   /* and the 0 that none has */
};

/* The profile must outlive them. -ENOMEM; -EFBIG as of calls; -EOVERFLOW where figures of stacks that read
 * alike add up to more than 2^64. */
int points_init(struct points *points, const struct profile *profile);
void points_deinit(struct points *points);

const char *points_text(const struct points *points, uint32_t text, char out[VALGRIND_FRAME_BYTES]);

#endif
