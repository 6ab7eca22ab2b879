// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The profile file: its text to the letter, there and back, and what is not a profile. */
#include "captrack/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void fill_counts(struct profile_counts *counts, uint64_t allocs, uint64_t at_peak)
{
	*counts = (struct profile_counts){
		.allocs = allocs,
		.frees = allocs - 1,
		.reallocs = 1,
		.allocated_bytes = allocs * 100,
		.freed_bytes = (allocs - 1) * 100,
		.live_allocs = 1,
		.live_bytes = 100,
		.temporary_allocs = allocs / 2,
		.peak_bytes = at_peak + 1,
		.at_peak_bytes = at_peak,
		.at_peak_allocs = 3,
	};
}

static struct profile_object *new_object(struct profile *profile)
{
	int64_t index = profile_add_object(profile);
	return &profile->objects[index];
}

static struct profile_frame *new_frame(struct profile *profile)
{
	int64_t index = profile_add_frame(profile);
	return &profile->frames[index];
}

static struct profile_stack *new_stack(struct profile *profile)
{
	int64_t index = profile_add_stack(profile);
	return &profile->stacks[index];
}

static void fill_frames(struct profile *profile)
{
	struct profile_frame *frame = new_frame(profile);
	frame->offset = 0x1234;
	frame->function = strdup("outer");
	frame->file = strdup("/src/a.c");
	frame->line = 12;
	frame->column = 7;
	frame->inlined = calloc(1, sizeof(*frame->inlined));
	frame->n_inlined = 1;
	frame->inlined[0].function = strdup("inner");
	frame->inlined[0].file = strdup("/src/a.h");
	frame->inlined[0].line = 3;

	frame = new_frame(profile);
	frame->object = 1;
	frame->offset = UINT64_MAX;
	frame->function = strdup("sym");
	frame->has_symbol_offset = true;
	frame->symbol_offset = 18;
}

static void fill_stacks(struct profile *profile)
{
	struct profile_stack *stack = new_stack(profile);
	fill_counts(&stack->counts, 10, 300);
	stack->frames = calloc(2, sizeof(*stack->frames));
	stack->frames[0] = 1;
	stack->n_frames = 2;
	stack->truncated = true;
	stack->why = INTEGRITY_NO_ROW_STACKS;
	stack = new_stack(profile); /* [unknown] */
	fill_counts(&stack->counts, 20, 500);
	profile_sum_stacks(profile);
	profile->peak_allocs = profile->totals.at_peak_allocs;
}

static void fill_profile(struct profile *profile)
{
	memset(profile, 0, sizeof(*profile));
	profile->state = PROFILE_FINAL;
	profile->reason = PROFILE_EXIT;
	profile->target.pid = 42;
	profile->target.ppid = 41;
	profile->target.exe = strdup("/bin/\xff\"x");
	profile->target.command = strdup("x \xe2\x82\xac");
	profile->target.start_ms = 1700000000123;
	profile->target.has_exit_status = true;
	profile->host.arch = strdup("x86_64");
	profile->host.cpus = 2;
	profile->host.page_size = 4096;
	profile->capture.interval_ms = 500;
	profile->capture.start_ms = 1700000000100;
	profile->capture.duration_ms = 1500;
	profile->capture.snapshots = 4;
	profile->capture.allocator = strdup("glibc");
	profile->capture.probes = calloc(1, sizeof(*profile->capture.probes));
	profile->capture.n_probes = 1;
	profile->capture.probes[0] = (struct profile_probe){strdup("malloc"), 1, 0x98930, "return", true};
	profile->cost.known = profile->cost.has_trap_ns = profile->cost.traps_only = true;
	profile->cost.events = 60;
	profile->cost.trap_ns = 45000;
	profile->cost.slowdown = 1.2345;
	new_object(profile)->path = strdup("/bin/x");
	struct profile_object *object = new_object(profile);
	object->path = strdup("/lib/libc.so.6");
	object->build_id = strdup("00ff");
	fill_frames(profile);
	fill_stacks(profile);
	profile->failed_allocs = 2;
	profile->peak_ms = 77;
	profile->integrity[INTEGRITY_DROPPED_STACKS] = 5;
	profile->integrity[INTEGRITY_TRUNCATED_STACKS] = profile->integrity[INTEGRITY_NO_ROW_STACKS] = 1;
}

