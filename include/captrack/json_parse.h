/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_JSON_PARSE_H
#define CAPTRACK_JSON_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* JSON (RFC 8259) as places in a text: nothing of it is copied before it is asked for, and no whole
 * number goes through a double. One array holds the values of a parse and is used again by the next,
 * so that a long document is read element by element in little memory. */

enum {
	JSON_MOST_DEPTH = 1000,
	JSON_MOST_VALUES = 1 << 20, /* kept, of one parse */
};

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* As it stands in the document; of a string what is between its quotes. */
struct json_text {
	const char *at; /* NULL: none */
	uint32_t length;
	bool escaped; /* a string with backslashes in it */
};

/* A value. What is in an array or an object stands behind it, up to `size`. */
struct json {
	struct json_text name; /* of a member of an object */
	struct json_text text;
	uint32_t count; /* the elements or members of it, kept or not */
	uint32_t size;  /* this one and all that is kept in it: the next stands behind them */
	enum json_type type;
};

struct json_parser {
	const char *at; /* where it goes on; after a failure where that was */
	const char *end;
	struct json *values; /* of the last parse; values[0] is all of it */
	uint32_t n_values, room;
	uint32_t levels; /* that are kept */
	uint32_t parent; /* the innermost open value that is kept */
	uint32_t depth;  /* how many are open: */
	char open[JSON_MOST_DEPTH];
	struct json_text name; /* of the value to come */
};

/* A text of less than 4 GiB, which stays the caller's and must stay as it is. */
void json_begin(struct json_parser *parser, const char *text, size_t length);
void json_end(struct json_parser *parser);

/* Parses the value at `at` and goes behind it. All of it must be JSON, and so many levels of its insides are
 * kept (0: none). -EINVAL: it is no JSON; -ELOOP: deeper than JSON_MOST_DEPTH; -E2BIG: more than
 * JSON_MOST_VALUES; -ENOMEM. */
int json_parse(struct json_parser *parser, uint32_t levels);
/* Goes to the next element of an array that is known to be JSON; false where there is none. To begin with
 * `at` is at its bracket. */
bool json_next_element(struct json_parser *parser);
void json_skip_space(struct json_parser *parser);

/* For each value in an array or an object; for none of NULL. */
#define JSON_EACH(item, in)                                                                                  \
	for ((item) = (in) ? (in) + 1 : NULL; (item) && (item) < (in) + (in)->size; (item) += (item)->size)

/* The first member of that name; NULL. */
const struct json *json_member(const struct json *object, const char *name, size_t length);

/* The characters of a string; malloc'd, NULL without memory. U+FFFD stands for half a pair of UTF-16, and for
 * NUL, which would end the copy. */
char *json_copy(const struct json_text *text);
bool json_is(const struct json_text *text, const char *word, size_t length);
/* A number of digits alone, exactly; false where it is another or does not fit. */
bool json_uint64(const struct json_text *number, uint64_t *out);
/* Any number, as near as a double comes to it; infinite beyond. */
double json_double(const struct json_text *number);

#endif
