// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The model's helpers: histograms, percentiles, sums. */
#include "captrack/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_the_class_of_a_value_is_its_number_of_bits(void **state)
{
	(void)state;
	assert_int_equal(profile_log2_class(0), 0);
	assert_int_equal(profile_log2_class(1), 1);
	assert_int_equal(profile_log2_class(2), 2);
	assert_int_equal(profile_log2_class(3), 2);
	assert_int_equal(profile_log2_class(4), 3);
	for (uint32_t bits = 1; bits < 64; bits++) {
		assert_int_equal(profile_log2_class(1ull << (bits - 1)), bits);
		assert_int_equal(profile_log2_class((1ull << bits) - 1), bits);
	}
	assert_int_equal(profile_log2_class(UINT64_MAX), 64);
}

static uint64_t count_of(const struct profile_histogram *histogram, uint32_t class)
{
	if (class < histogram->first || class >= histogram->first + histogram->n)
		return 0;
	return histogram->counts[class - histogram->first];
}

/* Adds 1, 2, 4 ... to classes in this order; what comes out must not depend on it. */
static void check_order(const uint32_t *classes, const size_t *order, size_t n)
{
	struct profile_histogram histogram = {0};
	uint64_t expected[PROFILE_CLASSES] = {0};
	uint32_t first = PROFILE_CLASSES, last = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t class = classes[order[i]];
		assert_int_equal(profile_histogram_add(&histogram, class, 1ull << order[i]), 0);
		expected[class] += 1ull << order[i];
		first = class < first ? class : first;
		last = class > last ? class : last;
		assert_int_equal(histogram.first, first);
		assert_int_equal(histogram.n, last - first + 1);
		for (uint32_t k = 0; k < PROFILE_CLASSES; k++)
			assert_int_equal(count_of(&histogram, k), expected[k]);
	}
	free(histogram.counts);
}

/* All orders of what is left from `at` on. */
static void check_orders(const uint32_t *classes, size_t *order, size_t at, size_t n, size_t *checked)
{
	if (at == n) {
		check_order(classes, order, n);
		++*checked;
	}
	for (size_t i = at; i < n; i++) {
		size_t kept = order[at];
		order[at] = order[i];
		order[i] = kept;
		check_orders(classes, order, at + 1, n, checked);
		order[i] = order[at];
		order[at] = kept;
	}
}

static void test_histograms_do_not_depend_on_the_order(void **state)
{
	(void)state;
	static const uint32_t classes[][5] = {
		{0, 1, 2, 3, 4}, {0, 63, 20, 21, 20}, {5, 5, 5, 9, 1}, {63, 62, 10, 10, 40}};
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		size_t order[] = {0, 1, 2, 3, 4}, checked = 0;
		check_orders(classes[i], order, 0, 5, &checked);
		assert_int_equal(checked, 120);
	}
}

static void test_a_histogram_that_counts_nothing_yet(void **state)
{
	(void)state;
	struct profile_histogram histogram = {0};
	assert_int_equal(profile_histogram_add(&histogram, 7, 0), 0);
	assert_int_equal(histogram.first, 7);
	assert_int_equal(histogram.n, 1);
	assert_int_equal(histogram.counts[0], 0);
	free(histogram.counts);
}

/* The least size that at least the share of all sizes does not pass: what nearest rank means. */
static uint64_t by_definition(const uint64_t *sizes, size_t n, unsigned int percent)
{
	uint64_t best = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		size_t within = 0;
		for (size_t k = 0; k < n; k++)
			within += sizes[k] <= sizes[i];
		if (within * 100 >= percent * n && sizes[i] < best)
			best = sizes[i];
	}
	return best;
}

static void test_percentiles_are_of_the_nearest_rank(void **state)
{
	(void)state;
	uint64_t sizes[201], copy[201];
	unsigned int random = 1;
	for (size_t n = 1; n <= 201; n = n < 20 ? n + 1 : n + 45) {
		for (size_t i = 0; i < n; i++) {
			random = random * 1103515245 + 12345;
			sizes[i] = random >> 16 & 255;
		}
		for (unsigned int percent = 0; percent <= 100; percent++) {
			struct profile_growth growth = {.final_sizes = copy, .n_final_sizes = n};
			memcpy(copy, sizes, sizeof(copy));
			uint64_t size = profile_growth_percentile(&growth, percent / 100.0);
			if (size != by_definition(sizes, n, percent))
				fail_msg("p%u of %zu: %u, not %u", percent, n, (unsigned int)size,
					 (unsigned int)by_definition(sizes, n, percent));
		}
	}
}

