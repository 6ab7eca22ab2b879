// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Merging: what adds up, what is the highest of all, what is equal, what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "merged_profiles.h"

enum { COUNTERS = sizeof(struct profile_counts) / sizeof(uint64_t) };

/* Of each counter another power of two, so that no mix-up comes out right. */
static void fill_counters(struct profile_counts *counts, unsigned int shift)
{
	for (size_t i = 0; i < COUNTERS; i++)
		((uint64_t *)counts)[i] = 1ull << (i + shift);
}

static void test_every_counter_adds_up_but_peaks(void **state)
{
	(void)state;
	struct profile parts[2], merged;
	for (unsigned int i = 0; i < 2; i++) {
		process_begin(&parts[i], (int)i + 1);
		fill_counters(&made_stack(&parts[i], "f a.c:1 < main a.c:9")->counts, 16 * i);
		fill_counters(&parts[i].totals, 16 * i);
		parts[i].failed_allocs = 1 + 10 * i;
		parts[i].peak_allocs = parts[i].totals.at_peak_allocs;
		parts[i].peak_ms = 7 + i;
		for (int k = 0; k < INTEGRITY_COUNT; k++)
			if (k != INTEGRITY_TRUNCATED_STACKS && !profile_is_reason((enum profile_integrity)k))
				parts[i].integrity[k] = 1ull << (k + i * 30);
	}
	merge_all(parts, 2, &merged);
	assert_int_equal(merged.n_stacks, 1);
	struct profile_counts expected;
	for (size_t i = 0; i < COUNTERS; i++)
		((uint64_t *)&expected)[i] = 0x10001ull << i;
	const struct profile_counts *second = &parts[1].stacks[0].counts;
	expected.peak_bytes = second->peak_bytes;
	expected.at_peak_bytes = second->at_peak_bytes;
	expected.at_peak_allocs = second->at_peak_allocs;
	assert_memory_equal(&merged.stacks[0].counts, &expected, sizeof(expected));
	expected.at_peak_bytes = expected.peak_bytes; /* the totals have it twice */
	assert_memory_equal(&merged.totals, &expected, sizeof(expected));
	assert_int_equal(merged.failed_allocs, 12);
	assert_int_equal(merged.peak_allocs, second->at_peak_allocs);
	assert_int_equal(merged.peak_ms, 8);
	for (int k = 0; k < INTEGRITY_COUNT; k++)
		if (k != INTEGRITY_TRUNCATED_STACKS && !profile_is_reason((enum profile_integrity)k))
			assert_true(merged.integrity[k] == 0x40000001ull << k);
	assert_int_equal(merged.capture.snapshots, 10);
	assert_int_equal(merged.capture.duration_ms, 2000);
	profile_deinit(&merged);
	free_all(parts, 2);
}

/* At the peak a process holds 10 bytes a stack of its own, 1 block each. */
static void add_held(struct profile *profile, const char *frames, uint64_t bytes)
{
	struct profile_stack *stack = made_stack(profile, frames);
	stack->counts = (struct profile_counts){.allocs = 2,
						.frees = 1,
						.allocated_bytes = 2 * bytes,
						.freed_bytes = bytes,
						.live_allocs = 1,
						.live_bytes = bytes,
						.peak_bytes = bytes + 5,
						.at_peak_bytes = bytes,
						.at_peak_allocs = 1};
	profile_sum_stacks(profile);
	profile->peak_allocs = profile->totals.at_peak_allocs;
}

static void check_sums(const struct profile *profile)
{
	uint64_t bytes = 0, blocks = 0, allocs = 0;
	for (size_t i = 0; i < profile->n_stacks; i++) {
		bytes += profile->stacks[i].counts.at_peak_bytes;
		blocks += profile->stacks[i].counts.at_peak_allocs;
		allocs += profile->stacks[i].counts.allocs;
	}
	assert_int_equal(bytes, profile->totals.peak_bytes);
	assert_int_equal(blocks, profile->peak_allocs);
	assert_int_equal(allocs, profile->totals.allocs);
}