static char *write_text(struct profile *profile, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);
	assert_non_null(out);
	assert_int_equal(profile_write_json(profile, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static const char golden[] =
	"{\"version\":1,\n"
	"\"tool\":{\"name\":\"captrack-bpf\",\"version\":\"" CT_VERSION "\"},\n"
	"\"state\":\"final\",\n"
	"\"reason\":\"exit\",\n"
	"\"target\":{\"pid\":42,\"ppid\":41,\"exe\":\"/bin/\xef\xbf\xbd\\\"x\",\"command\":\"x "
	"\xe2\x82\xac\","
	"\"start_ms\":1700000000123,\"attached\":\"start\",\"exit_status\":0},\n"
	"\"host\":{\"arch\":\"x86_64\",\"cpus\":2,\"page_size\":4096},\n"
	"\"capture\":{\"mode\":\"exact\",\"interval_ms\":500,\"start_ms\":1700000000100,\"duration_ms\":1500,"
	"\"snapshots\":4,\"allocators\":[\"glibc\"],\"probes\":[{\"function\":\"malloc\",\"object\":1,"
	"\"site_offset\":\"0x98930\",\"kind\":\"return\",\"emulated\":true}]},\n"
	"\"cost\":{\"events\":60,\"trap_ns\":45000,\"slowdown\":1.234,\"traps_only\":true},\n"
	"\"totals\":{\"allocs\":30,\"frees\":28,\"reallocs\":2,\"failed_allocs\":2,\"allocated_bytes\":3000,"
	"\"freed_bytes\":2800,\"live_allocs\":2,\"live_bytes\":200,\"peak_bytes\":800,\"peak_allocs\":6,"
	"\"peak_ms\":77,\"temporary_allocs\":15},\n"
	"\"integrity\":{\"unmatched_frees\":0,\"internal_frees\":0,\"dropped_blocks\":0,\"dropped_stacks\":5,"
	"\"truncated_stacks\":1,\"depth_stacks\":0,\"unknown_object_stacks\":0,\"no_row_stacks\":1,"
	"\"odd_row_stacks\":0,\"read_fault_stacks\":0,\"not_code_stacks\":0,\"no_progress_stacks\":0,"
	"\"busy_stacks\":0,\"missed_frees\":0,\"lost_returns\":0,"
	"\"unreadable_results\":0,\"dropped_events\":0,\"dropped_calls\":0,\"unfollowed_children\":0,\"main_"
	"thread_gone\":0},\n"
	"\"objects\":[\n"
	"{\"path\":\"/bin/x\"},\n"
	"{\"path\":\"/lib/libc.so.6\",\"build_id\":\"00ff\"}],\n"
	"\"frames\":[\n"
	"{\"object\":0,\"offset\":\"0x1234\",\"function\":\"outer\",\"file\":\"/src/a.c\",\"line\":12,"
	"\"column\":7,\"inlined\":[{\"function\":\"inner\",\"file\":\"/src/a.h\",\"line\":3}]},\n"
	"{\"object\":1,\"offset\":\"0xffffffffffffffff\",\"function\":\"sym\",\"symbol_offset\":18}],\n"
	"\"stacks\":[\n"
	"{\"frames\":[],\"allocs\":20,\"frees\":19,\"reallocs\":1,\"allocated_bytes\":2000,"
	"\"freed_bytes\":1900,\"live_allocs\":1,\"live_bytes\":100,\"peak_bytes\":501,\"at_peak_bytes\":500,"
	"\"at_peak_allocs\":3,\"temporary_allocs\":10},\n"
	"{\"frames\":[1,0],\"truncated\":true,\"end\":\"no_row\",\"allocs\":10,\"frees\":9,\"reallocs\":1,"
	"\"allocated_bytes\":1000,\"freed_bytes\":900,\"live_allocs\":1,\"live_bytes\":100,"
	"\"peak_bytes\":301,\"at_peak_bytes\":300,\"at_peak_allocs\":3,\"temporary_allocs\":5}]}\n";

static void test_written_to_the_letter(void **state)
{
	(void)state;
	struct profile profile;
	size_t length;
	fill_profile(&profile);
	char *text = write_text(&profile, &length);
	assert_string_equal(text, golden);
	assert_int_equal(profile.stacks[0].counts.allocs, 10); /* the order in memory stays */
	char *again = write_text(&profile, &length);           /* from the caches */
	assert_string_equal(again, golden);
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
	assert_int_equal(profile_read_json(golden, sizeof(golden) - 1, &profile, &err), 0);
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
	assert_string_equal(text, golden);
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

/* What is not known is absent: here is all that may be there, of the golden one's figures. */
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
	 "unmatched_frees internal_frees "},
	{0, true, "\"capture\":{\"mode\":\"exact\",\"allocs_only\":true,\"interval_ms\"",
	 "\"totals\":{\"allocs\":30,\"reallocs\":2,\"failed_allocs\":2,\"allocated_bytes\":3000},\n",
	 "{\"frames\":[],\"allocs\":20,\"reallocs\":1,\"allocated_bytes\":2000},\n",
	 "unmatched_frees internal_frees missed_frees dropped_blocks "},
	{1000, true,
	 "\"capture\":{\"mode\":\"sampled\",\"sample_bytes\":1000,\"allocs_only\":true,\"interval_ms\"",
	 "\"totals\":{\"allocs\":30,\"reallocs\":2,\"allocated_bytes\":3000},\n",
	 "{\"frames\":[],\"allocs\":20,\"reallocs\":1,\"allocated_bytes\":2000},\n",
	 "unmatched_frees internal_frees missed_frees dropped_blocks "},
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
		fill_profile(&profile);
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

/* Reads from a block of exactly that size, so that a byte too far is seen. */
static void refuse(const char *text, size_t length, const char *part)
{
	struct profile profile;
	struct ct_error err = {0};
	char *copy = malloc(length ? length : 1);
	memcpy(copy, text, length);
	int result = profile_read_json(copy, length, &profile, &err);
	free(copy);
	if (result >= 0 || !strstr(err.text, part))
		fail_msg("%.80s: %d '%s', expected '%s'", text, result, err.text, part);
	for (size_t i = 0; i < sizeof(profile); i++)
		assert_int_equal(((unsigned char *)&profile)[i], 0);
}

static void test_what_is_no_profile(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *part;
	} table[] = {
		{"", "empty"},
		{" ", "ends too early"},
		{"null", "no version number"},
		{"[]", "no version number"},
		{"{}", "no version number"},
		{"{\"version\":\"1\"}", "no version number"},
		{"{\"version\":2,\"stacks\":7}", "profile version 2 is not known to this captrack-bpf"},
		{"{\"version\":1.5}", "profile version 1.5 is not known"},
		{"{\"version\":1e400}", "profile version inf is not known"},
		{"{\"version\":1} x", "more text after the end"},
		{"{\"version\":1}{}", "more text after the end"},
		{"{\"version\":1,\n\n\"x\" 5 ,,, }", "error in line 3"},
		{"{\"version\":1,\"state\":\"asleep\"}", "state: not a word"},
		{"{\"version\":1,\"reason\":5}", "reason: not a string"},
		{"{\"version\":1,\"target\":[]}", "target: not an object"},
		{"{\"version\":1,\"target\":{\"pid\":2147483648}}", "target.pid: 2147483648 is too large"},
		{"{\"version\":1,\"target\":{\"pid\":-1}}", "target.pid: -1 is no unsigned"},
		{"{\"version\":1,\"target\":{\"exit_status\":256}}", "target.exit_status: 256 is too large"},
		{"{\"version\":1,\"target\":{\"exe\":null}}", "target.exe: not a string"},
		{"{\"version\":1,\"target\":{\"attached\":\"\\u001b[31m\"}}", "target.attached: not a word"},
		{"{\"version\":1,\"host\":{\"cpus\":4294967296}}", "host.cpus: 4294967296 is too large"},
		{"{\"version\":1,\"capture\":{\"mode\":\"guessed\"}}", "capture.mode: not a word"},
		{"{\"version\":1,\"capture\":{\"mode\":\"sampled\"}}", "capture.sample_bytes: missing"},
		{"{\"version\":1,\"capture\":{\"mode\":\"sampled\",\"sample_bytes\":0}}",
		 "capture.sample_bytes: missing"},
		{"{\"version\":1,\"capture\":{\"allocs_only\":1}}", "capture.allocs_only: not true or"},
		{"{\"version\":1,\"capture\":{\"allocators\":[1]}}", "capture.allocators[0]: not a string"},
		{"{\"version\":1,\"capture\":{\"interval_stretched\":1}}", "interval_stretched: not true or"},
		{"{\"version\":1,\"objects\":[{}],\"capture\":{\"probes\":[{\"object\":0,\"emulated\":1}]}}",
		 "capture.probes[0].emulated: not true or false"},
		{"{\"version\":1,\"capture\":{\"probes\":[{\"object\":0}]}}",
		 "capture.probes[0].object: there is no object 0"},
		{"{\"version\":1,\"cost\":[]}", "cost: not an object"},
		{"{\"version\":1,\"cost\":{\"events\":-1}}", "cost.events: -1 is no unsigned"},
		{"{\"version\":1,\"cost\":{\"program_ns\":0.5}}", "cost.program_ns: 0.5 is not a whole"},
		{"{\"version\":1,\"cost\":{\"slowdown\":0.99}}", "cost.slowdown: not a factor of 1 or more"},
		{"{\"version\":1,\"cost\":{\"slowdown\":\"2\"}}", "cost.slowdown: not a factor"},
		{"{\"version\":1,\"cost\":{\"slowdown\":1e400}}", "cost.slowdown: not a factor"},
		{"{\"version\":1,\"cost\":{\"traps_only\":1}}", "cost.traps_only: not true or"},
		{"{\"version\":1,\"totals\":{\"allocs\":-1}}", "totals.allocs: -1 is no unsigned 64-bit"},
		{"{\"version\":1,\"totals\":{\"allocs\":0.5}}", "totals.allocs: 0.5 is not a whole number"},
		{"{\"version\":1,\"totals\":{\"allocs\":1e400}}", "totals.allocs: inf is no unsigned"},
		{"{\"version\":1,\"totals\":{\"allocs\":18446744073709551616}}", "is no unsigned 64-bit"},
		{"{\"version\":1,\"totals\":{\"allocs\":\"7\"}}", "totals.allocs: not a number"},
		{"{\"version\":1,\"totals\":{\"allocs\":NaN}}", "not JSON"},
		{"{\"version\":1,\"integrity\":{\"missed_frees\":true}}",
		 "integrity.missed_frees: not a num"},
		{"{\"version\":1,\"objects\":{}}", "objects: not an array"},
		{"{\"version\":1,\"objects\":[{},7]}", "objects[1]: not an object"},
		{"{\"version\":1,\"frames\":[{\"object\":0}]}", "frames[0].object: there is no object 0"},
		{"{\"version\":1,\"objects\":[{}],\"frames\":[{\"offset\":5}]}",
		 "frames[0].offset: not a str"},
		{"{\"version\":1,\"objects\":[{}],\"frames\":[{\"offset\":\"12\"}]}",
		 "frames[0].offset: not a"},
		{"{\"version\":1,\"objects\":[{}],\"frames\":[{\"offset\":\"0x-1\"}]}", "not a hex string"},
		{"{\"version\":1,\"objects\":[{}],\"frames\":[{\"offset\":\"0x12345678901234567\"}]}",
		 "not a hex"},
		{"{\"version\":1,\"objects\":[{}],\"frames\":[{\"inlined\":[{},{\"line\":-7}]}]}",
		 "frames[0].inlined[1].line: -7 is no"},
		{"{\"version\":1,\"objects\":[{}],\"frames\":[{\"inlined\":[3]}]}",
		 "frames[0].inlined[0]: not an object"},
		{"{\"version\":1,\"objects\":[{}],\"frames\":[{}],\"stacks\":[{},{\"frames\":[0,1]}]}",
		 "stacks[1].frames[1]: there is no frame 1, the file has 1"},
		{"{\"version\":1,\"stacks\":[{\"frames\":[\"0\"]}]}", "stacks[0].frames[0]: not a number"},
		{"{\"version\":1,\"stacks\":[{\"frames\":[1e19]}]}", "stacks[0].frames[0]: 1"},
		{"{\"version\":1,\"stacks\":[{\"frames\":0}]}", "stacks[0].frames: not an array"},
		{"{\"version\":1,\"stacks\":[{\"truncated\":\"yes\"}]}", "stacks[0].truncated: not true"},
		{"{\"version\":1,\"stacks\":[{\"live_bytes\":[]}]}", "stacks[0].live_bytes: not a number"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		refuse(table[i].text, strlen(table[i].text), table[i].part);
	refuse("{\"version\":1,\"x\":\"a\0b\"}", 23, "not JSON");
	refuse("{\"version\":1}\0", 14, "not JSON");
}

static void test_deep_nesting(void **state)
{
	(void)state;
	size_t depth = 1000000;
	char *text = malloc(depth);
	memset(text, '[', depth);
	refuse(text, depth, "not JSON");
	free(text);
}

static void test_cut_short_anywhere(void **state)
{
	(void)state;
	for (size_t length = 1; length < sizeof(golden) - 3; length += 97)
		refuse(golden, length, "not JSON");
	for (size_t length = 1; length < sizeof(golden) - 3; length++)
		refuse(golden, length, "not JSON");
}

static void test_unknown_fields_and_missing_ones(void **state)
{
	(void)state;
	static const char text[] =
		"{\"new\":[{\"x\":1.5}],\"version\":1,\"objects\":[{\"new\":null}],"
		"\"timeline\":[{\"ms\":-1}],\"stacks\":[{\"sizes\":{\"log2\":[1]},\"allocs\":7}]}\n\t ";
	struct profile profile;
	struct ct_error err = {0};
	assert_int_equal(profile_read_json(text, sizeof(text) - 1, &profile, &err), 0);
	assert_int_equal(profile.stacks[0].counts.allocs, 7);
	assert_int_equal(profile.stacks[0].counts.frees, 0);
	assert_null(profile.objects[0].path);
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
		assert_int_equal(profile_utf8_length(table[i].text), table[i].length);
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
	fill_profile(&profile);
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
		cmocka_unit_test(test_what_is_no_profile),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_cut_short_anywhere),
		cmocka_unit_test(test_unknown_fields_and_missing_ones),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_a_full_device_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
