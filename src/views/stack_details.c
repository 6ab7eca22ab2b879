// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a stack's blocks were like: how large, how long they lived, who freed them. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_CHAIN = 24, LONGEST_CHAIN = 4096 };

static uint64_t count_of(const struct profile_histogram *histogram)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < histogram->n; i++)
		count += histogram->counts[i];
	return count;
}

static void add_sizes(const struct profile_sizes *sizes, char *text, size_t size)
{
	char least[16], most[16];
	format_bytes(sizes->min, least);
	format_bytes(sizes->max, most);
	if (strcmp(least, most))
		snprintf(text, size, "%s to %s each", least, most);
	else
		snprintf(text, size, "%s each", least);
}

static void add_lifetimes(const struct profile_lifetimes *lifetimes, char *text, size_t size)
{
	uint64_t count = count_of(&lifetimes->log2);
	char least[16], most[16], mean[16];
	format_ns(lifetimes->min, least);
	format_ns(lifetimes->max, most);
	if (!strcmp(least, most))
		snprintf(text, size, "lived %s", least);
	else if (lifetimes->has_sum && count)
		snprintf(text, size, "lived %s to %s, mean %s", least, most,
			 format_ns(lifetimes->sum / count, mean));
	else
		snprintf(text, size, "lived %s to %s", least, most);
}

/* Of a capture by thread. */
static void add_thread(const struct profile_thread *thread, char *text, size_t size)
{
	char name[40];
	if (thread->tid)
		snprintf(text, size, "by thread %d, %s", thread->tid,
			 format_safe(thread->name ? thread->name : "?", name, sizeof(name)));
	else
		snprintf(text, size, "by threads for which there was no room");
}

/* "16 B to 4.0 KiB each; lived 1.2 us to 3.4 s, mean 12.0 ms; 3 freed by another thread" */
static void write_blocks(const struct profile *profile, const struct profile_stack *stack,
			 const struct style *style, FILE *out)
{
	char parts[4][80] = {"", "", "", ""}, count[32];
	const char *separator = "";
	size_t column = VIEW_INDENT;
	if (profile_knows(profile, PROFILE_NEEDS_ALL | PROFILE_NEEDS_DETAILS) && stack->sizes.log2.n)
		add_sizes(&stack->sizes, parts[0], sizeof(parts[0]));
	if (profile_knows(profile, PROFILE_DETAILS) && stack->lifetimes.log2.n)
		add_lifetimes(&stack->lifetimes, parts[1], sizeof(parts[1]));
	if (profile_knows(profile, PROFILE_DETAILS) && stack->counts.cross_thread_frees)
		snprintf(parts[2], sizeof(parts[2]), "%s freed by another thread",
			 format_count(stack->counts.cross_thread_frees, count));
	if (stack->has_thread)
		add_thread(&profile->threads[stack->thread], parts[3], sizeof(parts[3]));
	if (!*parts[0] && !*parts[1] && !*parts[2] && !*parts[3])
		return;
	fprintf(out, "%*s%s", VIEW_INDENT, "", style->dim);
	for (int i = 0; i < 4; i++) {
		if (!*parts[i])
			continue;
		if (column + strlen(parts[i]) + 2 > VIEW_COLUMNS) {
			fprintf(out, ";\n%*s", VIEW_INDENT, "");
			column = VIEW_INDENT;
			separator = "";
		}
		column += (size_t)fprintf(out, "%s%s", separator, parts[i]);
		separator = "; ";
	}
	fprintf(out, "%s\n", style->end);
}

/* The most frees first; what is equal in the profile's order. */
static int compare(const void *a, const void *b)
{
	const struct profile_freed_by *first = *(struct profile_freed_by *const *)a;
	const struct profile_freed_by *second = *(struct profile_freed_by *const *)b;
	if (first->frees != second->frees)
		return first->frees < second->frees ? 1 : -1;
	return first < second ? -1 : first > second;
}

/* "  400 (3 by another thread)" */
static void add_frees(const struct profile_freed_by *freed_by, char *text, size_t size)
{
	char frees[32], others[32];
	snprintf(text, size, "  %s", format_count(freed_by->frees, frees));
	if (freed_by->cross_thread_frees)
		snprintf(text + strlen(text), size - strlen(text), " (%s by another thread)",
			 format_count(freed_by->cross_thread_frees, others));
}

static void write_freed_by(const struct profile *profile, const struct profile_freed_by *freed_by,
			   const char *rest, bool all, const struct style *style, FILE *out)
{
	static const char head[] = "freed by: ";
	const struct profile_free_stack *stack = &profile->free_stacks[freed_by->free_stack];
	char chain[LONGEST_CHAIN], frees[96];
	add_frees(freed_by, frees, sizeof(frees));
	size_t used = VIEW_INDENT + strlen(head) + strlen(frees) + strlen(rest);
	size_t room = sizeof(chain);
	if (!all)
		room = used + LEAST_CHAIN < VIEW_COLUMNS ? VIEW_COLUMNS - used + 1 : LEAST_CHAIN;
	fprintf(out, "%*s%s%s%s%s%s%s\n", VIEW_INDENT, "", style->dim, head,
		format_chain(profile, stack->frames, stack->n_frames, chain, room), frees, rest, style->end);
}

/* The first of them on one line, or each on one of its own. */
static int write_all_freed_by(const struct profile *profile, const struct profile_stack *stack, bool all,
			      const struct style *style, FILE *out)
{
	char rest[64] = "", count[32];
	size_t n = stack->n_freed_by;
	if (!n)
		return 0;
	const struct profile_freed_by **sorted = calloc(n, sizeof(struct profile_freed_by *));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &stack->freed_by[i];
	qsort(sorted, n, sizeof(struct profile_freed_by *), compare);
	if (n > 1 && !all)
		snprintf(rest, sizeof(rest), "; %s other %s", format_count(n - 1, count),
			 n == 2 ? "stack" : "stacks");
	for (size_t i = 0; i < (all ? n : 1); i++)
		write_freed_by(profile, sorted[i], rest, all, style, out);
	free(sorted);
	return 0;
}

int stack_details_write(const struct profile *profile, const struct profile_stack *stack, bool all,
			const struct style *style, FILE *out)
{
	write_blocks(profile, stack, style, out);
	return profile_knows(profile, PROFILE_DETAILS) ? write_all_freed_by(profile, stack, all, style, out)
						       : 0;
}
