// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Two profiles' stacks, those that are the same together. */
#include "compare_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/fields.h"

/* What an entry is found by. */
struct key {
	size_t at; /* in the matcher's ids */
	size_t n;
	uint64_t hash;
	bool kept; /* by the filter */
};

/* The entries so far: a hash table by key. */
struct matcher {
	struct comparison *comparison;
	const struct stack_filter *filter;
	struct key *keys; /* of the entries */
	uint32_t *ids;    /* of all keys */
	size_t n_ids;
	size_t room;
	uint32_t *slots; /* index + 1; 0: empty */
	size_t mask;
	uint32_t *stack; /* the ids of the one at hand */
};

static uint64_t hash_ids(const uint32_t *ids, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ ids[i]) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static int keep_ids(struct matcher *matcher, const uint32_t *ids, size_t n)
{
	if (matcher->n_ids + n > matcher->room) {
		size_t room = 2 * (matcher->n_ids + n);
		uint32_t *larger = realloc(matcher->ids, room * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		matcher->ids = larger;
		matcher->room = room;
	}
	memcpy(matcher->ids + matcher->n_ids, ids, n * sizeof(*ids));
	matcher->n_ids += n;
	return 0;
}

/* The entry of the stack at hand, which is n calls; a new one where there is none. -ENOMEM. */
static int64_t find_or_add(struct matcher *matcher, size_t n)
{
	const uint32_t *ids = matcher->stack;
	uint64_t hash = hash_ids(ids, n);
	size_t slot = hash & matcher->mask;
	for (; matcher->slots[slot]; slot = (slot + 1) & matcher->mask) {
		const struct key *key = &matcher->keys[matcher->slots[slot] - 1];
		if (key->hash == hash && key->n == n &&
		    !memcmp(matcher->ids + key->at, ids, n * sizeof(*ids)))
			return matcher->slots[slot] - 1;
	}
	size_t index = matcher->comparison->n;
	matcher->keys[index] = (struct key){.at = matcher->n_ids, .n = n, .hash = hash};
	if (keep_ids(matcher, ids, n))
		return -ENOMEM;
	matcher->slots[slot] = (uint32_t)index + 1;
	return (int64_t)matcher->comparison->n++;
}

static int add_counts(struct profile_counts *sums, const struct profile_counts *counts)
{
	for (const struct number_field *field = profile_stack_numbers; field->name; field++) {
		uint64_t *sum = field_at(sums, field);
		if (__builtin_add_overflow(*sum, *field_in(counts, field), sum))
			return -EOVERFLOW;
	}
	return 0;
}

static int add_stack(struct compared *compared, const struct profile_stack *stack)
{
	if (!compared->n++)
		compared->first = stack;
	return add_counts(&compared->counts, &stack->counts);
}

static bool asks_names(const struct stack_filter *filter)
{
	return filter && (filter->function || filter->file || filter->object);
}

/* One profile's stacks; `calls` are for the filter. */
static int add_stacks(struct matcher *matcher, const struct frame_calls *frames, const struct calls *calls,
		      bool is_new)
{
	const struct profile *profile = frames->profile;
	int result = 0;
	for (size_t i = 0; i < profile->n_stacks && !result; i++) {
		const struct profile_stack *stack = &profile->stacks[i];
		int64_t index = find_or_add(matcher, identity_of_stack(frames, stack, matcher->stack));
		if (index < 0)
			return -ENOMEM;
		struct comparison_entry *entry = &matcher->comparison->entries[index];
		struct key *key = &matcher->keys[index];
		key->kept = key->kept || !matcher->filter || filter_keeps(matcher->filter, calls, stack);
		result = add_stack(is_new ? &entry->new : &entry->base, stack);
	}
	return result;
}

static int add_profile(struct matcher *matcher, const struct frame_calls *frames, bool is_new)
{
	struct calls calls = {0};
	if (!matcher->filter)
		return add_stacks(matcher, frames, NULL, is_new);
	int result = calls_init(&calls, frames->profile, CALLS_BY_FUNCTION);
	if (!result)
		result = add_stacks(matcher, frames, &calls, is_new);
	calls_deinit(&calls);
	return result;
}

static int matcher_init(struct matcher *matcher, const struct identities *identities)
{
	struct comparison *comparison = matcher->comparison;
	size_t most = comparison->base->n_stacks + comparison->new->n_stacks, slots = 16;
	size_t longest = identities->base.longest > identities->new.longest ? identities->base.longest
									    : identities->new.longest;
	if (most > UINT32_MAX / 2)
		return -ENOMEM;
	while (slots < 2 * most)
		slots *= 2;
	matcher->mask = slots - 1;
	matcher->slots = calloc(slots, sizeof(*matcher->slots));
	matcher->keys = calloc(most + 1, sizeof(*matcher->keys));
	matcher->stack = calloc(longest + 1, sizeof(*matcher->stack));
	comparison->entries = calloc(most + 1, sizeof(*comparison->entries));
	return matcher->slots && matcher->keys && matcher->stack && comparison->entries ? 0 : -ENOMEM;
}

static void matcher_deinit(struct matcher *matcher)
{
	free(matcher->slots);
	free(matcher->keys);
	free(matcher->ids);
	free(matcher->stack);
}

/* Takes out what the filter does not keep, adds up the rest. */
static int finish(struct matcher *matcher)
{
	struct comparison *comparison = matcher->comparison;
	size_t kept = 0;
	int result = 0;
	for (size_t i = 0; i < comparison->n && !result; i++) {
		if (!matcher->keys[i].kept)
			continue;
		struct comparison_entry *entry = &comparison->entries[kept++];
		*entry = comparison->entries[i];
		result = add_counts(&comparison->base_sums, &entry->base.counts);
		if (!result)
			result = add_counts(&comparison->new_sums, &entry->new.counts);
	}
	comparison->n = kept;
	return result;
}

int comparison_init(struct comparison *comparison, const struct profile *base, const struct profile *new,
		    const struct stack_filter *filter)
{
	struct stack_filter by_names = filter ? *filter : (struct stack_filter){0};
	by_names.thread = -1;
	*comparison = (struct comparison){.base = base, .new = new};
	struct matcher matcher = {.comparison = comparison, .filter = asks_names(filter) ? &by_names : NULL};
	struct identities identities;
	int result = identities_init(&identities, comparison);
	if (!result)
		result = matcher_init(&matcher, &identities);
	if (!result)
		result = add_profile(&matcher, &identities.new, true);
	if (!result)
		result = add_profile(&matcher, &identities.base, false);
	if (!result)
		result = finish(&matcher);
	matcher_deinit(&matcher);
	identities_deinit(&identities);
	if (result)
		comparison_deinit(comparison);
	return result;
}

static void free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

void comparison_deinit(struct comparison *comparison)
{
	if (!comparison)
		return;
	free(comparison->entries);
	free_names(comparison->half_debug, comparison->n_half_debug);
	free_names(comparison->half_named, comparison->n_half_named);
	*comparison = (struct comparison){0};
}

bool comparison_knows(const struct comparison *comparison, unsigned int needs)
{
	return profile_knows(comparison->base, needs) && profile_knows(comparison->new, needs);
}

bool comparison_is_estimate(const struct comparison *comparison)
{
	return comparison->base->capture.sample_bytes || comparison->new->capture.sample_bytes;
}

bool comparison_of_other_programs(const struct comparison *comparison)
{
	return strcmp(path_basename(comparison->base->target.exe),
		      path_basename(comparison->new->target.exe)) != 0;
}
