// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From a text to values. What is open stands in an array, not on the C stack; a value that is open and kept
 * has in its `size` the index of the one that it is in. */
#include "captrack/json_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

void json_begin(struct json_parser *parser, const char *text, size_t length)
{
	memset(parser, 0, sizeof(*parser));
	parser->at = text;
	parser->end = text + length;
}

void json_end(struct json_parser *parser)
{
	free(parser->values);
	parser->values = NULL;
	parser->n_values = parser->room = 0;
}

void json_skip_space(struct json_parser *parser)
{
	while (parser->at < parser->end &&
	       (*parser->at == ' ' || *parser->at == '\n' || *parser->at == '\t' || *parser->at == '\r'))
		parser->at++;
}

static bool skip_char(struct json_parser *parser, char c)
{
	if (parser->at == parser->end || *parser->at != c)
		return false;
	parser->at++;
	return true;
}

static bool skip_word(struct json_parser *parser, const char *word)
{
	while (*word && skip_char(parser, *word))
		word++;
	return !*word;
}

/* One or more. */
static bool skip_digits(struct json_parser *parser)
{
	const char *at = parser->at, *begin = at;
	while (at < parser->end && *at >= '0' && *at <= '9')
		at++;
	parser->at = at;
	return at > begin;
}

static bool skip_number(struct json_parser *parser)
{
	skip_char(parser, '-');
	if (!skip_char(parser, '0') && !skip_digits(parser))
		return false;
	if (skip_char(parser, '.') && !skip_digits(parser))
		return false;
	if (!skip_char(parser, 'e') && !skip_char(parser, 'E'))
		return true;
	if (!skip_char(parser, '-'))
		skip_char(parser, '+');
	return skip_digits(parser);
}

/* Behind a backslash. */
static bool skip_escape(struct json_parser *parser)
{
	if (parser->at == parser->end || !memchr("\"\\/bfnrtu", *parser->at, 9))
		return false;
	if (*parser->at++ != 'u')
		return true;
	for (int i = 0; i < 4; i++, parser->at++)
		if (parser->at == parser->end || !memchr("0123456789abcdefABCDEF", *parser->at, 22))
			return false;
	return true;
}

static bool skip_string(struct json_parser *parser, struct json_text *text)
{
	if (!skip_char(parser, '"'))
		return false;
	*text = (struct json_text){.at = parser->at};
	for (;;) {
		const char *at = parser->at;
		while (at < parser->end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
			at++;
		parser->at = at;
		text->length = (uint32_t)(at - text->at);
		if (skip_char(parser, '"'))
			return true;
		if (!skip_char(parser, '\\') || !skip_escape(parser))
			return false;
		text->escaped = true;
	}
}

/* A member's, up to its value. */
static bool skip_name(struct json_parser *parser)
{
	json_skip_space(parser);
	if (!skip_string(parser, &parser->name))
		return false;
	json_skip_space(parser);
	return skip_char(parser, ':');
}

/* Room for one more. */
static int reserve(struct json_parser *parser)
{
	if (parser->n_values < parser->room)
		return 0;
	if (parser->room >= JSON_MOST_VALUES)
		return -E2BIG;
	uint32_t room = parser->room ? 2 * parser->room : FIRST_ROOM;
	struct json *larger = realloc(parser->values, room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	parser->values = larger;
	parser->room = room;
	return 0;
}

static int add_value(struct json_parser *parser, enum json_type type, struct json_text text)
{
	if (parser->depth && parser->depth - 1 <= parser->levels)
		parser->values[parser->parent].count++;
	if (parser->depth > parser->levels)
		return 0;
	int result = reserve(parser);
	if (result)
		return result;
	bool is_member = parser->depth && parser->open[parser->depth - 1] == '{';
	parser->values[parser->n_values++] = (struct json){
		.name = is_member ? parser->name : (struct json_text){0},
		.text = text,
		.size = 1,
		.type = type,
	};
	return 0;
}

/* The innermost that is open. */
static void close_value(struct json_parser *parser)
{
	parser->at++;
	if (--parser->depth > parser->levels)
		return;
	struct json *value = &parser->values[parser->parent];
	parser->parent = value->size;
	value->size = parser->n_values - (uint32_t)(value - parser->values);
	value->text.length = (uint32_t)(parser->at - value->text.at);
}

/* What parts of a parse return: an error below 0, or ... */
enum { VALUE_ENDED, VALUE_TO_COME };

static int open_value(struct json_parser *parser, enum json_type type)
{
	bool is_object = type == JSON_OBJECT;
	if (parser->depth == JSON_MOST_DEPTH)
		return -ELOOP;
	int result = add_value(parser, type, (struct json_text){.at = parser->at});
	if (result)
		return result;
	if (parser->depth <= parser->levels) {
		uint32_t index = parser->n_values - 1;
		parser->values[index].size = parser->parent;
		parser->parent = index;
	}
	parser->open[parser->depth++] = *parser->at++;
	json_skip_space(parser);
	if (parser->at < parser->end && *parser->at == (is_object ? '}' : ']')) {
		close_value(parser);
		return VALUE_ENDED;
	}
	return is_object && !skip_name(parser) ? -EINVAL : VALUE_TO_COME;
}

/* A value that is neither array nor object. */
static int skip_scalar(struct json_parser *parser)
{
	struct json_text text = {.at = parser->at};
	enum json_type type;
	bool is_json;
	switch (*parser->at) {
	case '"':
		type = JSON_STRING;
		is_json = skip_string(parser, &text);
		break;
	case 't':
		type = JSON_TRUE;
		is_json = skip_word(parser, "true");
		break;
	case 'f':
		type = JSON_FALSE;
		is_json = skip_word(parser, "false");
		break;
	case 'n':
		type = JSON_NULL;
		is_json = skip_word(parser, "null");
		break;
	default:
		type = JSON_NUMBER;
		is_json = skip_number(parser);
	}
	if (!is_json)
		return -EINVAL;
	if (type != JSON_STRING)
		text.length = (uint32_t)(parser->at - text.at);
	return add_value(parser, type, text);
}

static int begin_value(struct json_parser *parser)
{
	json_skip_space(parser);
	if (parser->at == parser->end)
		return -EINVAL;
	if (*parser->at == '{')
		return open_value(parser, JSON_OBJECT);
	if (*parser->at == '[')
		return open_value(parser, JSON_ARRAY);
	return skip_scalar(parser);
}

/* A value has ended: what it was the last of ends with it. */
static int close_values(struct json_parser *parser)
{
	while (parser->depth) {
		bool is_object = parser->open[parser->depth - 1] == '{';
		json_skip_space(parser);
		if (skip_char(parser, ','))
			return is_object && !skip_name(parser) ? -EINVAL : VALUE_TO_COME;
		if (parser->at == parser->end || *parser->at != (is_object ? '}' : ']'))
			return -EINVAL;
		close_value(parser);
	}
	return VALUE_ENDED;
}

int json_parse(struct json_parser *parser, uint32_t levels)
{
	int result;
	parser->n_values = parser->parent = parser->depth = 0;
	parser->levels = levels;
	do {
		result = begin_value(parser);
		if (result == VALUE_ENDED)
			result = close_values(parser);
	} while (result == VALUE_TO_COME);
	return result;
}

bool json_next_element(struct json_parser *parser)
{
	json_skip_space(parser);
	if (parser->at < parser->end)
		parser->at++; /* the bracket, a comma, the other bracket */
	json_skip_space(parser);
	return parser->at < parser->end && *parser->at != ']';
}
