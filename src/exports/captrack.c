// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f captrack: which capacities buffers ended with, by the source line that they began at, as
 * captrack's macros report them and its tools merge and read them. Its capacities are elements where
 * it knows the collection; ours are bytes. */
#include "exports_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/calls.h"
#include "captrack/json.h"
#include "captrack/format.h"

/* Where buffers begin. */
struct location {
	const char *function; /* NULL: the object and the offset stand for it */
	const char *file;
	uint32_t line; /* 0: not known; then the function, too, tells locations apart */
	uint32_t column;
	uint64_t offset;
};

/* A stack that begins chains. */
struct birth {
	struct location at;
	const struct profile_growth *growth;
	size_t order; /* in the profile */
};

struct entry {
	struct location at;
	uint64_t chains;
	uint64_t total; /* final sizes, of which there are these: */
	uint64_t *sizes;
	size_t n_sizes;
};

static struct location inline_location(const struct profile_inline *call, const char *object)
{
	return (struct location){
		.function = call->function ? call->function : "?",
		.file = call->file ? call->file : object,
		.line = call->file ? call->line : 0,
		.column = call->file && call->line ? call->column : 0,
	};
}

static struct location frame_location(const struct profile_frame *frame, const char *object)
{
	return (struct location){
		.function = frame->function,
		.file = frame->file ? frame->file : object,
		.line = frame->file ? frame->line : 0,
		.column = frame->file && frame->line ? frame->column : 0,
		.offset = frame->offset,
	};
}

/* The innermost call that is the program's own; the innermost of all where none is. */
static struct location find_location(const struct profile *profile, const struct profile_stack *stack)
{
	struct location first = {.function = "[unknown]", .file = "[unknown]"};
	for (uint32_t i = 0; i < stack->n_frames; i++) {
		const struct profile_frame *frame = &profile->frames[stack->frames[i]];
		const char *path = profile->objects[frame->object].path;
		const char *object = path ? path : "?";
		for (size_t j = 0; j <= frame->n_inlined; j++) {
			struct location at = j < frame->n_inlined
						     ? inline_location(&frame->inlined[j], object)
						     : frame_location(frame, object);
			if (!name_is_runtime(at.function, at.file, path_basename(object)))
				return at;
			if (!i && !j)
				first = at;
		}
	}
	return first;
}

static int compare_numbers(uint64_t first, uint64_t second)
{
	return first < second ? -1 : first > second;
}

static int compare_locations(const struct location *first, const struct location *second)
{
	int result = strcmp(first->file, second->file);
	result = result ? result : compare_numbers(first->line, second->line);
	result = result ? result : compare_numbers(first->column, second->column);
	if (result || first->line)
		return result;
	if (!first->function != !second->function)
		return first->function ? -1 : 1;
	return first->function ? strcmp(first->function, second->function)
			       : compare_numbers(first->offset, second->offset);
}

static int compare_births(const void *a, const void *b)
{
	const struct birth *first = a, *second = b;
	int result = compare_locations(&first->at, &second->at);
	return result ? result : compare_numbers(first->order, second->order);
}

static uint64_t largest(const struct entry *entry)
{
	return entry->n_sizes ? entry->sizes[entry->n_sizes - 1] : 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;
	int result = compare_numbers(largest(second), largest(first));
	return result ? result : compare_locations(&first->at, &second->at);
}

static struct birth *births_of(const struct profile *profile, size_t *count)
{
	struct birth *births = calloc(profile->n_stacks + 1, sizeof(*births));
	*count = 0;
	if (!births)
		return NULL;
	for (size_t i = 0; i < profile->n_stacks; i++) {
		const struct profile_stack *stack = &profile->stacks[i];
		if (stack->growth && stack->growth->chains)
			births[(*count)++] = (struct birth){
				.at = find_location(profile, stack), .growth = stack->growth, .order = i};
	}
	qsort(births, *count, sizeof(*births), compare_births);
	return births;
}

