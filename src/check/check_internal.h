/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CHECK_INTERNAL_H
#define CAPTRACK_CHECK_INTERNAL_H

#include "captrack/calls.h"
#include "captrack/check.h"

/* A measure of a profile. */
struct measured {
	char problem[256]; /* why it is not known; empty: it is */
	uint64_t value;
	uint64_t hidden;                  /* of stacks that are not whole, and may be of those asked for */
	bool matched;                     /* any stack is of those asked for */
	const struct profile_stack *most; /* which has the most of it; NULL: none has any */
};

/* calls are the profile's, by function. */
void measure(const struct calls *calls, const struct check_rule *rule, enum check_measure what,
	     struct measured *out);

#endif
