// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f speedscope: https://www.speedscope.app/file-format-schema.json. A profile in the file for
 * each figure; stacks that are shown alike are one sample, and those that begin alike lie side by side,
 * so that "time order" is a flame graph, too. */
#include "exports_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/json.h"

static const char *const shown[] = {"at-peak", "live", "allocated", "allocs", NULL};

/* The file as it is written. */
struct document {
	const struct functions *functions;
	struct json_line line;
	uint32_t *numbers; /* by id: the number among the file's frames */
	uint32_t *ids;     /* room for a path */
	uint64_t *path;    /* the same, in numbers */
};

const char *speedscope_lacks(const struct profile *profile)
{
	return stacks_add_up(profile, UINT64_MAX) ? NULL : "its figures add up to more than 2^64";
}

/* Speedscope takes each frame for a function: with the lines of calls it would tear them apart. */
static void put_frames(struct document *document)
{
	const struct calls *calls = &document->functions->calls;
	struct json_line *line = &document->line;
	uint32_t n = 0;
	json_put_open(line, "frames", '[');
	for (size_t i = 0; i < calls->n; i++) {
		if (!document->functions->names[i])
			continue;
		document->numbers[i] = n++;
		json_put_line_break(line);
		json_put_open(line, NULL, '{');
		json_put_string(line, "name", document->functions->names[i]);
		json_put_string(line, "file", calls->calls[i].file);
		json_put_close(line, '}');
	}
	json_put_close(line, ']');
}

static void put_samples(struct document *document, const struct call_tree *tree)
{
	struct json_line *line = &document->line;
	json_put_open(line, "samples", '[');
	for (uint32_t i = 1; i < tree->n; i++) {
		if (!tree->nodes[i].self)
			continue;
		size_t n = tree_path(tree, i, document->ids);
		for (size_t j = 0; j < n; j++)
			document->path[j] = document->numbers[document->ids[j]];
		json_put_line_break(line);
		json_put_values(line, NULL, document->path, n);
	}
	json_put_close(line, ']');
}

static void put_weights(struct document *document, const struct call_tree *tree)
{
	struct json_line *line = &document->line;
	json_put_open(line, "weights", '[');
	for (uint32_t i = 1; i < tree->n; i++)
		if (tree->nodes[i].self)
			json_put_number(line, NULL, tree->nodes[i].self);
	json_put_close(line, ']');
}

static int put_profile(struct document *document, const struct figure *value)
{
	struct json_line *line = &document->line;
	struct call_tree tree;
	int result = call_tree_init(&tree, &document->functions->calls, CALLS_CALLEES, value_weigh, value);
	if (result)
		return result;
	json_put_line_break(line);
	json_put_open(line, NULL, '{');
	json_put_string(line, "type", "sampled");
	json_put_string(line, "name", value->short_title);
	json_put_string(line, "unit", value->is_bytes ? "bytes" : "none");
	json_put_number(line, "startValue", 0);
	json_put_number(line, "endValue", tree.nodes[0].value);
	put_samples(document, &tree);
	put_weights(document, &tree);
	json_put_close(line, '}');
	call_tree_deinit(&tree);
	return 0;
}

static int put_document(struct document *document, const struct profile *profile)
{
	struct json_line *line = &document->line;
	int result = 0;
	json_put_open(line, NULL, '{');
	json_put_string(line, "$schema", "https://www.speedscope.app/file-format-schema.json");
	json_put_string(line, "exporter", "captrack-bpf@" CT_VERSION);
	json_put_string(line, "name", profile->target.command);
	json_put_number(line, "activeProfileIndex", 0);
	json_put_open(line, "shared", '{');
	put_frames(document);
	json_put_close(line, '}');
	json_put_open(line, "profiles", '[');
	for (const char *const *key = shown; *key && !result; key++)
		if (!export_value_lacks(profile, export_value_find(*key)))
			result = put_profile(document, export_value_find(*key));
	json_put_close(line, ']');
	json_put_close(line, '}');
	json_put_text(line, "\n");
	return result;
}

int speedscope_write(const struct profile *profile, FILE *out)
{
	struct json_writer writer = {.out = out};
	struct functions functions;
	int result = functions_init(&functions, profile, ALIKE_BY_FILE, NULL);
	if (result)
		return result;
	struct document document = {
		.functions = &functions,
		.numbers = calloc(functions.calls.n + 1, sizeof(*document.numbers)),
		.ids = calloc(functions.calls.longest + 1, sizeof(*document.ids)),
		.path = calloc(functions.calls.longest + 1, sizeof(*document.path)),
	};
	result = document.numbers && document.ids && document.path ? 0 : -ENOMEM;
	if (!result) {
		json_line_begin(&document.line, &writer);
		result = put_document(&document, profile);
		json_line_end(&document.line);
	}
	free(document.numbers);
	free(document.ids);
	free(document.path);
	functions_deinit(&functions);
	return stream_end(out, result ? result : writer.result);
}
