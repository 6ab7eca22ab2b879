/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef MERGED_PROFILES_H
#define MERGED_PROFILES_H

/* Profiles to merge, and how to compare what comes out. For the test programs that include it, after cmocka.
 */
#include "made_profile.h"
#include "profile_example.h"

#include <inttypes.h>

static inline void process_begin(struct profile *profile, int pid)
{
	made_begin(profile);
	profile->target.pid = pid;
	profile->target.start_ms = 1000;
}

static inline void free_all(struct profile *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		profile_deinit(&parts[i]);
}

/* Their names are p1.json and so on, by their places in parts. */
static inline int try_merging(const struct profile *parts, const size_t *order, size_t n,
			      struct profile *merged, struct ct_error *err)
{
	struct profile_merger *merger;
	int result = 0;
	assert_int_equal(profile_merger_new(&merger), 0);
	for (size_t i = 0; i < n && !result; i++) {
		size_t which = order ? order[i] : i;
		char name[32];
		snprintf(name, sizeof(name), "p%zu.json", which + 1);
		result = profile_merge_add(merger, &parts[which], name, err);
	}
	if (!result)
		profile_merge_finish(merger, merged);
	profile_merger_free(merger);
	return result;
}

static inline void merge_in_order(const struct profile *parts, const size_t *order, size_t n,
				  struct profile *merged)
{
	struct ct_error err = {0};
	if (try_merging(parts, order, n, merged, &err))
		fail_msg("%s", err.text);
}

static inline void merge_all(const struct profile *parts, size_t n, struct profile *merged)
{
	merge_in_order(parts, NULL, n, merged);
}

static inline void refuse_merging(const struct profile *parts, size_t n, int code, const char *message)
{
	struct ct_error err = {0};
	struct profile merged;
	assert_int_equal(try_merging(parts, NULL, n, &merged, &err), code);
	if (!strstr(err.text, message))
		fail_msg("'%s', expected '%s'", err.text, message);
}

static inline struct profile_stack *stack_of(struct profile *profile, const char *function)
{
	for (size_t i = 0; i < profile->n_stacks; i++)
		if (profile->stacks[i].n_frames &&
		    !strcmp(profile->frames[profile->stacks[i].frames[0]].function, function))
			return &profile->stacks[i];
	fail_msg("no stack of %s", function);
	return NULL;
}

static inline const struct profile_counts *counts_of(struct profile *profile, const char *function)
{
	return &stack_of(profile, function)->counts;
}

