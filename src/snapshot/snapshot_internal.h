/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SNAPSHOT_INTERNAL_H
#define CAPTRACK_SNAPSHOT_INTERNAL_H

#include "captrack/snapshot.h"

#include <uthash.h>

struct stack_entry { /* index in the BPF map -> index into the profile's stacks */
	uint32_t stack;
	uint32_t index;
	struct ct_counts counts; /* as last read */
	UT_hash_handle hh;
};

struct frame_place {
	uint64_t offset;
	uint64_t object; /* index into the profile's objects, and CT_PLACE_EXACT as the lowest bit */
};

struct frame_entry {
	struct frame_place place;
	uint32_t index;
	UT_hash_handle hh;
};

struct object_entry { /* file, or NULL for memory of no file -> index into objects */
	struct mapped_file *file;
	uint32_t index;
	UT_hash_handle hh;
};

struct image_state {
	struct image image; /* first: an image is its state to this module */
	struct stack_entry *stacks;
	struct frame_entry *frames;
	struct object_entry *objects;
	uint64_t ends[CT_ENDS]; /* stacks by how their unwinding ended */
};

struct kernel_object { /* id of the BPF maps -> file */
	uint32_t id;
	struct mapped_file *file; /* NULL: not known */
	UT_hash_handle hh;
};

struct snapshots {
	struct kernel *kernel;
	struct mappings *mappings;
	struct symbols *symbols;
	struct image *first, *last;
	struct kernel_object *kernel_objects;
};

/* frames.c: the index of an object, and of a new stack with its frames, in the
 * image's profile; or a negative errno. */
int64_t image_object(struct snapshots *snapshots, struct image_state *state, struct mapped_file *file);
int64_t image_add_stack(struct snapshots *snapshots, struct image_state *state,
			const struct kernel_stack *stack);
/* Why a stack is truncated, in the profile's terms. */
enum profile_integrity image_reason(enum ct_end end);

#endif