/* n births at one location. */
static int entry_fill(struct entry *entry, const struct birth *births, size_t n)
{
	struct size_sample *parts = calloc(n, sizeof(*parts));
	size_t room = 0;
	if (!parts)
		return -ENOMEM;
	entry->at = births[0].at;
	for (size_t i = 0; i < n; i++) {
		const struct profile_growth *growth = births[i].growth;
		parts[i] = (struct size_sample){.values = growth->final_sizes,
						.n = growth->n_final_sizes,
						.total = growth->total_observed};
		entry->chains += growth->chains;
		entry->total += growth->total_observed;
		room += growth->n_final_sizes;
	}
	entry->sizes = calloc(room + 1, sizeof(*entry->sizes));
	if (entry->sizes)
		entry->n_sizes = samples_merge(parts, n, entry->sizes);
	free(parts);
	return entry->sizes ? 0 : -ENOMEM;
}

static void entries_free(struct entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(entries[i].sizes);
	free(entries);
}

static int entries_of(const struct profile *profile, struct entry **out, size_t *count)
{
	size_t n_births;
	struct birth *births = births_of(profile, &n_births);
	struct entry *entries = births ? calloc(n_births + 1, sizeof(*entries)) : NULL;
	int result = entries ? 0 : -ENOMEM;
	*count = 0;
	for (size_t i = 0, end; i < n_births && !result; i = end) {
		for (end = i + 1; end < n_births && !compare_locations(&births[i].at, &births[end].at);)
			end++;
		result = entry_fill(&entries[(*count)++], &births[i], end - i);
	}
	free(births);
	if (result) {
		entries_free(entries, *count);
		return result;
	}
	qsort(entries, *count, sizeof(*entries), compare_entries);
	*out = entries;
	return 0;
}

static void put_name(struct json_line *line, const struct location *at)
{
	char name[300];
	if (!at->function)
		snprintf(name, sizeof(name), "%.255s+0x%" PRIx64, path_basename(at->file), at->offset);
	json_put_string(line, "name", at->function ? at->function : name);
}

static void put_entry(struct json_line *line, const struct entry *entry)
{
	json_put_line_break(line);
	json_put_open(line, NULL, '{');
	put_name(line, &entry->at);
	json_put_string(line, "file", entry->at.file);
	json_put_number(line, "line", entry->at.line);
	json_put_number(line, "column", entry->at.column);
	json_put_number(line, "creation_count", entry->chains);
	json_put_values(line, "samples", entry->sizes, entry->n_sizes);
	if (entry->total > entry->n_sizes)
		json_put_number(line, "total_observed", entry->total);
	json_put_close(line, '}');
}

const char *captrack_lacks(const struct profile *profile)
{
	if (!profile_knows(profile, PROFILE_NEEDS_FREES))
		return "it was captured with --allocs-only, and how a block grows is known only where free "
		       "is "
		       "probed, too";
	if (!profile_knows(profile, PROFILE_NEEDS_ALL))
		return "it was captured with --sample, and a sample does not show how blocks grow";
	if (!profile_knows(profile, PROFILE_DETAILS))
		return "it was captured with --no-details, so how blocks grow was not kept";
	return NULL;
}

int captrack_write(const struct profile *profile, FILE *out)
{
	struct json_writer writer = {.out = out};
	struct entry *entries;
	struct json_line line;
	size_t n;
	if (captrack_lacks(profile))
		return -EINVAL;
	int result = entries_of(profile, &entries, &n);
	if (result)
		return result;
	json_line_begin(&line, &writer);
	json_put_open(&line, NULL, '{');
	json_put_number(&line, "version", 1);
	json_put_open(&line, "stats", '[');
	for (size_t i = 0; i < n; i++)
		put_entry(&line, &entries[i]);
	json_put_text(&line, "\n]}\n");
	json_line_end(&line);
	entries_free(entries, n);
	return stream_end(out, writer.result);
}
