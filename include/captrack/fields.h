/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_FIELDS_H
#define CAPTRACK_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of a profile by the names that they have in its file. */

/* An unsigned 64-bit number: its name in the file, its place in a struct. Reader and
 * writer go over the same tables, so that neither can forget a field. */
struct number_field {
	const char *name; /* NULL ends a table */
	size_t length;    /* of the name */
	size_t offset;
	unsigned int needs; /* PROFILE_NEEDS_*: where it is not known, it is absent */
	bool of_peak;       /* of one moment or one process: several do not add up */
};

extern const struct number_field profile_stack_numbers[];  /* in struct profile_counts */
extern const struct number_field profile_totals_numbers[]; /* in struct profile */
extern const struct number_field profile_thread_numbers[]; /* in struct profile_thread */

static inline const uint64_t *field_in(const void *base, const struct number_field *field)
{
	return (const uint64_t *)((const char *)base + field->offset);
}

static inline uint64_t *field_at(void *base, const struct number_field *field)
{
	return (uint64_t *)((char *)base + field->offset);
}

#endif
