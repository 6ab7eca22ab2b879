// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Who freed an image's blocks, and which were freed twice. The kernel half counts both outside of
 * epochs, so in a running profile they may be ahead of the other figures. */
#include "snapshot_internal.h"

#include <errno.h>
#include <stdlib.h>

struct reading {
	struct snapshots *snapshots;
	struct image_state *state;
};

static int take_pair(void *context, const struct ct_free_pair *pair, const struct ct_free_counts *counts)
{
	struct reading *reading = context;
	struct profile *profile = &reading->state->image.profile;
	const struct stack_entry *entry = image_stack(reading->snapshots, reading->state, pair->stack);
	if (pair->image != reading->state->image.id || !entry)
		return 0;
	int64_t free_stack = image_free_stack(reading->snapshots, reading->state, pair->free_stack);
	if (free_stack < 0)
		return (int)free_stack;
	struct profile_stack *stack = &profile->stacks[entry->index];
	struct profile_freed_by *all =
		realloc(stack->freed_by, (stack->n_freed_by + 1) * sizeof(*stack->freed_by));
	if (!all)
		return -ENOMEM;
	stack->freed_by = all;
	all[stack->n_freed_by++] = (struct profile_freed_by){.free_stack = (uint32_t)free_stack,
							     .frees = counts->frees,
							     .cross_thread_frees = counts->cross_thread};
	return 0;
}

/* -1: not known. */
static int64_t free_stack_or_none(struct reading *reading, uint32_t stack)
{
	return stack ? image_free_stack(reading->snapshots, reading->state, stack) : -1;
}

static int take_double_free(void *context, const struct ct_double_free *from, uint64_t count)
{
	struct reading *reading = context;
	struct profile *profile = &reading->state->image.profile;
	if (from->image != reading->state->image.id)
		return 0;
	const struct stack_entry *entry = image_stack(reading->snapshots, reading->state, from->stack);
	struct profile_double_free made = {
		.stack = entry ? (int64_t)entry->index : -1,
		.freed_by = free_stack_or_none(reading, from->freed_by),
		.again_by = free_stack_or_none(reading, from->again_by),
		.count = count,
	};
	int64_t index = profile_add_double_free(profile);
	if (index < 0 || made.freed_by < -1 || made.again_by < -1)
		return -ENOMEM;
	profile->double_frees[index] = made;
	return 0;
}

int image_read_frees(struct snapshots *snapshots, struct image_state *state)
{
	struct reading reading = {.snapshots = snapshots, .state = state};
	struct profile *profile = &state->image.profile;
	int result = 0;
	if (profile->capture.free_stacks) {
		for (size_t i = 0; i < profile->n_stacks; i++)
			profile->stacks[i].n_freed_by = 0;
		result = kernel_read_frees(snapshots->kernel, take_pair, &reading);
	}
	if (!result && profile->integrity[INTEGRITY_DOUBLE_FREES]) {
		profile->n_double_frees = 0; /* the room stays: see profile_add_double_free() */
		result = kernel_read_double_frees(snapshots->kernel, take_double_free, &reading);
	}
	return result;
}
