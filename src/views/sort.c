// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What stacks are sorted by, and which profiles know it. */
#include "views_internal.h"

#include <string.h>

bool report_sort_parse(const char *name, enum report_sort *out)
{
	const struct figure *figure = figure_find(name);
	if (figure)
		*out = (enum report_sort)(figure - figures);
	return figure;
}

const struct figure *sort_key_of(const struct profile *profile, enum report_sort sort)
{
	if (sort == REPORT_DEFAULT)
		sort = profile_knows(profile, PROFILE_NEEDS_FREES) ? REPORT_AT_PEAK : REPORT_ALLOCATED;
	return &figures[sort];
}

uint64_t stack_figure(const struct figure *key, const struct profile_stack *stack)
{
	if (key == &figures[REPORT_GROWTH])
		return stack->growth ? stack->growth->copied_bytes : 0;
	return figure_value(&stack->counts, key);
}

/* The larger first; what is equal in the profile's order. */
int compare_by_key(const void *a, const void *b, void *key)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	uint64_t x = figure_value(&first->counts, key), y = figure_value(&second->counts, key);
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
	const struct figure *key =
		&figures[is_sorted && options->sort != REPORT_DEFAULT ? options->sort : REPORT_AT_PEAK];
	if (options->view == REPORT_TREE && !key->is_sum)
		return "a tree adds up what its stacks have, which makes no sense of their own peaks, and of "
		       "growth only one by one: --sort at-peak, live, allocated, allocs, temporary or moved";
	if (options->min_bytes && !key->is_bytes)
		return "--min-bytes goes with what is sorted by bytes";
	if (names && (options->view == REPORT_THREADS || options->view == REPORT_TIMELINE))
		return "--function, --file and --object are for stacks, not for --threads or --timeline";
	if ((options->thread || options->min_bytes) && options->view == REPORT_TIMELINE)
		return "--thread and --min-bytes are for stacks or --threads, not for --timeline";
	if (options->json && options->view == REPORT_TIMELINE && options->top)
		return "--timeline --json has all points as they are: --top does not go with it";
	return NULL;
}
