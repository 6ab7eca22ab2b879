// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Stacks of a profile file: those that allocate with all that is told of their blocks, those
 * that free, and what was freed twice. */
#include "json_read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void read_frame_list(struct reader *reader, const struct json *object, uint32_t **frames,
			    uint32_t *n_frames)
{
	const struct json *array = read_array(reader, object, "frames"), *item;
	if (!is_at_most(reader, "frames", array, PROFILE_MOST_STACK_FRAMES, "frames"))
		return;
	*frames = room_for(reader, array, sizeof(**frames));
	JSON_EACH(item, array)
	{
		in_list(reader, "frames", *n_frames);
		uint32_t frame = to_index(reader, "", item, "frame", reader->profile->n_frames);
		if (reader->result)
			return;
		(*frames)[(*n_frames)++] = frame;
	}
	out_again(reader);
}

/* A reason of a later version is none to this one. */
static enum profile_integrity read_reason(struct reader *reader, const struct json *item)
{
	enum profile_integrity why = INTEGRITY_TRUNCATED_STACKS;
	char *end = read_string(reader, item, "end");
	for (int i = 0; end && i < INTEGRITY_COUNT; i++) {
		char word[32];
		if (!profile_is_reason((enum profile_integrity)i))
			continue;
		profile_reason_word((enum profile_integrity)i, word);
		if (!strcmp(word, end))
			why = (enum profile_integrity)i;
	}
	free(end);
	return why;
}

/* An object of a stack with its place; NULL where there is none. */
static const struct json *enter(struct reader *reader, const struct json *stack, const char *name)
{
	const struct json *object = read_object(reader, stack, name);
	if (object)
		in_object(reader, name);
	return object;
}

/* Numbers of an array, which stands in the file as `path` of a stack, for errors. */
static uint64_t *read_values(struct reader *reader, const struct json *array, const char *path, size_t *count)
{
	const struct json *item;
	uint64_t *values = room_for(reader, array, sizeof(*values));
	JSON_EACH(item, array)
	{
		if (reader->result)
			break;
		in_list(reader, path, (int64_t)*count);
		values[(*count)++] = to_number(reader, "", item, UINT64_MAX);
	}
	return values;
}

/* One that counted nothing is none: views divide by what was counted. */
static void read_histogram(struct reader *reader, const struct json *object, const char *path,
			   struct profile_histogram *histogram)
{
	const struct json *array = read_array(reader, object, "log2");
	size_t count = 0;
	if (array && array->count > PROFILE_CLASSES) {
		wrong(reader, "log2", "%" PRIu32 " classes are too many (at most %d)", array->count,
		      PROFILE_CLASSES);
		return;
	}
	histogram->counts = read_values(reader, array, path, &count);
	while (count && !histogram->counts[count - 1])
		count--;
	histogram->n = (uint32_t)count;
}

static void read_lifetimes(struct reader *reader, const struct json *stack,
			   struct profile_lifetimes *lifetimes)
{
	const struct json *object = enter(reader, stack, "lifetime_ns");
	if (!object)
		return;
	read_numbers(reader, object, profile_lifetime_numbers, lifetimes);
	lifetimes->has_sum = member(reader, object, "sum");
	lifetimes->sum = read_number(reader, object, "sum", UINT64_MAX);
	read_histogram(reader, object, "lifetime_ns.log2", &lifetimes->log2);
	out_again(reader);
}

static void read_ages(struct reader *reader, const struct json *stack, struct profile_ages *ages)
{
	const struct json *age = enter(reader, stack, "age_ns");
	if (!age)
		return;
	ages->known = true;
	read_numbers(reader, age, profile_age_numbers, ages);
	out_again(reader);
	const struct json *startup = enter(reader, stack, "startup");
	if (startup)
		read_numbers(reader, startup, profile_startup_numbers, ages);
	out_again(reader);
}

static void read_sizes(struct reader *reader, const struct json *stack, struct profile_sizes *sizes)
{
	const struct json *object = enter(reader, stack, "sizes");
	if (!object)
		return;
	read_numbers(reader, object, profile_size_numbers, sizes);
	read_histogram(reader, object, "sizes.log2", &sizes->log2);
	out_again(reader);
}

