// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --threads: who of them allocates, and who frees. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>

enum { NAME_COLUMNS = 16 };

/* The most bytes first; what is equal in the order of first allocations. */
int compare_threads(const void *a, const void *b)
{
	const struct profile_thread *first = *(struct profile_thread *const *)a;
	const struct profile_thread *second = *(struct profile_thread *const *)b;
	if (first->allocated_bytes != second->allocated_bytes)
		return first->allocated_bytes < second->allocated_bytes ? 1 : -1;
	if (first->allocs != second->allocs)
		return first->allocs < second->allocs ? 1 : -1;
	return first < second ? -1 : first > second;
}

static void write_thread(const struct profile *profile, const struct profile_thread *thread, FILE *out)
{
	char name[NAME_COLUMNS + 1], tid[16] = "-", bytes[24], share[24], allocs[40], frees[40], live[24],
				     blocks[40];
	if (thread->tid)
		snprintf(tid, sizeof(tid), "%d", thread->tid);
	fprintf(out, "%9s  %-*s %9s  %7s  %13s", tid, NAME_COLUMNS,
		format_safe(thread->name ? thread->name : "?", name, sizeof(name)),
		figure_bytes(profile, thread->allocated_bytes, bytes),
		figure_share(profile, thread->allocated_bytes, profile->totals.allocated_bytes, share),
		figure_count(profile, thread->allocs, allocs));
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		fprintf(out, "  %13s  %9s %9s", figure_count(profile, thread->frees, frees),
			figure_bytes(profile, thread->live_bytes, live),
			figure_count(profile, thread->live_allocs, blocks));
	fputc('\n', out);
}

static void write_columns(const struct profile *profile, const struct style *style, FILE *out)
{
	fprintf(out, "\n%s%9s  %-*s %9s  %7s  %13s", style->dim, "tid", NAME_COLUMNS, "name", "allocated", "",
		"allocations");
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		fprintf(out, "  %13s  %9s %9s", "frees", "live", "blocks");
	fprintf(out, "%s\n", style->end);
}

static void write_meaning(const struct profile *profile, FILE *out)
{
	char count[40];
	if (!profile_knows(profile, PROFILE_NEEDS_FREES))
		return;
	fputs("\nfrees: that the thread made, of any thread's blocks; live: of its own, whoever frees them\n",
	      out);
	if (profile_knows(profile, PROFILE_DETAILS))
		fprintf(out, "%s %s freed by another thread than allocated them\n",
			format_count(profile->totals.cross_thread_frees, count),
			profile->totals.cross_thread_frees == 1 ? "block was" : "blocks were");
}

int threads_write(struct report *report, FILE *out)
{
	const struct profile *profile = report->profile;
	const struct selection *selection = &report->selection;
	size_t all = selection->n_threads, shown = shown_of(report->options, all);
	char count[32];
	bool warned = warnings_write(profile, report->options->color, out);
	if (!profile->n_threads) {
		fprintf(out,
			"%sThe profile has no threads: none allocated, or it was made by an older version.\n",
			warned ? "\n" : "");
		return 0;
	}
	if (!matching_write(report, warned ? "\n" : "", out))
		return 0;
	qsort(selection->threads, all, sizeof(struct profile_thread *), compare_threads);
	fprintf(out, "%s%s%zu of %s %s by bytes allocated%s\n", warned || has_filter(report) ? "\n" : "",
		report->style->bold, shown, format_count(all, count), all == 1 ? "thread" : "threads",
		report->style->end);
	write_columns(profile, report->style, out);
	for (size_t i = 0; i < shown; i++)
		write_thread(profile, selection->threads[i], out);
	write_meaning(profile, out);
	rest_write(all - shown, "thread", "threads", out);
	return 0;
}
