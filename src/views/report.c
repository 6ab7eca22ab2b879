// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report in the terminal. Its first screen answers: how much, when was the peak,
 * who held it. 100 columns, for which names and long stacks are cut; `--top 0` shows
 * every stack, and cuts nothing. */
#include "views_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_LINES = 12, /* of a stack */
	INDENT = 8,
	LONGEST_NAME = 4096,
};

struct sort_key {
	const char *name;
	const char *title;
	size_t value;       /* in struct profile_counts */
	size_t count;       /* of the `unit` that the bytes are in */
	const char *unit;   /* NULL: not known, or the value is a count itself */
	unsigned int needs; /* PROFILE_NEEDS_* */
};

#define COUNTS(field) offsetof(struct profile_counts, field)

static const struct sort_key sort_keys[] = {
	[REPORT_AT_PEAK] = {"at-peak", "bytes at the peak", COUNTS(at_peak_bytes), COUNTS(at_peak_allocs),
			    "blocks", PROFILE_NEEDS_FREES},
	[REPORT_LIVE] = {"live", "live bytes", COUNTS(live_bytes), COUNTS(live_allocs), "blocks",
			 PROFILE_NEEDS_FREES},
	[REPORT_PEAK] = {"peak", "bytes at their own peaks", COUNTS(peak_bytes), 0, NULL,
			 PROFILE_NEEDS_FREES},
	[REPORT_ALLOCATED] = {"allocated", "bytes allocated", COUNTS(allocated_bytes), COUNTS(allocs),
			      "allocations", 0},
	[REPORT_ALLOCS] = {"allocs", "allocations", COUNTS(allocs), 0, NULL, 0},
	[REPORT_TEMPORARY] = {"temporary", "temporary allocations", COUNTS(temporary_allocs), 0, NULL,
			      PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL},
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

static enum report_sort sort_of(const struct profile *profile, enum report_sort sort)
{
	if (sort != REPORT_DEFAULT)
		return sort;
	return profile_knows(profile, PROFILE_NEEDS_FREES) ? REPORT_AT_PEAK : REPORT_ALLOCATED;
}

const char *report_sort_lacks(const struct profile *profile, enum report_sort sort)
{
	unsigned int needs = sort_keys[sort_of(profile, sort)].needs;
	if (profile_knows(profile, needs))
		return NULL;
	if (!profile_knows(profile, needs & PROFILE_NEEDS_FREES))
		return "it was captured with --allocs-only, and where free is not probed neither live, peak "
		       "nor temporary is known";
	return "it was captured with --sample, and a sample does not show what is temporary";
}

static uint64_t figure(const struct profile_counts *counts, size_t offset)
{
	return *(const uint64_t *)((const char *)counts + offset);
}

/* The larger first; what is equal in the profile's order. */
static int compare(const void *a, const void *b, void *key)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	uint64_t x = figure(&first->counts, ((const struct sort_key *)key)->value);
	uint64_t y = figure(&second->counts, ((const struct sort_key *)key)->value);
	if (x != y)
		return x < y ? 1 : -1;
	return first < second ? -1 : first > second;
}

static void write_state(const struct profile *profile, FILE *out)
{
	if (profile->state == PROFILE_RUNNING)
		fputs("still running", out);
	else if (profile->target.has_signal)
		fprintf(out, "killed by signal %d (%s)", profile->target.signal,
			strsignal(profile->target.signal));
	else if (profile->target.has_exit_status)
		fprintf(out, "exit status %d", profile->target.exit_status);
	else
		fputs(profile->reason == PROFILE_EXIT ? "has ended" : "left running", out);
}

static void write_header(const struct profile *profile, const struct style *style, FILE *out)
{
	char text[VIEW_COLUMNS + 1], duration[16];
	const char *command = profile->target.command;
	if (!command || !*command)
		command = profile->target.exe ? profile->target.exe : "(no command)";
	fprintf(out, "%s%s%s\n", style->bold, format_safe(command, text, sizeof(text)), style->end);
	fprintf(out, "pid %d, ", profile->target.pid);
	write_state(profile, out);
	fprintf(out, "; captured for %s, %s", format_ms(profile->capture.duration_ms, duration),
		profile->target.attached_running ? "attached while it ran" : "from its start");
	const char *separator = "; ";
	if (profile->capture.allocator) {
		fprintf(out, "%s%s", separator, format_safe(profile->capture.allocator, text, 32));
		separator = ", ";
	}
	fprintf(out, "%s%s\n", profile->capture.sample_bytes ? "" : separator,
		profile->capture.sample_bytes ? "" : "exact");
	mode_write(profile, "", out);
	fputc('\n', out);
}

/* "  peak         1.5 GiB  ..." */
static void __attribute__((format(printf, 4, 5)))
write_total(FILE *out, const char *name, const char *value, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(out, "  %-9s %13s", name, value);
	if (*format)
		fputs("  ", out);
	vfprintf(out, format, args);
	fputc('\n', out);
	va_end(args);
}

