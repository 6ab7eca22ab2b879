// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --leaks, to the letter. */
#include "made_profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t second = 1000000000;

static void made_live(struct profile *profile, const char *frames, uint64_t blocks, uint64_t bytes,
		      struct profile_leak leak, struct profile_ages ages)
{
	struct profile_stack *stack = made_stack(profile, frames);
	stack->counts.allocs = 10000;
	stack->counts.frees = 10000 - blocks;
	stack->counts.live_allocs = blocks;
	stack->counts.live_bytes = bytes;
	stack->leak = leak;
	stack->ages = ages;
	stack->ages.known = blocks > 0;
}

/* What was set up once, what came later, two that grow, one whose blocks are all freed. */
static void made_leaks(struct profile *profile)
{
	made_begin(profile);
	made_live(profile, "setup shop.c:5 < main shop.c:3", 30, 3000000, (struct profile_leak){0},
		  (struct profile_ages){.min = 59 * second,
					.max = 60 * second,
					.mean = 59 * second + second / 2,
					.startup_allocs = 30,
					.startup_bytes = 3000000});
	made_live(profile, "load shop.c:50 < main shop.c:3", 2, 4000000, (struct profile_leak){0},
		  (struct profile_ages){.min = 30 * second,
					.max = 60 * second,
					.mean = 45 * second,
					.startup_allocs = 1,
					.startup_bytes = 1000000});
	made_live(profile, "slow shop.c:60 < main shop.c:3", 100, 500000, (struct profile_leak){0.9, 100},
		  (struct profile_ages){.min = 1, .max = 60 * second, .mean = 30 * second});
	made_live(profile, "fast shop.c:61 < main shop.c:3", 1000, 1000000,
		  (struct profile_leak){0.873, 2000},
		  (struct profile_ages){.min = 5000000, .max = 58 * second, .mean = 29 * second});
	made_live(profile, "clean shop.c:70 < main shop.c:3", 0, 0, (struct profile_leak){0},
		  (struct profile_ages){0});
	made_live(profile, "one shop.c:80 < main shop.c:3", 1, 100, (struct profile_leak){0},
		  (struct profile_ages){.min = second, .max = second, .mean = second});
	profile_sum_stacks(profile);
}

static char *leaks(const struct profile *profile, size_t top)
{
	char *shown = made_report(profile, &(struct report_options){.view = REPORT_LEAKS, .top = top});
	assert_true(longest_line(shown) <= 100);
	return shown;
}

static void test_three_kinds(void **state)
{
	(void)state;
	struct profile profile;
	made_leaks(&profile);
	char *shown = leaks(&profile, 10);
	assert_string_equal(
		shown,
		"shop --all\n"
		"pid 42, has ended; captured for 2.0 s, from its start; glibc, exact\n"
		"\n"
		"  growing         1.4 MiB  in 1,100 blocks of 2 stacks, by 2.1 KiB/s\n"
		"  startup         3.8 MiB  in 31 blocks of 2 stacks, from the capture's first second\n"
		"  other           2.9 MiB  in 2 blocks of 2 stacks\n"
		"\n"
		"5 of 5 stacks with live blocks, what grows first\n"
		"\n"
		"   1.   977 KiB   11.8%  in 1,000 blocks, growing by 2.0 KiB/s, score 0.87\n"
		"        alive for 5.0 ms to 58.0 s, mean 29.0 s; 9,000 of 10,000 freed\n"
		"        fast (shop.c:61)\n"
		"        main (shop.c:3)\n"
		"\n"
		"   2.   488 KiB    5.9%  in 100 blocks, growing by 100 B/s, score 0.90\n"
		"        alive for 1 ns to 1m 00s, mean 30.0 s; 9,900 of 10,000 freed\n"
		"        slow (shop.c:60)\n"
		"        main (shop.c:3)\n"
		"\n"
		"   3.   3.8 MiB   47.1%  in 2 blocks, 1 of them from the first second\n"
		"        alive for 30.0 s to 1m 00s, mean 45.0 s; 9,998 of 10,000 freed\n"
		"        load (shop.c:50)\n"
		"        main (shop.c:3)\n"
		"\n"
		"   4.   2.9 MiB   35.3%  in 30 blocks, from the first second\n"
		"        alive for 59.0 s to 1m 00s, mean 59.5 s; 9,970 of 10,000 freed\n"
		"        setup (shop.c:5)\n"
		"        main (shop.c:3)\n"
		"\n"
		"   5.     100 B    0.0%  in 1 block\n"
		"        alive for 1.0 s; 9,999 of 10,000 freed\n"
		"        one (shop.c:80)\n"
		"        main (shop.c:3)\n");
	free(shown);
	shown = leaks(&profile, 2);
	assert_non_null(strstr(shown, "\n2 of 5 stacks with"));
	assert_non_null(strstr(shown, "\n3 more stacks; --top N"));
	free(shown);
	profile_deinit(&profile);
}

