// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Stacks and trees as JSON. A call is an object, of which the text is made once; a tree is a list of
 * nodes that name their parents, for readers of JSON do not nest as deep as stacks do. */
#include "report_json.h"
#include "tree_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "captrack/profile_json.h"

/* The calls of a profile, and the text of those that were written already. */
struct call_texts {
	struct calls calls;
	char **texts;
	uint32_t *ids; /* room for the longest stack */
};

static int texts_init(struct call_texts *texts, const struct profile *profile)
{
	/* By address: of calls that are one by name, the objects may be two. */
	int result = calls_init(&texts->calls, profile, CALLS_BY_ADDRESS);
	if (result)
		return result;
	texts->texts = calloc(texts->calls.n, sizeof(char *));
	texts->ids = calloc(texts->calls.longest + 1, sizeof(*texts->ids));
	return texts->texts && texts->ids ? 0 : -ENOMEM;
}

static void texts_deinit(struct call_texts *texts)
{
	for (size_t i = 0; texts->texts && i < texts->calls.n; i++)
		free(texts->texts[i]);
	free(texts->texts);
	free(texts->ids);
	calls_deinit(&texts->calls);
}

/* The members of a call; of one that is none what it stands for. */
static cJSON *call_json(struct json_writer *writer, const struct calls *calls, uint32_t id)
{
	const struct call *call = &calls->calls[id];
	cJSON *json = cJSON_CreateObject();
	if (id < CALL_FIRST) {
		json_add(writer, json, id == CALL_UNKNOWN ? "unknown" : "truncated", cJSON_CreateTrue());
		return json;
	}
	json_add_string(writer, json, "function", call->function);
	json_add_string(writer, json, "file", call->file);
	if (call->line)
		json_add_number(writer, json, "line", call->line);
	json_add_string(writer, json, "object", calls->profile->objects[call->frame->object].path);
	if (!call->function && !call->inlined && calls->by != CALLS_BY_FUNCTION)
		json_add_hex(writer, json, "offset", call->frame->offset);
	if (call->inlined)
		json_add(writer, json, "inlined", cJSON_CreateTrue());
	return json;
}

static void put_calls(struct json_line *line, struct call_texts *texts, const char *name,
		      const uint32_t *frames, uint32_t n_frames)
{
	size_t n = n_frames ? calls_of_frames(&texts->calls, frames, n_frames, false, texts->ids) : 0;
	json_put_open(line, name, '[');
	for (size_t i = 0; i < n; i++) {
		char **text = &texts->texts[texts->ids[i]];
		if (!*text)
			*text = json_render(line->writer,
					    call_json(line->writer, &texts->calls, texts->ids[i]));
		if (i)
			json_put_text(line, ",");
		json_put_text(line, *text ? *text : "");
	}
	json_put_close(line, ']');
}

static void put_thread(struct json_line *line, const struct profile_thread *thread)
{
	json_put_open(line, "thread", '{');
	json_put_number(line, "tid", (uint64_t)thread->tid);
	json_put_string(line, "name", thread->name);
	json_put_close(line, '}');
}

static void put_freed_by(struct json_line *line, const struct profile *profile, struct call_texts *texts,
			 const struct profile_stack *stack)
{
	if (!stack->n_freed_by || !profile_knows(profile, PROFILE_DETAILS))
		return;
	json_put_open(line, "freed_by", '[');
	for (size_t i = 0; i < stack->n_freed_by; i++) {
		const struct profile_freed_by *by = &stack->freed_by[i];
		const struct profile_free_stack *freeing = &profile->free_stacks[by->free_stack];
		json_put_open(line, NULL, '{');
		json_put_number(line, "frees", by->frees);
		json_put_number(line, "cross_thread_frees", by->cross_thread_frees);
		put_calls(line, texts, "calls", freeing->frames, freeing->n_frames);
		json_put_close(line, '}');
	}
	json_put_close(line, ']');
}

/* What the text advises by. */
static void put_final_size(struct json_line *line, struct profile_growth *growth)
{
	json_put_open(line, "final_size", '{');
	json_put_number(line, "median", profile_growth_percentile(growth, 0.5));
	json_put_number(line, "p95", profile_growth_percentile(growth, 0.95));
	json_put_close(line, '}');
}

static void put_stack(struct json_line *line, const struct report *report, struct call_texts *texts,
		      const struct profile_stack *stack)
{
	const struct profile *profile = report->profile;
	char word[32];
	json_put_line_break(line);
	json_put_open(line, NULL, '{');
	put_stack_figures(line, profile, stack);
	if (profile_knows(profile, PROFILE_DETAILS) && stack->growth && stack->growth->n_final_sizes)
		put_final_size(line, stack->growth);
	put_freed_by(line, profile, texts, stack);
	if (stack->has_thread)
		put_thread(line, &profile->threads[stack->thread]);
	if (stack->truncated)
		json_put_true(line, "truncated");
	if (stack->truncated && profile_is_reason(stack->why)) {
		profile_reason_word(stack->why, word);
		json_put_string(line, "end", word);
	}
	put_calls(line, texts, "calls", stack->frames, stack->n_frames);
	json_put_close(line, '}');
}

/* Whether the view shows the stack, in a list that is sorted and may go on. */
static bool is_shown(const struct report *report, const struct profile_stack *stack)
{
	const struct profile_counts *counts = &stack->counts;
	if (report->options->view == REPORT_LEAKS)
		return counts->live_allocs || counts->live_bytes;
	if (report->key == sort_key_of(report->profile, REPORT_GROWTH))
		return stack->growth && stack->growth->chains;
	return !report->options->top || figure_value(counts, report->key);
}

