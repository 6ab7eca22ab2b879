/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SITE_INTERNAL_H
#define CAPTRACK_SITE_INTERNAL_H

#include <capstone/capstone.h>

#include "captrack/site.h"

/* What the scan asks of an architecture: one file each, site_scan_ARCH.c. */

enum site_flow {
	SITE_GOES_ON,
	SITE_BRANCHES, /* on a condition, to `target` */
	SITE_GOES,     /* for good: a jump, a return */
	SITE_CALLS,
	SITE_UNKNOWN, /* an instruction whose effects are not known here */
};

/* One instruction's effects, as far as the scan needs them. */
struct site_step {
	enum site_flow flow;
	bool emulated;         /* by the kernel, under a uprobe, from Linux 6.1 on */
	bool moves_frame;      /* writes the stack or the frame pointer */
	uint16_t writes;       /* bit n: place n, or a part of it */
	uint8_t copies, into;  /* the whole of one place into another; 0: none */
	uint8_t tests;         /* sets the flags by the whole of this place against 0 */
	bool keeps_flags;      /* leaves them as they are */
	bool branches_on_zero; /* taken if what was tested is 0 */
	bool has_target;
	uint64_t target; /* an address */
};

/* A decoder with details, 0 where there is none. */
csh site_arch_open(void);
void site_arch_step(const cs_insn *instruction, struct site_step *out);
const char *site_arch_place(unsigned int place); /* NULL: no such */

#endif
