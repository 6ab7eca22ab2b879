// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Who freed an image's blocks, and which were freed twice. The kernel half counts both outside of
 * epochs, so in a running profile they may be ahead of the other figures. */
#include "snapshot_internal.h"

#include <errno.h>
#include <stdlib.h>

static int take_pair(void *context, const struct ct_free_pair *pair, const struct ct_free_counts *counts)
{
	struct snapshots *snapshots = context;
	struct image_state *state = snapshots_image(snapshots, pair->image);
	const struct stack_entry *entry = state ? image_stack(snapshots, state, pair->stack) : NULL;
	if (!entry)
		return 0;
	int64_t free_stack = image_free_stack(snapshots, state, pair->free_stack);
	if (free_stack < 0)
		return (int)free_stack;
	struct profile_stack *stack = &state->image.profile.stacks[entry->index];
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
static int64_t free_stack_or_none(struct snapshots *snapshots, struct image_state *state, uint32_t stack)
{
	return stack ? image_free_stack(snapshots, state, stack) : -1;
}

static int take_double_free(void *context, const struct ct_double_free *from, uint64_t count)
{
	struct snapshots *snapshots = context;
	struct image_state *state = snapshots_image(snapshots, from->image);
	if (!state)
		return 0;
	const struct stack_entry *entry = image_stack(snapshots, state, from->stack);
	struct profile_double_free made = {
		.stack = entry ? (int64_t)entry->index : -1,
		.freed_by = free_stack_or_none(snapshots, state, from->freed_by),
		.again_by = free_stack_or_none(snapshots, state, from->again_by),
		.count = count,
	};
	int64_t index = profile_add_double_free(&state->image.profile);
	if (index < 0 || made.freed_by < -1 || made.again_by < -1)
		return -ENOMEM;
	state->image.profile.double_frees[index] = made;
	return 0;
}

int snapshots_read_frees(struct snapshots *snapshots)
{
	bool pairs = false, twice = false;
	for (struct image *image = snapshots->first; image; image = image->next) {
		struct profile *profile = &image->profile;
		if (image->written)
			continue;
		pairs |= profile->capture.free_stacks;
		twice |= profile->integrity[INTEGRITY_DOUBLE_FREES] != 0;
		profile->n_double_frees = 0; /* all are read anew */
		for (size_t i = 0; profile->capture.free_stacks && i < profile->n_stacks; i++)
			profile->stacks[i].n_freed_by = 0;
	}
	int result = pairs ? kernel_read_frees(snapshots->kernel, take_pair, snapshots) : 0;
	if (!result && twice)
		result = kernel_read_double_frees(snapshots->kernel, take_double_free, snapshots);
	return result;
}
