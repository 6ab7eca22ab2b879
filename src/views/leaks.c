// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --leaks: what lives, told apart: stacks that hold more and more, blocks of the first
 * second (what a program sets up once), and all else. That a block lives at the end is no leak
 * by itself: most programs leave the freeing to the kernel. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Below, src/snapshot/leaks.c gives no verdict. */
enum { LEAST_MS = 3500, STARTUP_MS = 1000 };

double leak_badness(const struct profile_stack *stack)
{
	return stack->leak.score > 0 ? stack->leak.score * (double)stack->leak.bytes_per_s : -1;
}

/* The worst leak first, then the most live bytes; what is equal in the profile's order. */
int compare_by_leak(const void *a, const void *b, void *unused)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	double x = leak_badness(first), y = leak_badness(second);
	(void)unused;
	if (x < y || x > y)
		return x < y ? 1 : -1;
	if (first->counts.live_bytes != second->counts.live_bytes)
		return first->counts.live_bytes < second->counts.live_bytes ? 1 : -1;
	if (first->counts.live_allocs != second->counts.live_allocs)
		return first->counts.live_allocs < second->counts.live_allocs ? 1 : -1;
	return first < second ? -1 : first > second;
}

static bool knows_age(const struct profile *profile, const struct profile_stack *stack)
{
	return stack->ages.known && profile_knows(profile, PROFILE_DETAILS);
}

/* Of a capture that had no more than its first second, that says nothing. */
static uint64_t startup_allocs(const struct profile *profile, const struct profile_stack *stack)
{
	bool told = knows_age(profile, stack) && profile->capture.duration_ms > STARTUP_MS;
	return told ? stack->ages.startup_allocs : 0;
}

static void add(struct leak_group *group, uint64_t bytes, uint64_t blocks)
{
	group->bytes += bytes;
	group->blocks += blocks;
	group->stacks += blocks > 0;
}

/* A stack that grows is one, whatever of it is from the first second. */
static void add_stack(struct leak_groups *groups, const struct profile *profile,
		      const struct profile_stack *stack)
{
	const struct profile_counts *counts = &stack->counts;
	uint64_t blocks = startup_allocs(profile, stack);
	uint64_t bytes = blocks ? stack->ages.startup_bytes : 0;
	groups->ages = groups->ages || knows_age(profile, stack);
	if (stack->leak.score > 0) {
		add(&groups->growing, counts->live_bytes, counts->live_allocs);
		groups->growing.bytes_per_s += stack->leak.bytes_per_s;
		return;
	}
	add(&groups->startup, bytes, blocks);
	add(&groups->other, counts->live_bytes > bytes ? counts->live_bytes - bytes : 0,
	    counts->live_allocs > blocks ? counts->live_allocs - blocks : 0);
}

void leak_groups_fill(struct leak_groups *groups, const struct profile *profile)
{
	for (size_t i = 0; i < profile->n_stacks; i++)
		if (profile->stacks[i].counts.live_allocs || profile->stacks[i].counts.live_bytes)
			add_stack(groups, profile, &profile->stacks[i]);
	groups->tells_growing = groups->growing.stacks || profile->capture.duration_ms >= LEAST_MS;
	groups->tells_startup = groups->ages && profile->capture.duration_ms > STARTUP_MS;
}

static void write_group(const struct profile *profile, const char *name, const struct leak_group *group,
			const char *what, FILE *out)
{
	char bytes[24], count[40], stacks[32];
	fprintf(out, "  %-9s %13s  in %s %s of %s %s%s\n", name, figure_bytes(profile, group->bytes, bytes),
		figure_count(profile, group->blocks, count), group->blocks == 1 ? "block" : "blocks",
		format_count(group->stacks, stacks), group->stacks == 1 ? "stack" : "stacks", what);
}

static const char *no_ages(const struct profile *profile)
{
	if (!profile_knows(profile, PROFILE_DETAILS))
		return "; a sample does not tell their age";
	return profile->state == PROFILE_RUNNING ? "; their age is known at the end"
						 : "; their age is not known";
}

static void write_groups(const struct profile *profile, const struct leak_groups *groups, FILE *out)
{
	char what[64], rate[24], count[32];
	if (groups->growing.stacks) {
		snprintf(what, sizeof(what), ", by %s/s",
			 figure_bytes(profile, groups->growing.bytes_per_s, rate));
		write_group(profile, "growing", &groups->growing, what, out);
	} else if (!groups->tells_growing) {
		fprintf(out,
			"  %-9s %13s  too short to tell what keeps growing: that takes 4 s, and 8 "
			"snapshots\n",
			"growing", "?");
	} else {
		fprintf(out, "  %-9s %13s  no stack was seen to keep growing over the %s %s\n", "growing",
			"none", format_count(profile->capture.snapshots, count),
			profile->capture.snapshots == 1 ? "snapshot" : "snapshots");
	}
	if (groups->tells_startup)
		write_group(profile, "startup", &groups->startup, ", from the capture's first second", out);
	write_group(profile, "other", &groups->other, groups->ages ? "" : no_ages(profile), out);
}