/* Peaks that differ, all else that a process can have; 0 to 2. Mean ages are such that no mean is rounded. */
static inline void detailed_process(struct profile *profile, int which)
{
	static const char *const own[] = {"one a.c:1 < main a.c:9", "two a.c:2 < main a.c:9",
					  "i a.h:1^ < three a.c:3 < main a.c:9"};
	uint64_t n = (uint64_t)which + 1;
	process_begin(profile, which + 1);
	profile->capture.free_stacks = true;
	profile->capture.start_ms = 100 - n;
	profile->capture.duration_ms = 1000 * n;
	profile->target.has_exit_status = true;
	profile->target.exit_status = which;
	profile->peak_ms = 70 + n;
	profile->failed_allocs = n;
	profile->integrity[INTEGRITY_UNMATCHED_FREES] = 5 * n;
	made_stack(profile, own[which]);
	made_stack(profile, "shared a.c:5 < main a.c:9");
	made_stack(profile, "");
	uint32_t frees[] = {made_free_stack(profile, "drop a.c:7 < main a.c:9"),
			    made_free_stack(profile, which ? "drop a.c:8" : "drop a.c:9")};
	for (uint64_t i = 0; i < 3; i++) {
		struct profile_stack *stack = &profile->stacks[i];
		fill_counts(&stack->counts, 10 + i, (10 * n * (i + 1)) ^ (which == 1 ? 200 : 0));
		stack->counts.live_allocs = 2;
		stack->lifetimes = (struct profile_lifetimes){
			.min = 4 * n, .max = 60 * n, .has_sum = true, .sum = 300 * n};
		count_classes(&stack->lifetimes.log2, 3, 6 + (uint32_t)which);
		stack->ages = (struct profile_ages){.known = true,
						    .min = 5 * n,
						    .max = 7000 * n,
						    .mean = 1000 * n,
						    .startup_allocs = 1,
						    .startup_bytes = 100};
		stack->sizes = (struct profile_sizes){.min = n, .max = 30 * n};
		count_classes(&stack->sizes.log2, 1, 2 + (uint32_t)which);
		stack->leak = (struct profile_leak){.score = 0.25 * (double)n, .bytes_per_s = 10 / n};
	}
	struct profile_growth *growth = made_growth(&profile->stacks[1], 100 * n, 1, 6);
	growth->steps = 20 * n;
	growth->first_bytes = 30 * n;
	growth->copied_bytes = 40 * n;
	growth->open_chains = n;
	profile->stacks[1].freed_by = calloc(2, sizeof(struct profile_freed_by));
	profile->stacks[1].n_freed_by = 2;
	profile->stacks[1].freed_by[0] = (struct profile_freed_by){frees[1], 5, n};
	profile->stacks[1].freed_by[1] = (struct profile_freed_by){frees[0], 2, 1};
	profile->stacks[2].freed_by = calloc(1, sizeof(struct profile_freed_by));
	profile->stacks[2].n_freed_by = 1;
	profile->stacks[2].freed_by[0] = (struct profile_freed_by){frees[1], 6, n};
	int64_t twice = profile_add_double_free(profile), unknown = profile_add_double_free(profile);
	profile->double_frees[twice] = (struct profile_double_free){1, frees[0], -1, 3};
	profile->double_frees[unknown] = (struct profile_double_free){-1, -1, -1, n};
	profile_sum_stacks(profile);
	profile->peak_allocs = profile->totals.at_peak_allocs;
	int64_t thread = profile_add_thread(profile);
	profile->threads[thread] =
		(struct profile_thread){.tid = 100 + which,
					.name = strdup("main"),
					.allocs = profile->totals.allocs,
					.frees = profile->totals.frees,
					.allocated_bytes = profile->totals.allocated_bytes};
}

/* --- what two merged profiles must agree in, as text: lines in the order of the alphabet --- */

struct lines {
	char *all[256];
	size_t n;
};

static inline void __attribute__((format(printf, 2, 3)))
add_line(struct lines *lines, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	assert_true(lines->n < sizeof(lines->all) / sizeof(*lines->all));
	assert_true(vasprintf(&lines->all[lines->n++], format, args) >= 0);
	va_end(args);
}

static inline char *text_of_frames(const struct profile *profile, const uint32_t *frames, uint32_t n)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	for (uint32_t i = 0; i < n; i++) {
		const struct profile_frame *frame = &profile->frames[frames[i]];
		fprintf(out, "%s+%" PRIx64 " %s %s:%u", profile->objects[frame->object].path, frame->offset,
			frame->function, frame->file, frame->line);
		for (size_t k = 0; k < frame->n_inlined; k++)
			fprintf(out, " ^%s:%u", frame->inlined[k].function, frame->inlined[k].line);
		fputs(" < ", out);
	}
	fclose(out);
	return text;
}

static inline char *text_of_histogram(const struct profile_histogram *histogram)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	for (uint32_t i = 0; i < histogram->n; i++)
		if (histogram->counts[i])
			fprintf(out, " %u:%" PRIu64, histogram->first + i, histogram->counts[i]);
	fclose(out);
	return text;
}

static inline void add_numbers_line(struct lines *lines, const char *of, const void *numbers, size_t n)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, " %" PRIu64, ((const uint64_t *)numbers)[i]);
	fclose(out);
	add_line(lines, "%s:%s", of, text);
	free(text);
}

static inline void add_growth_lines(struct lines *lines, const char *name, struct profile_growth *growth)
{
	profile_growth_percentile(growth, 0.5); /* sorts */
	add_line(lines, "%s growth %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
		 name, growth->chains, growth->steps, growth->first_bytes, growth->copied_bytes,
		 growth->open_chains, growth->total_observed);
	add_numbers_line(lines, name, growth->final_sizes, growth->n_final_sizes);
}

