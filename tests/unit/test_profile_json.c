// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The profile file: its text to the letter, there and back, and what a mode leaves out. */
#include "captrack/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "captrack/json.h"
#include "profile_example.h"

static void test_written_to_the_letter(void **state)
{
	(void)state;
	struct profile profile;
	size_t length;
	fill_example(&profile);
	char *text = write_text(&profile, &length);
	assert_string_equal(text, example_text);
	assert_int_equal(profile.stacks[0].counts.allocs, 10); /* the order in memory stays */
	char *again = write_text(&profile, &length);           /* from the caches */
	assert_string_equal(again, example_text);
	free(again);
	free(text);
	profile_deinit(&profile);
	assert_null(profile.stacks);
}

static void test_read_back_equals_what_was_written(void **state)
{
	(void)state;
	struct profile profile;
	struct ct_error err = {0};
	size_t length;
	assert_int_equal(profile_read_json(example_text, sizeof(example_text) - 1, &profile, &err), 0);
	assert_int_equal(profile.state, PROFILE_FINAL);
	assert_int_equal(profile.reason, PROFILE_EXIT);
	assert_true(profile.target.has_exit_status && !profile.target.has_signal);
	assert_null(profile.target.build_id);
	assert_int_equal(profile.n_frames, 2);
	assert_true(profile.frames[1].offset == UINT64_MAX);
	assert_true(profile.frames[1].has_symbol_offset && !profile.frames[0].has_symbol_offset);
	assert_int_equal(profile.stacks[1].n_frames, 2);
	assert_int_equal(profile.stacks[1].frames[0], 1);
	assert_int_equal(profile.totals.at_peak_bytes, 800);
	assert_int_equal(profile.totals.at_peak_allocs, 6);
	assert_true(profile.cost.known && profile.cost.has_trap_ns && !profile.cost.has_program_ns);
	char *text = write_text(&profile, &length);
	assert_string_equal(text, example_text);
	free(text);
	profile_deinit(&profile);
}

static void test_large_integers_stay_exact(void **state)
{
	(void)state;
	struct profile profile = {0};
	size_t length;
	profile.totals.allocated_bytes = UINT64_MAX;
	profile.totals.freed_bytes = 1000000000000001;
	char *text = write_text(&profile, &length);
	assert_non_null(strstr(text, "\"allocated_bytes\":18446744073709551615,"));
	assert_non_null(strstr(text, "\"freed_bytes\":1000000000000001,"));
	assert_non_null(strstr(text, "\"allocators\":[]"));
	assert_non_null(strstr(text, "\"objects\":[],\n\"frames\":[],\n\"stacks\":[]}\n"));
	struct profile back;
	struct ct_error err = {0};
	assert_int_equal(profile_read_json(text, length, &back, &err), 0);
	assert_true(back.totals.allocated_bytes == UINT64_MAX);
	assert_true(back.totals.freed_bytes == 1000000000000001);
	profile_deinit(&back);
	free(text);
	profile_deinit(&profile);
}

static void test_cost_as_far_as_it_is_known(void **state)
{
	(void)state;
	struct profile profile = {.cost = {.events = 5, .slowdown = 2}};
	size_t length;
	char *text = write_text(&profile, &length);
	assert_null(strstr(text, "cost"));
	free(text);
	profile.cost.known = true;
	profile.cost.slowdown = 0;
	text = write_text(&profile, &length);
	assert_non_null(strstr(text, "\n\"cost\":{\"events\":5},\n"));
	free(text);
	profile.cost.has_program_ns = true;
	profile.cost.program_ns = 1ull << 60;
	profile.cost.slowdown = 10;
	text = write_text(&profile, &length);
	assert_non_null(
		strstr(text, "{\"events\":5,\"program_ns\":1152921504606846976,\"slowdown\":10.000},"));
	struct profile back;
	struct ct_error err = {0};
	assert_int_equal(profile_read_json(text, length, &back, &err), 0);
	assert_true(back.cost.has_program_ns && !back.cost.has_trap_ns && !back.cost.traps_only);
	assert_true(back.cost.slowdown == 10);
	profile_deinit(&back);
	static const char later[] = "{\"version\":1,\"cost\":{\"later\":1}}";
	assert_int_equal(profile_read_json(later, strlen(later), &back, &err), 0);
	assert_true(back.cost.known && back.cost.slowdown == 0);
	profile_deinit(&back);
	free(text);
}

