// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The numbers of stacks, totals, threads and moments, in the order of the file, with what each
 * is known by. */
#include "profile_internal.h"

#define FIELD(type, name, field, needs)                                                                      \
	{                                                                                                    \
		name, sizeof(name) - 1, offsetof(struct type, field), needs, false                           \
	}
#define PEAK(type, name, field)                                                                              \
	{                                                                                                    \
		name, sizeof(name) - 1, offsetof(struct type, field), PROFILE_NEEDS_FREES, true              \
	}
#define STACK(field, needs)   FIELD(profile_counts, #field, field, needs)
#define TOTALS(field, needs)  FIELD(profile, #field, totals.field, needs)
#define GROWTH(field)         FIELD(profile_growth, #field, field, 0)
#define THREAD(field, needs)  FIELD(profile_thread, #field, field, needs)
#define POINT(field, needs)   FIELD(profile_point, #field, field, needs)
#define PROCESS(field, needs) FIELD(profile_process, #field, field, needs)

enum { FREES = PROFILE_NEEDS_FREES, ALL = PROFILE_NEEDS_ALL, DETAILS = PROFILE_DETAILS };

const struct number_field profile_stack_numbers[] = {
	STACK(allocs, 0),
	STACK(frees, FREES),
	STACK(reallocs, 0),
	STACK(allocated_bytes, 0),
	STACK(freed_bytes, FREES),
	STACK(live_allocs, FREES),
	STACK(live_bytes, FREES),
	PEAK(profile_counts, "peak_bytes", peak_bytes),
	PEAK(profile_counts, "at_peak_bytes", at_peak_bytes),
	PEAK(profile_counts, "at_peak_allocs", at_peak_allocs),
	STACK(temporary_allocs, FREES | ALL),
	STACK(grown_in_place, DETAILS),
	STACK(moved, DETAILS),
	STACK(moved_bytes, DETAILS),
	STACK(cross_thread_frees, DETAILS),
	{0},
};

const struct number_field profile_totals_numbers[] = {
	TOTALS(allocs, 0),
	TOTALS(frees, FREES),
	TOTALS(reallocs, 0),
	FIELD(profile, "failed_allocs", failed_allocs, ALL),
	TOTALS(allocated_bytes, 0),
	TOTALS(freed_bytes, FREES),
	TOTALS(live_allocs, FREES),
	TOTALS(live_bytes, FREES),
	PEAK(profile, "peak_bytes", totals.peak_bytes),
	PEAK(profile, "peak_allocs", peak_allocs),
	PEAK(profile, "peak_ms", peak_ms),
	TOTALS(temporary_allocs, FREES | ALL),
	TOTALS(grown_in_place, DETAILS),
	TOTALS(moved, DETAILS),
	TOTALS(moved_bytes, DETAILS),
	TOTALS(cross_thread_frees, DETAILS),
	{0},
};

/* Of what follows a stack's "growth" or "age_ns" is there or not as a whole. */
const struct number_field profile_lifetime_numbers[] = {
	FIELD(profile_lifetimes, "min", min, 0),
	FIELD(profile_lifetimes, "max", max, 0),
	{0},
};

const struct number_field profile_age_numbers[] = {
	FIELD(profile_ages, "min", min, 0),
	FIELD(profile_ages, "max", max, 0),
	FIELD(profile_ages, "mean", mean, 0),
	{0},
};

const struct number_field profile_startup_numbers[] = {
	FIELD(profile_ages, "allocs", startup_allocs, 0),
	FIELD(profile_ages, "bytes", startup_bytes, 0),
	{0},
};

const struct number_field profile_size_numbers[] = {
	FIELD(profile_sizes, "min", min, 0),
	FIELD(profile_sizes, "max", max, 0),
	{0},
};

const struct number_field profile_growth_numbers[] = {
	GROWTH(chains), GROWTH(steps), GROWTH(first_bytes), GROWTH(copied_bytes), GROWTH(total_observed), {0},
};

const struct number_field profile_freed_by_numbers[] = {
	FIELD(profile_freed_by, "frees", frees, 0),
	FIELD(profile_freed_by, "cross_thread_frees", cross_thread_frees, 0),
	{0},
};

const struct number_field profile_thread_numbers[] = {
	THREAD(allocs, 0),          THREAD(frees, FREES),      THREAD(allocated_bytes, 0),
	THREAD(live_allocs, FREES), THREAD(live_bytes, FREES), {0},
};

const struct number_field profile_process_numbers[] = {
	PROCESS(allocs, 0),
	PROCESS(frees, FREES),
	PROCESS(allocated_bytes, 0),
	PROCESS(live_allocs, FREES),
	PROCESS(live_bytes, FREES),
	PEAK(profile_process, "peak_bytes", peak_bytes),
	PEAK(profile_process, "peak_allocs", peak_allocs),
	PEAK(profile_process, "peak_ms", peak_ms),
	{0},
};

const struct number_field profile_point_numbers[] = {
	POINT(ms, 0),
	POINT(live_bytes, FREES),
	POINT(live_allocs, FREES),
	{0},
};

const struct number_field profile_point_sums[] = {
	POINT(allocated_bytes, 0),
	POINT(allocs, 0),
	POINT(frees, FREES),
	{0},
};

const struct number_field profile_point_usage[] = {
	POINT(rss_bytes, 0),    POINT(threads, 0),      POINT(cpu_ms, 0),
	POINT(minor_faults, 0), POINT(major_faults, 0), {0},
};

const struct number_field profile_point_io[] = {
	POINT(read_bytes, 0),
	POINT(written_bytes, 0),
	{0},
};

unsigned int profile_lacks(const struct profile *profile)
{
	unsigned int lacks = 0;
	if (profile->capture.allocs_only)
		lacks |= PROFILE_NEEDS_FREES;
	if (profile->capture.sample_bytes)
		lacks |= PROFILE_NEEDS_ALL;
	if (profile->capture.no_details)
		lacks |= PROFILE_NEEDS_DETAILS;
	return lacks;
}

bool profile_knows(const struct profile *profile, unsigned int needs)
{
	return !(needs & profile_lacks(profile));
}
