// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --tree: what stacks have in common, once. Calls in a row share a line; what is small is one
 * line together, so that the figures below a line add up to its own. */
#include "tree_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_DRAWN = 16, /* levels: of deeper ones the number says how deep */
	MOST_LINES = 3,  /* of calls in a row */
	NAME_COLUMNS = 48,
	LONGEST_NAME = 4096,
};

struct marks { /* 2 columns each but the last */
	const char *branch, *last, *line, *none, *times;
};

static const struct marks utf8_marks = {"├─", "└─", "│ ", "  ", "×"};
static const struct marks ascii_marks = {"|-", "`-", "| ", "  ", "x"};

/* Where the text is, and how many lines it has. */
struct place {
	size_t column;
	size_t lines;
};

struct drawing {
	const struct report *report;
	const struct report_tree *tree;
	const struct marks *marks;
	bool uncut;
	int figure_columns;
	FILE *out;
	/* Of the item at hand: */
	const struct tree_item *item;
	size_t indent;
	struct place place;
};

static struct call_weight weigh(const struct profile_stack *stack, const void *context)
{
	const struct report *report = context;
	if (!report->selection.keeps[stack - report->profile->stacks])
		return (struct call_weight){0};
	return (struct call_weight){figure_value(&stack->counts, report->key),
				    figure_units(&stack->counts, report->key)};
}

/* What is less than that is folded. */
static uint64_t least_of(const struct report_options *options, uint64_t all)
{
	double share = ceil((double)all * options->min_percent / 100);
	uint64_t least = share < 0x1p64 ? (uint64_t)share : UINT64_MAX;
	return least > options->min_bytes ? least : options->min_bytes;
}

int report_tree_init(struct report_tree *tree, const struct report *report)
{
	*tree = (struct report_tree){0};
	int result = calls_init(&tree->calls, report->profile, CALLS_BY_NAME);
	if (!result)
		result = call_tree_init(&tree->tree, &tree->calls, report->options->order, weigh, report);
	if (result)
		return result;
	tree->walk.tree = &tree->tree;
	tree->walk.least = least_of(report->options, tree->tree.nodes[0].value);
	tree->walk.most = report->options->top;
	tree->walk.for_people = !report->options->json;
	return tree_walk_init(&tree->walk, tree->calls.longest);
}

void report_tree_deinit(struct report_tree *tree)
{
	tree_walk_deinit(&tree->walk);
	call_tree_deinit(&tree->tree);
	calls_deinit(&tree->calls);
}

/* The lines that come down from above, up to those of the item's siblings. */
static void draw_lines(struct drawing *drawing, size_t levels)
{
	for (size_t i = 1; i <= levels && i <= MOST_DRAWN; i++)
		fputs(tree_walk_goes_on(&drawing->tree->walk, i) ? drawing->marks->line
								 : drawing->marks->none,
		      drawing->out);
}

static void draw_figures(const struct drawing *drawing)
{
	const struct profile *profile = drawing->report->profile;
	const struct figure *key = drawing->report->key;
	uint64_t value = drawing->item->value;
	char text[40], share[24];
	fprintf(drawing->out, "%*s  %*s  ", figure_width(profile, 9),
		key->is_bytes ? figure_bytes(profile, value, text) : figure_count(profile, value, text),
		figure_width(profile, 6),
		figure_share(profile, value, figure_value(&profile->totals, key), share));
}

static void draw_branch(struct drawing *drawing)
{
	size_t depth = drawing->item->depth;
	const char *branch = drawing->item->goes_on ? drawing->marks->branch : drawing->marks->last;
	fputs(drawing->report->style->dim, drawing->out);
	if (depth)
		draw_lines(drawing, depth - 1);
	if (depth && depth <= MOST_DRAWN)
		fputs(branch, drawing->out);
	fputs(drawing->report->style->end, drawing->out);
	drawing->indent = (size_t)drawing->figure_columns + 2 * (depth < MOST_DRAWN ? depth : MOST_DRAWN);
	drawing->place = (struct place){.column = drawing->indent};
	if (depth > MOST_DRAWN)
		drawing->place.column += (size_t)fprintf(drawing->out, "(+%zu) ", depth - MOST_DRAWN);
}

