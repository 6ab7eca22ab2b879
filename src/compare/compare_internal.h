/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_COMPARE_INTERNAL_H
#define CAPTRACK_COMPARE_INTERNAL_H

#include "captrack/compare.h"

/* --- names.c: names as far as they tell functions and objects apart --- */

/* The function's name without what makes no other function. `out` has room for strlen(name) + 1; returns
 * the length. */
size_t plain_function(const char *name, char *out);
/* The object's basename without version. As above; of NULL "?", for which there must be room. */
size_t plain_object(const char *path, char *out);
/* Of the code that calls main or a thread's function; the object is plain. function may be NULL. */
bool is_start(const char *function, const char *object);

/* --- table.c: texts (any bytes) by number --- */

struct text_table {
	struct text *texts;
	size_t n;
	uint32_t *slots; /* index + 1; 0: empty */
	size_t mask;
};

struct text {
	char *bytes; /* and a zero behind them */
	size_t length;
	uint64_t hash;
};

/* The number of this text, which is added where it is not there; numbers begin with 0. -ENOMEM. */
int64_t text_number(struct text_table *table, const char *bytes, size_t length);
void text_table_deinit(struct text_table *table);

/* --- identity.c: which calls are the same --- */

/* By frame of a profile, the numbers of its calls, innermost first. */
struct frame_calls {
	const struct profile *profile;
	size_t *first; /* one more than there are frames */
	uint32_t *ids;
	bool *start;    /* calls main or a thread's function */
	size_t longest; /* stack, in calls */
	size_t total;   /* of all stacks */
};

/* Of calls that are none: as in calls.h. */
enum { IDENTITY_UNKNOWN, IDENTITY_TRUNCATED, IDENTITY_FIRST };

struct identities {
	struct frame_calls base;
	struct frame_calls new;
};

/* Fills half_debug and half_named of the comparison, too. -ENOMEM, -EFBIG. */
int identities_init(struct identities *identities, struct comparison *comparison);
void identities_deinit(struct identities *identities);

/* The numbers of the stack's calls, innermost first, at least one; `ids` has room for the longest. */
size_t identity_of_stack(const struct frame_calls *calls, const struct profile_stack *stack, uint32_t *ids);

#endif