static void test_order_of_stacks(void **state)
{
	(void)state;
	/* at peak, live, allocated; `reallocs` tells them apart. */
	static const uint64_t rows[][3] = {{1, 9, 9}, {5, 1, 1}, {5, 2, 0}, {5, 1, 7}, {9, 0, 0}, {5, 1, 1}};
	static const uint64_t expected[] = {4, 2, 3, 1, 5, 0};
	struct profile profile = {0}, back;
	struct ct_error err = {0};
	size_t length, n = sizeof(rows) / sizeof(*rows);
	for (size_t i = 0; i < n; i++) {
		struct profile_stack *stack = new_stack(&profile);
		stack->counts.at_peak_bytes = rows[i][0];
		stack->counts.live_bytes = rows[i][1];
		stack->counts.allocated_bytes = rows[i][2];
		stack->counts.reallocs = i;
	}
	char *text = write_text(&profile, &length);
	assert_int_equal(profile_read_json(text, length, &back, &err), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(back.stacks[i].counts.reallocs, expected[i]);
	free(text);
	profile_deinit(&profile);
	profile_deinit(&back);
}

/* What is not known is absent: here is all that may be there, of the example's figures. */
static const struct {
	uint64_t sample_bytes;
	bool allocs_only;
	const char *mode, *totals, *stack;
	const char *absent; /* of the integrity counters; ended by a space each */
} modes[] = {
	{524288, false, "\"capture\":{\"mode\":\"sampled\",\"sample_bytes\":524288,\"interval_ms\"",
	 "\"totals\":{\"allocs\":30,\"frees\":28,\"reallocs\":2,\"allocated_bytes\":3000,"
	 "\"freed_bytes\":2800,\"live_allocs\":2,\"live_bytes\":200,\"peak_bytes\":800,\"peak_allocs\":6,"
	 "\"peak_ms\":77},\n",
	 "{\"frames\":[],\"allocs\":20,\"frees\":19,\"reallocs\":1,\"allocated_bytes\":2000,"
	 "\"freed_bytes\":1900,\"live_allocs\":1,\"live_bytes\":100,\"peak_bytes\":501,\"at_peak_bytes\":500,"
	 "\"at_peak_allocs\":3},\n",
	 "unmatched_frees internal_frees double_frees dropped_details "},
	{0, true, "\"capture\":{\"mode\":\"exact\",\"allocs_only\":true,\"interval_ms\"",
	 "\"totals\":{\"allocs\":30,\"reallocs\":2,\"failed_allocs\":2,\"allocated_bytes\":3000},\n",
	 "{\"frames\":[],\"allocs\":20,\"reallocs\":1,\"allocated_bytes\":2000},\n",
	 "unmatched_frees internal_frees missed_frees dropped_blocks double_frees "},
	{1000, true,
	 "\"capture\":{\"mode\":\"sampled\",\"sample_bytes\":1000,\"allocs_only\":true,\"interval_ms\"",
	 "\"totals\":{\"allocs\":30,\"reallocs\":2,\"allocated_bytes\":3000},\n",
	 "{\"frames\":[],\"allocs\":20,\"reallocs\":1,\"allocated_bytes\":2000},\n",
	 "unmatched_frees internal_frees missed_frees dropped_blocks double_frees dropped_details "},
};

static void check_integrity(const char *text, const char *absent)
{
	for (int i = 0; i < INTEGRITY_COUNT; i++) {
		char member[64], word[64];
		const char *name = profile_integrity_name((enum profile_integrity)i);
		snprintf(member, sizeof(member), "\"%s\":", name);
		snprintf(word, sizeof(word), "%s ", name);
		if (!strstr(text, member) != !!strstr(absent, word))
			fail_msg("%s: %s", name, text);
	}
}

static void test_what_a_mode_does_not_know_is_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		struct profile profile, back;
		struct ct_error err = {0};
		size_t length;
		fill_example(&profile);
		profile.capture.sample_bytes = modes[i].sample_bytes;
		profile.capture.allocs_only = modes[i].allocs_only;
		for (int k = 0; k < INTEGRITY_COUNT; k++)
			profile.integrity[k] = 1; /* where it is not known it warns of nothing */
		char *text = write_text(&profile, &length);
		assert_non_null(strstr(text, modes[i].mode));
		assert_non_null(strstr(text, modes[i].totals));
		assert_non_null(strstr(text, modes[i].stack));
		check_integrity(text, modes[i].absent);
		assert_false(profile_integrity_warns(&profile, INTEGRITY_UNMATCHED_FREES));
		assert_int_equal(profile_integrity_warns(&profile, INTEGRITY_MISSED_FREES),
				 !modes[i].allocs_only);

		if (profile_read_json(text, length, &back, &err))
			fail_msg("%s", err.text);
		assert_int_equal(back.capture.sample_bytes, modes[i].sample_bytes);
		assert_int_equal(back.capture.allocs_only, modes[i].allocs_only);
		assert_int_equal(back.totals.temporary_allocs, 0);
		char *again = write_text(&back, &length);
		assert_string_equal(again, text);
		free(again);
		free(text);
		profile_deinit(&profile);
		profile_deinit(&back);
	}
}

