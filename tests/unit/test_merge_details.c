// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Merging what is told of a stack's blocks, and the table that equal things are found by. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/profile/merge_table.h"
#include "merged_profiles.h"

static struct profile_stack *begin_with_stack(struct profile *profile, int pid)
{
	process_begin(profile, pid);
	return made_stack(profile, "f a.c:1");
}

static void test_ages_are_known_where_they_are_of_all_that_lives(void **state)
{
	(void)state;
	static const struct {
		bool known[2];
		uint64_t live[2];
		bool merged;
		uint64_t mean;
	} cases[] = {
		{{true, true}, {1, 3}, true, 250},  {{true, false}, {1, 3}, false, 0},
		{{false, true}, {1, 3}, false, 0},  {{true, false}, {1, 0}, true, 100},
		{{false, true}, {0, 3}, true, 300}, {{false, false}, {0, 0}, false, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct profile parts[2], merged;
		for (int k = 0; k < 2; k++) {
			struct profile_stack *stack = begin_with_stack(&parts[k], k + 1);
			stack->counts.live_allocs = cases[i].live[k];
			if (cases[i].known[k])
				stack->ages = (struct profile_ages){.known = true,
								    .min = k ? 290 : 90,
								    .max = k ? 310 : 110,
								    .mean = k ? 300 : 100,
								    .startup_allocs = 1,
								    .startup_bytes = 10};
		}
		merge_all(parts, 2, &merged);
		const struct profile_ages *ages = &merged.stacks[0].ages;
		assert_int_equal(ages->known, cases[i].merged);
		if (ages->known)
			assert_int_equal(ages->mean, cases[i].mean);
		if (!i) {
			assert_int_equal(ages->min, 90);
			assert_int_equal(ages->max, 310);
			assert_int_equal(ages->startup_allocs, 2);
			assert_int_equal(ages->startup_bytes, 20);
		}
		profile_deinit(&merged);
		free_all(parts, 2);
	}
}

static void test_ages_of_a_running_profile_are_not_known(void **state)
{
	(void)state;
	struct profile parts[2], merged;
	struct profile_stack *stack = begin_with_stack(&parts[0], 1);
	stack->counts.live_allocs = 1;
	stack->ages.known = true;
	process_begin(&parts[1], 2);
	merge_all(parts, 2, &merged);
	assert_true(merged.stacks[0].ages.known);
	profile_deinit(&merged);
	parts[1].state = PROFILE_RUNNING;
	merge_all(parts, 2, &merged);
	assert_false(merged.stacks[0].ages.known);
	profile_deinit(&merged);
	free_all(parts, 2);
}

/* Rounded once, at the end: not 100 times. */
static void test_mean_ages_are_exact(void **state)
{
	(void)state;
	struct profile parts[100], merged;
	for (int i = 0; i < 100; i++) {
		struct profile_stack *stack = begin_with_stack(&parts[i], i + 1);
		stack->counts.live_allocs = 1;
		stack->ages = (struct profile_ages){.known = true, .mean = UINT64_MAX - (uint64_t)(i % 2)};
	}
	merge_all(parts, 100, &merged);
	assert_true(merged.stacks[0].ages.mean == UINT64_MAX - 1); /* and a half */
	profile_deinit(&merged);
	free_all(parts, 100);
}

static void test_spreads(void **state)
{
	(void)state;
	struct profile parts[3], merged;
	for (int i = 0; i < 3; i++) {
		struct profile_stack *stack = begin_with_stack(&parts[i], i + 1);
		if (i == 1)
			continue; /* nothing is told of its blocks */
		stack->lifetimes = (struct profile_lifetimes){
			.min = i ? 3 : 9, .max = i ? 4 : 5, .has_sum = true, .sum = i ? 10 : UINT64_MAX - 10};
		count_classes(&stack->lifetimes.log2, i ? 2 : 5, i ? 6 : 63);
		stack->sizes = (struct profile_sizes){.min = i ? 8 : 2, .max = 20};
		count_classes(&stack->sizes.log2, 0, 0);
	}
	merge_all(parts, 3, &merged);
	const struct profile_stack *stack = &merged.stacks[0];
	assert_int_equal(stack->lifetimes.min, 3);
	assert_int_equal(stack->lifetimes.max, 5);
	assert_true(stack->lifetimes.has_sum && stack->lifetimes.sum == UINT64_MAX);
	assert_int_equal(stack->sizes.min, 2);
	assert_int_equal(stack->sizes.max, 20);
	assert_int_equal(stack->sizes.log2.counts[0], 20);
	for (uint32_t class = 2; class < 64; class ++) {
		uint64_t expected = class < 5 ? 10 + class : class < 7 ? 20 + 2 * class : 10 + class;
		assert_int_equal(stack->lifetimes.log2.counts[class - stack->lifetimes.log2.first], expected);
	}
	profile_deinit(&merged);
	parts[2].stacks[0].lifetimes.sum = 11; /* 584 years */
	merge_all(parts, 3, &merged);
	assert_false(merged.stacks[0].lifetimes.has_sum);
	profile_deinit(&merged);
	parts[2].stacks[0].sizes.log2.counts[0] = UINT64_MAX;
	refuse_merging(parts, 3, -EOVERFLOW, "sizes");
	free_all(parts, 3);
}

static void test_the_clearest_leak_is_told(void **state)
{
	(void)state;
	static const struct profile_leak leaks[] = {{0.5, 100}, {0.9, 7}, {0.9, 8}, {0, 0}};
	struct profile parts[4], merged;
	for (int i = 0; i < 4; i++)
		begin_with_stack(&parts[i], i + 1)->leak = leaks[i];
	merge_all(parts, 4, &merged);
	assert_true(merged.stacks[0].leak.score == 0.9);
	assert_int_equal(merged.stacks[0].leak.bytes_per_s, 8);
	profile_deinit(&merged);
	free_all(parts, 4);
}

/* Of 1,000,000 chains of one size and 500,000 of another, known by samples of the same number, a third are
 * of the other: 4096 draws, five standard errors of 30. */
static void test_final_sizes_are_fair_and_bounded(void **state)
{
	(void)state;
	struct profile parts[3], merged;
	for (int i = 0; i < 3; i++) {
		struct profile_growth *growth =
			made_growth(begin_with_stack(&parts[i], i + 1), i == 2 ? 64 : 16, 0, 4096);
		growth->chains = growth->total_observed = 500000;
	}
	merge_all(parts, 3, &merged);
	const struct profile_growth *growth = merged.stacks[0].growth;
	assert_int_equal(growth->chains, 1500000);
	assert_int_equal(growth->total_observed, 1500000);
	assert_in_range(growth->n_final_sizes, 4000, 4096);
	size_t others = 0;
	for (size_t i = 0; i < growth->n_final_sizes; i++)
		others += growth->final_sizes[i] == 64;
	assert_in_range(others, 1365 - 150, 1365 + 150);
	profile_deinit(&merged);
	free_all(parts, 3);
}

static void test_files_that_lie_about_final_sizes(void **state)
{
	(void)state;
	struct profile parts[3], merged;
	for (int i = 0; i < 3; i++) {
		struct profile_growth *growth = made_growth(begin_with_stack(&parts[i], i + 1), 1, 1, 5);
		growth->total_observed = i ? 5 : 0; /* fewer than there are */
	}
	parts[2].stacks[0].growth->n_final_sizes = 0; /* none of five */
	merge_all(parts, 3, &merged);
	assert_int_equal(merged.stacks[0].growth->total_observed, 15);
	assert_int_equal(merged.stacks[0].growth->n_final_sizes, 10);
	profile_deinit(&merged);
	parts[2].stacks[0].growth->total_observed = UINT64_MAX;
	refuse_merging(parts, 3, -EOVERFLOW, "total_observed");
	free_all(parts, 3);
}

/* As many as an input kept, with $CAPTRACK_SAMPLE_CAP. */
static void test_larger_samples_stay(void **state)
{
	(void)state;
	struct profile parts[2], merged;
	made_growth(begin_with_stack(&parts[0], 1), 1, 1, 6000);
	made_growth(begin_with_stack(&parts[1], 2), 1, 1, 10);
	for (size_t i = 0; i < 2; i++) {
		const size_t order[] = {i, 1 - i};
		merge_in_order(parts, order, 2, &merged);
		assert_int_equal(merged.stacks[0].growth->n_final_sizes, 6000);
		assert_int_equal(merged.stacks[0].growth->total_observed, 6010);
		profile_deinit(&merged);
	}
	free_all(parts, 2);
}

/* Two stacks of one input may be one, in the model: their sums stay those of the input. */
static void test_equal_stacks_of_one_input_are_one(void **state)
{
	(void)state;
	struct profile part, merged;
	process_begin(&part, 1);
	for (int i = 0; i < 2; i++) {
		struct profile_stack *stack = made_stack(&part, "f a.c:1");
		part.frames[stack->frames[0]].offset = 5;
		stack->counts = (struct profile_counts){.allocs = 3, .at_peak_bytes = 10, .peak_bytes = 12};
		stack->freed_by = calloc(1, sizeof(*stack->freed_by));
		stack->n_freed_by = 1;
		stack->freed_by[0].frees = 4;
	}
	made_free_stack(&part, "g a.c:2");
	profile_sum_stacks(&part);
	merge_all(&part, 1, &merged);
	assert_int_equal(merged.n_stacks, 1);
	assert_int_equal(merged.stacks[0].counts.allocs, 6);
	assert_int_equal(merged.stacks[0].counts.at_peak_bytes, 20);
	assert_int_equal(merged.totals.peak_bytes, 20);
	assert_int_equal(merged.stacks[0].n_freed_by, 1);
	assert_int_equal(merged.stacks[0].freed_by[0].frees, 8);
	profile_deinit(&merged);
	profile_deinit(&part);
}

static void test_things_of_one_hash_are_all_found(void **state)
{
	(void)state;
	struct merge_table table = {0};
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(table_add(&table, i % 100, i), 0);
	for (uint64_t hash = 0; hash < 100; hash++) {
		size_t seen = 0;
		const struct merge_entry *entry = table_find(&table, hash);
		for (; entry; entry = entry->next, seen++)
			assert_int_equal(entry->index % 100, hash);
		assert_int_equal(seen, 3);
	}
	assert_null(table_find(&table, 100));
	table_clear(&table);
	assert_null(table_find(&table, 1));
	table_clear(&table);
}

static void test_the_hash_tells_texts_and_their_limits(void **state)
{
	(void)state;
	static const char *const texts[][2] = {{"ab", "c"},       {"a", "bc"},      {"abc", ""},
					       {"", "abc"},       {"abc", NULL},    {NULL, "abc"},
					       {"12345678", "9"}, {"123456789", ""}};
	enum { N = sizeof(texts) / sizeof(*texts) };
	uint64_t hashes[N];
	for (size_t i = 0; i < N; i++) {
		hashes[i] = hash_text(hash_text(7, texts[i][0]), texts[i][1]);
		for (size_t k = 0; k < i; k++)
			assert_true(hashes[i] != hashes[k]);
	}
	assert_true(hash_text(hash_text(7, "ab"), "c") == hashes[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ages_are_known_where_they_are_of_all_that_lives),
		cmocka_unit_test(test_ages_of_a_running_profile_are_not_known),
		cmocka_unit_test(test_mean_ages_are_exact),
		cmocka_unit_test(test_spreads),
		cmocka_unit_test(test_the_clearest_leak_is_told),
		cmocka_unit_test(test_final_sizes_are_fair_and_bounded),
		cmocka_unit_test(test_files_that_lie_about_final_sizes),
		cmocka_unit_test(test_larger_samples_stay),
		cmocka_unit_test(test_equal_stacks_of_one_input_are_one),
		cmocka_unit_test(test_things_of_one_hash_are_all_found),
		cmocka_unit_test(test_the_hash_tells_texts_and_their_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
