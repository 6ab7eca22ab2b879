// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* diff --json: one document. Entries and what is left out add up to the sums of both profiles. */
#include "diff_internal.h"

#include <errno.h>

#include "captrack/fields.h"

struct document {
	const struct comparison *comparison;
	const struct diff_options *options;
	struct json_line line;
	struct shown_calls calls;
	/* Of entries that are not in it: */
	struct profile_counts base;
	struct profile_counts new;
	size_t left_out;
};

static void put_counts(struct document *document, const char *name, const struct profile_counts *counts)
{
	json_put_open(&document->line, name, '{');
	for (const struct number_field *field = profile_stack_numbers; field->name; field++)
		if (comparison_knows(document->comparison, field->needs))
			json_put_named(&document->line, field->name, field->length, *field_in(counts, field));
	json_put_close(&document->line, '}');
}

static void put_change(struct document *document, const struct comparison_entry *entry)
{
	json_put_open(&document->line, "delta", '{');
	for (const struct number_field *field = profile_stack_numbers; field->name; field++)
		if (comparison_knows(document->comparison, field->needs))
			put_signed(&document->line, field->name,
				   delta_of(*field_in(&entry->base.counts, field),
					    *field_in(&entry->new.counts, field)));
	json_put_close(&document->line, '}');
}

static void put_entry(struct document *document, const struct comparison_entry *entry, enum change change)
{
	struct json_line *line = &document->line;
	json_put_line_break(line);
	json_put_open(line, NULL, '{');
	json_put_string(line, "change", change_names[change]);
	json_put_open(line, "stacks", '{');
	json_put_number(line, "base", entry->base.n);
	json_put_number(line, "new", entry->new.n);
	json_put_close(line, '}');
	if (entry->base.n)
		put_counts(document, "base", &entry->base.counts);
	if (entry->new.n)
		put_counts(document, "new", &entry->new.counts);
	put_change(document, entry);
	put_entry_calls(line, "calls", &document->calls, document->comparison, entry);
	json_put_close(line, '}');
}

/* All sums of entries are known to fit. */
static void leave_out(struct document *document, const struct comparison_entry *entry)
{
	for (const struct number_field *field = profile_stack_numbers; field->name; field++) {
		*field_at(&document->base, field) += *field_in(&entry->base.counts, field);
		*field_at(&document->new, field) += *field_in(&entry->new.counts, field);
	}
	document->left_out++;
}

/* Of what did not change by the figure, those that did by another. */
static void put_group(struct document *document, const struct change_group *group, enum change change)
{
	size_t shown = change == CHANGE_NONE ? group->n : shown_of_group(group, document->options);
	for (size_t i = 0; i < group->n; i++) {
		const struct comparison_entry *entry = group->entries[i];
		bool is_shown = i < shown;
		if (change == CHANGE_NONE)
			is_shown = !document->options->top && !document->options->min_bytes &&
				   entry_differs(document->comparison, entry);
		if (is_shown)
			put_entry(document, entry, change);
		else
			leave_out(document, entry);
	}
}

static void put_groups(struct document *document, const struct change_group groups[CHANGES])
{
	struct json_line *line = &document->line;
	json_put_open(line, "groups", '{');
	for (int i = 0; i < CHANGES; i++) {
		json_put_open(line, change_names[i], '{');
		json_put_number(line, "stacks", groups[i].n);
		json_put_number(line, "base", groups[i].base);
		json_put_number(line, "new", groups[i].new);
		put_signed(line, "delta", delta_of(groups[i].base, groups[i].new));
		json_put_close(line, '}');
	}
	json_put_close(line, '}');
}

static int put_document(struct document *document, const struct change_group groups[CHANGES])
{
	struct json_line *line = &document->line;
	json_put_open(line, NULL, '{');
	json_put_number(line, "version", 1);
	json_put_string(line, "kind", "captrack-bpf diff");
	put_profiles(line, document->comparison, document->options);
	put_totals(line, document->comparison);
	json_put_string(line, "by", compared_figures[document->options->figure]->field);
	put_groups(document, groups);
	json_put_open(line, "entries", '[');
	for (int i = 0; i < CHANGES; i++)
		put_group(document, &groups[i], (enum change)i);
	json_put_close(line, ']');
	json_put_open(line, "left_out", '{');
	json_put_number(line, "entries", document->left_out);
	put_counts(document, "base", &document->base);
	put_counts(document, "new", &document->new);
	json_put_close(line, '}');
	int result = put_calls(line, "calls", &document->calls, false);
	json_put_close(line, '}');
	json_put_text(line, "\n");
	return result;
}

int diff_write_json(const struct comparison *comparison, const struct diff_options *options, FILE *out)
{
	struct json_writer writer = {.out = out};
	struct document document = {.comparison = comparison, .options = options};
	struct change_group groups[CHANGES];
	const struct figure *figure = compared_figures[options->figure];
	if (!comparison_knows(comparison, figure->needs))
		return -EINVAL;
	int result = change_groups_init(groups, comparison, figure);
	if (result)
		return result;
	result = shown_calls_init(&document.calls, comparison);
	if (!result) {
		json_line_begin(&document.line, &writer);
		result = put_document(&document, groups);
		json_line_end(&document.line);
		shown_calls_deinit(&document.calls);
	}
	change_groups_deinit(groups);
	return stream_end(out, result ? result : writer.result);
}
