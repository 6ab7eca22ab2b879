/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_INTERNAL_H
#define CAPTRACK_PROFILE_INTERNAL_H

#include "captrack/profile.h"

/* An unsigned 64-bit number: its name in the file, its place in a struct. Reader and
 * writer go over the same tables, so that neither can forget a field. */
struct number_field {
	const char *name; /* NULL ends a table */
	size_t length;    /* of the name */
	size_t offset;
	unsigned int needs; /* PROFILE_NEEDS_*: where it is not known, it is absent */
};

extern const struct number_field profile_stack_numbers[];    /* in struct profile_counts */
extern const struct number_field profile_totals_numbers[];   /* in struct profile */
extern const struct number_field profile_lifetime_numbers[]; /* in struct profile_lifetimes */
extern const struct number_field profile_age_numbers[];      /* in struct profile_ages */
extern const struct number_field profile_startup_numbers[];  /* in struct profile_ages */
extern const struct number_field profile_size_numbers[];     /* in struct profile_sizes */
extern const struct number_field profile_growth_numbers[];   /* in struct profile_growth */
extern const struct number_field profile_freed_by_numbers[]; /* in struct profile_freed_by */
extern const struct number_field profile_thread_numbers[];   /* in struct profile_thread */
/* In struct profile_point: of every point; of those that are no peak; with has_usage; with has_io. */
extern const struct number_field profile_point_numbers[];
extern const struct number_field profile_point_sums[];
extern const struct number_field profile_point_usage[];
extern const struct number_field profile_point_io[];

/* What figures may need and the profile does not have: of many, profile_knows() at once. */
unsigned int profile_lacks(const struct profile *profile);

static inline const uint64_t *number_in(const void *base, const struct number_field *field)
{
	return (const uint64_t *)((const char *)base + field->offset);
}

static inline uint64_t *number_at(void *base, const struct number_field *field)
{
	return (uint64_t *)((char *)base + field->offset);
}

#endif
