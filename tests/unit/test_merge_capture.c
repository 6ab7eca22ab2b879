// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Merging what is told of captures: how they ended, what they probed, know and cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "merged_profiles.h"

static void test_ends_allocators_and_states(void **state)
{
	(void)state;
	struct profile parts[3], merged;
	for (int i = 0; i < 3; i++) {
		process_begin(&parts[i], i + 1);
		parts[i].target.has_exit_status = true;
		parts[i].target.exit_status = 4;
	}
	merge_all(parts, 3, &merged);
	assert_true(merged.target.has_exit_status && merged.target.exit_status == 4);
	assert_string_equal(merged.capture.allocator, "glibc");
	assert_int_equal(merged.state, PROFILE_FINAL);
	profile_deinit(&merged);
	free(parts[1].capture.allocator);
	parts[1].capture.allocator = strdup("glib, musl");
	parts[1].target.exit_status = 0;
	parts[2].state = PROFILE_RUNNING;
	parts[2].reason = PROFILE_SIGNAL;
	parts[2].target.attached_running = true;
	merge_all(parts, 3, &merged);
	assert_false(merged.target.has_exit_status);
	assert_string_equal(merged.capture.allocator, "glibc, glib, musl");
	assert_int_equal(merged.state, PROFILE_RUNNING);
	assert_int_equal(merged.reason, PROFILE_SIGNAL);
	assert_true(merged.target.attached_running);
	profile_deinit(&merged);
	/* What lives at exit is known of all, or it is not known. */
	parts[0].reason = parts[2].reason = PROFILE_EXIT;
	parts[2].state = PROFILE_FINAL;
	for (int reason = PROFILE_EXIT; reason <= PROFILE_SIGNAL; reason++) {
		parts[1].reason = (enum profile_reason)reason;
		merge_all(parts, 3, &merged);
		assert_int_equal(merged.reason, reason);
		profile_deinit(&merged);
	}
	free_all(parts, 3);
}

/* A process without an allocator cost nothing; one whose cost is not known leaves nothing known. */
static void test_costs(void **state)
{
	(void)state;
	struct profile parts[3], merged;
	for (int i = 0; i < 3; i++) {
		process_begin(&parts[i], i + 1);
		parts[i].cost.known = parts[i].cost.has_trap_ns = true;
		parts[i].cost.events = 10;
		parts[i].cost.trap_ns = 100;
		parts[i].cost.slowdown = 2;
	}
	free(parts[1].capture.allocator);
	parts[1].capture.allocator = NULL;
	memset(&parts[1].cost, 0, sizeof(parts[1].cost));
	merge_all(parts, 3, &merged);
	assert_true(merged.cost.known && merged.cost.has_trap_ns && !merged.cost.has_program_ns);
	assert_int_equal(merged.cost.events, 20);
	assert_int_equal(merged.cost.trap_ns, 200);
	assert_true(merged.cost.slowdown == 0); /* of one process */
	profile_deinit(&merged);
	parts[2].cost.known = false;
	merge_all(parts, 3, &merged);
	assert_false(merged.cost.known);
	profile_deinit(&merged);
	free_all(parts, 3);
}

static void add_made_probe(struct profile *profile, const char *function, uint64_t site)
{
	size_t n = profile->capture.n_probes++;
	profile->capture.probes =
		realloc(profile->capture.probes, (n + 1) * sizeof(*profile->capture.probes));
	assert_non_null(profile->capture.probes);
	profile->capture.probes[n] = (struct profile_probe){strdup(function), 1, site, "entry", true};
}

static void test_probes_and_the_timeline(void **state)
{
	(void)state;
	struct profile parts[2], merged;
	for (int i = 0; i < 2; i++) {
		process_begin(&parts[i], i + 1);
		add_made_probe(&parts[i], "malloc", 0x10);
		add_made_probe(&parts[i], i ? "free" : "malloc", 0x20);
		fill_timeline(&parts[i]);
		parts[i].cost.known = parts[i].cost.traps_only = true;
		parts[i].cost.slowdown = 1.5;
	}
	merge_all(parts, 1, &merged);
	assert_int_equal(merged.n_timeline, parts[0].n_timeline);
	assert_true(merged.cost.slowdown == 1.5);
	profile_deinit(&merged);
	merge_all(parts, 2, &merged);
	assert_int_equal(merged.n_timeline, 0);
	assert_true(merged.cost.slowdown == 0 && !merged.cost.traps_only);
	assert_int_equal(merged.capture.n_probes, 3);
	assert_string_equal(merged.capture.probes[2].function, "free");
	assert_int_equal(merged.capture.probes[2].object, 1);
	profile_deinit(&merged);
	free_all(parts, 2);
}

static void test_unknown_figures_are_not_read(void **state)
{
	(void)state;
	struct profile parts[2], merged;
	for (int i = 0; i < 2; i++) {
		process_begin(&parts[i], i + 1);
		parts[i].capture.allocs_only = true;
		made_stack(&parts[i], "f a.c:1")->counts =
			(struct profile_counts){.allocs = 1, .frees = UINT64_MAX, .peak_bytes = 9};
		parts[i].totals.frees = parts[i].totals.peak_bytes = UINT64_MAX;
	}
	parts[1].totals.allocated_bytes = 5;
	merge_all(parts, 2, &merged);
	assert_int_equal(merged.stacks[0].counts.allocs, 2);
	assert_int_equal(merged.target.pid, 2); /* who allocated the most: no peak is known */
	assert_false(merged.merged[0].holds_peak || merged.merged[1].holds_peak);
	profile_deinit(&merged);
	free_all(parts, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_allocators_and_states),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_probes_and_the_timeline),
		cmocka_unit_test(test_unknown_figures_are_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
