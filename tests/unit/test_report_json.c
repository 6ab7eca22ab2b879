// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --json, read back: each view is one document, whose rows add up to what it says of them. */
#include "made_profile.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void make_shop(struct profile *profile)
{
	made_begin(profile);
	made_held(profile, "push vec.h:7^ < grow src/buf.c:12 < main src/main.c:3", 4000);
	made_held(profile, "grow src/buf.c:12 < load src/load.c:9 < main src/main.c:3", 3000);
	made_held(profile, "getline < load src/load.c:8 < main src/main.c:3", 2000);
	struct profile_stack *cut = made_held(profile, "+0x77 < main src/main.c:4", 900);
	cut->truncated = true;
	cut->why = INTEGRITY_NO_ROW_STACKS;
	made_held(profile, "", 100);
	made_stack(profile, "nothing a.c:1");
	made_thread(profile, 100, "shop", 8000, 1);
	made_thread(profile, 101, "worker", 2000, 1);
}

/* The document; the caller's. */
static cJSON *document(const struct profile *profile, struct report_options options)
{
	options.json = true;
	char *text = made_report(profile, &options), *copy = strdup(text);
	free(text);
	cJSON *json = cJSON_Parse(copy);
	if (!json)
		fail_msg("no JSON: %s", copy);
	assert_string_equal(copy + strlen(copy) - 2, "}\n");
	free(copy);
	return json;
}

static const cJSON *in(const cJSON *json, const char *name)
{
	const cJSON *found = cJSON_GetObjectItem(json, name);
	if (!found)
		fail_msg("no %s in %s", name, cJSON_PrintUnformatted(json));
	return found;
}

static double number(const cJSON *json, const char *name)
{
	const cJSON *found = in(json, name);
	assert_true(cJSON_IsNumber(found));
	return found->valuedouble;
}

static const char *text(const cJSON *json, const char *name)
{
	const cJSON *found = in(json, name);
	assert_true(cJSON_IsString(found));
	return found->valuestring;
}

static bool has(const cJSON *json, const char *name)
{
	return cJSON_HasObjectItem(json, name);
}

static double sum(const cJSON *rows, const char *name)
{
	const cJSON *row;
	double all = 0;
	cJSON_ArrayForEach(row, rows) all += number(row, name);
	return all;
}

static void test_stacks(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	cJSON *json = document(&profile, (struct report_options){.sort = REPORT_DEFAULT});
	const cJSON *rows = in(json, "stacks");
	assert_string_equal(text(json, "report"), "stacks");
	assert_string_equal(text(in(json, "profile"), "command"), "shop --all");
	assert_int_equal(number(in(json, "profile"), "pid"), 42);
	assert_string_equal(text(in(json, "profile"), "mode"), "exact");
	assert_int_equal(number(in(json, "totals"), "peak_bytes"), 10000);
	assert_string_equal(text(json, "sort"), "at_peak_bytes");
	assert_false(has(json, "filter"));
	assert_int_equal(cJSON_GetArraySize(rows), 6); /* of --top 0 also those with nothing */
	for (const char *const *name =
		     (const char *const[]){"at_peak_bytes", "live_bytes", "allocated_bytes", NULL};
	     *name; name++)
		assert_int_equal(sum(rows, *name), 10000);
	assert_int_equal(number(in(json, "matching"), "stacks"), 6);
	assert_int_equal(number(in(json, "matching"), "at_peak_bytes"), 10000);
	const cJSON *calls = in(cJSON_GetArrayItem(rows, 0), "calls"), *first = cJSON_GetArrayItem(calls, 0);
	assert_int_equal(cJSON_GetArraySize(calls), 3);
	assert_string_equal(text(first, "function"), "push");
	assert_string_equal(text(first, "file"), "vec.h");
	assert_int_equal(number(first, "line"), 7);
	assert_string_equal(text(first, "object"), "/opt/bin/shop");
	assert_true(cJSON_IsTrue(in(first, "inlined")));
	assert_false(has(cJSON_GetArrayItem(calls, 1), "inlined"));
	const cJSON *cut = cJSON_GetArrayItem(rows, 3);
	assert_true(cJSON_IsTrue(in(cut, "truncated")));
	assert_string_equal(text(cut, "end"), "no_row");
	first = cJSON_GetArrayItem(in(cut, "calls"), 0);
	assert_false(has(first, "function"));
	assert_string_equal(text(first, "offset"), "0x77");
	assert_int_equal(cJSON_GetArraySize(in(cJSON_GetArrayItem(rows, 4), "calls")), 0);
	cJSON_Delete(json);
	json = document(&profile,
			(struct report_options){.sort = REPORT_ALLOCATED, .top = 2, .function = "main"});
	assert_int_equal(cJSON_GetArraySize(in(json, "stacks")), 2);
	assert_string_equal(text(json, "sort"), "allocated_bytes");
	assert_string_equal(text(in(json, "filter"), "function"), "main");
	assert_int_equal(number(in(json, "matching"), "stacks"), 4);
	assert_int_equal(number(in(json, "matching"), "of"), 6);
	assert_int_equal(number(in(json, "matching"), "allocated_bytes"), 9900);
	cJSON_Delete(json);
	profile_deinit(&profile);
}

