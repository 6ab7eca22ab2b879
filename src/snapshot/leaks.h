/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_LEAKS_H
#define CAPTRACK_LEAKS_H

#include "captrack/profile.h"

/* What a stack held over time, as the least in each of at most 64 windows: see leaks.c. Zeroed: it
 * never held anything. 32 bytes; a stack that changed at two snapshots or more has 16 to 256 more. */
struct leak_series {
	float *minima;       /* of the windows from the capture's start to that of changed_ms */
	uint64_t live_bytes; /* since changed_ms */
	uint64_t changed_ms;
	uint16_t n, room;    /* of minima; n 0: changed once, from nothing */
	uint8_t log2_window; /* a window is LEAK_WINDOW_MS << this */
};

enum { LEAK_WINDOWS = 64, LEAK_WINDOW_MS = 250 };

/* What the stack holds at a snapshot, ms after the capture's start. Need not be told where it is
 * as it was. -ENOMEM, and nothing is changed. */
int leak_series_add(struct leak_series *series, uint64_t ms, uint64_t live_bytes);
void leak_series_deinit(struct leak_series *series);

/* Whether it leaks, as far as can be told at now_ms. ages may be NULL, or not known. */
struct profile_leak leak_judge(const struct leak_series *series, uint64_t now_ms,
			       const struct profile_ages *ages);

#endif
