// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A timeline of any length has at most 2,000 points, evenly spread, with first, newest and peak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/snapshot/timeline.h"

enum { INTERVAL = 500 };

struct run {
	struct profile profile;
	struct timeline timeline;
	uint64_t points;
};

static void add(struct run *run)
{
	/* Each figure tells which point it is of. */
	struct profile_point point = {.ms = run->points * INTERVAL, .allocs = run->points, .has_usage = true};
	assert_int_equal(timeline_add(&run->timeline, &run->profile, &point), 0);
	run->points++;
}

static void set_peak(struct run *run, uint64_t ms, uint64_t bytes)
{
	assert_int_equal(timeline_set_peak(&run->timeline, &run->profile, ms, bytes, bytes / 16), 0);
}

static size_t count_peaks(const struct run *run)
{
	size_t peaks = 0;
	for (size_t i = 0; i < run->profile.n_timeline; i++)
		peaks += run->profile.timeline[i].is_peak;
	return peaks;
}

/* All that holds at any time. The step is the number of points that one stands for. */
static void check(const struct run *run, uint64_t step)
{
	const struct profile_point *points = run->profile.timeline, *last = NULL;
	size_t n = run->profile.n_timeline;
	assert_true(n <= TIMELINE_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_true(!i || points[i - 1].ms <= points[i].ms);
		if (points[i].is_peak) {
			assert_true(!i || points[i - 1].ms < points[i].ms);
			continue;
		}
		assert_int_equal(points[i].ms, points[i].allocs * INTERVAL);
		assert_true(points[i].has_usage);
		if (!last)
			assert_int_equal(points[i].allocs, 0);
		else if (points[i].allocs != run->points - 1)
			assert_int_equal(points[i].allocs - last->allocs, step);
		else
			assert_in_range(points[i].allocs - last->allocs, 1, step);
		last = &points[i];
	}
	assert_non_null(last);
	assert_int_equal(last->allocs, run->points - 1);
}

static void test_one_point(void **state)
{
	(void)state;
	struct run run = {0};
	add(&run);
	assert_int_equal(run.profile.n_timeline, 1);
	check(&run, 1);
	profile_deinit(&run.profile);
}

static void test_up_to_the_limit(void **state)
{
	(void)state;
	struct run run = {0};
	while (run.points < TIMELINE_MAX)
		add(&run);
	assert_int_equal(run.profile.n_timeline, TIMELINE_MAX);
	check(&run, 1);
	add(&run);
	assert_int_equal(run.profile.n_timeline, TIMELINE_MAX / 2 + 1);
	check(&run, 2);
	add(&run); /* the newest, until the next one */
	assert_int_equal(run.profile.n_timeline, TIMELINE_MAX / 2 + 2);
	check(&run, 2);
	add(&run);
	assert_int_equal(run.profile.n_timeline, TIMELINE_MAX / 2 + 2);
	check(&run, 2);
	profile_deinit(&run.profile);
}

static void test_a_long_run(void **state)
{
	(void)state;
	struct run run = {0};
	uint64_t step = 1;
	while (run.points < 100000) {
		add(&run);
		if ((run.points + step - 2) / step >= TIMELINE_MAX)
			step *= 2;
		check(&run, step);
		assert_true(run.profile.n_timeline >= TIMELINE_MAX / 2 || step == 1);
	}
	assert_int_equal(step, 64);
	profile_deinit(&run.profile);
}

/* A peak does not change which points stay, but where it is the one too many. */
static void test_the_peak_stays(void **state)
{
	(void)state;
	struct run run = {0};
	add(&run);
	add(&run);
	set_peak(&run, 333, 1000);
	assert_true(run.profile.timeline[1].is_peak);
	uint64_t step = 1;
	while (run.points < 20000) {
		add(&run);
		if ((run.points + step - 2) / step + 1 >= TIMELINE_MAX)
			step *= 2;
		check(&run, step);
		assert_int_equal(run.profile.timeline[1].ms, 333);
		assert_true(run.profile.timeline[1].is_peak);
		assert_int_equal(count_peaks(&run), 1);
	}
	const struct profile_point *peak = &run.profile.timeline[1];
	assert_int_equal(peak->live_bytes, 1000);
	assert_int_equal(peak->live_allocs, 62);
	assert_int_equal(peak->allocs, 0);
	assert_false(peak->has_usage);
	profile_deinit(&run.profile);
}

/* The peak moves with nearly each snapshot, and is told before or after the snapshot's point. */
static void test_the_peak_moves(void **state)
{
	(void)state;
	for (int before = 0; before < 2; before++) {
		struct run run = {0};
		uint64_t bytes = 0, step = 1, ms = 0;
		add(&run);
		while (run.points < 30000) {
			bool moves = run.points % 7 != 3;
			if (!before)
				add(&run);
			if (moves) {
				ms = (run.points + before) * INTERVAL - INTERVAL - run.points % 5;
				set_peak(&run, ms, ++bytes);
			}
			if (before)
				add(&run);
			if ((run.points + step - 2) / step + 1 >= TIMELINE_MAX)
				step *= 2;
			check(&run, step);
			assert_int_equal(count_peaks(&run), bytes ? 1 : 0);
			for (size_t i = 0; i < run.profile.n_timeline; i++)
				if (run.profile.timeline[i].is_peak) {
					assert_int_equal(run.profile.timeline[i].ms, ms);
					assert_int_equal(run.profile.timeline[i].live_bytes, bytes);
				}
		}
		profile_deinit(&run.profile);
	}
}

/* Of the same ms: the peak comes first. One that is the one point too many thins, too. */
static void test_the_peaks_place(void **state)
{
	(void)state;
	struct run run = {0};
	while (run.points < TIMELINE_MAX)
		add(&run);
	set_peak(&run, 0, 0); /* nothing was ever live */
	assert_int_equal(run.profile.n_timeline, TIMELINE_MAX);
	set_peak(&run, 4 * INTERVAL, 1);
	assert_int_equal(run.profile.n_timeline, TIMELINE_MAX / 2 + 2);
	check(&run, 2);
	assert_true(run.profile.timeline[2].is_peak);
	assert_int_equal(run.profile.timeline[3].ms, 4 * INTERVAL);
	set_peak(&run, 4 * INTERVAL, 1);
	assert_int_equal(count_peaks(&run), 1);
	set_peak(&run, run.points * INTERVAL, 2); /* after the newest */
	assert_true(run.profile.timeline[run.profile.n_timeline - 1].is_peak);
	set_peak(&run, 0, 3);
	assert_true(run.profile.timeline[0].is_peak);
	assert_int_equal(count_peaks(&run), 1);
	check(&run, 2);
	profile_deinit(&run.profile);

	struct run only_peak = {0};
	set_peak(&only_peak, 5, 9);
	assert_int_equal(only_peak.profile.n_timeline, 1);
	add(&only_peak);
	assert_int_equal(only_peak.profile.n_timeline, 2);
	check(&only_peak, 1);
	profile_deinit(&only_peak.profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_point),      cmocka_unit_test(test_up_to_the_limit),
		cmocka_unit_test(test_a_long_run),     cmocka_unit_test(test_the_peak_stays),
		cmocka_unit_test(test_the_peak_moves), cmocka_unit_test(test_the_peaks_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
