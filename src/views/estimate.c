// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a capture would cost: what was counted, what is expected, and why. */
#include "views_internal.h"

#include "captrack/calls.h"

static double us(uint32_t ns)
{
	return (double)ns / 1000;
}

static uint64_t calls_of(const struct estimate *estimate, enum ct_call kind)
{
	return estimate->basis.calls.calls[kind][0] + estimate->basis.calls.calls[kind][1];
}

static void write_calls(const struct estimate *estimate, const char *name, enum ct_call kind, FILE *out)
{
	char total[32], rate[32];
	uint64_t calls = calls_of(estimate, kind);
	double a_second = estimate->elapsed_ns ? (double)calls * 1e9 / (double)estimate->elapsed_ns : 0;
	fprintf(out, "  %-14s %14s %14s\n", name, format_count(calls, total),
		format_count((uint64_t)(a_second + 0.5), rate));
}

static void write_mode(const struct estimate *estimate, const char *name, enum cost_mode mode, FILE *out)
{
	const struct cost_basis *basis = &estimate->basis;
	uint64_t cost = cost_of_capture_ns(basis, mode, estimate->sample_bytes);
	bool or_more;
	double slowdown =
		cost_slowdown_to_expect(estimate->cpu_ns, cost_of_counting_ns(basis), cost, &or_more);
	if (slowdown <= 0)
		fprintf(out, "  %-14s %14s", name, "not known");
	else
		fprintf(out, "  %-14s %13.2fx", name, slowdown);
	fprintf(out, "  %s%.3f s more CPU time a second\n", or_more ? "or more; " : "",
		estimate->elapsed_ns ? (double)cost / (double)estimate->elapsed_ns : 0);
}

static void write_basis(const struct estimate *estimate, FILE *out)
{
	const struct trap_cost *trap = &estimate->basis.trap;
	const struct program_cost *program = &estimate->basis.program;
	fprintf(out,
		"\nmeasured here: a probe on a function's entry %.1f us, %.1f us where the kernel must\n"
		"single-step the instruction; on entry and return %.1f us",
		us(trap->emulated), us(trap->stepped),
		us(estimate->basis.sessions ? trap->session : trap->both));
	if (estimate->basis.has_program)
		fprintf(out,
			". Our programs: %.1f us an allocation,\n%.1f us a free, %.1f us a call not kept",
			us(program->alloc), us(program->free), us(program->unkept));
	fputs(".\n", out);
}

static bool any_stepped(const struct estimate *estimate)
{
	for (int kind = CT_CALL_ALLOC; kind <= CT_CALL_FREE; kind++)
		if (estimate->basis.calls.calls[kind][1])
			return true;
	return false;
}

int estimate_write(const struct estimate *estimate, FILE *out)
{
	char name[64], elapsed[16], cpu[16], sample[16];
	fprintf(out, "%s (pid %d): allocator calls counted for %s, in which it took %s of CPU time\n\n",
		format_safe(path_basename(estimate->exe), name, sizeof(name)), estimate->pid,
		format_ms(estimate->elapsed_ns / 1000000, elapsed),
		format_ms(estimate->cpu_ns / 1000000, cpu));
	fprintf(out, "  %-14s %14s %14s\n", "", "calls", "a second");
	write_calls(estimate, "allocations", CT_CALL_ALLOC, out);
	write_calls(estimate, "reallocs", CT_CALL_REALLOC, out);
	write_calls(estimate, "frees", CT_CALL_FREE, out);
	fprintf(out, "\n  %-14s %14s\n", "capture", "slowdown");
	write_mode(estimate, "exact", COST_EXACT, out);
	write_mode(estimate, "--sample", COST_SAMPLED, out);
	write_mode(estimate, "--allocs-only", COST_ALLOCS_ONLY, out);
	write_basis(estimate, out);
	fprintf(out,
		"%sCalls that one of these makes inside another are counted too. A slowdown is of CPU time: "
		"a\n"
		"program that waits for most of its time shows less of it. --sample is of %s.\n",
		any_stepped(estimate) ? "Some of the calls above go through sites that are single-stepped.\n"
				      : "",
		format_bytes(estimate->sample_bytes, sample));
	return stream_end(out, 0);
}
