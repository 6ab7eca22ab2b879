// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f captrack: which source lines begin what grows; and samples put together. */
#include "../../src/exports/exports_internal.h"
#include "made_profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *captrack(const struct profile *profile)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(captrack_write(profile, out), 0);
	fclose(out);
	return text;
}

static void test_the_file(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_growth(made_stack(&profile, "small a.c:5 < main shop.c:3"), 100, 1, 2);
	made_growth(made_stack(&profile, "large /src/b.c:9:17 < main shop.c:3"), 4000, 1000, 3);
	made_stack(&profile, "never a.c:7 < main shop.c:3");
	struct profile_growth *growth =
		made_growth(made_stack(&profile, "+0x1234 < main shop.c:3"), 50, 0, 1);
	growth->chains = 7;
	growth->total_observed = 5;
	made_growth(made_stack(&profile, "no_line < main shop.c:3"), 50, 0, 1);
	made_growth(made_stack(&profile, ""), 50, 0, 1)->chains = 2;
	made_growth(made_stack(&profile, "open a.c:8"), 0, 0, 0)->chains = 1; /* none has ended */
	char *text = captrack(&profile);
	assert_string_equal(
		text,
		"{\"version\":1,\"stats\":[\n"
		"{\"name\":\"large\",\"file\":\"/src/b.c\",\"line\":9,\"column\":17,\"creation_count\":3,"
		"\"samples\":[4000,5000,6000]},\n"
		"{\"name\":\"small\",\"file\":\"a.c\",\"line\":5,\"column\":0,\"creation_count\":2,"
		"\"samples\":[100,101]},\n"
		"{\"name\":\"no_line\",\"file\":\"/opt/bin/shop\",\"line\":0,\"column\":0,"
		"\"creation_count\":1,\"samples\":[50]},\n"
		"{\"name\":\"shop+0x1234\",\"file\":\"/opt/bin/shop\",\"line\":0,\"column\":0,"
		"\"creation_count\":7,\"samples\":[50],\"total_observed\":5},\n"
		"{\"name\":\"[unknown]\",\"file\":\"[unknown]\",\"line\":0,\"column\":0,"
		"\"creation_count\":2,\"samples\":[50]},\n"
		"{\"name\":\"open\",\"file\":\"a.c\",\"line\":8,\"column\":0,\"creation_count\":1,"
		"\"samples\":[]}\n"
		"]}\n");
	free(text);
	profile_deinit(&profile);
}

