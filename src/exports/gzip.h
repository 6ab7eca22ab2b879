/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_GZIP_H
#define CAPTRACK_GZIP_H

#include <stddef.h>
#include <stdio.h>
#include <zlib.h>

enum { GZIP_CHUNK = 16384 };

/* A file compressed as it is written. */
struct gzip {
	z_stream stream;
	unsigned char chunk[GZIP_CHUNK];
	FILE *out;
	int result; /* 0, or the first error: a negative errno */
};

/* Fails with -ENOMEM, and then gzip_end() must not be called. */
int gzip_begin(struct gzip *gzip, FILE *out);
void gzip_put(struct gzip *gzip, const void *data, size_t size);
/* Frees, and returns the result. The file is the caller's to flush. */
int gzip_end(struct gzip *gzip);

#endif
