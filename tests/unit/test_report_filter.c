// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What of a profile the report's filters leave. */
#include "made_profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void make_shop(struct profile *profile)
{
	made_begin(profile);
	made_held(profile, "push vec.h:7^ < grow src/buf.c:12 < main src/main.c:3", 4000);
	made_held(profile, "grow src/buf.c:12 < load src/load.c:9 < main src/main.c:3", 3000);
	made_held(profile, "getline < load src/load.c:8 < main src/main.c:3", 2000);
	made_held(profile, "+0x77 < main src/main.c:4", 900);
	made_held(profile, "", 100);
}

static char *report(const struct profile *profile, const struct report_options *options)
{
	char *text = made_report(profile, options), *copy = strdup(text);
	free(text);
	return copy;
}

/* The text has all of these, in this order. */
static void assert_has(const struct profile *profile, const struct report_options *options,
		       const char *const *parts)
{
	char *text = report(profile, options);
	const char *at = text;
	for (; *parts; parts++) {
		at = strstr(at, *parts);
		if (!at)
			fail_msg("'%s' is not in, or not there:\n%s", *parts, text);
	}
	free(text);
}

#define ASSERT_HAS(options, ...)                                                                             \
	assert_has(&profile, &(struct report_options)options, (const char *const[]){__VA_ARGS__, NULL})
#define OPTIONS(...)                                                                                         \
	{                                                                                                    \
		.top = 10, __VA_ARGS__                                                                       \
	}

static void test_names(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	ASSERT_HAS(OPTIONS(.function = "grow"), "  peak            9.8 KiB  10,000 B",
		   "\n\n2 of 5 stacks match: 6.8 KiB of 9.8 KiB (70.0%) by bytes at the peak\n"
		   "\n2 of 2 stacks by bytes at the peak\n",
		   "   1.   3.9 KiB   40.0%", "   2.   2.9 KiB   30.0%");
	ASSERT_HAS(OPTIONS(.function = "*ow", .file = "buf.c"), "\n2 of 5 stacks match: 6.8 KiB");
	ASSERT_HAS(OPTIONS(.function = "grow", .file = "load.c"), "\nNone of 5 stacks matches.\n");
	ASSERT_HAS(OPTIONS(.file = "src/load.c"), "\n2 of 5 stacks match: 4.9 KiB of 9.8 KiB (50.0%)");
	ASSERT_HAS(OPTIONS(.object = "libc"), "\n1 of 5 stacks matches: 2.0 KiB of 9.8 KiB (20.0%)",
		   "getline+0x4");
	ASSERT_HAS(OPTIONS(.function = "shop+0x77"), "\n1 of 5 stacks matches: 900 B");
	ASSERT_HAS(OPTIONS(.function = "[unknown]"), "\n1 of 5 stacks matches: 100 B");
	ASSERT_HAS(OPTIONS(.function = "*"), "\n5 of 5 stacks match: 9.8 KiB of 9.8 KiB (100.0%)");
	profile_deinit(&profile);
}

static void test_sizes_are_of_what_is_sorted_by(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	profile.stacks[4].counts.live_bytes = 3500;
	profile.stacks[4].counts.peak_bytes = 1 << 20;
	ASSERT_HAS(OPTIONS(.min_bytes = 3000), "\n2 of 5 stacks match: 6.8 KiB");
	ASSERT_HAS(OPTIONS(.min_bytes = 3000, .sort = REPORT_LIVE), "\n3 of 5 stacks match: 10.3 KiB");
	ASSERT_HAS(OPTIONS(.min_bytes = 3000, .view = REPORT_LEAKS),
		   "\n3 of 5 stacks match: 10.3 KiB of 13.1 KiB", "\n3 of 3 stacks with live blocks");
	ASSERT_HAS(OPTIONS(.min_bytes = 4001, .sort = REPORT_PEAK),
		   "\n1 of 5 stacks matches: 100 B of 9.8 KiB (1.0%) by bytes at the peak\n",
		   "\n1 of 1 stack by bytes at their own peaks\n", "   1.   1.0 MiB");
	ASSERT_HAS(OPTIONS(.min_bytes = 4001), "\nNone of 5 stacks matches.\n");
	made_growth(&profile.stacks[1], 100, 0, 4)->copied_bytes = 300;
	made_growth(&profile.stacks[2], 100, 0, 4)->copied_bytes = 100;
	ASSERT_HAS(OPTIONS(.min_bytes = 200, .sort = REPORT_GROWTH),
		   "\n1 of 5 stacks matches: 300 B of 400 B (75.0%) by bytes copied in growing",
		   "   1.     300 B   75.0%");
	profile_deinit(&profile);
}

