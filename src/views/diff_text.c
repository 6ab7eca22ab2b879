// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A comparison in the terminal: totals, then what grew, shrank, appeared and went, a stack a line. */
#include "diff_internal.h"

#include <errno.h>
#include <string.h>

enum { LONGEST_CHAIN = 4096, LEAST_CHAIN = 24 };

struct text {
	const struct comparison *comparison;
	const struct diff_options *options;
	const struct figure *figure;
	const struct style *style;
	FILE *out;
};

/* More is worse. */
static const char *color_of(const struct text *text, struct delta delta)
{
	if (!text->options->color || !delta.by)
		return "";
	return delta.less ? "\033[32m" : "\033[31m";
}

static void write_profile(const struct text *text, const char *which, const struct profile *profile,
			  const char *path)
{
	char name[VIEW_COLUMNS], when[40], mode[80], duration[16];
	fprintf(text->out, "%s%-4s%s  %s\n", text->style->bold, which, text->style->end,
		format_safe(path, name, sizeof(name) - 6));
	fprintf(text->out, "      %s\n", format_safe(command_of(profile), name, sizeof(name) - 6));
	fprintf(text->out, "      pid %d, %s, for %s, %s\n", profile->target.pid,
		format_when(profile->capture.start_ms ? profile->capture.start_ms : profile->target.start_ms,
			    when),
		format_ms(profile->capture.duration_ms, duration), format_mode(profile, mode));
}

static void write_notes(const struct text *text)
{
	static const char head[] = "note:";
	struct diff_notes notes;
	diff_notes_fill(&notes, text->comparison);
	for (size_t i = 0; i < notes.n; i++) {
		fprintf(text->out, "%s%s%s", text->style->warn, head, text->style->end);
		wrapped_write(notes.text[i], strlen(head), 2, text->out);
	}
}

static void write_totals(const struct text *text)
{
	struct total totals[MOST_TOTALS];
	size_t n = totals_compared(text->comparison, totals);
	char base[48], new[48], delta[48], growth[24];
	fprintf(text->out, "\n%-18s %13s %13s %13s\n", "", "base", "new", "change");
	for (size_t i = 0; i < n; i++) {
		const struct total *total = &totals[i];
		struct delta by = delta_of(total->base, total->new);
		const char *color = color_of(text, by);
		if (!total->base && !total->new)
			continue;
		fprintf(text->out, "%-18s %13s %13s %s%13s", total->title,
			format_value(text->comparison->base, total->base, total->is_bytes, base),
			format_value(text->comparison->new, total->new, total->is_bytes, new), color,
			format_delta(text->comparison, by, total->is_bytes, delta));
		if (by.by && total->base)
			fprintf(text->out, " %9s", format_growth(total->base, total->new, growth));
		fprintf(text->out, "%s\n", *color ? text->style->end : "");
	}
}

/* Of what appeared or went, base and new say no more than the change. */
static bool has_both(enum change change)
{
	return change == CHANGE_GREW || change == CHANGE_SHRANK;
}

/* Of allocations or blocks; false where the figure counts them itself. */
static bool has_blocks(const struct text *text)
{
	return text->figure->unit;
}

static void write_heads(const struct text *text, enum change change)
{
	fprintf(text->out, "%s%11s", text->style->dim, "change");
	if (has_both(change))
		fprintf(text->out, " %8s %9s %9s", "", "base", "new");
	if (has_blocks(text))
		fprintf(text->out, " %9s", text->options->figure == COMPARED_ALLOCATED ? "allocs" : "blocks");
	fprintf(text->out, "  stack%s\n", text->style->end);
}

/* Returns how many columns it took. */
static int write_values(const struct text *text, const struct comparison_entry *entry)
{
	char base[48], new[48], growth[24];
	uint64_t before = figure_value(&entry->base.counts, text->figure),
		 after = figure_value(&entry->new.counts, text->figure);
	return fprintf(text->out, " %8s %9s %9s", format_growth(before, after, growth),
		       format_value(text->comparison->base, before, text->figure->is_bytes, base),
		       format_value(text->comparison->new, after, text->figure->is_bytes, new));
}

