// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What of a profile is shown: the stacks, or threads, that the filters keep. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is asked of stacks, once for each frame and thread that they have. */
struct asked {
	struct calls calls;
	struct stack_filter filter;
	bool *frames;
	bool *threads; /* NULL: any */
};

static bool has_names(const struct report_options *options)
{
	return options->function || options->file || options->object;
}

bool has_filter(const struct report *report)
{
	const struct report_options *options = report->options;
	/* What is too small for a tree is folded in it, not left out. */
	bool min_bytes = options->min_bytes && options->view != REPORT_TREE;
	return has_names(options) || options->thread || min_bytes;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* By its id, or a pattern for its name; a number is no part of a name. */
static bool thread_matches(const char *wanted, const struct profile_thread *thread)
{
	if (!is_number(wanted))
		return pattern_matches(wanted, thread->name ? thread->name : "?");
	return (thread->tid && strtoull(wanted, NULL, 10) == (unsigned long long)thread->tid) ||
	       (thread->name && !strcmp(wanted, thread->name));
}

static int asked_init(struct asked *asked, const struct profile *profile,
		      const struct report_options *options)
{
	int result = calls_init(&asked->calls, profile, CALLS_BY_LINE);
	if (result)
		return result;
	asked->filter = (struct stack_filter){
		.function = options->function,
		.file = options->file,
		.object = options->object,
		.thread = -1,
	};
	asked->frames = calloc(profile->n_frames + 1, sizeof(*asked->frames));
	asked->threads = calloc(profile->n_threads + 1, sizeof(*asked->threads));
	if (!asked->frames || !asked->threads)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_frames && has_names(options); i++)
		asked->frames[i] = filter_matches_frame(&asked->filter, &asked->calls, (uint32_t)i);
	for (size_t i = 0; i < profile->n_threads && options->thread; i++)
		asked->threads[i] = thread_matches(options->thread, &profile->threads[i]);
	return 0;
}

static void asked_deinit(struct asked *asked)
{
	calls_deinit(&asked->calls);
	free(asked->frames);
	free(asked->threads);
}

static bool stack_matches(const struct asked *asked, const struct report_options *options,
			  const struct profile_stack *stack)
{
	if (options->thread && (!stack->has_thread || !asked->threads[stack->thread]))
		return false;
	if (!has_names(options))
		return true;
	for (uint32_t i = 0; i < stack->n_frames; i++)
		if (asked->frames[stack->frames[i]])
			return true;
	return filter_matches_end(&asked->filter, &asked->calls, stack);
}

/* Files may lie. */
static void add_up(uint64_t *sum, uint64_t value)
{
	*sum = value > UINT64_MAX - *sum ? UINT64_MAX : *sum + value;
}

const struct figure *key_of_sums(const struct report *report)
{
	bool is_peak = report->key == sort_key_of(report->profile, REPORT_PEAK);
	return is_peak ? sort_key_of(report->profile, REPORT_AT_PEAK) : report->key;
}

static void select_stack(struct report *report, size_t index, bool matches)
{
	struct selection *selection = &report->selection;
	const struct profile_stack *stack = &report->profile->stacks[index];
	uint64_t figure = stack_figure(key_of_sums(report), stack);
	bool is_large = report->options->view == REPORT_TREE ||
			stack_figure(report->key, stack) >= report->options->min_bytes;
	add_up(&selection->total, figure);
	selection->keeps[index] = matches && is_large;
	if (!selection->keeps[index])
		return;
	selection->stacks[selection->n++] = stack;
	add_up(&selection->sum, figure);
}

static int select_stacks(struct report *report)
{
	const struct profile *profile = report->profile;
	struct selection *selection = &report->selection;
	struct asked asked = {0};
	bool ask = has_names(report->options) || report->options->thread;
	int result = ask ? asked_init(&asked, profile, report->options) : 0;
	selection->keeps = calloc(profile->n_stacks + 1, sizeof(*selection->keeps));
	selection->stacks = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!result && (!selection->keeps || !selection->stacks))
		result = -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks && !result; i++)
		select_stack(report, i, !ask || stack_matches(&asked, report->options, &profile->stacks[i]));
	asked_deinit(&asked);
	return result;
}

static int select_threads(struct report *report)
{
	const struct profile *profile = report->profile;
	const struct report_options *options = report->options;
	struct selection *selection = &report->selection;
	selection->threads = calloc(profile->n_threads + 1, sizeof(struct profile_thread *));
	if (!selection->threads)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_threads; i++) {
		const struct profile_thread *thread = &profile->threads[i];
		add_up(&selection->total, thread->allocated_bytes);
		if ((options->thread && !thread_matches(options->thread, thread)) ||
		    thread->allocated_bytes < options->min_bytes)
			continue;
		selection->threads[selection->n_threads++] = thread;
		add_up(&selection->sum, thread->allocated_bytes);
	}
	return 0;
}

int selection_init(struct report *report)
{
	switch (report->options->view) {
	case REPORT_THREADS:
		return select_threads(report);
	case REPORT_TIMELINE:
		return 0;
	default:
		return select_stacks(report);
	}
}

void selection_deinit(struct report *report)
{
	free(report->selection.keeps);
	free(report->selection.stacks);
	free(report->selection.threads);
	memset(&report->selection, 0, sizeof(report->selection));
}

static const char *figure_text(const struct report *report, uint64_t value, char out[40])
{
	return report->key->is_bytes ? figure_bytes(report->profile, value, out)
				     : figure_count(report->profile, value, out);
}

bool matching_write(const struct report *report, const char *before, FILE *out)
{
	const struct selection *selection = &report->selection;
	bool is_threads = report->options->view == REPORT_THREADS;
	size_t n = is_threads ? selection->n_threads : selection->n;
	size_t all = is_threads ? report->profile->n_threads : report->profile->n_stacks;
	const char *what = is_threads ? "thread" : "stack";
	char count[32], of[32], sum[40], total[40], share[24];
	if (!has_filter(report) || !all)
		return true;
	if (n)
		fprintf(out, "%s%s of %s %s%s %s: %s of %s (%s) by %s\n", before, format_count(n, count),
			format_count(all, of), what, all == 1 ? "" : "s", n == 1 ? "matches" : "match",
			figure_text(report, selection->sum, sum),
			figure_text(report, selection->total, total),
			figure_share(report->profile, selection->sum, selection->total, share),
			key_of_sums(report)->title);
	else
		fprintf(out, "%sNone of %s %s%s matches.\n", before, format_count(all, of), what,
			all == 1 ? "" : "s");
	return n > 0;
}
