/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_UNWIND_INTERNAL_H
#define CAPTRACK_UNWIND_INTERNAL_H

#include "captrack/unwind.h"

#include <stdbool.h>

#include <elfutils/libdw.h>
#include <gelf.h>

#include "captrack/records.h"

/* The code that one FDE describes: ELF virtual addresses. */
struct fde {
	uint64_t start, end;
	uint64_t cost; /* bytes of instructions that libdw runs for each look-up in it */
};

struct fdes {
	struct fde *fde;
	size_t count, room;
};

/* fdes.c: all FDEs of .eh_frame or .debug_frame, sorted by start. Fills *cfi too, which is
 * the *dwarf's where that is not NULL, else for dwarf_cfi_end(). -ENODATA, -ENOMEM. */
int fdes_read(Elf *elf, struct fdes *out, Dwarf_CFI **cfi, Dwarf **dwarf);

/* rule_x86_64.c: the lower half of a row, from what libdw says of a place. */
uint32_t rule_of(Dwarf_Frame *frame, bool signal);

#endif
