/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SNAPSHOT_INTERNAL_H
#define CAPTRACK_SNAPSHOT_INTERNAL_H

#include "captrack/reservoir.h"
#include "captrack/snapshot.h"
#include "leaks.h"
#include "timeline.h"

#include <uthash.h>

struct stack_entry {    /* at its index in the BPF map */
	uint32_t image; /* 0: none of a profile */
	uint32_t index; /* into the profile's stacks */
	/* As last read, for what follows from it later. */
	uint64_t seen_peak;
	uint64_t at_peak_bytes;
	uint64_t at_peak_allocs;
	uint64_t lifetime_sum;
	struct leak_series held;
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

struct free_stack_entry { /* index in the BPF map -> index into the profile's free_stacks */
	uint32_t stack;
	uint32_t index;
	UT_hash_handle hh;
};

struct thread_entry { /* number in the BPF map -> index into threads */
	uint32_t number;
	uint32_t index;
	struct ct_thread_counts counts; /* as last read */
	char comm[16];                  /* as the kernel half has it */
	UT_hash_handle hh;
};

struct image_state {
	struct image image; /* first: an image is its state to this module */
	struct free_stack_entry *free_stacks;
	struct thread_entry *threads;
	size_t n_stacks_by_thread; /* so many of the first stacks have their thread */
	struct timeline timeline;
	uint64_t taken_ns;  /* CLOCK_MONOTONIC: when the last snapshot was taken */
	uint64_t judged_ms; /* at which of them stacks were last judged */
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
	struct reservoir reservoir;
	struct stack_entry *stacks;
	uint32_t stack_room; /* in it */
	struct image *first, *last;
	struct kernel_object *kernel_objects;
};

/* Counts of a sampled capture are in fractions. Each is rounded by itself, so what is not
 * less stays not less, and no difference falls below 0. */
static inline uint64_t snapshot_whole(uint64_t count, bool sampled)
{
	return sampled ? (count + CT_SAMPLED_UNIT / 2) / CT_SAMPLED_UNIT : count;
}

/* Of the last snapshot, since the image's start. */
static inline uint64_t image_ms(const struct image_state *state)
{
	return (state->taken_ns - state->image.start_ns) / 1000000;
}

/* stacks.c: the image of a number; NULL where it is written, or not known yet. */
struct image_state *snapshots_image(struct snapshots *snapshots, uint32_t id);
/* What is at an index; NULL where the image has no stack there. */
struct stack_entry *image_stack(struct snapshots *snapshots, const struct image_state *state, uint32_t stack);
/* Takes a stack that changed; for kernel_read_stacks(), the context is snapshots. */
int image_take_stack(void *context, const struct kernel_stack *stack);
/* After all that changed: what each held at the peak. */
void image_fill_at_peak(struct snapshots *snapshots, struct image_state *state, const struct ct_heap *heap);
/* Which of them leak. This costs more than a reading: of a running image now and then is enough. */
bool image_is_time_to_judge(const struct image_state *state);
void image_judge_stacks(struct snapshots *snapshots, struct image_state *state);
void image_drop_stacks(struct snapshots *snapshots, struct image_state *state);
void snapshots_free_stacks(struct snapshots *snapshots);

/* details.c: what a stack's last reading adds to its sizes, and to its lifetimes, so many ns. */
int image_add_details(struct profile_stack *to, const struct kernel_stack *stack, uint64_t lived_ns);
/* threads.c, frees.c: the threads of all images, and who freed, at this snapshot. */
int snapshots_read_threads(struct snapshots *snapshots, const uint64_t *epochs);
int snapshots_read_frees(struct snapshots *snapshots);
/* growth.c: what the last epoch adds; and the size, for now, of a chain that has not ended. */
int snapshots_read_growth(struct snapshots *snapshots, const uint64_t *epochs);
int image_add_open_chain(struct snapshots *snapshots, struct image_state *state,
			 const struct stack_entry *birth, uint64_t size);
/* live.c: the live blocks one by one, when nothing is counted any more. */
int image_read_live(struct snapshots *snapshots, struct image_state *state);

/* frames.c: the index of an object, and of a new stack with its frames, in the
 * image's profile; or a negative errno. */
int64_t image_object(struct snapshots *snapshots, struct image_state *state, struct mapped_file *file);
int64_t image_add_stack(struct snapshots *snapshots, struct image_state *state,
			const struct kernel_stack *stack);
/* The index of a stack in the profile's free_stacks. */
int64_t image_free_stack(struct snapshots *snapshots, struct image_state *state, uint32_t stack);
/* Why a stack is truncated, in the profile's terms. */
enum profile_integrity image_reason(enum ct_end end);

#endif