static int write_blocks(const struct text *text, const struct comparison_entry *entry)
{
	char count[48];
	struct delta delta = delta_of(figure_units(&entry->base.counts, text->figure),
				      figure_units(&entry->new.counts, text->figure));
	return fprintf(text->out, " %9s", format_delta(text->comparison, delta, false, count));
}

static void write_entry(const struct text *text, const struct comparison_entry *entry, enum change change)
{
	char figure[48], chain[LONGEST_CHAIN];
	struct delta delta = entry_delta(entry, text->figure);
	const char *color = color_of(text, delta);
	fputs(color, text->out);
	int used = fprintf(text->out, "%11s",
			   format_delta(text->comparison, delta, text->figure->is_bytes, figure));
	fputs(*color ? text->style->end : "", text->out);
	if (has_both(change))
		used += write_values(text, entry);
	if (has_blocks(text))
		used += write_blocks(text, entry);
	size_t room = !text->options->top                     ? sizeof(chain)
		      : used + LEAST_CHAIN + 1 < VIEW_COLUMNS ? VIEW_COLUMNS - (size_t)used - 1
							      : LEAST_CHAIN;
	fprintf(text->out, "  %s\n", format_entry(text->comparison, entry, chain, room));
}

/* What is not shown of a group, if anything. */
static void write_rest(const struct text *text, const struct change_group *group, size_t shown)
{
	uint64_t base = 0, new = 0;
	char delta[48], count[32];
	if (shown == group->n)
		return;
	for (size_t i = shown; i < group->n; i++) {
		base += figure_value(&group->entries[i]->base.counts, text->figure);
		new += figure_value(&group->entries[i]->new.counts, text->figure);
	}
	fprintf(text->out, "%11s  in %s more\n",
		format_delta(text->comparison, delta_of(base, new), text->figure->is_bytes, delta),
		format_count(group->n - shown, count));
}

static void write_group(const struct text *text, const struct change_group *group, enum change change)
{
	char count[32], delta[48];
	size_t shown = shown_of_group(group, text->options);
	if (!group->n)
		return;
	fprintf(text->out, "\n%s%s %s %s, %s%s\n", text->style->bold, format_count(group->n, count),
		group->n == 1 ? "stack" : "stacks", change_names[change],
		format_delta(text->comparison, delta_of(group->base, group->new), text->figure->is_bytes,
			     delta),
		text->style->end);
	if (shown)
		write_heads(text, change);
	for (size_t i = 0; i < shown; i++)
		write_entry(text, group->entries[i], change);
	write_rest(text, group, shown);
}

static void write_unchanged(const struct text *text, const struct change_group *group)
{
	char count[32], value[48];
	if (group->n)
		fprintf(text->out, "\n%s %s unchanged, %s\n", format_count(group->n, count),
			group->n == 1 ? "stack" : "stacks",
			format_value(text->comparison->new, group->new, text->figure->is_bytes, value));
}

int diff_write_text(const struct comparison *comparison, const struct diff_options *options, FILE *out)
{
	struct change_group groups[CHANGES];
	const struct text text = {.comparison = comparison,
				  .options = options,
				  .figure = compared_figures[options->figure],
				  .style = style_of(options->color),
				  .out = out};
	char delta[48];
	if (!comparison_knows(comparison, text.figure->needs))
		return -EINVAL;
	int result = change_groups_init(groups, comparison, text.figure);
	if (result)
		return result;
	write_profile(&text, "base", comparison->base, options->base_path);
	write_profile(&text, "new", comparison->new, options->new_path);
	write_notes(&text);
	write_totals(&text);
	fprintf(out, "\n%sBy %s: %s%s\n", text.style->bold, text.figure->title,
		format_delta(comparison,
			     delta_of(figure_value(&comparison->base_sums, text.figure),
				      figure_value(&comparison->new_sums, text.figure)),
			     text.figure->is_bytes, delta),
		text.style->end);
	for (int i = 0; i < CHANGE_NONE; i++)
		write_group(&text, &groups[i], (enum change)i);
	write_unchanged(&text, &groups[CHANGE_NONE]);
	if (groups[CHANGE_NONE].n == comparison->n)
		fprintf(out, "No stack changed.\n");
	change_groups_deinit(groups);
	return stream_end(out, 0);
}
