// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The table of stacks. 100 columns, for which names and long stacks are cut; `--top 0` shows
 * every stack, and cuts nothing. */
#include "views_internal.h"

#include <string.h>

/* The rank, the figure sorted by, and a peak that it is not. */
static void write_stack_head(const struct report *report, const struct profile_counts *counts, size_t rank,
			     FILE *out)
{
	const struct profile *profile = report->profile;
	const struct figure *key = report->key;
	uint64_t value = figure_value(counts, key);
	char text[40], share[24];
	bool at_peak = key == sort_key_of(profile, REPORT_AT_PEAK);
	fprintf(out, "\n%s%4zu. %9s  %*s", report->style->bold, rank,
		key->is_bytes ? figure_bytes(profile, value, text) : figure_count(profile, value, text),
		figure_width(profile, 6),
		figure_share(profile, value, figure_value(&profile->totals, key), share));
	if (key->unit)
		fprintf(out, "  in %s %.*s", figure_count(profile, figure_units(counts, key), text),
			(int)strlen(key->unit) - (figure_units(counts, key) == 1), key->unit);
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		fprintf(out, "%s%s %s", key->unit ? ", " : "  ", at_peak ? "own peak" : "at peak",
			figure_bytes(profile, at_peak ? counts->peak_bytes : counts->at_peak_bytes, text));
	fprintf(out, "%s\n", report->style->end);
}

/* The figures beside it, as far as there are any. */
static void write_stack_figures(const struct report *report, const struct profile_counts *counts, FILE *out)
{
	const struct profile *profile = report->profile;
	bool allocated = report->key == sort_key_of(profile, REPORT_ALLOCATED);
	bool live = report->key == sort_key_of(profile, REPORT_LIVE);
	char bytes[24], count[40];
	const char *separator = "";
	if (!profile_knows(profile, PROFILE_NEEDS_FREES) && allocated)
		return;
	fprintf(out, "%*s%s", VIEW_INDENT, "", report->style->dim);
	if (!allocated) {
		fprintf(out, "allocated %s in %s", figure_bytes(profile, counts->allocated_bytes, bytes),
			figure_count(profile, counts->allocs, count));
		separator = ", ";
	}
	if (profile_knows(profile, PROFILE_NEEDS_FREES) && !live) {
		fprintf(out, "%slive %s in %s", separator, figure_bytes(profile, counts->live_bytes, bytes),
			figure_count(profile, counts->live_allocs, count));
		separator = ", ";
	}
	if (profile_knows(profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL))
		fprintf(out, "%s%s temporary", separator,
			figure_count(profile, counts->temporary_allocs, count));
	fprintf(out, "%s\n", report->style->end);
}

/* The stacks that have any of it: sorted, they come first. */
static size_t count_any(const struct report *report)
{
	size_t n = report->selection.n;
	while (n && !figure_value(&report->selection.stacks[n - 1]->counts, report->key))
		n--;
	return n;
}

int stacks_write(struct report *report, FILE *out)
{
	const struct report_options *options = report->options;
	char count[32];
	selection_sort(report, compare_by_key, report->key);
	/* --top 0 means really all. */
	size_t all = options->top ? count_any(report) : report->selection.n;
	size_t shown = shown_of(options, all);
	if (!shown) {
		fprintf(out, "\nNo stack has any %s.\n", report->key->title);
		return 0;
	}
	fprintf(out, "\n%s%zu of %s %s by %s%s\n", report->style->bold, shown, format_count(all, count),
		all == 1 ? "stack" : "stacks", report->key->title, report->style->end);
	for (size_t i = 0; i < shown; i++) {
		const struct profile_stack *stack = report->selection.stacks[i];
		write_stack_head(report, &stack->counts, i + 1, out);
		write_stack_figures(report, &stack->counts, out);
		int result = stack_details_write(report->profile, stack, !options->top, report->style, out);
		if (result)
			return result;
		frames_write(report->profile, stack, !options->top, out);
	}
	rest_write(all - shown, "stack", "stacks", out);
	/* Else the line on how many match would not agree with the list. */
	if (report->selection.n < report->profile->n_stacks && all < report->selection.n)
		fprintf(out,
			"\n%s more that match have no %s; --sort by another figure, or --top 0, shows them\n",
			format_count(report->selection.n - all, count), report->key->title);
	return 0;
}
