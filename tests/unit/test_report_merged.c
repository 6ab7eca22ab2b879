// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report of a merged profile: whose the peak is, and the processes. */
#include "made_profile.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct profile_process *add_process(struct profile *profile, int pid, uint64_t peak)
{
	int64_t index = profile_add_process(profile);
	assert_true(index >= 0);
	struct profile_process *process = &profile->merged[index];
	process->pid = pid;
	process->state = PROFILE_FINAL;
	process->command = strdup(pid == 42 ? "shop --all"
					    : "\033[1mworker with a name that is longer than the "
					      "columns that are left beside the figures");
	process->peak_bytes = peak;
	process->peak_ms = 1500;
	process->live_bytes = 100;
	process->allocated_bytes = 10 * peak;
	return process;
}

static void begin(struct profile *profile)
{
	made_begin(profile);
	made_stack(profile, "f a.c:1")->counts = (struct profile_counts){.allocs = 9,
									 .allocated_bytes = 600,
									 .live_bytes = 300,
									 .live_allocs = 3,
									 .peak_bytes = 200,
									 .at_peak_bytes = 200,
									 .at_peak_allocs = 2};
	profile_sum_stacks(profile);
	profile->peak_allocs = 2;
	profile->peak_ms = 1500;
	add_process(profile, 41, 90)->has_signal = true;
	profile->merged[0].signal = 11;
	add_process(profile, 42, 200)->holds_peak = true;
	add_process(profile, 43, 150)->has_exit_status = true;
	profile->merged[2].exit_status = 3;
	profile->merged[1].has_exit_status = true; /* of 0 nothing is said */
}

static void expect(const struct profile *profile, const struct report_options *options, const char *part)
{
	char *shown = made_report(profile, options);
	if (!strstr(shown, part))
		fail_msg("not '%s' in %s", part, shown);
	assert_true(options->processes == 0 || longest_line(shown) <= 100);
	assert_null(strchr(shown, '\033'));
	free(shown);
}

static void test_whose_the_peak_is(void **state)
{
	(void)state;
	const struct report_options two = {.sort = REPORT_DEFAULT, .top = 10, .processes = 2};
	const struct report_options all = {.sort = REPORT_DEFAULT};
	struct profile profile;
	begin(&profile);
	expect(&profile, &two,
	       "merged of 3 processes; the peak is pid 42's (shop --all)\n"
	       "all final; captured for up to 2.0 s; glibc, exact\n"
	       "\n"
	       "  peak              200 B  200 B in 2 blocks, of pid 42, after 1.5 s\n"
	       "  live              300 B  300 B in 3 blocks, at the end of each\n"
	       "  allocated         600 B  600 B in 9 allocations\n"
	       "  freed               0 B  0 B in 0 frees\n"
	       "  reallocs              0  each counts as an allocation, and as a free of the old block\n"
	       "  temporary             0  0.0% of allocations: freed before the next one on their thread\n"
	       "\n"
	       "2 of 3 processes by peak\n"
	       "        pid       peak     after       live  allocated  end         command\n"
	       "         42      200 B     1.5 s      100 B    2.0 KiB              shop --all\n");
	expect(&profile, &two,
	       "         43      150 B     1.5 s      100 B    1.5 KiB  exit 3      \\x1B[1mworker with a "
	       "name that i\n"
	       "  1 more; --top 0 shows all\n");
	expect(&profile, &all,
	       "beside the figures\n         41       90 B     1.5 s      100 B      900 B  signal 11");
	profile.merged[0].state = profile.state = PROFILE_RUNNING;
	expect(&profile, &two, "\n1 still running; captured for up to");
	expect(&profile, &two, "3 blocks, at the end of each, or by now\n");
	profile_deinit(&profile);
}

static void test_without_peaks(void **state)
{
	(void)state;
	const struct report_options top = {.sort = REPORT_DEFAULT, .top = 10, .processes = 5};
	struct profile profile;
	begin(&profile);
	profile.capture.allocs_only = true;
	profile.merged[1].holds_peak = false; /* as the reader has it */
	expect(&profile, &top, "merged of 3 processes\nall final;");
	expect(&profile, &top,
	       "3 of 3 processes by bytes allocated\n"
	       "        pid  allocated  end         command\n"
	       "         42    2.0 KiB              shop --all\n");
	profile_deinit(&profile);
}

static void test_what_a_merged_profile_lacks(void **state)
{
	(void)state;
	struct profile profile;
	begin(&profile);
	assert_non_null(strstr(report_view_lacks(&profile, REPORT_TIMELINE), "merged"));
	const struct report_options timeline = {.view = REPORT_TIMELINE};
	assert_int_equal(report_write(&profile, &timeline, stdout), -EINVAL);
	profile.n_merged = 1; /* one process is itself */
	const struct report_options top = {.sort = REPORT_DEFAULT, .top = 10, .processes = 5};
	expect(&profile, &top, "shop --all\npid 42, has ended; captured for 2.0 s, from its start");
	assert_null(report_view_lacks(&profile, REPORT_TIMELINE));
	profile.n_merged = 3;
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_the_peak_is),
		cmocka_unit_test(test_without_peaks),
		cmocka_unit_test(test_what_a_merged_profile_lacks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
