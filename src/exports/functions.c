// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Calls by what a format shows of them: those that look alike there are one function. */
#include "exports_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OFFSET_NAME = 320 }; /* "object+0x12", of a longer object's name the beginning */

/* call_name(), safe and not cut. */
static char *name_of(const struct calls *calls, const struct call *call)
{
	char name[MOST_OFFSET_NAME];
	if (call->function && *call->function)
		return text_safe(call->function);
	if (!call->frame || call->inlined)
		return strdup("?");
	struct call unnamed = *call;
	unnamed.function = NULL;
	snprintf(name, sizeof(name), "%.*s+0x%" PRIx64, MOST_OFFSET_NAME - 24,
		 path_basename(call_object(calls, &unnamed)), call->frame->offset);
	return text_safe(name);
}

/* What functions are sorted by. */
struct order {
	const struct functions *functions;
	enum alike alike;
};

static int compare_text(const char *first, const char *second)
{
	if (!first || !second)
		return !!first - !!second;
	return strcmp(first, second);
}

static int compare_shown(const struct order *order, uint32_t first, uint32_t second)
{
	const struct functions *functions = order->functions;
	const struct call *calls = functions->calls.calls;
	int result = strcmp(functions->names[first], functions->names[second]);
	return result || order->alike == ALIKE_BY_NAME ? result
						       : compare_text(calls[first].file, calls[second].file);
}

static int compare_calls(const void *a, const void *b, void *order)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
	int result = compare_shown(order, first, second);
	return result ? result : first < second ? -1 : first > second;
}

/* Of calls that are shown alike, the first one's id stands for all. */
static int merge(struct functions *functions, enum alike alike)
{
	struct calls *calls = &functions->calls;
	const struct order order = {functions, alike};
	uint32_t *sorted = calloc(calls->n, sizeof(*sorted)), *first = calloc(calls->n, sizeof(*first));
	int result = sorted && first ? 0 : -ENOMEM;
	for (size_t i = 0; i < calls->n && !result; i++)
		sorted[i] = (uint32_t)i;
	if (!result)
		qsort_r(sorted, calls->n, sizeof(*sorted), compare_calls, (void *)(uintptr_t)&order);
	for (size_t i = 0; i < calls->n && !result; i++)
		first[sorted[i]] = i && !compare_shown(&order, sorted[i - 1], sorted[i])
					   ? first[sorted[i - 1]]
					   : sorted[i];
	for (size_t i = 0; i < calls->first[calls->profile->n_frames] && !result; i++)
		calls->ids[i] = first[calls->ids[i]];
	for (size_t i = 0; i < calls->n && !result; i++) {
		if (first[i] == i)
			continue;
		free(functions->names[i]);
		functions->names[i] = NULL;
	}
	free(sorted);
	free(first);
	return result;
}

int functions_init(struct functions *functions, const struct profile *profile, enum alike alike,
		   void (*rename)(char *name))
{
	struct calls *calls = &functions->calls;
	*functions = (struct functions){0};
	int result = calls_init(calls, profile, CALLS_BY_LINE);
	if (result)
		return result;
	functions->names = calloc(calls->n, sizeof(*functions->names));
	for (size_t i = 0; i < calls->n && functions->names && !result; i++) {
		functions->names[i] = name_of(calls, &calls->calls[i]);
		if (!functions->names[i])
			result = -ENOMEM;
		else if (rename)
			rename(functions->names[i]);
	}
	if (!functions->names)
		result = -ENOMEM;
	if (!result && alike != ALIKE_BY_LINE)
		result = merge(functions, alike);
	if (result)
		functions_deinit(functions);
	return result;
}

void functions_deinit(struct functions *functions)
{
	for (size_t i = 0; i < functions->calls.n && functions->names; i++)
		free(functions->names[i]);
	free(functions->names);
	calls_deinit(&functions->calls);
	*functions = (struct functions){0};
}

size_t tree_path(const struct call_tree *tree, uint32_t node, uint32_t *ids)
{
	size_t n = 0;
	for (; node; node = tree->nodes[node].parent)
		ids[n++] = tree->nodes[node].call;
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t id = ids[i];
		ids[i] = ids[n - 1 - i];
		ids[n - 1 - i] = id;
	}
	return n;
}
