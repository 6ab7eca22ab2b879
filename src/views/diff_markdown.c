// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* diff --markdown: a comment on GitHub. What matters is its first line; the stacks are folded away. Names are
 * code, in which GitHub sees neither markup nor mentions nor links. */
#include "diff_internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHAIN_BYTES = 200,
	PATH_ROOM = 120,
	CODE_BYTES = 6 * CHAIN_BYTES + 32,
	RESERVE = 400, /* for what must follow when it is full */
};

struct markdown {
	const struct comparison *comparison;
	const struct diff_options *options;
	const struct figure *figure;
	FILE *out;
	size_t used;
	size_t left_out; /* stacks */
};

/* Whether there was room for it. */
static bool __attribute__((format(printf, 3, 4)))
put(struct markdown *markdown, size_t reserve, const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return false;
	bool fits = markdown->used + (size_t)length + reserve <= MARKDOWN_BYTES;
	if (fits) {
		fputs(text, markdown->out);
		markdown->used += (size_t)length;
	}
	free(text);
	return fits;
}

/* Text, which is safe for a terminal, as code. A span of backticks, unless there is one in the text, or what
 * a table would take for the end of a cell: then each sign by its number. */
static const char *format_code(const char *text, char out[CODE_BYTES])
{
	if (*text && !strpbrk(text, "`|\\")) {
		snprintf(out, CODE_BYTES, "`%s`", text);
		return out;
	}
	char *to = out + sprintf(out, "<code>");
	for (; *text && to < out + CODE_BYTES - 16; text++)
		to += isalnum((unsigned char)*text) || *text == ' ' || (unsigned char)*text >= 0x80
			      ? sprintf(to, "%c", *text)
			      : sprintf(to, "&#%d;", (unsigned char)*text);
	strcpy(to, "</code>");
	return out;
}

static const char *arrow(struct delta delta)
{
	return !delta.by ? "" : delta.less ? "▼ " : "▲ ";
}

/* "**peak** 1.1 MiB → 4.3 MiB ▲ +290.9%" */
static void put_headline(struct markdown *markdown, const struct total *total)
{
	char base[48], new[48], growth[24], delta[48];
	struct delta by = delta_of(total->base, total->new);
	format_growth(total->base, total->new, growth);
	put(markdown, 0, "**%s** %s → %s", total->title,
	    format_value(markdown->comparison->base, total->base, total->is_bytes, base),
	    format_value(markdown->comparison->new, total->new, total->is_bytes, new));
	if (by.by)
		put(markdown, 0, " %s%s", arrow(by),
		    *growth ? growth : format_delta(markdown->comparison, by, total->is_bytes, delta));
	else
		put(markdown, 0, ", unchanged");
}

static void put_summary(struct markdown *markdown, const struct total *totals, size_t n)
{
	const char *separator = "";
	put(markdown, 0, "Heap: ");
	for (size_t i = 0; i < n; i++) {
		if (strcmp(totals[i].title, "peak") && strcmp(totals[i].title, "live at the end") &&
		    strncmp(totals[i].title, "alloc", 5))
			continue;
		put(markdown, 0, "%s", separator);
		put_headline(markdown, &totals[i]);
		separator = " · ";
	}
	put(markdown, 0, "\n\n");
}

static void put_totals_table(struct markdown *markdown, const struct total *totals, size_t n)
{
	char base[48], new[48], delta[48], growth[24];
	put(markdown, 0, "| | base | new | change | |\n|---|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < n; i++) {
		struct delta by = delta_of(totals[i].base, totals[i].new);
		if (!totals[i].base && !totals[i].new)
			continue;
		put(markdown, 0, "| %s | %s | %s | %s | %s%s |\n", totals[i].title,
		    format_value(markdown->comparison->base, totals[i].base, totals[i].is_bytes, base),
		    format_value(markdown->comparison->new, totals[i].new, totals[i].is_bytes, new),
		    format_delta(markdown->comparison, by, totals[i].is_bytes, delta), arrow(by),
		    by.by ? format_growth(totals[i].base, totals[i].new, growth) : "");
	}
	put(markdown, 0, "\n");
}

static bool put_row(struct markdown *markdown, const struct comparison_entry *entry)
{
	const struct figure *figure = markdown->figure;
	char delta[48], growth[24], base[48], new[48], chain[CHAIN_BYTES], code[CODE_BYTES];
	uint64_t before = figure_value(&entry->base.counts, figure),
		 after = figure_value(&entry->new.counts, figure);
	format_entry(markdown->comparison, entry, chain, sizeof(chain));
	return put(markdown, RESERVE, "| %s | %s | %s | %s | %s |\n",
		   format_delta(markdown->comparison, delta_of(before, after), figure->is_bytes, delta),
		   entry->base.n && entry->new.n ? format_growth(before, after, growth) : "",
		   entry->base.n ? format_value(markdown->comparison->base, before, figure->is_bytes, base)
				 : "",
		   entry->new.n ? format_value(markdown->comparison->new, after, figure->is_bytes, new) : "",
		   format_code(chain, code));
}

