// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The few lines at the end of a capture. A stack is one line. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/calls.h"

enum { TOP = 5 };
#define CLEAR_LEAK 0.5 /* of 1 */

/* What stacks are sorted by: bytes at the peak, or, where that is not known, allocated. */
static uint64_t bytes_of(const struct profile *profile, const struct profile_counts *counts)
{
	return profile_knows(profile, PROFILE_NEEDS_FREES) ? counts->at_peak_bytes : counts->allocated_bytes;
}

static void write_stack(const struct profile *profile, const struct profile_stack *stack, FILE *out)
{
	int column = 2 + figure_width(profile, 6) + 2 + figure_width(profile, 8) + 2;
	char share[24], text[24], chain[VIEW_COLUMNS];
	uint64_t bytes = bytes_of(profile, &stack->counts);
	fprintf(out, "  %*s  %*s  %s\n", figure_width(profile, 6),
		figure_share(profile, bytes, bytes_of(profile, &profile->totals), share),
		figure_width(profile, 8), figure_bytes(profile, bytes, text),
		format_chain(profile, stack->frames, stack->n_frames, chain,
			     VIEW_COLUMNS - (size_t)column + 1));
}

/* The larger first; what is equal in the profile's order. */
static int compare(const void *a, const void *b, void *profile)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	uint64_t x = bytes_of(profile, &first->counts), y = bytes_of(profile, &second->counts);
	if (x != y)
		return x < y ? 1 : -1;
	return first < second ? -1 : first > second;
}

static int write_stacks(const struct profile *profile, FILE *out)
{
	const struct profile_stack **sorted = stacks_sorted(profile, compare, profile);
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks && i < TOP && bytes_of(profile, &sorted[i]->counts); i++)
		write_stack(profile, sorted[i], out);
	free(sorted);
	return 0;
}

static void write_lived(const struct profile *profile, const struct style *style, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char bytes[24], count[40], ms[24];
	fprintf(out, "peak %s in %s blocks, after %s%s\n", figure_bytes(profile, totals->peak_bytes, bytes),
		figure_count(profile, profile->peak_allocs, count), figure_ms(profile, profile->peak_ms, ms),
		style->end);
	fprintf(out, "  allocated %s in %s", figure_bytes(profile, totals->allocated_bytes, bytes),
		figure_count(profile, totals->allocs, count));
	if (profile_knows(profile, PROFILE_NEEDS_ALL))
		fprintf(out, ", temporary %s", figure_count(profile, totals->temporary_allocs, count));
	fprintf(out, "; live at the end %s in %s\n", figure_bytes(profile, totals->live_bytes, bytes),
		figure_count(profile, totals->live_allocs, count));
}

static void write_totals(const struct profile *profile, const struct style *style, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char name[64], bytes[24], count[40];
	fprintf(out, "%scaptrack-bpf: %s (pid %d): ", style->bold,
		format_safe(path_basename(profile->target.exe), name, sizeof(name)), profile->target.pid);
	if (!totals->allocs)
		fprintf(out, "%s%s%s\n",
			profile->capture.sample_bytes ? "no allocation was kept" : "no allocations",
			profile->capture.allocator ? "" : ", no allocator found", style->end);
	else if (profile_knows(profile, PROFILE_NEEDS_FREES))
		write_lived(profile, style, out);
	else
		fprintf(out, "allocated %s in %s allocations%s\n",
			figure_bytes(profile, totals->allocated_bytes, bytes),
			figure_count(profile, totals->allocs, count), style->end);
	mode_write(profile, "  ", out);
}

/* The worst of the stacks that clearly leak, and how many there are. */
static const struct profile_stack *find_leak(const struct profile *profile, size_t *count)
{
	const struct profile_stack *worst = NULL;
	*count = 0;
	for (size_t i = 0; i < profile->n_stacks; i++) {
		const struct profile_stack *stack = &profile->stacks[i];
		if (stack->leak.score < CLEAR_LEAK || !profile_knows(profile, PROFILE_NEEDS_FREES))
			continue;
		(*count)++;
		if (!worst || leak_badness(stack) > leak_badness(worst))
			worst = stack;
	}
	return worst;
}

static void write_leak(const struct profile *profile, const struct style *style, FILE *out)
{
	char rate[24], bytes[24], count[32], text[VIEW_COLUMNS], chain[VIEW_COLUMNS];
	size_t all;
	const struct profile_stack *leak = find_leak(profile, &all);
	if (!leak)
		return;
	int used = snprintf(text, sizeof(text), " by %s/s, score %.2f, %s live: ",
			    figure_bytes(profile, leak->leak.bytes_per_s, rate), leak->leak.score,
			    figure_bytes(profile, leak->counts.live_bytes, bytes));
	fprintf(out, "%s  growing%s%s%s\n", style->warn, style->end, text,
		format_chain(profile, leak->frames, leak->n_frames, chain,
			     VIEW_COLUMNS - strlen("  growing") - (size_t)used + 1));
	if (all > 1)
		fprintf(out, "    and %s more %s; captrack-bpf report --leaks shows them\n",
			format_count(all - 1, count), all == 2 ? "stack" : "stacks");
}

int summary_write(const struct profile *profile, const char *path, bool color, FILE *out)
{
	char text[4400];
	write_totals(profile, style_of(color), out);
	int result = write_stacks(profile, out);
	write_leak(profile, style_of(color), out);
	cost_write(profile, out);
	warnings_write(profile, color, out);
	if (path)
		fprintf(out, "  profile: %s\n", format_safe(path, text, sizeof(text)));
	return stream_end(out, result);
}
