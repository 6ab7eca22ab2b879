// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From counts and costs of single calls to slowdowns, and how an estimate is told. */
#include "captrack/cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "captrack/views.h"

static const struct trap_cost traps = {.emulated = 400, .stepped = 14400, .both = 900, .session = 600};

static struct cost_basis basis(void)
{
	struct cost_basis basis = {.trap = traps};
	basis.calls.calls[CT_CALL_ALLOC][0] = 1000;
	basis.calls.calls[CT_CALL_FREE][1] = 1000;
	basis.has_program = true;
	basis.program = (struct program_cost){.alloc = 1000, .realloc = 2000, .free = 500, .unkept = 100};
	return basis;
}

static void test_a_trap(void **state)
{
	(void)state;
	assert_int_equal(trap_cost_of_call(&traps, false, false, false), 400);
	assert_int_equal(trap_cost_of_call(&traps, true, false, false), 14400);
	assert_int_equal(trap_cost_of_call(&traps, false, true, false), 900);
	assert_int_equal(trap_cost_of_call(&traps, true, true, false), 14900);
	assert_int_equal(trap_cost_of_call(&traps, false, true, true), 600);
	assert_int_equal(trap_cost_of_call(&traps, false, false, true), 400);
	struct trap_cost none = traps;
	none.session = 0; /* this kernel has none */
	assert_int_equal(trap_cost_of_call(&none, false, true, true), 900);
}

static void test_an_exact_capture(void **state)
{
	(void)state;
	struct cost_basis it = basis();
	/* 1000 allocations: 900 + 1000; 1000 frees, stepped: 14400 + 500. */
	assert_int_equal(cost_of_capture_ns(&it, COST_EXACT, 524288), 16800000);
	assert_int_equal(cost_of_capture_ns(&it, COST_ALLOCS_ONLY, 524288), 1900000);
	assert_int_equal(cost_of_counting_ns(&it), 14800000);
	it.calls.calls[CT_CALL_REALLOC][0] = 10;
	assert_int_equal(cost_of_capture_ns(&it, COST_EXACT, 524288), 16829000);
	it.has_program = false;
	assert_int_equal(cost_of_capture_ns(&it, COST_EXACT, 524288), 15309000);
}

static void test_what_sampling_keeps(void **state)
{
	(void)state;
	struct ct_calls calls = {0};
	assert_true(cost_kept_share(&calls, 1000) == 0);
	calls.sizes[10] = 3;
	calls.bytes[10] = 3000; /* of 1000 bytes each: 1 - 1/e */
	assert_true(cost_kept_share(&calls, 1000) > 0.6321 && cost_kept_share(&calls, 1000) < 0.6322);
	calls.sizes[0] = 3; /* of 0 bytes: never */
	assert_true(cost_kept_share(&calls, 1000) > 0.3160 && cost_kept_share(&calls, 1000) < 0.3161);
	calls.sizes[64] = 6;
	calls.bytes[64] = UINT64_MAX; /* always */
	assert_true(cost_kept_share(&calls, 1000) > 0.658 && cost_kept_share(&calls, 1000) < 0.6581);
}

static void test_a_sampled_capture(void **state)
{
	(void)state;
	struct cost_basis it = basis();
	it.calls.sizes[5] = 1000; /* of 0 bytes, say: none is kept */
	/* Without sessions a return is probed all the same: 900 + 100; 14400 + 100. */
	assert_int_equal(cost_of_capture_ns(&it, COST_SAMPLED, 524288), 15500000);
	it.sessions = true; /* 400 + 100 */
	assert_int_equal(cost_of_capture_ns(&it, COST_SAMPLED, 524288), 15000000);
	it.program.unkept = 3000; /* the noise of a measurement: not dearer than if it were kept */
	assert_int_equal(cost_of_capture_ns(&it, COST_SAMPLED, 524288), 400000 + 1000000 + 14900000);
	it.calls.bytes[5] = UINT64_MAX; /* all are kept: as exact */
	assert_int_equal(cost_of_capture_ns(&it, COST_SAMPLED, 524288),
			 cost_of_capture_ns(&it, COST_EXACT, 524288));
}

static void test_slowdown(void **state)
{
	(void)state;
	bool or_more;
	assert_true(cost_slowdown(0, 5) == 0);
	assert_true(cost_slowdown(1000, 0) == 1);
	assert_true(cost_slowdown(1000, 500) == 2);
	assert_true(cost_slowdown(1000, 899) < COST_MOST_SLOWDOWN);
	assert_true(cost_slowdown(1000, 900) == COST_MOST_SLOWDOWN);
	assert_true(cost_slowdown(1000, UINT64_MAX) == COST_MOST_SLOWDOWN);

	assert_true(cost_slowdown_to_expect(1500, 500, 1000, &or_more) == 2 && !or_more);
	assert_true(cost_slowdown_to_expect(1000, 0, 0, &or_more) == 1 && !or_more);
	assert_true(cost_slowdown_to_expect(0, 0, 0, &or_more) == 1 && !or_more);
	assert_true(cost_slowdown_to_expect(0, 10, 10, &or_more) == 0);
	assert_true(cost_slowdown_to_expect(1000, 950, 1000, &or_more) == 11 && or_more);
	assert_true(cost_slowdown_to_expect(1000, 2000, 1000, &or_more) == 11 && or_more);
}

static char *told(const struct estimate *estimate)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_int_equal(estimate_write(estimate, out), 0);
	fclose(out);
	return text;
}

static void test_an_estimate_is_told(void **state)
{
	(void)state;
	struct estimate estimate = {.sample_bytes = 4096,
				    .exe = "/bin/x\033",
				    .pid = 42,
				    .elapsed_ns = 2000000000,
				    .cpu_ns = 114800000,
				    .basis = basis()};
	char *text = told(&estimate);
	for (const char *const *part =
		     (const char *const[]){
			     "x\\x1B (pid 42): allocator calls counted for 2.0 s, in which it took 114 ms of "
			     "CPU time\n",
			     "  allocations             1,000            500\n",
			     "  frees                   1,000            500\n",
			     "  exact                   1.17x  0.008 s more CPU time a second\n",
			     "  --allocs-only           1.02x  0.001 s more CPU time a second\n",
			     "entry 0.4 us, 14.4 us where",
			     "on entry and return 0.9 us. Our programs: 1.0 us an allocation",
			     "Some of the calls above", NULL};
	     *part; part++)
		if (!strstr(text, *part))
			fail_msg("'%s' is not in: %s", *part, text);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	free(text);
}

static void test_what_is_not_known_is_not_told(void **state)
{
	(void)state;
	struct estimate estimate = {
		.sample_bytes = 4096, .pid = 42, .elapsed_ns = 2000000000, .basis = basis()};
	estimate.basis.has_program = false;
	char *text = told(&estimate);
	assert_non_null(strstr(text, "  exact               not known  0.008 s more"));
	assert_null(strstr(text, "Our programs"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_trap),
		cmocka_unit_test(test_an_exact_capture),
		cmocka_unit_test(test_what_sampling_keeps),
		cmocka_unit_test(test_a_sampled_capture),
		cmocka_unit_test(test_slowdown),
		cmocka_unit_test(test_an_estimate_is_told),
		cmocka_unit_test(test_what_is_not_known_is_not_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
