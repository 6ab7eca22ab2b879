// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Samples merged from parts are fair: over many trials each chain has the same mean weight. The
 * seeds are fixed, so a test passes always or never. A "size" here is the number of its chain. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "captrack/reservoir.h"

enum { MOST = 4096 }; /* chains of a trial */

struct part {
	uint64_t n;
	size_t k;
};

struct scene {
	const char *name;
	uint32_t cap;
	struct part parts[24]; /* to the first without chains */
	int repeated;          /* the last part, so many times */
	int trials;
};

static int compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
	return first < second ? -1 : first > second;
}

/* What the kernel half would keep of chains first to first + n - 1; in order, for no order is promised. */
static void draw(struct part part, uint64_t first, uint64_t *sizes)
{
	static uint64_t seed = 12345;
	uint64_t chains[MOST];
	for (uint64_t i = 0; i < part.n; i++)
		chains[i] = first + i;
	for (size_t i = 0; i < part.k; i++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		uint64_t j = i + (seed >> 33) % (part.n - i);
		sizes[i] = chains[j];
		chains[j] = chains[i];
	}
	qsort(sizes, part.k, sizeof(*sizes), compare);
}

struct figures { /* sums over the trials */
	double weight[MOST], square[MOST];
	double size; /* of the sample */
	uint64_t chains;
};

static void check_sample(const struct profile_growth *growth, uint32_t cap, uint64_t chains)
{
	static uint8_t seen[MOST];
	memset(seen, 0, sizeof(seen));
	assert_int_equal(growth->total_observed, chains);
	assert_in_range(growth->n_final_sizes, 1, cap);
	for (size_t i = 0; i < growth->n_final_sizes; i++) {
		assert_true(growth->final_sizes[i] < chains);
		assert_false(seen[growth->final_sizes[i]]++);
	}
}

static void try(const struct scene *scene, uint64_t seed, struct figures *figures)
{
	struct reservoir reservoir = {.cap = scene->cap, .random = seed};
	struct profile_growth growth = {0};
	uint64_t sizes[MOST], chains = 0;
	int again = scene->repeated;
	for (const struct part *part = scene->parts; part->n; part += part[1].n || again-- <= 0) {
		draw(*part, chains, sizes);
		chains += part->n;
		assert_true(chains <= MOST);
		assert_int_equal(reservoir_merge(&reservoir, &growth, sizes, part->k, part->n), 0);
		check_sample(&growth, scene->cap, chains);
	}
	for (size_t i = 0; i < growth.n_final_sizes; i++) {
		double weight = 1.0 / (double)growth.n_final_sizes;
		figures->weight[growth.final_sizes[i]] += weight;
		figures->square[growth.final_sizes[i]] += weight * weight;
	}
	figures->size += (double)growth.n_final_sizes;
	figures->chains = chains;
	free(growth.final_sizes);
}

/* Of a sum over trials: not further from what is expected than five standard deviations. */
static void check_mean(const char *what, uint64_t which, double sum, double square, double trials,
		       double expected)
{
	double mean = sum / trials, variance = square / trials - mean * mean;
	if (fabs(mean - expected) > 5 * sqrt(variance / trials) + 1e-12)
		fail_msg("%s %lu: %g where %g is fair, standard deviation %g", what, (unsigned long)which,
			 mean, expected, sqrt(variance / trials));
}

static double check_scene(const struct scene *scene)
{
	static struct figures figures;
	memset(&figures, 0, sizeof(figures));
	for (int i = 0; i < scene->trials; i++)
		try(scene, (uint64_t)i * 977 + 5, &figures);
	double fair = 1 / (double)figures.chains, chi_square = 0;
	for (uint64_t i = 0; i < figures.chains; i++) {
		check_mean(scene->name, i, figures.weight[i], figures.square[i], scene->trials, fair);
		double mean = figures.weight[i] / scene->trials;
		double variance = figures.square[i] / scene->trials - mean * mean;
		if (variance > 0)
			chi_square += (mean - fair) * (mean - fair) * scene->trials / variance;
	}
	/* All of them together: mean chains, variance 2 * chains. */
	if (chi_square > (double)figures.chains + 5 * sqrt(2 * (double)figures.chains))
		fail_msg("%s: chi square %g of %lu chains", scene->name, chi_square,
			 (unsigned long)figures.chains);
	return figures.size / scene->trials;
}

static const struct scene scenes[] = {
	{"one at a time: Algorithm R", 10, {{1, 1}}, 99, 20000},
	{"complete parts", 10, {{7, 7}}, 14, 20000},
	{"a part runs over", 64, {{60, 60}, {100, 100}}, 0, 20000},
	{"one part in part", 40, {{300, 128}}, 0, 20000},
	{"one part in part, no more than fits", 200, {{300, 128}}, 0, 20000},
	{"complete, then in part", 64, {{128, 128}, {120, 120}, {600, 128}}, 0, 20000},
	{"in part, then complete", 64, {{600, 128}, {1, 1}, {128, 128}}, 0, 20000},
	{"the part's sizes are used up", 64, {{100, 100}, {500, 16}}, 0, 40000},
	{"the sample's sizes are used up", 64, {{500, 16}, {100, 100}}, 0, 40000},
	{"a few against very many", 256, {{3, 3}, {1000, 8}}, 0, 60000},
	{"shrunk, then one at a time", 64, {{100, 100}, {300, 8}, {1, 1}}, 49, 40000},
	{"shrunk, then grown", 256, {{200, 64}, {300, 8}, {40, 40}, {150, 100}}, 2, 30000},
	{"always in part", 512, {{200, 128}}, 9, 3000},
	{"a cap of one", 1, {{5, 5}, {20, 3}, {2, 2}}, 3, 60000},
};

