/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PROFILE_EXAMPLE_H
#define PROFILE_EXAMPLE_H

/* A small profile and the text of its file, for the tests of writer and reader; the same with all
 * that can be told of it; and how to write any profile to memory. For the test program that includes it,
 * after cmocka. */
#include "captrack/profile.h"

#include <stdlib.h>
#include <string.h>

static void fill_counts(struct profile_counts *counts, uint64_t allocs, uint64_t at_peak)
{
	*counts = (struct profile_counts){
		.allocs = allocs,
		.frees = allocs - 1,
		.reallocs = 1,
		.allocated_bytes = allocs * 100,
		.freed_bytes = (allocs - 1) * 100,
		.live_allocs = 1,
		.live_bytes = 100,
		.temporary_allocs = allocs / 2,
		.peak_bytes = at_peak + 1,
		.at_peak_bytes = at_peak,
		.at_peak_allocs = 3,
		.grown_in_place = 4,
		.moved = 3,
		.moved_bytes = 100,
		.cross_thread_frees = 5,
	};
}

static struct profile_object *new_object(struct profile *profile)
{
	int64_t index = profile_add_object(profile);
	return &profile->objects[index];
}

static struct profile_frame *new_frame(struct profile *profile)
{
	int64_t index = profile_add_frame(profile);
	return &profile->frames[index];
}

static struct profile_stack *new_stack(struct profile *profile)
{
	int64_t index = profile_add_stack(profile);
	return &profile->stacks[index];
}

static void fill_frames(struct profile *profile)
{
	struct profile_frame *frame = new_frame(profile);
	frame->offset = 0x1234;
	frame->function = strdup("outer");
	frame->file = strdup("/src/a.c");
	frame->line = 12;
	frame->column = 7;
	frame->inlined = calloc(1, sizeof(*frame->inlined));
	frame->n_inlined = 1;
	frame->inlined[0].function = strdup("inner");
	frame->inlined[0].file = strdup("/src/a.h");
	frame->inlined[0].line = 3;

	frame = new_frame(profile);
	frame->object = 1;
	frame->offset = UINT64_MAX;
	frame->function = strdup("sym");
	frame->has_symbol_offset = true;
	frame->symbol_offset = 18;
}

static void fill_stacks(struct profile *profile)
{
	struct profile_stack *stack = new_stack(profile);
	fill_counts(&stack->counts, 10, 300);
	stack->frames = calloc(2, sizeof(*stack->frames));
	stack->frames[0] = 1;
	stack->n_frames = 2;
	stack->truncated = true;
	stack->why = INTEGRITY_NO_ROW_STACKS;
	stack = new_stack(profile); /* [unknown] */
	fill_counts(&stack->counts, 20, 500);
	profile_sum_stacks(profile);
	profile->peak_allocs = profile->totals.at_peak_allocs;
}

static inline void fill_example(struct profile *profile)
{
	memset(profile, 0, sizeof(*profile));
	profile->state = PROFILE_FINAL;
	profile->reason = PROFILE_EXIT;
	profile->target.pid = 42;
	profile->target.ppid = 41;
	profile->target.exe = strdup("/bin/\xff\"x");
	profile->target.command = strdup("x \xe2\x82\xac");
	profile->target.start_ms = 1700000000123;
	profile->target.has_exit_status = true;
	profile->host.arch = strdup("x86_64");
	profile->host.cpus = 2;
	profile->host.page_size = 4096;
	profile->capture.interval_ms = 500;
	profile->capture.start_ms = 1700000000100;
	profile->capture.duration_ms = 1500;
	profile->capture.snapshots = 4;
	profile->capture.allocator = strdup("glibc");
	profile->capture.probes = calloc(1, sizeof(*profile->capture.probes));
	profile->capture.n_probes = 1;
	profile->capture.probes[0] = (struct profile_probe){strdup("malloc"), 1, 0x98930, "return", true};
	profile->cost.known = profile->cost.has_trap_ns = profile->cost.traps_only = true;
	profile->cost.events = 60;
	profile->cost.trap_ns = 45000;
	profile->cost.slowdown = 1.2345;
	new_object(profile)->path = strdup("/bin/x");
	struct profile_object *object = new_object(profile);
	object->path = strdup("/lib/libc.so.6");
	object->build_id = strdup("00ff");
	fill_frames(profile);
	fill_stacks(profile);
	profile->failed_allocs = 2;
	profile->peak_ms = 77;
	profile->integrity[INTEGRITY_DROPPED_STACKS] = 5;
	profile->integrity[INTEGRITY_TRUNCATED_STACKS] = profile->integrity[INTEGRITY_NO_ROW_STACKS] = 1;
}

