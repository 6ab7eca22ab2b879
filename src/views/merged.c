// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a report says of a merged profile's processes: each has a peak of its own, and their sum is none. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_COMMAND = 4096 };

bool is_merged(const struct profile *profile)
{
	return profile->n_merged > 1;
}

static const char *name_of(const char *command, const char *exe)
{
	return command && *command ? command : exe ? exe : "(no command)";
}

/* "merged of 12 processes; the peak is pid 42's (shop --all)", in one line. */
static void write_title(const struct profile *profile, const struct style *style, FILE *out)
{
	char count[32], head[128], command[VIEW_COLUMNS + 1];
	int length = snprintf(head, sizeof(head), "merged of %s processes",
			      format_count(profile->n_merged, count));
	fprintf(out, "%s%s", style->bold, head);
	if (profile_knows(profile, PROFILE_NEEDS_FREES)) {
		length += fprintf(out, "; the peak is pid %d's (", profile->target.pid);
		format_safe(name_of(profile->target.command, profile->target.exe), command,
			    (size_t)(VIEW_COLUMNS - length));
		fprintf(out, "%s)", command);
	}
	fprintf(out, "%s\n", style->end);
}

void merged_header_write(const struct profile *profile, const struct style *style, FILE *out)
{
	char count[32], duration[16];
	size_t running = 0;
	for (size_t i = 0; i < profile->n_merged; i++)
		running += profile->merged[i].state == PROFILE_RUNNING;
	write_title(profile, style, out);
	if (running)
		fprintf(out, "%s still running", format_count(running, count));
	else
		fputs("all final", out);
	fprintf(out, "; captured for up to %s", format_ms(profile->capture.duration_ms, duration));
}

/* What stands first is the most: peaks, or where they are not known bytes allocated. */
static int compare(const void *a, const void *b)
{
	const struct profile_process *first = *(struct profile_process *const *)a;
	const struct profile_process *second = *(struct profile_process *const *)b;
	if (first->holds_peak != second->holds_peak)
		return first->holds_peak ? -1 : 1;
	if (first->peak_bytes != second->peak_bytes)
		return first->peak_bytes < second->peak_bytes ? 1 : -1;
	if (first->allocated_bytes != second->allocated_bytes)
		return first->allocated_bytes < second->allocated_bytes ? 1 : -1;
	return first < second ? -1 : first > second;
}

static const char *format_end(const struct profile_process *process, char out[16])
{
	out[0] = '\0';
	if (process->state == PROFILE_RUNNING)
		strcpy(out, "running");
	else if (process->has_signal)
		snprintf(out, 16, "signal %d", process->signal);
	else if (process->has_exit_status && process->exit_status)
		snprintf(out, 16, "exit %d", process->exit_status);
	return out;
}

static void write_columns(const struct profile *profile, const struct style *style, FILE *out)
{
	fprintf(out, "%s  %9s", style->dim, "pid");
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		fprintf(out, "  %9s  %8s  %9s", "peak", "after", "live");
	fprintf(out, "  %9s  %-10s  command%s\n", "allocated", "end", style->end);
}

static void write_process(const struct profile *profile, const struct profile_process *process, bool all,
			  FILE *out)
{
	char bytes[24], live[24], ms[24], end[16], command[LONGEST_COMMAND];
	int column = fprintf(out, "  %9d", process->pid);
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		column += fprintf(out, "  %9s  %8s  %9s", figure_bytes(profile, process->peak_bytes, bytes),
				  figure_ms(profile, process->peak_ms, ms),
				  figure_bytes(profile, process->live_bytes, live));
	column += fprintf(out, "  %9s  %-10s  ", figure_bytes(profile, process->allocated_bytes, bytes),
			  format_end(process, end));
	fprintf(out, "%s\n",
		format_safe(name_of(process->command, process->exe), command,
			    all ? sizeof(command) : (size_t)(VIEW_COLUMNS - column + 1)));
}

int merged_write(const struct profile *profile, const struct report_options *options, FILE *out)
{
	const struct style *style = style_of(options->color);
	size_t all = profile->n_merged;
	size_t shown = options->processes && options->processes < all ? options->processes : all;
	char count[32];
	if (!is_merged(profile))
		return 0;
	const struct profile_process **sorted = calloc(all, sizeof(struct profile_process *));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < all; i++)
		sorted[i] = &profile->merged[i];
	qsort(sorted, all, sizeof(struct profile_process *), compare);
	fprintf(out, "\n%s%zu of %s processes by %s%s\n", style->bold, shown, format_count(all, count),
		profile_knows(profile, PROFILE_NEEDS_FREES) ? "peak" : "bytes allocated", style->end);
	write_columns(profile, style, out);
	for (size_t i = 0; i < shown; i++)
		write_process(profile, sorted[i], !options->processes, out);
	if (shown < all)
		fprintf(out, "  %s more; --top 0 shows all\n", format_count(all - shown, count));
	free(sorted);
	return 0;
}
