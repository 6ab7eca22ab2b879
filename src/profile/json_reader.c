// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Single values of a profile file, each checked. */
#include "json_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void at(struct reader *reader, const char *part, int64_t index)
{
	reader->part = part;
	reader->index = index;
	reader->list = NULL;
}

void in_list(struct reader *reader, const char *list, int64_t index)
{
	reader->list = list;
	reader->list_index = index;
}

void in_object(struct reader *reader, const char *name)
{
	in_list(reader, name, NO_INDEX);
}

void out_again(struct reader *reader)
{
	in_list(reader, NULL, NO_INDEX);
}

/* "stacks[3].": nothing for the document itself. */
static void place(const struct reader *reader, const char *field, char *out, size_t size)
{
	int length = snprintf(out, size, "%s", reader->part);
	if (reader->index != NO_INDEX)
		length += snprintf(out + length, size - (size_t)length, "[%" PRId64 "]", reader->index);
	if (reader->list)
		length += snprintf(out + length, size - (size_t)length, ".%s", reader->list);
	if (reader->list && reader->list_index != NO_INDEX)
		length += snprintf(out + length, size - (size_t)length, "[%" PRId64 "]", reader->list_index);
	if (*field)
		snprintf(out + length, size - (size_t)length, "%s%s", length ? "." : "", field);
}

void wrong(struct reader *reader, const char *field, const char *format, ...)
{
	char what[256], where[256];
	va_list args;
	if (reader->result)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	place(reader, field, where, sizeof(where));
	reader->result = ct_fail(reader->err, -EINVAL, "%s: %s", where, what);
}

void no_memory(struct reader *reader)
{
	if (!reader->result)
		reader->result = ct_fail(reader->err, -ENOMEM, "out of memory");
}

const struct json *member(struct reader *reader, const struct json *object, const char *name)
{
	return reader->result ? NULL : json_member(object, name, strlen(name));
}

/* What is not written in digits alone may be a whole number all the same: 1e3. */
static uint64_t double_to_number(struct reader *reader, const char *field, double value)
{
	if (!(value >= 0) || value >= 0x1p64) {
		wrong(reader, field, "%g is no unsigned 64-bit number", value);
		return 0;
	}
	if ((double)(uint64_t)value != value)
		wrong(reader, field, "%g is not a whole number", value);
	return (uint64_t)value;
}

uint64_t to_number(struct reader *reader, const char *field, const struct json *item, uint64_t max)
{
	uint64_t number;
	if (item->type != JSON_NUMBER) {
		wrong(reader, field, "not a number");
		return 0;
	}
	if (!json_uint64(&item->text, &number))
		number = double_to_number(reader, field, json_double(&item->text));
	if (number > max)
		wrong(reader, field, "%" PRIu64 " is too large (at most %" PRIu64 ")", number, max);
	return reader->result ? 0 : number;
}

uint64_t read_number(struct reader *reader, const struct json *object, const char *name, uint64_t max)
{
	const struct json *item = member(reader, object, name);
	return item ? to_number(reader, name, item, max) : 0;
}

void read_numbers(struct reader *reader, const struct json *object, const struct number_field *fields,
		  void *base)
{
	unsigned int lacks = profile_lacks(reader->profile);
	for (; fields->name && !reader->result; fields++) {
		const struct json *item =
			fields->needs & lacks ? NULL : json_member(object, fields->name, fields->length);
		if (item)
			*field_at(base, fields) = to_number(reader, fields->name, item, UINT64_MAX);
	}
}

/* NULL where it is missing, or no string. */
static const struct json *read_text(struct reader *reader, const struct json *object, const char *name)
{
	const struct json *item = member(reader, object, name);
	if (!item || item->type == JSON_STRING)
		return item;
	wrong(reader, name, "not a string");
	return NULL;
}

char *to_string(struct reader *reader, const char *field, const struct json *item)
{
	if (item->type != JSON_STRING) {
		wrong(reader, field, "not a string");
		return NULL;
	}
	char *copy = json_copy(&item->text);
	if (!copy)
		no_memory(reader);
	return copy;
}

char *read_string(struct reader *reader, const struct json *object, const char *name)
{
	const struct json *item = member(reader, object, name);
	return item ? to_string(reader, name, item) : NULL;
}