static void test_every_chain_has_the_same_weight(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		check_scene(&scenes[i]);
}

/* The second part has 300 chains of 400, and is said to have so many. */
static double share_of_second_part(uint64_t n_told)
{
	double share = 0;
	enum { TRIALS = 20000 };
	for (int trial = 0; trial < TRIALS; trial++) {
		struct reservoir reservoir = {.cap = 64, .random = (uint64_t)trial};
		struct profile_growth growth = {0};
		uint64_t sizes[128];
		size_t second = 0;
		draw((struct part){100, 100}, 0, sizes);
		assert_int_equal(reservoir_merge(&reservoir, &growth, sizes, 100, 100), 0);
		draw((struct part){300, 40}, 100, sizes);
		assert_int_equal(reservoir_merge(&reservoir, &growth, sizes, 40, n_told), 0);
		for (size_t i = 0; i < growth.n_final_sizes; i++)
			second += growth.final_sizes[i] >= 100;
		share += (double)second / (double)growth.n_final_sizes;
		free(growth.final_sizes);
	}
	return share / TRIALS;
}

static void test_shares_of_the_parts(void **state)
{
	(void)state;
	assert_true(fabs(share_of_second_part(300) - 0.75) < 0.0025);
	assert_true(fabs(share_of_second_part(270) - 0.75) > 0.01);
}

/* Where all is known the sample is as large as it may be. */
static void test_sizes_of_the_sample(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct scene scene = scenes[i];
		scene.trials = 200;
		static struct figures figures;
		memset(&figures, 0, sizeof(figures));
		for (int j = 0; j < scene.trials; j++)
			try(&scene, (uint64_t)j, &figures);
		double size = figures.size / scene.trials;
		bool complete = true;
		for (const struct part *part = scene.parts; part->n; part++)
			complete = complete && part->k == part->n;
		if (complete)
			assert_true(size == (double)scene.cap);
		if (!strcmp(scene.name, "always in part")) /* 10 times 128 sizes, cap 512 */
			assert_true(size > 0.97 * 512);
		if (!strcmp(scene.name, "the part's sizes are used up")) /* 16 for five sixths */
			assert_true(size > 16 && size < 22);
	}
}

/* Many small parts and a big one: the same mean and spread of how many come from the first half. */
static void test_small_parts_are_as_a_big_one(void **state)
{
	(void)state;
	enum { TRIALS = 20000, CHAINS = 120, CAP = 40 };
	double mean[2] = {0}, square[2] = {0};
	uint64_t sizes[CHAINS];
	for (uint64_t i = 0; i < CHAINS; i++)
		sizes[i] = i;
	for (int trial = 0; trial < TRIALS; trial++)
		for (int small = 0; small < 2; small++) {
			struct reservoir reservoir = {.cap = CAP, .random = (uint64_t)trial};
			struct profile_growth growth = {0};
			size_t part = small ? 3 : CHAINS;
			for (size_t i = 0; i < CHAINS; i += part)
				assert_int_equal(reservoir_merge(&reservoir, &growth, sizes + i, part, part),
						 0);
			double first = 0;
			for (size_t i = 0; i < growth.n_final_sizes; i++)
				first += growth.final_sizes[i] < CHAINS / 2;
			mean[small] += first / TRIALS;
			square[small] += first * first / TRIALS;
			free(growth.final_sizes);
		}
	/* Hypergeometric: variance CAP/4 * (CHAINS - CAP) / (CHAINS - 1) = 6.72. */
	for (int small = 0; small < 2; small++) {
		assert_true(fabs(mean[small] - CAP / 2.0) < 5 * sqrt(6.72 / TRIALS));
		assert_true(fabs(square[small] - mean[small] * mean[small] - 6.72) <
			    5 * 6.72 * sqrt(2.0 / TRIALS));
	}
}

static void test_a_few_are_kept_as_they_are(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {16, 4096, 0, UINT64_MAX};
	struct reservoir reservoir = {.cap = 4096};
	struct profile_growth growth = {0};
	assert_int_equal(reservoir_merge(&reservoir, &growth, NULL, 0, 0), 0);
	assert_null(growth.final_sizes);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(reservoir_merge(&reservoir, &growth, sizes + i, 1, 1), 0);
	assert_int_equal(growth.n_final_sizes, 4);
	assert_memory_equal(growth.final_sizes, sizes, sizeof(sizes));
	/* What cannot be changes nothing. */
	assert_int_equal(reservoir_merge(&reservoir, &growth, sizes, 3, 2), -EINVAL);
	assert_int_equal(reservoir_merge(&reservoir, &growth, sizes, 0, 2), -EINVAL);
	assert_int_equal(growth.total_observed, 4);
	assert_int_equal(growth.n_final_sizes, 4);
	/* More chains than any run has. */
	free(growth.final_sizes);
	growth = (struct profile_growth){0};
	assert_int_equal(reservoir_merge(&reservoir, &growth, sizes, 4, UINT64_C(1) << 40), 0);
	assert_int_equal(reservoir_merge(&reservoir, &growth, sizes, 4, UINT64_C(1) << 40), 0);
	assert_int_equal(growth.total_observed, UINT64_C(1) << 41);
	assert_in_range(growth.n_final_sizes, 4, 8);
	free(growth.final_sizes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_chain_has_the_same_weight),
		cmocka_unit_test(test_shares_of_the_parts),
		cmocka_unit_test(test_sizes_of_the_sample),
		cmocka_unit_test(test_small_parts_are_as_a_big_one),
		cmocka_unit_test(test_a_few_are_kept_as_they_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
