// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* How long reading a file's unwind data takes: for each file a line of rows, functions, odd
 * rows, and the milliseconds of the fastest of three readings (the first may wait for the disk).
 * With -d and one file all its rows instead: start, and kind, saved, number as in records.h. */
#include "captrack/unwind.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "captrack/records.h"

enum { TRIES = 3 };

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int dump(const char *path)
{
	struct unwind_rows rows;
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = unwind_read(fd, &rows);
	for (size_t i = 0; !result && i < rows.count; i++)
		printf("%u %u %u %d\n", CT_ROW_START(rows.row[i]), CT_ROW_KIND(rows.row[i]),
		       CT_ROW_SAVED(rows.row[i]), CT_ROW_NUMBER(rows.row[i]));
	unwind_rows_deinit(&rows);
	close(fd);
	return result != 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-d") == 0)
		return dump(argv[2]);
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
