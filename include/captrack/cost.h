/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_COST_H
#define CAPTRACK_COST_H

#include <stdbool.h>
#include <stdint.h>

/* What being profiled costs the target. */

/* --- a trap into the kernel, measured on this machine --- */

/* ns of a call with empty programs on it; 0: not known. */
struct trap_cost {
	uint32_t emulated; /* on the entry, at an instruction that the kernel emulates */
	uint32_t stepped;  /* the same, at one that it must single-step */
	uint32_t both;     /* on the entry (emulated) and on the return */
	uint32_t session;  /* the same by one session link; 0 where the kernel has none */
};

struct trap_meter;

/* A child of ours measures on functions of its own, for some 10 ms; nobody waits. It is told
 * apart by nothing but its pid, has none of our descriptors, and ends with us. To be called
 * before there are threads. NULL where it cannot be started. */
struct trap_meter *trap_meter_start(void);
/* What it found; false if it has nothing (yet). */
bool trap_meter_read(const struct trap_meter *meter, struct trap_cost *out);
/* The same, waiting for it for that long at most. */
bool trap_meter_wait(const struct trap_meter *meter, unsigned int ms, struct trap_cost *out);
void trap_meter_free(struct trap_meter *meter); /* NULL-safe; does not wait */

#endif