static inline void count_classes(struct profile_histogram *histogram, uint32_t first, uint32_t last)
{
	for (uint32_t class = first; class <= last; class ++)
		assert_int_equal(profile_histogram_add(histogram, class, 10 + class), 0);
}

/* All there is, in stacks[0] alone, which is the second of the file. */
static inline void fill_stack_details(struct profile_stack *stack)
{
	stack->lifetimes = (struct profile_lifetimes){.min = 4, .max = 60, .has_sum = true, .sum = 300};
	count_classes(&stack->lifetimes.log2, 3, 6);
	stack->ages = (struct profile_ages){
		.known = true, .min = 5, .max = 7, .mean = 6, .startup_allocs = 1, .startup_bytes = 100};
	stack->sizes = (struct profile_sizes){.min = 0, .max = 3};
	count_classes(&stack->sizes.log2, 0, 2);
	stack->growth = calloc(1, sizeof(*stack->growth));
	*stack->growth = (struct profile_growth){.chains = 3,
						 .steps = 9,
						 .first_bytes = 30,
						 .copied_bytes = 210,
						 .open_chains = 1,
						 .total_observed = 3,
						 .final_sizes = calloc(3, sizeof(uint64_t)),
						 .n_final_sizes = 3};
	stack->growth->final_sizes[0] = 80;
	stack->growth->final_sizes[1] = 1ull << 40;
	stack->leak = (struct profile_leak){.score = 0.8734, .bytes_per_s = 1234};
	stack->freed_by = calloc(2, sizeof(*stack->freed_by));
	stack->n_freed_by = 2;
	stack->freed_by[0] = (struct profile_freed_by){1, 8, 0};
	stack->freed_by[1] = (struct profile_freed_by){0, 1, 1};
}

static inline void fill_free_stacks(struct profile *profile)
{
	profile->capture.free_stacks = true;
	int64_t whole = profile_add_free_stack(profile), empty = profile_add_free_stack(profile);
	assert_true(whole == 0 && empty == 1);
	profile->free_stacks[0].frames = calloc(2, sizeof(uint32_t));
	profile->free_stacks[0].frames[1] = 1;
	profile->free_stacks[0].n_frames = 2;
	int64_t known = profile_add_double_free(profile), unknown = profile_add_double_free(profile);
	profile->double_frees[known] =
		(struct profile_double_free){.stack = 0, .freed_by = 0, .again_by = 1, .count = 2};
	profile->double_frees[unknown] =
		(struct profile_double_free){.stack = -1, .freed_by = -1, .again_by = -1, .count = 7};
}

static inline void fill_threads(struct profile *profile)
{
	static const struct profile_thread threads[] = {
		{.tid = 42,
		 .allocs = 25,
		 .frees = 20,
		 .allocated_bytes = 2500,
		 .live_allocs = 2,
		 .live_bytes = 200},
		{.tid = 0, .allocs = 5, .frees = 8, .allocated_bytes = 500},
	};
	for (size_t i = 0; i < 2; i++) {
		int64_t index = profile_add_thread(profile);
		profile->threads[index] = threads[i];
		profile->threads[index].name = strdup(i ? "[others]" : "main \"\xff\"");
	}
}

static inline void fill_timeline(struct profile *profile)
{
	static const struct profile_point points[] = {
		{.ms = 500,
		 .live_bytes = 64,
		 .live_allocs = 2,
		 .allocated_bytes = 64000,
		 .allocs = 1000,
		 .frees = 998,
		 .has_usage = true,
		 .rss_bytes = 4096,
		 .threads = 2,
		 .cpu_ms = 30,
		 .minor_faults = 5,
		 .has_io = true,
		 .read_bytes = 832,
		 .written_bytes = 1},
		{.ms = 600, .live_bytes = 800, .live_allocs = 6, .is_peak = true},
		{.ms = 1100, .allocated_bytes = 64100, .allocs = 1001, .frees = 1001},
		{.ms = 1100, .allocated_bytes = 64100, .allocs = 1001, .frees = 1001},
	};
	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
		int64_t index = profile_add_point(profile);
		profile->timeline[index] = points[i];
	}
}

static inline void fill_detailed(struct profile *profile)
{
	fill_example(profile);
	fill_stack_details(&profile->stacks[0]);
	fill_free_stacks(profile);
	fill_threads(profile);
	fill_timeline(profile);
}