static inline void add_stack_lines(struct lines *lines, const struct profile *profile,
				   const struct profile_stack *stack)
{
	char *name = text_of_frames(profile, stack->frames, stack->n_frames);
	char *lived = text_of_histogram(&stack->lifetimes.log2),
	     *sizes = text_of_histogram(&stack->sizes.log2);
	const struct profile_ages *ages = &stack->ages;
	add_numbers_line(lines, name, &stack->counts, sizeof(stack->counts) / sizeof(uint64_t));
	add_line(lines, "%s lived %" PRIu64 " %" PRIu64 " %d %" PRIu64 "%s", name, stack->lifetimes.min,
		 stack->lifetimes.max, stack->lifetimes.has_sum, stack->lifetimes.sum, lived);
	add_line(lines, "%s sizes %" PRIu64 " %" PRIu64 "%s", name, stack->sizes.min, stack->sizes.max,
		 sizes);
	add_line(lines, "%s ages %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, name,
		 ages->known, ages->min, ages->max, ages->mean, ages->startup_allocs, ages->startup_bytes);
	add_line(lines, "%s leak %.3f %" PRIu64, name, stack->leak.score, stack->leak.bytes_per_s);
	if (stack->growth)
		add_growth_lines(lines, name, stack->growth);
	for (size_t i = 0; i < stack->n_freed_by; i++) {
		const struct profile_free_stack *by = &profile->free_stacks[stack->freed_by[i].free_stack];
		char *freed = text_of_frames(profile, by->frames, by->n_frames);
		add_line(lines, "%s freed by %s %" PRIu64 " %" PRIu64, name, freed, stack->freed_by[i].frees,
			 stack->freed_by[i].cross_thread_frees);
		free(freed);
	}
	free(name);
	free(lived);
	free(sizes);
}

static inline void add_double_free_line(struct lines *lines, const struct profile *profile,
					const struct profile_double_free *twice)
{
	const struct profile_stack *stack = twice->stack < 0 ? NULL : &profile->stacks[twice->stack];
	const struct profile_free_stack *by =
		twice->freed_by < 0 ? NULL : &profile->free_stacks[twice->freed_by];
	char *made = stack ? text_of_frames(profile, stack->frames, stack->n_frames) : strdup("?");
	char *freed = by ? text_of_frames(profile, by->frames, by->n_frames) : strdup("?");
	add_line(lines, "freed twice %s %s %d %" PRIu64, made, freed, twice->again_by >= 0, twice->count);
	free(made);
	free(freed);
}

static inline int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The caller's. */
static inline char *canonical(const struct profile *profile)
{
	struct lines lines = {0};
	char *text;
	size_t length;
	add_numbers_line(&lines, "totals", &profile->totals, sizeof(profile->totals) / sizeof(uint64_t));
	add_numbers_line(&lines, "integrity", profile->integrity, INTEGRITY_COUNT);
	add_line(&lines, "target %d %s %s %d %d", profile->target.pid, profile->target.exe,
		 profile->target.command, profile->target.has_exit_status, profile->target.has_signal);
	add_line(&lines, "peak %" PRIu64 " %" PRIu64 " failed %" PRIu64, profile->peak_allocs,
		 profile->peak_ms, profile->failed_allocs);
	add_line(&lines, "capture %" PRIu64 " %" PRIu64 " %" PRIu64, profile->capture.start_ms,
		 profile->capture.duration_ms, profile->capture.snapshots);
	for (size_t i = 0; i < profile->n_stacks; i++)
		add_stack_lines(&lines, profile, &profile->stacks[i]);
	for (size_t i = 0; i < profile->n_double_frees; i++)
		add_double_free_line(&lines, profile, &profile->double_frees[i]);
	for (size_t i = 0; i < profile->n_threads; i++)
		add_line(&lines, "thread %d %d %" PRIu64, profile->threads[i].pid, profile->threads[i].tid,
			 profile->threads[i].allocs);
	for (size_t i = 0; i < profile->n_merged; i++)
		add_line(&lines, "process %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %d", profile->merged[i].pid,
			 profile->merged[i].allocs, profile->merged[i].live_bytes,
			 profile->merged[i].peak_bytes, profile->merged[i].holds_peak);
	qsort(lines.all, lines.n, sizeof(*lines.all), by_text);
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	for (size_t i = 0; i < lines.n; i++) {
		fprintf(out, "%s\n", lines.all[i]);
		free(lines.all[i]);
	}
	fclose(out);
	return text;
}

static inline void check_same(const struct profile *profile, const char *expected)
{
	char *text = canonical(profile);
	if (strcmp(text, expected))
		fail_msg("%s\nexpected:\n%s", text, expected);
	free(text);
}

#endif
