// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* gzip to a stream of stdio. (zlib's own gzip files want a descriptor.) */
#include "gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

enum { WITH_GZIP_HEADER = 16, LEVEL = 6, MEMORY = 8 };

int gzip_begin(struct gzip *gzip, FILE *out)
{
	*gzip = (struct gzip){.out = out};
	return deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, MAX_WBITS + WITH_GZIP_HEADER, MEMORY,
			    Z_DEFAULT_STRATEGY) == Z_OK
		       ? 0
		       : -ENOMEM;
}

/* Until all that it was given, and with Z_FINISH all that it has, is in the file. */
static void deflate_all(struct gzip *gzip, int flush)
{
	do {
		gzip->stream.next_out = gzip->chunk;
		gzip->stream.avail_out = sizeof(gzip->chunk);
		deflate(&gzip->stream, flush);
		size_t size = sizeof(gzip->chunk) - gzip->stream.avail_out;
		errno = 0;
		if (!gzip->result && fwrite(gzip->chunk, 1, size, gzip->out) != size)
			gzip->result = errno ? -errno : -EIO;
	} while (!gzip->stream.avail_out);
}

void gzip_put(struct gzip *gzip, const void *data, size_t size)
{
	const unsigned char *next = data;
	while (size && !gzip->result) {
		uInt part = size < INT_MAX ? (uInt)size : INT_MAX;
		gzip->stream.next_in = (unsigned char *)(uintptr_t)next;
		gzip->stream.avail_in = part;
		deflate_all(gzip, Z_NO_FLUSH);
		next += part;
		size -= part;
	}
}

int gzip_end(struct gzip *gzip)
{
	if (!gzip->result)
		deflate_all(gzip, Z_FINISH);
	deflateEnd(&gzip->stream);
	return gzip->result;
}