/* Of each node, its children, what is folded and its own make what it has. */
static void assert_adds_up(const cJSON *json, const char *figure, double all)
{
	const cJSON *nodes = in(json, "nodes"), *node, *other;
	double top = 0;
	cJSON_ArrayForEach(node, nodes)
	{
		double below = 0;
		bool any = false;
		if (number(node, "parent") == 0)
			top += number(node, figure);
		if (!has(node, "id"))
			continue;
		cJSON_ArrayForEach(other, nodes)
		{
			if (number(other, "parent") != number(node, "id"))
				continue;
			below += number(other, figure);
			any = true;
		}
		assert_int_equal(below + number(node, "self"), number(node, figure));
		assert_true(any || number(node, "self") == number(node, figure));
	}
	assert_int_equal(top, all);
}

static void test_tree(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	struct report_options options = {.view = REPORT_TREE, .sort = REPORT_DEFAULT, .top = 10};
	for (options.order = CALLS_CALLERS; options.order <= CALLS_CALLEES; options.order++) {
		for (options.min_percent = 0; options.min_percent <= 60; options.min_percent += 15) {
			cJSON *json = document(&profile, options);
			assert_adds_up(json, "at_peak_bytes", 10000);
			assert_int_equal(number(json, "min_percent"), options.min_percent);
			cJSON_Delete(json);
		}
	}
	options.order = CALLS_CALLEES;
	options.min_percent = 25;
	cJSON *json = document(&profile, options);
	const cJSON *nodes = in(json, "nodes"), *first = cJSON_GetArrayItem(nodes, 0);
	assert_string_equal(text(json, "report"), "tree");
	assert_string_equal(text(json, "order"), "callees");
	assert_string_equal(text(in(first, "call"), "function"), "main");
	assert_int_equal(number(first, "at_peak_bytes"), 9000);
	assert_int_equal(number(first, "at_peak_allocs"), 3);
	const cJSON *last = cJSON_GetArrayItem(nodes, cJSON_GetArraySize(nodes) - 1);
	assert_int_equal(number(last, "more"), 2); /* [truncated], [unknown] */
	assert_int_equal(number(last, "parent"), 0);
	cJSON_Delete(json);
	options.function = "load";
	options.sort = REPORT_ALLOCS;
	json = document(&profile, options);
	assert_adds_up(json, "allocs", 2);
	cJSON_Delete(json);
	profile_deinit(&profile);
}

/* Deeper than readers of JSON nest. */
static void test_a_deep_tree_is_flat(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	struct profile_stack *stack = made_held(&profile, "ping a.c:1 < pong a.c:2", 1000);
	stack->frames = realloc(stack->frames, 4096 * sizeof(*stack->frames));
	assert_non_null(stack->frames);
	for (stack->n_frames = 2; stack->n_frames < 4096; stack->n_frames++)
		stack->frames[stack->n_frames] = stack->n_frames % 2;
	cJSON *json =
		document(&profile, (struct report_options){.view = REPORT_TREE, .sort = REPORT_DEFAULT});
	assert_int_equal(cJSON_GetArraySize(in(json, "nodes")), 4096);
	cJSON_Delete(json);
	profile_deinit(&profile);
}

