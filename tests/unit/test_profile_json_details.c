// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a profile file says beyond counts: lifetimes, ages, sizes, growth, leaks, who frees, threads, time. */
#include "captrack/profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile_example.h"

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is missing: %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is there: %s", part, text);
}

static void read_text(const char *text, size_t length, struct profile *profile)
{
	struct ct_error err = {0};
	if (profile_read_json(text, length, profile, &err))
		fail_msg("%s: %s", err.text, text);
}

/* In the order of the file. */
static const char *const detailed_parts[] = {
	"\"capture\":{\"mode\":\"exact\",\"free_stacks\":true,\"interval_ms\":500,",
	",\"cross_thread_frees\":5,\"lifetime_ns\":{\"min\":4,\"max\":60,\"sum\":300,"
	"\"log2\":[0,0,0,13,14,15,16]},\"age_ns\":{\"min\":5,\"max\":7,\"mean\":6},"
	"\"startup\":{\"allocs\":1,\"bytes\":100},\"sizes\":{\"min\":0,\"max\":3,\"log2\":[10,11,12]},"
	"\"growth\":{\"chains\":3,\"steps\":9,\"first_bytes\":30,\"copied_bytes\":210,"
	"\"total_observed\":3,\"open_chains\":1,\"final_sizes\":[80,1099511627776,0]},"
	"\"leak\":{\"score\":0.873,\"bytes_per_s\":1234},"
	"\"freed_by\":[{\"stack\":1,\"frees\":8,\"cross_thread_frees\":0},"
	"{\"stack\":0,\"frees\":1,\"cross_thread_frees\":1}]}],\n",
	"\"free_stacks\":[\n{\"frames\":[0,1]},\n{\"frames\":[]}],\n",
	"\"double_frees\":[\n{\"stack\":1,\"freed_by\":0,\"again_by\":1,\"count\":2},\n{\"count\":7}],\n",
	"\"threads\":[\n{\"tid\":42,\"name\":\"main \\\"\xef\xbf\xbd\\\"\",\"allocs\":25,\"frees\":20,"
	"\"allocated_bytes\":2500,\"live_allocs\":2,\"live_bytes\":200},\n"
	"{\"tid\":0,\"name\":\"[others]\",\"allocs\":5,\"frees\":8,\"allocated_bytes\":500,"
	"\"live_allocs\":0,\"live_bytes\":0}]}\n",
};

static const char timeline_text[] =
	"\"timeline\":[\n{\"ms\":500,\"live_bytes\":64,\"live_allocs\":2,\"allocated_bytes\":64000,"
	"\"allocs\":1000,\"frees\":998,\"allocs_per_s\":2000.000,\"allocated_bytes_per_s\":128000.000,"
	"\"rss_bytes\":4096,\"threads\":2,\"cpu_ms\":30,\"minor_faults\":5,\"major_faults\":0,"
	"\"read_bytes\":832,\"written_bytes\":1},\n"
	"{\"ms\":600,\"live_bytes\":800,\"live_allocs\":6,\"peak\":true},\n"
	/* 1 in 600 ms: the peak between them does not count; and none in no time */
	"{\"ms\":1100,\"live_bytes\":0,\"live_allocs\":0,\"allocated_bytes\":64100,\"allocs\":1001,"
	"\"frees\":1001,\"allocs_per_s\":1.667,\"allocated_bytes_per_s\":166.667},\n"
	"{\"ms\":1100,\"live_bytes\":0,\"live_allocs\":0,\"allocated_bytes\":64100,\"allocs\":1001,"
	"\"frees\":1001}],\n";

static void test_written_to_the_letter(void **state)
{
	(void)state;
	struct profile profile;
	size_t length;
	fill_detailed(&profile);
	char *text = write_text(&profile, &length);
	for (size_t i = 0; i < sizeof(detailed_parts) / sizeof(*detailed_parts); i++)
		assert_has(text, detailed_parts[i]);
	assert_has(text, timeline_text);
	char *again = write_text(&profile, &length); /* from the caches */
	assert_string_equal(again, text);
	free(again);
	free(text);
	profile_deinit(&profile);
}

