// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What names, strings and numbers of a JSON text mean. That they are JSON was checked. */
#include "captrack/json_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned int hex_digits(const char *at)
{
	unsigned int value = 0;
	for (int i = 0; i < 4; i++) {
		unsigned int c = (unsigned char)at[i];
		value = value << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

static char *put_utf8(char *to, unsigned int c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* Behind "\u": the character of one escape or, beyond U+FFFF, of two. */
static const char *read_utf16(const char *at, const char *end, unsigned int *out)
{
	unsigned int c = hex_digits(at), low;
	at += 4;
	*out = c && (c < 0xd800 || c > 0xdfff) ? c : 0xfffd;
	if (c < 0xd800 || c > 0xdbff || end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return at;
	low = hex_digits(at + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return at;
	*out = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	return at + 6;
}

/* Its characters; `out` has room for so many bytes as it has in the document. Returns their number. */
static size_t decode(const struct json_text *text, char *out)
{
	static const char escapes[] = "bfnrt", means[] = "\b\f\n\r\t";
	const char *at = text->at, *end = at + text->length, *escape;
	char *to = out;
	while ((escape = memchr(at, '\\', (size_t)(end - at)))) {
		unsigned int c;
		memcpy(to, at, (size_t)(escape - at));
		to += escape - at;
		at = escape + 2;
		if (escape[1] == 'u') {
			at = read_utf16(at, end, &c);
			to = put_utf8(to, c);
			continue;
		}
		const char *known = strchr(escapes, escape[1]);
		*to++ = known ? means[known - escapes] : escape[1];
	}
	memcpy(to, at, (size_t)(end - at));
	return (size_t)(to - out) + (size_t)(end - at);
}

char *json_copy(const struct json_text *text)
{
	char *copy = malloc((size_t)text->length + 1);
	if (copy)
		copy[decode(text, copy)] = '\0';
	return copy;
}

bool json_is(const struct json_text *text, const char *word, size_t length)
{
	char decoded[512];
	if (!text->escaped)
		return text->length == length && !memcmp(text->at, word, length);
	/* An escape takes six bytes at most for each of what it means. */
	if (text->length > sizeof(decoded) || text->length > 6 * length)
		return false;
	return decode(text, decoded) == length && !memcmp(decoded, word, length);
}

const struct json *json_member(const struct json *object, const char *name, size_t length)
{
	const struct json *item;
	JSON_EACH(item, object)
	if (json_is(&item->name, name, length))
		return item;
	return NULL;
}

bool json_uint64(const struct json_text *number, uint64_t *out)
{
	uint64_t value = 0;
	for (uint32_t i = 0; i < number->length; i++) {
		unsigned int digit = (unsigned int)(unsigned char)number->at[i] - '0';
		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}

/* Behind a number stands what ends it: a comma, a bracket, space. */
double json_double(const struct json_text *number)
{
	return strtod(number->at, NULL);
}