static void test_the_peak_is_that_of_the_highest_whatever_the_order(void **state)
{
	(void)state;
	static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		struct profile parts[3], merged;
		for (int k = 0; k < 3; k++)
			process_begin(&parts[k], k + 1);
		add_held(&parts[0], "all a.c:1 < main a.c:9", 100);
		add_held(&parts[0], "low a.c:2 < main a.c:9", 90); /* 190 */
		add_held(&parts[1], "all a.c:1 < main a.c:9", 80);
		add_held(&parts[1], "high a.c:3 < main a.c:9", 120); /* 200 */
		add_held(&parts[2], "all a.c:1 < main a.c:9", 110);
		merge_in_order(parts, orders[i], 3, &merged);
		check_sums(&merged);
		assert_int_equal(merged.totals.peak_bytes, 200);
		assert_int_equal(merged.totals.live_bytes, 500);
		assert_int_equal(merged.target.pid, 2);
		const struct profile_counts *all = counts_of(&merged, "all"),
					    *low = counts_of(&merged, "low");
		assert_int_equal(all->at_peak_bytes, 80);
		assert_int_equal(all->peak_bytes, 115);
		assert_int_equal(all->live_bytes, 290);
		assert_int_equal(low->at_peak_bytes, 0);
		assert_int_equal(low->at_peak_allocs, 0);
		assert_int_equal(low->peak_bytes, 95);
		assert_int_equal(merged.n_merged, 3);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(merged.merged[k].pid, orders[i][k] + 1);
			assert_int_equal(merged.merged[k].holds_peak, orders[i][k] == 1);
		}
		profile_deinit(&merged);
		free_all(parts, 3);
	}
}

/* Equal peaks: the one that allocated more, then the one that began first. */
static void test_equal_peaks_are_told_apart_without_the_order(void **state)
{
	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		const size_t order[] = {(size_t)swapped, (size_t)!swapped};
		struct profile parts[2], merged;
		process_begin(&parts[0], 7);
		process_begin(&parts[1], 3);
		parts[0].target.start_ms = 10;
		parts[1].target.start_ms = 20;
		merge_in_order(parts, order, 2, &merged);
		assert_int_equal(merged.target.pid, 7);
		profile_deinit(&merged);
		parts[1].totals.allocated_bytes = 1;
		merge_in_order(parts, order, 2, &merged);
		assert_int_equal(merged.target.pid, 3);
		profile_deinit(&merged);
		free_all(parts, 2);
	}
}

static void test_one_file_is_itself(void **state)
{
	(void)state;
	struct profile profile, merged;
	size_t length, merged_length;
	fill_detailed(&profile);
	profile.threads[0].pid = profile.threads[1].pid = profile.target.pid;
	char *text = write_text(&profile, &length);
	profile.threads[0].pid = profile.threads[1].pid = 0;
	merge_all(&profile, 1, &merged);
	char *merged_text = write_text(&merged, &merged_length);
	/* But for the end: "}\n". */
	assert_true(merged_length > length);
	assert_memory_equal(merged_text, text, length - 2);
	assert_int_equal(strncmp(merged_text + length - 2, ",\n\"merged\":[", 12), 0);
	free(text);
	free(merged_text);
	profile_deinit(&merged);
	profile_deinit(&profile);
}

static size_t merged_stacks(const char *first, const char *second, void (*change)(struct profile *))
{
	struct profile parts[2], merged;
	process_begin(&parts[0], 1);
	process_begin(&parts[1], 2);
	made_stack(&parts[0], first)->counts.allocs = 1;
	made_stack(&parts[1], second)->counts.allocs = 1;
	if (change)
		change(&parts[1]);
	merge_all(parts, 2, &merged);
	size_t n = merged.n_stacks;
	profile_deinit(&merged);
	free_all(parts, 2);
	return n;
}

static void rebuild(struct profile *profile)
{
	profile->objects[0].build_id = strdup("11");
}

static void truncate_it(struct profile *profile)
{
	profile->stacks[0].truncated = true;
	profile->stacks[0].why = INTEGRITY_NO_ROW_STACKS;
}

