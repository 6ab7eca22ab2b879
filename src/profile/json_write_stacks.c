// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The stacks of a profile file, sorted, a line each; the stacks that free; double frees. */
#include "json_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* [1,2] */
static char *render_frame_list(struct json_writer *writer, const uint32_t *frames, uint32_t count)
{
	char *text = malloc(12 * (size_t)count + 3), *to = text;
	if (!text) {
		json_failed(writer, -ENOMEM);
		return NULL;
	}
	*to++ = '[';
	for (uint32_t i = 0; i < count; i++)
		to += sprintf(to, "%s%" PRIu32, i ? "," : "", frames[i]);
	*to++ = ']';
	*to = '\0';
	return text;
}

/* What of a stack's line stays as it is from snapshot to snapshot: {"frames":[1,2] and so on. */
static char *render_stack(struct json_writer *writer, const struct profile_stack *stack)
{
	cJSON *json = cJSON_CreateObject();
	char *frames = render_frame_list(writer, stack->frames, stack->n_frames), word[32];
	if (frames)
		json_add(writer, json, "frames", cJSON_CreateRaw(frames));
	free(frames);
	if (stack->truncated)
		json_add(writer, json, "truncated", cJSON_CreateTrue());
	if (stack->truncated && profile_is_reason(stack->why)) {
		profile_reason_word(stack->why, word);
		json_add(writer, json, "end", cJSON_CreateString(word));
	}
	char *text = json_render(writer, json);
	if (text)
		text[strlen(text) - 1] = '\0'; /* the numbers follow */
	return text;
}

/* From class 0, without the zeros after the last. */
static void put_histogram(struct json_line *line, const struct profile_histogram *histogram)
{
	uint64_t counts[PROFILE_CLASSES] = {0};
	size_t n = histogram->first + histogram->n;
	memcpy(counts + histogram->first, histogram->counts, histogram->n * sizeof(*counts));
	while (n && !counts[n - 1])
		n--;
	json_put_values(line, "log2", counts, n);
}

static void put_lifetimes(struct json_line *line, const struct profile *profile,
			  const struct profile_stack *stack)
{
	const struct profile_lifetimes *lifetimes = &stack->lifetimes;
	if (!stack->counts.frees || !lifetimes->log2.n || !profile_knows(profile, PROFILE_DETAILS))
		return;
	json_put_open(line, "lifetime_ns", '{');
	put_numbers(line, profile, profile_lifetime_numbers, lifetimes);
	if (lifetimes->has_sum)
		json_put_number(line, "sum", lifetimes->sum);
	put_histogram(line, &lifetimes->log2);
	json_put_close(line, '}');
}

static void put_ages(struct json_line *line, const struct profile *profile, const struct profile_stack *stack)
{
	if (!stack->ages.known || !stack->counts.live_allocs || !profile_knows(profile, PROFILE_DETAILS))
		return;
	json_put_open(line, "age_ns", '{');
	put_numbers(line, profile, profile_age_numbers, &stack->ages);
	json_put_close(line, '}');
	json_put_open(line, "startup", '{');
	put_numbers(line, profile, profile_startup_numbers, &stack->ages);
	json_put_close(line, '}');
}

static void put_sizes(struct json_line *line, const struct profile *profile,
		      const struct profile_stack *stack)
{
	if (!stack->counts.allocs || !stack->sizes.log2.n ||
	    !profile_knows(profile, PROFILE_NEEDS_ALL | PROFILE_NEEDS_DETAILS))
		return;
	json_put_open(line, "sizes", '{');
	put_numbers(line, profile, profile_size_numbers, &stack->sizes);
	put_histogram(line, &stack->sizes.log2);
	json_put_close(line, '}');
}

static void put_growth(struct json_line *line, const struct profile *profile,
		       const struct profile_growth *growth)
{
	if (!growth || !growth->chains || !profile_knows(profile, PROFILE_DETAILS))
		return;
	json_put_open(line, "growth", '{');
	put_numbers(line, profile, profile_growth_numbers, growth);
	if (profile->state == PROFILE_FINAL)
		json_put_number(line, "open_chains", growth->open_chains);
	json_put_values(line, "final_sizes", growth->final_sizes, growth->n_final_sizes);
	json_put_close(line, '}');
}

/* What would be written as 0.000 is no score. */
static void put_leak(struct json_line *line, const struct profile *profile, const struct profile_leak *leak)
{
	if (!(leak->score >= 0.0005) || !profile_knows(profile, PROFILE_NEEDS_FREES))
		return;
	json_put_open(line, "leak", '{');
	json_put_decimal(line, "score", leak->score);
	json_put_number(line, "bytes_per_s", leak->bytes_per_s);
	json_put_close(line, '}');
}

static void put_freed_by(struct json_line *line, const struct profile *profile,
			 const struct profile_stack *stack)
{
	if (!stack->n_freed_by || !profile->capture.free_stacks || !profile_knows(profile, PROFILE_DETAILS))
		return;
	json_put_open(line, "freed_by", '[');
	for (size_t i = 0; i < stack->n_freed_by; i++) {
		json_put_open(line, NULL, '{');
		json_put_number(line, "stack", stack->freed_by[i].free_stack);
		put_numbers(line, profile, profile_freed_by_numbers, &stack->freed_by[i]);
		json_put_close(line, '}');
	}
	json_put_close(line, ']');
}

