// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "tree_walk.h"

#include <errno.h>
#include <stdlib.h>

enum { LITTLE = 20 }; /* this part of what a row has is not worth a line on the way */

/* What is to be shown below a node. */
static void level_fill(struct tree_level *level, const struct tree_walk *walk, uint32_t node)
{
	const struct call_node *nodes = walk->tree->nodes, *at = &nodes[node];
	*level = (struct tree_level){.node = node, .child = at->child};
	level->rest = (struct tree_item){.part = TREE_REST, .node = node, .all_small = true};
	for (uint32_t child = at->child; child; child = nodes[child].next) {
		bool is_small = nodes[child].value < walk->least;
		if (!is_small && (!walk->most || level->children < walk->most)) {
			level->children++;
			continue;
		}
		level->rest.n++;
		level->rest.value += nodes[child].value;
		level->rest.count += nodes[child].count;
		level->rest.all_small = level->rest.all_small && is_small;
	}
	if (!walk->for_people || !at->self || !at->child)
		return;
	level->self = at->self >= walk->least;
	if (!level->self) {
		level->rest.n++;
		level->rest.value += at->self;
	}
}

int tree_walk_init(struct tree_walk *walk, size_t longest)
{
	walk->levels = calloc(longest + 2, sizeof(*walk->levels));
	if (!walk->levels)
		return -ENOMEM;
	walk->depth = 1;
	level_fill(&walk->levels[0], walk, 0);
	walk->folded = walk->levels[0].rest.n;
	return 0;
}

void tree_walk_deinit(struct tree_walk *walk)
{
	free(walk->levels);
	walk->levels = NULL;
}

static bool level_goes_on(const struct tree_level *level)
{
	return level->children || level->self || level->rest.n;
}

bool tree_walk_goes_on(const struct tree_walk *walk, size_t depth)
{
	return level_goes_on(&walk->levels[depth]);
}

static void take_child(struct tree_walk *walk, struct tree_level *level, struct tree_item *item)
{
	const struct call_node *child = &walk->tree->nodes[level->child];
	*item = (struct tree_item){
		.part = TREE_CALL,
		.node = level->child,
		.last = level->child,
		.value = child->value,
		.count = child->count,
	};
	level->child = child->next;
	level->children--;
}

/* Calls of which only one is shown below the other are in a row as long as what is not shown on the way is
 * little: it comes after what is below the last. */
static bool next_in_row(const struct tree_walk *walk, const struct tree_level *level,
			const struct tree_item *item)
{
	if (!walk->for_people || level->children != 1 || level->self)
		return false;
	return item->value - walk->tree->nodes[level->child].value <= item->value / LITTLE;
}

/* What is below a call comes next; for people, where it is not shown at all, how many that are will do. */
static void go_below(struct tree_walk *walk, struct tree_item *item)
{
	struct tree_level *level = &walk->levels[walk->depth];
	struct tree_item passed = {0};
	level_fill(level, walk, item->last);
	while (next_in_row(walk, level, item)) {
		passed.n += level->rest.n;
		passed.value += level->rest.value;
		passed.count += level->rest.count;
		item->last = level->child;
		level_fill(level, walk, item->last);
	}
	level->rest.n += passed.n;
	level->rest.value += passed.value;
	level->rest.count += passed.count;
	walk->folded += level->rest.n;
	item->has_below = level->children || level->self || passed.n || (level->rest.n && !walk->for_people);
	if (item->has_below) {
		walk->depth++;
	} else {
		item->n = level->rest.n;
		item->all_small = level->rest.all_small;
	}
}

static void take_self(const struct tree_walk *walk, struct tree_level *level, struct tree_item *item)
{
	*item = (struct tree_item){
		.part = TREE_SELF,
		.node = level->node,
		.value = walk->tree->nodes[level->node].self,
	};
	level->self = false;
}

bool tree_walk_next(struct tree_walk *walk, struct tree_item *item)
{
	const struct call_node *nodes = walk->tree->nodes;
	while (walk->depth && !level_goes_on(&walk->levels[walk->depth - 1]))
		walk->depth--;
	if (!walk->depth)
		return false;
	size_t depth = walk->depth - 1;
	struct tree_level *level = &walk->levels[depth];
	bool self_first =
		level->self && (!level->children || nodes[level->node].self > nodes[level->child].value);
	if (self_first) {
		take_self(walk, level, item);
	} else if (level->children) {
		take_child(walk, level, item);
	} else {
		*item = level->rest;
		level->rest.n = 0;
	}
	item->depth = depth;
	item->goes_on = level_goes_on(level);
	if (item->part == TREE_CALL)
		go_below(walk, item);
	return true;
}
