// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --timeline and --threads, to the letter. */
#include "made_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct profile_point *made_point(struct profile *profile, uint64_t ms, uint64_t live)
{
	int64_t index = profile_add_point(profile);
	assert_true(index >= 0);
	profile->timeline[index].ms = ms;
	profile->timeline[index].live_bytes = live;
	return &profile->timeline[index];
}

/* A point each half second, of a heap that grows by 1 MiB a second; 2,000 allocations of 2 MiB a second. */
static void made_timeline(struct profile *profile, uint64_t n)
{
	made_begin(profile);
	for (uint64_t i = 1; i <= n; i++) {
		struct profile_point *point = made_point(profile, i * 500, i << 19);
		point->allocs = i * 1000;
		point->allocated_bytes = i << 20;
		point->has_usage = point->has_io = true;
		point->rss_bytes = (10 << 20) + (i << 19);
		point->cpu_ms = i * 250;
		point->minor_faults = i * 128;
		point->major_faults = 1;
		point->read_bytes = i * 4096;
		point->written_bytes = 100;
	}
}

static char *timeline(const struct profile *profile, size_t top)
{
	char *shown = made_report(profile, &(struct report_options){.view = REPORT_TIMELINE, .top = top});
	if (longest_line(shown) > 100)
		fail_msg("%s", shown);
	return shown;
}

static struct profile_point *made_peak(struct profile *profile, uint64_t ms, uint64_t live)
{
	struct profile_point *peak = made_point(profile, ms, live);
	peak->is_peak = true;
	peak->live_allocs = 1234;
	return peak;
}

