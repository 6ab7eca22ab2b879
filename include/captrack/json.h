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

struct writer {
	FILE *out;
	int result;   /* 0, or the first error: a negative errno */
	bool in_html; /* strings written by hand have no '<', which could end a script */
};

void write_failed(struct writer *writer, int code);
void emit(struct writer *writer, const char *text);
void emit_bytes(struct writer *writer, const char *text, size_t length);

/* --- by trees --- */

/* Takes item. The name is a literal: it is not copied. */
void add(struct writer *writer, cJSON *object, const char *name, cJSON *item);
void append(struct writer *writer, cJSON *array, cJSON *item);
void add_number(struct writer *writer, cJSON *object, const char *name, uint64_t value);
void add_decimal(struct writer *writer, cJSON *object, const char *name, double value); /* 3 places */
void add_hex(struct writer *writer, cJSON *object, const char *name, uint64_t value);   /* "0x12ab" */
/* NULL, what is not known, is absent. What is no UTF-8 becomes U+FFFD. */
void add_string(struct writer *writer, cJSON *object, const char *name, const char *value);
cJSON *clean_string(const char *value);

/* The text of json, which it takes; NULL after an error. */
char *render(struct writer *writer, cJSON *json);
void emit_json(struct writer *writer, cJSON *json);
/* ,"name":... of the document, on a line of its own. */
void emit_member(struct writer *writer, const char *name, cJSON *json);

/* --- by hand --- */

/* Text on its way to the file. It is let go when the room for one more piece could run out, so
 * a line may be as long as it likes. Names are literals of at most NAME_BYTES. */
enum { LINE_BYTES = 4096, NAME_BYTES = 40 };

struct line {
	struct writer *writer;
	bool is_first; /* of an object or array: no comma before it */
	size_t length;
	char text[LINE_BYTES];
};

void line_begin(struct line *line, struct writer *writer);
void line_end(struct line *line); /* to the file with what is left of it */

/* Text as it is; may be of any length. A member may follow it, so is_first is false. */
void put_text(struct line *line, const char *text);
/* An object or array, by its bracket; with a name as a member, without (NULL) as an element. */
void put_open(struct line *line, const char *name, char bracket);
void put_close(struct line *line, char bracket);
void put_line_break(struct line *line); /* before an element, after the comma */
void put_values(struct line *line, const char *name, const uint64_t *values, size_t count); /* [1,2] */
void put_number(struct line *line, const char *name, uint64_t value);
/* As put_number(), for names that come by the thousand with their lengths known. */
void put_named(struct line *line, const char *name, size_t length, uint64_t value);
void put_decimal(struct line *line, const char *name, double value);
void put_true(struct line *line, const char *name);
void put_string(struct line *line, const char *name, const char *value); /* as add_string() */

/* --- text --- */

/* The bytes of the UTF-8 character (RFC 3629) at text; 0 where it is none. Names and
 * paths are the target's and may be anything. */
size_t text_utf8_length(const char *text);
/* A copy of the text, the caller's, in which U+FFFD stands for what is no UTF-8: a document that is not
 * UTF-8 is no JSON. NULL without memory. */
char *text_clean(const char *text);

#endif