static void check_stack(const struct profile_stack *stack)
{
	assert_true(stack->lifetimes.min == 4 && stack->lifetimes.max == 60 && stack->lifetimes.sum == 300);
	assert_true(stack->lifetimes.has_sum);
	const struct profile_histogram *log2 = &stack->lifetimes.log2;
	assert_true(log2->first + log2->n == 7 && log2->counts[3 - log2->first] == 13);
	assert_true(stack->ages.known && stack->ages.min == 5 && stack->ages.max == 7);
	assert_true(stack->ages.mean == 6 && stack->ages.startup_allocs == 1 &&
		    stack->ages.startup_bytes == 100);
	assert_true(stack->sizes.min == 0 && stack->sizes.max == 3 && stack->sizes.log2.n == 3);
	assert_true(stack->growth->chains == 3 && stack->growth->steps == 9 &&
		    stack->growth->first_bytes == 30 && stack->growth->copied_bytes == 210 &&
		    stack->growth->open_chains == 1 && stack->growth->total_observed == 3);
	assert_int_equal(stack->growth->n_final_sizes, 3);
	assert_int_equal(stack->growth->final_sizes[1], 1ull << 40);
	assert_true(stack->leak.score == 0.873 && stack->leak.bytes_per_s == 1234);
	assert_int_equal(stack->n_freed_by, 2);
	assert_true(stack->freed_by[0].free_stack == 1 && stack->freed_by[0].frees == 8);
	assert_true(stack->freed_by[1].free_stack == 0 && stack->freed_by[1].cross_thread_frees == 1);
}

static void check_activity(const struct profile *profile)
{
	assert_int_equal(profile->n_threads, 2);
	const struct profile_thread *thread = &profile->threads[0];
	assert_true(thread->tid == 42 && thread->allocs == 25 && thread->frees == 20 &&
		    thread->allocated_bytes == 2500 && thread->live_allocs == 2 && thread->live_bytes == 200);
	assert_string_equal(profile->threads[1].name, "[others]");
	assert_int_equal(profile->n_timeline, 4);
	const struct profile_point *point = &profile->timeline[0];
	assert_true(!point->is_peak && point->ms == 500 && point->live_bytes == 64 &&
		    point->live_allocs == 2 && point->allocated_bytes == 64000 && point->allocs == 1000 &&
		    point->frees == 998);
	assert_true(point->has_usage && point->rss_bytes == 4096 && point->threads == 2 &&
		    point->cpu_ms == 30 && point->minor_faults == 5 && point->major_faults == 0);
	assert_true(point->has_io && point->read_bytes == 832 && point->written_bytes == 1);
	assert_true(profile->timeline[1].is_peak && profile->timeline[1].live_bytes == 800);
	assert_true(!profile->timeline[2].has_usage && !profile->timeline[2].has_io);
}

static void test_read_back_equals_what_was_written(void **state)
{
	(void)state;
	struct profile profile, back;
	size_t length;
	fill_detailed(&profile);
	char *text = write_text(&profile, &length);
	read_text(text, length, &back);
	check_stack(&back.stacks[1]);
	assert_true(back.totals.moved == 6 && back.stacks[0].counts.moved_bytes == 100);
	assert_true(!back.stacks[0].growth && !back.stacks[0].n_freed_by && !back.stacks[0].ages.known);
	assert_true(back.capture.free_stacks && back.n_free_stacks == 2);
	assert_true(back.free_stacks[0].n_frames == 2 && back.free_stacks[0].frames[1] == 1);
	assert_int_equal(back.n_double_frees, 2);
	const struct profile_double_free *twice = back.double_frees;
	assert_true(twice->stack == 1 && twice->freed_by == 0 && twice->again_by == 1 && twice->count == 2);
	assert_true(twice[1].stack == -1 && twice[1].freed_by == -1 && twice[1].again_by == -1);
	check_activity(&back);
	char *again = write_text(&back, &length);
	assert_string_equal(again, text);
	free(again);
	free(text);
	profile_deinit(&profile);
	profile_deinit(&back);
}

