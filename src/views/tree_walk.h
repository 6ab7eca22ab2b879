/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_VIEWS_TREE_WALK_H
#define CAPTRACK_VIEWS_TREE_WALK_H

#include "views_internal.h"

/* The way through a call tree, what called before what it called: what text and JSON show of it. No
 * recursion, for a stack may be thousands of calls deep. */

enum tree_part {
	TREE_CALL, /* a node */
	TREE_SELF, /* stacks that end at the node above; only with tree_walk.for_people */
	TREE_REST, /* children of it that are not shown, together */
};

struct tree_item {
	enum tree_part part;
	size_t depth;  /* 0: below the root */
	uint32_t node; /* TREE_CALL; else that of the parent */
	uint32_t last; /* TREE_CALL: of the calls in a row that begin with it; without for_people itself */
	uint64_t value;
	uint64_t count;
	uint64_t n;     /* TREE_REST: how many ... */
	bool all_small; /* ... all of them for their size. TREE_CALL of which nothing below is shown: the same
			 */
	bool goes_on;   /* other items of the same parent follow */
	bool has_below; /* items of its own follow */
};

/* What is to be shown of a node's children. */
struct tree_level {
	uint32_t node;
	uint32_t child; /* the next to show */
	size_t children;
	bool self;
	struct tree_item rest; /* n is 0: none */
};

struct tree_walk {
	const struct call_tree *tree;
	uint64_t least;  /* smaller children are not shown */
	size_t most;     /* children of one node; 0: all */
	bool for_people; /* calls in a row as one item, TREE_SELF */
	struct tree_level *levels;
	size_t depth;
	size_t folded; /* children that are not shown, so far */
};

/* `longest`: stack, in calls. -ENOMEM; tree_walk_deinit() is due in any case. */
int tree_walk_init(struct tree_walk *walk, size_t longest);
void tree_walk_deinit(struct tree_walk *walk);
bool tree_walk_next(struct tree_walk *walk, struct tree_item *item);
/* Whether more follows of the items at this depth, of which the last one was (above) the present one. */
bool tree_walk_goes_on(const struct tree_walk *walk, size_t depth);

/* tree.c: the tree that the report's options ask for, and how it is cut. */
struct report_tree {
	struct calls calls;
	struct call_tree tree;
	struct tree_walk walk;
};
/* -ENOMEM, -EFBIG, -EOVERFLOW; report_tree_deinit() is due in any case. */
int report_tree_init(struct report_tree *tree, const struct report *report);
void report_tree_deinit(struct report_tree *tree);

#endif
