// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The few lines at the end of a capture. */
#include "captrack/views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 5, LINE = 100 };

/* A frame of the C or C++ runtime tells little of who allocates. */
static bool is_runtime(const struct profile *profile, const struct profile_frame *frame)
{
	static const char *const functions[] = {"operator new", "std::", "__gnu_cxx::", NULL};
	static const char *const objects[] = {"libc.so.6", "libstdc++.so.6", "ld-linux-x86-64.so.2", NULL};
	const char *path = profile->objects[frame->object].path;
	const char *base = path ? strrchr(path, '/') : NULL;
	for (const char *const *name = functions; frame->function && *name; name++)
		if (!strncmp(frame->function, *name, strlen(*name)))
			return true;
	for (const char *const *name = objects; base && *name; name++)
		if (!strcmp(base + 1, *name))
			return true;
	return false;
}

static void write_stack(const struct profile *profile, const struct profile_stack *stack, FILE *out)
{
	char bytes[16], text[LINE] = "[unknown]";
	uint32_t first = 0;
	while (first < stack->n_frames && is_runtime(profile, &profile->frames[stack->frames[first]]))
		first++;
	if (first == stack->n_frames)
		first = 0;
	size_t used = 0;
	for (uint32_t i = first; i < stack->n_frames; i++) {
		const struct profile_frame *frame = &profile->frames[stack->frames[i]];
		char one[LINE];
		format_frame(profile, frame, one, sizeof(one));
		if (frame->n_inlined && frame->inlined[0].function && i == first)
			format_safe(frame->inlined[0].function, one, sizeof(one));
		size_t length = strlen(one), room = LINE - 24;
		if (i > first && used + 4 + length > room)
			break;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s", i > first ? " < " : "",
					 (int)room, one);
		if (used >= room)
			break;
	}
	fprintf(out, "  %9s %5.1f%%  %s\n", format_bytes(stack->counts.at_peak_bytes, bytes),
		profile->totals.peak_bytes
			? 100.0 * (double)stack->counts.at_peak_bytes / (double)profile->totals.peak_bytes
			: 0.0,
		text);
}

static int by_at_peak(const void *a, const void *b)
{
	uint64_t x = (*(struct profile_stack *const *)a)->counts.at_peak_bytes;
	uint64_t y = (*(struct profile_stack *const *)b)->counts.at_peak_bytes;
	return x < y ? 1 : x > y ? -1 : 0;
}

int summary_write(const struct profile *profile, const char *path, bool color, FILE *out)
{
	char name[64], a[32], b[32], c[32], d[16], e[16], f[16], g[16];
	const struct profile_counts *totals = &profile->totals;
	const struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort(sorted, profile->n_stacks, sizeof(struct profile_stack *), by_at_peak);

	const char *exe = profile->target.exe ? profile->target.exe : "?";
	const char *slash = strrchr(exe, '/');
	fprintf(out, "captrack-bpf: %s (process %d): %s allocs, %s frees, %s temporary, %s in all\n",
		format_safe(slash ? slash + 1 : exe, name, sizeof(name)), profile->target.pid,
		format_count(totals->allocs, a), format_count(totals->frees, b),
		format_count(totals->temporary_allocs, c), format_bytes(totals->allocated_bytes, d));
	fprintf(out, "  peak %s after %s; live at the end %s in %s blocks\n",
		format_bytes(totals->peak_bytes, e), format_ms(profile->peak_ms, f),
		format_bytes(totals->live_bytes, g), format_count(totals->live_allocs, a));
	for (size_t i = 0; i < profile->n_stacks && i < TOP && sorted[i]->counts.at_peak_bytes; i++)
		write_stack(profile, sorted[i], out);
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		if (profile_integrity_warns(profile, (enum profile_integrity)i))
			fprintf(out, "  %swarning:%s %s %s\n", color ? "\033[33m" : "",
				color ? "\033[0m" : "", format_count(profile->integrity[i], a),
				profile_integrity_sentence((enum profile_integrity)i));
	if (path)
		fprintf(out, "  profile: %s\n", path);
	free(sorted);
	return ferror(out) ? -EIO : 0;
}
