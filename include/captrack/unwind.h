/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_UNWIND_H
#define CAPTRACK_UNWIND_H

#include <stddef.h>
#include <stdint.h>

/* Unwind data of an ELF file, .eh_frame and .debug_frame, as the rows that the kernel
 * half looks up: see CT_ROW in records.h. The files are untrusted. */

struct unwind_rows {
	uint64_t *row; /* by rising file offset of the code; the last one ends the last function */
	size_t count;
	size_t functions; /* FDEs read */
	size_t odd;       /* rows whose rule no row can say */
};

/* Reads the rows of the file behind fd, which stays the caller's. -ENOEXEC where it is no
 * ELF file of the host's class and machine, -ENODATA where it has no unwind data of its code
 * (which is followed by frame pointers then), -ENOMEM. What is damaged in a file is left
 * out: nothing in it makes this fail, hang, or take more memory than some multiple of its size. */
int unwind_read(int fd, struct unwind_rows *out);
void unwind_rows_deinit(struct unwind_rows *rows);

#endif