static void write_totals(const struct profile *profile, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char value[40], bytes[40], count[40], ms[24];
	bool running = profile->state == PROFILE_RUNNING;
	bool frees = profile_knows(profile, PROFILE_NEEDS_FREES),
	     all = profile_knows(profile, PROFILE_NEEDS_ALL);
	if (frees) {
		write_total(out, "peak", figure_bytes(profile, totals->peak_bytes, value),
			    "%sin %s blocks, after %s", figure_all_bytes(profile, totals->peak_bytes, bytes),
			    figure_count(profile, profile->peak_allocs, count),
			    figure_ms(profile, profile->peak_ms, ms));
		write_total(out, "live", figure_bytes(profile, totals->live_bytes, value),
			    "%sin %s blocks, %s", figure_all_bytes(profile, totals->live_bytes, bytes),
			    figure_count(profile, totals->live_allocs, count),
			    running ? "now" : "at the end");
	}
	write_total(out, "allocated", figure_bytes(profile, totals->allocated_bytes, value),
		    "%sin %s allocations", figure_all_bytes(profile, totals->allocated_bytes, bytes),
		    figure_count(profile, totals->allocs, count));
	if (frees)
		write_total(out, "freed", figure_bytes(profile, totals->freed_bytes, value), "%sin %s frees",
			    figure_all_bytes(profile, totals->freed_bytes, bytes),
			    figure_count(profile, totals->frees, count));
	write_total(out, "reallocs", figure_count(profile, totals->reallocs, value),
		    frees ? "each counts as an allocation, and as a free of the old block"
			  : "each counts as an allocation");
	if (frees && all)
		write_total(out, "temporary", figure_count(profile, totals->temporary_allocs, value),
			    "%s of allocations: freed before the next one on their thread",
			    figure_share(profile, totals->temporary_allocs, totals->allocs, count));
	if (all && profile->failed_allocs)
		write_total(out, "failed", figure_count(profile, profile->failed_allocs, value),
			    "allocations returned NULL");
}

/* Frames with what is inlined in them, one a line, up to `most` lines. */
struct frame_lines {
	const struct profile *profile;
	FILE *out;
	size_t most;
	size_t written;
	size_t width; /* of a line's text, with the end of the string */
};

static void write_inlined(struct frame_lines *lines, const struct profile_frame *frame)
{
	static const char mark[] = " [inlined]";
	char text[LONGEST_NAME];
	for (size_t i = 0; i < frame->n_inlined && lines->written < lines->most; i++, lines->written++)
		fprintf(lines->out, "%*s%s%s\n", INDENT, "",
			format_inline(&frame->inlined[i], text, lines->width - strlen(mark)), mark);
}

static void write_frame(struct frame_lines *lines, const struct profile_frame *frame)
{
	char text[LONGEST_NAME];
	write_inlined(lines, frame);
	if (lines->written++ < lines->most)
		fprintf(lines->out, "%*s%s\n", INDENT, "",
			format_frame(lines->profile, frame, text, lines->width));
}

static size_t count_lines(const struct profile *profile, const struct profile_stack *stack)
{
	size_t lines = stack->n_frames;
	for (uint32_t i = 0; i < stack->n_frames; i++)
		lines += profile->frames[stack->frames[i]].n_inlined;
	return lines;
}

static void write_frames(const struct profile *profile, const struct profile_stack *stack, bool all,
			 FILE *out)
{
	size_t total = count_lines(profile, stack);
	struct frame_lines lines = {
		.profile = profile,
		.out = out,
		.most = all || total <= MOST_LINES ? total : MOST_LINES - 1,
		.width = all ? LONGEST_NAME : VIEW_COLUMNS - INDENT + 1,
	};
	for (uint32_t i = 0; i < stack->n_frames && lines.written < lines.most; i++)
		write_frame(&lines, &profile->frames[stack->frames[i]]);
	if (!stack->n_frames)
		fprintf(out, "%*s[unknown]\n", INDENT, "");
	if (lines.most < total)
		fprintf(out, "%*s... %zu more\n", INDENT, "", total - lines.most);
	else if (stack->truncated)
		fprintf(out, "%*s... (its callers are not known%s%s)\n", INDENT, "",
			profile_is_reason(stack->why) ? ": " : "",
			profile_is_reason(stack->why) ? profile_integrity_sentence(stack->why) : "");
}

