// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Stacks of an input among those of the inputs before it: equal ones have the same frames, end for the same
 * reason and, where each thread has stacks of its own, are the same thread's. Those that free, and what was
 * freed twice, likewise. */
#include "merge_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool same_frames(const uint32_t *a, uint32_t n_a, const uint32_t *b, uint32_t n_b)
{
	return n_a == n_b && (!n_a || !memcmp(a, b, n_a * sizeof(*a)));
}

/* Puts the frames as they are numbered here into frame_list. */
static uint64_t map_frames(struct profile_merger *merger, const uint32_t *frames, uint32_t n)
{
	uint64_t hash = hash_number(merger->seed, n);
	for (uint32_t i = 0; i < n; i++) {
		merger->frame_list[i] = merger->frame_at[frames[i]];
		hash = hash_number(hash, merger->frame_list[i]);
	}
	return hash;
}

static void copy_frames(struct profile_merger *merger, uint32_t **frames, uint32_t *n_frames, uint32_t n)
{
	if (!n)
		return;
	*frames = merge_room(merger, n, sizeof(**frames));
	if (!*frames)
		return;
	memcpy(*frames, merger->frame_list, n * sizeof(**frames));
	*n_frames = n;
}

/* Of each stack of the profile: their arrays grow at the same places. */
static bool make_room_for_age(struct profile_merger *merger)
{
	size_t n = merger->profile.n_stacks;
	merge_age_sum *larger = merger->ages;
	if (!(n & (n - 1)))
		larger = realloc(larger, (n ? 2 * n : 1) * sizeof(*larger));
	if (!larger) {
		merge_no_memory(merger);
		return false;
	}
	merger->ages = larger;
	merger->ages[n] = 0;
	return true;
}

static uint32_t find_stack(struct profile_merger *merger, const struct profile_stack *stack)
{
	struct profile *to = &merger->profile;
	uint32_t thread = stack->has_thread ? (uint32_t)merger->first_thread + stack->thread : 0;
	uint64_t hash = map_frames(merger, stack->frames, stack->n_frames);
	hash = hash_number(hash, stack->truncated ? 1 + (uint64_t)stack->why : 0);
	hash = hash_number(hash, stack->has_thread ? 1 + (uint64_t)thread : 0);
	const struct merge_entry *entry = table_find(&merger->stacks, hash);
	for (; entry; entry = entry->next) {
		const struct profile_stack *other = &to->stacks[entry->index];
		if (other->has_thread == stack->has_thread && other->thread == thread &&
		    other->truncated == stack->truncated && (!stack->truncated || other->why == stack->why) &&
		    same_frames(other->frames, other->n_frames, merger->frame_list, stack->n_frames))
			return entry->index;
	}
	if (!make_room_for_age(merger))
		return UINT32_MAX;
	uint32_t index = merge_note(merger, &merger->stacks, hash, profile_add_stack(to));
	if (index == UINT32_MAX)
		return index;
	struct profile_stack *added = &to->stacks[index];
	added->truncated = stack->truncated;
	added->why = stack->why;
	added->has_thread = stack->has_thread;
	added->thread = thread;
	copy_frames(merger, &added->frames, &added->n_frames, stack->n_frames);
	return index;
}

static uint32_t find_free_stack(struct profile_merger *merger, const struct profile_free_stack *stack)
{
	struct profile *to = &merger->profile;
	uint64_t hash = map_frames(merger, stack->frames, stack->n_frames);
	const struct merge_entry *entry = table_find(&merger->free_stacks, hash);
	for (; entry; entry = entry->next) {
		const struct profile_free_stack *other = &to->free_stacks[entry->index];
		if (same_frames(other->frames, other->n_frames, merger->frame_list, stack->n_frames))
			return entry->index;
	}
	uint32_t index = merge_note(merger, &merger->free_stacks, hash, profile_add_free_stack(to));
	if (index != UINT32_MAX)
		copy_frames(merger, &to->free_stacks[index].frames, &to->free_stacks[index].n_frames,
			    stack->n_frames);
	return index;
}

/* Room for all that free it here and there; many will be the same. */
static bool make_room_for_freed_by(struct profile_merger *merger, struct profile_stack *to, size_t more)
{
	struct profile_freed_by *larger = realloc(to->freed_by, (to->n_freed_by + more) * sizeof(*larger));
	if (!larger) {
		merge_no_memory(merger);
		return false;
	}
	to->freed_by = larger;
	return true;
}

