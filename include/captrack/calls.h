/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CALLS_H
#define CAPTRACK_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "captrack/profile.h"

/* Stacks as people read them: calls of functions by name, where an inlined function is a call like any
 * other; trees of them; which of them match a pattern. Text is the profile's, and as untrusted. */

struct call {
	const char *function; /* NULL: not known, and the object stands for it */
	const char *file;     /* NULL: not known */
	uint32_t line;        /* 0: not known; this and the column are 0 of calls by function */
	uint32_t column;
	bool inlined;
	const struct profile_frame *frame; /* one of those that it is (part) of; NULL of the two below */
};

/* Calls that are none: what a stack without frames consists of; what called the outermost frame of
 * a stack that goes on beyond what was kept. */
enum { CALL_UNKNOWN, CALL_TRUNCATED, CALL_FIRST };

/* What makes two calls one. */
enum calls_by {
	CALLS_BY_FUNCTION, /* function and file; where one is not known, the object's name, too */
	CALLS_BY_NAME,     /* the same, but code without a name by its offset */
	CALLS_BY_LINE,     /* line and column, too; of code without a name its offset */
	CALLS_BY_ADDRESS,  /* each frame its own */
};

/* The distinct calls of a profile, which must outlive them. */
struct calls {
	const struct profile *profile;
	enum calls_by by;
	struct call *calls;
	size_t n;
	size_t *first;  /* by frame: where its ids begin; one more than there are frames */
	uint32_t *ids;  /* indexes into calls, of each frame innermost first */
	size_t longest; /* stack, in calls */
	size_t total;   /* of all stacks */
};

enum {
	MOST_CALLS = 1 << 26
}; /* of all stacks together: a file of a few MB can have inlined calls without end */

/* -ENOMEM; -EFBIG: more than MOST_CALLS. */
int calls_init(struct calls *calls, const struct profile *profile, enum calls_by by);
void calls_deinit(struct calls *calls); /* NULL-safe, as of zeroed ones */

/* The calls of a stack, innermost first, CALL_TRUNCATED or CALL_UNKNOWN last where it applies; `ids` has
 * room for calls->longest. Returns how many there are, at least 1. */
size_t calls_of_stack(const struct calls *calls, const struct profile_stack *stack, uint32_t *ids);
/* The same for frames of another stack, such as one that frees. */
size_t calls_of_frames(const struct calls *calls, const uint32_t *frames, uint32_t n_frames, bool truncated,
		       uint32_t *ids);

/* The object that the call is in, as its path; "?" where it is not known. */
const char *call_object(const struct calls *calls, const struct call *call);
/* "parse", "libc.so.6+0x1234", by function "libc.so.6", "[unknown]", "[truncated]"; as it stands in the
 * profile, not escaped, cut to size. */
const char *call_name(const struct calls *calls, const struct call *call, char *out, size_t size);

/* The part after the last slash; "?" for NULL. */
const char *path_basename(const char *path);

/* Of the C, C++ or Rust runtime, by its name or file (or NULL), or by the object it is in (its basename). */
bool name_is_runtime(const char *function, const char *file, const char *object);
bool call_is_runtime(const struct calls *calls, const struct call *call); /* not of a call that is none */

/* --- trees --- */

/* Stacks that begin alike share the beginning. By index, for depth and number are the profile's;
 * nodes[0] is the root, which is no call. */
struct call_node {
	uint32_t call; /* index into calls */
	uint32_t parent;
	uint32_t child; /* the first, the one of the largest value; 0: none */
	uint32_t next;  /* sibling; 0: none */
	uint64_t value; /* of all stacks that come by here */
	uint64_t count;
	uint64_t self; /* value of stacks that end here */
};

struct call_tree {
	struct call_node *nodes; /* each after its parent */
	size_t n;
	uint32_t *ends; /* by stack: the node that it ends at; 0: left out */
};

enum call_order {
	CALLS_CALLERS, /* what allocated first, its callers below it */
	CALLS_CALLEES, /* main first, the functions that it called below it */
};

/* What a stack counts for; a stack of value and count 0 is left out. */
struct call_weight {
	uint64_t value;
	uint64_t count;
};
typedef struct call_weight (*call_weigh)(const struct profile_stack *stack, const void *context);

/* Children are sorted by value, the larger first. -ENOMEM, -EOVERFLOW where values add up to more than
 * 2^64. Recursive calls are nodes below each other. */
int call_tree_init(struct call_tree *tree, const struct calls *calls, enum call_order order, call_weigh weigh,
		   const void *context);
void call_tree_deinit(struct call_tree *tree);

/* --- which ones --- */

/* Whether a name matches what a user typed: as a part of the name, or where it has a * (any text) or
 * ? (any character), as the whole. Case matters. */
bool pattern_matches(const char *pattern, const char *text);

/* All that is not NULL or 0 must hold; of names for one of the stack's calls (all for the same one). */
struct stack_filter {
	const char *function;
	const char *file;   /* a source file's path */
	const char *object; /* an object's path */
	int64_t thread;     /* index into the profile's threads; -1: any. Known of captures by thread */
	uint64_t min_bytes; /* of what the caller sorts by */
};

/* By names and thread; min_bytes is the caller's. */
bool filter_keeps(const struct stack_filter *filter, const struct calls *calls,
		  const struct profile_stack *stack);

/* What that asks: whether there are patterns for names; whether the calls of a frame, by its index, match,
 * which for many stacks is asked once a frame; whether "[unknown]" or "[truncated]" does, where the stack has
 * it. */
bool filter_has_names(const struct stack_filter *filter);
bool filter_matches_frame(const struct stack_filter *filter, const struct calls *calls, uint32_t index);
bool filter_matches_end(const struct stack_filter *filter, const struct calls *calls,
			const struct profile_stack *stack);

#endif