static void test_leaks_are_of_the_process_and_the_list_of_what_matches(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	ASSERT_HAS(OPTIONS(.view = REPORT_LEAKS, .function = "load"),
		   "  other           9.8 KiB  in 5 blocks",
		   "\n2 of 5 stacks match: 4.9 KiB of 9.8 KiB (50.0%) by live bytes\n",
		   "\n2 of 2 stacks with live blocks");
	profile.stacks[3].counts.live_bytes = profile.stacks[3].counts.live_allocs = 0;
	ASSERT_HAS(OPTIONS(.view = REPORT_LEAKS, .function = "shop+"), "\n1 of 5 stacks matches: 0 B",
		   "\nNothing of these lives.\n");
	profile_deinit(&profile);
}

static void test_threads(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	made_thread(&profile, 100, "shop", 5000, 1);
	made_thread(&profile, 101, "worker-1", 3000, 1);
	made_thread(&profile, 102, "worker-2", 1500, 1);
	made_thread(&profile, 0, "[others]", 500, 1);
	ASSERT_HAS(OPTIONS(.view = REPORT_THREADS, .thread = "worker"),
		   "\n2 of 4 threads match: 4.4 KiB of 9.8 KiB (45.0%) by bytes allocated\n",
		   "\n2 of 2 threads by bytes allocated\n", "      101  worker-1");
	ASSERT_HAS(OPTIONS(.view = REPORT_THREADS, .thread = "102"), "\n1 of 4 threads matches: 1.5 KiB");
	ASSERT_HAS(OPTIONS(.view = REPORT_THREADS, .thread = "2"), "\nNone of 4 threads matches.\n");
	ASSERT_HAS(OPTIONS(.view = REPORT_THREADS, .thread = "0"), "\nNone of 4 threads matches.\n");
	ASSERT_HAS(OPTIONS(.view = REPORT_THREADS, .min_bytes = 3000), "\n2 of 4 threads match: 7.8 KiB");
	struct report_options options = OPTIONS(.thread = "worker");
	assert_non_null(strstr(report_lacks(&profile, &options), "--by-thread"));
	options.view = REPORT_THREADS;
	assert_null(report_lacks(&profile, &options));
	profile.capture.by_thread = true;
	for (uint32_t i = 0; i < 3; i++) {
		profile.stacks[i].has_thread = true;
		profile.stacks[i].thread = i;
	}
	ASSERT_HAS(OPTIONS(.thread = "worker"), "\n2 of 5 stacks match: 4.9 KiB of 9.8 KiB (50.0%)",
		   "by thread 101, worker-1", "by thread 102, worker-2");
	ASSERT_HAS(OPTIONS(.thread = "worker", .function = "getline"), "\n1 of 5 stacks matches: 2.0 KiB");
	ASSERT_HAS(OPTIONS(.thread = "100"), "\n1 of 5 stacks matches: 3.9 KiB");
	profile_deinit(&profile);
}

static void test_what_does_not_go_together(void **state)
{
	(void)state;
	static const struct {
		struct report_options options;
		const char *part;
	} known[] = {
		{OPTIONS(.view = REPORT_THREADS, .function = "x"), "--threads"},
		{OPTIONS(.view = REPORT_TIMELINE, .file = "x"), "--timeline"},
		{OPTIONS(.view = REPORT_TIMELINE, .thread = "x"), "--timeline"},
		{OPTIONS(.view = REPORT_TIMELINE, .min_bytes = 1), "--timeline"},
		{OPTIONS(.view = REPORT_TIMELINE, .json = true), "--top"},
		{{.sort = REPORT_TEMPORARY, .min_bytes = 1}, "bytes"},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const char *why = report_options_wrong(&known[i].options);
		if (!why || !strstr(why, known[i].part))
			fail_msg("%zu: %s", i, why ? why : "fits");
	}
	struct report_options options = OPTIONS(.function = "x", .file = "y", .object = "z", .min_bytes = 5);
	assert_null(report_options_wrong(&options));
	options.view = REPORT_LEAKS;
	assert_null(report_options_wrong(&options));
}

/* Sums that do not fit are as large as may be, and nothing divides by them. */
static void test_files_that_lie(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	for (int i = 0; i < 3; i++)
		made_stack(&profile, "get a.c:1")->counts.at_peak_bytes = UINT64_MAX;
	ASSERT_HAS(OPTIONS(.function = "get"), "\n3 of 3 stacks match: 16.0 EiB of 16.0 EiB (100.0%)");
	profile.stacks[0].counts.at_peak_bytes = profile.stacks[1].counts.at_peak_bytes =
		profile.stacks[2].counts.at_peak_bytes = 0;
	ASSERT_HAS(OPTIONS(.function = "get"), "\n3 of 3 stacks match: 0 B of 0 B (0.0%)");
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sizes_are_of_what_is_sorted_by),
		cmocka_unit_test(test_leaks_are_of_the_process_and_the_list_of_what_matches),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_what_does_not_go_together),
		cmocka_unit_test(test_files_that_lie),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
