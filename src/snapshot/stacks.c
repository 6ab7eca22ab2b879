// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The stacks of the images: each at its index in the BPF map, which only one image uses at a time, with
 * its index in the image's profile. A snapshot brings those that changed. */
#include "snapshot_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_VERDICT_MS = 4000, VERDICT_MS = 30000, LEAK_LEAST_BYTES = 4096 };

struct image_state *snapshots_image(struct snapshots *snapshots, uint32_t id)
{
	for (struct image *image = snapshots->first; image; image = image->next)
		if (image->id == id && !image->written)
			return (struct image_state *)image;
	return NULL;
}

struct stack_entry *image_stack(struct snapshots *snapshots, const struct image_state *state, uint32_t stack)
{
	struct stack_entry *entry = stack < snapshots->stack_room ? &snapshots->stacks[stack] : NULL;
	return entry && entry->image == state->image.id ? entry : NULL;
}

static int make_room(struct snapshots *snapshots, uint32_t stack)
{
	uint32_t room = snapshots->stack_room, wanted = stack < 1024 ? 1024 : stack + stack / 4 + 1;
	if (stack < room)
		return 0;
	struct stack_entry *larger = realloc(snapshots->stacks, wanted * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	memset(larger + room, 0, (wanted - room) * sizeof(*larger));
	snapshots->stacks = larger;
	snapshots->stack_room = wanted;
	return 0;
}

static int add_stack(struct snapshots *snapshots, struct image_state *state, const struct kernel_stack *stack)
{
	int64_t index = make_room(snapshots, stack->index);
	if (!index)
		index = image_add_stack(snapshots, state, stack);
	if (index < 0)
		return (int)index;
	state->image.profile.stacks[index].lifetimes.has_sum = true;
	snapshots->stacks[stack->index] =
		(struct stack_entry){.image = state->image.id, .index = (uint32_t)index};
	return 0;
}

/* Bytes are weighted as they are booked. */
static void fill_counts(const struct ct_counts *from, bool sampled, struct profile_counts *to)
{
	to->allocs = snapshot_whole(from->allocs, sampled);
	to->frees = snapshot_whole(from->frees, sampled);
	to->reallocs = snapshot_whole(from->reallocs, sampled);
	to->allocated_bytes = from->allocated_bytes;
	to->freed_bytes = from->freed_bytes;
	to->live_allocs = to->allocs - to->frees;
	to->live_bytes = from->allocated_bytes - from->freed_bytes;
	to->temporary_allocs = from->temporary_allocs;
	to->peak_bytes = from->peak_bytes;
	to->grown_in_place = from->grown_in_place;
	to->moved = from->moved;
	to->moved_bytes = from->moved_bytes;
	to->cross_thread_frees = from->cross_thread_frees;
}

/* What a stack held at the peak: see bpf/accounting.h. The peak may move on while the stack stays. */
static void fill_at_peak(const struct stack_entry *from, const struct ct_heap *heap, bool sampled,
			 struct profile_counts *to)
{
	bool changed_since_peak = from->seen_peak == heap->peak_number;
	to->at_peak_bytes = changed_since_peak ? from->at_peak_bytes : to->live_bytes;
	to->at_peak_allocs =
		changed_since_peak ? snapshot_whole(from->at_peak_allocs, sampled) : to->live_allocs;
}

int image_take_stack(void *context, const struct kernel_stack *stack)
{
	struct snapshots *snapshots = context;
	struct image_state *state = snapshots_image(snapshots, stack->image);
	const struct ct_counts *counts = &stack->counts;
	if (!state)
		return 0; /* of an image that is written, or whose exec is still to be told */
	if (!image_stack(snapshots, state, stack->index)) {
		if (!counts->allocs)
			return 0; /* nothing booked yet: it comes with the next snapshot */
		int result = add_stack(snapshots, state, stack);
		if (result)
			return result;
	}
	struct stack_entry *entry = &snapshots->stacks[stack->index];
	struct profile_stack *to = &state->image.profile.stacks[entry->index];
	fill_counts(counts, state->image.profile.capture.sample_bytes != 0, &to->counts);
	/* The kernel's sum wraps round. */
	int result = image_add_details(to, stack, counts->lifetime_sum - entry->lifetime_sum);
	entry->seen_peak = counts->seen_peak;
	entry->at_peak_bytes = counts->at_peak_bytes;
	entry->at_peak_allocs = counts->at_peak_allocs;
	entry->lifetime_sum = counts->lifetime_sum;
	/* Most stacks never hold what would be worth a verdict. */
	if (!result && (to->counts.live_bytes >= LEAK_LEAST_BYTES || entry->held.live_bytes || entry->held.n))
		result = leak_series_add(&entry->held, image_ms(state), to->counts.live_bytes);
	return result;
}

void image_fill_at_peak(struct snapshots *snapshots, struct image_state *state, const struct ct_heap *heap)
{
	struct profile *profile = &state->image.profile;
	for (uint32_t i = 0; i < snapshots->stack_room; i++) {
		const struct stack_entry *entry = image_stack(snapshots, state, i);
		if (entry)
			fill_at_peak(entry, heap, profile->capture.sample_bytes != 0,
				     &profile->stacks[entry->index].counts);
	}
}

bool image_is_time_to_judge(const struct image_state *state)
{
	uint64_t ms = image_ms(state), last = state->judged_ms;
	return ms >= FIRST_VERDICT_MS && (ms >= 2 * last || ms - last >= VERDICT_MS);
}

void image_judge_stacks(struct snapshots *snapshots, struct image_state *state)
{
	struct profile *profile = &state->image.profile;
	for (uint32_t i = 0; i < snapshots->stack_room; i++) {
		const struct stack_entry *entry = image_stack(snapshots, state, i);
		if (entry)
			profile->stacks[entry->index].leak = leak_judge(&entry->held, image_ms(state),
									&profile->stacks[entry->index].ages);
	}
	state->judged_ms = image_ms(state);
}

void image_drop_stacks(struct snapshots *snapshots, struct image_state *state)
{
	for (uint32_t i = 0; i < snapshots->stack_room; i++) {
		struct stack_entry *entry = image_stack(snapshots, state, i);
		if (!entry)
			continue;
		entry->image = 0;
		leak_series_deinit(&entry->held);
	}
	kernel_drop_stacks(snapshots->kernel, state->image.id);
}

void snapshots_free_stacks(struct snapshots *snapshots)
{
	for (uint32_t i = 0; i < snapshots->stack_room; i++)
		leak_series_deinit(&snapshots->stacks[i].held);
	free(snapshots->stacks);
}