static void merge_freed_by(struct profile_merger *merger, struct profile_stack *to,
			   const struct profile_stack *from)
{
	uint32_t *at = merger->freed_by_at;
	if (!from->n_freed_by || !make_room_for_freed_by(merger, to, from->n_freed_by))
		return;
	for (size_t i = 0; i < to->n_freed_by; i++)
		at[to->freed_by[i].free_stack] = (uint32_t)i + 1;
	for (size_t i = 0; i < from->n_freed_by; i++) {
		uint32_t free_stack = merger->free_stack_at[from->freed_by[i].free_stack];
		if (!at[free_stack]) {
			to->freed_by[to->n_freed_by++] = (struct profile_freed_by){.free_stack = free_stack};
			at[free_stack] = (uint32_t)to->n_freed_by;
		}
		merge_numbers(merger, &to->freed_by[at[free_stack] - 1], &from->freed_by[i],
			      profile_freed_by_numbers, "a stack that frees");
	}
	for (size_t i = 0; i < to->n_freed_by; i++)
		at[to->freed_by[i].free_stack] = 0;
}

static void merge_stack(struct profile_merger *merger, uint32_t index, const struct profile_stack *from)
{
	struct profile_stack *to = &merger->profile.stacks[index];
	struct profile_counts *counts = &to->counts;
	merge_ages(merger, index, from);
	merge_numbers(merger, counts, &from->counts, profile_stack_numbers, "a stack");
	if (profile_knows(merger->from, PROFILE_NEEDS_FREES)) {
		if (from->counts.peak_bytes > counts->peak_bytes)
			counts->peak_bytes = from->counts.peak_bytes;
		if (merger->leads) {
			merge_add(merger, &counts->at_peak_bytes, from->counts.at_peak_bytes, "a stack",
				  "at_peak_bytes");
			merge_add(merger, &counts->at_peak_allocs, from->counts.at_peak_allocs, "a stack",
				  "at_peak_allocs");
		}
	}
	merge_details(merger, to, from);
	if (profile_knows(merger->from, PROFILE_DETAILS))
		merge_freed_by(merger, to, from);
}

/* Until now it was another input's peak. */
static void forget_peak(struct profile *profile)
{
	for (size_t i = 0; i < profile->n_stacks; i++)
		profile->stacks[i].counts.at_peak_bytes = profile->stacks[i].counts.at_peak_allocs = 0;
}

/* An index of the input, or -1, as it is here. */
static int64_t mapped(const uint32_t *map, int64_t index)
{
	return index < 0 ? -1 : (int64_t)map[index];
}

static void merge_double_free(struct profile_merger *merger, const struct profile_double_free *from)
{
	struct profile *to = &merger->profile;
	const struct profile_double_free twice = {
		.stack = mapped(merger->stack_at, from->stack),
		.freed_by = mapped(merger->free_stack_at, from->freed_by),
		.again_by = mapped(merger->free_stack_at, from->again_by),
	};
	uint64_t hash = hash_number(merger->seed, (uint64_t)twice.stack);
	hash = hash_number(hash_number(hash, (uint64_t)twice.freed_by), (uint64_t)twice.again_by);
	const struct merge_entry *entry = table_find(&merger->double_frees, hash);
	while (entry && (to->double_frees[entry->index].stack != twice.stack ||
			 to->double_frees[entry->index].freed_by != twice.freed_by ||
			 to->double_frees[entry->index].again_by != twice.again_by))
		entry = entry->next;
	uint32_t index = entry ? entry->index
			       : merge_note(merger, &merger->double_frees, hash, profile_add_double_free(to));
	if (index == UINT32_MAX)
		return;
	if (!entry)
		to->double_frees[index] = twice;
	merge_add(merger, &to->double_frees[index].count, from->count, "double frees", "count");
}

static uint32_t longest_frame_list(const struct profile *profile)
{
	uint32_t most = 0;
	for (size_t i = 0; i < profile->n_stacks; i++)
		if (profile->stacks[i].n_frames > most)
			most = profile->stacks[i].n_frames;
	for (size_t i = 0; i < profile->n_free_stacks; i++)
		if (profile->free_stacks[i].n_frames > most)
			most = profile->free_stacks[i].n_frames;
	return most;
}

void merge_stacks(struct profile_merger *merger)
{
	const struct profile *from = merger->from;
	if (merger->result)
		return;
	if (merger->leads)
		forget_peak(&merger->profile);
	merger->frame_list = merge_room(merger, longest_frame_list(from), sizeof(*merger->frame_list));
	merger->stack_at = merge_room(merger, from->n_stacks, sizeof(*merger->stack_at));
	merger->free_stack_at = merge_room(merger, from->n_free_stacks, sizeof(*merger->free_stack_at));
	for (size_t i = 0; i < from->n_free_stacks && !merger->result; i++)
		merger->free_stack_at[i] = find_free_stack(merger, &from->free_stacks[i]);
	merger->freed_by_at = merge_room(merger, merger->profile.n_free_stacks, sizeof(*merger->freed_by_at));
	for (size_t i = 0; i < from->n_stacks && !merger->result; i++) {
		merger->stack_at[i] = find_stack(merger, &from->stacks[i]);
		if (!merger->result)
			merge_stack(merger, merger->stack_at[i], &from->stacks[i]);
	}
	for (size_t i = 0; i < from->n_double_frees && !merger->result; i++)
		merge_double_free(merger, &from->double_frees[i]);
}
