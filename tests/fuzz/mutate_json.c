// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "mutate_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/json_parse.h"

struct text {
	char *bytes;
	size_t length, room;
	struct dice *dice;
	const struct json *values; /* of it; the first is all */
	uint32_t n_values;
};

struct span {
	size_t begin, end;
};

uint64_t dice_any(struct dice *dice) /* xorshift64* */
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return dice->state * 0x2545f4914f6cdd1dull;
}

size_t dice_below(struct dice *dice, size_t limit)
{
	return limit ? dice_any(dice) % limit : 0;
}

static void replace(struct text *text, struct span span, const char *with, size_t length)
{
	size_t rest = text->length - span.end;
	if (span.begin + length + rest > text->room)
		return;
	memmove(text->bytes + span.begin + length, text->bytes + span.end, rest);
	memcpy(text->bytes + span.begin, with, length);
	text->length = span.begin + length + rest;
}

/* What is there, kept while the text changes. */
static char *copy_of(const struct text *text, struct span span)
{
	char *copy = malloc(span.end - span.begin + 1);
	if (!copy)
		abort();
	memcpy(copy, text->bytes + span.begin, span.end - span.begin);
	return copy;
}

/* Of a value, with a string's quotes. */
static struct span span_of(const struct text *text, const struct json *value)
{
	size_t begin = (size_t)(value->text.at - text->bytes), end = begin + value->text.length;
	size_t quotes = value->type == JSON_STRING;
	return (struct span){begin - quotes, end + quotes};
}

/* With the name that it has in an object. */
static struct span whole_span_of(const struct text *text, const struct json *value)
{
	struct span span = span_of(text, value);
	if (value->name.at)
		span.begin = (size_t)(value->name.at - text->bytes) - 1;
	return span;
}

static const struct json *any_value(const struct text *text)
{
	const struct json *value = &text->values[1 + dice_below(text->dice, text->n_values - 1)];
	/* Most are numbers: look again for something else now and then. */
	if (value->type == JSON_NUMBER && !dice_below(text->dice, 3))
		value = &text->values[1 + dice_below(text->dice, text->n_values - 1)];
	return value;
}

static void to_edge(struct text *text)
{
	static const char *const edges[] = {
		"0",
		"1",
		"2",
		"-1",
		"0.5",
		"1e999",
		"-1e999",
		"-0",
		"63",
		"64",
		"65",
		"127",
		"255",
		"256",
		"1e3",
		"999999999",
		"2147483647",
		"2147483648",
		"4294967295",
		"4294967296",
		"1e19",
		"1e-320",
		"1e308",
		"9007199254740993",
		"-2147483648",
		"18446744073709551615",
		"18446744073709551616",
		"9223372036854775807",
		"9223372036854775808",
		"18446744073709551614",
	};
	const struct json *value = any_value(text);
	for (int i = 0; i < 50 && value->type != JSON_NUMBER; i++)
		value = any_value(text);
	char near[32];
	const char *edge = edges[dice_below(text->dice, sizeof(edges) / sizeof(*edges))];
	uint64_t number;
	if (!dice_below(text->dice, 3) && json_uint64(&value->text, &number)) {
		snprintf(near, sizeof(near), "%" PRIu64, number + dice_below(text->dice, 5) - 2);
		edge = near;
	}
	replace(text, span_of(text, value), edge, strlen(edge));
}

static void to_other(struct text *text)
{
	static const char *const others[] = {
		"null",
		"true",
		"false",
		"\"\"",
		"[]",
		"{}",
		"[0]",
		"[[]]",
		"[{}]",
		"7",
		"\"0x\"",
		"\"0xffffffffffffffff\"",
		"\"\\u0000\"",
		"\"\\u001b[31m\"",
		"\"\\ud800\"",
		"\"\\u0085\"",
		"\"\xff\xfe\"",
		"\"\xc2\x9b\"",
		"\"</script>\"",
		"\"\\\"\\\\\\n\"",
		"\"a;b c\"",
		"\"[unknown]\"",
		"\"/\"",
		"\"main\"",
		"\"~basic_string()\"",
		"\"operator()(int)::{lambda}\"",
		"NaN",
		"\"%s%n\"",
		"\"sampled\"",
		"\"exact\"",
		"\"running\"",
		"\"final\"",
	};
	const char *other = others[dice_below(text->dice, sizeof(others) / sizeof(*others))];
	replace(text, span_of(text, any_value(text)), other, strlen(other));
}

