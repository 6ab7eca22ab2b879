// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* JSON as values in a text: what is JSON and what is not, how values lie, what texts and numbers mean. */
#include "captrack/json_parse.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A copy of exactly that size, so that sanitizers see a byte too far. */
static char *begin_copy(struct json_parser *parser, const char *text, size_t length)
{
	char *copy = malloc(length ? length : 1);
	assert_non_null(copy);
	memcpy(copy, text, length);
	json_begin(parser, copy, length);
	return copy;
}

/* The result; *at is where it ended. */
static int parse(const char *text, size_t length, size_t *at)
{
	struct json_parser parser;
	char *copy = begin_copy(&parser, text, length);
	int result = json_parse(&parser, JSON_MOST_DEPTH);
	*at = (size_t)(parser.at - copy);
	json_end(&parser);
	free(copy);
	return result;
}

static void test_what_is_json(void **state)
{
	(void)state;
	static const char *const all[] = {
		"0",
		"-0",
		"10",
		"-1.5e+10",
		"1E5",
		"0.0e-0",
		"true",
		"false",
		"null",
		"\"\"",
		"\"a\\\"b\"",
		"[]",
		"{}",
		"\"\\u00aF\\/\\n\"",
		"[[],{}]",
		"[1,[2,3],4]",
		"{\"\":0}",
		" [ 1 , 2 ] ",
		"\"\x7f\xff\"",
		"{ \"a\" : { } , \"a\" : 1 }",
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		size_t at, length = strlen(all[i]);
		if (parse(all[i], length, &at))
			fail_msg("'%s' was refused at byte %zu", all[i], at);
		assert_true(at == length || at == length - 1); /* the space behind is left */
	}
}

static void test_what_is_no_json(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t at;
	} all[] = {
		{"", 0},          {" ", 1},          {"-", 1},
		{"+1", 0},        {".5", 0},         {"1.", 2},
		{"1e", 2},        {"1e+", 3},        {"-a", 1},
		{"NaN", 0},       {"Infinity", 0},   {"-Infinity", 1},
		{"tru", 3},       {"nul1", 3},       {"True", 0},
		{"\"", 1},        {"\"a", 2},        {"\"\\", 2},
		{"\"\\x\"", 2},   {"\"\\u12", 5},    {"\"\\u12g4\"", 5},
		{"\"\n\"", 1},    {"\"\\", 2},       {"[", 1},
		{"[1", 2},        {"[1,", 3},        {"[,1]", 1},
		{"[1,]", 3},      {"[1 2]", 3},      {"[1}", 2},
		{"{", 1},         {"{1:2}", 1},      {"{\"a\"}", 4},
		{"{\"a\":}", 5},  {"{\"a\":1,}", 7}, {"{\"a\" 1}", 5},
		{"{\"a\":1]", 6}, {"{,}", 1},        {"'a'", 0},
		{"[01]", 2},      {"[0x1]", 2},      {"[1]2", 3},
		{"// c\n1", 0},   {"]", 0},          {"[\"a\":1]", 4},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		size_t at, length = strlen(all[i].text);
		int result = parse(all[i].text, length, &at);
		bool is_whole = !result && at == length;
		if (is_whole || at != all[i].at || (result && result != -EINVAL))
			fail_msg("'%s': %d at byte %zu", all[i].text, result, at);
	}
	size_t at;
	assert_int_equal(parse("[\"a\0b\"]", 7, &at), -EINVAL);
	assert_int_equal(at, 3);
	assert_int_equal(parse("\"\\\0\"", 4, &at), -EINVAL);
	assert_int_equal(parse("\"\\u\0000\"", 6, &at), -EINVAL);
}

static void expect_text(const struct json_text *text, const char *expected)
{
	assert_int_equal(text->length, strlen(expected));
	assert_memory_equal(text->at, expected, text->length);
}

