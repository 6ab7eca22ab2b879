// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the report says of each stack's blocks, and of blocks freed twice. */
#include "made_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 1,000 blocks of 16 B to 4 KiB, of which 990 were freed. */
static struct profile_stack *many_blocks(struct profile *profile)
{
	struct profile_stack *stack =
		made_stack(profile, "fill shop.c:12 < main shop.c:3 < __libc_start_main");
	stack->counts = (struct profile_counts){
		.allocs = 1000,
		.frees = 990,
		.allocated_bytes = 1 << 20,
		.live_allocs = 10,
		.live_bytes = 4000,
		.at_peak_bytes = 9000,
		.at_peak_allocs = 30,
		.peak_bytes = 9000,
	};
	stack->sizes.min = 16;
	stack->sizes.max = 4096;
	assert_int_equal(profile_histogram_add(&stack->sizes.log2, 5, 1000), 0);
	stack->lifetimes = (struct profile_lifetimes){
		.min = 1200, .max = 3400000000, .has_sum = true, .sum = 990 * 12000000ull};
	assert_int_equal(profile_histogram_add(&stack->lifetimes.log2, 11, 980), 0);
	assert_int_equal(profile_histogram_add(&stack->lifetimes.log2, 32, 10), 0);
	return stack;
}

static void expect(const struct profile *profile, size_t top, const char *part)
{
	char *shown = made_report(profile, &(struct report_options){.sort = REPORT_DEFAULT, .top = top});
	if (!strstr(shown, part))
		fail_msg("not '%s' in %s", part, shown);
	if (top)
		assert_true(longest_line(shown) <= 100);
	free(shown);
}

static void expect_none(const struct profile *profile, const char *part)
{
	char *shown = made_report(profile, &(struct report_options){.sort = REPORT_DEFAULT, .top = 10});
	if (strstr(shown, part))
		fail_msg("'%s' in %s", part, shown);
	free(shown);
}

static void test_sizes_and_lifetimes(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	struct profile_stack *stack = many_blocks(&profile);
	expect(&profile, 10,
	       "\n        16 B to 4.0 KiB each; lived 1.2 us to 3.4 s, mean 12.0 ms\n"
	       "        fill (shop.c:12)\n");
	stack->counts.cross_thread_frees = 123456789;
	expect(&profile, 10, "mean 12.0 ms;\n        123,456,789 freed by another thread\n");
	stack->counts.cross_thread_frees = 12345;
	expect(&profile, 10, "mean 12.0 ms; 12,345 freed by another thread\n");
	stack->lifetimes.has_sum = false;
	expect(&profile, 10, "lived 1.2 us to 3.4 s; 12,3");
	stack->lifetimes.max = 1200;
	stack->sizes.min = 4096;
	expect(&profile, 10, "\n        4.0 KiB each; lived 1.2 us; 12,3");
	profile_deinit(&profile);
}

static void test_what_is_not_known_is_not_shown(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	struct profile_stack *stack = many_blocks(&profile);
	stack->counts.cross_thread_frees = 5;
	profile.capture.allocs_only = true;
	expect(&profile, 10, "        16 B to 4.0 KiB each\n        fill");
	profile.capture.sample_bytes = 1000;
	expect_none(&profile, "KiB each");
	profile.capture.allocs_only = false;
	expect_none(&profile, "lived");
	expect_none(&profile, "another thread");
	profile.capture.sample_bytes = 0;
	free(stack->sizes.log2.counts);
	stack->sizes.log2 = (struct profile_histogram){0}; /* a file from before there were any */
	expect_none(&profile, "KiB each");
	profile_deinit(&profile);
}

static void test_freed_by(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	struct profile_stack *stack = many_blocks(&profile);
	uint32_t few = made_free_stack(&profile, "reset shop.c:70 < main shop.c:4");
	uint32_t most = made_free_stack(&profile, "operator delete < close_all a.c:12 < main shop.c:5");
	uint32_t unknown = made_free_stack(&profile, "");
	struct profile_freed_by freed_by[] = {{few, 30, 0}, {most, 940, 3}, {unknown, 20, 20}};
	stack->freed_by = malloc(sizeof(freed_by));
	memcpy(stack->freed_by, freed_by, sizeof(freed_by));
	stack->n_freed_by = 3;
	profile.capture.free_stacks = true;
	expect(&profile, 10,
	       "mean 12.0 ms\n"
	       "        freed by: close_all (a.c:12) < main  940 (3 by another thread); 2 other stacks\n"
	       "        fill (shop.c:12)\n");
	expect(&profile, 0,
	       "        freed by: close_all (a.c:12) < main  940 (3 by another thread)\n"
	       "        freed by: reset (shop.c:70) < main  30\n"
	       "        freed by: [unknown]  20 (20 by another thread)\n");
	stack->n_freed_by = 1;
	expect(&profile, 10, "freed by: reset (shop.c:70) < main  30\n");
	profile_deinit(&profile);
}