static void move_frame(struct profile *profile)
{
	profile->frames[0].offset++;
}

static void unname_file(struct profile *profile)
{
	free(profile->frames[0].file);
	profile->frames[0].file = NULL;
}

static void empty_file(struct profile *profile)
{
	profile->frames[0].file[0] = '\0';
}

static void number_frames_otherwise(struct profile *profile)
{
	struct profile_frame frame = profile->frames[0];
	profile->frames[0] = profile->frames[1];
	profile->frames[1] = frame;
	profile->stacks[0].frames[0] = 1;
	profile->stacks[0].frames[1] = 0;
	struct profile_object object = profile->objects[0];
	profile->objects[0] = profile->objects[1];
	profile->objects[1] = object;
	profile->frames[0].object = profile->frames[1].object = 1;
}

static void test_which_stacks_are_equal(void **state)
{
	(void)state;
	static const char two[] = "f a.c:1 < main a.c:9";
	assert_int_equal(merged_stacks(two, two, NULL), 1);
	assert_int_equal(merged_stacks(two, two, number_frames_otherwise), 1);
	assert_int_equal(merged_stacks("", "", NULL), 1); /* [unknown] */
	static const char *const others[] = {"",
					     "main a.c:9 < f a.c:1",
					     "f a.c:1",
					     "f a.c:1 < main a.c:9 < main a.c:9",
					     "f a.c:2 < main a.c:9",
					     "f a.c:1:3 < main a.c:9",
					     "f b.c:1 < main a.c:9",
					     "g a.c:1 < main a.c:9",
					     "i a.h:1^ < f a.c:1 < main a.c:9"};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(merged_stacks(two, others[i], NULL), 2);
	assert_int_equal(merged_stacks("i a.h:1^ < f a.c:1", "i a.h:1^ < f a.c:1", NULL), 1);
	assert_int_equal(merged_stacks("i a.h:1^ < f a.c:1", "i a.h:2^ < f a.c:1", NULL), 2);
	assert_int_equal(merged_stacks("i a.h:1^ < f a.c:1", "j a.h:1^ < f a.c:1", NULL), 2);
	static void (*const changes[])(struct profile *) = {rebuild, truncate_it, move_frame, unname_file,
							    empty_file};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		assert_int_equal(merged_stacks(two, two, changes[i]), 2);
}

/* One stack that four processes have is one stack that is not whole. */
static void test_stacks_that_are_not_whole_are_counted_as_stacks(void **state)
{
	(void)state;
	struct profile parts[4], merged;
	for (int i = 0; i < 4; i++) {
		process_begin(&parts[i], i + 1);
		made_stack(&parts[i], "f a.c:1")->counts.allocs = 1;
		truncate_it(&parts[i]);
		parts[i].integrity[INTEGRITY_TRUNCATED_STACKS] = parts[i].integrity[INTEGRITY_NO_ROW_STACKS] =
			1;
	}
	parts[3].stacks[0].why = INTEGRITY_DEPTH_STACKS;
	merge_all(parts, 4, &merged);
	assert_int_equal(merged.n_stacks, 2);
	assert_int_equal(merged.integrity[INTEGRITY_TRUNCATED_STACKS], 2);
	assert_int_equal(merged.integrity[INTEGRITY_NO_ROW_STACKS], 1);
	assert_int_equal(merged.integrity[INTEGRITY_DEPTH_STACKS], 1);
	profile_deinit(&merged);
	free_all(parts, 4);
}

/* With --by-thread: threads of two processes are two, whatever their numbers. */
static void test_stacks_of_threads_stay_apart(void **state)
{
	(void)state;
	struct profile parts[2], merged;
	for (int i = 0; i < 2; i++) {
		process_begin(&parts[i], i + 1);
		parts[i].capture.by_thread = true;
		for (uint32_t k = 0; k < 2; k++) {
			int64_t thread = profile_add_thread(&parts[i]);
			parts[i].threads[thread].tid = 7 + (int)k;
			struct profile_stack *stack = made_stack(&parts[i], "f a.c:1");
			parts[i].frames[stack->frames[0]].offset = 5;
			stack->has_thread = true;
			stack->thread = k;
		}
	}
	merge_all(parts, 2, &merged);
	assert_int_equal(merged.n_stacks, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(merged.stacks[i].thread, i);
		assert_int_equal(merged.threads[i].tid, 7 + i % 2);
		assert_int_equal(merged.threads[i].pid, 1 + i / 2);
	}
	profile_deinit(&merged);
	free_all(parts, 2);
}

