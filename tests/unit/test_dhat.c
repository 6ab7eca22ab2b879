// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f dhat: which figures a point has, and which stacks are one. */
#include "../../src/exports/exports_internal.h"
#include "made_profile.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *dhat(const struct profile *profile)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_null(dhat_lacks(profile));
	assert_int_equal(dhat_write(profile, out), 0);
	fclose(out);
	cJSON *json = cJSON_Parse(text);
	assert_non_null(json);
	cJSON_Delete(json);
	return text;
}

static void assert_has(const struct profile *profile, const char *part)
{
	char *text = dhat(profile);
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
	free(text);
}

static void assert_has_not(const struct profile *profile, const char *part)
{
	char *text = dhat(profile);
	if (strstr(text, part))
		fail_msg("%s in %s", part, text);
	free(text);
}

/* 10 blocks, 4 of them live, of sizes up to 50; 6 lived 7 us together, 4 live since 2 us each. */
static struct profile_stack *a_stack(struct profile *profile, const char *frames)
{
	struct profile_stack *stack = made_stack(profile, frames);
	stack->counts = (struct profile_counts){
		.allocs = 10,
		.frees = 6,
		.allocated_bytes = 400,
		.freed_bytes = 260,
		.live_allocs = 4,
		.live_bytes = 140,
		.peak_bytes = 210,
		.at_peak_bytes = 150,
		.at_peak_allocs = 5,
	};
	stack->sizes.max = 50;
	stack->lifetimes.has_sum = true;
	stack->lifetimes.sum = 7100;
	stack->ages = (struct profile_ages){.known = true, .mean = 2000};
	return stack;
}

static void test_the_file(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	profile.peak_ms = 1500;
	a_stack(&profile, "push vec.h:7:3^ < grow src/buf.c:12:5 < main main.c:3");
	struct profile_stack *cut = a_stack(&profile, "getline < +0x12 < main main.c:3");
	cut->truncated = true;
	a_stack(&profile, "");
	char *text = dhat(&profile);
	assert_string_equal(
		text,
		"{\"dhatFileVersion\":2,\"mode\":\"heap\",\"verb\":\"Allocated\",\"bklt\":true,\"bkacc\":"
		"false,"
		"\"tu\":\"µs\",\"Mtu\":\"s\",\"tuth\":10,\"cmd\":\"shop --all\",\"pid\":42,\"te\":2000000,"
		"\"tg\":1500000,\"pps\":[\n"
		"{\"tb\":400,\"tbk\":10,\"tl\":15,\"mb\":210,\"mbk\":5,\"gb\":150,\"gbk\":5,\"eb\":140,"
		"\"ebk\":4,"
		"\"fs\":[1,2,3]},\n"
		"{\"tb\":400,\"tbk\":10,\"tl\":15,\"mb\":210,\"mbk\":5,\"gb\":150,\"gbk\":5,\"eb\":140,"
		"\"ebk\":4,"
		"\"fs\":[4,5,6,7]},\n"
		"{\"tb\":400,\"tbk\":10,\"tl\":15,\"mb\":210,\"mbk\":5,\"gb\":150,\"gbk\":5,\"eb\":140,"
		"\"ebk\":4,"
		"\"fs\":[8]}\n"
		"],\"ftbl\":[\"[root]\",\n"
		"\"0x100: push (vec.h:7:3)\",\n"
		"\"0x100: grow (src/buf.c:12:5)\",\n"
		"\"0x110: main (main.c:3)\",\n"
		"\"0x120: getline (in /lib/libc.so.6)\",\n"
		"\"0x12: shop+0x12 (in /opt/bin/shop)\",\n"
		"\"0x140: main (main.c:3)\",\n"
		"\"0x0: [truncated] (in ?)\",\n"
		"\"0x0: [unknown] (in ?)\"\n"
		"]}\n");
	free(text);
	profile_deinit(&profile);
}

/* Blocks when the point held most: those of the peak or the end where it was then, else as few as it takes.
 */