/* What a capture of each kind leaves out; all else of the detailed profile is there. */
static const struct {
	uint64_t sample_bytes;
	bool allocs_only;
	const char *rates, *thread, *point;
	const char *present[3];
} modes[] = {
	{524288,
	 false,
	 "\"rates\":{\"allocs_per_s\":20.000,\"frees_per_s\":18.667,\"allocated_bytes_per_s\":2000.000},\n",
	 "\"allocs\":5,\"frees\":8,\"allocated_bytes\":500,\"live_allocs\":0,\"live_bytes\":0}]}\n",
	 "{\"ms\":600,\"live_bytes\":800,\"live_allocs\":6,\"peak\":true},\n{\"ms\":1100,\"live_bytes\":0,"
	 "\"live_allocs\":0,\"allocated_bytes\":64100,\"allocs\":1001,\"frees\":1001,\"allocs_per_s\":1.667,",
	 {"\"leak\":"}},
	{0,
	 true,
	 "\"rates\":{\"allocs_per_s\":20.000,\"allocated_bytes_per_s\":2000.000},\n",
	 "\"allocs\":5,\"allocated_bytes\":500}]}\n",
	 "\"written_bytes\":1},\n{\"ms\":1100,\"allocated_bytes\":64100,\"allocs\":1001,\"allocs_per_s\":1."
	 "667,",
	 {"\"sizes\":"}},
	{1000,
	 true,
	 "\"rates\":{\"allocs_per_s\":20.000,\"allocated_bytes_per_s\":2000.000},\n",
	 "\"allocs\":5,\"allocated_bytes\":500}]}\n",
	 "\"written_bytes\":1},\n{\"ms\":1100,\"allocated_bytes\":64100,\"allocs\":1001,\"allocs_per_s\":1."
	 "667,",
	 {NULL}},
};

static const char *const details[] = {
	"\"lifetime_ns\":", "\"age_ns\":",         "\"startup\":",     "\"sizes\":",
	"\"growth\":",      "\"leak\":",           "\"freed_by\":",    "\"free_stacks\":[",
	"\"again_by\":",    "\"double_frees\":",   "\"moved_bytes\":", "\"cross_thread_frees\":",
	"\"moved\":",       "\"grown_in_place\":",
};

static bool is_present(const char *const *present, const char *member)
{
	for (; *present; present++)
		if (!strcmp(*present, member))
			return true;
	return false;
}

static void test_what_a_mode_does_not_know_is_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		struct profile profile, back;
		size_t length;
		fill_detailed(&profile);
		profile.capture.sample_bytes = modes[i].sample_bytes;
		profile.capture.allocs_only = modes[i].allocs_only;
		char *text = write_text(&profile, &length);
		assert_has(text, modes[i].rates);
		assert_has(text, modes[i].thread);
		assert_has(text, modes[i].point);
		for (size_t k = 0; k < sizeof(details) / sizeof(*details); k++)
			if (is_present(modes[i].present, details[k]))
				assert_has(text, details[k]);
			else
				assert_lacks(text, details[k]);
		read_text(text, length, &back);
		char *again = write_text(&back, &length);
		assert_string_equal(again, text);
		free(again);
		free(text);
		profile_deinit(&profile);
		profile_deinit(&back);
	}
}

