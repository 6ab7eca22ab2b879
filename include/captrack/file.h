/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_FILE_H
#define CAPTRACK_FILE_H

#include <stddef.h>
#include <stdio.h>

/* Reads a file, a pipe, or standard input by its name in /dev, whole: *text, the caller's, with a NUL after
 * its *length bytes. A negative errno; -EISDIR of a folder, -EFBIG of more than `most` bytes. */
int file_read(const char *path, size_t most, char **text, size_t *length);

/* The end of what was written: the result of before or, where that is 0, a negative errno of what could not
 * be written. The file stays open. */
int stream_end(FILE *out, int result);

#endif