static void expect(const struct profile *profile, const char *part, const char * not )
{
	char *shown = leaks(profile, 10);
	if (!strstr(shown, part) || strstr(shown, not ))
		fail_msg("'%s' and not '%s' in %s", part, not, shown);
	free(shown);
}

static void test_ages_that_are_not_known(void **state)
{
	(void)state;
	struct profile profile;
	made_leaks(&profile);
	profile.capture.sample_bytes = 1000;
	expect(&profile,
	       "  other          ~6.7 MiB  in ~33 blocks of 3 stacks; a sample does not tell their age\n",
	       "alive");
	expect(&profile,
	       "  in ~1,000 blocks, growing by ~2.0 KiB/s, score 0.87\n        ~9,000 of ~10,000 freed\n",
	       "first second");
	profile.capture.sample_bytes = 0;
	for (size_t i = 0; i < profile.n_stacks; i++)
		profile.stacks[i].ages.known = false;
	expect(&profile, "; their age is not known\n", "startup");
	profile.state = PROFILE_RUNNING;
	expect(&profile, "; their age is known at the end\n", "alive");
	profile_deinit(&profile);
}

static void test_no_leak(void **state)
{
	(void)state;
	struct profile profile;
	made_leaks(&profile);
	for (size_t i = 0; i < profile.n_stacks; i++)
		profile.stacks[i].leak.score = 0;
	profile.capture.duration_ms = 3000;
	expect(&profile,
	       "  growing               ?  too short to tell what keeps growing: that takes 4 s, and 8 "
	       "snapshots\n",
	       "growing by");
	profile.capture.duration_ms = 60000;
	expect(&profile,
	       "  growing            none  no stack was seen to keep growing over the 5 snapshots\n",
	       "growing by");
	profile.capture.duration_ms = 900; /* all of it is its first second */
	expect(&profile, "  other ", "startup");
	for (size_t i = 0; i < profile.n_stacks; i++)
		profile.stacks[i].counts.live_allocs = profile.stacks[i].counts.live_bytes = 0;
	expect(&profile, "\nAll that was allocated has been freed.\n", "stacks");
	profile.totals.allocs = 0;
	expect(&profile, "\n\nNothing was allocated while the capture ran.\n", "freed");
	profile.target.attached_running = true;
	expect(&profile, " are not counted; 0 of them were freed in it\n\nNothing was allocated", "All");
	profile_deinit(&profile);
}

static void test_allocs_only_has_no_leaks(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	profile.capture.allocs_only = true;
	FILE *out = fopen("/dev/null", "w");
	assert_int_equal(report_write(&profile, &(struct report_options){.view = REPORT_LEAKS}, out),
			 -EINVAL);
	assert_non_null(strstr(report_view_lacks(&profile, REPORT_LEAKS), "--allocs-only"));
	assert_null(report_view_lacks(&profile, REPORT_THREADS));
	assert_null(report_view_lacks(&profile, REPORT_TIMELINE));
	fclose(out);
	profile_deinit(&profile);
}

static void test_summary(void **state)
{
	(void)state;
	struct profile profile;
	char *shown = NULL;
	size_t length;
	made_leaks(&profile);
	profile.totals.peak_bytes = 1;
	static const char *const lines[] = {
		"  growing by 2.0 KiB/s, score 0.87, 977 KiB live: fast (shop.c:61) < main\n"
		"    and 1 more stack; captrack-bpf report --leaks shows them\n",
		"  growing by 100 B/s, score 0.90, 488 KiB live: slow (shop.c:60) < main\n", NULL};
	for (int i = 0; i < 3; i++) {
		FILE *out = open_memstream(&shown, &length);
		assert_non_null(out);
		assert_int_equal(summary_write(&profile, NULL, false, out), 0);
		fclose(out);
		const char *found = strstr(shown, lines[i] ? lines[i] : "growing");
		if (!found != !lines[i] || (i == 1 && strstr(shown, "more stack")))
			fail_msg("%d: %s", i, shown);
		assert_true(longest_line(shown) <= 100);
		free(shown);
		profile.stacks[3 - i].leak.score = 0.49; /* no clear one */
	}
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_kinds), cmocka_unit_test(test_ages_that_are_not_known),
		cmocka_unit_test(test_no_leak),     cmocka_unit_test(test_allocs_only_has_no_leaks),
		cmocka_unit_test(test_summary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
