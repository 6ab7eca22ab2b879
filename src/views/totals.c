// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a report begins with: whose it is, and how much there was of all. */
#include "views_internal.h"

#include <stdarg.h>
#include <string.h>

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

/* Two lines, the second of which goes on. */
static void write_whose(const struct profile *profile, const struct style *style, FILE *out)
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
}

void header_write(const struct profile *profile, const struct style *style, FILE *out)
{
	char text[32];
	if (is_merged(profile))
		merged_header_write(profile, style, out);
	else
		write_whose(profile, style, out);
	const char *separator = "; ";
	if (profile->capture.allocator) {
		fprintf(out, "%s%s", separator, format_safe(profile->capture.allocator, text, sizeof(text)));
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

static void write_rate(const struct profile *profile, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	uint64_t ms = profile->capture.duration_ms;
	char value[40], allocs[40], frees[40];
	if (!ms || !totals->allocs || is_merged(profile))
		return;
	strcat(figure_bytes_rate(profile, totals->allocated_bytes, ms, value), "/s");
	figure_rate(profile, totals->allocs, ms, allocs);
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		write_total(out, "rate", value, "%s allocations, %s frees a second", allocs,
			    figure_rate(profile, totals->frees, ms, frees));
	else
		write_total(out, "rate", value, "%s allocations a second", allocs);
}

/* What realloc did, where it did anything to a block that is known. */
static void write_reallocs(const struct profile *profile, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char value[40], grown[40], moved[40], bytes[24];
	figure_count(profile, totals->reallocs, value);
	if (profile_knows(profile, PROFILE_DETAILS) && (totals->grown_in_place || totals->moved))
		write_total(out, "reallocs", value,
			    "each an allocation and a free; %s grew in place, %s moved %s",
			    figure_count(profile, totals->grown_in_place, grown),
			    figure_count(profile, totals->moved, moved),
			    figure_bytes(profile, totals->moved_bytes, bytes));
	else
		write_total(out, "reallocs", value,
			    profile_knows(profile, PROFILE_NEEDS_FREES)
				    ? "each counts as an allocation, and as a free of the old block"
				    : "each counts as an allocation");
}

void totals_write(const struct profile *profile, FILE *out)
{
	const struct profile_counts *totals = &profile->totals;
	char value[40], bytes[40], count[40], ms[24], whose[32] = "";
	static const char *const moments[2][2] = {{"at the end", "now"},
						  {"at the end of each", "at the end of each, or by now"}};
	bool running = profile->state == PROFILE_RUNNING;
	bool frees = profile_knows(profile, PROFILE_NEEDS_FREES),
	     all = profile_knows(profile, PROFILE_NEEDS_ALL);
	if (is_merged(profile))
		snprintf(whose, sizeof(whose), "of pid %d, ", profile->target.pid);
	if (frees) {
		write_total(out, "peak", figure_bytes(profile, totals->peak_bytes, value),
			    "%sin %s blocks, %safter %s",
			    figure_all_bytes(profile, totals->peak_bytes, bytes),
			    figure_count(profile, profile->peak_allocs, count), whose,
			    figure_ms(profile, profile->peak_ms, ms));
		write_total(out, "live", figure_bytes(profile, totals->live_bytes, value),
			    "%sin %s blocks, %s", figure_all_bytes(profile, totals->live_bytes, bytes),
			    figure_count(profile, totals->live_allocs, count),
			    moments[is_merged(profile)][running]);
	}
	write_total(out, "allocated", figure_bytes(profile, totals->allocated_bytes, value),
		    "%sin %s allocations", figure_all_bytes(profile, totals->allocated_bytes, bytes),
		    figure_count(profile, totals->allocs, count));
	if (frees)
		write_total(out, "freed", figure_bytes(profile, totals->freed_bytes, value), "%sin %s frees",
			    figure_all_bytes(profile, totals->freed_bytes, bytes),
			    figure_count(profile, totals->frees, count));
	write_rate(profile, out);
	write_reallocs(profile, out);
	if (frees && all)
		write_total(out, "temporary", figure_count(profile, totals->temporary_allocs, value),
			    "%s of allocations: freed before the next one on their thread",
			    figure_share(profile, totals->temporary_allocs, totals->allocs, count));
	if (all && profile->failed_allocs)
		write_total(out, "failed", figure_count(profile, profile->failed_allocs, value),
			    "allocations returned NULL");
}
