// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Made-up stacks of known kinds, and the verdict on each at the end of runs of several lengths. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/snapshot/leaks.h"

/* Even from 0 to 1; the same in each run of the test. */
static uint64_t dice;

static double chance(void)
{
	dice = dice * 6364136223846793005 + 1442695040888963407;
	return (double)(dice >> 11) * 0x1p-53;
}

/* --- what a stack holds at t, in seconds, of a run of so many seconds --- */

static double at_most(double value, double limit)
{
	return value < limit ? value : limit;
}

static double steady(double t, double run)
{
	(void)run;
	return floor(t * 100) * 10240;
}

static double a_block_a_second(double t, double run)
{
	(void)run;
	return floor(t) * 1024;
}

static double leak_under_a_sawtooth(double t, double run)
{
	(void)run;
	return t * 50000 + fmod(t, 3.7) / 3.7 * 1e6 + chance() * 1e5;
}

static double leak_after_startup(double t, double run)
{
	return at_most(t / (0.08 * run), 1) * 1e8 + t * 1e5;
}

/* Blocks of 1 KiB, 2,000 a second; one in 512 is kept and stands for them all. */
static double sampled_leak(double t, double run)
{
	static double held, until;
	(void)run;
	if (t <= 0)
		held = until = 0;
	for (; until < t; until += 0.0005)
		held += chance() < 1.0 / 512 ? 1024 * 512 : 0;
	return held;
}

static double leak_since_a_third(double t, double run)
{
	return t < run / 3 ? 1000 : 1000 + (t - run / 3) * 1e5;
}

static double twelve_equal_steps(double t, double run)
{
	return floor(t / run * 12) * 1e6;
}

static double leak_after_a_large_first_second(double t, double run)
{
	(void)run;
	return at_most(t, 0.9) * 1e8 + t * 1e5;
}

static double full_with_a_dip_at_the_end(double t, double run)
{
	double x = t / run;
	return 1e6 * (x > 0.985 ? 0.8 : at_most(x / 0.6, 1));
}

static double less_than_its_ups_and_downs(double t, double run)
{
	return 1e5 * t / run + 1e6 * fmod(t, run / 10) / (run / 10);
}

static double sawtooth(double t, double run)
{
	(void)run;
	return fmod(t, 3.7) * 1e5;
}

static double fast_sawtooth(double t, double run)
{
	(void)run;
	return fmod(t, 0.9) * 1e5;
}

static double three_teeth(double t, double run)
{
	return fmod(t, run / 3.4) * 1e5;
}

static double a_tooth_and_a_half(double t, double run)
{
	return fmod(t, run / 1.7) * 1e5;
}

static double startup(double t, double run)
{
	(void)run;
	return at_most(t, 0.8) * 1e7;
}

static double startup_with_noise(double t, double run)
{
	return startup(t, run) * (1 - 0.3 * chance());
}

static double full_at_60_percent(double t, double run)
{
	return at_most(t, 0.6 * run) * 1e5;
}

static double full_at_60_percent_with_noise(double t, double run)
{
	return full_at_60_percent(t, run) * (1 - 0.1 * chance());
}

static double full_at_90_percent(double t, double run)
{
	return at_most(t, 0.9 * run) * 1e5;
}

static double logarithm(double t, double run)
{
	return log(1 + 100 * t / run) * 1e6;
}

static double slower_logarithm(double t, double run)
{
	return log(1 + 10 * t / run) * 1e6;
}

static double saturation(double t, double run)
{
	return (1 - exp(-3 * t / run)) * 1e6;
}

static double queue_that_drained(double t, double run)
{
	double x = t / run;
	return 1e7 * (x < 0.5 ? x : x < 0.9 ? 0.5 - (x - 0.5) * 1.25 : 0);
}

static double queue_that_drains(double t, double run)
{
	double x = t / run;
	return 1e7 * (x < 0.7 ? x : 0.7 - (x - 0.7) * 2);
}

static double burst_at_the_end(double t, double run)
{
	return t < 0.92 * run ? 1000 : 1000 + (t - 0.92 * run) * 1e6;
}