static void test_how_values_lie(void **state)
{
	(void)state;
	static const char text[] = " {\"a\" : [1, [2 ,3]],\"b\":{\"c\":\"x\"}, \"d\":null } ";
	struct json_parser parser;
	char *copy = begin_copy(&parser, text, sizeof(text) - 1);
	assert_int_equal(json_parse(&parser, JSON_MOST_DEPTH), 0);
	const struct json *v = parser.values;
	assert_int_equal(parser.n_values, 9);
	assert_true(v[0].type == JSON_OBJECT && v[0].count == 3 && v[0].size == 9 && !v[0].name.at);
	assert_true(v[1].type == JSON_ARRAY && v[1].count == 2 && v[1].size == 5);
	expect_text(&v[1].name, "a");
	expect_text(&v[1].text, "[1, [2 ,3]]");
	assert_true(v[3].type == JSON_ARRAY && v[3].count == 2 && v[3].size == 3 && !v[3].name.at);
	expect_text(&v[5].text, "3");
	assert_true(v[6].type == JSON_OBJECT && v[6].count == 1 && v[6].size == 2);
	assert_true(v[7].type == JSON_STRING && v[8].type == JSON_NULL);
	expect_text(&v[7].name, "c");
	assert_ptr_equal(json_member(v, "d", 1), &v[8]);
	assert_null(json_member(v, "c", 1));
	assert_null(json_member(&v[8], "d", 1));
	json_end(&parser);
	free(copy);
}

/* What is not kept is checked and counted all the same. */
static void test_levels(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":[1,[2,3],{\"x\":[5]},4],\"b\":[],\"c\":7}";
	struct json_parser parser;
	char *copy = begin_copy(&parser, text, sizeof(text) - 1);
	for (uint32_t levels = 0; levels < 6; levels++) {
		static const uint32_t kept[] = {1, 4, 8, 11, 12, 12};
		parser.at = copy;
		assert_int_equal(json_parse(&parser, levels), 0);
		assert_ptr_equal(parser.at, parser.end);
		assert_int_equal(parser.n_values, kept[levels]);
		assert_int_equal(parser.values[0].size, kept[levels]);
		assert_int_equal(parser.values[0].count, 3);
		expect_text(&parser.values[0].text, text);
		if (!levels)
			continue;
		assert_int_equal(parser.values[1].count, 4);
		expect_text(&parser.values[1].text, "[1,[2,3],{\"x\":[5]},4]");
		expect_text(&json_member(parser.values, "c", 1)->text, "7");
	}
	json_end(&parser);
	free(copy);
	size_t at;
	assert_int_equal(parse("[[[1,]]]", 8, &at), -EINVAL);
	json_begin(&parser, "[[[1,]]]", 8);
	assert_int_equal(json_parse(&parser, 0), -EINVAL);
	json_end(&parser);
}

static void test_elements_one_by_one(void **state)
{
	(void)state;
	static const char *const all[] = {"[]", "[ ]", "[1]", " [ {\"a\":[1,2]} ,[ ], 3 ]"};
	static const int counts[] = {0, 0, 1, 3};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct json_parser parser;
		int count = 0;
		char *copy = begin_copy(&parser, all[i], strlen(all[i]));
		for (; json_next_element(&parser); count++)
			assert_int_equal(json_parse(&parser, JSON_MOST_DEPTH), 0);
		assert_int_equal(count, counts[i]);
		json_end(&parser);
		free(copy);
	}
}

static void test_depth(void **state)
{
	(void)state;
	char text[2 * JSON_MOST_DEPTH + 2];
	size_t at;
	memset(text, '[', JSON_MOST_DEPTH);
	memset(text + JSON_MOST_DEPTH, ']', JSON_MOST_DEPTH);
	assert_int_equal(parse(text, 2 * JSON_MOST_DEPTH, &at), 0);
	memset(text, '[', JSON_MOST_DEPTH + 1);
	memset(text + JSON_MOST_DEPTH + 1, ']', JSON_MOST_DEPTH + 1);
	assert_int_equal(parse(text, sizeof(text), &at), -ELOOP);
	assert_int_equal(at, JSON_MOST_DEPTH);
}

