// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which calls of two profiles are the same: each gets the number of a text that says what makes it one. */
#include "compare_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is seen of a function, or of an object's code, in the profile of a side (shifted by it). */
enum { HAS_FILE = 1, NO_FILE = 4, HAS_NAME = 1, NO_NAME = 4 };
enum { BASE, NEW, SIDES };

struct builder {
	const struct profile *profiles[SIDES];
	uint32_t *objects[SIDES];   /* by object of the profile, its number in the table */
	uint32_t *functions[SIDES]; /* by frame, the number of its function and object */
	struct text_table names;    /* of objects; the executable's is empty */
	struct text_table calls;
	unsigned char *by_call;   /* of the numbers that functions[] has, HAS_FILE ... */
	unsigned char *by_object; /* HAS_NAME ... */
	char *buffer;
	size_t size;
};

static int reserve(struct builder *builder, size_t bytes)
{
	if (bytes <= builder->size)
		return 0;
	char *larger = realloc(builder->buffer, 2 * bytes);
	if (!larger)
		return -ENOMEM;
	builder->buffer = larger;
	builder->size = 2 * bytes;
	return 0;
}

/* A function (NULL: not known) in a file ('f') or an object ('o'). */
static int64_t call_number(struct builder *builder, const char *function, char kind, const char *place)
{
	if (reserve(builder, strlen(function ? function : "") + strlen(place) + 3))
		return -ENOMEM;
	size_t length = plain_function(function ? function : "", builder->buffer);
	builder->buffer[++length] = kind; /* behind the zero */
	strcpy(builder->buffer + ++length, place);
	return text_number(&builder->calls, builder->buffer, length + strlen(place));
}

static const char *object_name(const struct builder *builder, int side, uint32_t object)
{
	return builder->names.texts[builder->objects[side][object]].bytes;
}

static int number_objects(struct builder *builder, int side)
{
	const struct profile *profile = builder->profiles[side];
	builder->objects[side] = calloc(profile->n_objects + 1, sizeof(*builder->objects[side]));
	if (!builder->objects[side])
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_objects; i++) {
		const char *path = profile->objects[i].path, *exe = profile->target.exe;
		size_t length = 0;
		if (reserve(builder, path ? strlen(path) + 2 : 2))
			return -ENOMEM;
		if (!path || !exe || strcmp(path, exe))
			length = plain_object(path, builder->buffer);
		int64_t number = text_number(&builder->names, builder->buffer, length);
		if (number < 0)
			return -ENOMEM;
		builder->objects[side][i] = (uint32_t)number;
	}
	return 0;
}

/* Each frame's function with its object; of code without a name the object alone. */
static int number_functions(struct builder *builder, int side)
{
	const struct profile *profile = builder->profiles[side];
	builder->functions[side] = calloc(profile->n_frames + 1, sizeof(*builder->functions[side]));
	if (!builder->functions[side])
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_frames; i++) {
		const struct profile_frame *frame = &profile->frames[i];
		int64_t number =
			call_number(builder, frame->function, 'o', object_name(builder, side, frame->object));
		if (number < 0)
			return -ENOMEM;
		builder->functions[side][i] = (uint32_t)number;
	}
	return 0;
}

static void look_at_frames(struct builder *builder, int side)
{
	const struct profile *profile = builder->profiles[side];
	for (size_t i = 0; i < profile->n_frames; i++) {
		const struct profile_frame *frame = &profile->frames[i];
		uint32_t object = builder->objects[side][frame->object];
		int named = frame->function ? HAS_NAME : NO_NAME, filed = frame->file ? HAS_FILE : NO_FILE;
		builder->by_object[object] |= (unsigned char)(named << side);
		builder->by_call[builder->functions[side][i]] |= (unsigned char)(filed << side);
	}
}

static bool has_no_file(const struct builder *builder, uint32_t call)
{
	return builder->by_call[call] & (NO_FILE << BASE | NO_FILE << NEW);
}

/* One side has it, the other has not. */
static bool is_half(unsigned char seen, unsigned char has, unsigned char has_not)
{
	return seen == (has << BASE | has_not << NEW) || seen == (has << NEW | has_not << BASE);
}

static int64_t number_inline(struct builder *builder, const struct profile_inline *inlined,
			     const char *object)
{
	if (inlined->file)
		return call_number(builder, inlined->function, 'f', path_basename(inlined->file));
	return call_number(builder, inlined->function, 'o', object);
}

static int number_frame(struct builder *builder, int side, size_t index, struct frame_calls *calls, size_t *n)
{
	const struct profile_frame *frame = &builder->profiles[side]->frames[index];
	const char *object = object_name(builder, side, frame->object);
	uint32_t function = builder->functions[side][index];
	int64_t number = function;
	calls->start[index] = is_start(frame->function, object);
	if (frame->function && !has_no_file(builder, function)) {
		for (size_t i = 0; i < frame->n_inlined; i++) {
			number = number_inline(builder, &frame->inlined[i], object);
			if (number < 0)
				return -ENOMEM;
			calls->ids[(*n)++] = (uint32_t)number + IDENTITY_FIRST;
		}
		number = call_number(builder, frame->function, 'f', path_basename(frame->file));
	}
	if (number < 0)
		return -ENOMEM;
	calls->ids[(*n)++] = (uint32_t)number + IDENTITY_FIRST;
	return 0;
}