static void test_sums_that_do_not_fit_are_errors(void **state)
{
	(void)state;
	struct profile parts[2];
	for (int i = 0; i < 2; i++) {
		process_begin(&parts[i], i + 1);
		made_stack(&parts[i], "f a.c:1")->counts.freed_bytes = UINT64_MAX;
	}
	refuse_merging(parts, 2, -EOVERFLOW, "p2.json': freed_bytes of a stack");
	parts[0].totals.reallocs = 1;
	parts[1].totals.reallocs = UINT64_MAX;
	refuse_merging(parts, 2, -EOVERFLOW, "reallocs of the totals");
	parts[0].totals.reallocs = 0;
	parts[0].stacks[0].counts.freed_bytes = 0;
	struct profile merged;
	merge_all(parts, 2, &merged);
	assert_true(merged.totals.reallocs == UINT64_MAX);
	assert_true(merged.stacks[0].counts.freed_bytes == UINT64_MAX);
	profile_deinit(&merged);
	free_all(parts, 2);
}

static void test_other_modes_are_refused(void **state)
{
	(void)state;
	struct profile parts[2];
	process_begin(&parts[0], 1);
	process_begin(&parts[1], 2);
	parts[1].capture.sample_bytes = 4096;
	refuse_merging(parts, 2, -EINVAL, "its capture was: --sample 4096; that of 'p1.json': exact;");
	parts[0].capture.sample_bytes = 512;
	refuse_merging(parts, 2, -EINVAL, "--sample 512;");
	parts[0].capture.sample_bytes = 4096;
	parts[0].capture.allocs_only = true;
	refuse_merging(parts, 2, -EINVAL, "--sample 4096, --allocs-only");
	parts[1].capture.allocs_only = parts[1].capture.no_details = true;
	refuse_merging(parts, 2, -EINVAL, "--no-details");
	parts[0].capture.no_details = parts[0].capture.free_stacks = true;
	refuse_merging(parts, 2, -EINVAL, "--free-stacks");
	parts[1].capture.free_stacks = parts[1].capture.by_thread = true;
	refuse_merging(parts, 2, -EINVAL, "--free-stacks, --by-thread;");
	free_all(parts, 2);
}

static void test_a_process_counts_once(void **state)
{
	(void)state;
	struct profile parts[3], merged;
	for (int i = 0; i < 3; i++)
		process_begin(&parts[i], 42);
	refuse_merging(parts, 2, -EEXIST,
		       "p2.json': process 42, which began at 1000 ms, is in 'p1.json' too");
	parts[1].target.start_ms++; /* the same number again */
	free(parts[2].target.exe);
	parts[2].target.exe = NULL;
	merge_all(parts, 3, &merged);
	assert_int_equal(merged.n_merged, 3);
	struct profile again[2] = {merged, parts[2]};
	refuse_merging(again, 2, -EEXIST, "'p1.json' too");
	profile_deinit(&merged);
	free_all(parts, 3);
}

static void test_the_order_of_inputs_and_of_merges_does_not_matter(void **state)
{
	(void)state;
	static const size_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
	struct profile parts[3], merged, pair, both[2];
	for (int i = 0; i < 3; i++)
		detailed_process(&parts[i], i);
	merge_in_order(parts, orders[0], 3, &merged);
	char *expected = canonical(&merged);
	profile_deinit(&merged);
	for (size_t i = 0; i < 3; i++) {
		merge_in_order(parts, orders[i], 3, &merged);
		check_same(&merged, expected);
		profile_deinit(&merged);
		/* Two of them first. */
		merge_in_order(parts, orders[i], 2, &pair);
		for (int k = 0; k < 2; k++) {
			both[k] = pair;
			both[!k] = parts[orders[i][2]];
			merge_all(both, 2, &merged);
			check_same(&merged, expected);
			profile_deinit(&merged);
		}
		profile_deinit(&pair);
	}
	free(expected);
	free_all(parts, 3);
}