static inline char *write_text(struct profile *profile, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);
	assert_non_null(out);
	assert_int_equal(profile_write_json(profile, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Reads what is not read without an error that says `part`; from a block of exactly that size, so that a
 * byte too far is seen. */
static inline void refuse(const char *text, size_t length, const char *part)
{
	struct profile profile;
	struct ct_error err = {0};
	char *copy = malloc(length ? length : 1);
	memcpy(copy, text, length);
	int result = profile_read_json(copy, length, &profile, &err);
	free(copy);
	if (result >= 0 || !strstr(err.text, part))
		fail_msg("%.80s: %d '%s', expected '%s'", text, result, err.text, part);
	for (size_t i = 0; i < sizeof(profile); i++)
		assert_int_equal(((unsigned char *)&profile)[i], 0);
}

static const char example_text[] =
	"{\"version\":1,\n"
	"\"tool\":{\"name\":\"captrack-bpf\",\"version\":\"" CT_VERSION "\"},\n"
	"\"state\":\"final\",\n"
	"\"reason\":\"exit\",\n"
	"\"target\":{\"pid\":42,\"ppid\":41,\"exe\":\"/bin/\xef\xbf\xbd\\\"x\",\"command\":\"x "
	"\xe2\x82\xac\","
	"\"start_ms\":1700000000123,\"attached\":\"start\",\"exit_status\":0},\n"
	"\"host\":{\"arch\":\"x86_64\",\"cpus\":2,\"page_size\":4096},\n"
	"\"capture\":{\"mode\":\"exact\",\"interval_ms\":500,\"start_ms\":1700000000100,\"duration_ms\":1500,"
	"\"snapshots\":4,\"allocators\":[\"glibc\"],\"probes\":[{\"function\":\"malloc\",\"object\":1,"
	"\"site_offset\":\"0x98930\",\"kind\":\"return\",\"emulated\":true}]},\n"
	"\"cost\":{\"events\":60,\"trap_ns\":45000,\"slowdown\":1.234,\"traps_only\":true},\n"
	"\"totals\":{\"allocs\":30,\"frees\":28,\"reallocs\":2,\"failed_allocs\":2,\"allocated_bytes\":3000,"
	"\"freed_bytes\":2800,\"live_allocs\":2,\"live_bytes\":200,\"peak_bytes\":800,\"peak_allocs\":6,"
	"\"peak_ms\":77,\"temporary_allocs\":15,\"grown_in_place\":8,\"moved\":6,\"moved_bytes\":200,"
	"\"cross_thread_frees\":10},\n"
	"\"rates\":{\"allocs_per_s\":20.000,\"frees_per_s\":18.667,\"allocated_bytes_per_s\":2000.000},\n"
	"\"integrity\":{\"unmatched_frees\":0,\"internal_frees\":0,\"dropped_blocks\":0,\"dropped_stacks\":5,"
	"\"truncated_stacks\":1,\"depth_stacks\":0,\"unknown_object_stacks\":0,\"no_row_stacks\":1,"
	"\"odd_row_stacks\":0,\"read_fault_stacks\":0,\"not_code_stacks\":0,\"no_progress_stacks\":0,"
	"\"busy_stacks\":0,\"missed_frees\":0,\"lost_returns\":0,"
	"\"unreadable_results\":0,\"dropped_events\":0,\"dropped_calls\":0,\"unfollowed_children\":0,\"main_"
	"thread_gone\":0,\"double_frees\":0,\"dropped_details\":0},\n"
	"\"objects\":[\n"
	"{\"path\":\"/bin/x\"},\n"
	"{\"path\":\"/lib/libc.so.6\",\"build_id\":\"00ff\"}],\n"
	"\"frames\":[\n"
	"{\"object\":0,\"offset\":\"0x1234\",\"function\":\"outer\",\"file\":\"/src/a.c\",\"line\":12,"
	"\"column\":7,\"inlined\":[{\"function\":\"inner\",\"file\":\"/src/a.h\",\"line\":3}]},\n"
	"{\"object\":1,\"offset\":\"0xffffffffffffffff\",\"function\":\"sym\",\"symbol_offset\":18}],\n"
	"\"stacks\":[\n"
	"{\"frames\":[],\"allocs\":20,\"frees\":19,\"reallocs\":1,\"allocated_bytes\":2000,"
	"\"freed_bytes\":1900,\"live_allocs\":1,\"live_bytes\":100,\"peak_bytes\":501,\"at_peak_bytes\":500,"
	"\"at_peak_allocs\":3,\"temporary_allocs\":10,\"grown_in_place\":4,\"moved\":3,\"moved_bytes\":100,"
	"\"cross_thread_frees\":5},\n"
	"{\"frames\":[1,0],\"truncated\":true,\"end\":\"no_row\",\"allocs\":10,\"frees\":9,\"reallocs\":1,"
	"\"allocated_bytes\":1000,\"freed_bytes\":900,\"live_allocs\":1,\"live_bytes\":100,"
	"\"peak_bytes\":301,\"at_peak_bytes\":300,\"at_peak_allocs\":3,\"temporary_allocs\":5,\"grown_in_"
	"place\":4,\"moved\":3,"
	"\"moved_bytes\":100,\"cross_thread_frees\":5}]}\n";

#endif
