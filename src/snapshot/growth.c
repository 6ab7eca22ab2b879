// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Growth chains, by the stack that they began at: the kernel half's parts, one an epoch, added to the
 * profile. Their final sizes go through a reservoir. */
#include "snapshot_internal.h"

#include <errno.h>
#include <stdlib.h>

static struct profile_growth *growth_of(struct image_state *state, const struct stack_entry *birth)
{
	struct profile_stack *stack = &state->image.profile.stacks[birth->index];
	if (!stack->growth)
		stack->growth = calloc(1, sizeof(*stack->growth));
	return stack->growth;
}

static int take_growth(void *context, uint32_t stack, const struct ct_growth_part *added)
{
	struct snapshots *snapshots = context;
	const struct stack_entry *birth = stack < snapshots->stack_room ? &snapshots->stacks[stack] : NULL;
	struct image_state *state = birth ? snapshots_image(snapshots, birth->image) : NULL;
	if (!state)
		return 0; /* not among the stacks yet: nothing of it has been booked */
	struct profile_growth *growth = growth_of(state, birth);
	size_t known = added->ended < CT_GROWTH_SIZES ? added->ended : CT_GROWTH_SIZES;
	if (!growth)
		return -ENOMEM;
	growth->chains += added->chains;
	growth->steps += added->steps;
	growth->first_bytes += added->first_bytes;
	growth->copied_bytes += added->copied_bytes;
	return known ? reservoir_merge(&snapshots->reservoir, growth, (const uint64_t *)added->final_sizes,
				       known, added->ended)
		     : 0;
}

int snapshots_read_growth(struct snapshots *snapshots, const uint64_t *epochs)
{
	return kernel_read_growth(snapshots->kernel, epochs, take_growth, snapshots);
}

int image_add_open_chain(struct snapshots *snapshots, struct image_state *state,
			 const struct stack_entry *birth, uint64_t size)
{
	struct profile_growth *growth = growth_of(state, birth);
	if (!growth)
		return -ENOMEM;
	growth->open_chains++;
	return reservoir_merge(&snapshots->reservoir, growth, &size, 1, 1);
}
