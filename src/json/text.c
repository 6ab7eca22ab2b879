// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The one rule about text that JSON and the views share. */
#include "captrack/json.h"

#include <stdlib.h>
#include <string.h>

/* What the first byte alone says; 0: no character begins so. */
static size_t length_by_first_byte(unsigned char byte)
{
	if (byte < 0x80)
		return 1;
	if (byte < 0xc2) /* a continuation, or 2 bytes for what fits in 1 */
		return 0;
	if (byte < 0xe0)
		return 2;
	if (byte < 0xf0)
		return 3;
	return byte < 0xf5 ? 4 : 0;
}

size_t text_utf8_length(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = length_by_first_byte(bytes[0]);
	for (size_t i = 1; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	/* Too long a form, a surrogate, beyond U+10FFFF. */
	if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
	    (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return length;
}

char *text_clean(const char *text)
{
	char *clean = malloc(3 * strlen(text) + 1), *to = clean;
	if (!clean)
		return NULL;
	while (*text) {
		size_t length = text_utf8_length(text);
		memcpy(to, length ? text : "\xef\xbf\xbd", length ? length : 3);
		to += length ? length : 3;
		text += length ? length : 1;
	}
	*to = '\0';
	return clean;
}