void put_stack_figures(struct json_line *line, const struct profile *profile,
		       const struct profile_stack *stack)
{
	put_numbers(line, profile, profile_stack_numbers, &stack->counts);
	put_lifetimes(line, profile, stack);
	put_ages(line, profile, stack);
	put_sizes(line, profile, stack);
	put_growth(line, profile, stack->growth);
	put_leak(line, profile, &stack->leak);
}

static void emit_stack(struct json_writer *writer, const struct profile *profile, struct profile_stack *stack)
{
	struct json_line line;
	if (!stack->rendered)
		stack->rendered = render_stack(writer, stack);
	if (!stack->rendered)
		return;
	json_line_begin(&line, writer);
	json_put_text(&line, stack->rendered);
	if (stack->has_thread)
		json_put_number(&line, "thread", stack->thread);
	put_stack_figures(&line, profile, stack);
	put_freed_by(&line, profile, stack);
	json_put_close(&line, '}');
	json_line_end(&line);
}

/* qsort is not stable: what is equal stays in the profile's order by its address. */
static int by_allocated(const void *a, const void *b)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	uint64_t x = first->counts.allocated_bytes, y = second->counts.allocated_bytes;
	if (x != y)
		return x < y ? 1 : -1;
	return first < second ? -1 : first > second;
}

static int by_at_peak(const void *a, const void *b)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	const struct profile_counts *x = &first->counts, *y = &second->counts;
	if (x->at_peak_bytes != y->at_peak_bytes)
		return x->at_peak_bytes < y->at_peak_bytes ? 1 : -1;
	if (x->live_bytes != y->live_bytes)
		return x->live_bytes < y->live_bytes ? 1 : -1;
	return by_allocated(a, b);
}

static struct profile_stack **sort_stacks(struct json_writer *writer, const struct profile *profile)
{
	struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!sorted) {
		json_failed(writer, -ENOMEM);
		return NULL;
	}
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort(sorted, profile->n_stacks, sizeof(struct profile_stack *),
	      profile_knows(profile, PROFILE_NEEDS_FREES) ? by_at_peak : by_allocated);
	return sorted;
}

static void emit_free_stacks(struct json_writer *writer, const struct profile *profile)
{
	json_emit(writer, ",\n\"free_stacks\":[");
	for (size_t i = 0; i < profile->n_free_stacks && !writer->result; i++) {
		struct profile_free_stack *stack = &profile->free_stacks[i];
		if (!stack->rendered)
			stack->rendered = render_frame_list(writer, stack->frames, stack->n_frames);
		json_emit(writer, i ? ",\n{\"frames\":" : "\n{\"frames\":");
		if (stack->rendered)
			json_emit(writer, stack->rendered);
		json_emit(writer, "}");
	}
	json_emit(writer, "]");
}

static cJSON *double_free_json(struct json_writer *writer, const struct profile_double_free *twice,
			       const size_t *places)
{
	cJSON *json = cJSON_CreateObject();
	if (twice->stack >= 0)
		json_add_number(writer, json, "stack", places[twice->stack]);
	if (twice->freed_by >= 0)
		json_add_number(writer, json, "freed_by", (uint64_t)twice->freed_by);
	if (twice->again_by >= 0)
		json_add_number(writer, json, "again_by", (uint64_t)twice->again_by);
	json_add_number(writer, json, "count", twice->count);
	return json;
}

/* They name stacks by their place in the file, not in memory. */
static void emit_double_frees(struct json_writer *writer, const struct profile *profile,
			      struct profile_stack *const *sorted)
{
	size_t *places = calloc(profile->n_stacks + 1, sizeof(*places));
	if (!places) {
		json_failed(writer, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < profile->n_stacks; i++)
		places[sorted[i] - profile->stacks] = i;
	json_emit(writer, ",\n\"double_frees\":[");
	for (size_t i = 0; i < profile->n_double_frees && !writer->result; i++) {
		json_emit(writer, i ? ",\n" : "\n");
		json_emit_tree(writer, double_free_json(writer, &profile->double_frees[i], places));
	}
	json_emit(writer, "]");
	free(places);
}

void emit_stacks(struct json_writer *writer, struct profile *profile)
{
	struct profile_stack **sorted = sort_stacks(writer, profile);
	if (!sorted)
		return;
	json_emit(writer, ",\n\"stacks\":[");
	for (size_t i = 0; i < profile->n_stacks && !writer->result; i++) {
		json_emit(writer, i ? ",\n" : "\n");
		emit_stack(writer, profile, sorted[i]);
	}
	json_emit(writer, "]");
	bool knows = profile_knows(profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL);
	if (knows && (profile->capture.free_stacks || profile->n_free_stacks))
		emit_free_stacks(writer, profile);
	if (knows && profile->n_double_frees)
		emit_double_frees(writer, profile, sorted);
	free(sorted);
}
