// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --sort growth, to the letter. */
#include "made_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct report_options by_growth = {.sort = REPORT_GROWTH, .top = 10};

/* One stack, 1,000 chains that end at 1,001 ... 2,000 bytes, in 2,500 steps. */
static struct profile_stack *one_stack(struct profile *profile)
{
	made_begin(profile);
	struct profile_stack *stack = made_stack(profile, "append buf.c:12 < main shop.c:3");
	stack->counts.allocs = 3500;
	stack->counts.reallocs = 2500;
	struct profile_growth *growth = made_growth(stack, 1001, 1, 1000);
	growth->steps = 2500;
	growth->first_bytes = 64000;
	growth->copied_bytes = 1 << 20;
	return stack;
}

static void expect(const struct profile *profile, const char *part)
{
	char *shown = made_report(profile, &by_growth);
	if (!strstr(shown, part))
		fail_msg("not '%s' in %s", part, shown);
	assert_true(longest_line(shown) <= 100);
	free(shown);
}

static void test_the_sentence(void **state)
{
	(void)state;
	struct profile profile;
	struct profile_stack *stack = one_stack(&profile);
	expect(&profile, "\n1 of 1 stack by bytes copied in growing, at worst\n"
			 "\n"
			 "   1.   1.0 MiB  100.0%  copied if each step moves: 2,500 steps in 1,000 chains\n"
			 "        grows 2.5 times to a median of 1.5 KiB, p95 1.9 KiB: start at 1,950 B\n"
			 "        begins with 64 B on average; 1,000 of 1,000 blocks met realloc\n"
			 "        append (buf.c:12)\n"
			 "        main (shop.c:3)\n");
	stack->growth->steps = 14000;
	stack->growth->open_chains = 12;
	stack->growth->total_observed = 1234567;
	expect(&profile, "        grows 14 times to a median of 1.5 KiB, p95 1.9 KiB: start at 1,950 B\n"
			 "        begins with 64 B on average; 1,000 of 1,000 blocks met realloc; 12 still "
			 "open at the end;\n"
			 "        median and p95 of a sample of 1,000 sizes\n");
	profile_deinit(&profile);
}

static void test_few_that_grow(void **state)
{
	(void)state;
	struct profile profile;
	struct profile_stack *stack = one_stack(&profile);
	stack->counts.reallocs = 0; /* malloc here, realloc elsewhere */
	stack->counts.allocs = 1000000;
	expect(&profile, "        grows 2.5 times to a median of 1.5 KiB, p95 1.9 KiB: start at 1,950 B; but "
			 "only 1,000 of\n"
			 "        1,000,000 blocks met realloc\n"
			 "        begins with 64 B on average\n");
	stack->growth->n_final_sizes = stack->growth->total_observed = stack->growth->chains = 1;
	stack->growth->steps = 1;
	stack->counts.allocs = 1;
	stack->growth->first_bytes = 16;
	expect(&profile, " 1 step in 1 chain\n"
			 "        grew 1 time to 1001 B, the only chain: start at 1,001 B\n"
			 "        begins with 16 B on average; 1 of 1 block met realloc\n");
	profile_deinit(&profile);
}

static void test_no_sizes_and_no_growth(void **state)
{
	(void)state;
	struct profile profile;
	struct profile_stack *stack = one_stack(&profile);
	stack->growth->first_bytes = 1000 * 8192;
	expect(&profile, "        ends no larger than it begins, at a median of 1.5 KiB, p95 1.9 KiB after "
			 "realloc 2.5 times\n");
	profile.state = PROFILE_RUNNING;
	expect(&profile, "met realloc; 1,000 chains have ended\n");
	stack->growth->n_final_sizes = stack->growth->total_observed = 0;
	expect(&profile, "        has grown 2.5 times; none has ended yet, so no final size is known\n"
			 "        begins with 8.0 KiB on average; 1,000 of 1,000 blocks met realloc; 0 "
			 "chains have ended\n");
	profile_deinit(&profile);
}

static void test_order(void **state)
{
	(void)state;
	struct profile profile;
	one_stack(&profile);
	made_stack(&profile, "never shop.c:1");
	made_growth(made_stack(&profile, "empty_one shop.c:2"), 8, 0, 1);
	made_growth(made_stack(&profile, "empty_two shop.c:3"), 8, 0, 2);
	made_growth(made_stack(&profile, "most shop.c:4"), 8, 0, 2)->copied_bytes = 3 << 20;
	char *shown = made_report(&profile, &by_growth);
	const char *at = shown;
	static const char *const order[] = {"4 of 4 stacks",   "  75.0%  copied", "most (",
					    "  25.0%  copied", "append (",        "empty_two (",
					    "empty_one ("};
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		at = strstr(at, order[i]);
		if (!at)
			fail_msg("%s: %s", order[i], shown);
	}
	assert_null(strstr(shown, "never"));
	free(shown);
	shown = made_report(&profile, &(struct report_options){.sort = REPORT_GROWTH, .top = 1});
	assert_non_null(strstr(shown, "\n3 more stacks; --top N shows N, --top 0 all of them, uncut\n"));
	free(shown);
	profile_deinit(&profile);
	made_begin(&profile);
	made_stack(&profile, "never shop.c:1")->counts.allocs = 1;
	expect(&profile, "\nNo block met realloc.\n");
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sentence),
		cmocka_unit_test(test_few_that_grow),
		cmocka_unit_test(test_no_sizes_and_no_growth),
		cmocka_unit_test(test_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
