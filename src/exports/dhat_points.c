// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Stacks that read alike are found by sorting them; texts of frames by a table of hashes, in which a text is
 * made again to be compared: names may be long, and are not kept twice. */
#include "dhat_points.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct finder {
	struct points *points;
	uint32_t *slots;  /* a text; 0: empty */
	uint64_t *hashes; /* by text */
	size_t mask;
};

const char *points_text(const struct points *points, uint32_t text, char out[VALGRIND_FRAME_BYTES])
{
	return valgrind_frame(&points->calls, points->examples[text], true, out);
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash ^ hash >> 32;
}

/* The text of a call, entered where it is new. */
static uint32_t text_of(struct finder *finder, uint32_t call)
{
	struct points *points = finder->points;
	char text[VALGRIND_FRAME_BYTES], other[VALGRIND_FRAME_BYTES];
	if (points->by_call[call])
		return points->by_call[call];
	uint64_t hash = hash_of(valgrind_frame(&points->calls, call, true, text));
	size_t slot = hash & finder->mask;
	for (uint32_t found; (found = finder->slots[slot]); slot = (slot + 1) & finder->mask)
		if (finder->hashes[found] == hash && !strcmp(points_text(points, found, other), text))
			return points->by_call[call] = found;
	finder->hashes[points->n_texts] = hash;
	points->examples[points->n_texts] = call;
	finder->slots[slot] = points->by_call[call] = points->n_texts;
	return points->n_texts++;
}

/* Of the blocks that were freed and of those that live. */
static bool add_lived(const struct profile_stack *stack, uint64_t *ns)
{
	const struct profile_counts *counts = &stack->counts;
	uint64_t live_ns = 0;
	if ((counts->frees && !stack->lifetimes.has_sum) || (counts->live_allocs && !stack->ages.known))
		return false;
	*ns = counts->frees ? stack->lifetimes.sum : 0;
	return !counts->live_allocs ||
	       (!__builtin_mul_overflow(stack->ages.mean, counts->live_allocs, &live_ns) &&
		!__builtin_add_overflow(*ns, live_ns, ns));
}

static struct point point_of(const struct profile_stack *stack, const uint32_t *frames, size_t n_frames)
{
	const struct profile_counts *counts = &stack->counts;
	struct point point = {
		.frames = frames,
		.n_frames = n_frames,
		.bytes = counts->allocated_bytes,
		.blocks = counts->allocs,
		.at_peak_bytes = counts->at_peak_bytes,
		.at_peak_blocks = counts->at_peak_allocs,
		.live_bytes = counts->live_bytes,
		.live_blocks = counts->live_allocs,
		.most_bytes = counts->peak_bytes,
		.largest = stack->sizes.max,
	};
	point.knows_lived = add_lived(stack, &point.lived_ns);
	return point;
}

static uint64_t larger(uint64_t first, uint64_t second)
{
	return first > second ? first : second;
}

static int merge(struct point *to, const struct point *point)
{
	bool over = __builtin_add_overflow(to->bytes, point->bytes, &to->bytes);
	over |= __builtin_add_overflow(to->blocks, point->blocks, &to->blocks);
	over |= __builtin_add_overflow(to->at_peak_bytes, point->at_peak_bytes, &to->at_peak_bytes);
	over |= __builtin_add_overflow(to->at_peak_blocks, point->at_peak_blocks, &to->at_peak_blocks);
	over |= __builtin_add_overflow(to->live_bytes, point->live_bytes, &to->live_bytes);
	over |= __builtin_add_overflow(to->live_blocks, point->live_blocks, &to->live_blocks);
	to->knows_lived = to->knows_lived && point->knows_lived &&
			  !__builtin_add_overflow(to->lived_ns, point->lived_ns, &to->lived_ns);
	to->largest = larger(to->largest, point->largest);
	to->most_bytes = larger(to->most_bytes, point->most_bytes);
	to->most_bytes = larger(to->most_bytes, larger(to->at_peak_bytes, to->live_bytes));
	return over ? -EOVERFLOW : 0;
}

static int compare_frames(const struct point *first, const struct point *second)
{
	size_t shorter = first->n_frames < second->n_frames ? first->n_frames : second->n_frames;
	for (size_t i = 0; i < shorter; i++)
		if (first->frames[i] != second->frames[i])
			return first->frames[i] < second->frames[i] ? -1 : 1;
	return first->n_frames < second->n_frames ? -1 : first->n_frames > second->n_frames;
}

/* Those that read alike side by side, in the profile's order. */
static int compare_points(const void *a, const void *b)
{
	const struct point *first = a, *second = b;
	int result = compare_frames(first, second);
	return result ? result : first->frames < second->frames ? -1 : 1;
}

static int merge_equal(struct points *points)
{
	size_t kept = 0;
	for (size_t i = 0; i < points->n; i++) {
		const struct point *point = &points->points[i];
		struct point *last = kept ? &points->points[kept - 1] : NULL;
		if (!last || compare_frames(last, point))
			points->points[kept++] = *point;
		else if (merge(last, point))
			return -EOVERFLOW;
	}
	points->n = kept;
	return 0;
}

static int add_stacks(struct points *points, struct finder *finder)
{
	const struct profile *profile = points->calls.profile;
	uint32_t *to = points->frames;
	for (size_t i = 0; i < profile->n_stacks; i++) {
		size_t n = calls_of_stack(&points->calls, &profile->stacks[i], to);
		for (size_t j = 0; j < n; j++)
			to[j] = text_of(finder, to[j]);
		points->points[points->n++] = point_of(&profile->stacks[i], to, n);
		to += n;
	}
	qsort(points->points, points->n, sizeof(*points->points), compare_points);
	return merge_equal(points);
}

static int fill(struct points *points)
{
	const struct calls *calls = &points->calls;
	size_t slots = 16;
	while (slots < 2 * calls->n)
		slots *= 2;
	struct finder finder = {.points = points, .mask = slots - 1};
	points->n_texts = 1;
	points->points = calloc(calls->profile->n_stacks + 1, sizeof(*points->points));
	points->frames = calloc(calls->total + 1, sizeof(*points->frames));
	points->by_call = calloc(calls->n, sizeof(*points->by_call));
	points->examples = calloc(calls->n + 1, sizeof(*points->examples));
	finder.slots = calloc(slots, sizeof(*finder.slots));
	finder.hashes = calloc(calls->n + 1, sizeof(*finder.hashes));
	bool has_memory = points->points && points->frames && points->by_call && points->examples &&
			  finder.slots && finder.hashes;
	int result = has_memory ? add_stacks(points, &finder) : -ENOMEM;
	free(finder.slots);
	free(finder.hashes);
	return result;
}

int points_init(struct points *points, const struct profile *profile)
{
	*points = (struct points){0};
	int result = calls_init(&points->calls, profile, CALLS_BY_ADDRESS);
	if (!result)
		result = fill(points);
	if (result)
		points_deinit(points);
	return result;
}

void points_deinit(struct points *points)
{
	calls_deinit(&points->calls);
	free(points->points);
	free(points->frames);
	free(points->by_call);
	free(points->examples);
	*points = (struct points){0};
}
