// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Trees as massif cuts them: what is below 1% of the heap is summed up, and what is beyond 30 frames left
 * out. Lines of inlined functions come on top of the frames; but ms_print calls itself for each level, and
 * perl complains from 100 on. */
#include "massif_tree.h"

#include <inttypes.h>
#include <stdio.h>

#include "valgrind.h"

enum { MOST_FRAMES = 30, MOST_LEVELS = 90 };

/* Where the way through the tree, from each node to its first child, else the next node, has come to. */
struct walk {
	struct json_line *line;
	const struct calls *calls;
	const struct call_node *nodes;
	uint64_t least; /* that a node has to hold for a line of its own */
	uint32_t node;
	int level;
	int frames; /* above it, and its own */
};

static bool is_frame(const struct walk *walk, uint32_t node)
{
	return node && !walk->calls->calls[walk->nodes[node].call].inlined;
}

static bool is_shown(const struct walk *walk, uint32_t node)
{
	return node && walk->nodes[node].value >= walk->least;
}

static uint32_t first_child(const struct walk *walk)
{
	bool ends = walk->frames >= MOST_FRAMES || walk->level >= MOST_LEVELS;
	return ends ? 0 : walk->nodes[walk->node].child;
}

void massif_put_text(struct json_line *line, char *text)
{
	for (char *at = text; *at; at++)
		if (*at == '#')
			*at = ' ';
	json_put_text(line, text);
}

static void put_node(const struct walk *walk)
{
	const struct call_node *node = &walk->nodes[walk->node];
	char head[MOST_LEVELS + 80], frame[VALGRIND_FRAME_BYTES];
	uint32_t child = first_child(walk), lines = 0;
	for (; is_shown(walk, child); child = walk->nodes[child].next)
		lines++;
	snprintf(head, sizeof(head), "%*sn%" PRIu32 ": %" PRIu64 " ", walk->level, "", lines + (child != 0),
		 node->value);
	json_put_text(walk->line, head);
	if (walk->node)
		massif_put_text(walk->line, (char *)valgrind_frame(walk->calls, node->call, false, frame));
	else
		json_put_text(walk->line, "(heap allocation functions) malloc/new/new[], --alloc-fns, etc.");
	json_put_text(walk->line, "\n");
}

/* Of this node and its next ones, in one line. */
static void put_below(const struct walk *walk, uint32_t node, int level)
{
	char text[MOST_LEVELS + 160];
	uint32_t places = 0;
	uint64_t bytes = 0;
	if (!node)
		return;
	for (; node; node = walk->nodes[node].next, places++)
		bytes += walk->nodes[node].value;
	snprintf(text, sizeof(text),
		 "%*sn0: %" PRIu64 " in %" PRIu32 " place%s, all below massif's threshold (1.00%%)\n", level,
		 "", bytes, places, places == 1 ? "" : "s");
	json_put_text(walk->line, text);
}

static void enter(struct walk *walk, uint32_t node)
{
	walk->node = node;
	walk->level++;
	walk->frames += is_frame(walk, node);
}

static void leave(struct walk *walk)
{
	walk->frames -= is_frame(walk, walk->node);
	walk->level--;
	walk->node = walk->nodes[walk->node].parent;
}

/* To the next node that has a line, with the lines that sum up in between; false at the end. */
static bool step(struct walk *walk)
{
	uint32_t child = first_child(walk);
	if (is_shown(walk, child)) {
		enter(walk, child);
		return true;
	}
	put_below(walk, child, walk->level + 1);
	while (walk->node) {
		int level = walk->level;
		uint32_t next = walk->nodes[walk->node].next;
		leave(walk);
		if (is_shown(walk, next)) {
			enter(walk, next);
			return true;
		}
		put_below(walk, next, level);
	}
	return false;
}

void massif_put_tree(struct json_line *line, const struct calls *calls, const struct call_tree *tree)
{
	uint64_t total = tree->nodes[0].value;
	struct walk walk = {.line = line, .calls = calls, .nodes = tree->nodes};
	walk.least = total / 100 + (total % 100 != 0);
	do
		put_node(&walk);
	while (step(&walk));
}