/* Calls of the same function one after the other. */
struct run {
	uint32_t call;
	size_t times;
};

static size_t find_runs(const struct drawing *drawing, struct run *runs)
{
	const struct call_node *nodes = drawing->tree->tree.nodes;
	size_t n = 0;
	for (uint32_t node = drawing->item->node;; node = nodes[node].child) {
		if (n && runs[n - 1].call == nodes[node].call)
			runs[n - 1].times++;
		else
			runs[n++] = (struct run){nodes[node].call, 1};
		if (node == drawing->item->last)
			return n;
	}
}

/* "visit ×3": the innermost call with its place. Returns its columns. */
static size_t format_run(const struct drawing *drawing, const struct run *runs, size_t n, size_t i, char *out,
			 size_t size)
{
	const struct calls *calls = &drawing->tree->calls;
	const struct call *call = &calls->calls[runs[i].call];
	bool innermost = i == (drawing->report->options->order == CALLS_CALLEES ? n - 1 : 0);
	size_t room = VIEW_COLUMNS - drawing->indent - 3 - (drawing->item->depth > MOST_DRAWN ? 8 : 0);
	char times[32] = "", name[LONGEST_NAME];
	if (runs[i].times > 1)
		room -= (size_t)snprintf(times, sizeof(times), " %s%zu", drawing->marks->times,
					 runs[i].times);
	if (drawing->uncut)
		room = sizeof(name);
	else if (!innermost && room > NAME_COLUMNS)
		room = NAME_COLUMNS;
	if (innermost)
		format_call(calls, call, name, room);
	else
		format_safe(call_name(calls, call, out, size), name, room);
	snprintf(out, size, "%s%s", name, times);
	size_t columns = 0;
	for (const char *at = out; *at; at++)
		columns += (*at & 0xc0) != 0x80;
	return columns;
}

/* One more piece and what stands between; whether it begins a line. */
static bool place_piece(const struct drawing *drawing, struct place *place, size_t columns, bool first)
{
	size_t end = place->column + (first ? 0 : 3) + columns;
	bool wraps = !first && !drawing->uncut && end + 2 > VIEW_COLUMNS;
	place->column = wraps ? drawing->indent + 2 + columns : end;
	place->lines += wraps;
	return wraps;
}

static void draw_piece(struct drawing *drawing, const char *text, size_t columns, bool first)
{
	bool callees = drawing->report->options->order == CALLS_CALLEES;
	if (!first)
		fputs(callees ? " >" : " <", drawing->out);
	if (place_piece(drawing, &drawing->place, columns, first)) {
		fprintf(drawing->out, "\n%*s%s", drawing->figure_columns, "", drawing->report->style->dim);
		draw_lines(drawing, drawing->item->depth);
		fprintf(drawing->out, "%s%s", drawing->report->style->end,
			drawing->item->has_below ? drawing->marks->line : drawing->marks->none);
	} else if (!first) {
		fputc(' ', drawing->out);
	}
	fputs(text, drawing->out);
}

/* How many of the first are shown where not all fit; the last one always is. */
static size_t fitting_runs(const struct drawing *drawing, const struct run *runs, size_t n)
{
	enum { MORE_COLUMNS = 14 }; /* "... 1234 more" */
	char text[LONGEST_NAME + 32];
	struct place place = drawing->place;
	size_t last = format_run(drawing, runs, n, n - 1, text, sizeof(text)), head = 1;
	for (size_t i = 0; i < n; i++) {
		place_piece(drawing, &place, format_run(drawing, runs, n, i, text, sizeof(text)), i == 0);
		if (place.lines >= MOST_LINES)
			return head;
		struct place end = place;
		place_piece(drawing, &end, MORE_COLUMNS, false);
		place_piece(drawing, &end, last, false);
		if (end.lines < MOST_LINES)
			head = i + 1;
	}
	return n;
}