static double first_use_at_the_end(double t, double run)
{
	return t < 0.85 * run ? 0 : (t - 0.85 * run) * 1e6;
}

static double one_step(double t, double run)
{
	return t < 0.4 * run ? 1e5 : 1e7;
}

static double three_steps(double t, double run)
{
	return floor(t / run * 3.9) * 1e6;
}

static double two_bursts(double t, double run)
{
	double x = t / run;
	return 1e7 * (at_most(x < 0.2 ? 0 : x - 0.2, 0.05) + at_most(x < 0.7 ? 0 : x - 0.7, 0.05));
}

static double all_freed_at_the_end(double t, double run)
{
	return t < run - 0.3 ? t * 1e5 : 0;
}

/* --- */

typedef double (*kind)(double t, double run);

/* Snapshots twice a second, a little late each; the series is told of changes only, or of all. */
static void take_snapshots(struct leak_series *series, kind held, double run, bool tell_all)
{
	uint64_t end = (uint64_t)(run * 1000), ms = 0, told = 0;
	for (dice = (uint64_t)(run * 7);; ms = ms > end ? end : ms) {
		uint64_t bytes = (uint64_t)held((double)ms / 1000, run);
		if (tell_all || bytes != told)
			assert_int_equal(leak_series_add(series, ms, bytes), 0);
		told = bytes;
		if (ms >= end)
			break;
		ms += 500 + (uint64_t)(chance() * 6);
	}
}

static struct profile_leak verdict(kind held, double run)
{
	struct leak_series series = {0};
	take_snapshots(&series, held, run, false);
	struct profile_leak leak = leak_judge(&series, (uint64_t)(run * 1000), NULL);
	leak_series_deinit(&series);
	return leak;
}

static const struct known {
	const char *name;
	kind held;
	double shortest; /* run that it holds for, of the ones below */
	double least, most;
	double bytes_per_s; /* within 5%; 0: not asked */
} known[] = {
#define KIND(held) #held, held
	{KIND(steady), 10, 0.8, 1, 1024000},
	{KIND(a_block_a_second), 10, 0.8, 1, 0},
	{KIND(a_block_a_second), 15, 0.8, 1, 1024},
	{KIND(leak_under_a_sawtooth), 60, 0.8, 1, 50000},
	{KIND(leak_after_startup), 17, 0.8, 1, 100000},
	{KIND(leak_after_a_large_first_second), 5, 0.8, 1, 100000},
	{KIND(sampled_leak), 30, 0.6, 1, 0},
	{KIND(sampled_leak), 300, 0.8, 1, 2048000},
	{KIND(leak_since_a_third), 10, 0.5, 0.9, 0},
	{KIND(twelve_equal_steps), 10, 0.8, 1, 0},
	{KIND(sawtooth), 5, 0, 0.1, 0},
	{KIND(fast_sawtooth), 5, 0, 0, 0},
	{KIND(three_teeth), 5, 0, 0, 0},
	{KIND(a_tooth_and_a_half), 5, 0, 0, 0},
	{KIND(startup), 5, 0, 0, 0},
	{KIND(startup_with_noise), 5, 0, 0.1, 0},
	{KIND(full_at_60_percent), 5, 0, 0, 0},
	{KIND(full_at_60_percent_with_noise), 5, 0, 0.1, 0},
	{KIND(full_at_90_percent), 10, 0, 0.3, 0},
	{KIND(full_with_a_dip_at_the_end), 15, 0, 0, 0},
	{KIND(less_than_its_ups_and_downs), 15, 0, 0.25, 0},
	{KIND(logarithm), 5, 0, 0.3, 0},
	{KIND(slower_logarithm), 5, 0, 0.3, 0},
	{KIND(saturation), 5, 0, 0, 0},
	{KIND(queue_that_drained), 5, 0, 0, 0},
	{KIND(queue_that_drains), 5, 0, 0, 0},
	{KIND(burst_at_the_end), 5, 0, 0, 0},
	{KIND(first_use_at_the_end), 5, 0, 0.3, 0},
	{KIND(one_step), 5, 0, 0, 0},
	{KIND(three_steps), 5, 0, 0, 0},
	{KIND(two_bursts), 5, 0, 0.1, 0},
	{KIND(all_freed_at_the_end), 5, 0, 0, 0},
};

