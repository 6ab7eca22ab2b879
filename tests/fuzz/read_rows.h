/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Any file through unwind_read, and what must hold of its rows whatever the file. */
#ifndef TESTS_READ_ROWS_H
#define TESTS_READ_ROWS_H

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "captrack/records.h"
#include "captrack/unwind.h"
#include "must.h"

static inline void check_row(uint64_t row)
{
	unsigned int kind = CT_ROW_KIND(row);
	int number = CT_ROW_NUMBER(row);
	MUST(kind <= CT_ROW_ODD);
	if (kind == CT_ROW_PLT)
		MUST(number >= 0 && number < 16);
	else if (kind < CT_ROW_SP || kind > CT_ROW_PLT)
		MUST(number == 0 && CT_ROW_SAVED(row) == 0);
}

static inline void check_rows(const struct unwind_rows *rows, size_t file_size)
{
	size_t odd = 0;
	MUST(rows->count && rows->functions);
	/* An entry takes 16 bytes, a row an instruction, and each function can end with one. */
	MUST(rows->functions <= file_size / 16);
	MUST(rows->count <= file_size + 1);
	for (size_t i = 0; i < rows->count; i++) {
		check_row(rows->row[i]);
		odd += CT_ROW_KIND(rows->row[i]) == CT_ROW_ODD;
		if (i)
			MUST(CT_ROW_START(rows->row[i - 1]) < CT_ROW_START(rows->row[i]));
	}
	MUST(odd == rows->odd);
}

/* True where the file had rows. */
static inline int read_rows(const void *bytes, size_t size)
{
	static int fd = -1;
	struct unwind_rows rows;
	if (fd < 0)
		fd = memfd_create("elf", MFD_CLOEXEC);
	MUST(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
	int result = unwind_read(fd, &rows);
	if (result == 0)
		check_rows(&rows, size);
	else
		MUST((result == -ENOEXEC || result == -ENODATA) && !rows.row && !rows.count);
	unwind_rows_deinit(&rows);
	return result == 0;
}

#endif