/* The rank, the figure sorted by, and a peak that it is not. */
static void write_stack_head(const struct profile *profile, const struct profile_counts *counts, size_t rank,
			     enum report_sort sort, const struct style *style, FILE *out)
{
	const struct sort_key *key = &sort_keys[sort];
	uint64_t value = figure(counts, key->value);
	char text[40], share[24];
	bool is_count = sort == REPORT_ALLOCS || sort == REPORT_TEMPORARY;
	fprintf(out, "\n%s%4zu. %9s  %*s", style->bold, rank,
		is_count ? figure_count(profile, value, text) : figure_bytes(profile, value, text),
		figure_width(profile, 6),
		figure_share(profile, value, figure(&profile->totals, key->value), share));
	if (key->unit)
		fprintf(out, "  in %s %s", figure_count(profile, figure(counts, key->count), text),
			key->unit);
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		fprintf(out, "%s%s %s", key->unit ? ", " : "  ",
			sort == REPORT_AT_PEAK ? "own peak" : "at peak",
			figure_bytes(profile,
				     sort == REPORT_AT_PEAK ? counts->peak_bytes : counts->at_peak_bytes,
				     text));
	fprintf(out, "%s\n", style->end);
}

/* The figures beside it, as far as there are any. */
static void write_stack_figures(const struct profile *profile, const struct profile_counts *counts,
				enum report_sort sort, const struct style *style, FILE *out)
{
	char bytes[24], count[40];
	const char *separator = "";
	if (!profile_knows(profile, PROFILE_NEEDS_FREES) && sort == REPORT_ALLOCATED)
		return;
	fprintf(out, "%*s%s", INDENT, "", style->dim);
	if (sort != REPORT_ALLOCATED) {
		fprintf(out, "allocated %s in %s", figure_bytes(profile, counts->allocated_bytes, bytes),
			figure_count(profile, counts->allocs, count));
		separator = ", ";
	}
	if (profile_knows(profile, PROFILE_NEEDS_FREES) && sort != REPORT_LIVE) {
		fprintf(out, "%slive %s in %s", separator, figure_bytes(profile, counts->live_bytes, bytes),
			figure_count(profile, counts->live_allocs, count));
		separator = ", ";
	}
	if (profile_knows(profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL))
		fprintf(out, "%s%s temporary", separator,
			figure_count(profile, counts->temporary_allocs, count));
	fprintf(out, "%s\n", style->end);
}

/* The stacks that have any of it: sorted, they come first. */
static size_t count_any(const struct profile_stack **sorted, size_t n, const struct sort_key *key)
{
	while (n && !figure(&sorted[n - 1]->counts, key->value))
		n--;
	return n;
}

static void write_rest(size_t rest, FILE *out)
{
	char count[32];
	if (rest)
		fprintf(out, "\n%s more %s; --top N shows N, --top 0 all of them, uncut\n",
			format_count(rest, count), rest == 1 ? "stack" : "stacks");
}

static void write_stacks(const struct profile *profile, const struct profile_stack **sorted,
			 const struct report_options *options, FILE *out)
{
	enum report_sort sort = sort_of(profile, options->sort);
	const struct sort_key *key = &sort_keys[sort];
	const struct style *style = style_of(options->color);
	/* --top 0 means really all. */
	size_t all = options->top ? count_any(sorted, profile->n_stacks, key) : profile->n_stacks;
	size_t shown = options->top && options->top < all ? options->top : all;
	char count[32];
	if (!shown) {
		fprintf(out, "\nNo stack has any %s.\n", key->title);
		return;
	}
	fprintf(out, "\n%s%zu of %s %s by %s%s\n", style->bold, shown, format_count(all, count),
		all == 1 ? "stack" : "stacks", key->title, style->end);
	for (size_t i = 0; i < shown; i++) {
		write_stack_head(profile, &sorted[i]->counts, i + 1, sort, style, out);
		write_stack_figures(profile, &sorted[i]->counts, sort, style, out);
		write_frames(profile, sorted[i], !options->top, out);
	}
	write_rest(all - shown, out);
}

static void write_empty(const struct profile *profile, FILE *out)
{
	if (!profile->capture.allocator)
		fputs("\nNothing was allocated: no allocator was found in the process.\n", out);
	else if (profile->capture.sample_bytes)
		fputs("\nNo allocation was kept while the capture ran.\n", out);
	else
		fputs("\nNothing was allocated while the capture ran.\n", out);
}

int report_write(const struct profile *profile, const struct report_options *options, FILE *out)
{
	if (report_sort_lacks(profile, options->sort))
		return -EINVAL;
	const struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort_r(sorted, profile->n_stacks, sizeof(struct profile_stack *), compare,
		(void *)(uintptr_t)&sort_keys[sort_of(profile, options->sort)]);

	errno = 0;
	write_header(profile, style_of(options->color), out);
	write_totals(profile, out);
	cost_write(profile, out);
	warnings_write(profile, options->color, out);
	if (profile->n_stacks || profile->totals.allocs)
		write_stacks(profile, sorted, options, out);
	else
		write_empty(profile, out);
	free(sorted);
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
