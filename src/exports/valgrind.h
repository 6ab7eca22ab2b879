/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_EXPORTS_VALGRIND_H
#define CAPTRACK_EXPORTS_VALGRIND_H

/* What the formats of valgrind's tools have in common: their readers take frames apart by the text. */

#include <stdint.h>

#include "captrack/calls.h"

enum {
	VALGRIND_NAME_BYTES =
		4000, /* of a function, a file, a command: massif-visualizer reads lines of 4 KiB */
	VALGRIND_FRAME_BYTES = 2 * VALGRIND_NAME_BYTES + 64,
};

/* "0x1a2b: parse (src/parse.c:12)", with the column (src/parse.c:12:5), "0x1a2b: read (in /lib/libc.so.6)".
 * The address is in the object, as the profile has it. One line, printable: what is not is escaped. */
const char *valgrind_frame(const struct calls *calls, uint32_t call, bool with_column,
			   char out[VALGRIND_FRAME_BYTES]);

/* The command line, else the executable, as one printable line. */
const char *valgrind_command(const struct profile *profile, char out[VALGRIND_NAME_BYTES]);

/* How the figures came about: "exact", "estimates: ...", and whether the process runs on. */
const char *valgrind_mode(const struct profile *profile, char out[128]);

#endif