static void test_growth(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	made_growth(&profile.stacks[1], 100, 1, 101)->copied_bytes = 300;
	made_growth(&profile.stacks[2], 100, 1, 4)->copied_bytes = 500;
	cJSON *json = document(&profile, (struct report_options){.sort = REPORT_GROWTH, .top = 10});
	const cJSON *rows = in(json, "stacks"), *second = cJSON_GetArrayItem(rows, 1);
	assert_string_equal(text(json, "report"), "growth");
	assert_int_equal(cJSON_GetArraySize(rows), 2);
	assert_int_equal(number(in(json, "matching"), "copied_bytes"), 800);
	assert_int_equal(number(in(second, "growth"), "chains"), 101);
	assert_int_equal(number(in(second, "final_size"), "median"), 150);
	assert_int_equal(number(in(second, "final_size"), "p95"), 195);
	cJSON_Delete(json);
	profile_deinit(&profile);
}

static void test_leaks(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	profile.stacks[2].leak = (struct profile_leak){.score = 0.75, .bytes_per_s = 10};
	cJSON *json = document(&profile, (struct report_options){.view = REPORT_LEAKS, .top = 10});
	const cJSON *rows = in(json, "stacks"), *groups = in(json, "groups");
	assert_string_equal(text(json, "report"), "leaks");
	assert_int_equal(cJSON_GetArraySize(rows), 5);
	assert_int_equal(number(in(cJSON_GetArrayItem(rows, 0), "leak"), "bytes_per_s"), 10);
	assert_int_equal(number(in(groups, "growing"), "live_bytes"), 2000);
	assert_int_equal(number(in(groups, "other"), "live_bytes"), 8000);
	assert_false(has(groups, "startup")); /* ages are not known */
	assert_int_equal(sum(rows, "live_bytes"), 10000);
	cJSON_Delete(json);
	profile.stacks[2].leak.score = 0; /* in 2 s nothing can be told of */
	json = document(&profile, (struct report_options){.view = REPORT_LEAKS, .top = 10});
	assert_false(has(in(json, "groups"), "growing"));
	cJSON_Delete(json);
	profile_deinit(&profile);
}

static void test_threads_and_timeline(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	for (uint64_t i = 0; i < 4; i++) {
		int64_t index = profile_add_point(&profile);
		profile.timeline[index].ms = 500 * (i + 1);
		profile.timeline[index].live_bytes = 100 * i;
		profile.timeline[index].allocs = 10 * i;
		profile.timeline[index].is_peak = i == 2;
	}
	cJSON *json = document(&profile, (struct report_options){.view = REPORT_THREADS, .top = 10});
	assert_int_equal(sum(in(json, "threads"), "allocated_bytes"), 10000);
	assert_string_equal(text(cJSON_GetArrayItem(in(json, "threads"), 1), "name"), "worker");
	assert_int_equal(number(in(json, "matching"), "threads"), 2);
	cJSON_Delete(json);
	json = document(&profile, (struct report_options){.view = REPORT_THREADS, .top = 1, .thread = "101"});
	assert_int_equal(sum(in(json, "threads"), "tid"), 101);
	cJSON_Delete(json);
	json = document(&profile, (struct report_options){.view = REPORT_TIMELINE});
	const cJSON *points = in(json, "timeline");
	assert_int_equal(cJSON_GetArraySize(points), 4);
	assert_true(cJSON_IsTrue(in(cJSON_GetArrayItem(points, 2), "peak")));
	assert_int_equal(number(cJSON_GetArrayItem(points, 3), "allocs_per_s"), 20); /* 20 in 1 s */
	assert_false(has(json, "matching"));
	cJSON_Delete(json);
	profile_deinit(&profile);
}