/* Folded, as many rows as there is room for. */
static void put_group(struct markdown *markdown, const struct change_group *group, enum change change)
{
	size_t shown = shown_of_group(group, markdown->options), put_so_far = 0;
	char count[32], delta[48];
	if (!group->n)
		return;
	format_delta(markdown->comparison, delta_of(group->base, group->new), markdown->figure->is_bytes,
		     delta);
	if (!put(markdown, 2 * RESERVE, "<details><summary>%s %s %s, %s</summary>\n\n",
		 format_count(group->n, count), group->n == 1 ? "stack" : "stacks", change_names[change],
		 delta)) {
		markdown->left_out += group->n;
		return;
	}
	if (shown)
		put(markdown, 0, "| change | | base | new | stack |\n|---:|---:|---:|---:|---|\n");
	while (put_so_far < shown && put_row(markdown, group->entries[put_so_far]))
		put_so_far++;
	if (put_so_far < group->n)
		put(markdown, 0, "%sand %s more\n", shown ? "\n" : "",
		    format_count(group->n - put_so_far, count));
	put(markdown, 0, "\n</details>\n\n");
	markdown->left_out += shown - put_so_far;
}

static void put_profile(struct markdown *markdown, const char *which, const struct profile *profile,
			const char *path)
{
	char text[PATH_ROOM], file[CODE_BYTES], command[CODE_BYTES], when[40], mode[80];
	format_code(format_safe(path, text, sizeof(text)), file);
	format_code(format_safe(command_of(profile), text, sizeof(text)), command);
	put(markdown, 0, "- %s: %s, of %s, %s, %s\n", which, file, command,
	    format_when(profile->capture.start_ms ? profile->capture.start_ms : profile->target.start_ms,
			when),
	    format_mode(profile, mode));
}

/* Sentences of ours with names in them, whose signs go by their numbers. A mention and a number of an issue
 * are found in the text that comes out, so what has no width parts them. */
static void put_notes(struct markdown *markdown)
{
	static const char no_width[] = "&#8203;";
	struct diff_notes notes;
	char code[16 * NOTE_BYTES];
	diff_notes_fill(&notes, markdown->comparison);
	for (size_t i = 0; i < notes.n; i++) {
		char *to = code;
		for (const char *text = notes.text[i]; *text; text++)
			to += ispunct((unsigned char)*text) && !strchr(",.:;()-", *text)
				      ? sprintf(to, "&#%d;%s", *text, strchr("@#", *text) ? no_width : "")
				      : sprintf(to, "%c", *text);
		put(markdown, 0, "> %s\n%s", code, i + 1 < notes.n ? ">\n" : "\n");
	}
}

static void put_document(struct markdown *markdown, const struct change_group groups[CHANGES])
{
	struct total totals[MOST_TOTALS];
	size_t n = totals_compared(markdown->comparison, totals);
	char count[32], value[48];
	put_summary(markdown, totals, n);
	put_totals_table(markdown, totals, n);
	put_notes(markdown);
	put_profile(markdown, "base", markdown->comparison->base, markdown->options->base_path);
	put_profile(markdown, "new", markdown->comparison->new, markdown->options->new_path);
	put(markdown, 0, "\nStacks by %s:\n\n", markdown->figure->title);
	for (int i = 0; i < CHANGE_NONE; i++)
		put_group(markdown, &groups[i], (enum change)i);
	const struct change_group *same = &groups[CHANGE_NONE];
	put(markdown, 0, "%s %s unchanged, %s\n\n", format_count(same->n, count),
	    same->n == 1 ? "stack" : "stacks",
	    format_value(markdown->comparison->new, same->new, markdown->figure->is_bytes, value));
	if (markdown->left_out)
		put(markdown, 0, "%s stacks more did not fit: a comment has room for %s characters.\n\n",
		    format_count(markdown->left_out, count), format_count(MARKDOWN_BYTES, value));
}

int diff_write_markdown(const struct comparison *comparison, const struct diff_options *options, FILE *out)
{
	struct change_group groups[CHANGES];
	struct markdown markdown = {.comparison = comparison,
				    .options = options,
				    .figure = compared_figures[options->figure],
				    .out = out};
	if (!comparison_knows(comparison, markdown.figure->needs))
		return -EINVAL;
	int result = change_groups_init(groups, comparison, markdown.figure);
	if (result)
		return result;
	put_document(&markdown, groups);
	change_groups_deinit(groups);
	return stream_end(out, 0);
}
