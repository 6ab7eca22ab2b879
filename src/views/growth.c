// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --sort growth: which buffers grow by realloc, how far, and what they should have begun
 * with. The stack is the one that a buffer's first allocation came from. */
#include "views_internal.h"

#include <string.h>

static const struct profile_growth none;

static const struct profile_growth *growth_of(const struct profile_stack *stack)
{
	return stack->growth ? stack->growth : &none;
}

/* The most bytes copied first, then the most chains; what is equal in the profile's order. */
int compare_by_growth(const void *a, const void *b, void *unused)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	const struct profile_growth *x = growth_of(first), *y = growth_of(second);
	(void)unused;
	if (x->copied_bytes != y->copied_bytes)
		return x->copied_bytes < y->copied_bytes ? 1 : -1;
	if (x->chains != y->chains)
		return x->chains < y->chains ? 1 : -1;
	return first < second ? -1 : first > second;
}

/* The blocks that began at the stack, nearly: a step of a chain is an allocation, too, and those that
 * realloc made here are most likely steps of chains from here. */
static uint64_t count_births(const struct profile_stack *stack)
{
	uint64_t steps =
		stack->growth->steps < stack->counts.reallocs ? stack->growth->steps : stack->counts.reallocs;
	uint64_t births = stack->counts.allocs > steps ? stack->counts.allocs - steps : 0;
	return births > stack->growth->chains ? births : stack->growth->chains;
}

static void write_head(const struct profile_stack *stack, size_t rank, uint64_t total,
		       const struct profile *profile, const struct style *style, FILE *out)
{
	const struct profile_growth *growth = stack->growth;
	char bytes[24], share[24], steps[32], chains[32];
	fprintf(out, "\n%s%4zu. %9s  %6s  copied if each step moves: %s %s in %s %s%s\n", style->bold, rank,
		figure_bytes(profile, growth->copied_bytes, bytes),
		figure_share(profile, growth->copied_bytes, total, share), format_count(growth->steps, steps),
		growth->steps == 1 ? "step" : "steps", format_count(growth->chains, chains),
		growth->chains == 1 ? "chain" : "chains", style->end);
}

/* "14 times", "2.5 times" */
static const char *format_times(const struct profile_growth *growth, char out[40])
{
	double times = (double)growth->steps / (double)growth->chains;
	bool whole = growth->steps % growth->chains == 0 || times >= 10;
	snprintf(out, 40, "%.*f %s", whole ? 0 : 1, times,
		 growth->steps == growth->chains ? "time" : "times");
	return out;
}

static void write_sentence(const struct profile *profile, const struct profile_stack *stack, FILE *out)
{
	struct profile_growth *growth = stack->growth;
	char text[400], times[40], middle[16], most[16], exact[32], chains[32], births[32];
	uint64_t median = profile_growth_percentile(growth, 0.5);
	uint64_t p95 = profile_growth_percentile(growth, 0.95), all = count_births(stack);
	format_times(growth, times);
	format_bytes(median, middle);
	format_bytes(p95, most);
	format_count(p95, exact);
	if (!growth->n_final_sizes)
		snprintf(text, sizeof(text), "has grown %s; %s", times,
			 profile->state == PROFILE_RUNNING ? "none has ended yet, so no final size is known"
							   : "final sizes are not known");
	else if (p95 <= growth->first_bytes / growth->chains)
		snprintf(text, sizeof(text),
			 "ends no larger than it begins, at a median of %s, p95 %s after realloc %s", middle,
			 most, times);
	else if (growth->chains == 1)
		snprintf(text, sizeof(text), "grew %s to %s, the only chain: start at %s B", times, most,
			 exact);
	else
		snprintf(text, sizeof(text), "grows %s to a median of %s, p95 %s: start at %s B", times,
			 middle, most, exact);
	/* Where few grow, what helps them costs the others. */
	if (growth->chains < all / 2)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "; but only %s of %s blocks met realloc", format_count(growth->chains, chains),
			 format_count(all, births));
	fprintf(out, "%*s", VIEW_INDENT, "");
	wrapped_write(text, VIEW_INDENT, VIEW_INDENT, out);
}

/* What the sentence rests on. */
static void write_basis(const struct profile *profile, const struct profile_stack *stack,
			const struct style *style, FILE *out)
{
	const struct profile_growth *growth = stack->growth;
	uint64_t births = count_births(stack);
	char text[400], bytes[16], count[32], all[32];
	size_t used = (size_t)snprintf(text, sizeof(text), "begins with %s on average",
				       format_bytes(growth->first_bytes / growth->chains, bytes));
	if (growth->chains >= births / 2)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "; %s of %s %s met realloc",
					 format_count(growth->chains, count), format_count(births, all),
					 births == 1 ? "block" : "blocks");
	if (profile->state == PROFILE_RUNNING)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "; %s chains have ended",
					 format_count(growth->total_observed, count));
	else if (growth->open_chains)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "; %s still open at the end",
					 format_count(growth->open_chains, count));
	if (growth->n_final_sizes && growth->n_final_sizes < growth->total_observed)
		snprintf(text + used, sizeof(text) - used, "; median and p95 of a sample of %s sizes",
			 format_count(growth->n_final_sizes, count));
	fprintf(out, "%*s%s", VIEW_INDENT, "", style->dim);
	wrapped_write(text, VIEW_INDENT, VIEW_INDENT, out);
	fputs(style->end, out);
}

int growth_write(struct report *report, FILE *out)
{
	const struct profile *profile = report->profile;
	const struct report_options *options = report->options;
	const struct style *style = report->style;
	const struct profile_stack **sorted = report->selection.stacks;
	size_t all = 0;
	char count[32];
	selection_sort(report, compare_by_growth, NULL);
	while (all < report->selection.n && growth_of(sorted[all])->chains)
		all++;
	size_t shown = shown_of(options, all);
	if (all)
		fprintf(out, "\n%s%zu of %s %s by %s%s\n", style->bold, shown, format_count(all, count),
			all == 1 ? "stack" : "stacks", report->key->title, style->end);
	else
		fputs("\nNo block met realloc.\n", out);
	for (size_t i = 0; i < shown; i++) {
		write_head(sorted[i], i + 1, report->selection.total, profile, style, out);
		write_sentence(profile, sorted[i], out);
		write_basis(profile, sorted[i], style, out);
		frames_write(profile, sorted[i], !options->top, out);
	}
	rest_write(all - shown, "stack", "stacks", out);
	return 0;
}
