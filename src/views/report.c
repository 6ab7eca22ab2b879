// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report in the terminal. Its first screen answers: how much, when was the peak,
 * who held it. */
#include "captrack/views.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FRAMES = 12, LINE = 100 };

struct sort_key {
	const char *name;
	const char *title;
	size_t offset; /* in struct profile_counts */
	bool bytes;
};

#define KEY(name, title, field, bytes)                                                                       \
	{                                                                                                    \
		name, title, offsetof(struct profile_counts, field), bytes                                   \
	}

static const struct sort_key sort_keys[] = {
	[REPORT_AT_PEAK] = KEY("at-peak", "bytes at the peak", at_peak_bytes, true),
	[REPORT_LIVE] = KEY("live", "live bytes", live_bytes, true),
	[REPORT_PEAK] = KEY("peak", "bytes at each stack's own peak", peak_bytes, true),
	[REPORT_ALLOCATED] = KEY("allocated", "bytes allocated in all", allocated_bytes, true),
	[REPORT_ALLOCS] = KEY("allocs", "number of allocations", allocs, false),
	[REPORT_TEMPORARY] = KEY("temporary", "number of temporary allocations", temporary_allocs, false),
};

bool report_sort_parse(const char *name, enum report_sort *out)
{
	for (size_t i = 0; i < sizeof(sort_keys) / sizeof(*sort_keys); i++) {
		if (!strcmp(sort_keys[i].name, name)) {
			*out = (enum report_sort)i;
			return true;
		}
	}
	return false;
}

static uint64_t value_of(const struct profile_counts *counts, const struct sort_key *key)
{
	return *(const uint64_t *)((const char *)counts + key->offset);
}

static int compare(const void *a, const void *b, void *key)
{
	uint64_t x = value_of(&(*(struct profile_stack *const *)a)->counts, key);
	uint64_t y = value_of(&(*(struct profile_stack *const *)b)->counts, key);
	return x < y ? 1 : x > y ? -1 : 0;
}

/* The nine figures, in two columns. */
static void write_totals(const struct profile *profile, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char a[32], b[32], c[16], d[16];
	fprintf(out, "  peak       %15s  (%s B in %s blocks, %s after the start)\n",
		format_bytes(totals->peak_bytes, c), format_count(totals->peak_bytes, a),
		format_count(profile->peak_allocs, b), format_ms(profile->peak_ms, d));
	fprintf(out, "  live       %15s  (%s B in %s blocks)\n", format_bytes(totals->live_bytes, c),
		format_count(totals->live_bytes, a), format_count(totals->live_allocs, b));
	fprintf(out, "  allocated  %15s  (%s B)\n", format_bytes(totals->allocated_bytes, c),
		format_count(totals->allocated_bytes, a));
	fprintf(out, "  allocs     %15s  of them %s temporary (%.1f%%), %s by realloc\n",
		format_count(totals->allocs, a), format_count(totals->temporary_allocs, b),
		totals->allocs ? 100.0 * (double)totals->temporary_allocs / (double)totals->allocs : 0.0,
		format_count(totals->reallocs, (char[32]){0}));
	fprintf(out, "  frees      %15s", format_count(totals->frees, a));
	if (profile->failed_allocs)
		fprintf(out, "; %s allocations failed", format_count(profile->failed_allocs, b));
	fputc('\n', out);
}

static void write_header(const struct profile *profile, bool color, FILE *out)
{
	char text[LINE], duration[16];
	fprintf(out, "%s%s%s\n", color ? "\033[1m" : "",
		format_safe(profile->target.command ? profile->target.command : profile->target.exe, text,
			    sizeof(text)),
		color ? "\033[0m" : "");
	fprintf(out, "  process %d, %s %s", profile->target.pid,
		profile->target.attached_running ? "attached to while running, captured for"
						 : "captured from its start, for",
		format_ms(profile->capture.duration_ms, duration));
	if (profile->capture.allocator)
		fprintf(out, ", %s", format_safe(profile->capture.allocator, text, sizeof(text)));
	if (profile->state == PROFILE_RUNNING)
		fprintf(out, "; still running at this snapshot");
	else if (profile->target.has_exit_status)
		fprintf(out, "; exit status %d", profile->target.exit_status);
	else if (profile->target.has_signal)
		fprintf(out, "; killed by signal %d", profile->target.signal);
	fputs("\n\n", out);
}

