/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_FORMAT_H
#define CAPTRACK_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "captrack/calls.h"
#include "captrack/profile.h"

/* Numbers, names and calls as people read them. All that comes from a profile is made safe for a terminal. */

/* "1.5 GiB", "312 KiB", "17 B": at most 8 characters; exact below 1024. */
const char *format_bytes(uint64_t bytes, char out[16]);
/* "1,234,567" */
const char *format_count(uint64_t count, char out[32]);
/* "3.2 s", "512 ms", "4m 12s" */
const char *format_ms(uint64_t ms, char out[16]);
/* "850 ns", "1.2 us", "345 ms", then as format_ms */
const char *format_ns(uint64_t ns, char out[16]);
/* Copies text, replacing control characters and invalid UTF-8 by "\xNN". */
const char *format_safe(const char *text, char *out, size_t size);
/* The same as a copy of its own, the caller's, of which nothing is cut. NULL: no memory. */
char *text_safe(const char *text);

/* "function (file.c:12)", "function+0x12 (libc.so.6)", "libc.so.6+0x1234". */
const char *format_frame(const struct profile *profile, const struct profile_frame *frame, char *out,
			 size_t size);
/* "function (file.c:12)" for an inlined function, as format_frame() for a frame. */
const char *format_inline(const struct profile_inline *call, char *out, size_t size);
/* "parse (a.c:12)", "parse (libc.so.6)", "libc.so.6+0x12", "[unknown]" */
const char *format_call(const struct calls *calls, const struct call *call, char *out, size_t size);

/* "parse (a.c:12) < load < main", as much of it as fits; from the first function outside
 * of the languages' runtimes on, without them. "[unknown]" without frames. */
const char *format_chain(const struct profile *profile, const uint32_t *frames, uint32_t n_frames, char *out,
			 size_t size);
/* The same with the runtimes' functions. */
const char *format_whole_chain(const struct profile *profile, const uint32_t *frames, uint32_t n_frames,
			       char *out, size_t size);

#endif
