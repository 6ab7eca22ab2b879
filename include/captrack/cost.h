/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_COST_H
#define CAPTRACK_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "captrack/records.h"

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

/* Of one call: probed on its entry, or, with leave, on its return too. */
uint64_t trap_cost_of_call(const struct trap_cost *trap, bool stepped, bool leave, bool sessions);

/* --- what a capture will cost --- */

/* ns in our programs for one call at a stack of some 10 frames. */
struct program_cost {
	uint32_t alloc;
	uint32_t realloc;
	uint32_t free;
	uint32_t unkept; /* a call that is looked at, and not booked */
};

enum cost_mode { COST_EXACT, COST_SAMPLED, COST_ALLOCS_ONLY, COST_MODES };

struct cost_basis {
	struct ct_calls calls;
	struct trap_cost trap;
	bool has_program; /* else it is left out */
	struct program_cost program;
	bool sessions; /* a call that is not sampled saves its return probe */
};

/* The share of the calls that ask for bytes which sampling keeps: 1 - exp(-size / sample_bytes). */
double cost_kept_share(const struct ct_calls *calls, uint64_t sample_bytes);
/* What the counted calls would have cost under a capture. */
uint64_t cost_of_capture_ns(const struct cost_basis *basis, enum cost_mode mode, uint64_t sample_bytes);
/* What it cost to count them. */
uint64_t cost_of_counting_ns(const struct cost_basis *basis);

/* What is left of the CPU time without us is a difference. Where that is less than a tenth, it
 * is too small to be told, a tenth is taken for it, and the slowdown is that or more. */
#define COST_MOST_SLOWDOWN 10.0
/* The slower, the more is missing in the difference: from here on a slowdown is told as at least so much. See
 * docs/architecture.md. */
#define COST_SURE_SLOWDOWN 3.0

/* CPU time with and without us: cpu_ns has overhead_ns in it. At most as above. 0 where there
 * is no CPU time. */
double cost_slowdown(uint64_t cpu_ns, uint64_t overhead_ns);
/* The same of a capture to come: seen_ns is with the cost of counting. 0 where it is not known. */
double cost_slowdown_to_expect(uint64_t seen_ns, uint64_t counting_ns, uint64_t capture_ns, bool *or_more);

/* --- of one image, on the way --- */
struct image_cost {
	bool stepped[4]; /* by enum ct_call: the main function's site */
	bool has_cpu;
	bool cpu_is_final;
	uint64_t cpu_begin_ns; /* the process's when the image began, */
	uint64_t cpu_ns;       /* and since, when it was last read; */
	uint64_t overhead_ns;  /* ours until then */
};

#endif