/* What kind of leak it is, if any. */
static void write_kind(const struct profile *profile, const struct profile_stack *stack,
		       const struct style *style, FILE *out)
{
	uint64_t startup = startup_allocs(profile, stack);
	char bytes[24], count[32];
	if (stack->leak.score > 0)
		fprintf(out, "%s, growing by %s/s, score %.2f", style->warn,
			figure_bytes(profile, stack->leak.bytes_per_s, bytes), stack->leak.score);
	else if (!startup)
		return;
	else if (startup >= stack->counts.live_allocs)
		fputs(", from the first second", out);
	else
		fprintf(out, ", %s of them from the first second", format_count(startup, count));
}

static void write_head(const struct profile *profile, const struct profile_stack *stack, size_t rank,
		       const struct style *style, FILE *out)
{
	const struct profile_counts *counts = &stack->counts;
	char bytes[24], share[24], count[40];
	fprintf(out, "\n%s%4zu. %9s  %*s  in %s %s%s", style->bold, rank,
		figure_bytes(profile, counts->live_bytes, bytes), figure_width(profile, 6),
		figure_share(profile, counts->live_bytes, profile->totals.live_bytes, share),
		figure_count(profile, counts->live_allocs, count),
		counts->live_allocs == 1 ? "block" : "blocks", style->end);
	write_kind(profile, stack, style, out);
	fprintf(out, "%s\n", style->end);
}

/* "alive for 5.0 ms to 58.0 s, mean 29.0 s; 9,000 of 10,000 freed" */
static void write_ages(const struct profile *profile, const struct profile_stack *stack,
		       const struct style *style, FILE *out)
{
	const struct profile_ages *ages = &stack->ages;
	char most[16], least[16], mean[16], frees[40], allocs[40];
	fprintf(out, "%*s%s", VIEW_INDENT, "", style->dim);
	if (knows_age(profile, stack)) {
		format_ns(ages->max, most);
		if (strcmp(most, format_ns(ages->min, least)))
			fprintf(out, "alive for %s to %s, mean %s; ", least, most,
				format_ns(ages->mean, mean));
		else
			fprintf(out, "alive for %s; ", most);
	}
	fprintf(out, "%s of %s freed%s\n", figure_count(profile, stack->counts.frees, frees),
		figure_count(profile, stack->counts.allocs, allocs), style->end);
}

static const char *nothing_lives(const struct profile *profile)
{
	if (profile->capture.sample_bytes)
		return profile->totals.allocs ? "All that was kept has been freed."
					      : "No allocation was kept while the capture ran.";
	return profile->totals.allocs ? "All that was allocated has been freed."
				      : "Nothing was allocated while the capture ran.";
}

int leaks_write(struct report *report, FILE *out)
{
	const struct profile *profile = report->profile;
	const struct report_options *options = report->options;
	const struct style *style = report->style;
	const struct profile_stack **sorted = report->selection.stacks;
	struct leak_groups groups = {0};
	size_t all = 0;
	char count[32];
	selection_sort(report, compare_by_leak, NULL);
	for (size_t i = 0; i < report->selection.n; i++) /* those in which something lives, in order */
		if (sorted[i]->counts.live_allocs || sorted[i]->counts.live_bytes)
			sorted[all++] = sorted[i];
	leak_groups_fill(&groups, profile);
	bool any = groups.growing.stacks || groups.startup.stacks || groups.other.stacks;
	if (any)
		write_groups(profile, &groups, out);
	bool warned = warnings_write(profile, options->color, out);
	if (!any)
		fprintf(out, "%s%s\n", warned ? "\n" : "", nothing_lives(profile));
	if (!any || !matching_write(report, "\n", out))
		return 0;
	size_t shown = shown_of(options, all);
	if (all)
		fprintf(out, "\n%s%zu of %s %s with live blocks, what grows first%s\n", style->bold, shown,
			format_count(all, count), all == 1 ? "stack" : "stacks", style->end);
	else
		fputs("\nNothing of these lives.\n", out);
	for (size_t i = 0; i < shown; i++) {
		write_head(profile, sorted[i], i + 1, style, out);
		write_ages(profile, sorted[i], style, out);
		frames_write(profile, sorted[i], !options->top, out);
	}
	rest_write(all - shown, "stack", "stacks", out);
	return 0;
}