/* Not even looked at: were it, the wrong types would be errors. */
static void test_a_detail_that_the_mode_lacks_is_not_read(void **state)
{
	(void)state;
	static const char body[] =
		"\"free_stacks\":7,\"double_frees\":7,\"threads\":[{\"allocs\":3,\"frees\":%s}],"
		"\"timeline\":[{\"ms\":5,\"live_bytes\":%s,\"peak\":%s}],\"stacks\":[{\"lifetime_ns\":7,"
		"\"age_ns\":7,\"startup\":7,\"sizes\":%s,\"growth\":7,\"leak\":%s,\"freed_by\":7}]}";
	static const struct {
		const char *capture, *frees, *peak, *sizes, *leak;
		size_t n_timeline;
	} table[] = {
		{"\"mode\":\"sampled\",\"sample_bytes\":9", "2", "true", "7", "{\"score\":1}", 1},
		{"\"allocs_only\":true", "[]", "true", "{\"log2\":[1]}", "7", 0},
		{"\"mode\":\"sampled\",\"sample_bytes\":9,\"allocs_only\":true", "[]", "false", "7", "7", 1},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[1024];
		struct profile profile;
		int length =
			snprintf(text, sizeof(text), "{\"version\":1,\"capture\":{%s},", table[i].capture);
		snprintf(text + length, sizeof(text) - (size_t)length, body, table[i].frees, table[i].frees,
			 table[i].peak, table[i].sizes, table[i].leak);
		read_text(text, strlen(text), &profile);
		const struct profile_stack *stack = &profile.stacks[0];
		assert_true(!profile.n_free_stacks && !profile.n_double_frees && !stack->growth);
		assert_true(!stack->n_freed_by && !stack->ages.known && !stack->lifetimes.log2.n);
		assert_int_equal(stack->sizes.log2.n, *table[i].sizes == '{');
		assert_true(stack->leak.score == (*table[i].leak == '{'));
		assert_int_equal(profile.threads[0].frees, *table[i].frees == '2' ? 2 : 0);
		assert_int_equal(profile.n_timeline, table[i].n_timeline);
		profile_deinit(&profile);
	}
	static const char no_free_stacks[] = "{\"version\":1,\"stacks\":[{\"freed_by\":7}]}";
	struct profile profile;
	read_text(no_free_stacks, strlen(no_free_stacks), &profile);
	assert_int_equal(profile.stacks[0].n_freed_by, 0);
	profile_deinit(&profile);
}

/* Takes one thing away from the detailed profile and says which member goes with it. */
static const char *take_away(struct profile *profile, int what)
{
	struct profile_stack *stack = &profile->stacks[0];
	switch (what) {
	case 0:
		stack->counts.frees = 0;
		return "\"lifetime_ns\":";
	case 1:
		free(stack->lifetimes.log2.counts); /* all freed blocks' lifetimes were dropped */
		stack->lifetimes.log2 = (struct profile_histogram){0};
		return "\"lifetime_ns\":";
	case 2:
		stack->lifetimes.has_sum = false;
		return "\"sum\":";
	case 3:
		stack->counts.live_allocs = 0;
		return "\"age_ns\":";
	case 4:
		stack->ages.known = false;
		return "\"startup\":";
	case 5:
		stack->counts.allocs = 0;
		return "\"sizes\":";
	case 6:
		free(stack->sizes.log2.counts);
		stack->sizes.log2 = (struct profile_histogram){0};
		return "\"sizes\":";
	case 7:
		stack->growth->chains = 0;
		return "\"growth\":";
	case 8:
		profile->state = PROFILE_RUNNING;
		return "\"open_chains\":";
	case 9:
		stack->leak.score = 0.00049;
		return "\"leak\":";
	case 10:
		stack->n_freed_by = 0;
		return "\"freed_by\":[";
	case 11:
		profile->capture.free_stacks = false; /* the stacks of double frees stay */
		return "\"freed_by\":[";
	case 12:
		profile->n_double_frees = 0;
		return "\"again_by\":";
	case 13:
		profile->timeline[0].has_usage = false;
		return "\"rss_bytes\":";
	case 14:
		profile->timeline[0].has_io = false;
		return "\"read_bytes\":";
	case 15:
		profile->capture.duration_ms = 0;
		return "\"rates\":";
	default:
		return NULL;
	}
}

