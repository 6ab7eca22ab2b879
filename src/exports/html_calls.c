// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The calls of all stacks, each once, as a tree: a stack is the node that it ends at. A profile of 100,000
 * stacks needs a tenth of the text that lists of frames would take, and a flame graph is half made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "html_internal.h"

/* Bits of a call's last number. */
enum { CALL_INLINED = 1, CALL_RUNTIME = 2, CALL_NAMELESS = 4 };

/* Names of functions and files, sorted. Those that were put together here are in `made`. */
struct strings {
	const char **texts;
	size_t n;
	char **made; /* by call; NULL: its function's name is known */
	size_t n_made;
};

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t find_text(const struct strings *strings, const char *text)
{
	const char **found =
		bsearch(&text, strings->texts, strings->n, sizeof(*strings->texts), compare_texts);
	return (size_t)(found - strings->texts);
}

static void strings_deinit(struct strings *strings)
{
	for (size_t i = 0; i < strings->n_made; i++)
		free(strings->made[i]);
	free(strings->made);
	free(strings->texts);
}

static const char *name_of(const struct calls *calls, const struct strings *strings, size_t index)
{
	return strings->made[index] ? strings->made[index] : calls->calls[index].function;
}

static int collect(struct strings *strings, const struct calls *calls)
{
	char name[320];
	for (size_t i = 0; i < calls->n; i++) {
		const struct call *call = &calls->calls[i];
		if (!call->function) {
			strings->made[i] = strdup(call_name(calls, call, name, sizeof(name)));
			if (!strings->made[i])
				return -ENOMEM;
		}
		strings->texts[strings->n++] = name_of(calls, strings, i);
		if (call->file)
			strings->texts[strings->n++] = call->file;
	}
	return 0;
}

static int strings_init(struct strings *strings, const struct calls *calls)
{
	size_t distinct = 0;
	*strings = (struct strings){.n_made = calls->n};
	strings->texts = calloc(2 * calls->n, sizeof(*strings->texts));
	strings->made = calloc(calls->n, sizeof(*strings->made));
	if (!strings->made)
		strings->n_made = 0;
	if (!strings->texts || !strings->made || collect(strings, calls)) {
		strings_deinit(strings);
		return -ENOMEM;
	}
	qsort(strings->texts, strings->n, sizeof(*strings->texts), compare_texts);
	for (size_t i = 0; i < strings->n; i++)
		if (!i || strcmp(strings->texts[i], strings->texts[distinct - 1]))
			strings->texts[distinct++] = strings->texts[i];
	strings->n = distinct;
	return 0;
}

static uint64_t flags_of(const struct calls *calls, const struct call *call)
{
	uint64_t flags = call->inlined ? CALL_INLINED : 0;
	if (!call->function)
		flags |= CALL_NAMELESS;
	if (call_is_runtime(calls, call))
		flags |= CALL_RUNTIME;
	return flags;
}

/* [name, file + 1, line, object + 1, flags], names and files by their place in strings; 0: not known */
static void put_call(struct json_line *line, const struct calls *calls, const struct strings *strings,
		     size_t index)
{
	const struct call *call = &calls->calls[index];
	json_put_open(line, NULL, '[');
	json_put_number(line, NULL, find_text(strings, name_of(calls, strings, index)));
	json_put_number(line, NULL, call->file ? find_text(strings, call->file) + 1 : 0);
	json_put_number(line, NULL, call->file ? call->line : 0);
	json_put_number(line, NULL, call->frame ? call->frame->object + 1 : 0);
	json_put_number(line, NULL, flags_of(calls, call));
	json_put_close(line, ']');
}

/* Node 0 is the root; the parent of node n is n - up[n]. */
static void put_tree(struct json_line *line, const struct call_tree *tree)
{
	json_put_open(line, "tree", '{');
	json_put_open(line, "call", '[');
	for (size_t i = 0; i < tree->n; i++)
		json_put_number(line, NULL, tree->nodes[i].call);
	json_put_close(line, ']');
	json_put_open(line, "up", '[');
	for (size_t i = 0; i < tree->n; i++)
		json_put_number(line, NULL, i - tree->nodes[i].parent);
	json_put_close(line, ']');
	json_put_close(line, '}');
}

static void put_texts(struct json_line *line, const char *name, const char *const *texts, size_t n)
{
	json_put_open(line, name, '[');
	for (size_t i = 0; i < n; i++)
		json_put_string(line, NULL, texts[i]);
	json_put_close(line, ']');
}

static void put_objects(struct json_line *line, const struct profile *profile)
{
	json_put_open(line, "objects", '[');
	for (size_t i = 0; i < profile->n_objects; i++)
		json_put_string(line, NULL, profile->objects[i].path ? profile->objects[i].path : "?");
	json_put_close(line, ']');
}

/* Lists of calls, innermost first. */
static int put_free_stacks(struct json_line *line, const struct calls *calls)
{
	const struct profile *profile = calls->profile;
	uint32_t *ids = calloc(calls->longest + 1, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	json_put_open(line, "free_stacks", '[');
	for (size_t i = 0; i < profile->n_free_stacks; i++) {
		const struct profile_free_stack *stack = &profile->free_stacks[i];
		size_t n = calls_of_frames(calls, stack->frames, stack->n_frames, false, ids);
		json_put_open(line, NULL, '[');
		for (size_t j = 0; j < n; j++)
			json_put_number(line, NULL, ids[j]);
		json_put_close(line, ']');
	}
	json_put_close(line, ']');
	free(ids);
	return 0;
}

static struct call_weight keep_all(const struct profile_stack *stack, const void *context)
{
	(void)stack;
	(void)context;
	return (struct call_weight){.count = 1};
}

static void put_all(struct json_line *line, const struct calls *calls, const struct strings *strings,
		    const struct call_tree *tree)
{
	put_texts(line, "strings", strings->texts, strings->n);
	put_objects(line, calls->profile);
	json_put_open(line, "calls", '[');
	for (size_t i = 0; i < calls->n; i++)
		put_call(line, calls, strings, i);
	json_put_close(line, ']');
	put_tree(line, tree);
	json_put_open(line, "ends", '[');
	for (size_t i = 0; i < calls->profile->n_stacks; i++)
		json_put_number(line, NULL, tree->ends[i]);
	json_put_close(line, ']');
}

int html_put_calls(struct json_line *line, const struct profile *profile)
{
	struct calls calls;
	struct strings strings = {0};
	struct call_tree tree = {0};
	int result = calls_init(&calls, profile, CALLS_BY_LINE);
	if (result)
		return result;
	result = strings_init(&strings, &calls);
	if (!result) {
		result = call_tree_init(&tree, &calls, CALLS_CALLEES, keep_all, NULL);
		if (!result) {
			put_all(line, &calls, &strings, &tree);
			call_tree_deinit(&tree);
		}
		strings_deinit(&strings);
	}
	if (!result && profile->n_free_stacks)
		result = put_free_stacks(line, &calls);
	calls_deinit(&calls);
	return result;
}
