// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The blocks that live at the end of an image, one by one: their ages, and the growth chains that did
 * not end. For a final profile only: there may be millions of them. */
#include "snapshot_internal.h"

#include <errno.h>
#include <stdlib.h>

enum { STARTUP_NS = 1000000000 }; /* what is allocated so early is likely meant to stay */

struct stack_walk {
	uint64_t count;
	double sum_ns; /* of ages: a whole number could overflow */
};

struct walk {
	struct snapshots *snapshots;
	struct image_state *state;
	uint64_t now_ns;
	struct stack_walk *stacks; /* as the profile's */
};

static void add_age(struct walk *walk, struct profile_stack *stack, const struct ct_block *block)
{
	struct profile_ages *ages = &stack->ages;
	struct stack_walk *sum = &walk->stacks[stack - walk->state->image.profile.stacks];
	uint64_t age = walk->now_ns > block->ns ? walk->now_ns - block->ns : 0;
	if (age < ages->min || !sum->count)
		ages->min = age;
	if (age > ages->max)
		ages->max = age;
	if (block->ns < walk->state->image.start_ns + STARTUP_NS) {
		ages->startup_allocs++;
		ages->startup_bytes += block->size;
	}
	sum->count++;
	sum->sum_ns += (double)age;
	ages->known = true;
}

static int take_block(void *context, const struct ct_block *block)
{
	struct walk *walk = context;
	const struct stack_entry *entry = image_stack(walk->snapshots, walk->state, (uint32_t)block->stack);
	if (entry)
		add_age(walk, &walk->state->image.profile.stacks[entry->index], block);
	if (!CT_ORIGIN_STEPS(block->origin))
		return 0;
	const struct stack_entry *birth =
		image_stack(walk->snapshots, walk->state, CT_ORIGIN_BIRTH(block->origin));
	return birth ? image_add_open_chain(walk->snapshots, walk->state, birth, block->size) : 0;
}

int image_read_live(struct snapshots *snapshots, struct image_state *state)
{
	struct profile *profile = &state->image.profile;
	struct walk walk = {.snapshots = snapshots, .state = state, .now_ns = state->taken_ns};
	walk.stacks = calloc(profile->n_stacks + 1, sizeof(*walk.stacks));
	int result = walk.stacks ? kernel_read_blocks(snapshots->kernel, state->image.id, take_block, &walk)
				 : -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks && !result; i++)
		if (walk.stacks[i].count)
			profile->stacks[i].ages.mean =
				(uint64_t)(walk.stacks[i].sum_ns / (double)walk.stacks[i].count);
	free(walk.stacks);
	return result;
}