/* Growth of no chains is none: views divide by their number. */
static void read_growth(struct reader *reader, const struct json *stack, struct profile_growth **out)
{
	const struct json *object = enter(reader, stack, "growth");
	struct profile_growth *growth = object ? calloc(1, sizeof(*growth)) : NULL;
	if (object && !growth)
		no_memory(reader);
	if (!growth)
		return;
	read_numbers(reader, object, profile_growth_numbers, growth);
	if (reader->profile->state == PROFILE_FINAL)
		growth->open_chains = read_number(reader, object, "open_chains", UINT64_MAX);
	growth->final_sizes = read_values(reader, read_array(reader, object, "final_sizes"),
					  "growth.final_sizes", &growth->n_final_sizes);
	out_again(reader);
	if (growth->chains) {
		*out = growth;
		return;
	}
	free(growth->final_sizes);
	free(growth);
}

static void read_leak(struct reader *reader, const struct json *stack, struct profile_leak *leak)
{
	const struct json *object = enter(reader, stack, "leak");
	if (!object)
		return;
	leak->score = read_share(reader, object, "score");
	leak->bytes_per_s = read_number(reader, object, "bytes_per_s", UINT64_MAX);
	out_again(reader);
}

static void read_freed_by(struct reader *reader, const struct json *object, struct profile_stack *stack)
{
	const struct json *freed_by = read_array(reader, object, "freed_by"), *item;
	stack->freed_by = room_for(reader, freed_by, sizeof(*stack->freed_by));
	JSON_EACH(item, freed_by)
	{
		in_list(reader, "freed_by", (int64_t)stack->n_freed_by);
		if (!is_object(reader, item))
			return;
		struct profile_freed_by *by = &stack->freed_by[stack->n_freed_by++];
		by->free_stack =
			read_index(reader, item, "stack", "free stack", reader->profile->n_free_stacks);
		read_numbers(reader, item, profile_freed_by_numbers, by);
	}
	out_again(reader);
}

static void read_thread_of(struct reader *reader, const struct json *item, struct profile_stack *stack)
{
	stack->has_thread = member(reader, item, "thread");
	if (stack->has_thread)
		stack->thread = read_index(reader, item, "thread", "thread", reader->profile->n_threads);
}

void read_stack(struct reader *reader, const struct json *item)
{
	struct profile *profile = reader->profile;
	int64_t index = profile_add_stack(profile);
	struct profile_stack *stack = added(reader, index, profile->stacks, sizeof(*stack));
	if (!stack)
		return;
	read_numbers(reader, item, profile_stack_numbers, &stack->counts);
	stack->truncated = read_flag(reader, item, "truncated");
	stack->why = read_reason(reader, item);
	read_frame_list(reader, item, &stack->frames, &stack->n_frames);
	if (profile->capture.by_thread)
		read_thread_of(reader, item, stack);
	if (profile_knows(profile, PROFILE_NEEDS_ALL | PROFILE_NEEDS_DETAILS))
		read_sizes(reader, item, &stack->sizes);
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		read_leak(reader, item, &stack->leak);
	if (!profile_knows(profile, PROFILE_DETAILS))
		return;
	read_lifetimes(reader, item, &stack->lifetimes);
	read_ages(reader, item, &stack->ages);
	read_growth(reader, item, &stack->growth);
	if (profile->capture.free_stacks)
		read_freed_by(reader, item, stack);
}

void read_free_stack(struct reader *reader, const struct json *item)
{
	struct profile *profile = reader->profile;
	int64_t index = profile_add_free_stack(profile);
	struct profile_free_stack *stack = added(reader, index, profile->free_stacks, sizeof(*stack));
	if (stack)
		read_frame_list(reader, item, &stack->frames, &stack->n_frames);
}

/* -1 where it is missing: not known. */
static int64_t read_known_index(struct reader *reader, const struct json *item, const char *name,
				const char *kind, size_t count)
{
	return member(reader, item, name) ? (int64_t)read_index(reader, item, name, kind, count) : -1;
}

void read_double_free(struct reader *reader, const struct json *item)
{
	struct profile *profile = reader->profile;
	int64_t index = profile_add_double_free(profile);
	struct profile_double_free *twice = added(reader, index, profile->double_frees, sizeof(*twice));
	if (!twice)
		return;
	twice->stack = read_known_index(reader, item, "stack", "stack", profile->n_stacks);
	twice->freed_by = read_known_index(reader, item, "freed_by", "free stack", profile->n_free_stacks);
	twice->again_by = read_known_index(reader, item, "again_by", "free stack", profile->n_free_stacks);
	twice->count = read_number(reader, item, "count", UINT64_MAX);
}