static void expect(const struct profile *profile, size_t top, const char *part)
{
	char *shown = timeline(profile, top);
	if (!strstr(shown, part))
		fail_msg("not '%s' in %s", part, shown);
	free(shown);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void test_each_point_is_a_line(void **state)
{
	(void)state;
	struct profile profile;
	made_timeline(&profile, 3);
	made_peak(&profile, 1200, 7 << 20);
	static const char expected[] =
		"shop --all\n"
		"pid 42, has ended; captured for 2.0 s, from its start; glibc, exact\n"
		"\n"
		"Live bytes over time\n"
		"\n"
		"     time       live                                  resident     CPU     allocs/s    "
		"bytes/s\n"
		"   500 ms    512 KiB ##                               10.5 MiB     50%        2,000    2.0 "
		"MiB\n"
		"    1.0 s    1.0 MiB ####                             11.0 MiB     50%        2,000    2.0 "
		"MiB\n"
		"    1.2 s    7.0 MiB ##############################  the peak, in 1,234 blocks\n"
		"    1.5 s    1.5 MiB ######                           11.5 MiB     50%        2,000    2.0 "
		"MiB\n"
		"\n"
		"page faults: 384 minor, 1 major; read 12.0 KiB, written 100 B\n";
	for (size_t top = 0; top < 24; top += 3) { /* all, or as many as there are */
		char *shown = timeline(&profile, top);
		assert_string_equal(shown, expected);
		free(shown);
	}
	profile_deinit(&profile);
}

static void test_many_points_are_stretches_of_time(void **state)
{
	(void)state;
	struct profile profile;
	made_timeline(&profile, 2000);
	profile.timeline[1500].live_bytes = 1999ull << 20; /* between two lines: the most counts */
	made_peak(&profile, 700000, 2000 << 20);
	char *shown = timeline(&profile, 24);
	assert_non_null(
		strstr(shown, "Live bytes over time: 2,000 points in 24 lines, of which each shows the most; "
			      "--top 0 shows all\n"));
	assert_non_null(strstr(shown,
			       "\n   43.0 s   43.0 MiB #                                53.0 MiB     50%  "
			       "      2,000    2.0 MiB\n"));
	assert_non_null(strstr(shown,
			       "\n  11m 40s    2.0 GiB ##############################  the peak, in 1,234 "
			       "blocks\n  12m 19s    739 MiB ###########  "));
	assert_non_null(strstr(shown, "\n  13m 02s    2.0 GiB ##############################  "));
	assert_non_null(strstr(shown, "\n  16m 40s   1000 MiB ###############  "));
	assert_int_equal(count_lines(shown), 3 + 1 + 2 + 24 + 1 + 2);
	free(shown);
	shown = timeline(&profile, 0);
	assert_int_equal(count_lines(shown), 3 + 1 + 2 + 2000 + 1 + 2);
	free(shown);
	profile_deinit(&profile);
}

static void test_one_point_and_none(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	expect(&profile, 24, "\nThe profile has no timeline: it was made by an older version.\n");
	made_point(&profile, 0, 0); /* no time, nothing live, nothing known of the process */
	expect(&profile, 24,
	       "\n     0 ms        0 B                                         -       -            -  "
	       "        -\n");
	made_peak(&profile, 5, 1 << 20);
	expect(&profile, 24,
	       "\n     5 ms    1.0 MiB ##############################  the peak, in 1,234 blocks\n");
	profile_deinit(&profile);
}

static void test_times_that_lie(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	static const uint64_t ms[] = {UINT64_MAX, 0, 5, UINT64_MAX, 1};
	for (size_t i = 0; i < 5; i++) {
		struct profile_point *point = made_point(&profile, ms[i], UINT64_MAX - i);
		point->allocs = point->allocated_bytes = i % 2 ? UINT64_MAX : 0;
		point->has_usage = i != 4;
		point->cpu_ms = i % 2 ? UINT64_MAX : 0;
		point->rss_bytes = UINT64_MAX;
	}
	for (size_t top = 0; top < 7; top++) {
		char *shown =
			made_report(&profile, &(struct report_options){.view = REPORT_TIMELINE, .top = top});
		assert_non_null(strstr(shown, "16.0 EiB #"));
		free(shown);
	}
	profile_deinit(&profile);
}

static void test_timeline_of_modes(void **state)
{
	(void)state;
	struct profile profile;
	made_timeline(&profile, 2);
	made_peak(&profile, 700, 3 << 20);
	profile.target.attached_running = true; /* what it used before is not ours */
	expect(&profile, 24, " ##########                       11.0 MiB     50%  ");
	expect(&profile, 24, " #####                            10.5 MiB       -  ");
	expect(&profile, 24, "\npage faults: 128 minor, 0 major; read 4.0 KiB, written 0 B\n");
	profile.capture.sample_bytes = 1000;
	expect(&profile, 24, "\n  ~700 ms   ~3.0 MiB #");
	expect(&profile, 24, "   ~2,000   ~2.0 MiB\n");
	profile.capture.allocs_only = true;
	profile.capture.sample_bytes = 0;
	expect(&profile, 24,
	       "\nBytes allocated a second over time\n"
	       "\n"
	       "     time    bytes/s                                  resident     CPU     allocs/s\n"
	       "   500 ms    2.0 MiB ##############################   10.5 MiB       -        2,000\n"
	       "    1.0 s    2.0 MiB ##############################   11.0 MiB     50%        2,000\n");
	profile_deinit(&profile);
}

static void test_threads(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	struct report_options options = {.view = REPORT_THREADS, .top = 10};
	char *shown = made_report(&profile, &options);
	assert_non_null(strstr(shown, "\nThe profile has no threads: "));
	free(shown);
	profile.integrity[INTEGRITY_DROPPED_EVENTS] = 7;
	shown = made_report(&profile, &options);
	assert_non_null(strstr(shown, "are too low\n\nThe profile has no threads: "));
	free(shown);
	profile.integrity[INTEGRITY_DROPPED_EVENTS] = 0;
	made_thread(&profile, 42, "main", 1000, 10);
	made_thread(&profile, 0, "[others]", 500, 1234567890);
	made_thread(&profile, 4194304, "worker\033[2J name that is long", 3000, 5);
	made_thread(&profile, 44, NULL, 500, 1234567891);
	profile.totals.allocated_bytes = 5000;
	profile.totals.cross_thread_frees = 12;
	shown = made_report(&profile, &options);
	assert_string_equal(
		shown,
		"shop --all\n"
		"pid 42, has ended; captured for 2.0 s, from its start; glibc, exact\n"
		"\n"
		"4 of 4 threads by bytes allocated\n"
		"\n"
		"      tid  name             allocated             allocations          frees       live    "
		"blocks\n"
		"  4194304  worker\\x1B[2J na   2.9 KiB    60.0%              5              2    4.9 KiB    "
		"     3\n"
		"       42  main                1000 B    20.0%             10              5    4.9 KiB     "
		"  "
		"  3\n"
		"       44  ?                    500 B    10.0%  1,234,567,891    617,283,945    4.9 KiB     "
		"  "
		"  3\n"
		"        -  [others]             500 B    10.0%  1,234,567,890    617,283,945    4.9 KiB     "
		"  "
		"  3\n"
		"\n"
		"frees: that the thread made, of any thread's blocks; live: of its own, whoever frees them\n"
		"12 blocks were freed by another thread than allocated them\n");
	assert_true(longest_line(shown) <= 100);
	free(shown);
	options.top = 1;
	shown = made_report(&profile, &options);
	assert_non_null(strstr(shown, "\n3 more threads; --top N"));
	free(shown);
	profile.capture.allocs_only = true;
	profile.capture.sample_bytes = 1;
	options.top = 0;
	shown = made_report(&profile, &options);
	assert_non_null(strstr(shown, "allocated             allocations\n"));
	assert_null(strstr(shown, "live:"));
	assert_non_null(strstr(shown, "~60.0%"));
	assert_true(longest_line(shown) <= 100);
	free(shown);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_point_is_a_line),
		cmocka_unit_test(test_many_points_are_stretches_of_time),
		cmocka_unit_test(test_one_point_and_none),
		cmocka_unit_test(test_times_that_lie),
		cmocka_unit_test(test_timeline_of_modes),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