/* "4 more below 1%" */
static int format_rest(const struct drawing *drawing, const char *more, char *out, size_t size)
{
	const struct tree_item *item = drawing->item;
	const struct report_options *options = drawing->report->options;
	char count[32], bytes[16], below[64] = "";
	if (item->all_small && drawing->tree->walk.least == options->min_bytes)
		snprintf(below, sizeof(below), " below %s", format_bytes(options->min_bytes, bytes));
	else if (item->all_small)
		snprintf(below, sizeof(below), " below %g%%%s", options->min_percent,
			 has_filter(drawing->report) ? " of these" : "");
	return snprintf(out, size, "... %s%s%s", format_count(item->n, count), more, below);
}

static void draw_calls(struct drawing *drawing, struct run *runs)
{
	char text[LONGEST_NAME + 32];
	size_t n = find_runs(drawing, runs), left_out = 0;
	size_t head = drawing->uncut ? n : fitting_runs(drawing, runs, n);
	for (size_t i = 0; i < n; i++) {
		if (i < head || i == n - 1) {
			size_t columns = format_run(drawing, runs, n, i, text, sizeof(text));
			draw_piece(drawing, text, columns, i == 0);
			continue;
		}
		left_out += runs[i].times;
		if (i < n - 2)
			continue;
		int length = snprintf(text, sizeof(text), "... %zu more", left_out);
		draw_piece(drawing, text, (size_t)length, false);
	}
	if (drawing->item->n)
		draw_piece(drawing, text, (size_t)format_rest(drawing, "", text, sizeof(text)), false);
}

static void draw_rest(struct drawing *drawing)
{
	char text[160];
	format_rest(drawing, " more", text, sizeof(text));
	fprintf(drawing->out, "%s%s%s", drawing->report->style->dim, text, drawing->report->style->end);
}

static void draw_item(struct drawing *drawing, const struct tree_item *item, struct run *runs)
{
	bool callees = drawing->report->options->order == CALLS_CALLEES;
	drawing->item = item;
	draw_figures(drawing);
	draw_branch(drawing);
	if (item->part == TREE_CALL)
		draw_calls(drawing, runs);
	else if (item->part == TREE_SELF)
		fputs(callees ? "[itself]" : "[no caller]", drawing->out);
	else
		draw_rest(drawing);
	fputc('\n', drawing->out);
}

static void write_title(const struct report *report, FILE *out)
{
	char title[64];
	snprintf(title, sizeof(title), "%s", report->key->title);
	title[0] = (char)(title[0] - 'a' + 'A');
	fprintf(out, "\n%s%s%s: %s\n\n", report->style->bold, title, report->style->end,
		report->options->order == CALLS_CALLEES
			? "main first, below each call those that it made"
			: "what allocated first, below each call its callers");
}

static void write_hint(const struct report *report, size_t folded, FILE *out)
{
	char count[32];
	if (folded)
		fprintf(out, "\n%s more %s; --min-percent P and --top N (of each call) show more%s\n",
			format_count(folded, count), folded == 1 ? "branch" : "branches",
			report->options->top ? ", --top 0 all of them, uncut" : "");
}

int tree_write(struct report *report, FILE *out)
{
	struct report_tree tree;
	struct tree_item item;
	struct drawing drawing = {
		.report = report,
		.tree = &tree,
		.marks = report->options->utf8 ? &utf8_marks : &ascii_marks,
		.uncut = !report->options->top,
		.figure_columns = figure_width(report->profile, 9) + 2 + figure_width(report->profile, 6) + 2,
		.out = out,
	};
	int result = report_tree_init(&tree, report);
	struct run *runs = result ? NULL : calloc(tree.calls.longest + 1, sizeof(*runs));
	if (!result && !runs)
		result = -ENOMEM;
	if (!result && tree.tree.nodes[0].value) {
		write_title(report, out);
		while (tree_walk_next(&tree.walk, &item))
			draw_item(&drawing, &item, runs);
		write_hint(report, tree.walk.folded, out);
	} else if (!result) {
		fprintf(out, "\nNo stack has any %s.\n", report->key->title);
	}
	free(runs);
	report_tree_deinit(&tree);
	return result;
}
