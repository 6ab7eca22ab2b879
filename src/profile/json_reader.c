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

/* A member of an object; NULL where it is missing, or after an error. */
const cJSON *member(struct reader *reader, const cJSON *object, const char *name)
{
	return reader->result ? NULL : cJSON_GetObjectItemCaseSensitive(object, name);
}

uint64_t to_number(struct reader *reader, const char *field, const cJSON *item, uint64_t max)
{
	if (!cJSON_IsNumber(item)) {
		wrong(reader, field, "not a number");
		return 0;
	}
	double value = item->valuedouble;
	if (!(value >= 0) || value >= 0x1p64) {
		wrong(reader, field, "%g is no unsigned 64-bit number", value);
		return 0;
	}
	uint64_t number = (uint64_t)value;
	if ((double)number != value)
		wrong(reader, field, "%g is not a whole number", value);
	else if (number > max)
		wrong(reader, field, "%" PRIu64 " is too large (at most %" PRIu64 ")", number, max);
	return reader->result ? 0 : number;
}

uint64_t read_number(struct reader *reader, const cJSON *object, const char *name, uint64_t max)
{
	const cJSON *item = member(reader, object, name);
	return item ? to_number(reader, name, item, max) : 0;
}

void read_numbers(struct reader *reader, const cJSON *object, const struct number_field *fields, void *base)
{
	for (; fields->name; fields++)
		if (profile_knows(reader->profile, fields->needs))
			*number_at(base, fields) = read_number(reader, object, fields->name, UINT64_MAX);
}

/* The text of a string, which stays the tree's. */
static const char *peek_string(struct reader *reader, const cJSON *object, const char *name)
{
	const cJSON *item = member(reader, object, name);
	if (item && !cJSON_IsString(item)) {
		wrong(reader, name, "not a string");
		return NULL;
	}
	return item ? item->valuestring : NULL;
}

char *read_string(struct reader *reader, const cJSON *object, const char *name)
{
	const char *text = peek_string(reader, object, name);
	char *copy = text ? strdup(text) : NULL;
	if (text && !copy)
		no_memory(reader);
	return copy;
}

/* "0x12ab" */
uint64_t read_hex(struct reader *reader, const cJSON *object, const char *name)
{
	const char *text = peek_string(reader, object, name);
	if (!text)
		return 0;
	size_t digits = strncmp(text, "0x", 2) ? 0 : strspn(text + 2, "0123456789abcdefABCDEF");
	if (!digits || digits > 16 || text[2 + digits]) {
		wrong(reader, name, "not a hex string such as \"0x12ab\"");
		return 0;
	}
	return strtoull(text, NULL, 16);
}

bool read_flag(struct reader *reader, const cJSON *object, const char *name)
{
	const cJSON *item = member(reader, object, name);
	if (item && !cJSON_IsBool(item))
		wrong(reader, name, "not true or false");
	return cJSON_IsTrue(item);
}

/* The index in words, ended by NULL; the first where it is missing. */
int read_word(struct reader *reader, const cJSON *object, const char *name, const char *const *words)
{
	const char *text = peek_string(reader, object, name);
	int index = 0;
	while (text && words[index] && strcmp(words[index], text))
		index++;
	if (words[index])
		return index;
	wrong(reader, name, "not a word that this captrack-bpf knows");
	return 0;
}

const cJSON *read_object(struct reader *reader, const cJSON *object, const char *name)
{
	const cJSON *item = member(reader, object, name);
	if (item && !cJSON_IsObject(item))
		wrong(reader, name, "not an object");
	return reader->result ? NULL : item;
}

const cJSON *read_array(struct reader *reader, const cJSON *object, const char *name)
{
	const cJSON *item = member(reader, object, name);
	if (item && !cJSON_IsArray(item))
		wrong(reader, name, "not an array");
	return reader->result ? NULL : item;
}

/* Room for what an array holds; NULL for an empty one, or after an error. */
void *room_for(struct reader *reader, const cJSON *array, size_t size)
{
	int count = cJSON_GetArraySize(array);
	void *room = count ? calloc((size_t)count, size) : NULL;
	if (count && !room)
		no_memory(reader);
	return room;
}

/* Whether an element of a list can be read. */
bool is_object(struct reader *reader, const cJSON *item)
{
	if (!cJSON_IsObject(item))
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
double read_factor(struct reader *reader, const cJSON *object, const char *name)
{
	const cJSON *item = member(reader, object, name);
	if (!item)
		return 0;
	if (cJSON_IsNumber(item) && item->valuedouble >= 1 && item->valuedouble <= 1e9)
		return item->valuedouble;
	wrong(reader, name, "not a factor of 1 or more");
	return 0;
}

double read_share(struct reader *reader, const cJSON *object, const char *name)
{
	const cJSON *item = member(reader, object, name);
	if (!item)
		return 0;
	if (cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= 1)
		return item->valuedouble;
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

uint32_t to_index(struct reader *reader, const char *field, const cJSON *item, const char *kind, size_t count)
{
	uint64_t index = reader->result ? 0 : to_number(reader, field, item, UINT32_MAX);
	return check_index(reader, field, index, kind, count);
}

uint32_t read_index(struct reader *reader, const cJSON *object, const char *name, const char *kind,
		    size_t count)
{
	return check_index(reader, name, read_number(reader, object, name, UINT32_MAX), kind, count);
}