static void test_long_freed_by_fits(void **state)
{
	(void)state;
	struct profile profile;
	char name[400];
	memset(name, 'n', sizeof(name));
	strcpy(name + 380, " a.c:12");
	made_begin(&profile);
	struct profile_stack *stack = many_blocks(&profile);
	uint32_t far = made_free_stack(&profile, name);
	stack->freed_by = calloc(2, sizeof(*stack->freed_by));
	for (int i = 0; i < 2; i++)
		stack->freed_by[i] = (struct profile_freed_by){far, 1234567, 1234567};
	stack->n_freed_by = 2;
	expect(&profile, 10, "n... (a.c:12)  1,234,567 (1,234,567 by another thread); 1 other stack\n");
	stack->freed_by[0].frees = stack->freed_by[0].cross_thread_frees = UINT64_MAX; /* a file that lies */
	char *shown = made_report(&profile, &(struct report_options){.top = 10});
	assert_non_null(
		strstr(shown, "  18,446,744,073,709,551,615 (18,446,744,073,709,551,615 by another thread)"));
	free(shown);
	profile_deinit(&profile);
}

static void test_double_frees(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	many_blocks(&profile);
	made_stack(&profile, "make_node list.c:10 < main shop.c:9");
	uint32_t drop = made_free_stack(&profile, "drop list.c:30 < main shop.c:10");
	uint32_t again = made_free_stack(&profile, "drop_all list.c:44 < main shop.c:11");
	const struct profile_double_free table[] = {
		{1, drop, again, 3}, {-1, -1, again, 1}, {0, -1, -1, 1000}, {0, drop, drop, 1}};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(profile_add_double_free(&profile), i);
		profile.double_frees[i] = table[i];
	}
	profile.integrity[INTEGRITY_DOUBLE_FREES] = 1005;
	expect(&profile, 10,
	       "\nFreed twice, with no allocation at the address in between\n"
	       "\n"
	       "  3 blocks were\n"
	       "      allocated make_node (list.c:10) < main\n"
	       "      freed     drop (list.c:30) < main\n"
	       "      and again drop_all (list.c:44) < main\n"
	       "\n"
	       "  1 block was\n"
	       "      allocated where is not known\n"
	       "      freed     where is not known: --free-stacks would tell\n"
	       "      and again drop_all (list.c:44) < main\n"
	       "\n"
	       "  1,000 blocks were\n"
	       "      allocated fill (shop.c:12) < main\n"
	       "      freed     where is not known: --free-stacks would tell\n"
	       "      and again where is not known: --free-stacks would tell\n"
	       "\n"
	       "  1 more; --top 0 shows all\n"
	       "\n"
	       "1 of 1 stack by");
	expect(&profile, 0, "      and again drop (list.c:30) < main\n\n2 of 2");
	profile.capture.free_stacks = true;
	expect_none(&profile, "--free-stacks");
	profile.capture.sample_bytes = 1;
	expect_none(&profile, "Freed twice");
	profile_deinit(&profile);
}

static void test_rates_and_reallocs(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	many_blocks(&profile);
	profile_sum_stacks(&profile);
	expect(&profile, 10, "  rate          512 KiB/s  500 allocations, 495 frees a second\n");
	profile.capture.duration_ms = 400000;
	expect(&profile, 10, "  rate          2.6 KiB/s  2.5 allocations, 2.5 frees a second\n");
	profile.capture.duration_ms = 0;
	expect_none(&profile, "rate");
	profile.capture.duration_ms = 1; /* a file that lies */
	profile.totals.allocated_bytes = UINT64_MAX;
	expect(&profile, 10, "  rate         16.0 EiB/s  ");
	profile.totals.reallocs = 12;
	expect(&profile, 10, "  reallocs             12  each counts as");
	profile.totals.grown_in_place = 5;
	profile.totals.moved = 4;
	profile.totals.moved_bytes = 1 << 20;
	expect(&profile, 10,
	       "  reallocs             12  each an allocation and a free; 5 grew in place, 4 moved 1.0 "
	       "MiB\n");
	profile.capture.allocs_only = true;
	expect(&profile, 10, "  reallocs             12  each counts as an allocation\n");
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_and_lifetimes),
		cmocka_unit_test(test_what_is_not_known_is_not_shown),
		cmocka_unit_test(test_freed_by),
		cmocka_unit_test(test_long_freed_by_fits),
		cmocka_unit_test(test_double_frees),
		cmocka_unit_test(test_rates_and_reallocs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
