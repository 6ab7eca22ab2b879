/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef MADE_PROFILE_H
#define MADE_PROFILE_H

/* Profiles made by hand, for the tests of views. A stack is written as one reads it:
 * "grow buf.c:12 < main main.c:3"; "vec.h:7^" instead of "vec.h:7": inlined into what follows it;
 * without a file, the name is of the ELF symbol table; "+0x12": an offset without a name. */

#include "captrack/profile.h"
#include "captrack/views.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static inline void made_begin(struct profile *profile)
{
	memset(profile, 0, sizeof(*profile));
	profile->state = PROFILE_FINAL;
	profile->reason = PROFILE_EXIT;
	profile->target.pid = 42;
	profile->target.exe = strdup("/opt/bin/shop");
	profile->target.command = strdup("shop --all");
	profile->capture.allocator = strdup("glibc");
	profile->capture.duration_ms = 2000;
	profile->capture.snapshots = 5;
	static const char *const paths[] = {"/opt/bin/shop", "/lib/libc.so.6"};
	for (size_t i = 0; i < 2; i++) {
		int64_t object = profile_add_object(profile);
		assert(object == (int64_t)i);
		profile->objects[object].path = strdup(paths[i]);
	}
}

/* "file:line" or "file:line:column" of `place`, whose text is changed. */
static inline void made_place(char *place, char **file, uint32_t *line, uint32_t *column)
{
	char *colon = strchr(place, ':'), *end;
	assert(colon);
	*colon = '\0';
	*file = strdup(place);
	*line = (uint32_t)strtoul(colon + 1, &end, 10);
	*column = *end == ':' ? (uint32_t)strtoul(end + 1, NULL, 10) : 0;
}

/* One more inlined function, of the frame that comes. */
static inline void made_inline(struct profile_frame *frame, char *function, char *place)
{
	struct profile_inline *inlined =
		realloc(frame->inlined, (frame->n_inlined + 1) * sizeof(*frame->inlined));
	assert(inlined);
	frame->inlined = inlined;
	struct profile_inline *call = &inlined[frame->n_inlined++];
	call->function = strdup(function);
	made_place(place, &call->file, &call->line, &call->column);
}

/* The frames of "grow buf.c:12 < main main.c:3"; returns their number. */
static inline uint32_t made_frames(struct profile *profile, const char *text, uint32_t **frames)
{
	char *copy = strdup(text), *rest = copy;
	uint32_t count = 0;
	int64_t index = -1;
	*frames = NULL;
	while (rest && *rest) {
		char *word = rest, *next = strstr(rest, " < ");
		if (next)
			*next = '\0';
		rest = next ? next + 3 : NULL;
		char *place = strrchr(word, ' ');
		size_t length = strlen(word);
		bool inlined = length && word[length - 1] == '^';
		if (inlined)
			word[length - 1] = '\0';
		if (place && strchr(place, ':') && place[1] != ':')
			*place++ = '\0';
		else
			place = NULL;
		if (index < 0)
			index = profile_add_frame(profile);
		struct profile_frame *frame = &profile->frames[index];
		frame->offset = 0x100 + 0x10 * (uint64_t)index;
		if (inlined) {
			made_inline(frame, word, place);
			continue;
		}
		if (word[0] == '+') {
			frame->offset = strtoull(word + 1, NULL, 16);
		} else {
			frame->function = strdup(word);
			frame->has_symbol_offset = !place;
			frame->symbol_offset = 4;
		}
		frame->object = !strncmp(word, "__libc", 6) || !strcmp(word, "getline");
		if (place)
			made_place(place, &frame->file, &frame->line, &frame->column);
		*frames = realloc(*frames, (count + 1) * sizeof(**frames));
		assert(*frames);
		(*frames)[count++] = (uint32_t)index;
		index = -1;
	}
	free(copy);
	return count;
}

static inline struct profile_stack *made_stack(struct profile *profile, const char *frames)
{
	int64_t index = profile_add_stack(profile);
	assert(index >= 0);
	struct profile_stack *stack = &profile->stacks[index];
	stack->n_frames = made_frames(profile, frames, &stack->frames);
	return stack;
}

/* A stack with one block of so many bytes, which was there at the peak and lives; the totals know of it. */
static inline struct profile_stack *made_held(struct profile *profile, const char *frames, uint64_t bytes)
{
	struct profile_stack *stack = made_stack(profile, frames);
	struct profile_counts *counts = &stack->counts, *totals = &profile->totals;
	counts->at_peak_bytes = counts->peak_bytes = counts->live_bytes = counts->allocated_bytes = bytes;
	counts->at_peak_allocs = counts->live_allocs = counts->allocs = 1;
	totals->peak_bytes += bytes;
	totals->at_peak_bytes += bytes;
	totals->live_bytes += bytes;
	totals->allocated_bytes += bytes;
	totals->allocs++;
	totals->live_allocs++;
	return stack;
}

static inline void made_thread(struct profile *profile, int tid, const char *name, uint64_t bytes,
			       uint64_t allocs)
{
	int64_t index = profile_add_thread(profile);
	assert(index >= 0);
	profile->threads[index] = (struct profile_thread){
		.tid = tid,
		.name = name ? strdup(name) : NULL,
		.allocated_bytes = bytes,
		.allocs = allocs,
		.frees = allocs / 2,
		.live_allocs = 3,
		.live_bytes = 5000,
	};
}

static inline uint32_t made_free_stack(struct profile *profile, const char *frames)
{
	int64_t index = profile_add_free_stack(profile);
	assert(index >= 0);
	struct profile_free_stack *stack = &profile->free_stacks[index];
	stack->n_frames = made_frames(profile, frames, &stack->frames);
	return (uint32_t)index;
}

/* `n` sizes of chains, the first of them `from`, each `by` larger. */
static inline struct profile_growth *made_growth(struct profile_stack *stack, uint64_t from, uint64_t by,
						 size_t n)
{
	struct profile_growth *growth = calloc(1, sizeof(*growth));
	assert(growth);
	growth->final_sizes = calloc(n + 1, sizeof(*growth->final_sizes));
	assert(growth->final_sizes);
	for (size_t i = 0; i < n; i++)
		growth->final_sizes[i] = from + by * i;
	growth->n_final_sizes = n;
	growth->chains = growth->total_observed = n;
	stack->growth = growth;
	return growth;
}

/* The report as text; the caller frees it. */
static inline char *made_report(const struct profile *profile, const struct report_options *options)
{
	char *shown = NULL;
	size_t length;
	FILE *out = open_memstream(&shown, &length);
	assert(out);
	int result = report_write(profile, options, out);
	assert(!result);
	fclose(out);
	return shown;
}

static inline size_t longest_line(const char *text)
{
	size_t longest = 0;
	for (; *text; text += strcspn(text, "\n") + (text[strcspn(text, "\n")] == '\n'))
		if (strcspn(text, "\n") > longest)
			longest = strcspn(text, "\n");
	return longest;
}

#endif