static void test_what_is_not_known_is_absent(void **state)
{
	(void)state;
	int what = 0;
	for (const char *member = "";; what++) {
		struct profile profile, back;
		size_t length;
		fill_detailed(&profile);
		char *whole = write_text(&profile, &length);
		member = take_away(&profile, what);
		if (member) {
			assert_has(whole, member);
			char *text = write_text(&profile, &length);
			assert_lacks(text, member);
			assert_has(text, "\"free_stacks\":[\n{\"frames\":[0,1]}");
			read_text(text, length, &back);
			char *again = write_text(&back, &length);
			assert_string_equal(again, text);
			free(again);
			free(text);
			profile_deinit(&back);
		}
		free(whole);
		profile_deinit(&profile);
		if (!member)
			break;
	}
	assert_int_equal(what, 16);
}

static void test_double_frees_name_the_stacks_of_the_file(void **state)
{
	(void)state;
	static const uint64_t at_peak[] = {5, 1, 9, 7};
	struct profile profile = {0}, back;
	size_t length;
	for (int64_t i = 0; i < 4; i++) {
		profile_add_stack(&profile);
		profile_add_double_free(&profile);
		profile.stacks[i].counts.at_peak_bytes = at_peak[i];
		profile.double_frees[i] = (struct profile_double_free){
			.stack = i, .freed_by = -1, .again_by = -1, .count = at_peak[i]};
	}
	char *text = write_text(&profile, &length);
	assert_lacks(text, "free_stacks");
	read_text(text, length, &back);
	for (int64_t i = 0; i < 4; i++) {
		const struct profile_double_free *twice = &back.double_frees[i];
		assert_int_equal(back.stacks[twice->stack].counts.at_peak_bytes, at_peak[i]);
		assert_int_equal(twice->count, at_peak[i]);
	}
	free(text);
	profile_deinit(&profile);
	profile_deinit(&back);
}

/* Lines longer than what the writer keeps of one, at whatever place it is let go. */
static void test_long_lines(void **state)
{
	(void)state;
	for (size_t n = 200; n < 6000; n = n < 1000 ? n + 1 : n * 2 + 1) {
		struct profile profile, back;
		size_t length;
		fill_detailed(&profile);
		struct profile_growth *growth = profile.stacks[0].growth;
		free(growth->final_sizes);
		growth->final_sizes = calloc(n, sizeof(uint64_t));
		growth->n_final_sizes = n;
		for (size_t i = 0; i < n; i++)
			growth->final_sizes[i] = i % 3 ? 1000000000000000 + i : i;
		count_classes(&profile.stacks[0].sizes.log2, 0, 63);
		for (size_t i = 0; i < 2; i++) {
			free(profile.threads[i].name);
			profile.threads[i].name = calloc(n + 1, 1);
			memset(profile.threads[i].name, 'x', n);
		}
		char *text = write_text(&profile, &length);
		read_text(text, length, &back);
		assert_int_equal(back.stacks[1].growth->n_final_sizes, n);
		assert_memory_equal(back.stacks[1].growth->final_sizes, growth->final_sizes,
				    n * sizeof(uint64_t));
		assert_int_equal(back.stacks[1].sizes.log2.n, 64);
		assert_string_equal(back.threads[0].name, profile.threads[0].name);
		assert_string_equal(back.threads[1].name, profile.threads[1].name);
		char *again = write_text(&back, &length);
		assert_string_equal(again, text);
		free(again);
		free(text);
		profile_deinit(&profile);
		profile_deinit(&back);
	}
}

static void test_large_integers_stay_exact(void **state)
{
	(void)state;
	struct profile profile;
	size_t length;
	fill_detailed(&profile);
	struct profile_stack *stack = &profile.stacks[0];
	stack->lifetimes.sum = UINT64_MAX;
	stack->growth->final_sizes[0] = UINT64_MAX;
	stack->sizes.log2.counts[0] = UINT64_MAX;
	profile.threads[0].allocs = profile.timeline[0].read_bytes = UINT64_MAX - 1;
	stack->leak.score = 1;
	char *text = write_text(&profile, &length);
	assert_has(text, "\"sum\":18446744073709551615,");
	assert_has(text, "\"final_sizes\":[18446744073709551615,");
	assert_has(text, "\"log2\":[18446744073709551615,");
	assert_has(text, "\"allocs\":18446744073709551614,");
	assert_has(text, "\"read_bytes\":18446744073709551614,");
	assert_has(text, "\"score\":1.000,");
	free(text);
	profile_deinit(&profile);
}

