// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the lists of stacks have in common. */
#include "views_internal.h"

#include <stdlib.h>

void selection_sort(struct report *report, stack_compare compare, const void *context)
{
	qsort_r(report->selection.stacks, report->selection.n, sizeof(struct profile_stack *), compare,
		(void *)(uintptr_t)context);
}

const struct profile_stack **stacks_sorted(const struct profile *profile, stack_compare compare,
					   const void *context)
{
	const struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!sorted)
		return NULL;
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort_r(sorted, profile->n_stacks, sizeof(struct profile_stack *), compare,
		(void *)(uintptr_t)context);
	return sorted;
}

size_t shown_of(const struct report_options *options, size_t all)
{
	return options->top && options->top < all ? options->top : all;
}

void rest_write(size_t rest, const char *one, const char *many, FILE *out)
{
	char count[32];
	if (rest)
		fprintf(out, "\n%s more %s; --top N shows N, --top 0 all of them, uncut\n",
			format_count(rest, count), rest == 1 ? one : many);
}
