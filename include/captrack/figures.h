/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_FIGURES_H
#define CAPTRACK_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "captrack/profile.h"

/* The figures of stacks that users name: what reports, comparisons and exports sort by, or show one of. */

enum {
	FIGURE_AT_PEAK,
	FIGURE_LIVE,
	FIGURE_PEAK,
	FIGURE_ALLOCATED,
	FIGURE_ALLOCS,
	FIGURE_TEMPORARY,
	FIGURE_MOVED,
	FIGURE_GROWTH, /* of struct profile_growth: no counter has it */
	FIGURES,
};

struct figure {
	const char *name;        /* as users type it: "at-peak" */
	const char *field;       /* in the profile: "at_peak_bytes" */
	const char *title;       /* "bytes at the peak" */
	const char *short_title; /* "at peak" */
	size_t value;            /* in struct profile_counts */
	size_t count;            /* the same, of the `unit` that the bytes are in */
	const char *count_field;
	const char *unit;   /* "blocks"; NULL: not known, or the value is a count itself */
	bool is_bytes;      /* else it is a count */
	bool is_sum;        /* of all stacks: a total */
	unsigned int needs; /* PROFILE_NEEDS_* */
};

extern const struct figure figures[FIGURES];

/* NULL: there is none of this name. */
const struct figure *figure_find(const char *name);

static inline uint64_t figure_value(const struct profile_counts *counts, const struct figure *figure)
{
	return *(const uint64_t *)((const char *)counts + figure->value);
}

/* 0 without a unit. */
static inline uint64_t figure_units(const struct profile_counts *counts, const struct figure *figure)
{
	return figure->unit ? *(const uint64_t *)((const char *)counts + figure->count) : 0;
}

#endif
