// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Too much of something: refused with its place, or read in memory that the file's size bounds. */
#include "captrack/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "profile_example.h"

enum { MANY = 1000000 };

/* `before`, `part` so many times with commas between, `behind`. */
static char *repeat(const char *before, const char *part, size_t times, const char *behind, size_t *length)
{
	char *text = malloc(strlen(before) + times * (strlen(part) + 1) + strlen(behind) + 1);
	assert_non_null(text);
	char *to = stpcpy(text, before);
	for (size_t i = 0; i < times; i++) {
		if (i)
			*to++ = ',';
		to = stpcpy(to, part);
	}
	to = stpcpy(to, behind);
	*length = (size_t)(to - text);
	return text;
}

static void refuse_repeated(const char *before, const char *part, size_t times, const char *behind,
			    const char *error)
{
	size_t length;
	char *text = repeat(before, part, times, behind, &length);
	refuse(text, length, error);
	free(text);
}

static struct profile read_repeated(const char *before, const char *part, size_t times, const char *behind)
{
	struct profile profile;
	struct ct_error err = {0};
	size_t length;
	char *text = repeat(before, part, times, behind, &length);
	if (profile_read_json(text, length, &profile, &err))
		fail_msg("%s%s...: %s", before, part, err.text);
	free(text);
	return profile;
}

#define ONE_FRAME "{\"version\":1,\"objects\":[{}],\"frames\":[{}],"

static void test_frames_of_one_stack(void **state)
{
	(void)state;
	static const char before[] = ONE_FRAME "\"stacks\":[{},{},{},{\"frames\":[";
	static const char free_stack[] = ONE_FRAME "\"free_stacks\":[{},{\"frames\":[";
	struct profile profile = read_repeated(before, "0", PROFILE_MOST_STACK_FRAMES, "]}]}");
	assert_int_equal(profile.stacks[3].n_frames, PROFILE_MOST_STACK_FRAMES);
	profile_deinit(&profile);
	refuse_repeated(before, "0", PROFILE_MOST_STACK_FRAMES + 1, "]}]}",
			"stacks[3].frames: 4097 frames, at most 4096");
	refuse_repeated(before, "0", MANY, "]}]}", "stacks[3].frames: 1000000 frames, at most 4096");
	refuse_repeated(before, "[0]", MANY, "]}]}", "stacks[3]: more than 1048576 values");
	refuse_repeated(free_stack, "0", MANY, "]}]}", "free_stacks[1].frames: 1000000 frames, at most 4096");
}

static void test_inlined_functions_of_one_frame(void **state)
{
	(void)state;
	static const char before[] = "{\"version\":1,\"objects\":[{}],\"frames\":[{},{\"inlined\":[";
	struct profile profile = read_repeated(before, "{}", PROFILE_MOST_INLINED, "]}]}");
	assert_int_equal(profile.frames[1].n_inlined, PROFILE_MOST_INLINED);
	profile_deinit(&profile);
	refuse_repeated(before, "{}", PROFILE_MOST_INLINED + 1, "]}]}",
			"frames[1].inlined: 1025 functions, at most 1024");
	refuse_repeated(before, "{}", MANY, "]}]}", "frames[1].inlined: 1000000 functions, at most 1024");
	refuse_repeated(before, "{\"function\":\"f\"}", MANY, "]}]}", "frames[1]: more than 1048576 values");
}

static void test_frames_in_the_table(void **state)
{
	(void)state;
	struct profile profile = read_repeated("{\"version\":1,\"objects\":[{\"path\":\"/x\"}],\"frames\":[",
					       "{\"object\":0,\"offset\":\"0x12\",\"function\":\"f\"}", MANY,
					       "],\"stacks\":[{\"frames\":[999999]}]}");
	assert_int_equal(profile.n_frames, MANY);
	assert_string_equal(profile.frames[profile.stacks[0].frames[0]].function, "f");
	profile_deinit(&profile);
}

static void test_elements_of_lists(void **state)
{
	(void)state;
	static const char *const lists[] = {"objects",      "frames",  "stacks",  "free_stacks",
					    "double_frees", "threads", "timeline"};
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		char before[64], error[80];
		snprintf(before, sizeof(before), "{\"version\":1,\"%s\":[", lists[i]);
		snprintf(error, sizeof(error), "%s: 4194305 elements, at most 4194304", lists[i]);
		refuse_repeated(before, "{}", PROFILE_MOST_ELEMENTS + 1, "]}", error);
	}
}

static void test_values_of_one_element(void **state)
{
	(void)state;
	refuse_repeated("{\"version\":1,\"capture\":{\"probes\":[", "{\"kind\":\"entry\"}", MANY, "]}}",
			"capture: more than 1048576 values");
	refuse_repeated("{\"version\":1,\"threads\":[{},{\"new\":[", "1", 2 * MANY, "]}]}",
			"threads[1]: more than 1048576 values");
	refuse_repeated("{\"version\":1,", "\"a\":1", 2 * MANY, "}", "more than 1048576 members");
}

/* Reads with so much memory more than there is; fails where that is too little. */
static struct profile read_within(const char *text, size_t length, size_t bytes)
{
	struct rlimit usual, small;
	struct profile profile;
	struct ct_error err = {0};
	long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");
	assert_true(statm && fscanf(statm, "%ld", &pages) == 1);
	fclose(statm);
	assert_int_equal(getrlimit(RLIMIT_AS, &usual), 0);
	small = usual;
	small.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes;
#ifndef __SANITIZE_ADDRESS__ /* which takes terabytes of addresses */
	assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
#endif
	int result = profile_read_json(text, length, &profile, &err);
	assert_int_equal(setrlimit(RLIMIT_AS, &usual), 0);
	if (result)
		fail_msg("%s", err.text);
	return profile;
}

