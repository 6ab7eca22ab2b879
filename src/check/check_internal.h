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

/* A rule asked of a profile: which of its frames, each once, are of the stacks that the rule is for. */
struct asked {
	const struct check_rule *rule;
	const struct calls *calls;
	bool *frames; /* NULL: the rule is for all stacks */
	bool unknown; /* stacks of which nothing is known are asked for, too */
	bool truncated;
};

/* calls are the profile's, by function, and must stay. -ENOMEM. */
int asked_init(struct asked *asked, const struct check_rule *rule, const struct calls *calls);
void asked_deinit(struct asked *asked);

void measure(const struct asked *asked, enum check_measure what, struct measured *out);

#endif
