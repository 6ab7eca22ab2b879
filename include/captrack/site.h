/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SITE_H
#define CAPTRACK_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At which instruction of a function its probe sits.
 *
 * A uprobe on an instruction that the kernel emulates costs one trap; on any other the
 * kernel steps a copy of it, which costs two, and in virtual machines 30 times as much. So
 * the probe goes to the first emulated instruction from the entry on, if every call that
 * matters passes it exactly once, the arguments are still in registers there, and the stack
 * pointer is as at entry (the kernel half compares stack pointers, and return probes find the
 * return address by it). Where there is none, the probe sits at the entry. */

/* Arguments are numbered from 1. A place is a register, as the kernel half reads it: 1..6 the
 * registers of the parameters, from 7 on others, by architecture; 0 is none. */
enum { SITE_ARGUMENTS = 6, SITE_PLACES = 16 };

enum site_why {
	SITE_EMULATED,      /* found; all else: at the entry, because ... */
	SITE_FRAME_MOVES,   /* the stack or frame pointer changes before */
	SITE_ARGUMENT_LOST, /* an argument is overwritten before */
	SITE_LEAVES,        /* the function may go elsewhere before: a call, jump or return not emulated */
	SITE_UNKNOWN_CODE,  /* an instruction that this scan does not know comes before */
	SITE_TOO_FAR,       /* the known code ends before */
	SITE_JUMPED_TO,     /* a jump inside the function leads to it, or to what comes before it */
	SITE_NO_CODE,       /* the function's code or its size is not known */
	SITE_FORCED,        /* the user wants all probes at the entries */
	SITE_WHYS
};

struct site_function {
	const uint8_t *code; /* from the entry on, as far as it is known */
	size_t size;
	uint64_t address;    /* of the entry */
	uint16_t arguments;  /* that must be known at the site: bit n for argument n */
	uint8_t may_be_null; /* a call where this argument is 0 need not pass the site; 0: all must */
};

struct site {
	uint32_t offset; /* from the entry */
	bool emulated;
	enum site_why why;
	uint8_t place[SITE_ARGUMENTS + 1]; /* of each argument asked for, by its number */
	char text[64];                     /* the instruction, as assembly; "" where it is not known */
};

/* Always gives a site. The code may be any bytes. */
void site_choose(const struct site_function *function, struct site *out);

/* The entry, for the reason given. */
void site_entry(const struct site_function *function, enum site_why why, struct site *out);

/* Of instructions; but for SITE_EMULATED it goes after "at the entry: ". */
const char *site_why_text(enum site_why why);
/* The register's name, "?" where there is none. */
const char *site_place_name(unsigned int place);

#endif
