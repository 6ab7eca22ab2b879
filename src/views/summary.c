// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The few lines at the end of a capture. A stack is one line: it begins at the first
 * function that is the program's own, for "operator new < std::vector" says little of
 * who allocates. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 5, NAME_BYTES = 48 };

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

/* What stacks are sorted by: bytes at the peak, or, where that is not known, allocated. */
static uint64_t bytes_of(const struct profile *profile, const struct profile_counts *counts)
{
	return profile_knows(profile, PROFILE_NEEDS_FREES) ? counts->at_peak_bytes : counts->allocated_bytes;
}

static void write_stack(const struct profile *profile, const struct profile_stack *stack, FILE *out)
{
	static const char more[] = " < ...";
	int column = 2 + figure_width(profile, 6) + 2 + figure_width(profile, 8) + 2;
	struct chain chain = {.room = VIEW_COLUMNS - (size_t)column + 1 - strlen(more)};
	char share[24], text[24];
	uint64_t bytes = bytes_of(profile, &stack->counts);
	chain_fill(&chain, profile, stack, false);
	if (!chain.used)
		chain_fill(&chain, profile, stack, true);
	fprintf(out, "  %*s  %*s  %s%s\n", figure_width(profile, 6),
		figure_share(profile, bytes, bytes_of(profile, &profile->totals), share),
		figure_width(profile, 8), figure_bytes(profile, bytes, text),
		chain.used ? chain.text : "[unknown]", chain.full ? more : "");
}

/* The larger first; what is equal in the profile's order. */
static int compare(const void *a, const void *b, void *profile)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	uint64_t x = bytes_of(profile, &first->counts), y = bytes_of(profile, &second->counts);
	if (x != y)
		return x < y ? 1 : -1;
	return first < second ? -1 : first > second;
}

static int write_stacks(const struct profile *profile, FILE *out)
{
	const struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort_r(sorted, profile->n_stacks, sizeof(struct profile_stack *), compare,
		(void *)(uintptr_t)profile);
	for (size_t i = 0; i < profile->n_stacks && i < TOP && bytes_of(profile, &sorted[i]->counts); i++)
		write_stack(profile, sorted[i], out);
	free(sorted);
	return 0;
}

static void write_lived(const struct profile *profile, const struct style *style, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char bytes[24], count[40], ms[24];
	fprintf(out, "peak %s in %s blocks, after %s%s\n", figure_bytes(profile, totals->peak_bytes, bytes),
		figure_count(profile, profile->peak_allocs, count), figure_ms(profile, profile->peak_ms, ms),
		style->end);
	fprintf(out, "  allocated %s in %s", figure_bytes(profile, totals->allocated_bytes, bytes),
		figure_count(profile, totals->allocs, count));
	if (profile_knows(profile, PROFILE_NEEDS_ALL))
		fprintf(out, ", temporary %s", figure_count(profile, totals->temporary_allocs, count));
	fprintf(out, "; live at the end %s in %s\n", figure_bytes(profile, totals->live_bytes, bytes),
		figure_count(profile, totals->live_allocs, count));
}

static void write_totals(const struct profile *profile, const struct style *style, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char name[64], bytes[24], count[40];
	fprintf(out, "%scaptrack-bpf: %s (pid %d): ", style->bold,
		format_safe(format_basename(profile->target.exe), name, sizeof(name)), profile->target.pid);
	if (!totals->allocs)
		fprintf(out, "%s%s%s\n",
			profile->capture.sample_bytes ? "no allocation was kept" : "no allocations",
			profile->capture.allocator ? "" : ", no allocator found", style->end);
	else if (profile_knows(profile, PROFILE_NEEDS_FREES))
		write_lived(profile, style, out);
	else
		fprintf(out, "allocated %s in %s allocations%s\n",
			figure_bytes(profile, totals->allocated_bytes, bytes),
			figure_count(profile, totals->allocs, count), style->end);
	mode_write(profile, "  ", out);
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
