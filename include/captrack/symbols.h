/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SYMBOLS_H
#define CAPTRACK_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "captrack/profile.h"

/* Names for code addresses, read with libdwfl from the ELF files and their
 * separate debug files (build-id folders, .gnu_debuglink, /usr/lib/debug;
 * debuginfod only where DEBUGINFOD_URLS is set). The files are untrusted. */

struct symbols;      /* the files opened so far; shared by all images of a run */
struct symbols_file; /* one ELF file; owned by its struct symbols */

int symbols_new(struct symbols **out);
void symbols_free(struct symbols *symbols); /* NULL-safe */

/* Registers an ELF file. `path` is for messages and for finding a
 * .gnu_debuglink beside it; the contents are read through fd, which stays the
 * caller's (it is duplicated). Returns 0, or -ENOEXEC where it is no ELF file
 * of the host's class and machine. Nothing but the headers and the build-id is
 * read until a name is asked for. */
int symbols_add_file(struct symbols *symbols, const char *path, int fd, struct symbols_file **out);

/* Hex text, or NULL where the file has none. Owned by file. */
const char *symbols_build_id(const struct symbols_file *file);

/* Turns an offset in the file into an ELF virtual address through its PT_LOAD
 * headers. Returns false where no segment holds it. */
bool symbols_file_to_vaddr(const struct symbols_file *file, uint64_t file_offset, uint64_t *vaddr);

/* Names the code at a return address (an ELF virtual address: the call is
 * looked up at vaddr - 1). Fills function, file, line, column, inlined and
 * symbol_offset of *frame, leaving object and offset alone; fields for which
 * there is no name stay zero. Strings become the frame's. Returns 0 also where
 * nothing is known, -ENOMEM otherwise. */
int symbols_name(struct symbols_file *file, uint64_t vaddr, struct profile_frame *frame);

/* C++ (Itanium), Rust (legacy and v0) names without arguments and without the
 * compiler's own suffixes (.constprop.0, .isra.0, .cold, .part.0, .llvm.123,
 * Rust's ::h<16 hex> hash); other names as they are, less those suffixes. malloc'd. */
char *symbols_demangle(const char *name);

/* The length of a name without those suffixes. */
size_t symbols_plain_length(const char *name);

#endif
