// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From counts and costs of single calls to a slowdown. */
#include "captrack/cost.h"

#include <math.h>

uint64_t trap_cost_of_call(const struct trap_cost *trap, bool stepped, bool leave, bool sessions)
{
	uint64_t step = trap->stepped > trap->emulated ? trap->stepped - trap->emulated : 0;
	uint64_t ns = !leave ? trap->emulated : sessions && trap->session ? trap->session : trap->both;
	return ns + (stepped ? step : 0);
}

double cost_kept_share(const struct ct_calls *calls, uint64_t sample_bytes)
{
	double kept = 0, all = 0;
	for (int i = 0; i < CT_SIZE_CLASSES; i++) {
		double count = (double)calls->sizes[i];
		if (count > 0)
			kept += count * -expm1(-(double)calls->bytes[i] / count / (double)sample_bytes);
		all += count;
	}
	return all > 0 ? kept / all : 0;
}

/* Traps of one kind of call: all of them at the entry, a share of them at the return. */
static double traps(const struct cost_basis *basis, enum ct_call kind, double leaving)
{
	double ns = 0;
	for (int stepped = 0; stepped < 2; stepped++) {
		double entry = (double)trap_cost_of_call(&basis->trap, stepped, false, basis->sessions);
		double both = (double)trap_cost_of_call(&basis->trap, stepped, true, basis->sessions);
		double extra = both > entry ? both - entry : 0;
		ns += (double)basis->calls.calls[kind][stepped] * (entry + leaving * extra);
	}
	return ns;
}

static double count(const struct cost_basis *basis, enum ct_call kind)
{
	return (double)basis->calls.calls[kind][0] + (double)basis->calls.calls[kind][1];
}

/* Programs, where a share of the calls is booked. One that is not cannot cost more, but for the
 * noise of the measurement. */
static double programs(const struct cost_basis *basis, enum ct_call kind, uint32_t booked, double share)
{
	uint32_t unkept = basis->program.unkept < booked ? basis->program.unkept : booked;
	if (!basis->has_program)
		return 0;
	return count(basis, kind) * (share * booked + (1 - share) * unkept);
}

uint64_t cost_of_capture_ns(const struct cost_basis *basis, enum cost_mode mode, uint64_t sample_bytes)
{
	const struct program_cost *program = &basis->program;
	double kept = mode == COST_SAMPLED ? cost_kept_share(&basis->calls, sample_bytes) : 1;
	/* Only a session's entry program can save the return. */
	double leaving = basis->sessions ? kept : 1;
	double ns = traps(basis, CT_CALL_ALLOC, leaving) + traps(basis, CT_CALL_REALLOC, leaving) +
		    programs(basis, CT_CALL_ALLOC, program->alloc, kept) +
		    programs(basis, CT_CALL_REALLOC, program->realloc, kept);
	if (mode != COST_ALLOCS_ONLY)
		ns += traps(basis, CT_CALL_FREE, 0) + programs(basis, CT_CALL_FREE, program->free, kept);
	return (uint64_t)ns;
}

uint64_t cost_of_counting_ns(const struct cost_basis *basis)
{
	double ns = 0;
	for (enum ct_call kind = CT_CALL_ALLOC; kind <= CT_CALL_FREE; kind++)
		ns += traps(basis, kind, 0);
	return (uint64_t)ns;
}

double cost_slowdown(uint64_t cpu_ns, uint64_t overhead_ns)
{
	double most = (double)cpu_ns * (1 - 1 / COST_MOST_SLOWDOWN);
	if (!cpu_ns)
		return 0;
	return (double)overhead_ns < most ? (double)cpu_ns / (double)(cpu_ns - overhead_ns)
					  : COST_MOST_SLOWDOWN;
}

double cost_slowdown_to_expect(uint64_t seen_ns, uint64_t counting_ns, uint64_t capture_ns, bool *or_more)
{
	double plain = (double)seen_ns - (double)counting_ns, least = (double)seen_ns / COST_MOST_SLOWDOWN;
	*or_more = plain < least && capture_ns && seen_ns;
	if (!capture_ns)
		return 1;
	return seen_ns ? 1 + (double)capture_ns / (plain < least ? least : plain) : 0;
}