/* "0x12ab" */
uint64_t read_hex(struct reader *reader, const struct json *object, const char *name)
{
	const struct json *item = read_text(reader, object, name);
	if (!item)
		return 0;
	char text[sizeof("0x0123456789abcdef")] = "";
	if (item->text.length < sizeof(text))
		memcpy(text, item->text.at, item->text.length);
	size_t digits = strncmp(text, "0x", 2) ? 0 : strspn(text + 2, "0123456789abcdefABCDEF");
	if (!digits || text[2 + digits]) {
		wrong(reader, name, "not a hex string such as \"0x12ab\"");
		return 0;
	}
	return strtoull(text, NULL, 16);
}

bool read_flag(struct reader *reader, const struct json *object, const char *name)
{
	const struct json *item = member(reader, object, name);
	if (item && item->type != JSON_TRUE && item->type != JSON_FALSE)
		wrong(reader, name, "not true or false");
	return item && item->type == JSON_TRUE;
}

/* The index in words, ended by NULL; the first where it is missing. */
int read_word(struct reader *reader, const struct json *object, const char *name, const char *const *words)
{
	const struct json *item = read_text(reader, object, name);
	int index = 0;
	while (item && words[index] && !json_is(&item->text, words[index], strlen(words[index])))
		index++;
	if (words[index])
		return index;
	wrong(reader, name, "not a word that this captrack-bpf knows");
	return 0;
}

const struct json *read_object(struct reader *reader, const struct json *object, const char *name)
{
	const struct json *item = member(reader, object, name);
	if (item && item->type != JSON_OBJECT)
		wrong(reader, name, "not an object");
	return reader->result ? NULL : item;
}

const struct json *read_array(struct reader *reader, const struct json *object, const char *name)
{
	const struct json *item = member(reader, object, name);
	if (item && item->type != JSON_ARRAY)
		wrong(reader, name, "not an array");
	return reader->result ? NULL : item;
}

bool is_at_most(struct reader *reader, const char *field, const struct json *array, uint32_t most,
		const char *what)
{
	if (array && array->count > most)
		wrong(reader, field, "%" PRIu32 " %s, at most %" PRIu32, array->count, what, most);
	return !reader->result;
}

void *room_for(struct reader *reader, const struct json *array, size_t size)
{
	uint32_t count = array ? array->count : 0;
	void *room = count ? calloc(count, size) : NULL;
	if (count && !room)
		no_memory(reader);
	return room;
}

/* Whether an element of a list can be read. */
bool is_object(struct reader *reader, const struct json *item)
{
	if (item->type != JSON_OBJECT)
		wrong(reader, "", "not an object");
	return !reader->result;
}

/* A new element of the profile; NULL after an error. */
void *added(struct reader *reader, int64_t index, void *array, size_t size)
{
	if (index >= 0)
		return (char *)array + (size_t)index * size;
	no_memory(reader);
	return NULL;
}

/* A slowdown: 1 is none. */
double read_factor(struct reader *reader, const struct json *object, const char *name)
{
	const struct json *item = member(reader, object, name);
	if (!item)
		return 0;
	double factor = item->type == JSON_NUMBER ? json_double(&item->text) : 0;
	if (factor >= 1 && factor <= 1e9)
		return factor;
	wrong(reader, name, "not a factor of 1 or more");
	return 0;
}

double read_share(struct reader *reader, const struct json *object, const char *name)
{
	const struct json *item = member(reader, object, name);
	if (!item)
		return 0;
	double share = item->type == JSON_NUMBER ? json_double(&item->text) : -1;
	if (share >= 0 && share <= 1)
		return share;
	wrong(reader, name, "not a number from 0 to 1");
	return 0;
}

static uint32_t check_index(struct reader *reader, const char *field, uint64_t index, const char *kind,
			    size_t count)
{
	if (!reader->result && index >= count)
		wrong(reader, field, "there is no %s %" PRIu64 ", the file has %zu", kind, index, count);
	return reader->result ? 0 : (uint32_t)index;
}

uint32_t to_index(struct reader *reader, const char *field, const struct json *item, const char *kind,
		  size_t count)
{
	uint64_t index = reader->result ? 0 : to_number(reader, field, item, UINT32_MAX);
	return check_index(reader, field, index, kind, count);
}

uint32_t read_index(struct reader *reader, const struct json *object, const char *name, const char *kind,
		    size_t count)
{
	return check_index(reader, name, read_number(reader, object, name, UINT32_MAX), kind, count);
}
