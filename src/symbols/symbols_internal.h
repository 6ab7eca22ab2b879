/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SYMBOLS_INTERNAL_H
#define CAPTRACK_SYMBOLS_INTERNAL_H

#include "captrack/symbols.h"

#include <elfutils/libdwfl.h>

struct segment { /* a PT_LOAD */
	uint64_t vaddr, offset, size;
};

struct unit_range { /* addresses of one compilation unit */
	uint64_t low, high;
	Dwarf_Off die;
};

struct symbols_file {
	char *path;
	char *build_id;
	int fd;
	struct segment *segments;
	size_t segment_count;
	bool opened; /* the rest, at the first name */
	Dwfl *dwfl;
	Dwfl_Module *module;
	bool indexed;
	struct unit_range *units; /* sorted; only where .debug_aranges does not help */
	size_t unit_count;
	struct symbols_file *next;
};

#endif