static void test_a_merged_profile_can_be_written_and_read(void **state)
{
	(void)state;
	struct profile parts[3], merged, read;
	struct ct_error err = {0};
	size_t length;
	for (int i = 0; i < 3; i++)
		detailed_process(&parts[i], i);
	merge_all(parts, 3, &merged);
	char *text = write_text(&merged, &length);
	if (profile_read_json(text, length, &read, &err))
		fail_msg("%s", err.text);
	char *expected = canonical(&merged);
	check_same(&read, expected);
	assert_int_equal(read.n_merged, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(read.merged[i].exe, merged.merged[i].exe);
		assert_string_equal(read.merged[i].file, merged.merged[i].file);
		assert_string_equal(read.merged[i].command, merged.merged[i].command);
		assert_int_equal(read.merged[i].peak_ms, merged.merged[i].peak_ms);
		assert_int_equal(read.merged[i].exit_status, merged.merged[i].exit_status);
		assert_int_equal(read.merged[i].has_signal, merged.merged[i].has_signal);
		assert_int_equal(read.threads[i].pid, parts[i].target.pid);
	}
	assert_null(strstr(text, "\"rates\"")); /* of nobody's time */
	free(expected);
	free(text);
	profile_deinit(&read);
	profile_deinit(&merged);
	free_all(parts, 3);
}

/* What is kept grows with what is new, not with what is read. */
static void test_a_thousand_runs_are_no_larger_than_one(void **state)
{
	(void)state;
	struct profile_merger *merger;
	struct ct_error err = {0};
	struct profile merged;
	assert_int_equal(profile_merger_new(&merger), 0);
	for (int i = 0; i < 1000; i++) {
		struct profile part;
		detailed_process(&part, 0);
		part.target.pid = i + 1;
		if (profile_merge_add(merger, &part, "p.json", &err))
			fail_msg("%s", err.text);
		profile_deinit(&part);
	}
	profile_merge_finish(merger, &merged);
	profile_merger_free(merger);
	struct profile one;
	detailed_process(&one, 0);
	assert_int_equal(merged.n_stacks, one.n_stacks);
	assert_int_equal(merged.n_frames, one.n_frames);
	assert_int_equal(merged.n_objects, one.n_objects);
	assert_int_equal(merged.n_free_stacks, one.n_free_stacks);
	assert_int_equal(merged.n_double_frees, one.n_double_frees);
	assert_int_equal(merged.n_merged, 1000);
	assert_int_equal(merged.totals.allocs, 1000 * one.totals.allocs);
	for (size_t i = 0; i < merged.n_stacks; i++)
		if (merged.stacks[i].growth)
			assert_true(merged.stacks[i].growth->n_final_sizes <= 4096);
	profile_deinit(&one);
	profile_deinit(&merged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_counter_adds_up_but_peaks),
		cmocka_unit_test(test_the_peak_is_that_of_the_highest_whatever_the_order),
		cmocka_unit_test(test_equal_peaks_are_told_apart_without_the_order),
		cmocka_unit_test(test_one_file_is_itself),
		cmocka_unit_test(test_which_stacks_are_equal),
		cmocka_unit_test(test_stacks_that_are_not_whole_are_counted_as_stacks),
		cmocka_unit_test(test_stacks_of_threads_stay_apart),
		cmocka_unit_test(test_sums_that_do_not_fit_are_errors),
		cmocka_unit_test(test_other_modes_are_refused),
		cmocka_unit_test(test_a_process_counts_once),
		cmocka_unit_test(test_the_order_of_inputs_and_of_merges_does_not_matter),
		cmocka_unit_test(test_a_merged_profile_can_be_written_and_read),
		cmocka_unit_test(test_a_thousand_runs_are_no_larger_than_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
