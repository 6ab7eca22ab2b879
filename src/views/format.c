// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Numbers, names and frames as people read them. */
#include "captrack/views.h"

#include <inttypes.h>
#include <string.h>

const char *format_bytes(uint64_t bytes, char out[16])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	int unit = 0;
	while (value >= 999.5 && unit < 6) {
		value /= 1024;
		unit++;
	}
	if (bytes < 1000)
		snprintf(out, 16, "%u B", (unsigned int)bytes);
	else
		snprintf(out, 16,
			 value < 9.995   ? "%.2f %s"
			 : value < 99.95 ? "%.1f %s"
					 : "%.0f %s",
			 value, units[unit]);
	return out;
}

const char *format_count(uint64_t count, char out[32])
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *to = out;
	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return out;
}

const char *format_ms(uint64_t ms, char out[16])
{
	uint64_t seconds = ms / 1000;
	if (ms < 1000)
		snprintf(out, 16, "%u ms", (unsigned int)ms);
	else if (seconds < 60)
		snprintf(out, 16, "%.1f s", (double)ms / 1000);
	else if (seconds < 3600)
		snprintf(out, 16, "%um %02us", (unsigned int)(seconds / 60), (unsigned int)(seconds % 60));
	else
		snprintf(out, 16, "%" PRIu64 "h %02um", seconds / 3600 % 10000000,
			 (unsigned int)(seconds / 60 % 60));
	return out;
}

/* The bytes of the printable UTF-8 character at text; 0 where it is none. C1 controls
 * (U+0080..9F) steer some terminals, like C0. */
static size_t printable_length(const unsigned char *text)
{
	size_t length = text[0] < 0x80   ? 1
			: text[0] < 0xc2 ? 0
			: text[0] < 0xe0 ? 2
			: text[0] < 0xf0 ? 3
			: text[0] < 0xf5 ? 4
					 : 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if (length == 1 && (text[0] < 0x20 || text[0] == 0x7f))
		return 0;
	return length == 2 && text[0] == 0xc2 && text[1] < 0xa0 ? 0 : length;
}

const char *format_safe(const char *text, char *out, size_t size)
{
	size_t used = 0;
	for (const unsigned char *from = (const unsigned char *)(text ? text : ""); *from;) {
		size_t length = printable_length(from);
		char piece[8];
		if (length)
			memcpy(piece, from, length);
		else
			snprintf(piece, sizeof(piece), "\\x%02X", *from);
		size_t bytes = length ? length : 4;
		if (used + bytes >= size)
			break;
		memcpy(out + used, piece, bytes);
		used += bytes;
		from += length ? length : 1;
	}
	out[used] = '\0';
	return out;
}

static const char *basename_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return slash && slash[1] ? slash + 1 : path ? path : "?";
}

const char *format_frame(const struct profile *profile, const struct profile_frame *frame, char *out,
			 size_t size)
{
	char raw[1024];
	const char *object = basename_of(profile->objects[frame->object].path);
	if (!frame->function)
		snprintf(raw, sizeof(raw), "%s+0x%" PRIx64, object, frame->offset);
	else if (frame->file && frame->line)
		snprintf(raw, sizeof(raw), "%.800s (%.180s:%" PRIu32 ")", frame->function,
			 basename_of(frame->file), frame->line);
	else if (frame->has_symbol_offset)
		snprintf(raw, sizeof(raw), "%.800s+0x%" PRIx64 " (%.160s)", frame->function,
			 frame->symbol_offset, object);
	else
		snprintf(raw, sizeof(raw), "%.800s (%.200s)", frame->function, object);
	return format_safe(raw, out, size);
}
