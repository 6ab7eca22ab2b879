// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* diff --html: one page that shows the comparison. */
#include "diff_internal.h"

#include <errno.h>

#include "captrack/page.h"

/* The page as it was put together from diff/ by scripts/make-page: see diff_page.S. */
extern const char diff_page[];

static void put_figures(struct json_line *line, const struct comparison *comparison)
{
	json_put_open(line, "figures", '[');
	for (int i = 0; i < COMPARED_FIGURES; i++) {
		if (!comparison_knows(comparison, compared_figures[i]->needs))
			continue;
		json_put_open(line, NULL, '{');
		json_put_string(line, "name", compared_figures[i]->name);
		json_put_string(line, "title", compared_figures[i]->title);
		if (compared_figures[i]->is_bytes)
			json_put_true(line, "bytes");
		json_put_close(line, '}');
	}
	json_put_close(line, ']');
}

static void put_totals_shown(struct json_line *line, const struct comparison *comparison)
{
	struct total totals[MOST_TOTALS];
	size_t n = totals_compared(comparison, totals);
	json_put_open(line, "totals", '[');
	for (size_t i = 0; i < n; i++) {
		json_put_open(line, NULL, '{');
		json_put_string(line, "title", totals[i].title);
		if (totals[i].is_bytes)
			json_put_true(line, "bytes");
		page_put_number(line, "base", totals[i].base);
		page_put_number(line, "new", totals[i].new);
		json_put_close(line, '}');
	}
	json_put_close(line, ']');
}

static void put_counts(struct json_line *line, const struct comparison *comparison,
		       const struct profile_counts *counts)
{
	json_put_open(line, NULL, '[');
	for (int i = 0; i < COMPARED_FIGURES; i++)
		if (comparison_knows(comparison, compared_figures[i]->needs))
			page_put_number(line, NULL, figure_value(counts, compared_figures[i]));
	json_put_close(line, ']');
}

/* [stacks of base, of new, figures of base, of new, calls] */
static void put_entry(struct json_line *line, const struct comparison *comparison, struct shown_calls *calls,
		      const struct comparison_entry *entry)
{
	json_put_line_break(line);
	json_put_open(line, NULL, '[');
	json_put_number(line, NULL, entry->base.n);
	json_put_number(line, NULL, entry->new.n);
	put_counts(line, comparison, &entry->base.counts);
	put_counts(line, comparison, &entry->new.counts);
	put_entry_calls(line, NULL, calls, comparison, entry);
	json_put_close(line, ']');
}

static int put_data(struct json_line *line, const struct comparison *comparison,
		    const struct diff_options *options, struct shown_calls *calls)
{
	json_put_open(line, NULL, '{');
	put_profiles(line, comparison, options);
	if (comparison_is_estimate(comparison))
		json_put_true(line, "estimate");
	json_put_string(line, "by", compared_figures[options->figure]->name);
	put_figures(line, comparison);
	put_totals_shown(line, comparison);
	json_put_open(line, "entries", '[');
	for (size_t i = 0; i < comparison->n; i++)
		put_entry(line, comparison, calls, &comparison->entries[i]);
	json_put_close(line, ']');
	int result = put_calls(line, "calls", calls, true);
	json_put_close(line, '}');
	return result;
}

int diff_write_html(const struct comparison *comparison, const struct diff_options *options, FILE *out)
{
	struct json_writer writer = {.out = out};
	struct shown_calls calls;
	struct json_line line;
	if (!comparison_knows(comparison, compared_figures[options->figure]->needs))
		return -EINVAL;
	int result = shown_calls_init(&calls, comparison);
	if (result)
		return result;
	const char *rest = page_begin(&writer, diff_page);
	json_line_begin(&line, &writer);
	result = put_data(&line, comparison, options, &calls);
	json_line_end(&line);
	json_emit(&writer, rest);
	shown_calls_deinit(&calls);
	return stream_end(out, result ? result : writer.result);
}
