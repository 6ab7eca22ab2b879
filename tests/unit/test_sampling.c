// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What bpf/sample.h makes of a size, in integers and without libm, is what libm makes of it. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/cdefs.h>

#include <cmocka.h>

#include "captrack/records.h"

#include "../../src/kernel/sampling.h"

/* --- the header on the host: its variables, as the loader fills them, and its dice --- */

#define CT_EXP_TABLE SAMPLING_STEPS
#define __noinline   __attribute__((noinline))

static uint64_t sample_step, sample_inverse;
static uint64_t exp_table[CT_EXP_TABLE];

static uint32_t dice[2];
static int thrown;

static uint32_t bpf_get_prandom_u32(void)
{
	assert_true(thrown < 2);
	return dice[thrown++];
}

#include "../../bpf/sample.h"

static void sample_every(uint64_t bytes)
{
	struct sampling sampling;
	sampling_init(&sampling, bytes);
	sample_step = sampling.step;
	sample_inverse = sampling.inverse;
	for (int i = 0; i < CT_EXP_TABLE; i++)
		exp_table[i] = sampling.exp[i];
}

/* --- */

/* Of the probability: the first term left out of the power series, x^5/720 for x <= 1/8, is
 * 4.3e-8 of it. What integers lose is less. */
static const long double PROBABILITY_ERROR = 5e-8L;

/* Of what a block stands for, in units of 1/CT_SAMPLED_UNIT: the probability's error; its
 * lower 16 bits, which the division leaves out; and one unit, cut off. */
static long double allocs_error(long double probability)
{
	long double allocs = CT_SAMPLED_UNIT / probability;
	return allocs * (PROBABILITY_ERROR + 0x1p-48L / probability) + 1;
}

static void compare(uint64_t bytes, uint64_t size)
{
	long double right = -expm1l(-(long double)size / (long double)bytes);
	long double probability = (long double)keep_probability(size) * 0x1p-64L;
	if (!(fabsl(probability - right) <= right * PROBABILITY_ERROR))
		fail_msg("1 in %" PRIu64 " bytes, size %" PRIu64 ": probability %.12Lg, not %.12Lg", bytes,
			 size, probability, right);

	uint64_t allocs = sampled_allocs(size);
	if (!(fabsl((long double)allocs - CT_SAMPLED_UNIT / right) <= allocs_error(right)))
		fail_msg("1 in %" PRIu64 " bytes, size %" PRIu64 ": stands for %" PRIu64 "/65536, not %.12Lg",
			 bytes, size, allocs, CT_SAMPLED_UNIT / right);

	/* The same error, and half a byte. */
	uint64_t weighted = sampled_bytes(size, allocs);
	long double error = (long double)size * allocs_error(right) / CT_SAMPLED_UNIT + 0.5L;
	if (!(fabsl((long double)weighted - (long double)size / right) <= error))
		fail_msg("1 in %" PRIu64 " bytes, size %" PRIu64 ": %" PRIu64 " bytes, not %.12Lg", bytes,
			 size, weighted, (long double)size / right);
}

/* All that can be given: small ones, powers of two and their neighbours, and some between. */
static const uint64_t rates[] = {1,
				 2,
				 3,
				 5,
				 7,
				 8,
				 9,
				 15,
				 16,
				 17,
				 100,
				 512,
				 1000,
				 4095,
				 4096,
				 65537,
				 99999,
				 512 << 10,
				 1 << 20,
				 1000003,
				 3 << 25,
				 999999999,
				 (1 << 30) - 1,
				 1 << 30};

static void test_probability_and_weight_are_libms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		sample_every(rates[i]);
		for (uint64_t size = 1; size < 2000; size++)
			compare(rates[i], size);
		for (uint64_t size = 2000; size <= 1ull << 40; size += size / 97 + 1)
			compare(rates[i], size);
		for (uint64_t power = 1; power <= 1ull << 40; power <<= 1)
			for (int beside = -1; beside <= 1; beside++)
				compare(rates[i], power + (uint64_t)beside ? power + (uint64_t)beside : 1);
		/* Where a step of the table begins the series is at its start and at its end. */
		for (uint64_t step = 1; step < SAMPLING_STEPS + 2; step++)
			for (int beside = -1; beside <= 1; beside++)
				if (step * sample_step + (uint64_t)beside)
					compare(rates[i], step * sample_step + (uint64_t)beside);
	}
}

static void test_default_rate_is_good_to_one_in_50000(void **state)
{
	(void)state;
	sample_every(512 << 10);
	for (uint64_t size = 1; size <= 1ull << 40; size += size / 1009 + 1) {
		long double right = -expm1l(-(long double)size / (512 << 10));
		long double allocs = (long double)sampled_allocs(size) / CT_SAMPLED_UNIT;
		long double bytes = (long double)sampled_bytes(size, sampled_allocs(size));
		assert_true(fabsl(allocs * right - 1) < 2e-5L);
		assert_true(fabsl(bytes * right / (long double)size - 1) < 2e-5L);
	}
}

static void test_large_blocks_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		sample_every(rates[i]);
		for (uint64_t size = 12 * rates[i]; size <= 1ull << 47; size += size / 7 + 1) {
			assert_int_equal(sampled_allocs(size), CT_SAMPLED_UNIT);
			assert_int_equal(sampled_bytes(size, CT_SAMPLED_UNIT), size);
		}
		/* What a program may ask for, and no memory has. */
		assert_int_equal(sampled_allocs(UINT64_MAX), CT_SAMPLED_UNIT);
		assert_int_equal(sampled_bytes(UINT64_MAX, CT_SAMPLED_UNIT), UINT64_MAX);
	}
}

static bool keeps_with(uint64_t size, uint32_t first, uint32_t second)
{
	dice[0] = first;
	dice[1] = second;
	thrown = 0;
	return keeps(size);
}

/* All 64 bits of the probability count. */
static void test_dice(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		sample_every(rates[i]);
		for (uint64_t size = 1; size <= 1ull << 40; size = size * 3 + 1) {
			uint64_t probability = keep_probability(size);
			uint32_t upper = (uint32_t)(probability >> 32), lower = (uint32_t)probability;
			assert_false(keeps_with(size, upper, lower));
			if (lower)
				assert_true(keeps_with(size, upper, lower - 1));
			if (upper)
				assert_true(keeps_with(size, upper - 1, UINT32_MAX));
			if (upper < UINT32_MAX)
				assert_false(keeps_with(size, upper + 1, 0));
		}
		assert_false(keeps_with(0, 0, 0)); /* what stands for nothing is never kept */
		assert_int_equal(sampled_allocs(0), 0);
		assert_int_equal(sampled_bytes(0, 0), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probability_and_weight_are_libms),
		cmocka_unit_test(test_default_rate_is_good_to_one_in_50000),
		cmocka_unit_test(test_large_blocks_are_exact),
		cmocka_unit_test(test_dice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
