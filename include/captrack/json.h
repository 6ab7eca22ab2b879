/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_JSON_H
#define CAPTRACK_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* JSON to a file, in two ways: what a document has once by cJSON trees; what it has thousands
 * of by hand, a line at a time, for a tree of nodes and printf took most of what the loader does.
 *
 * cJSON keeps numbers as doubles; integers are given to it as text, so that they stay
 * exact and never become 1e+15.
 *
 * The first error stays in the writer and whoever called looks once, at the end: a
 * document with a member missing for want of memory must not pass for a whole one. */

struct json_writer {
	FILE *out;
	int result;   /* 0, or the first error: a negative errno */
	bool in_html; /* strings written by hand have no '<', which could end a script */
};

void json_failed(struct json_writer *writer, int code);
void json_emit(struct json_writer *writer, const char *text);
void json_emit_bytes(struct json_writer *writer, const char *text, size_t length);

/* --- by trees --- */

/* Takes item. The name is a literal: it is not copied. */
void json_add(struct json_writer *writer, cJSON *object, const char *name, cJSON *item);
void json_append(struct json_writer *writer, cJSON *array, cJSON *item);
void json_add_number(struct json_writer *writer, cJSON *object, const char *name, uint64_t value);
/* With 3 places. */
void json_add_decimal(struct json_writer *writer, cJSON *object, const char *name, double value);
void json_add_hex(struct json_writer *writer, cJSON *object, const char *name, uint64_t value); /* "0x12ab" */
/* NULL, what is not known, is absent. What is no UTF-8 becomes U+FFFD. */
void json_add_string(struct json_writer *writer, cJSON *object, const char *name, const char *value);
cJSON *json_clean_string(const char *value);

/* The text of json, which it takes; NULL after an error. */
char *json_render(struct json_writer *writer, cJSON *json);
void json_emit_tree(struct json_writer *writer, cJSON *json);
/* ,"name":... of the document, on a line of its own. */
void json_emit_member(struct json_writer *writer, const char *name, cJSON *json);

/* --- by hand --- */

/* Text on its way to the file. It is let go when the room for one more piece could run out, so
 * a line may be as long as it likes. Names are literals of at most JSON_NAME_BYTES. */
enum { JSON_LINE_BYTES = 4096, JSON_NAME_BYTES = 40 };

struct json_line {
	struct json_writer *writer;
	bool is_first; /* of an object or array: no comma before it */
	size_t length;
	char text[JSON_LINE_BYTES];
};

void json_line_begin(struct json_line *line, struct json_writer *writer);
void json_line_end(struct json_line *line); /* to the file with what is left of it */

/* Text as it is; may be of any length. A member may follow it, so is_first is false. */
void json_put_text(struct json_line *line, const char *text);
/* An object or array, by its bracket; with a name as a member, without (NULL) as an element. */
void json_put_open(struct json_line *line, const char *name, char bracket);
void json_put_close(struct json_line *line, char bracket);
void json_put_line_break(struct json_line *line); /* before an element, after the comma */
/* [1,2] */
void json_put_values(struct json_line *line, const char *name, const uint64_t *values, size_t count);
void json_put_number(struct json_line *line, const char *name, uint64_t value);
/* As json_put_number(), for names that come by the thousand with their lengths known. */
void json_put_named(struct json_line *line, const char *name, size_t length, uint64_t value);
void json_put_decimal(struct json_line *line, const char *name, double value);
void json_put_true(struct json_line *line, const char *name);
void json_put_string(struct json_line *line, const char *name, const char *value); /* as json_add_string() */

/* --- text --- */

/* The bytes of the UTF-8 character (RFC 3629) at text; 0 where it is none. Names and
 * paths are the target's and may be anything. */
size_t text_utf8_length(const char *text);
/* A copy of the text, the caller's, in which U+FFFD stands for what is no UTF-8: a document that is not
 * UTF-8 is no JSON. NULL without memory. */
char *text_clean(const char *text);

#endif