static void test_number_of_values(void **state)
{
	(void)state;
	size_t length = 2 * JSON_MOST_VALUES, at;
	char *text = malloc(length + 1);
	for (size_t i = 0; i < length; i += 2)
		memcpy(text + i, ",1", 2);
	text[0] = '[';
	text[length] = ']';
	assert_int_equal(parse(text, length + 1, &at), -E2BIG); /* the array is one, too */
	text[length - 2] = ']';
	assert_int_equal(parse(text, length, &at), 0);
	struct json_parser parser;
	json_begin(&parser, text, length);
	assert_int_equal(json_parse(&parser, 0), 0); /* those that are not kept do not count */
	assert_int_equal(parser.values->count, JSON_MOST_VALUES - 1);
	json_end(&parser);
	free(text);
}

/* The string in JSON and what it means. */
static void expect_meaning(const char *json, const char *expected)
{
	struct json_parser parser;
	char *copy = begin_copy(&parser, json, strlen(json));
	assert_int_equal(json_parse(&parser, 0), 0);
	char *text = json_copy(&parser.values->text);
	assert_string_equal(text, expected);
	assert_true(json_is(&parser.values->text, expected, strlen(expected)));
	assert_false(json_is(&parser.values->text, "else", 4));
	free(text);
	json_end(&parser);
	free(copy);
}

static void test_strings(void **state)
{
	(void)state;
	expect_meaning("\"\"", "");
	expect_meaning("\"plain\"", "plain");
	expect_meaning("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
	expect_meaning("\"\\u0041\\u00e9\\u20AC\\ufffd\"", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbd");
	expect_meaning("\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!");
	expect_meaning("\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf");
	/* Halves of pairs, and NUL. */
	expect_meaning("\"\\ud83d\"", "\xef\xbf\xbd");
	expect_meaning("\"\\ude00x\"", "\xef\xbf\xbdx");
	expect_meaning("\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
					     "A");
	expect_meaning("\"\\ud83d\\n\"", "\xef\xbf\xbd\n");
	expect_meaning("\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80");
	expect_meaning("\"a\\u0000b\"", "a\xef\xbf\xbd"
					"b");
	expect_meaning("\"\xff\xc3\"", "\xff\xc3"); /* what is no UTF-8 stays as it is */
}

static void test_names(void **state)
{
	(void)state;
	static const char text[] = "{\"fr\":0,\"frames\":1,\"frames\":2,\"st\\u0061cks\":3,\"stacks\":4,"
				   "\"\\u0000\":5,\"\":6}";
	struct json_parser parser;
	char *copy = begin_copy(&parser, text, sizeof(text) - 1);
	assert_int_equal(json_parse(&parser, 1), 0);
	assert_ptr_equal(json_member(parser.values, "frames", 6), &parser.values[2]); /* the first */
	assert_ptr_equal(json_member(parser.values, "stacks", 6), &parser.values[4]);
	assert_ptr_equal(json_member(parser.values, "", 0), &parser.values[7]);
	assert_null(json_member(parser.values, "frame", 5));
	json_end(&parser);
	free(copy);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_whole;
		uint64_t whole;
		double value;
	} all[] = {
		{"0", true, 0, 0},
		{"7", true, 7, 7},
		{"9007199254740993", true, 9007199254740993, 9007199254740992.},
		{"18446744073709551615", true, UINT64_MAX, 0x1p64},
		{"18446744073709551616", false, 0, 0x1p64},
		{"99999999999999999999", false, 0, 1e20},
		{"-0", false, 0, 0},
		{"-1", false, 0, -1},
		{"1.0", false, 0, 1},
		{"1e3", false, 0, 1000},
		{"1e999", false, 0, INFINITY},
		{"-1e999", false, 0, -INFINITY},
		{"1e-999", false, 0, 0},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct json_text text = {.at = all[i].text, .length = (uint32_t)strlen(all[i].text)};
		uint64_t whole = 0;
		assert_int_equal(json_uint64(&text, &whole), all[i].is_whole);
		assert_true(!all[i].is_whole || whole == all[i].whole);
		assert_true(json_double(&text) == all[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_json),
		cmocka_unit_test(test_what_is_no_json),
		cmocka_unit_test(test_how_values_lie),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_elements_one_by_one),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_number_of_values),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