static void write_warnings(const struct profile *profile, bool color, FILE *out)
{
	char number[32];
	for (int i = 0; i < INTEGRITY_COUNT; i++) {
		enum profile_integrity which = (enum profile_integrity)i;
		if (profile_integrity_warns(profile, which))
			fprintf(out, "  %swarning:%s %s %s\n", color ? "\033[33m" : "",
				color ? "\033[0m" : "", format_count(profile->integrity[i], number),
				profile_integrity_sentence(which));
	}
}

static void write_inlined(const struct profile_frame *frame, FILE *out)
{
	for (size_t i = 0; i < frame->n_inlined; i++) {
		const struct profile_inline *place = &frame->inlined[i];
		const char *file = place->file ? place->file : "?";
		const char *slash = strrchr(file, '/');
		char raw[512], text[512];
		snprintf(raw, sizeof(raw), "%.300s (%.100s:%" PRIu32 ")",
			 place->function ? place->function : "?", slash ? slash + 1 : file, place->line);
		fprintf(out, "      %s [inlined]\n", format_safe(raw, text, sizeof(text)));
	}
}

static void write_frames(const struct profile *profile, const struct profile_stack *stack, bool all,
			 FILE *out)
{
	char text[LINE - 6];
	uint32_t most = all || stack->n_frames <= MOST_FRAMES + 1 ? stack->n_frames : MOST_FRAMES;
	if (!stack->n_frames)
		fputs("      [unknown]\n", out);
	for (uint32_t i = 0; i < most; i++) {
		const struct profile_frame *frame = &profile->frames[stack->frames[i]];
		write_inlined(frame, out);
		fprintf(out, "      %s\n", format_frame(profile, frame, text, sizeof(text)));
	}
	if (most < stack->n_frames)
		fprintf(out, "      ... %" PRIu32 " more frames (--top 0 shows all)\n",
			stack->n_frames - most);
	else if (stack->truncated)
		fputs("      ... (the stack could not be followed further)\n", out);
}

static void write_stack(const struct profile *profile, const struct profile_stack *stack, size_t rank,
			const struct sort_key *key, const struct report_options *options, FILE *out)
{
	uint64_t value = value_of(&stack->counts, key), total = value_of(&profile->totals, key);
	const struct profile_counts *counts = &stack->counts;
	char a[32], b[32], c[16], d[16], e[16];
	fprintf(out, "%s%3zu. %s", options->color ? "\033[1m" : "", rank,
		key->bytes ? format_bytes(value, c) : format_count(value, a));
	if (total && key->offset != offsetof(struct profile_counts, peak_bytes))
		fprintf(out, "  %.1f%%", 100.0 * (double)value / (double)total);
	fprintf(out, "%s  (%s allocs of %s in all; live %s; at peak %s, %s blocks)\n",
		options->color ? "\033[0m" : "", format_count(counts->allocs, a),
		format_bytes(counts->allocated_bytes, c), format_bytes(counts->live_bytes, d),
		format_bytes(counts->at_peak_bytes, e), format_count(counts->at_peak_allocs, b));
	write_frames(profile, stack, options->top == 0, out);
}

int report_write(const struct profile *profile, const struct report_options *options, FILE *out)
{
	const struct sort_key *key = &sort_keys[options->sort];
	const struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	char number[32];
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort_r(sorted, profile->n_stacks, sizeof(struct profile_stack *), compare, (void *)(uintptr_t)key);

	write_header(profile, options->color, out);
	write_totals(profile, out);
	write_warnings(profile, options->color, out);
	size_t most = options->top && options->top < profile->n_stacks ? options->top : profile->n_stacks;
	while (most && !value_of(&sorted[most - 1]->counts, key))
		most--;
	if (most)
		fprintf(out, "\n%zu of %s stacks, by %s:\n", most, format_count(profile->n_stacks, number),
			key->title);
	else
		fprintf(out, "\nno stack has any %s\n", key->title);
	for (size_t i = 0; i < most; i++) {
		fputc('\n', out);
		write_stack(profile, sorted[i], i + 1, key, options, out);
	}
	free(sorted);
	return fflush(out) || ferror(out) ? -(errno ? errno : EIO) : 0;
}
