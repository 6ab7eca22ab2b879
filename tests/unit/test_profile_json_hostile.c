// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What is not a profile, and what a profile file must not say: each is refused with its place. */
#include "captrack/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile_example.h"

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
		{"{\"version\":1,\"capture\":{\"allocators\":[\"a\",1]}}",
		 "capture.allocators[1]: not a string"},
		{"{\"version\":1,\"merged\":{}}", "merged: not an array"},
		{"{\"version\":1,\"merged\":[{},1]}", "merged[1]: not an object"},
		{"{\"version\":1,\"merged\":[{\"pid\":-1}]}", "merged[0].pid: -1 is no unsigned"},
		{"{\"version\":1,\"merged\":[{\"state\":\"x\"}]}", "merged[0].state: not a word"},
		{"{\"version\":1,\"merged\":[{\"exit_status\":256}]}",
		 "merged[0].exit_status: 256 is too large"},
		{"{\"version\":1,\"merged\":[{\"peak_bytes\":\"1\"}]}", "merged[0].peak_bytes: not a number"},
		{"{\"version\":1,\"merged\":[{\"holds_peak\":1}]}",
		 "merged[0].holds_peak: not true or false"},
		{"{\"version\":1,\"threads\":[{\"pid\":\"1\"}]}", "threads[0].pid: not a number"},
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

/* Each in a stack of its own, after one that is as it should be. */
static void refuse_in_a_stack(const char *members, const char *part)
{
	char text[4096];
	snprintf(text, sizeof(text),
		 "{\"version\":1,\"state\":\"final\",\"capture\":{\"free_stacks\":true},"
		 "\"free_stacks\":[{},{\"frames\":[]}],"
		 "\"stacks\":[{\"lifetime_ns\":{\"min\":1},\"sizes\":{\"log2\":[0,1]},\"leak\":{\"score\":1},"
		 "\"growth\":{\"final_sizes\":[1]},\"freed_by\":[{\"stack\":1}],\"age_ns\":{}},{%s}]}",
		 members);
	refuse(text, strlen(text), part);
}