static void test_what_is_not_known_is_absent(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	profile.capture.allocs_only = true;
	cJSON *json = document(&profile, (struct report_options){.sort = REPORT_DEFAULT, .top = 1});
	assert_string_equal(text(json, "sort"), "allocated_bytes");
	for (const char *const *name = (const char *const[]){"live_bytes", "at_peak_bytes", "frees", NULL};
	     *name; name++)
		assert_false(has(cJSON_GetArrayItem(in(json, "stacks"), 0), *name));
	assert_false(has(in(json, "totals"), "peak_bytes"));
	assert_true(cJSON_IsTrue(in(in(json, "profile"), "allocs_only")));
	cJSON_Delete(json);
	profile.capture.allocs_only = false;
	profile.capture.sample_bytes = 4096;
	json = document(&profile, (struct report_options){.sort = REPORT_DEFAULT});
	assert_string_equal(text(in(json, "profile"), "mode"), "sampled");
	assert_int_equal(number(in(json, "profile"), "sample_bytes"), 4096);
	assert_false(has(cJSON_GetArrayItem(in(json, "stacks"), 0), "temporary_allocs"));
	cJSON_Delete(json);
	profile_deinit(&profile);
}

static void test_who_frees(void **state)
{
	(void)state;
	struct profile profile;
	make_shop(&profile);
	uint32_t freeing = made_free_stack(&profile, "drop a.c:5 < main main.c:9");
	profile.capture.free_stacks = true;
	struct profile_stack *stack = &profile.stacks[0];
	stack->freed_by = calloc(1, sizeof(*stack->freed_by));
	assert_non_null(stack->freed_by);
	stack->freed_by[0] = (struct profile_freed_by){.free_stack = freeing, .frees = 7};
	stack->n_freed_by = 1;
	int64_t twice = profile_add_double_free(&profile);
	profile.double_frees[twice] =
		(struct profile_double_free){.stack = 1, .freed_by = freeing, .again_by = -1, .count = 3};
	cJSON *json = document(&profile, (struct report_options){.sort = REPORT_DEFAULT, .top = 1});
	const cJSON *by = cJSON_GetArrayItem(in(cJSON_GetArrayItem(in(json, "stacks"), 0), "freed_by"), 0);
	assert_int_equal(number(by, "frees"), 7);
	assert_string_equal(text(cJSON_GetArrayItem(in(by, "calls"), 0), "function"), "drop");
	const cJSON *again = cJSON_GetArrayItem(in(json, "double_frees"), 0);
	assert_int_equal(number(again, "count"), 3);
	assert_string_equal(text(cJSON_GetArrayItem(in(again, "allocated_by"), 1), "function"), "load");
	assert_string_equal(text(cJSON_GetArrayItem(in(again, "freed_by"), 0), "function"), "drop");
	assert_false(has(again, "again_by"));
	cJSON_Delete(json);
	profile_deinit(&profile);
}

/* Numbers beyond what doubles hold are written to the last digit; names are JSON whatever they are. */
static void test_hostile(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_held(&profile, "\"\\\033\xff\xc0</script> a.c:1 < main main.c:3", UINT64_MAX);
	struct report_options options = {.sort = REPORT_DEFAULT, .json = true};
	char *written = made_report(&profile, &options);
	assert_non_null(strstr(written, "\"at_peak_bytes\":18446744073709551615"));
	free(written);
	cJSON *json = document(&profile, options);
	assert_string_equal(
		text(cJSON_GetArrayItem(in(cJSON_GetArrayItem(in(json, "stacks"), 0), "calls"), 0),
		     "function"),
		"\"\\\033\xef\xbf\xbd\xef\xbf\xbd</script>");
	cJSON_Delete(json);
	profile_deinit(&profile);
	made_begin(&profile);
	json = document(&profile, options);
	assert_int_equal(cJSON_GetArraySize(in(json, "stacks")), 0);
	cJSON_Delete(json);
	FILE *full = fopen("/dev/full", "w");
	assert_int_equal(report_write(&profile, &options, full), -ENOSPC);
	fclose(full);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_a_deep_tree_is_flat),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_leaks),
		cmocka_unit_test(test_threads_and_timeline),
		cmocka_unit_test(test_what_is_not_known_is_absent),
		cmocka_unit_test(test_who_frees),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