/* Figures that the mode cannot know are not believed, whoever wrote them. */
static void test_a_figure_that_the_mode_lacks_is_not_read(void **state)
{
	(void)state;
	static const char text[] =
		"{\"version\":1,\"totals\":{\"allocs\":7,\"live_bytes\":9,\"temporary_allocs\":3},"
		"\"integrity\":{\"missed_frees\":4},\"stacks\":[{\"allocs\":7,\"peak_bytes\":5}],"
		"\"capture\":{\"allocs_only\":true}}";
	struct profile profile;
	struct ct_error err = {0};
	assert_int_equal(profile_read_json(text, sizeof(text) - 1, &profile, &err), 0);
	assert_int_equal(profile.totals.allocs, 7);
	assert_int_equal(profile.totals.live_bytes, 0);
	assert_int_equal(profile.totals.temporary_allocs, 0);
	assert_int_equal(profile.stacks[0].counts.allocs, 7);
	assert_int_equal(profile.stacks[0].counts.peak_bytes, 0);
	assert_int_equal(profile.integrity[INTEGRITY_MISSED_FREES], 0);
	profile_deinit(&profile);
}

static void test_order_of_stacks_without_frees(void **state)
{
	(void)state;
	struct profile profile = {.capture.allocs_only = true}, back;
	struct ct_error err = {0};
	size_t length;
	for (uint64_t i = 0; i < 3; i++) {
		struct profile_stack *stack = new_stack(&profile);
		stack->counts.at_peak_bytes = stack->counts.live_bytes = 10 - i; /* means nothing */
		stack->counts.allocated_bytes = i;
	}
	char *text = write_text(&profile, &length);
	assert_int_equal(profile_read_json(text, length, &back, &err), 0);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(back.stacks[i].counts.allocated_bytes, 2 - i);
	free(text);
	profile_deinit(&profile);
	profile_deinit(&back);
}

static void test_every_integrity_counter_is_named(void **state)
{
	(void)state;
	struct profile profile = {0};
	for (int i = 0; i < INTEGRITY_COUNT; i++) {
		enum profile_integrity which = (enum profile_integrity)i;
		assert_non_null(profile_integrity_name(which));
		assert_true(strlen(profile_integrity_sentence(which)) >= 20);
		assert_false(profile_integrity_warns(&profile, which));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(profile_integrity_name(which),
						profile_integrity_name((enum profile_integrity)j));
	}
	profile.integrity[INTEGRITY_UNMATCHED_FREES] = profile.integrity[INTEGRITY_DROPPED_BLOCKS] = 1;
	profile.integrity[INTEGRITY_INTERNAL_FREES] = 1;
	assert_true(profile_integrity_warns(&profile, INTEGRITY_UNMATCHED_FREES));
	assert_true(profile_integrity_warns(&profile, INTEGRITY_DROPPED_BLOCKS));
	assert_false(profile_integrity_warns(&profile, INTEGRITY_INTERNAL_FREES));
	profile.target.attached_running = true;
	assert_false(profile_integrity_warns(&profile, INTEGRITY_UNMATCHED_FREES));
	assert_true(profile_integrity_warns(&profile, INTEGRITY_DROPPED_BLOCKS));
}

