// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report in the terminal. Its first screen answers: how much, when was the peak,
 * who held it. 100 columns, for which names and long stacks are cut; `--top 0` shows
 * every stack, and cuts nothing. */
#include "views_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct sort_key {
	const char *name;
	const char *title;
	size_t value;       /* in struct profile_counts */
	size_t count;       /* of the `unit` that the bytes are in */
	const char *unit;   /* NULL: not known, or the value is a count itself */
	unsigned int needs; /* PROFILE_NEEDS_* */
};

#define COUNTS(field) offsetof(struct profile_counts, field)

static const struct sort_key sort_keys[] = {
	[REPORT_AT_PEAK] = {"at-peak", "bytes at the peak", COUNTS(at_peak_bytes), COUNTS(at_peak_allocs),
			    "blocks", PROFILE_NEEDS_FREES},
	[REPORT_LIVE] = {"live", "live bytes", COUNTS(live_bytes), COUNTS(live_allocs), "blocks",
			 PROFILE_NEEDS_FREES},
	[REPORT_PEAK] = {"peak", "bytes at their own peaks", COUNTS(peak_bytes), 0, NULL,
			 PROFILE_NEEDS_FREES},
	[REPORT_ALLOCATED] = {"allocated", "bytes allocated", COUNTS(allocated_bytes), COUNTS(allocs),
			      "allocations", 0},
	[REPORT_ALLOCS] = {"allocs", "allocations", COUNTS(allocs), 0, NULL, 0},
	[REPORT_TEMPORARY] = {"temporary", "temporary allocations", COUNTS(temporary_allocs), 0, NULL,
			      PROFILE_DETAILS},
	[REPORT_MOVED] = {"moved", "bytes that realloc copied", COUNTS(moved_bytes), COUNTS(moved), "moves",
			  PROFILE_DETAILS},
	[REPORT_GROWTH] = {"growth", NULL, 0, 0, NULL, PROFILE_DETAILS}, /* growth.c */
};

bool report_sort_parse(const char *name, enum report_sort *out)
{
	for (size_t i = 0; i < sizeof(sort_keys) / sizeof(*sort_keys); i++) {
		if (!strcmp(sort_keys[i].name, name)) {
			*out = (enum report_sort)i;
			return true;
		}
	}
	return false;
}

static enum report_sort sort_of(const struct profile *profile, enum report_sort sort)
{
	if (sort != REPORT_DEFAULT)
		return sort;
	return profile_knows(profile, PROFILE_NEEDS_FREES) ? REPORT_AT_PEAK : REPORT_ALLOCATED;
}

static const char no_details[] =
	"it was captured with --no-details: neither sizes, growth nor threads were kept";
static const char no_frees[] =
	"it was captured with --allocs-only, and where free is not probed neither live, "
	"peak, temporary nor growth is known";

const char *report_sort_lacks(const struct profile *profile, enum report_sort sort)
{
	unsigned int needs = sort_keys[sort_of(profile, sort)].needs;
	if (profile_knows(profile, needs))
		return NULL;
	if (!profile_knows(profile, needs & PROFILE_NEEDS_FREES))
		return no_frees;
	if (!profile_knows(profile, needs & PROFILE_NEEDS_ALL))
		return "it was captured with --sample, and a sample shows neither what is temporary nor how "
		       "blocks grow";
	return no_details;
}

const char *report_view_lacks(const struct profile *profile, enum report_view view)
{
	if (view == REPORT_LEAKS && !profile_knows(profile, PROFILE_NEEDS_FREES))
		return no_frees;
	return view == REPORT_THREADS && profile->capture.no_details ? no_details : NULL;
}

static uint64_t figure(const struct profile_counts *counts, size_t offset)
{
	return *(const uint64_t *)((const char *)counts + offset);
}

/* The larger first; what is equal in the profile's order. */
static int compare(const void *a, const void *b, void *key)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	uint64_t x = figure(&first->counts, ((const struct sort_key *)key)->value);
	uint64_t y = figure(&second->counts, ((const struct sort_key *)key)->value);
	if (x != y)
		return x < y ? 1 : -1;
	return first < second ? -1 : first > second;
}

/* The rank, the figure sorted by, and a peak that it is not. */
static void write_stack_head(const struct profile *profile, const struct profile_counts *counts, size_t rank,
			     enum report_sort sort, const struct style *style, FILE *out)
{
	const struct sort_key *key = &sort_keys[sort];
	uint64_t value = figure(counts, key->value);
	char text[40], share[24];
	bool is_count = sort == REPORT_ALLOCS || sort == REPORT_TEMPORARY;
	fprintf(out, "\n%s%4zu. %9s  %*s", style->bold, rank,
		is_count ? figure_count(profile, value, text) : figure_bytes(profile, value, text),
		figure_width(profile, 6),
		figure_share(profile, value, figure(&profile->totals, key->value), share));
	if (key->unit)
		fprintf(out, "  in %s %.*s", figure_count(profile, figure(counts, key->count), text),
			(int)strlen(key->unit) - (figure(counts, key->count) == 1), key->unit);
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		fprintf(out, "%s%s %s", key->unit ? ", " : "  ",
			sort == REPORT_AT_PEAK ? "own peak" : "at peak",
			figure_bytes(profile,
				     sort == REPORT_AT_PEAK ? counts->peak_bytes : counts->at_peak_bytes,
				     text));
	fprintf(out, "%s\n", style->end);
}

