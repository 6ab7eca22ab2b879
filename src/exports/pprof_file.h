/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PPROF_FILE_H
#define CAPTRACK_PPROF_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "exports_internal.h"
#include "profile.pb-c.h"

/* A profile.proto on its way to a file. Messages put one after the other are read as one, their repeated
 * fields joined: so no more than one stack is ever in memory as a message. */
struct pprof_file;

/* -ENOMEM */
int pprof_file_begin(struct pprof_file **out, FILE *stream);
void pprof_file_put(struct pprof_file *file, const Pprof__Profile *part);
/* The index of a text, which is put with the first use. Of NULL and "" it is 0. The text is made safe:
 * control characters and what is no UTF-8 as "\xNN". */
int64_t pprof_file_string(struct pprof_file *file, const char *text);
/* Frees, and returns 0 or the first error of all the above, a negative errno. NULL-safe. */
int pprof_file_end(struct pprof_file *file);

/* --- pprof_code.c --- */

/* Ids are small, for some readers keep 32 bits of them: a mapping's is its object's index, a function's the
 * call's, a location's its frame's, each + 1; and what is no frame: */
uint64_t pprof_unknown_location(const struct profile *profile);
uint64_t pprof_truncated_location(const struct profile *profile);

/* Mappings, functions and locations. -ENOMEM. */
int pprof_put_code(struct pprof_file *file, const struct profile *profile, const struct functions *functions);

#endif
