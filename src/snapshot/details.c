// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Sizes and lifetimes of a stack: the kernel half has least and greatest as they are, and of the
 * rest what the last epoch added. */
#include "snapshot_internal.h"

static int add_classes(struct profile_histogram *to, const uint32_t *added, uint32_t count, uint32_t first)
{
	int result = 0;
	for (uint32_t i = 0; i < count && !result; i++)
		if (added[i])
			result = profile_histogram_add(to, first + i, added[i]);
	return result;
}

int image_add_details(struct profile_stack *to, const struct kernel_stack *stack, uint64_t lived_ns)
{
	const struct ct_counts *counts = &stack->counts;
	int result = 0;
	if (stack->added) {
		result = add_classes(&to->sizes.log2, stack->added->sizes, CT_SIZE_BITS, 0);
		if (!result)
			result = add_classes(&to->lifetimes.log2, stack->added->lifetimes, CT_LIFETIME_BITS,
					     CT_LIFETIME_FIRST);
	}
	to->sizes.min = counts->size_min;
	to->sizes.max = counts->size_max;
	to->lifetimes.min = counts->lifetime_min;
	to->lifetimes.max = counts->lifetime_max;
	if (__builtin_add_overflow(to->lifetimes.sum, lived_ns, &to->lifetimes.sum))
		to->lifetimes.has_sum = false;
	return result;
}