static void to_long_string(struct text *text)
{
	size_t length = dice_below(text->dice, 9000) + 2;
	char *string = malloc(length), fill = (char)(' ' + dice_below(text->dice, 224));
	if (!string)
		abort();
	memset(string, fill == '"' || fill == '\\' ? 'x' : fill, length);
	string[0] = string[length - 1] = '"';
	replace(text, span_of(text, any_value(text)), string, length);
	free(string);
}

static void delete (struct text *text)
{
	struct span span = whole_span_of(text, any_value(text));
	if (span.end < text->length && text->bytes[span.end] == ',')
		span.end++;
	else if (span.begin && text->bytes[span.begin - 1] == ',')
		span.begin--;
	replace(text, span, "", 0);
}

/* Up to a hundred times more. */
static void repeat(struct text *text)
{
	struct span span = whole_span_of(text, any_value(text));
	size_t length = span.end - span.begin, times = dice_below(text->dice, 8) ? 1 : 100;
	char *copy = copy_of(text, span);
	struct span place = {span.begin, span.begin};
	copy[length] = ',';
	while (times-- && length < 4096)
		replace(text, place, copy, length + 1);
	free(copy);
}

/* One value in place of another: indexes, names, whole stacks. */
static void copy_over(struct text *text)
{
	struct span from = span_of(text, any_value(text)), to = span_of(text, any_value(text));
	char *copy = copy_of(text, from);
	replace(text, to, copy, from.end - from.begin);
	free(copy);
}

static void swap(struct text *text)
{
	struct span first = whole_span_of(text, any_value(text)),
		    second = whole_span_of(text, any_value(text));
	if (first.begin > second.begin) {
		struct span other = first;
		first = second;
		second = other;
	}
	if (first.end > second.begin) /* one is in the other */
		return;
	char *a = copy_of(text, first), *b = copy_of(text, second);
	replace(text, second, a, first.end - first.begin);
	replace(text, first, b, second.end - second.begin);
	free(a);
	free(b);
}

static void rename_member(struct text *text)
{
	const struct json *from = any_value(text), *to = any_value(text);
	if (!from->name.at || !to->name.at)
		return;
	size_t begin = (size_t)(to->name.at - text->bytes);
	struct span name = {(size_t)(from->name.at - text->bytes), 0};
	name.end = name.begin + from->name.length;
	char *copy = copy_of(text, name);
	replace(text, (struct span){begin, begin + to->name.length}, copy, from->name.length);
	free(copy);
}

static void damage(struct text *text)
{
	size_t at = dice_below(text->dice, text->length);
	switch (dice_below(text->dice, 3)) {
	case 0:
		text->length = at;
		break;
	case 1:
		text->bytes[at] = (char)dice_any(text->dice);
		break;
	default:
		text->bytes[at] ^= (char)(1 << dice_below(text->dice, 8));
	}
}

size_t mutate_json(char *bytes, size_t length, size_t room, struct dice *dice)
{
	static void (*const ways[])(struct text *) = {
		to_edge, to_edge, to_edge,   to_edge,   to_other, to_other, to_long_string, delete,
		delete,  repeat,  copy_over, copy_over, swap,     swap,     rename_member,
	};
	struct text text = {.bytes = bytes, .length = length, .room = room, .dice = dice};
	struct json_parser parser;
	if (!length)
		return 0;
	json_begin(&parser, bytes, length);
	if (json_parse(&parser, JSON_MOST_DEPTH) || parser.n_values < 2 || !dice_below(dice, 40)) {
		damage(&text);
	} else {
		text.values = parser.values;
		text.n_values = parser.n_values;
		ways[dice_below(dice, sizeof(ways) / sizeof(*ways))](&text);
	}
	json_end(&parser);
	return text.length;
}