static void test_percentiles_of_few_sizes(void **state)
{
	(void)state;
	uint64_t sizes[] = {UINT64_MAX, 40, 15, 20, 35};
	struct profile_growth growth = {.final_sizes = sizes};
	assert_int_equal(profile_growth_percentile(&growth, 0.5), 0);
	growth.n_final_sizes = 1;
	assert_true(profile_growth_percentile(&growth, 0) == UINT64_MAX);
	assert_true(profile_growth_percentile(&growth, 1) == UINT64_MAX);
	growth.n_final_sizes = 5;
	assert_int_equal(profile_growth_percentile(&growth, 0.05), 15);
	assert_int_equal(profile_growth_percentile(&growth, 0.3), 20);
	assert_int_equal(profile_growth_percentile(&growth, 0.4), 20);
	assert_int_equal(profile_growth_percentile(&growth, 0.5), 35);
	assert_int_equal(profile_growth_percentile(&growth, 0.8), 40);
	assert_true(profile_growth_percentile(&growth, 0.95) == UINT64_MAX);
}

/* Each counter a power of two of its own, so that no mix-up comes out the same. */
static void test_sums_have_every_counter(void **state)
{
	(void)state;
	enum { COUNTERS = sizeof(struct profile_counts) / sizeof(uint64_t) };
	struct profile profile = {0};
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(profile_add_stack(&profile), i);
		uint64_t *counters = (uint64_t *)&profile.stacks[i].counts;
		for (size_t k = 0; k < COUNTERS; k++)
			counters[k] = 1ull << (2 * k);
	}
	profile_sum_stacks(&profile);
	struct profile_counts expected;
	for (size_t k = 0; k < COUNTERS; k++)
		((uint64_t *)&expected)[k] = 3ull << (2 * k);
	expected.peak_bytes = expected.at_peak_bytes; /* the process's */
	assert_memory_equal(&profile.totals, &expected, sizeof(expected));
	profile_deinit(&profile);
}

static void test_new_elements_are_zero_and_keep_their_order(void **state)
{
	(void)state;
	static const struct profile_point zero;
	struct profile profile = {0};
	for (int64_t i = 0; i < 100; i++) {
		assert_int_equal(profile_add_free_stack(&profile), i);
		assert_int_equal(profile_add_double_free(&profile), i);
		assert_int_equal(profile_add_thread(&profile), i);
		assert_int_equal(profile_add_point(&profile), i);
		assert_null(profile.free_stacks[i].frames);
		assert_null(profile.threads[i].name);
		assert_int_equal(profile.double_frees[i].count, 0);
		assert_memory_equal(&profile.timeline[i], &zero, sizeof(zero));
		profile.threads[i].tid = (int)i;
		profile.timeline[i].ms = (uint64_t)i;
		profile.double_frees[i].count = (uint64_t)i;
	}
	for (int64_t i = 0; i < 100; i++) {
		assert_int_equal(profile.threads[i].tid, i);
		assert_int_equal(profile.timeline[i].ms, i);
		assert_int_equal(profile.double_frees[i].count, i);
	}
	profile_deinit(&profile);
	assert_true(!profile.threads && !profile.n_timeline && !profile.free_stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_class_of_a_value_is_its_number_of_bits),
		cmocka_unit_test(test_histograms_do_not_depend_on_the_order),
		cmocka_unit_test(test_a_histogram_that_counts_nothing_yet),
		cmocka_unit_test(test_percentiles_are_of_the_nearest_rank),
		cmocka_unit_test(test_percentiles_of_few_sizes),
		cmocka_unit_test(test_sums_have_every_counter),
		cmocka_unit_test(test_new_elements_are_zero_and_keep_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