/* The innermost call that is the program's own, be it inlined; all stacks of a line are one entry. */
static void test_locations(void **state)
{
	(void)state;
	static const struct {
		const char *stack;
		const char *entry;
	} table[] = {
		{"operator new < std::vector<item>::push_back /usr/include/stl_vector.h:1280^ < add "
		 "basket.h:12^ "
		 "< fill basket.cc:40 < main main.cc:7",
		 "{\"name\":\"add\",\"file\":\"basket.h\",\"line\":12,"},
		{"alloc::raw_vec::finish_grow /rustc/1/library/alloc/src/raw_vec.rs:5 < "
		 "<T as core::convert::Into<U>>::into /rustc/1/library/core/src/convert.rs:8^ < "
		 "shop::load src/shop.rs:20:9 < main src/main.rs:1",
		 "{\"name\":\"shop::load\",\"file\":\"src/shop.rs\",\"line\":20,\"column\":9,"},
		{"getline < read_all in.c:3:1",
		 "{\"name\":\"read_all\",\"file\":\"in.c\",\"line\":3,\"column\":1,"},
		{"getline < __libc_start_main",
		 "{\"name\":\"getline\",\"file\":\"/lib/libc.so.6\",\"line\":0,"},
		{"bad\xff\"name a.c:1", "{\"name\":\"bad\xef\xbf\xbd\\\"name\",\"file\":\"a.c\",\"line\":1,"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct profile profile;
		made_begin(&profile);
		made_growth(made_stack(&profile, table[i].stack), 50, 0, 1);
		char *text = captrack(&profile);
		if (!strstr(text, table[i].entry))
			fail_msg("%s: %s", table[i].entry, text);
		free(text);
		profile_deinit(&profile);
	}
}

static void test_stacks_of_one_line_are_one_entry(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_growth(made_stack(&profile, "grow<int> a.h:5 < one a.c:1"), 100, 1, 2)->chains = 3;
	made_growth(made_stack(&profile, "other a.h:6 < one a.c:1"), 90, 0, 1);
	made_growth(made_stack(&profile, "grow<long> a.h:5 < two a.c:2"), 50, 1, 2);
	char *text = captrack(&profile);
	assert_non_null(strstr(text,
			       "stats\":[\n{\"name\":\"grow<int>\",\"file\":\"a.h\",\"line\":5,\"column\":0,"
			       "\"creation_count\":5,\"samples\":[50,51,100,101]},\n{\"name\":\"other\""));
	assert_null(strstr(text, "grow<long>"));
	free(text);
	profile_deinit(&profile);
}

/* 1,000 of 1,000,000 small ones and all 1,000 of 1,000 large ones: of the large ones, one in 1,000. */
static void test_merged_samples_are_fair(void **state)
{
	(void)state;
	uint64_t small[1000], large[1000], out[2000], again[2000], sum = 0;
	for (uint64_t i = 0; i < 1000; i++) {
		small[i] = (i * 7919 + 13) % 1000; /* each once, in no order */
		large[i] = 100000 + i;
	}
	const struct size_sample parts[] = {{small, 1000, 1000000}, {large, 1000, 1000}};
	assert_int_equal(samples_merge(parts, 2, out), 1001);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(out[i], i);
	assert_true(out[1000] >= 100000);
	/* A population of the same size, of which more are known, does not weigh more. */
	const struct size_sample same[] = {{small, 100, 5000}, {large, 1000, 5000}};
	assert_int_equal(samples_merge(same, 2, out), 200);
	assert_true(out[99] < 1000 && out[100] >= 100000);
	for (size_t i = 100; i < 200; i++) {
		sum += out[i] - 100000;
		assert_true(out[i] > out[i - 1]); /* none twice */
	}
	assert_in_range(sum / 100, 500 - 137, 500 + 137); /* five standard errors */
	assert_int_equal(samples_merge(same, 2, again), 200);
	assert_memory_equal(out, again, 200 * sizeof(*out));
	assert_int_equal(small[0], 13); /* what it was given stands as it was */
}

/* 1,000 populations of 3, all known, beside one of which every tenth is: 300 of the 3,000, a third each. */
static void test_merging_is_fair_to_the_small(void **state)
{
	(void)state;
	static uint64_t three[3] = {1, 2, 3}, tenth[10], out[3010];
	static struct size_sample parts[1001];
	size_t count[11] = {0};
	for (size_t i = 0; i < 1000; i++)
		parts[i] = (struct size_sample){three, 3, 3};
	for (size_t i = 0; i < 10; i++)
		tenth[i] = 10;
	parts[1000] = (struct size_sample){tenth, 10, 100};
	assert_int_equal(samples_merge(parts, 1001, out), 310);
	for (size_t i = 0; i < 310; i++)
		count[out[i]]++;
	for (size_t i = 1; i <= 3; i++)
		assert_in_range(count[i], 100 - 41, 100 + 41);
	assert_int_equal(count[10], 10);
}

static void test_merging_what_is_whole_or_nothing(void **state)
{
	(void)state;
	uint64_t values[] = {3, 1, 2}, out[6];
	const struct size_sample whole[] = {{values, 3, 3}, {NULL, 0, 1000}, {values, 3, 0}};
	assert_int_equal(samples_merge(whole, 3, out), 6); /* a file that lies has no more than it has */
	static const uint64_t expected[] = {1, 1, 2, 2, 3, 3};
	assert_memory_equal(out, expected, sizeof(expected));
	assert_int_equal(samples_merge(whole + 1, 1, out), 0);
	assert_int_equal(samples_merge(whole, 0, out), 0);
	const struct size_sample huge[] = {{values, 3, UINT64_MAX}, {values, 3, UINT64_MAX}};
	assert_int_equal(samples_merge(huge, 2, out), 6);
}

static void test_modes_without_growth(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	FILE *out = fopen("/dev/full", "w");
	assert_non_null(out);
	assert_null(captrack_lacks(&profile));
	assert_int_equal(captrack_write(&profile, out), -ENOSPC);
	profile.capture.sample_bytes = 1;
	assert_non_null(strstr(captrack_lacks(&profile), "--sample"));
	assert_int_equal(captrack_write(&profile, out), -EINVAL);
	profile.capture.allocs_only = true;
	assert_non_null(strstr(captrack_lacks(&profile), "--allocs-only"));
	fclose(out);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_file),
		cmocka_unit_test(test_locations),
		cmocka_unit_test(test_stacks_of_one_line_are_one_entry),
		cmocka_unit_test(test_merged_samples_are_fair),
		cmocka_unit_test(test_merging_is_fair_to_the_small),
		cmocka_unit_test(test_merging_what_is_whole_or_nothing),
		cmocka_unit_test(test_modes_without_growth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
