// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f html: the data in the page. What the page makes of them is tested in a browser, by
 * scenarios/html.py. */
#include "../../src/exports/exports_internal.h"
#include "made_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

static char *page_of(const struct profile *profile)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(html_write(profile, out), 0);
	fclose(out);
	return text;
}

/* The page's data; the caller frees them. */
static cJSON *data_of(const struct profile *profile)
{
	static const char head[] = "<script type=\"application/json\" id=\"data\">";
	char *page = page_of(profile), *text = strstr(page, head);
	assert_non_null(text);
	char *end = strstr(text, "</script>");
	assert_non_null(end);
	*end = '\0';
	cJSON *data = cJSON_Parse(text + strlen(head));
	assert_non_null(data);
	free(page);
	return data;
}

static int number_at(const cJSON *array, int index)
{
	const cJSON *item = cJSON_GetArrayItem(array, index);
	assert_true(cJSON_IsNumber(item));
	return item->valueint;
}

static const cJSON *member(const cJSON *json, const char *name)
{
	const cJSON *found = cJSON_GetObjectItem(json, name);
	if (!found)
		print_error("no %s\n", name);
	assert_non_null(found);
	return found;
}

/* The functions of a stack, innermost first, as the page finds them. */
static void functions_of(const cJSON *data, int stack, char *out, size_t size)
{
	const cJSON *tree = member(data, "tree");
	int node = number_at(member(data, "ends"), stack);
	out[0] = '\0';
	while (node) {
		const cJSON *call =
			cJSON_GetArrayItem(member(data, "calls"), number_at(member(tree, "call"), node));
		const cJSON *name = cJSON_GetArrayItem(member(data, "strings"), number_at(call, 0));
		snprintf(out + strlen(out), size - strlen(out), "%s%s", *out ? " < " : "", name->valuestring);
		node -= number_at(member(tree, "up"), node);
	}
}

static void test_stacks_are_found_in_the_tree(void **state)
{
	(void)state;
	static const char *const stacks[] = {
		"grow buf.c:12 < load b.c:3 < main main.c:9",     "grow buf.c:12 < main main.c:9",
		"+0x1234 < load b.c:3 < main main.c:9",           "",
		"inner vec.h:7^ < grow buf.c:13 < main main.c:9",
	};
	static const char *const functions[] = {
		"grow < load < main", "grow < main",         "shop+0x1234 < load < main",
		"[unknown]",          "inner < grow < main",
	};
	struct profile profile;
	made_begin(&profile);
	for (size_t i = 0; i < 5; i++)
		made_stack(&profile, stacks[i])->counts.allocs = i;
	profile.stacks[1].truncated = true;
	profile.stacks[1].why = INTEGRITY_NO_ROW_STACKS;
	cJSON *data = data_of(&profile);
	for (int i = 0; i < 5; i++) {
		char found[200], expected[200];
		functions_of(data, i, found, sizeof(found));
		snprintf(expected, sizeof(expected), "%s%s", functions[i], i == 1 ? " < [truncated]" : "");
		assert_string_equal(found, expected);
		assert_int_equal(number_at(member(member(data, "figures"), "allocs"), i), i);
	}
	const cJSON *truncated = cJSON_GetArrayItem(member(data, "truncated"), 0);
	assert_int_equal(number_at(truncated, 0), 1);
	const cJSON *why = cJSON_GetArrayItem(member(data, "reasons"), number_at(truncated, 1));
	assert_string_equal(member(why, "name")->valuestring, "no_row_stacks");
	cJSON_Delete(data);
	profile_deinit(&profile);
}