/* Windows are 250 ms up to 16 s, and up to 1 min in the longest. */
static const double runs[] = {5,    8,  10, 15, 15.9, 16,  16.1, 17,  20,   30,  31.9,
			      32.1, 47, 60, 65, 100,  127, 129,  300, 1000, 3000};

static void test_known_kinds(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		for (size_t j = 0; j < sizeof(runs) / sizeof(runs[0]); j++) {
			const struct known *it = &known[i];
			if (runs[j] < it->shortest)
				continue;
			struct profile_leak leak = verdict(it->held, runs[j]);
			bool right = leak.score >= it->least && leak.score <= it->most;
			if (it->bytes_per_s > 0)
				right = right && fabs((double)leak.bytes_per_s / it->bytes_per_s - 1) <= 0.05;
			if (!right) {
				print_error("%s for %g s: score %g, %lu bytes/s\n", it->name, runs[j],
					    leak.score, (unsigned long)leak.bytes_per_s);
				wrong++;
			}
		}
	assert_int_equal(wrong, 0);
}

/* A day, and a leak of 1 KiB a second: the windows are 22 min, a few of the snapshots each. */
static void test_a_very_long_run(void **state)
{
	(void)state;
	struct profile_leak leak = verdict(a_block_a_second, 86400);
	assert_true(leak.score > 0.99);
	assert_in_range(leak.bytes_per_s, 1014, 1034);
	assert_true(verdict(leak_under_a_sawtooth, 86400).score > 0.99);
	assert_true(verdict(sawtooth, 86400).score <= 0);
	assert_true(verdict(full_at_60_percent, 86400).score <= 0);
	assert_true(verdict(startup, 86400).score <= 0);
}

/* What is not told has not changed. */
static void test_silence_is_constancy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct leak_series some = {0}, all = {0};
		take_snapshots(&some, known[i].held, 60, false);
		take_snapshots(&all, known[i].held, 60, true);
		for (uint64_t ms = 60000; ms < 100000; ms += 7000) {
			struct profile_leak a = leak_judge(&some, ms, NULL), b = leak_judge(&all, ms, NULL);
			assert_true(!(a.score < b.score) && !(b.score < a.score));
			assert_int_equal(a.bytes_per_s, b.bytes_per_s);
		}
		/* A leak that has stopped is none any more. */
		assert_true(leak_judge(&some, 100000, NULL).score <= 0);
		leak_series_deinit(&some);
		leak_series_deinit(&all);
	}
}

/* A verdict in between changes nothing. */
static void test_judging_leaves_no_trace(void **state)
{
	(void)state;
	struct leak_series asked = {0}, left_alone = {0};
	for (uint64_t ms = 0; ms <= 50000; ms += 500) {
		assert_int_equal(leak_series_add(&asked, ms, ms * 3), 0);
		assert_int_equal(leak_series_add(&left_alone, ms, ms * 3), 0);
		leak_judge(&asked, ms, NULL);
		leak_judge(&asked, ms + 100000, NULL);
	}
	assert_int_equal(asked.n, left_alone.n);
	assert_memory_equal(asked.minima, left_alone.minima, asked.n * sizeof(*asked.minima));
	assert_true(leak_judge(&asked, 50000, NULL).score > 0.99);
	leak_series_deinit(&asked);
	leak_series_deinit(&left_alone);
}

