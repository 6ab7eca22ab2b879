// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which calls a profile has. */
#include "captrack/calls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *path_basename(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return slash && slash[1] ? slash + 1 : path && *path ? path : "?";
}

static const char *object_of(const struct profile *profile, const struct call *call)
{
	const char *path = call->frame ? profile->objects[call->frame->object].path : NULL;
	return path && *path ? path : "?";
}

const char *call_object(const struct calls *calls, const struct call *call)
{
	return object_of(calls->profile, call);
}

/* An open hash table over calls that are there, by what makes two one. */
struct finder {
	struct calls *calls;
	uint32_t *slots; /* index + 1; 0: empty */
	size_t mask;
};

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (text = text ? text : ""; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return (hash ^ 0xff) * 0x100000001b3;
}

static uint64_t hash_call(const struct finder *finder, const struct call *call)
{
	uint64_t hash = hash_text(0xcbf29ce484222325, call->function);
	hash = hash_text(hash, call->file);
	if (!call->file || !call->function)
		hash = hash_text(hash, path_basename(object_of(finder->calls->profile, call)));
	hash ^= call->line * 0x9e3779b97f4a7c15 + call->column;
	if (!call->function && finder->calls->by != CALLS_BY_FUNCTION)
		hash ^= call->frame->offset * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static bool same_text(const char *first, const char *second)
{
	return first == second || (first && second && !strcmp(first, second));
}

static bool same_call(const struct finder *finder, const struct call *first, const struct call *second)
{
	const struct profile *profile = finder->calls->profile;
	if (first->line != second->line || first->column != second->column ||
	    first->inlined != second->inlined || !same_text(first->function, second->function) ||
	    !same_text(first->file, second->file))
		return false;
	if (first->function && first->file)
		return true;
	if (!first->function && finder->calls->by != CALLS_BY_FUNCTION &&
	    first->frame->offset != second->frame->offset)
		return false;
	return !strcmp(path_basename(object_of(profile, first)), path_basename(object_of(profile, second)));
}

/* The index of a call like this one, which is added where there is none yet. */
static uint32_t find_or_add(struct finder *finder, const struct call *call)
{
	struct calls *calls = finder->calls;
	size_t slot = hash_call(finder, call) & finder->mask;
	while (finder->calls->by != CALLS_BY_ADDRESS && finder->slots[slot]) {
		uint32_t found = finder->slots[slot] - 1;
		if (same_call(finder, call, &calls->calls[found]))
			return found;
		slot = (slot + 1) & finder->mask;
	}
	calls->calls[calls->n] = *call;
	if (finder->calls->by != CALLS_BY_ADDRESS)
		finder->slots[slot] = (uint32_t)calls->n + 1;
	return (uint32_t)calls->n++;
}

static struct call call_of_inline(const struct profile_frame *frame, const struct profile_inline *inlined)
{
	return (struct call){
		.function = inlined->function,
		.file = inlined->file,
		.line = inlined->line,
		.column = inlined->column,
		.inlined = true,
		.frame = frame,
	};
}

static struct call call_of_frame(const struct profile_frame *frame)
{
	return (struct call){
		.function = frame->function,
		.file = frame->file,
		.line = frame->line,
		.column = frame->column,
		.frame = frame,
	};
}

static void add_calls(struct finder *finder)
{
	struct calls *calls = finder->calls;
	size_t n = 0;
	for (size_t i = 0; i < calls->profile->n_frames; i++) {
		const struct profile_frame *frame = &calls->profile->frames[i];
		calls->first[i] = n;
		for (size_t j = 0; j <= frame->n_inlined; j++) {
			struct call call = j < frame->n_inlined ? call_of_inline(frame, &frame->inlined[j])
								: call_of_frame(frame);
			if (finder->calls->by < CALLS_BY_LINE) {
				call.line = call.column = 0;
				call.inlined = false;
			}
			calls->ids[n++] = find_or_add(finder, &call);
		}
	}
	calls->first[calls->profile->n_frames] = n;
}

static size_t length_of(const struct calls *calls, const uint32_t *frames, uint32_t n_frames)
{
	size_t length = 1; /* CALL_UNKNOWN, CALL_TRUNCATED */
	for (uint32_t i = 0; i < n_frames; i++)
		length += calls->first[frames[i] + 1] - calls->first[frames[i]];
	return length;
}

static void measure(struct calls *calls, const uint32_t *frames, uint32_t n_frames)
{
	size_t length = length_of(calls, frames, n_frames);
	calls->longest = length > calls->longest ? length : calls->longest;
	calls->total += length;
}

static void measure_all(struct calls *calls)
{
	const struct profile *profile = calls->profile;
	for (size_t i = 0; i < profile->n_stacks; i++)
		measure(calls, profile->stacks[i].frames, profile->stacks[i].n_frames);
	for (size_t i = 0; i < profile->n_free_stacks; i++)
		measure(calls, profile->free_stacks[i].frames, profile->free_stacks[i].n_frames);
}

int calls_init(struct calls *calls, const struct profile *profile, enum calls_by by)
{
	size_t most = CALL_FIRST, slots = 16;
	for (size_t i = 0; i < profile->n_frames; i++)
		most += profile->frames[i].n_inlined + 1;
	if (most > UINT32_MAX / 2)
		return -ENOMEM;
	while (slots < 2 * most)
		slots *= 2;
	*calls = (struct calls){.profile = profile, .by = by, .n = CALL_FIRST};
	calls->calls = calloc(most, sizeof(*calls->calls));
	calls->first = calloc(profile->n_frames + 1, sizeof(*calls->first));
	calls->ids = calloc(most, sizeof(*calls->ids));
	struct finder finder = {.calls = calls, .mask = slots - 1};
	finder.slots = calloc(slots, sizeof(*finder.slots));
	int result = calls->calls && calls->first && calls->ids && finder.slots ? 0 : -ENOMEM;
	if (!result) {
		calls->calls[CALL_UNKNOWN].function = "[unknown]";
		calls->calls[CALL_TRUNCATED].function = "[truncated]";
		add_calls(&finder);
		measure_all(calls);
		result = calls->total > MOST_CALLS ? -EFBIG : 0;
	}
	free(finder.slots);
	if (result)
		calls_deinit(calls);
	return result;
}

void calls_deinit(struct calls *calls)
{
	if (!calls)
		return;
	free(calls->calls);
	free(calls->first);
	free(calls->ids);
	memset(calls, 0, sizeof(*calls));
}

size_t calls_of_frames(const struct calls *calls, const uint32_t *frames, uint32_t n_frames, bool truncated,
		       uint32_t *ids)
{
	size_t n = 0;
	for (uint32_t i = 0; i < n_frames; i++)
		for (size_t j = calls->first[frames[i]]; j < calls->first[frames[i] + 1]; j++)
			ids[n++] = calls->ids[j];
	if (!n)
		ids[n++] = CALL_UNKNOWN;
	else if (truncated)
		ids[n++] = CALL_TRUNCATED;
	return n;
}

size_t calls_of_stack(const struct calls *calls, const struct profile_stack *stack, uint32_t *ids)
{
	return calls_of_frames(calls, stack->frames, stack->n_frames, stack->truncated, ids);
}

const char *call_name(const struct calls *calls, const struct call *call, char *out, size_t size)
{
	const char *object = path_basename(call_object(calls, call));
	if (call->function)
		snprintf(out, size, "%s", call->function);
	else if (call->inlined)
		snprintf(out, size, "?");
	else if (calls->by == CALLS_BY_FUNCTION)
		snprintf(out, size, "%s", object);
	else
		snprintf(out, size, "%s+0x%" PRIx64, object, call->frame->offset);
	return out;
}
