// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What stacks are sorted by, and which profiles know it. */
#include "views_internal.h"

#include <string.h>

#define COUNTS(field) offsetof(struct profile_counts, field)

enum { FREES = PROFILE_NEEDS_FREES };

static const struct sort_key sort_keys[] = {
	[REPORT_AT_PEAK] = {"at-peak", "bytes at the peak", "at_peak_bytes", COUNTS(at_peak_bytes),
			    COUNTS(at_peak_allocs), "at_peak_allocs", "blocks", false, true, FREES},
	[REPORT_LIVE] = {"live", "live bytes", "live_bytes", COUNTS(live_bytes), COUNTS(live_allocs),
			 "live_allocs", "blocks", false, true, FREES},
	[REPORT_PEAK] = {"peak", "bytes at their own peaks", "peak_bytes", COUNTS(peak_bytes), 0, NULL, NULL,
			 false, false, FREES},
	[REPORT_ALLOCATED] = {"allocated", "bytes allocated", "allocated_bytes", COUNTS(allocated_bytes),
			      COUNTS(allocs), "allocs", "allocations", false, true, 0},
	[REPORT_ALLOCS] = {"allocs", "allocations", "allocs", COUNTS(allocs), 0, NULL, NULL, true, true, 0},
	[REPORT_TEMPORARY] = {"temporary", "temporary allocations", "temporary_allocs",
			      COUNTS(temporary_allocs), 0, NULL, NULL, true, true, PROFILE_DETAILS},
	[REPORT_MOVED] = {"moved", "bytes that realloc copied", "moved_bytes", COUNTS(moved_bytes),
			  COUNTS(moved), "moved", "moves", false, true, PROFILE_DETAILS},
	/* Of struct profile_growth. */
	[REPORT_GROWTH] = {"growth", "bytes copied in growing, at worst", "copied_bytes", 0, 0, NULL, NULL,
			   false, false, PROFILE_DETAILS},
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

const struct sort_key *sort_key_of(const struct profile *profile, enum report_sort sort)
{
	if (sort == REPORT_DEFAULT)
		sort = profile_knows(profile, PROFILE_NEEDS_FREES) ? REPORT_AT_PEAK : REPORT_ALLOCATED;
	return &sort_keys[sort];
}

uint64_t key_figure(const struct sort_key *key, const struct profile_counts *counts)
{
	return *(const uint64_t *)((const char *)counts + key->value);
}

uint64_t key_count(const struct sort_key *key, const struct profile_counts *counts)
{
	return key->unit ? *(const uint64_t *)((const char *)counts + key->count) : 0;
}

uint64_t stack_figure(const struct sort_key *key, const struct profile_stack *stack)
{
	if (key == &sort_keys[REPORT_GROWTH])
		return stack->growth ? stack->growth->copied_bytes : 0;
	return key_figure(key, &stack->counts);
}

/* The larger first; what is equal in the profile's order. */
int compare_by_key(const void *a, const void *b, void *key)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	uint64_t x = key_figure(key, &first->counts), y = key_figure(key, &second->counts);
	if (x != y)
		return x < y ? 1 : -1;
	return first < second ? -1 : first > second;
}

static const char no_details[] =
	"it was captured with --no-details: neither sizes, growth nor threads were kept";
static const char no_frees[] =
	"it was captured with --allocs-only, and where free is not probed neither live, "
	"peak, temporary nor growth is known";

const char *report_sort_lacks(const struct profile *profile, enum report_sort sort)
{
	unsigned int needs = sort_key_of(profile, sort)->needs;
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
	if (view == REPORT_TIMELINE && is_merged(profile))
		return "it is merged, and moments of different processes do not add up to one; look at the "
		       "profile of one of them";
	return view == REPORT_THREADS && profile->capture.no_details ? no_details : NULL;
}

const char *report_lacks(const struct profile *profile, const struct report_options *options)
{
	bool is_sorted = options->view == REPORT_STACKS || options->view == REPORT_TREE;
	const char *lacks = report_view_lacks(profile, options->view);
	if (!lacks && is_sorted)
		lacks = report_sort_lacks(profile, options->sort);
	if (!lacks && options->thread && options->view != REPORT_THREADS && !profile->capture.by_thread)
		lacks = "its stacks are not by thread; a capture with --by-thread has them, and --threads "
			"shows what each thread allocated";
	return lacks;
}

const char *report_options_wrong(const struct report_options *options)
{
	bool is_sorted = options->view == REPORT_STACKS || options->view == REPORT_TREE;
	bool names = options->function || options->file || options->object;
	const struct sort_key *key =
		&sort_keys[is_sorted && options->sort != REPORT_DEFAULT ? options->sort : REPORT_AT_PEAK];
	if (options->view == REPORT_TREE && !key->is_sum)
		return "a tree adds up what its stacks have, which makes no sense of their own peaks, and of "
		       "growth only one by one: --sort at-peak, live, allocated, allocs, temporary or moved";
	if (options->min_bytes && key->is_count)
		return "--min-bytes goes with what is sorted by bytes";
	if (names && (options->view == REPORT_THREADS || options->view == REPORT_TIMELINE))
		return "--function, --file and --object are for stacks, not for --threads or --timeline";
	if ((options->thread || options->min_bytes) && options->view == REPORT_TIMELINE)
		return "--thread and --min-bytes are for stacks or --threads, not for --timeline";
	if (options->json && options->view == REPORT_TIMELINE && options->top)
		return "--timeline --json has all points as they are: --top does not go with it";
	return NULL;
}
