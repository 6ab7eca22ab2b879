// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The few lines at the end of a capture. A stack is one line: it begins at the first
 * function that is the program's own, for "operator new < std::vector" says little of
 * who allocates. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 5, STACK_COLUMN = 20, NAME_BYTES = 48 };

static bool has_prefix(const char *text, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (!strncmp(text, *prefixes, strlen(*prefixes)))
			return true;
	return false;
}

/* Of the C or C++ runtime, by its name or by the object it is in. */
static bool is_runtime(const char *function, const char *object)
{
	static const char *const functions[] = {"operator new", "std::", "__gnu_cxx",
						"__libc_",      "_dl_",  NULL};
	static const char *const objects[] = {"libc.so",      "libc-2.",  "libstdc++.so", "libc++.so",
					      "libc++abi.so", "ld-linux", "ld-2.",        "ld-musl",
					      "libgcc_s.so",  NULL};
	return (function && has_prefix(function, functions)) || has_prefix(object, objects);
}

/* The line of a stack as it grows: "parse < load < main". */
struct chain {
	char text[VIEW_COLUMNS];
	size_t used;
	size_t room; /* with the end of the string */
	bool full;
};

static void chain_add(struct chain *chain, const char *name)
{
	const char *separator = chain->used ? " < " : "";
	size_t length = strlen(separator) + strlen(name);
	if (chain->full || chain->used + length >= chain->room) {
		chain->full = true;
		return;
	}
	chain->used += (size_t)snprintf(chain->text + chain->used, chain->room - chain->used, "%s%s",
					separator, name);
}

/* The first function of the line comes with its place, its callers by name alone. */
static void chain_add_inline(struct chain *chain, const struct profile_inline *call)
{
	char text[VIEW_COLUMNS];
	if (!chain->used)
		chain_add(chain, format_inline(call, text, chain->room));
	else
		chain_add(chain, format_safe(call->function ? call->function : "?", text, NAME_BYTES));
}

static void chain_add_frame(struct chain *chain, const struct profile *profile,
			    const struct profile_frame *frame)
{
	char text[VIEW_COLUMNS];
	if (!chain->used || !frame->function)
		chain_add(chain, format_frame(profile, frame, text, chain->used ? NAME_BYTES : chain->room));
	else
		chain_add(chain, format_safe(frame->function, text, NAME_BYTES));
}

static void chain_fill(struct chain *chain, const struct profile *profile, const struct profile_stack *stack,
		       bool with_runtime)
{
	for (uint32_t i = 0; i < stack->n_frames && !chain->full; i++) {
		const struct profile_frame *frame = &profile->frames[stack->frames[i]];
		const char *object = format_basename(profile->objects[frame->object].path);
		for (size_t j = 0; j < frame->n_inlined; j++)
			if (with_runtime || !is_runtime(frame->inlined[j].function, object))
				chain_add_inline(chain, &frame->inlined[j]);
		if (with_runtime || !is_runtime(frame->function, object))
			chain_add_frame(chain, profile, frame);
	}
}

static void write_stack(const struct profile *profile, const struct profile_stack *stack, FILE *out)
{
	static const char more[] = " < ...";
	struct chain chain = {.room = VIEW_COLUMNS - STACK_COLUMN + 1 - strlen(more)};
	char bytes[16];
	chain_fill(&chain, profile, stack, false);
	if (!chain.used)
		chain_fill(&chain, profile, stack, true);
	fprintf(out, "  %5.1f%%  %8s  %s%s\n",
		percent_of(stack->counts.at_peak_bytes, profile->totals.peak_bytes),
		format_bytes(stack->counts.at_peak_bytes, bytes), chain.used ? chain.text : "[unknown]",
		chain.full ? more : "");
}

/* The larger first; what is equal in the profile's order. */
static int by_at_peak(const void *a, const void *b)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	if (first->counts.at_peak_bytes != second->counts.at_peak_bytes)
		return first->counts.at_peak_bytes < second->counts.at_peak_bytes ? 1 : -1;
	return first < second ? -1 : first > second;
}

static int write_stacks(const struct profile *profile, FILE *out)
{
	const struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort(sorted, profile->n_stacks, sizeof(struct profile_stack *), by_at_peak);
	for (size_t i = 0; i < profile->n_stacks && i < TOP && sorted[i]->counts.at_peak_bytes; i++)
		write_stack(profile, sorted[i], out);
	free(sorted);
	return 0;
}

static void write_totals(const struct profile *profile, const struct style *style, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char name[64], bytes[16], count[32], other[32], ms[16];
	fprintf(out, "%scaptrack-bpf: %s (pid %d): ", style->bold,
		format_safe(format_basename(profile->target.exe), name, sizeof(name)), profile->target.pid);
	if (!totals->allocs) {
		fprintf(out, "no allocations%s%s\n", profile->capture.allocator ? "" : ", no allocator found",
			style->end);
		return;
	}
	fprintf(out, "peak %s in %s blocks, after %s%s\n", format_bytes(totals->peak_bytes, bytes),
		format_count(profile->peak_allocs, count), format_ms(profile->peak_ms, ms), style->end);
	fprintf(out, "  allocated %s in %s, ", format_bytes(totals->allocated_bytes, bytes),
		format_count(totals->allocs, count));
	fprintf(out, "temporary %s; ", format_count(totals->temporary_allocs, count));
	fprintf(out, "live at the end %s in %s\n", format_bytes(totals->live_bytes, bytes),
		format_count(totals->live_allocs, other));
}

int summary_write(const struct profile *profile, const char *path, bool color, FILE *out)
{
	char text[4400];
	errno = 0;
	write_totals(profile, style_of(color), out);
	int result = write_stacks(profile, out);
	cost_write(profile, out);
	warnings_write(profile, color, out);
	if (path)
		fprintf(out, "  profile: %s\n", format_safe(path, text, sizeof(text)));
	if (!result && (fflush(out) || ferror(out)))
		result = errno ? -errno : -EIO;
	return result;
}