/* The figures beside it, as far as there are any. */
static void write_stack_figures(const struct profile *profile, const struct profile_counts *counts,
				enum report_sort sort, const struct style *style, FILE *out)
{
	char bytes[24], count[40];
	const char *separator = "";
	if (!profile_knows(profile, PROFILE_NEEDS_FREES) && sort == REPORT_ALLOCATED)
		return;
	fprintf(out, "%*s%s", VIEW_INDENT, "", style->dim);
	if (sort != REPORT_ALLOCATED) {
		fprintf(out, "allocated %s in %s", figure_bytes(profile, counts->allocated_bytes, bytes),
			figure_count(profile, counts->allocs, count));
		separator = ", ";
	}
	if (profile_knows(profile, PROFILE_NEEDS_FREES) && sort != REPORT_LIVE) {
		fprintf(out, "%slive %s in %s", separator, figure_bytes(profile, counts->live_bytes, bytes),
			figure_count(profile, counts->live_allocs, count));
		separator = ", ";
	}
	if (profile_knows(profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL))
		fprintf(out, "%s%s temporary", separator,
			figure_count(profile, counts->temporary_allocs, count));
	fprintf(out, "%s\n", style->end);
}

/* The stacks that have any of it: sorted, they come first. */
static size_t count_any(const struct profile_stack **sorted, size_t n, const struct sort_key *key)
{
	while (n && !figure(&sorted[n - 1]->counts, key->value))
		n--;
	return n;
}

static int write_sorted(const struct profile *profile, const struct profile_stack **sorted,
			const struct report_options *options, FILE *out)
{
	enum report_sort sort = sort_of(profile, options->sort);
	const struct sort_key *key = &sort_keys[sort];
	const struct style *style = style_of(options->color);
	/* --top 0 means really all. */
	size_t all = options->top ? count_any(sorted, profile->n_stacks, key) : profile->n_stacks;
	size_t shown = shown_of(options, all);
	char count[32];
	if (!shown) {
		fprintf(out, "\nNo stack has any %s.\n", key->title);
		return 0;
	}
	fprintf(out, "\n%s%zu of %s %s by %s%s\n", style->bold, shown, format_count(all, count),
		all == 1 ? "stack" : "stacks", key->title, style->end);
	for (size_t i = 0; i < shown; i++) {
		write_stack_head(profile, &sorted[i]->counts, i + 1, sort, style, out);
		write_stack_figures(profile, &sorted[i]->counts, sort, style, out);
		int result = stack_details_write(profile, sorted[i], !options->top, style, out);
		if (result)
			return result;
		frames_write(profile, sorted[i], !options->top, out);
	}
	rest_write(all - shown, "stack", "stacks", out);
	return 0;
}

static void write_empty(const struct profile *profile, FILE *out)
{
	if (!profile->capture.allocator)
		fputs("\nNothing was allocated: no allocator was found in the process.\n", out);
	else if (profile->capture.sample_bytes)
		fputs("\nNo allocation was kept while the capture ran.\n", out);
	else
		fputs("\nNothing was allocated while the capture ran.\n", out);
}

static int write_stacks(const struct profile *profile, const struct report_options *options, FILE *out)
{
	enum report_sort sort = sort_of(profile, options->sort);
	totals_write(profile, out);
	cost_write(profile, out);
	warnings_write(profile, options->color, out);
	double_frees_write(profile, !options->top, style_of(options->color), out);
	if (!profile->n_stacks && !profile->totals.allocs) {
		write_empty(profile, out);
		return 0;
	}
	if (sort == REPORT_GROWTH)
		return growth_write(profile, options, out);
	const struct profile_stack **sorted = stacks_sorted(profile, compare, &sort_keys[sort]);
	int result = sorted ? write_sorted(profile, sorted, options, out) : -ENOMEM;
	free(sorted);
	return result;
}

int report_write(const struct profile *profile, const struct report_options *options, FILE *out)
{
	static int (*const views[])(const struct profile *, const struct report_options *, FILE *) = {
		[REPORT_STACKS] = write_stacks,
		[REPORT_LEAKS] = leaks_write,
		[REPORT_THREADS] = threads_write,
		[REPORT_TIMELINE] = timeline_write,
	};
	if (report_view_lacks(profile, options->view) ||
	    (options->view == REPORT_STACKS && report_sort_lacks(profile, options->sort)))
		return -EINVAL;
	errno = 0;
	header_write(profile, style_of(options->color), out);
	int result = views[options->view](profile, options, out);
	if (!result && (fflush(out) || ferror(out)))
		result = errno ? -errno : -EIO;
	return result;
}
