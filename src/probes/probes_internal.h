/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROBES_INTERNAL_H
#define CAPTRACK_PROBES_INTERNAL_H

#include <gelf.h>

#include "captrack/probes.h"

enum { MAX_SEGMENTS = 256 };

struct found_function { /* as the symbol table has it */
	const struct allocator_function *function;
	uint64_t entry; /* an ELF virtual address */
	uint64_t size;
};

/* Chooses the site in a function of the file. False where its entry is in no code of it. */
bool place_probe(Elf *elf, int fd, const struct found_function *found, struct probe_site *out);

#endif