/* The first second is left out, however large a part of the run it is. */
static void test_startup_is_left_out(void **state)
{
	(void)state;
	struct leak_series series = {0};
	for (uint64_t ms = 0; ms <= 4000; ms += 50) {
		double t = (double)ms / 1000;
		uint64_t bytes = (uint64_t)leak_after_a_large_first_second(t, 4);
		assert_int_equal(leak_series_add(&series, ms, bytes), 0);
	}
	struct profile_leak leak = leak_judge(&series, 4000, NULL);
	assert_true(leak.score > 0.8);
	assert_in_range(leak.bytes_per_s, 95000, 105000);
	leak_series_deinit(&series);
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(sizeof(struct leak_series) <= 32);
	struct leak_series series = {0};
	for (uint64_t ms = 0; ms < 5000; ms += 500)
		assert_int_equal(leak_series_add(&series, ms, ms < 1000 ? 0 : 4096), 0);
	assert_null(series.minima); /* it changed once */
	assert_int_equal(leak_series_add(&series, 5000, 8192), 0);
	assert_non_null(series.minima);
	assert_int_equal(series.room, 32);
	for (uint64_t ms = 5000; ms < 5000000; ms += 500) {
		assert_int_equal(leak_series_add(&series, ms, ms), 0);
		assert_true(series.room <= LEAK_WINDOWS && series.n <= series.room);
	}
	leak_series_deinit(&series);
	assert_null(series.minima);
}

static void test_ages(void **state)
{
	(void)state;
	struct leak_series series = {0};
	struct profile_ages ages = {.known = true, .mean = UINT64_C(30000000000)};
	take_snapshots(&series, steady, 60, false);
	assert_true(leak_judge(&series, 60000, &ages).score > 0.95);
	ages.mean = UINT64_C(55000000000);
	assert_true(leak_judge(&series, 60000, &ages).score > 0.99);
	ages.mean = UINT64_C(1000000000); /* they come and go */
	double score = leak_judge(&series, 60000, &ages).score;
	assert_true(score > 0.03 && score < 0.04);
	ages.mean = 0;
	assert_true(leak_judge(&series, 60000, &ages).score <= 0);
	ages.known = false;
	assert_true(leak_judge(&series, 60000, &ages).score > 0.99);
	leak_series_deinit(&series);
}

static void check_sane(const struct leak_series *series, uint64_t ms)
{
	struct profile_leak leak = leak_judge(series, ms, NULL);
	assert_true(leak.score >= 0 && leak.score <= 1);
	assert_true(leak.score > 0 ? leak.bytes_per_s > 0 : !leak.bytes_per_s);
}

static void test_extremes(void **state)
{
	(void)state;
	struct leak_series series = {0};
	check_sane(&series, 0);
	check_sane(&series, UINT64_MAX);
	for (uint64_t ms = 0; ms < 20000; ms += 500) { /* all memory that there could be */
		assert_int_equal(leak_series_add(&series, ms, UINT64_MAX / 20000 * ms), 0);
		check_sane(&series, ms);
	}
	assert_int_equal(leak_series_add(&series, 20000, UINT64_MAX), 0);
	assert_int_equal(leak_series_add(&series, 5, 1), 0); /* a clock that went back */
	check_sane(&series, 0);
	assert_int_equal(leak_series_add(&series, UINT64_MAX, 0), 0);
	check_sane(&series, UINT64_MAX);
	leak_series_deinit(&series);

	assert_int_equal(leak_series_add(&series, UINT64_MAX - 1, 7), 0);
	assert_int_equal(leak_series_add(&series, UINT64_MAX, 8), 0);
	check_sane(&series, UINT64_MAX);
	leak_series_deinit(&series);

	dice = 1;
	for (int run = 0; run < 1000; run++) { /* anything at any time */
		uint64_t ms = 0;
		for (int i = 0; i < 100; i++) {
			ms += (uint64_t)(pow(2, chance() * 20));
			double bytes = chance() < 0.2 ? 0 : pow(2, chance() * 63);
			assert_int_equal(leak_series_add(&series, ms, (uint64_t)bytes), 0);
			check_sane(&series, ms + (uint64_t)(chance() * 1000));
		}
		leak_series_deinit(&series);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_kinds),
		cmocka_unit_test(test_a_very_long_run),
		cmocka_unit_test(test_silence_is_constancy),
		cmocka_unit_test(test_judging_leaves_no_trace),
		cmocka_unit_test(test_startup_is_left_out),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_extremes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
