// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A whole profile in which one value at a time is of another type, or out of range: whatever is read
 * is refused with its place, and nothing else is. */
#include "captrack/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "captrack/json_parse.h"
#include "profile_example.h"

/* Of each type, what else may stand in its place. */
static const char *const wrong_values[][10] = {
	[JSON_FALSE] = {"0", "null", "\"false\"", "[]", "{}"},
	[JSON_TRUE] = {"1", "null", "\"true\"", "[]", "{}"},
	[JSON_NUMBER] = {"null", "true", "\"7\"", "[]", "{}", "-1", "1e999", "-1e999", "1e20", "-0.5"},
	[JSON_STRING] = {"7", "null", "false", "[]", "[\"x\"]", "{}"},
	[JSON_ARRAY] = {"7", "null", "true", "\"\"", "{}"},
	[JSON_OBJECT] = {"7", "null", "true", "\"\"", "[]"},
};

/* What the writer adds for other readers: nothing reads it back. */
static bool is_read(const char *place)
{
	return (!strstr(place, "_per_s") || strstr(place, "leak")) && strncmp(place, "tool", 4) &&
	       strcmp(place, "rates") && strcmp(place, "version");
}

/* The text with something else at a value. */
static char *replace(const char *text, size_t length, const struct json_text *at, const char *with,
		     size_t *out)
{
	/* A string's quotes are not of its text. */
	size_t quote = at->at > text && at->at[-1] == '"' && at->at[at->length] == '"';
	size_t before = (size_t)(at->at - text) - quote, after = before + at->length + 2 * quote;
	*out = before + strlen(with) + (length - after);
	char *other = malloc(*out);
	assert_non_null(other);
	memcpy(other, text, before);
	memcpy(other + before, with, strlen(with));
	memcpy(other + before + strlen(with), text + after, length - after);
	return other;
}

/* Whether it is refused, at that place. */
static bool is_refused_at(const char *text, size_t length, const char *place)
{
	struct profile profile;
	struct ct_error err = {0};
	if (!profile_read_json(text, length, &profile, &err)) {
		profile_deinit(&profile);
		return false;
	}
	return !strncmp(err.text, place, strlen(place)) && err.text[strlen(place)] == ':';
}

struct walk {
	const char *text;
	size_t length;
	size_t n_refused, n_read; /* wrong values */
};

static void try_wrong_values(struct walk *walk, const struct json *value, const char *place)
{
	for (size_t i = 0; i < 10 && wrong_values[value->type][i]; i++) {
		size_t length;
		char *text = replace(walk->text, walk->length, &value->text, wrong_values[value->type][i],
				     &length);
		bool refused = is_refused_at(text, length, place);
		if (refused != is_read(place))
			fail_msg("%s: %s", place, wrong_values[value->type][i]);
		walk->n_refused += refused;
		walk->n_read += !refused;
		free(text);
	}
}

/* The values in an array or object whose place is known. */
static void walk_values(struct walk *walk, const struct json *in, const char *place)
{
	const struct json *value;
	int index = 0;
	JSON_EACH(value, in)
	{
		char here[256];
		if (in->type == JSON_ARRAY)
			snprintf(here, sizeof(here), "%s[%d]", place, index++);
		else
			snprintf(here, sizeof(here), "%s%s%.*s", place, *place ? "." : "",
				 (int)value->name.length, value->name.at);
		if (strcmp(here, "version"))
			try_wrong_values(walk, value, here);
		walk_values(walk, value, here);
	}
}

static void test_each_value_of_a_wrong_type(void **state)
{
	(void)state;
	struct profile profile;
	struct json_parser parser;
	struct walk walk = {0};
	fill_detailed(&profile);
	char *text = write_text(&profile, &walk.length);
	walk.text = text;
	json_begin(&parser, text, walk.length);
	assert_int_equal(json_parse(&parser, JSON_MOST_DEPTH), 0);
	walk_values(&walk, parser.values, "");
	assert_true(walk.n_refused > 1000 && walk.n_read > 10);
	json_end(&parser);
	free(text);
	profile_deinit(&profile);
}

/* The members of the document the other way round, and each twice: the first counts. */
static void test_order_of_members_and_duplicates(void **state)
{
	(void)state;
	struct profile profile, back;
	struct ct_error err = {0};
	struct json_parser parser;
	size_t length, other_length, back_length;
	fill_detailed(&profile);
	char *text = write_text(&profile, &length), *other;
	FILE *out = open_memstream(&other, &other_length);
	json_begin(&parser, text, length);
	assert_int_equal(json_parse(&parser, 1), 0);
	fputc('{', out);
	for (uint32_t i = parser.n_values - 1; i > 0; i--) {
		const struct json *member = &parser.values[i];
		int quote = member->type == JSON_STRING;
		fprintf(out, "\"%.*s\":%.*s,\n", (int)member->name.length, member->name.at,
			(int)member->text.length + 2 * quote, member->text.at - quote);
	}
	for (uint32_t i = 1; i < parser.n_values; i++)
		fprintf(out, "%s\"%.*s\":[-1]", i > 1 ? "," : "", (int)parser.values[i].name.length,
			parser.values[i].name.at);
	fputc('}', out);
	fclose(out);
	assert_int_equal(profile_read_json(other, other_length, &back, &err), 0);
	char *again = write_text(&back, &back_length);
	assert_string_equal(again, text);
	free(again);
	free(other);
	free(text);
	json_end(&parser);
	profile_deinit(&back);
	profile_deinit(&profile);
}

static void test_duplicates_in_elements(void **state)
{
	(void)state;
	static const char text[] = "{\"version\":1,\"version\":2,\"stacks\":[{\"allocs\":3,\"frees\":1,"
				   "\"allocs\":-5,\"frees\":{},\"sizes\":{\"min\":4,\"min\":[]},"
				   "\"\\u0061llocs\":7}],\"stacks\":[{},{}]}";
	struct profile profile;
	struct ct_error err = {0};
	assert_int_equal(profile_read_json(text, sizeof(text) - 1, &profile, &err), 0);
	assert_int_equal(profile.n_stacks, 1);
	assert_int_equal(profile.stacks[0].counts.allocs, 3);
	assert_int_equal(profile.stacks[0].counts.frees, 1);
	assert_int_equal(profile.stacks[0].sizes.min, 4);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_value_of_a_wrong_type),
		cmocka_unit_test(test_order_of_members_and_duplicates),
		cmocka_unit_test(test_duplicates_in_elements),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