static void test_zeros_after_the_last_class_are_not_written(void **state)
{
	(void)state;
	struct profile profile = {0};
	size_t length;
	profile_add_stack(&profile);
	profile.stacks[0].counts.allocs = 1;
	struct profile_histogram *log2 = &profile.stacks[0].sizes.log2;
	assert_int_equal(profile_histogram_add(log2, 2, 5), 0);
	assert_int_equal(profile_histogram_add(log2, 9, 0), 0);
	char *text = write_text(&profile, &length);
	assert_has(text, "\"log2\":[0,0,5]}");
	free(text);
	profile_deinit(&profile);
}

/* Of each way to the file: what is let go in the middle of a line, and at its end. */
static void test_a_full_device_is_an_error(void **state)
{
	(void)state;
	static char buffer[1 << 14];
	struct profile profile;
	fill_detailed(&profile);
	free(profile.stacks[0].growth->final_sizes);
	profile.stacks[0].growth->n_final_sizes = 10000;
	profile.stacks[0].growth->final_sizes = calloc(10000, sizeof(uint64_t));
	for (size_t room = 512; room <= sizeof(buffer); room *= 2) {
		FILE *out = fopen("/dev/full", "w");
		assert_non_null(out);
		setvbuf(out, buffer, _IOFBF, room);
		assert_int_equal(profile_write_json(&profile, out), -ENOSPC);
		fclose(out);
	}
	profile_deinit(&profile);
}

static void test_stacks_by_thread(void **state)
{
	(void)state;
	static const char text[] = "{\"version\":1,\"capture\":{\"mode\":\"exact\",\"by_thread\":true},"
				   "\"stacks\":[{\"frames\":[],\"thread\":1,\"allocs\":1},{\"frames\":[]}],"
				   "\"threads\":[{\"tid\":1},{\"tid\":2}]}";
	static const char wrong[] = "{\"version\":1,\"capture\":{\"mode\":\"exact\",\"by_thread\":true},"
				    "\"stacks\":[{\"thread\":2}],\"threads\":[{\"tid\":1},{\"tid\":2}]}";
	struct profile profile;
	struct ct_error err = {0};
	read_text(text, strlen(text), &profile);
	assert_true(profile.capture.by_thread);
	assert_true(profile.stacks[0].has_thread && profile.stacks[0].thread == 1);
	assert_false(profile.stacks[1].has_thread);
	size_t length;
	char *back = write_text(&profile, &length);
	assert_has(back, "\"by_thread\":true");
	assert_has(back, "{\"frames\":[],\"thread\":1,\"allocs\":1,");
	assert_has(back, "{\"frames\":[],\"allocs\":0,");
	free(back);
	profile_deinit(&profile);
	assert_int_equal(profile_read_json(wrong, strlen(wrong), &profile, &err), -EINVAL);
	assert_has(err.text, "stacks[0].thread: there is no thread 2, the file has 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_by_thread),
		cmocka_unit_test(test_written_to_the_letter),
		cmocka_unit_test(test_read_back_equals_what_was_written),
		cmocka_unit_test(test_what_a_mode_does_not_know_is_absent),
		cmocka_unit_test(test_a_detail_that_the_mode_lacks_is_not_read),
		cmocka_unit_test(test_what_is_not_known_is_absent),
		cmocka_unit_test(test_double_frees_name_the_stacks_of_the_file),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_large_integers_stay_exact),
		cmocka_unit_test(test_zeros_after_the_last_class_are_not_written),
		cmocka_unit_test(test_a_full_device_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
