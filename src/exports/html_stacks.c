// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a page knows of each stack: figures as columns; what only some stacks have as rows that begin with the
 * stack's index. */
#include "html_internal.h"

static void put_figures(struct json_line *line, const struct profile *profile)
{
	json_put_open(line, "figures", '{');
	for (const struct number_field *field = profile_stack_numbers; field->name; field++) {
		if (!profile_knows(profile, field->needs))
			continue;
		json_put_open(line, field->name, '[');
		for (size_t i = 0; i < profile->n_stacks; i++)
			page_put_number(line, NULL, *field_in(&profile->stacks[i].counts, field));
		json_put_close(line, ']');
	}
	json_put_close(line, '}');
}

/* first class, counts */
static void put_histogram(struct json_line *line, const struct profile_histogram *histogram)
{
	json_put_number(line, NULL, histogram->first);
	for (uint32_t i = 0; i < histogram->n; i++)
		page_put_number(line, NULL, histogram->counts[i]);
}

static void put_row(struct json_line *line, const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		page_put_number(line, NULL, values[i]);
}

#define PUT_ROW(line, ...)                                                                                   \
	put_row(line, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

typedef void (*put_part)(struct json_line *line, const struct profile *profile,
			 const struct profile_stack *stack);
typedef bool (*has_part)(const struct profile *profile, const struct profile_stack *stack);

static bool has_sizes(const struct profile *profile, const struct profile_stack *stack)
{
	return stack->sizes.log2.n && profile_knows(profile, PROFILE_NEEDS_ALL | PROFILE_NEEDS_DETAILS);
}

static void put_sizes(struct json_line *line, const struct profile *profile,
		      const struct profile_stack *stack)
{
	(void)profile;
	PUT_ROW(line, stack->sizes.min, stack->sizes.max);
	put_histogram(line, &stack->sizes.log2);
}

static bool has_lifetimes(const struct profile *profile, const struct profile_stack *stack)
{
	return stack->lifetimes.log2.n && profile_knows(profile, PROFILE_DETAILS);
}

/* The sum is null where it is not known. */
static void put_lifetimes(struct json_line *line, const struct profile *profile,
			  const struct profile_stack *stack)
{
	(void)profile;
	PUT_ROW(line, stack->lifetimes.min, stack->lifetimes.max);
	if (stack->lifetimes.has_sum)
		page_put_number(line, NULL, stack->lifetimes.sum);
	else
		json_put_text(line, ",null");
	put_histogram(line, &stack->lifetimes.log2);
}

static bool has_ages(const struct profile *profile, const struct profile_stack *stack)
{
	return stack->ages.known && stack->counts.live_allocs && profile_knows(profile, PROFILE_DETAILS);
}

static void put_ages(struct json_line *line, const struct profile *profile, const struct profile_stack *stack)
{
	(void)profile;
	PUT_ROW(line, stack->ages.min, stack->ages.max, stack->ages.mean, stack->ages.startup_allocs);
}

static bool has_growth(const struct profile *profile, const struct profile_stack *stack)
{
	return stack->growth && stack->growth->chains && profile_knows(profile, PROFILE_DETAILS);
}

static void put_growth(struct json_line *line, const struct profile *profile,
		       const struct profile_stack *stack)
{
	struct profile_growth *growth = stack->growth;
	(void)profile;
	PUT_ROW(line, growth->chains, growth->steps, growth->first_bytes, growth->copied_bytes,
		growth->open_chains, growth->total_observed, growth->n_final_sizes,
		profile_growth_percentile(growth, 0.5), profile_growth_percentile(growth, 0.95));
}

static bool has_leak(const struct profile *profile, const struct profile_stack *stack)
{
	return stack->leak.score >= 0.0005 && profile_knows(profile, PROFILE_NEEDS_FREES);
}

static void put_leak(struct json_line *line, const struct profile *profile, const struct profile_stack *stack)
{
	(void)profile;
	json_put_decimal(line, NULL, stack->leak.score);
	page_put_number(line, NULL, stack->leak.bytes_per_s);
}

static bool has_freed_by(const struct profile *profile, const struct profile_stack *stack)
{
	return stack->n_freed_by && profile_knows(profile, PROFILE_DETAILS);
}

static void put_freed_by(struct json_line *line, const struct profile *profile,
			 const struct profile_stack *stack)
{
	(void)profile;
	for (size_t i = 0; i < stack->n_freed_by; i++) {
		const struct profile_freed_by *freed_by = &stack->freed_by[i];
		PUT_ROW(line, freed_by->free_stack, freed_by->frees, freed_by->cross_thread_frees);
	}
}

static bool is_truncated(const struct profile *profile, const struct profile_stack *stack)
{
	(void)profile;
	return stack->truncated;
}

/* The reason's place in "reasons", which begin with the first; beyond them: not told. */
static void put_why(struct json_line *line, const struct profile *profile, const struct profile_stack *stack)
{
	(void)profile;
	json_put_number(line, NULL,
			profile_is_reason(stack->why) ? (uint64_t)(stack->why - INTEGRITY_DEPTH_STACKS)
						      : INTEGRITY_COUNT);
}

static bool has_thread(const struct profile *profile, const struct profile_stack *stack)
{
	return profile->capture.by_thread && stack->thread < profile->n_threads;
}

static void put_thread(struct json_line *line, const struct profile *profile,
		       const struct profile_stack *stack)
{
	(void)profile;
	json_put_number(line, NULL, stack->thread);
}

static void put_parts(struct json_line *line, const struct profile *profile, const char *name, has_part has,
		      put_part put)
{
	json_put_open(line, name, '[');
	for (size_t i = 0; i < profile->n_stacks; i++) {
		if (!has(profile, &profile->stacks[i]))
			continue;
		json_put_open(line, NULL, '[');
		json_put_number(line, NULL, i);
		put(line, profile, &profile->stacks[i]);
		json_put_close(line, ']');
	}
	json_put_close(line, ']');
}

static void put_place(struct json_line *line, int64_t place)
{
	if (place < 0)
		json_put_text(line, line->is_first ? "null" : ",null");
	else
		json_put_number(line, NULL, (uint64_t)place);
}

/* [stack, freed by, again by, count] */
static void put_double_frees(struct json_line *line, const struct profile *profile)
{
	if (!profile->n_double_frees || !profile_knows(profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL))
		return;
	json_put_open(line, "double_frees", '[');
	for (size_t i = 0; i < profile->n_double_frees; i++) {
		const struct profile_double_free *twice = &profile->double_frees[i];
		json_put_open(line, NULL, '[');
		put_place(line, twice->stack);
		put_place(line, twice->freed_by);
		put_place(line, twice->again_by);
		page_put_number(line, NULL, twice->count);
		json_put_close(line, ']');
	}
	json_put_close(line, ']');
}

void html_put_stacks(struct json_line *line, const struct profile *profile)
{
	put_figures(line, profile);
	put_parts(line, profile, "sizes", has_sizes, put_sizes);
	put_parts(line, profile, "lifetimes", has_lifetimes, put_lifetimes);
	put_parts(line, profile, "ages", has_ages, put_ages);
	put_parts(line, profile, "growth", has_growth, put_growth);
	put_parts(line, profile, "leaks", has_leak, put_leak);
	put_parts(line, profile, "freed_by", has_freed_by, put_freed_by);
	put_parts(line, profile, "truncated", is_truncated, put_why);
	put_parts(line, profile, "by_thread", has_thread, put_thread);
	put_double_frees(line, profile);
}
