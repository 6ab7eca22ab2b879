/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROBES_H
#define CAPTRACK_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "captrack/error.h"

/* Which functions of which object, and where in it. */

enum { PROBES_MAX_SITES = 32 }; /* of one allocator */

/* An allocator is data: its functions, and which argument means what. */
struct allocator_function {
	const char *name;
	uint64_t cookie;    /* the recipe, CT_COOKIE() of records.h */
	bool returns_block; /* its return is probed too */
};

struct allocator {
	const char *name;   /* as --allocator takes it */
	const char *soname; /* the shared library that holds it: a prefix of DT_SONAME */
	const struct allocator_function *functions; /* ends with a NULL name */
};

/* NULL-terminated. */
const struct allocator *const *allocators_all(void);

/* A function to probe, found in a file. */
struct probe_site {
	const struct allocator_function *function;
	uint64_t file_offset; /* of the probed instruction */
	uint64_t vaddr;       /* the same as an ELF virtual address */
	uint64_t cookie;      /* the function's recipe, and the extent of the code around it */
};

/* Looks in the ELF file behind fd for the allocator: its soname, then its functions
 * in the dynamic symbol table (the symbol table where there is no other). Names that
 * share an address are one site. Returns the number of sites, 0 where the file is
 * not this allocator's (or no ELF file of this machine), or a negative errno. */
int probes_find(const struct allocator *allocator, int fd, struct probe_site sites[PROBES_MAX_SITES]);

/* Whether the kernel must single-step the probed instruction, or can emulate it. */
bool probes_is_stepped(int fd, const struct probe_site *site);

/* Does the file bring a malloc of its own that is none of the known allocators' and not
 * the dynamic loader's? Programs may call that one, and it is not counted. */
bool probes_has_other_malloc(int fd);

/* What kind of program a file is, as far as it decides whether it can be profiled. */
enum program_kind {
	PROGRAM_DYNAMIC, /* has a dynamic loader */
	PROGRAM_STATIC,
	PROGRAM_FOREIGN, /* an ELF file of another class or machine: 32-bit, for one */
	PROGRAM_NOT_ELF,
};
enum program_kind program_kind_of(int fd);

#endif