static void test_unknown_fields_and_missing_ones(void **state)
{
	(void)state;
	static const char text[] =
		"{\"new\":[{\"x\":1.5}],\"version\":1,\"objects\":[{\"new\":null}],"
		"\"later\":[{\"ms\":-1}],\"stacks\":[{\"later\":{\"log2\":[-1]},\"allocs\":7}]}\n\t ";
	struct profile profile;
	struct ct_error err = {0};
	assert_int_equal(profile_read_json(text, sizeof(text) - 1, &profile, &err), 0);
	assert_int_equal(profile.stacks[0].counts.allocs, 7);
	assert_int_equal(profile.stacks[0].counts.frees, 0);
	assert_null(profile.objects[0].path);
	profile_deinit(&profile);
}

/* As version 0.1 wrote it before there was more of a stack than its counts. */
static void test_a_file_of_before_the_details(void **state)
{
	(void)state;
	static const char text[] =
		"{\"version\":1,\"state\":\"final\",\"reason\":\"exit\","
		"\"capture\":{\"mode\":\"exact\",\"interval_ms\":500,\"start_ms\":5,\"duration_ms\":0},"
		"\"totals\":{\"allocs\":7,\"frees\":6,\"live_allocs\":1,\"temporary_allocs\":2},"
		"\"stacks\":[{\"frames\":[],\"allocs\":7,\"frees\":6,\"live_allocs\":1}]}";
	struct profile profile;
	struct ct_error err = {0};
	size_t length;
	assert_int_equal(profile_read_json(text, sizeof(text) - 1, &profile, &err), 0);
	const struct profile_stack *stack = &profile.stacks[0];
	assert_int_equal(stack->counts.frees, 6);
	assert_int_equal(stack->counts.moved, 0);
	assert_true(!stack->lifetimes.log2.n && !stack->sizes.log2.n && !stack->ages.known);
	assert_true(!stack->growth && !stack->freed_by && stack->leak.score == 0);
	assert_false(profile.capture.free_stacks);
	assert_true(!profile.n_free_stacks && !profile.n_double_frees && !profile.n_threads &&
		    !profile.n_timeline);
	/* What was not known does not come up when it is written again. */
	char *again = write_text(&profile, &length);
	static const char *const absent[] = {"lifetime_ns",     "age_ns",   "startup",     "sizes",
					     "growth",          "leak",     "freed_by\":", "free_stacks",
					     "threads",         "timeline", "rates",       "again_by",
					     "double_frees\":["};
	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
		if (strstr(again, absent[i]))
			fail_msg("%s: %s", absent[i], again);
	free(again);
	profile_deinit(&profile);
}

static void test_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t length;
	} table[] = {
		{"a", 1},
		{"\xc3\xa9", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x98\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\x80", 0},
		{"\xc0\xaf", 0},
		{"\xc3", 0},
		{"\xe0\x80\x80", 0},
		{"\xed\xa0\x80", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xe2\x82", 0},
		{"\xff", 0},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_int_equal(text_utf8_length(table[i].text), table[i].length);
}

static void test_files_that_cannot_be_read(void **state)
{
	(void)state;
	struct profile profile;
	struct ct_error err = {0};
	assert_int_equal(profile_read_file("/nonexistent/p.json", &profile, &err), -ENOENT);
	assert_non_null(strstr(err.text, "'/nonexistent/p.json': No such file"));
	assert_int_equal(profile_read_file("/", &profile, &err), -EISDIR);
	assert_non_null(strstr(err.text, "it is a folder"));
	assert_int_equal(profile_read_file("/dev/null", &profile, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'/dev/null': it is empty"));
}

static void test_a_full_device_is_an_error(void **state)
{
	(void)state;
	struct profile profile;
	fill_example(&profile);
	FILE *out = fopen("/dev/full", "w");
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	assert_int_equal(profile_write_json(&profile, out), -ENOSPC);
	fclose(out);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_to_the_letter),
		cmocka_unit_test(test_read_back_equals_what_was_written),
		cmocka_unit_test(test_large_integers_stay_exact),
		cmocka_unit_test(test_cost_as_far_as_it_is_known),
		cmocka_unit_test(test_order_of_stacks),
		cmocka_unit_test(test_what_a_mode_does_not_know_is_absent),
		cmocka_unit_test(test_a_figure_that_the_mode_lacks_is_not_read),
		cmocka_unit_test(test_order_of_stacks_without_frees),
		cmocka_unit_test(test_every_integrity_counter_is_named),
		cmocka_unit_test(test_unknown_fields_and_missing_ones),
		cmocka_unit_test(test_a_file_of_before_the_details),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_a_full_device_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
