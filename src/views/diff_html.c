// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* diff --html: one page that shows the comparison. */
#include "diff_internal.h"

#include <errno.h>

#include "captrack/page.h"

/* The page as it was put together from diff/ by scripts/make-page: see diff_page.S. */
extern const char diff_page[];

static void put_figures(struct line *line, const struct comparison *comparison)
{
	put_open(line, "figures", '[');
	for (int i = 0; i < COMPARED_FIGURES; i++) {
		if (!comparison_knows(comparison, compared_figures[i]->needs))
			continue;
		put_open(line, NULL, '{');
		put_string(line, "name", compared_figures[i]->name);
		put_string(line, "title", compared_figures[i]->title);
		if (compared_figures[i]->is_bytes)
			put_true(line, "bytes");
		put_close(line, '}');
	}
	put_close(line, ']');
}

static void put_totals_shown(struct line *line, const struct comparison *comparison)
{
	struct total totals[MOST_TOTALS];
	size_t n = totals_compared(comparison, totals);
	put_open(line, "totals", '[');
	for (size_t i = 0; i < n; i++) {
		put_open(line, NULL, '{');
		put_string(line, "title", totals[i].title);
		if (totals[i].is_bytes)
			put_true(line, "bytes");
		page_put_number(line, "base", totals[i].base);
		page_put_number(line, "new", totals[i].new);
		put_close(line, '}');
	}
	put_close(line, ']');
}

static void put_counts(struct line *line, const struct comparison *comparison,
		       const struct profile_counts *counts)
{
	put_open(line, NULL, '[');
	for (int i = 0; i < COMPARED_FIGURES; i++)
		if (comparison_knows(comparison, compared_figures[i]->needs))
			page_put_number(line, NULL, figure_value(counts, compared_figures[i]));
	put_close(line, ']');
}

/* [stacks of base, of new, figures of base, of new, calls] */
static void put_entry(struct line *line, const struct comparison *comparison, struct shown_calls *calls,
		      const struct comparison_entry *entry)
{
	put_line_break(line);
	put_open(line, NULL, '[');
	put_number(line, NULL, entry->base.n);
	put_number(line, NULL, entry->new.n);
	put_counts(line, comparison, &entry->base.counts);
	put_counts(line, comparison, &entry->new.counts);
	put_entry_calls(line, NULL, calls, comparison, entry);
	put_close(line, ']');
}

static int put_data(struct line *line, const struct comparison *comparison,
		    const struct diff_options *options, struct shown_calls *calls)
{
	put_open(line, NULL, '{');
	put_profiles(line, comparison, options);
	if (comparison_is_estimate(comparison))
		put_true(line, "estimate");
	put_string(line, "by", compared_figures[options->figure]->name);
	put_figures(line, comparison);
	put_totals_shown(line, comparison);
	put_open(line, "entries", '[');
	for (size_t i = 0; i < comparison->n; i++)
		put_entry(line, comparison, calls, &comparison->entries[i]);
	put_close(line, ']');
	int result = put_calls(line, "calls", calls, true);
	put_close(line, '}');
	return result;
}

int diff_write_html(const struct comparison *comparison, const struct diff_options *options, FILE *out)
{
	struct writer writer = {.out = out};
	struct shown_calls calls;
	struct line line;
	if (!comparison_knows(comparison, compared_figures[options->figure]->needs))
		return -EINVAL;
	int result = shown_calls_init(&calls, comparison);
	if (result)
		return result;
	const char *rest = page_begin(&writer, diff_page);
	line_begin(&line, &writer);
	result = put_data(&line, comparison, options, &calls);
	line_end(&line);
	emit(&writer, rest);
	shown_calls_deinit(&calls);
	return stream_end(out, result ? result : writer.result);
}