static void test_most_blocks(void **state)
{
	(void)state;
	static const struct {
		uint64_t peak_bytes, largest;
		const char *expected;
	} table[] = {
		{150, 50, "\"mb\":150,\"mbk\":5,"}, {140, 50, "\"mb\":140,\"mbk\":4,"},
		{200, 50, "\"mb\":200,\"mbk\":4,"}, {201, 50, "\"mb\":201,\"mbk\":5,"},
		{201, 1, "\"mb\":201,\"mbk\":10,"}, /* no more than there were: a file that lies */
		{201, 0, "\"mb\":201,\"mbk\":10,"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct profile profile;
		made_begin(&profile);
		struct profile_stack *stack = a_stack(&profile, "main main.c:3");
		stack->counts.peak_bytes = table[i].peak_bytes;
		stack->sizes.max = table[i].largest;
		assert_has(&profile, table[i].expected);
		profile_deinit(&profile);
	}
}

/* The same frames of two threads. */
static void test_stacks_that_read_alike_are_one(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	a_stack(&profile, "grow buf.c:12 < main main.c:3");
	a_stack(&profile, "main main.c:3");
	a_stack(&profile, "grow buf.c:12 < main main.c:3")->sizes.max = 60;
	for (uint32_t i = 0; i < 2; i++) /* other frames by number, alike in all that is shown */
		profile.frames[3 + i].offset = profile.frames[i].offset;
	char *text = dhat(&profile);
	assert_non_null(strstr(text,
			       "{\"tb\":800,\"tbk\":20,\"tl\":30,\"mb\":300,\"mbk\":10,\"gb\":300,\"gbk\":10,"
			       "\"eb\":280,\"ebk\":8,\"fs\":[1,2]},\n{\"tb\":400,"));
	assert_null(strstr(text, "[4"));
	free(text);
	/* Held for certain is what one of them did: the peaks were not at one time. */
	profile.stacks[0].counts.peak_bytes = 390;
	assert_has(&profile, "\"tb\":800,\"tbk\":20,\"tl\":30,\"mb\":390,\"mbk\":7,");
	profile.stacks[2].counts.live_bytes = UINT64_MAX;
	FILE *out = fopen("/dev/null", "w");
	assert_non_null(out);
	assert_int_equal(dhat_write(&profile, out), -EOVERFLOW);
	fclose(out);
	profile_deinit(&profile);
}

static void test_lifetimes_are_absent_where_they_are_not_known(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	struct profile_stack *stack = a_stack(&profile, "main main.c:3");
	assert_has(&profile, "\"tl\":15,");
	stack->ages.known = false; /* of a running one */
	assert_has_not(&profile, "\"tl\"");
	stack->counts.live_allocs = 0;
	assert_has(&profile, "\"tl\":7,");
	stack->lifetimes.has_sum = false;
	assert_has_not(&profile, "\"tl\"");
	stack->counts.frees = 0;
	assert_has(&profile, "\"tl\":0,");
	stack->counts.live_allocs = 1 << 20;
	stack->ages = (struct profile_ages){.known = true, .mean = UINT64_MAX / 2};
	assert_has_not(&profile, "\"tl\"");
	profile_deinit(&profile);
}

static void test_modes(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	profile.peak_ms = 7;
	a_stack(&profile, "main main.c:3");
	profile.state = PROFILE_RUNNING;
	assert_has(&profile, "\"mode\":\"heap (exact; the process runs on)\"");
	assert_has(&profile, "\"bklt\":true");
	profile.state = PROFILE_FINAL;
	profile.capture.sample_bytes = 4096;
	assert_has(&profile, "\"mode\":\"heap (estimates: one allocation kept per 4096 bytes on average)\"");
	for (int mode = 0; mode < 3; mode++) {
		profile.capture.sample_bytes = mode == 0;
		profile.capture.allocs_only = mode == 1;
		profile.capture.no_details = mode == 2;
		assert_has(&profile, "\"bklt\":false,\"bkacc\":false,\"tu\":\"µs\",\"Mtu\":\"s\",\"cmd\"");
		assert_has(&profile, "\"te\":2000000,\"pps\":[\n{\"tb\":400,\"tbk\":10,\"fs\":[1]}\n]");
	}
	profile_deinit(&profile);
}

static void test_what_a_file_may_say(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	assert_has(&profile, "\"pps\":[\n],\"ftbl\":[\"[root]\"\n]}");
	profile.capture.duration_ms = 0;
	assert_has(&profile, "\"te\":1000,\"tg\":0,");
	profile.peak_ms = UINT64_MAX;
	assert_has(&profile, "\"te\":18446744073709551615,\"tg\":18446744073709551615,");
	free(profile.target.command);
	profile.target.command = NULL;
	assert_has(&profile, "\"cmd\":\"/opt/bin/shop\"");
	a_stack(&profile, "bad\xff\n\"name\" a.c:1");
	assert_has(&profile, "\"0x100: bad\\\\xFF\\\\x0A\\\"name\\\" (a.c:1)\"");
	char *name = profile.frames[0].function = realloc(profile.frames[0].function, 1000001);
	assert_non_null(name);
	memset(name, 'x', 1000000);
	name[1000000] = '\0';
	assert_has(&profile, "xxx (a.c:1)\"");
	FILE *out = fopen("/dev/full", "w");
	assert_non_null(out);
	assert_int_equal(dhat_write(&profile, out), -ENOSPC);
	fclose(out);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_file),
		cmocka_unit_test(test_most_blocks),
		cmocka_unit_test(test_stacks_that_read_alike_are_one),
		cmocka_unit_test(test_lifetimes_are_absent_where_they_are_not_known),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_what_a_file_may_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
