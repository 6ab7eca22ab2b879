/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_FILE_H
#define CAPTRACK_FILE_H

#include <stddef.h>

/* Reads a file, a pipe, or standard input by its name in /dev, whole: *text, the caller's, with a NUL after
 * its *length bytes. A negative errno; -EISDIR of a folder, -EFBIG of more than `most` bytes. */
int file_read(const char *path, size_t most, char **text, size_t *length);

#endif
