/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_INTERNAL_H
#define CAPTRACK_PROFILE_INTERNAL_H

#include "captrack/profile.h"

/* An unsigned 64-bit number: its name in the file, its place in a struct. Reader and
 * writer go over the same tables, so that neither can forget a field. */
struct number_field {
	const char *name; /* NULL ends a table */
	size_t offset;
	unsigned int needs; /* PROFILE_NEEDS_*: where it is not known, it is absent */
};

extern const struct number_field profile_stack_numbers[];  /* in struct profile_counts */
extern const struct number_field profile_totals_numbers[]; /* in struct profile */

static inline uint64_t *number_at(void *base, const struct number_field *field)
{
	return (uint64_t *)((char *)base + field->offset);
}

#endif
