// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Text as valgrind's tools write it. */
#include "valgrind.h"

#include <inttypes.h>
#include <stdio.h>

#include "captrack/format.h"

/* ":12:5", ":12", "" */
static void format_line(const struct call *call, bool with_column, char out[32])
{
	out[0] = '\0';
	if (call->file && call->line && call->column && with_column)
		snprintf(out, 32, ":%" PRIu32 ":%" PRIu32, call->line, call->column);
	else if (call->file && call->line)
		snprintf(out, 32, ":%" PRIu32, call->line);
}

const char *valgrind_frame(const struct calls *calls, uint32_t index, bool with_column,
			   char out[VALGRIND_FRAME_BYTES])
{
	const struct call *call = &calls->calls[index];
	char name[VALGRIND_NAME_BYTES], safe[VALGRIND_NAME_BYTES], place[VALGRIND_NAME_BYTES], line[32];
	format_safe(call_name(calls, call, name, sizeof(name)), safe, sizeof(safe));
	format_safe(call->file ? call->file : call_object(calls, call), place, sizeof(place));
	format_line(call, with_column, line);
	snprintf(out, VALGRIND_FRAME_BYTES, "0x%" PRIx64 ": %s (%s%s%s)",
		 call->frame ? call->frame->offset : 0, safe, call->file ? "" : "in ", place, line);
	return out;
}

const char *valgrind_command(const struct profile *profile, char out[VALGRIND_NAME_BYTES])
{
	const char *command = profile->target.command ? profile->target.command : profile->target.exe;
	return format_safe(command ? command : "?", out, VALGRIND_NAME_BYTES);
}

const char *valgrind_mode(const struct profile *profile, char out[128])
{
	const char *end = profile->state == PROFILE_RUNNING ? "; the process runs on" : "";
	if (profile->capture.sample_bytes)
		snprintf(out, 128, "estimates: one allocation kept per %" PRIu64 " bytes on average%s",
			 profile->capture.sample_bytes, end);
	else
		snprintf(out, 128, "exact%s", end);
	return out;
}
