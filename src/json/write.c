// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Pieces of JSON: cJSON trees, and lines put together by hand. */
#include "captrack/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	DECIMAL_BYTES = 328, /* the largest double, with 3 places */
	PIECE_BYTES = DECIMAL_BYTES + NAME_BYTES + 8,
};

void write_failed(struct writer *writer, int code)
{
	if (!writer->result)
		writer->result = code;
}

void emit_bytes(struct writer *writer, const char *text, size_t length)
{
	errno = 0;
	if (!writer->result && fwrite(text, 1, length, writer->out) != length)
		write_failed(writer, errno ? -errno : -EIO);
}

void emit(struct writer *writer, const char *text)
{
	emit_bytes(writer, text, strlen(text));
}

void add(struct writer *writer, cJSON *object, const char *name, cJSON *item)
{
	if (item && cJSON_AddItemToObjectCS(object, name, item))
		return;
	cJSON_Delete(item);
	write_failed(writer, -ENOMEM);
}

void append(struct writer *writer, cJSON *array, cJSON *item)
{
	if (item && cJSON_AddItemToArray(array, item))
		return;
	cJSON_Delete(item);
	write_failed(writer, -ENOMEM);
}

void add_number(struct writer *writer, cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	add(writer, object, name, cJSON_CreateRaw(text));
}

void add_decimal(struct writer *writer, cJSON *object, const char *name, double value)
{
	char text[DECIMAL_BYTES];
	snprintf(text, sizeof(text), "%.3f", value);
	add(writer, object, name, cJSON_CreateRaw(text));
}

void add_hex(struct writer *writer, cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	add(writer, object, name, cJSON_CreateString(text));
}

/* Paths and names are the target's: what is no UTF-8 becomes U+FFFD, for a document
 * that is not UTF-8 is no JSON. */
cJSON *clean_string(const char *value)
{
	char *clean = text_clean(value);
	cJSON *string = clean ? cJSON_CreateString(clean) : NULL;
	free(clean);
	return string;
}

void add_string(struct writer *writer, cJSON *object, const char *name, const char *value)
{
	if (value)
		add(writer, object, name, clean_string(value));
}

char *render(struct writer *writer, cJSON *json)
{
	char *text = json && !writer->result ? cJSON_PrintUnformatted(json) : NULL;
	cJSON_Delete(json);
	if (!text)
		write_failed(writer, -ENOMEM);
	return text;
}

void emit_json(struct writer *writer, cJSON *json)
{
	char *text = render(writer, json);
	if (text)
		emit(writer, text);
	free(text);
}

void emit_member(struct writer *writer, const char *name, cJSON *json)
{
	char key[40];
	snprintf(key, sizeof(key), ",\n\"%s\":", name);
	emit(writer, key);
	emit_json(writer, json);
}

void line_begin(struct line *line, struct writer *writer)
{
	line->writer = writer;
	line->is_first = true;
	line->length = 0;
}

static void let_go(struct line *line)
{
	emit_bytes(line->writer, line->text, line->length);
	line->length = 0;
}

void line_end(struct line *line)
{
	let_go(line);
}

void put_text(struct line *line, const char *text)
{
	size_t length = strlen(text);
	line->is_first = false;
	if (length > LINE_BYTES - line->length)
		let_go(line);
	if (length > LINE_BYTES) {
		emit(line->writer, text);
		return;
	}
	memcpy(line->text + line->length, text, length);
	line->length += length;
}

/* Puts what stands before a value, a comma and its name, where there is room for a piece. What
 * follows is written at the end that it returns, and where it ends is told to end_piece(): a pointer of
 * its own, for to the compiler any character could change the line's length. */
static char *begin_named(struct line *line, const char *name, size_t length)
{
	if (line->length > LINE_BYTES - PIECE_BYTES)
		let_go(line);
	char *to = line->text + line->length;
	if (!line->is_first)
		*to++ = ',';
	line->is_first = false;
	if (!name)
		return to;
	*to++ = '"';
	memcpy(to, name, length);
	to += length;
	*to++ = '"';
	*to++ = ':';
	return to;
}

static char *begin_piece(struct line *line, const char *name)
{
	return begin_named(line, name, name ? strlen(name) : 0);
}

static void end_piece(struct line *line, const char *end)
{
	line->length = (size_t)(end - line->text);
}

static char *write_digits(char *to, uint64_t value)
{
	char digits[20];
	size_t count = 0;
	if (value < 10) { /* most of them are */
		*to++ = (char)('0' + value);
		return to;
	}
	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		*to++ = digits[--count];
	return to;
}

void put_open(struct line *line, const char *name, char bracket)
{
	char *to = begin_piece(line, name);
	*to++ = bracket;
	end_piece(line, to);
	line->is_first = true;
}

void put_line_break(struct line *line)
{
	char *to = begin_piece(line, NULL);
	*to++ = '\n';
	end_piece(line, to);
	line->is_first = true;
}

void put_close(struct line *line, char bracket)
{
	line->is_first = true; /* no comma before it, but after it */
	char *to = begin_piece(line, NULL);
	*to++ = bracket;
	end_piece(line, to);
}

void put_values(struct line *line, const char *name, const uint64_t *values, size_t count)
{
	put_open(line, name, '[');
	char *to = line->text + line->length;
	for (size_t i = 0; i < count; i++) {
		if (to > line->text + LINE_BYTES - PIECE_BYTES) {
			end_piece(line, to);
			let_go(line);
			to = line->text;
		}
		if (i)
			*to++ = ',';
		to = write_digits(to, values[i]);
	}
	*to++ = ']';
	end_piece(line, to);
	line->is_first = false;
}

void put_number(struct line *line, const char *name, uint64_t value)
{
	end_piece(line, write_digits(begin_piece(line, name), value));
}

void put_named(struct line *line, const char *name, size_t length, uint64_t value)
{
	end_piece(line, write_digits(begin_named(line, name, length), value));
}

void put_decimal(struct line *line, const char *name, double value)
{
	char *to = begin_piece(line, name);
	end_piece(line, to + snprintf(to, DECIMAL_BYTES, "%.3f", value));
}

void put_true(struct line *line, const char *name)
{
	end_piece(line, stpcpy(begin_piece(line, name), "true"));
}

/* The character at text as JSON has it, to `to`; *used: how many bytes of text it is. */
static char *write_character(char *to, const char *text, size_t *used, bool in_html)
{
	unsigned char first = (unsigned char)*text;
	*used = text_utf8_length(text);
	if (first < 0x20 || first == 0x7f || (first == '<' && in_html))
		return to + sprintf(to, "\\u%04x", first);
	if (first == '"' || first == '\\')
		*to++ = '\\';
	memcpy(to, *used ? text : "\xef\xbf\xbd", *used ? *used : 3);
	to += *used ? *used : 3;
	*used += !*used;
	return to;
}

void put_string(struct line *line, const char *name, const char *value)
{
	if (!value)
		return;
	char *to = begin_piece(line, name);
	*to++ = '"';
	for (size_t used; *value; value += used) {
		if (to > line->text + LINE_BYTES - PIECE_BYTES) {
			end_piece(line, to);
			let_go(line);
			to = line->text;
		}
		to = write_character(to, value, &used, line->writer->in_html);
	}
	*to++ = '"';
	end_piece(line, to);
}
