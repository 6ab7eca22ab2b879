// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Numbers, names and frames as people read them. */
#include "captrack/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/json.h"

enum { MOST_WHERE = 72, DOTS = 3 };

/* In integers: a double would round 1023.99 KiB up to a 1024 that is a unit too small. */
const char *format_bytes(uint64_t bytes, char out[16])
{
	static const char units[] = "KMGTPE";
	int unit = 0;
	uint64_t above = bytes >> 10, below = bytes & 1023; /* in the unit; in 1024ths of it */
	if (bytes < 1024) {
		snprintf(out, 16, "%" PRIu64 " B", bytes);
		return out;
	}
	while (above >= 1024 || (above == 1023 && below >= 512 && units[unit + 1])) {
		below = above & 1023;
		above >>= 10;
		unit++;
		if (!above) { /* 1023.5 and more of the smaller unit */
			above = 1;
			below = 0;
		}
	}
	uint64_t tenths = above * 10 + (below * 10 + 512) / 1024;
	if (tenths < 1000)
		snprintf(out, 16, "%u.%u %ciB", (unsigned int)(tenths / 10), (unsigned int)(tenths % 10),
			 units[unit]);
	else
		snprintf(out, 16, "%u %ciB", (unsigned int)(above + (below >= 512)), units[unit]);
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
		snprintf(out, 16, "%u.%u s", (unsigned int)seconds, (unsigned int)(ms % 1000 / 100));
	else if (seconds < 3600)
		snprintf(out, 16, "%um %02us", (unsigned int)(seconds / 60), (unsigned int)(seconds % 60));
	else if (seconds < 360000000)
		snprintf(out, 16, "%uh %02um", (unsigned int)(seconds / 3600),
			 (unsigned int)(seconds / 60 % 60));
	else
		snprintf(out, 16, "11+ years"); /* no capture: a file that lies */
	return out;
}

const char *format_ns(uint64_t ns, char out[16])
{
	static const char *const units[] = {"us", "ms"};
	uint64_t tenths = ns / 100;
	if (ns < 1000) {
		snprintf(out, 16, "%u ns", (unsigned int)ns);
		return out;
	}
	if (ns >= 1000000000)
		return format_ms(ns / 1000000, out);
	int unit = tenths >= 10000;
	if (unit)
		tenths /= 1000;
	if (tenths < 1000)
		snprintf(out, 16, "%u.%u %s", (unsigned int)(tenths / 10), (unsigned int)(tenths % 10),
			 units[unit]);
	else
		snprintf(out, 16, "%u %s", (unsigned int)(tenths / 10), units[unit]);
	return out;
}

/* C1 controls steer some terminals, as C0 do; bidi controls show a text in another order
 * than it has; line separators break it. */
static bool is_harmful(const char *text, size_t length)
{
	unsigned char first = (unsigned char)text[0];
	if (length == 1)
		return first < 0x20 || first == 0x7f;
	if (length == 2)
		return first == 0xc2 && (unsigned char)text[1] < 0xa0;
	if (length != 3 || memcmp(text, "\xe2\x80", 2))
		return length == 3 && !memcmp(text, "\xe2\x81", 2) && (unsigned char)text[2] >= 0xa6 &&
		       (unsigned char)text[2] <= 0xa9;
	unsigned char last = (unsigned char)text[2];
	return last >= 0xa8 && last <= 0xae;
}

/* Copies what fits, whole characters; false where something was left out. */
static bool copy_safe(const char *text, char *out, size_t size)
{
	size_t used = 0;
	while (*text) {
		char escaped[8];
		const char *piece = text;
		size_t length = text_utf8_length(text), bytes = length;
		if (!length || is_harmful(text, length)) {
			bytes = (size_t)snprintf(escaped, sizeof(escaped), "\\x%02X", (unsigned char)*text);
			piece = escaped;
			length = 1;
		}
		if (used + bytes >= size)
			break;
		memcpy(out + used, piece, bytes);
		used += bytes;
		text += length;
	}
	out[used] = '\0';
	return !*text;
}

const char *format_safe(const char *text, char *out, size_t size)
{
	if (size)
		copy_safe(text ? text : "", out, size);
	return out;
}

char *text_safe(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *safe = malloc(size);
	if (safe)
		format_safe(text, safe, size);
	return safe;
}

/* `name` and then `where`, which is safe already. Where both do not fit, the name is cut:
 * a place without a name still finds the line. */
static const char *join(const char *name, const char *where, char *out, size_t size)
{
	size_t room = size - strlen(where);
	if (size <= strlen(where) + DOTS + 1)
		return format_safe(name, out, size);
	if (!copy_safe(name, out, room)) {
		copy_safe(name, out, room - DOTS);
		strcat(out, "...");
	}
	return strcat(out, where);
}

static void format_line(const char *file, uint32_t line, char out[MOST_WHERE])
{
	char name[MOST_WHERE - 16];
	format_safe(path_basename(file), name, sizeof(name));
	if (line)
		snprintf(out, MOST_WHERE, " (%s:%" PRIu32 ")", name, line);
	else
		snprintf(out, MOST_WHERE, " (%s)", name);
}

const char *format_inline(const struct profile_inline *call, char *out, size_t size)
{
	char where[MOST_WHERE] = "";
	if (call->file)
		format_line(call->file, call->line, where);
	return join(call->function ? call->function : "?", where, out, size);
}

const char *format_call(const struct calls *calls, const struct call *call, char *out, size_t size)
{
	char where[MOST_WHERE] = "", name[64];
	if (!call->function)
		return format_safe(call_name(calls, call, name, sizeof(name)), out, size);
	if (call->frame)
		format_line(call->file ? call->file : call_object(calls, call), call->line, where);
	return join(call->function, where, out, size);
}

const char *format_frame(const struct profile *profile, const struct profile_frame *frame, char *out,
			 size_t size)
{
	char where[MOST_WHERE + 32], offset[24] = "", line[MOST_WHERE];
	const char *object = frame->object < profile->n_objects ? profile->objects[frame->object].path : NULL;
	if (!frame->function) {
		snprintf(where, sizeof(where), "+0x%" PRIx64, frame->offset);
		return join(path_basename(object), where, out, size);
	}
	if (frame->has_symbol_offset && !frame->file)
		snprintf(offset, sizeof(offset), "+0x%" PRIx64, frame->symbol_offset);
	format_line(frame->file ? frame->file : object, frame->file ? frame->line : 0, line);
	snprintf(where, sizeof(where), "%s%s", offset, line);
	return join(frame->function, where, out, size);
}