static void test_stacks_with_wrong_details(void **state)
{
	(void)state;
	static const struct {
		const char *members;
		const char *part;
	} table[] = {
		{"\"moved\":-1", "stacks[1].moved: -1 is no unsigned"},
		{"\"lifetime_ns\":[]", "stacks[1].lifetime_ns: not an object"},
		{"\"lifetime_ns\":{\"min\":-1}", "stacks[1].lifetime_ns.min: -1 is no unsigned"},
		{"\"lifetime_ns\":{\"max\":0.5}", "stacks[1].lifetime_ns.max: 0.5 is not a whole"},
		{"\"lifetime_ns\":{\"sum\":1e300}", "stacks[1].lifetime_ns.sum: 1e+300 is no unsigned"},
		{"\"lifetime_ns\":{\"log2\":{}}", "stacks[1].lifetime_ns.log2: not an array"},
		{"\"lifetime_ns\":{\"log2\":[0,\"1\"]}", "stacks[1].lifetime_ns.log2[1]: not a number"},
		{"\"lifetime_ns\":{\"log2\":[0,0,-3]}", "stacks[1].lifetime_ns.log2[2]: -3 is no"},
		{"\"age_ns\":7", "stacks[1].age_ns: not an object"},
		{"\"age_ns\":{\"mean\":-7}", "stacks[1].age_ns.mean: -7 is no"},
		{"\"age_ns\":{},\"startup\":[]", "stacks[1].startup: not an object"},
		{"\"age_ns\":{},\"startup\":{\"bytes\":null}", "stacks[1].startup.bytes: not a number"},
		{"\"sizes\":true", "stacks[1].sizes: not an object"},
		{"\"sizes\":{\"min\":1e20}", "stacks[1].sizes.min: 1e+20 is no"},
		{"\"sizes\":{\"log2\":[1e400]}", "stacks[1].sizes.log2[0]: inf is no"},
		{"\"growth\":[]", "stacks[1].growth: not an object"},
		{"\"growth\":{\"chains\":\"1\"}", "stacks[1].growth.chains: not a number"},
		{"\"growth\":{\"chains\":1,\"open_chains\":-1}", "stacks[1].growth.open_chains: -1 is no"},
		{"\"growth\":{\"chains\":1,\"final_sizes\":5}", "stacks[1].growth.final_sizes: not an array"},
		{"\"growth\":{\"chains\":1,\"final_sizes\":[1,2,[]]}",
		 "stacks[1].growth.final_sizes[2]: not a number"},
		{"\"growth\":{\"final_sizes\":[1,-2]}", "stacks[1].growth.final_sizes[1]: -2 is no"},
		{"\"leak\":1", "stacks[1].leak: not an object"},
		{"\"leak\":{\"score\":1.001}", "stacks[1].leak.score: not a number from 0 to 1"},
		{"\"leak\":{\"score\":-0.1}", "stacks[1].leak.score: not a number from 0 to 1"},
		{"\"leak\":{\"score\":1e400}", "stacks[1].leak.score: not a number from 0 to 1"},
		{"\"leak\":{\"score\":\"1\"}", "stacks[1].leak.score: not a number from 0 to 1"},
		{"\"leak\":{\"score\":NaN}", "not JSON"},
		{"\"leak\":{\"score\":1,\"bytes_per_s\":-5}", "stacks[1].leak.bytes_per_s: -5 is no"},
		{"\"freed_by\":{}", "stacks[1].freed_by: not an array"},
		{"\"freed_by\":[{},5]", "stacks[1].freed_by[1]: not an object"},
		{"\"freed_by\":[{\"stack\":7}]",
		 "stacks[1].freed_by[0].stack: there is no free stack 7, the file has 2"},
		{"\"freed_by\":[{\"stack\":-1}]", "stacks[1].freed_by[0].stack: -1 is no"},
		{"\"freed_by\":[{},{\"frees\":\"\"}]", "stacks[1].freed_by[1].frees: not a number"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		refuse_in_a_stack(table[i].members, table[i].part);
}

static void test_histograms_of_more_classes_than_there_are(void **state)
{
	(void)state;
	for (int count = 64; count <= 66; count++) {
		char members[256] = "\"sizes\":{\"log2\":[0", text[512];
		struct profile profile;
		struct ct_error err = {0};
		for (int i = 1; i < count; i++)
			strcat(members, ",1");
		strcat(members, "]}");
		snprintf(text, sizeof(text), "{\"version\":1,\"stacks\":[{%s}]}", members);
		if (count > 64) {
			snprintf(members, sizeof(members),
				 "stacks[0].sizes.log2: %d classes are too many (at most 64)", count);
			refuse(text, strlen(text), members);
			continue;
		}
		assert_int_equal(profile_read_json(text, strlen(text), &profile, &err), 0);
		assert_int_equal(profile.stacks[0].sizes.log2.n, 64);
		profile_deinit(&profile);
	}
}

static void test_lists_with_wrong_elements(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *part;
	} table[] = {
		{"{\"version\":1,\"capture\":{\"free_stacks\":1}}", "capture.free_stacks: not true or"},
		{"{\"version\":1,\"free_stacks\":{}}", "free_stacks: not an array"},
		{"{\"version\":1,\"free_stacks\":[{\"frames\":[0]}]}",
		 "free_stacks[0].frames[0]: there is no frame 0, the file has 0"},
		{"{\"version\":1,\"double_frees\":1}", "double_frees: not an array"},
		{"{\"version\":1,\"double_frees\":[[]]}", "double_frees[0]: not an object"},
		{"{\"version\":1,\"stacks\":[{},{}],\"double_frees\":[{\"stack\":2}]}",
		 "double_frees[0].stack: there is no stack 2, the file has 2"},
		{"{\"version\":1,\"stacks\":[{}],\"double_frees\":[{\"stack\":-1}]}",
		 "double_frees[0].stack: -1 is no"},
		{"{\"version\":1,\"free_stacks\":[{}],\"double_frees\":[{},{\"freed_by\":1}]}",
		 "double_frees[1].freed_by: there is no free stack 1, the file has 1"},
		{"{\"version\":1,\"stacks\":[{}],\"double_frees\":[{\"again_by\":0}]}",
		 "double_frees[0].again_by: there is no free stack 0, the file has 0"},
		{"{\"version\":1,\"double_frees\":[{\"count\":\"\"}]}",
		 "double_frees[0].count: not a number"},
		{"{\"version\":1,\"threads\":{}}", "threads: not an array"},
		{"{\"version\":1,\"threads\":[null]}", "threads[0]: not an object"},
		{"{\"version\":1,\"threads\":[{},{\"tid\":-5}]}", "threads[1].tid: -5 is no"},
		{"{\"version\":1,\"threads\":[{\"tid\":2147483648}]}", "threads[0].tid: 2147483648 is too"},
		{"{\"version\":1,\"threads\":[{\"name\":5}]}", "threads[0].name: not a string"},
		{"{\"version\":1,\"threads\":[{\"live_bytes\":-1}]}", "threads[0].live_bytes: -1 is no"},
		{"{\"version\":1,\"timeline\":5}", "timeline: not an array"},
		{"{\"version\":1,\"timeline\":[5]}", "timeline[0]: not an object"},
		{"{\"version\":1,\"timeline\":[{\"ms\":-1}]}", "timeline[0].ms: -1 is no"},
		{"{\"version\":1,\"timeline\":[{},{\"allocs\":0.1}]}", "timeline[1].allocs: 0.1 is not"},
		{"{\"version\":1,\"timeline\":[{\"peak\":1}]}", "timeline[0].peak: not true or false"},
		{"{\"version\":1,\"timeline\":[{\"rss_bytes\":1,\"cpu_ms\":[]}]}",
		 "timeline[0].cpu_ms: not a number"},
		{"{\"version\":1,\"timeline\":[{\"read_bytes\":1,\"written_bytes\":-2}]}",
		 "timeline[0].written_bytes: -2 is no"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		refuse(table[i].text, strlen(table[i].text), table[i].part);
}

/* Views may rely on it: points by time, growth of one chain or more, histograms of something. */
static void test_what_is_put_right(void **state)
{
	(void)state;
	static const char text[] =
		"{\"version\":1,\"timeline\":[{\"ms\":9,\"allocs\":3},{\"ms\":2,\"peak\":true,\"allocs\":8},"
		"{\"ms\":5}],\"stacks\":[{\"growth\":{\"final_sizes\":[4,5],\"steps\":8},"
		"\"sizes\":{\"log2\":[0,0]},\"lifetime_ns\":{\"log2\":[0,3,0]}}]}";
	struct profile profile;
	struct ct_error err = {0};
	assert_int_equal(profile_read_json(text, sizeof(text) - 1, &profile, &err), 0);
	assert_int_equal(profile.n_timeline, 3);
	assert_true(profile.timeline[0].ms == 2 && profile.timeline[0].is_peak);
	assert_int_equal(profile.timeline[0].allocs, 0); /* a peak has none */
	assert_true(profile.timeline[1].ms == 5 && profile.timeline[2].ms == 9);
	assert_int_equal(profile.timeline[2].allocs, 3);
	assert_null(profile.stacks[0].growth);
	assert_int_equal(profile.stacks[0].sizes.log2.n, 0);
	assert_int_equal(profile.stacks[0].lifetimes.log2.n, 2);
	profile_deinit(&profile);
}

static void test_cut_short_anywhere(void **state)
{
	(void)state;
	struct profile profile;
	size_t length;
	fill_detailed(&profile);
	char *text = write_text(&profile, &length);
	for (size_t cut = 1; cut < length - 2; cut++)
		refuse(text, cut, "not JSON");
	free(text);
	profile_deinit(&profile);
}

/* Whatever a byte turns into, the file is read or refused; sanitizers see the rest. */
static void test_any_byte_damaged(void **state)
{
	(void)state;
	static const char bytes[] = "-9.e{[\"\xff";
	struct profile profile, back;
	struct ct_error err = {0};
	size_t length, counts[2] = {0};
	fill_detailed(&profile);
	char *text = write_text(&profile, &length);
	for (size_t i = 0; i < length; i++) {
		char byte = text[i];
		for (const char *other = bytes; *other; other++) {
			text[i] = *other;
			bool is_read = !profile_read_json(text, length, &back, &err);
			counts[is_read]++;
			if (is_read)
				profile_deinit(&back);
			for (size_t k = 0; k < sizeof(back); k++)
				assert_int_equal(((unsigned char *)&back)[k], 0);
		}
		text[i] = byte;
	}
	assert_true(counts[0] > length && counts[1] > length);
	free(text);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_profile),
		cmocka_unit_test(test_stacks_with_wrong_details),
		cmocka_unit_test(test_histograms_of_more_classes_than_there_are),
		cmocka_unit_test(test_lists_with_wrong_elements),
		cmocka_unit_test(test_what_is_put_right),
		cmocka_unit_test(test_cut_short_anywhere),
		cmocka_unit_test(test_any_byte_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