static int measure(struct frame_calls *calls)
{
	for (size_t i = 0; i < calls->profile->n_stacks; i++) {
		const struct profile_stack *stack = &calls->profile->stacks[i];
		size_t length = 1; /* unknown, or truncated */
		for (uint32_t j = 0; j < stack->n_frames; j++)
			length += calls->first[stack->frames[j] + 1] - calls->first[stack->frames[j]];
		calls->longest = length > calls->longest ? length : calls->longest;
		calls->total += length;
	}
	return calls->total > MOST_CALLS ? -EFBIG : 0;
}

static int number_calls(struct builder *builder, int side, struct frame_calls *calls)
{
	const struct profile *profile = builder->profiles[side];
	size_t most = profile->n_frames, n = 0;
	int result = 0;
	for (size_t i = 0; i < profile->n_frames; i++)
		most += profile->frames[i].n_inlined;
	*calls = (struct frame_calls){.profile = profile};
	calls->first = calloc(profile->n_frames + 1, sizeof(*calls->first));
	calls->ids = calloc(most + 1, sizeof(*calls->ids));
	calls->start = calloc(profile->n_frames + 1, sizeof(*calls->start));
	if (!calls->first || !calls->ids || !calls->start)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_frames && !result; i++) {
		calls->first[i] = n;
		result = number_frame(builder, side, i, calls, &n);
	}
	calls->first[profile->n_frames] = n;
	return result ? result : measure(calls);
}

static int add_name(char ***names, size_t *n, const char *name)
{
	char **larger = realloc(*names, (*n + 1) * sizeof(**names));
	if (!larger)
		return -ENOMEM;
	*names = larger;
	larger[*n] = strdup(name);
	return larger[(*n)++] ? 0 : -ENOMEM;
}

/* Each object once, in the order of the table. */
static int tell_halves(const struct builder *builder, struct comparison *comparison)
{
	bool *half = calloc(builder->names.n + 1, sizeof(*half));
	int result = half ? 0 : -ENOMEM;
	for (int side = 0; side < SIDES && half; side++)
		for (size_t i = 0; i < builder->profiles[side]->n_frames; i++)
			if (is_half(builder->by_call[builder->functions[side][i]], HAS_FILE, NO_FILE))
				half[builder->objects[side][builder->profiles[side]->frames[i].object]] =
					true;
	for (size_t i = 0; i < builder->names.n && !result; i++) {
		if (half[i])
			result = add_name(&comparison->half_debug, &comparison->n_half_debug,
					  builder->names.texts[i].bytes);
		if (!result && is_half(builder->by_object[i], HAS_NAME, NO_NAME))
			result = add_name(&comparison->half_named, &comparison->n_half_named,
					  builder->names.texts[i].bytes);
	}
	free(half);
	return result;
}

static int build(struct builder *builder, struct identities *identities)
{
	int result = 0;
	for (int side = 0; side < SIDES && !result; side++)
		result = number_objects(builder, side);
	for (int side = 0; side < SIDES && !result; side++)
		result = number_functions(builder, side);
	if (result)
		return result;
	builder->by_call = calloc(builder->calls.n + 1, 1);
	builder->by_object = calloc(builder->names.n + 1, 1);
	if (!builder->by_call || !builder->by_object)
		return -ENOMEM;
	look_at_frames(builder, BASE);
	look_at_frames(builder, NEW);
	result = number_calls(builder, BASE, &identities->base);
	return result ? result : number_calls(builder, NEW, &identities->new);
}

int identities_init(struct identities *identities, struct comparison *comparison)
{
	struct builder builder = {.profiles = {comparison->base, comparison->new}};
	*identities = (struct identities){0};
	int result = build(&builder, identities);
	if (!result)
		result = tell_halves(&builder, comparison);
	for (int side = 0; side < SIDES; side++) {
		free(builder.objects[side]);
		free(builder.functions[side]);
	}
	text_table_deinit(&builder.names);
	text_table_deinit(&builder.calls);
	free(builder.by_call);
	free(builder.by_object);
	free(builder.buffer);
	if (result)
		identities_deinit(identities);
	return result;
}

static void frame_calls_deinit(struct frame_calls *calls)
{
	free(calls->first);
	free(calls->ids);
	free(calls->start);
	*calls = (struct frame_calls){0};
}

void identities_deinit(struct identities *identities)
{
	frame_calls_deinit(&identities->base);
	frame_calls_deinit(&identities->new);
}

size_t identity_of_stack(const struct frame_calls *calls, const struct profile_stack *stack, uint32_t *ids)
{
	uint32_t n_frames = stack->n_frames;
	size_t n = 0;
	while (!stack->truncated && n_frames > 1 && calls->start[stack->frames[n_frames - 1]])
		n_frames--;
	for (uint32_t i = 0; i < n_frames; i++)
		for (size_t j = calls->first[stack->frames[i]]; j < calls->first[stack->frames[i] + 1]; j++)
			ids[n++] = calls->ids[j];
	if (!n)
		ids[n++] = IDENTITY_UNKNOWN;
	else if (stack->truncated)
		ids[n++] = IDENTITY_TRUNCATED;
	return n;
}
