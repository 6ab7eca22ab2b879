// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* How long reading a file's unwind data takes: for each file a line of rows, functions, odd
 * rows, and the milliseconds of the fastest of three readings (the first may wait for the disk). */
#include "captrack/unwind.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 3 };

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct unwind_rows rows;
		double best = 0;
		for (int try = 0; try < TRIES; try++) {
			int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
			double begin = now_ms();
			int result = unwind_read(fd, &rows);
			double took = now_ms() - begin;
			close(fd);
			if (result) {
				fprintf(stderr, "%s: %s\n", argv[i], strerror(-result));
				return 1;
			}
			if (!try || took < best)
				best = took;
			if (try + 1 < TRIES)
				unwind_rows_deinit(&rows);
		}
		printf("%zu %zu %zu %.1f %s\n", rows.count, rows.functions, rows.odd, best, argv[i]);
		unwind_rows_deinit(&rows);
	}
	return 0;
}