/* It is not kept, so memory does not grow with it. */
static void test_unknown_members_take_no_memory(void **state)
{
	(void)state;
	size_t length;
	char *text = repeat("{\"version\":1,\"new\":[", "{\"a\":[1,\"b\"]}", 3 * MANY, "]}", &length);
	struct profile profile = read_within(text, length, 1 << 20);
	profile_deinit(&profile);
	free(text);
}

/* The model takes about as much as the text; a tree of the document would take many times as much. */
static void test_a_hundred_thousand_stacks(void **state)
{
	(void)state;
	struct profile profile, back;
	size_t length;
	fill_example(&profile);
	for (int i = 0; i < 100000; i++) {
		struct profile_stack *stack = new_stack(&profile);
		fill_counts(&stack->counts, 10, 300);
		fill_stack_details(stack);
		stack->freed_by[0].free_stack = stack->freed_by[1].free_stack = 0;
		stack->frames = calloc(22, sizeof(*stack->frames));
		stack->n_frames = 22;
	}
	profile.capture.free_stacks = true;
	assert_int_equal(profile_add_free_stack(&profile), 0);
	char *text = write_text(&profile, &length);
	back = read_within(text, length, 2 * length);
	assert_int_equal(back.n_stacks, 100002);
	profile_deinit(&back);
	profile_deinit(&profile);
	free(text);
}

static void test_depth(void **state)
{
	(void)state;
	size_t length, depth = MANY;
	char *text = malloc(depth);
	memset(text, '[', depth);
	refuse(text, depth, "not JSON: nested too deep in line 1, byte 1000");
	free(text);
	text = repeat("{\"version\":1,\n\"new\":", "{\"a\":[[[[", MANY, "", &length);
	for (char *comma = text + 20; (comma = strchr(comma, ',')); comma++)
		*comma = ' ';
	refuse(text, length, "not JSON: nested too deep in line 2, byte ");
	free(text);
	/* As deep as may be, where something else is expected. */
	text = malloc(4096);
	char *to = stpcpy(text, "{\"version\":1,\"stacks\":[{\"frames\":");
	for (int i = 0; i < 997; i++)
		*to++ = '[';
	for (int i = 0; i < 997; i++)
		*to++ = ']';
	to = stpcpy(to, "}]}");
	refuse(text, (size_t)(to - text), "stacks[0].frames[0]: not a number");
	free(text);
}

/* A character 100 MB long at the place of the '@'. */
static char *with_much(const char *text, char what, size_t *length)
{
	size_t before = strcspn(text, "@"), size = 100 << 20;
	char *all = malloc(strlen(text) + size);
	assert_non_null(all);
	memcpy(all, text, before);
	memset(all + before, what, size);
	strcpy(all + before + size, text + before + 1);
	*length = strlen(text) + size - 1;
	return all;
}

static void test_long_strings_are_read(void **state)
{
	(void)state;
	struct profile profile;
	struct ct_error err = {0};
	size_t length;
	char *text = with_much(ONE_FRAME "\"target\":{\"exe\":\"@\"},\"@\":0}", 'n', &length);
	assert_int_equal(profile_read_json(text, length, &profile, &err), 0);
	assert_int_equal(strlen(profile.target.exe), 100 << 20);
	profile_deinit(&profile);
	free(text);
}

static void test_long_strings_are_refused(void **state)
{
	(void)state;
	static const char *const refused[][2] = {
		{"{\"version\":1,\"state\":\"@\"}", "state: not a word"},
		{"{\"version\":1,\"stacks\":[{\"allocs\":\"@\"}]}", "stacks[0].allocs: not a number"},
		{"{\"version\":1,\"objects\":[{}],\"frames\":[{\"offset\":\"0x@\"}]}",
		 "frames[0].offset: not a"},
		{"{\"version\":1,\"stacks\":[\"@\"]}", "stacks[0]: not an object"},
		{"{\"version\":1,\"target\":{\"pid\":\"@", "not JSON: it ends too early"},
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		size_t length;
		char *text = with_much(refused[i][0], 'n', &length);
		refuse(text, length, refused[i][1]);
		free(text);
	}
}

/* Their place is in the error, their digits are not. */
static void test_long_numbers(void **state)
{
	(void)state;
	size_t length;
	char *text = with_much("{\"version\":1,\"totals\":{\"allocs\":@}}", '7', &length);
	refuse(text, length, "totals.allocs: inf is no unsigned 64-bit number");
	free(text);
}

static void test_long_documents(void **state)
{
	(void)state;
	struct profile profile;
	struct ct_error err = {0};
	static const char text[] = "{}";
	/* The length is checked before the first byte is read. */
	assert_true(profile_read_json(text, (size_t)PROFILE_MOST_BYTES + 1, &profile, &err) < 0);
	assert_non_null(strstr(err.text, "larger than a profile may be (1 GiB)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_of_one_stack),
		cmocka_unit_test(test_inlined_functions_of_one_frame),
		cmocka_unit_test(test_frames_in_the_table),
		cmocka_unit_test(test_elements_of_lists),
		cmocka_unit_test(test_values_of_one_element),
		cmocka_unit_test(test_unknown_members_take_no_memory),
		cmocka_unit_test(test_a_hundred_thousand_stacks),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_long_strings_are_read),
		cmocka_unit_test(test_long_strings_are_refused),
		cmocka_unit_test(test_long_numbers),
		cmocka_unit_test(test_long_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
