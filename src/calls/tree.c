// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Stacks as a tree of calls. Sorted by their calls, stacks that begin alike lie side by side, so that
 * each needs nodes only from where it parts from the one before it. */
#include "captrack/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct path { /* a stack, from the tree's root on */
	uint32_t *ids;
	size_t n;
	size_t stack; /* its index in the profile */
	struct call_weight weight;
};

struct paths {
	struct path *paths;
	size_t n;
	uint32_t *ids; /* of all */
};

static void reverse(uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t id = ids[i];
		ids[i] = ids[n - 1 - i];
		ids[n - 1 - i] = id;
	}
}

static int compare_paths(const void *a, const void *b)
{
	const struct path *first = a, *second = b;
	size_t shorter = first->n < second->n ? first->n : second->n;
	for (size_t i = 0; i < shorter; i++)
		if (first->ids[i] != second->ids[i])
			return first->ids[i] < second->ids[i] ? -1 : 1;
	return first->n < second->n ? -1 : first->n > second->n;
}

static int paths_init(struct paths *paths, const struct calls *calls, enum call_order order, call_weigh weigh,
		      const void *context)
{
	const struct profile *profile = calls->profile;
	*paths = (struct paths){0};
	paths->paths = calloc(profile->n_stacks + 1, sizeof(*paths->paths));
	paths->ids = calloc(calls->total + 1, sizeof(*paths->ids));
	if (!paths->paths || !paths->ids)
		return -ENOMEM;
	uint32_t *ids = paths->ids;
	for (size_t i = 0; i < profile->n_stacks; i++) {
		struct path path = {.ids = ids, .stack = i, .weight = weigh(&profile->stacks[i], context)};
		if (!path.weight.value && !path.weight.count)
			continue;
		path.n = calls_of_stack(calls, &profile->stacks[i], ids);
		if (order == CALLS_CALLEES)
			reverse(ids, path.n);
		ids += path.n;
		paths->paths[paths->n++] = path;
	}
	qsort(paths->paths, paths->n, sizeof(*paths->paths), compare_paths);
	return 0;
}

static void paths_deinit(struct paths *paths)
{
	free(paths->paths);
	free(paths->ids);
}

static size_t common_calls(const struct path *first, const struct path *second)
{
	size_t n = 0;
	while (n < first->n && n < second->n && first->ids[n] == second->ids[n])
		n++;
	return n;
}

/* All nodes but the root's links; way[i] is the node at depth i of the path at hand. */
static int add_nodes(struct call_tree *tree, const struct paths *paths, uint32_t *way)
{
	static const struct path none = {0};
	struct call_node *root = &tree->nodes[0];
	way[0] = 0;
	for (size_t i = 0; i < paths->n; i++) {
		const struct path *path = &paths->paths[i];
		for (size_t j = common_calls(path, i ? path - 1 : &none); j < path->n; j++) {
			tree->nodes[tree->n] = (struct call_node){.call = path->ids[j], .parent = way[j]};
			way[j + 1] = (uint32_t)tree->n++;
		}
		/* What does not overflow at the root does nowhere. */
		if (path->weight.value > UINT64_MAX - root->value ||
		    path->weight.count > UINT64_MAX - root->count)
			return -EOVERFLOW;
		for (size_t j = 0; j <= path->n; j++) {
			tree->nodes[way[j]].value += path->weight.value;
			tree->nodes[way[j]].count += path->weight.count;
		}
		tree->nodes[way[path->n]].self += path->weight.value;
		tree->ends[path->stack] = way[path->n];
	}
	return 0;
}

/* The smallest first, of equal ones the last. */
static int compare_nodes(const void *a, const void *b, void *context)
{
	const struct call_node *nodes = context;
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
	if (nodes[first].value != nodes[second].value)
		return nodes[first].value < nodes[second].value ? -1 : 1;
	return first > second ? -1 : 1;
}

/* Each put before its siblings, from the smallest on. */
static int link_nodes(struct call_tree *tree)
{
	uint32_t *order = calloc(tree->n, sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (size_t i = 1; i < tree->n; i++)
		order[i - 1] = (uint32_t)i;
	qsort_r(order, tree->n - 1, sizeof(*order), compare_nodes, tree->nodes);
	for (size_t i = 0; i + 1 < tree->n; i++) {
		struct call_node *node = &tree->nodes[order[i]], *parent = &tree->nodes[node->parent];
		node->next = parent->child;
		parent->child = order[i];
	}
	free(order);
	return 0;
}

static size_t count_nodes(const struct paths *paths)
{
	size_t n = 1;
	for (size_t i = 0; i < paths->n; i++)
		n += paths->paths[i].n - (i ? common_calls(&paths->paths[i], &paths->paths[i - 1]) : 0);
	return n;
}

int call_tree_init(struct call_tree *tree, const struct calls *calls, enum call_order order, call_weigh weigh,
		   const void *context)
{
	struct paths paths;
	uint32_t *way = calloc(calls->longest + 1, sizeof(*way));
	int result = paths_init(&paths, calls, order, weigh, context);
	*tree = (struct call_tree){.n = 1};
	if (!result) {
		tree->nodes = calloc(count_nodes(&paths), sizeof(*tree->nodes));
		tree->ends = calloc(calls->profile->n_stacks + 1, sizeof(*tree->ends));
		result = tree->nodes && tree->ends && way ? add_nodes(tree, &paths, way) : -ENOMEM;
	}
	if (!result)
		result = link_nodes(tree);
	if (result)
		call_tree_deinit(tree);
	paths_deinit(&paths);
	free(way);
	return result;
}

void call_tree_deinit(struct call_tree *tree)
{
	free(tree->nodes);
	free(tree->ends);
	*tree = (struct call_tree){0};
}