static void sort(struct report *report)
{
	if (report->options->view == REPORT_LEAKS)
		selection_sort(report, compare_by_leak, NULL);
	else if (report->key == sort_key_of(report->profile, REPORT_GROWTH))
		selection_sort(report, compare_by_growth, NULL);
	else
		selection_sort(report, compare_by_key, report->key);
}

static void emit_stacks(struct json_writer *writer, struct report *report, struct call_texts *texts)
{
	struct json_line line;
	size_t shown = 0;
	sort(report);
	json_line_begin(&line, writer);
	json_put_text(&line, ",\n\"stacks\":[");
	line.is_first = true;
	for (size_t i = 0; i < report->selection.n && !writer->result; i++) {
		if (!is_shown(report, report->selection.stacks[i]))
			continue;
		if (shown++ == report->options->top && report->options->top)
			break;
		put_stack(&line, report, texts, report->selection.stacks[i]);
	}
	json_put_close(&line, ']');
	json_line_end(&line);
}

static void put_free(struct json_line *line, const struct profile *profile, struct call_texts *texts,
		     const char *name, int64_t index)
{
	if (index >= 0)
		put_calls(line, texts, name, profile->free_stacks[index].frames,
			  profile->free_stacks[index].n_frames);
}

static void emit_double_frees(struct json_writer *writer, const struct profile *profile,
			      struct call_texts *texts)
{
	struct json_line line;
	if (!profile->n_double_frees || !profile_knows(profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL))
		return;
	json_line_begin(&line, writer);
	json_put_text(&line, ",\n\"double_frees\":[");
	line.is_first = true;
	for (size_t i = 0; i < profile->n_double_frees; i++) {
		const struct profile_double_free *twice = &profile->double_frees[i];
		json_put_line_break(&line);
		json_put_open(&line, NULL, '{');
		json_put_number(&line, "count", twice->count);
		if (twice->stack >= 0)
			put_calls(&line, texts, "allocated_by", profile->stacks[twice->stack].frames,
				  profile->stacks[twice->stack].n_frames);
		put_free(&line, profile, texts, "freed_by", twice->freed_by);
		put_free(&line, profile, texts, "again_by", twice->again_by);
		json_put_close(&line, '}');
	}
	json_put_close(&line, ']');
	json_line_end(&line);
}

static void add_group(struct json_writer *writer, cJSON *groups, const char *name,
		      const struct leak_group *group)
{
	cJSON *json = cJSON_CreateObject();
	json_add_number(writer, json, "live_bytes", group->bytes);
	json_add_number(writer, json, "live_allocs", group->blocks);
	json_add_number(writer, json, "stacks", group->stacks);
	if (group->bytes_per_s)
		json_add_number(writer, json, "bytes_per_s", group->bytes_per_s);
	json_add(writer, groups, name, json);
}

static void emit_groups(struct json_writer *writer, const struct profile *profile)
{
	struct leak_groups groups = {0};
	cJSON *json = cJSON_CreateObject();
	leak_groups_fill(&groups, profile);
	if (groups.tells_growing)
		add_group(writer, json, "growing", &groups.growing);
	if (groups.tells_startup)
		add_group(writer, json, "startup", &groups.startup);
	add_group(writer, json, "other", &groups.other);
	json_emit_member(writer, "groups", json);
}

static void put_node(struct json_line *line, const struct report *report, const struct report_tree *tree,
		     const struct tree_item *item)
{
	const struct call_node *node = &tree->tree.nodes[item->node];
	json_put_line_break(line);
	json_put_open(line, NULL, '{');
	if (item->part == TREE_CALL)
		json_put_number(line, "id", item->node);
	json_put_number(line, "parent", item->part == TREE_CALL ? node->parent : item->node);
	json_put_number(line, report->key->field, item->value);
	if (report->key->unit)
		json_put_number(line, report->key->count_field, item->count);
	if (item->part == TREE_CALL) {
		json_put_number(line, "self", node->self);
		char *text = json_render(line->writer, call_json(line->writer, &tree->calls, node->call));
		json_put_text(line, ",\"call\":");
		json_put_text(line, text ? text : "");
		free(text);
	} else {
		json_put_number(line, "more", item->n);
	}
	json_put_close(line, '}');
}

static int emit_tree(struct json_writer *writer, const struct report *report)
{
	struct report_tree tree;
	struct tree_item item;
	struct json_line line;
	int result = report_tree_init(&tree, report);
	if (!result) {
		json_line_begin(&line, writer);
		json_put_text(&line, report->options->order == CALLS_CALLEES ? ",\n\"order\":\"callees\""
									     : ",\n\"order\":\"callers\"");
		json_put_decimal(&line, "min_percent", report->options->min_percent);
		json_put_text(&line, ",\n\"nodes\":[");
		line.is_first = true;
		while (!writer->result && tree_walk_next(&tree.walk, &item))
			put_node(&line, report, &tree, &item);
		json_put_close(&line, ']');
		json_line_end(&line);
	}
	report_tree_deinit(&tree);
	return result;
}

void emit_stack_rows(struct json_writer *writer, struct report *report)
{
	struct call_texts texts = {0};
	if (report->options->view == REPORT_LEAKS)
		emit_groups(writer, report->profile);
	int result = texts_init(&texts, report->profile);
	if (!result && report->options->view != REPORT_LEAKS)
		emit_double_frees(writer, report->profile, &texts);
	if (!result && report->options->view == REPORT_TREE)
		result = emit_tree(writer, report);
	else if (!result)
		emit_stacks(writer, report, &texts);
	if (result)
		json_failed(writer, result);
	texts_deinit(&texts);
}