/* JavaScript's numbers end at 2^53. */
static void test_large_numbers_keep_their_digits(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_stack(&profile, "main a.c:1")->counts.allocated_bytes = UINT64_MAX;
	made_stack(&profile, "main a.c:2")->counts.allocated_bytes = (uint64_t)1 << 53;
	made_stack(&profile, "main a.c:3")->counts.allocated_bytes = ((uint64_t)1 << 53) + 1;
	cJSON *data = data_of(&profile);
	const cJSON *bytes = member(member(data, "figures"), "allocated_bytes");
	assert_string_equal(cJSON_GetArrayItem(bytes, 0)->valuestring, "18446744073709551615");
	assert_true(cJSON_IsNumber(cJSON_GetArrayItem(bytes, 1)));
	assert_string_equal(cJSON_GetArrayItem(bytes, 2)->valuestring, "9007199254740993");
	cJSON_Delete(data);
	profile_deinit(&profile);
}

static size_t count_text(const char *text, const char *wanted)
{
	size_t count = 0;
	for (; (text = strstr(text, wanted)); text += strlen(wanted))
		count++;
	return count;
}

/* A name ends no script, is no mark of the template, and is itself in the data. */
static void test_names_stay_names(void **state)
{
	(void)state;
	static const char hostile[] = "</script><script>alert(1)</script>@DATA@<!--";
	struct profile profile;
	made_begin(&profile);
	made_stack(&profile, "main a.c:1");
	char *page = page_of(&profile);
	size_t scripts = count_text(page, "<script"), ends = count_text(page, "</script");
	free(page);
	free(profile.frames[0].function);
	profile.frames[0].function = strdup(hostile);
	free(profile.target.command);
	profile.target.command = strdup(hostile);
	page = page_of(&profile);
	assert_int_equal(count_text(page, "<script"), scripts);
	assert_int_equal(count_text(page, "</script"), ends);
	assert_null(strstr(page, "<!--"));
	free(page);
	cJSON *data = data_of(&profile);
	assert_string_equal(member(member(data, "target"), "command")->valuestring, hostile);
	char found[200];
	functions_of(data, 0, found, sizeof(found));
	assert_string_equal(found, hostile);
	cJSON_Delete(data);
	profile_deinit(&profile);
}

static void test_what_is_not_known_is_absent(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	struct profile_stack *stack = made_stack(&profile, "main a.c:1");
	stack->counts.live_bytes = stack->counts.temporary_allocs = 7;
	stack->leak.score = 0.9;
	made_growth(stack, 10, 1, 3);
	assert_int_equal(profile_histogram_add(&stack->lifetimes.log2, 3, 2), 0);
	profile.capture.allocs_only = true;
	cJSON *data = data_of(&profile);
	static const char *const unknown[] = {"live_bytes", "peak_bytes", "temporary_allocs", "moved"};
	for (size_t i = 0; i < 4; i++) {
		assert_null(cJSON_GetObjectItem(member(data, "figures"), unknown[i]));
		assert_null(cJSON_GetObjectItem(member(data, "totals"), unknown[i]));
	}
	assert_int_equal(cJSON_GetArraySize(member(data, "growth")), 0);
	assert_int_equal(cJSON_GetArraySize(member(data, "leaks")), 0);
	assert_int_equal(cJSON_GetArraySize(member(data, "lifetimes")), 0);
	assert_null(cJSON_GetObjectItem(member(data, "knows"), "frees"));
	cJSON_Delete(data);
	profile_deinit(&profile);
}

/* The script and the style are the only ones that the page's policy lets in, by their hashes. */
static void test_the_policy(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	char *page = page_of(&profile);
	assert_non_null(strstr(page, "default-src 'none'; style-src 'sha256-"));
	assert_non_null(strstr(page, "script-src 'sha256-"));
	assert_null(strstr(page, "unsafe"));
	assert_null(strstr(page, "@STYLE"));
	assert_null(strstr(page, "@SCRIPT"));
	assert_null(strstr(page, "@DATA@"));
	free(page);
	profile_deinit(&profile);
}

static void test_a_full_disk_is_told(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_int_not_equal(html_write(&profile, full), 0);
	fclose(full);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_are_found_in_the_tree),
		cmocka_unit_test(test_large_numbers_keep_their_digits),
		cmocka_unit_test(test_names_stay_names),
		cmocka_unit_test(test_what_is_not_known_is_absent),
		cmocka_unit_test(test_the_policy),
		cmocka_unit_test(test_a_full_disk_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
