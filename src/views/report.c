// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The report, to which each view adds what stands below the header. Its first screen answers: how
 * much, when was the peak, who held it. */
#include "views_internal.h"

#include <errno.h>

static void write_empty(const struct profile *profile, FILE *out)
{
	if (!profile->capture.allocator)
		fputs("\nNothing was allocated: no allocator was found in the process.\n", out);
	else if (profile->capture.sample_bytes)
		fputs("\nNo allocation was kept while the capture ran.\n", out);
	else
		fputs("\nNothing was allocated while the capture ran.\n", out);
}

/* A table or a tree of stacks, below the totals. */
static int write_stacks(struct report *report, FILE *out)
{
	const struct profile *profile = report->profile;
	totals_write(profile, out);
	int result = merged_write(profile, report->options, out);
	if (result)
		return result;
	cost_write(profile, out);
	warnings_write(profile, report->options->color, out);
	double_frees_write(profile, !report->options->top, report->style, out);
	if (!profile->n_stacks && !profile->totals.allocs) {
		write_empty(profile, out);
		return 0;
	}
	if (!matching_write(report, "\n", out))
		return 0;
	if (report->options->view == REPORT_TREE)
		return tree_write(report, out);
	return report->options->sort == REPORT_GROWTH ? growth_write(report, out) : stacks_write(report, out);
}

static int write_text(struct report *report, FILE *out)
{
	static int (*const views[])(struct report *, FILE *) = {
		[REPORT_STACKS] = write_stacks,     [REPORT_TREE] = write_stacks,
		[REPORT_LEAKS] = leaks_write,       [REPORT_THREADS] = threads_write,
		[REPORT_TIMELINE] = timeline_write,
	};
	header_write(report->profile, report->style, out);
	return views[report->options->view](report, out);
}

/* What the view sorts and judges by. */
static const struct figure *key_of(const struct profile *profile, const struct report_options *options)
{
	switch (options->view) {
	case REPORT_LEAKS:
		return sort_key_of(profile, REPORT_LIVE);
	case REPORT_THREADS:
		return sort_key_of(profile, REPORT_ALLOCATED);
	default:
		return sort_key_of(profile, options->sort);
	}
}

int report_write(const struct profile *profile, const struct report_options *options, FILE *out)
{
	struct report report = {.profile = profile, .options = options, .style = style_of(options->color)};
	if (report_options_wrong(options) || report_lacks(profile, options))
		return -EINVAL;
	report.key = key_of(profile, options);
	int result = selection_init(&report);
	if (!result)
		result = options->json ? report_json_write(&report, out) : write_text(&report, out);
	selection_deinit(&report);
	return stream_end(out, result);
}
