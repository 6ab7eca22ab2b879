// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Pieces of JSON: cJSON trees, and lines put together by hand. */
#include "captrack/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	DECIMAL_BYTES = 328, /* the largest double, with 3 places */
	PIECE_BYTES = DECIMAL_BYTES + JSON_NAME_BYTES + 8,
};

void json_failed(struct json_writer *writer, int code)
{
	if (!writer->result)
		writer->result = code;
}

void json_emit_bytes(struct json_writer *writer, const char *text, size_t length)
{
	errno = 0;
	if (!writer->result && fwrite(text, 1, length, writer->out) != length)
		json_failed(writer, errno ? -errno : -EIO);
}

void json_emit(struct json_writer *writer, const char *text)
{
	json_emit_bytes(writer, text, strlen(text));
}

void json_add(struct json_writer *writer, cJSON *object, const char *name, cJSON *item)
{
	if (item && cJSON_AddItemToObjectCS(object, name, item))
		return;
	cJSON_Delete(item);
	json_failed(writer, -ENOMEM);
}

void json_append(struct json_writer *writer, cJSON *array, cJSON *item)
{
	if (item && cJSON_AddItemToArray(array, item))
		return;
	cJSON_Delete(item);
	json_failed(writer, -ENOMEM);
}

void json_add_number(struct json_writer *writer, cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_add(writer, object, name, cJSON_CreateRaw(text));
}

void json_add_decimal(struct json_writer *writer, cJSON *object, const char *name, double value)
{
	char text[DECIMAL_BYTES];
	snprintf(text, sizeof(text), "%.3f", value);
	json_add(writer, object, name, cJSON_CreateRaw(text));
}

void json_add_hex(struct json_writer *writer, cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	json_add(writer, object, name, cJSON_CreateString(text));
}

/* Paths and names are the target's: what is no UTF-8 becomes U+FFFD, for a document
 * that is not UTF-8 is no JSON. */
cJSON *json_clean_string(const char *value)
{
	char *clean = text_clean(value);
	cJSON *string = clean ? cJSON_CreateString(clean) : NULL;
	free(clean);
	return string;
}

void json_add_string(struct json_writer *writer, cJSON *object, const char *name, const char *value)
{
	if (value)
		json_add(writer, object, name, json_clean_string(value));
}

char *json_render(struct json_writer *writer, cJSON *json)
{
	char *text = json && !writer->result ? cJSON_PrintUnformatted(json) : NULL;
	cJSON_Delete(json);
	if (!text)
		json_failed(writer, -ENOMEM);
	return text;
}

void json_emit_tree(struct json_writer *writer, cJSON *json)
{
	char *text = json_render(writer, json);
	if (text)
		json_emit(writer, text);
	free(text);
}

void json_emit_member(struct json_writer *writer, const char *name, cJSON *json)
{
	char key[40];
	snprintf(key, sizeof(key), ",\n\"%s\":", name);
	json_emit(writer, key);
	json_emit_tree(writer, json);
}

void json_line_begin(struct json_line *line, struct json_writer *writer)
{
	line->writer = writer;
	line->is_first = true;
	line->length = 0;
}

static void let_go(struct json_line *line)
{
	json_emit_bytes(line->writer, line->text, line->length);
	line->length = 0;
}

void json_line_end(struct json_line *line)
{
	let_go(line);
}

void json_put_text(struct json_line *line, const char *text)
{
	size_t length = strlen(text);
	line->is_first = false;
	if (length > JSON_LINE_BYTES - line->length)
		let_go(line);
	if (length > JSON_LINE_BYTES) {
		json_emit(line->writer, text);
		return;
	}
	memcpy(line->text + line->length, text, length);
	line->length += length;
}

/* Puts what stands before a value, a comma and its name, where there is room for a piece. What
 * follows is written at the end that it returns, and where it ends is told to end_piece(): a pointer of
 * its own, for to the compiler any character could change the line's length. */
static char *begin_named(struct json_line *line, const char *name, size_t length)
{
	if (line->length > JSON_LINE_BYTES - PIECE_BYTES)
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

static char *begin_piece(struct json_line *line, const char *name)
{
	return begin_named(line, name, name ? strlen(name) : 0);
}

static void end_piece(struct json_line *line, const char *end)
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

void json_put_open(struct json_line *line, const char *name, char bracket)
{
	char *to = begin_piece(line, name);
	*to++ = bracket;
	end_piece(line, to);
	line->is_first = true;
}

void json_put_line_break(struct json_line *line)
{
	char *to = begin_piece(line, NULL);
	*to++ = '\n';
	end_piece(line, to);
	line->is_first = true;
}

void json_put_close(struct json_line *line, char bracket)
{
	line->is_first = true; /* no comma before it, but after it */
	char *to = begin_piece(line, NULL);
	*to++ = bracket;
	end_piece(line, to);
}

void json_put_values(struct json_line *line, const char *name, const uint64_t *values, size_t count)
{
	json_put_open(line, name, '[');
	char *to = line->text + line->length;
	for (size_t i = 0; i < count; i++) {
		if (to > line->text + JSON_LINE_BYTES - PIECE_BYTES) {
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

void json_put_number(struct json_line *line, const char *name, uint64_t value)
{
	end_piece(line, write_digits(begin_piece(line, name), value));
}

void json_put_named(struct json_line *line, const char *name, size_t length, uint64_t value)
{
	end_piece(line, write_digits(begin_named(line, name, length), value));
}

void json_put_decimal(struct json_line *line, const char *name, double value)
{
	char *to = begin_piece(line, name);
	end_piece(line, to + snprintf(to, DECIMAL_BYTES, "%.3f", value));
}

void json_put_true(struct json_line *line, const char *name)
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

void json_put_string(struct json_line *line, const char *name, const char *value)
{
	if (!value)
		return;
	char *to = begin_piece(line, name);
	*to++ = '"';
	for (size_t used; *value; value += used) {
		if (to > line->text + JSON_LINE_BYTES - PIECE_BYTES) {
			end_piece(line, to);
			let_go(line);
			to = line->text;
		}
		to = write_character(to, value, &used, line->writer->in_html);
	}
	*to++ = '"';
	end_piece(line, to);
}
