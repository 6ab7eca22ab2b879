/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_RECORDS_H
#define CAPTRACK_RECORDS_H

/* The records that the kernel half (bpf/) and user space share: fixed width, no
 * pointers, every size asserted. */

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define CT_MAX_DEPTH   127 /* frames of one stack */
#define CT_MAX_IMAGES  256 /* images of one run */
#define CT_MAX_PENDING 64  /* bookings of one image that wait for its lock */

/* What an allocator function does, as the probes see it. Arguments are numbered
 * from 1; 0 means that the function has no such argument. The recipe travels in
 * the probe's 64-bit cookie. */
enum ct_call { CT_CALL_ALLOC = 1, CT_CALL_REALLOC = 2, CT_CALL_FREE = 3 };

#define CT_COOKIE(call, size_arg, times_arg, ptr_arg, out_arg)                                               \
	((__u64)(call) | (__u64)(size_arg) << 4 | (__u64)(times_arg) << 8 | (__u64)(ptr_arg) << 12 |         \
	 (__u64)(out_arg) << 16)
#define CT_COOKIE_CALL(c)      ((c)&0xf)
#define CT_COOKIE_SIZE_ARG(c)  ((c) >> 4 & 0xf)  /* bytes asked for ... */
#define CT_COOKIE_TIMES_ARG(c) ((c) >> 8 & 0xf)  /* ... times this */
#define CT_COOKIE_PTR_ARG(c)   ((c) >> 12 & 0xf) /* the block handed back */
#define CT_COOKIE_OUT_ARG(c)   ((c) >> 16 & 0xf) /* where the new block's address is written */

/* Above the recipe: the code of the file around the function, in pages before and
 * after it (16 bits each, cut to fit), to tell the library's calls of itself. */
#define CT_COOKIE_TEXT(before, after) ((__u64)((before)&0xffff) << 24 | (__u64)((after)&0xffff) << 40)
#define CT_COOKIE_TEXT_BEFORE(c)      (((c) >> 24 & 0xffff) << 12)
#define CT_COOKIE_TEXT_AFTER(c)       (((c) >> 40 & 0xffff) << 12)

/* Counters that belong to an image and to no stack. */
enum ct_counter {
	CT_FAILED_ALLOCS,
	CT_UNMATCHED_FREES,
	CT_INTERNAL_FREES,
	CT_DROPPED_BLOCKS,
	CT_DROPPED_STACKS,
	CT_MISSED_FREES,
	CT_LOST_RETURNS,
	CT_UNREADABLE_RESULTS,
	CT_DROPPED_EVENTS,
	CT_DROPPED_THREADS,
	CT_UNFOLLOWED_CHILDREN,
	CT_MAIN_THREAD_GONE,
	CT_COUNTERS
};

/* What is known of one stack at one moment. Live figures follow from the sums. */
struct ct_counts {
	__u64 allocs;
	__u64 frees;
	__u64 reallocs;
	__u64 allocated_bytes;
	__u64 freed_bytes;
	__u64 temporary_allocs;
	__u64 peak_bytes;
	/* live figures at the process's peak number `seen_peak`, see bpf/accounting.h */
	__u64 seen_peak;
	__u64 at_peak_bytes;
	__u64 at_peak_allocs;
};
_Static_assert(sizeof(struct ct_counts) == 80, "ct_counts");

struct ct_stack {
	struct ct_counts now;
	struct ct_counts then; /* as it was when the current epoch began */
	__u64 epoch;           /* of the last change: `then` is valid where it is the image's */
	__u32 image;
	__u32 flags; /* CT_STACK_* */
};
_Static_assert(sizeof(struct ct_stack) == 176, "ct_stack");

#define CT_STACK_TRUNCATED 1u

/* A frame is a place in an object, so that its name does not depend on the
 * target being alive. Object 0: address of no file. */
struct ct_frame {
	__u64 offset; /* in the file; for object 0 the address itself */
	__u32 object;
	__u32 pad;
};
_Static_assert(sizeof(struct ct_frame) == 16, "ct_frame");

struct ct_frames {
	__u32 count;
	__u32 pad;
	struct ct_frame frame[CT_MAX_DEPTH];
};
_Static_assert(sizeof(struct ct_frames) == 8 + 16 * CT_MAX_DEPTH, "ct_frames");

/* An object by what the kernel sees of it; its id is given at first sight. */
struct ct_object_key {
	__u64 device; /* dev_t in the kernel's own coding: major << 20 | minor */
	__u64 inode;
};
_Static_assert(sizeof(struct ct_object_key) == 16, "ct_object_key");

struct ct_object {
	__u32 id;
	__u32 pid;   /* that mapped it at first sight ... */
	__u64 start; /* ... here */
	__u64 end;
};
_Static_assert(sizeof(struct ct_object) == 24, "ct_object");

struct ct_block_key {
	__u64 address;
	__u32 image;
	__u32 pad;
};
_Static_assert(sizeof(struct ct_block_key) == 16, "ct_block_key");

struct ct_block {
	__u64 size;
	__u64 stack;
};
_Static_assert(sizeof(struct ct_block) == 16, "ct_block");

/* One booking: a free of an old block, an allocation of a new one, or, for a
 * realloc, both. A stack key of 0 means no such part. */
struct ct_booking {
	__u64 freed_stack;
	__u64 freed_size;
	__u64 stack;
	__u64 size;
	__u64 flags; /* CT_BOOK_* */
};
_Static_assert(sizeof(struct ct_booking) == 40, "ct_booking");

#define CT_BOOK_REALLOC   1u
#define CT_BOOK_TEMPORARY 2u /* the freed block was temporary */

struct ct_pending {
	__u32 state; /* CT_SLOT_* */
	__u32 pad;
	struct ct_booking booking;
};
_Static_assert(sizeof(struct ct_pending) == 48, "ct_pending");

enum { CT_SLOT_FREE = 0, CT_SLOT_FILLING = 1, CT_SLOT_READY = 2 };

struct ct_heap { /* the process-wide figures that only mean something together */
	__u64 live_bytes;
	__u64 live_allocs;
	__u64 peak_bytes;
	__u64 peak_allocs;
	__u64 peak_ns;     /* CLOCK_MONOTONIC */
	__u64 peak_number; /* grows at each new maximum */
};
_Static_assert(sizeof(struct ct_heap) == 48, "ct_heap");

struct ct_image {
	__u32 lock;
	__u32 pending_count;
	__u64 epoch;
	struct ct_heap now;
	struct ct_heap then; /* as it was when the current epoch began */
	__u64 counters[CT_COUNTERS];
	struct ct_pending pending[CT_MAX_PENDING];
};
_Static_assert(sizeof(struct ct_image) == 16 + 96 + 8 * CT_COUNTERS + 48 * CT_MAX_PENDING, "ct_image");

/* What the snapshot reads for each stack, see bpf/snapshot.h. */
struct ct_stack_report {
	__u64 key;
	__u32 image;
	__u32 flags;
	struct ct_counts counts;
};
_Static_assert(sizeof(struct ct_stack_report) == 96, "ct_stack_report");

/* Sent when a process that is profiled starts another program. */
struct ct_exec_event {
	__u32 pid;
	__u32 old_image;
	__u32 new_image; /* 0: no room for it, the process is not profiled any more */
	__u32 pad;
	__u64 ns;      /* CLOCK_MONOTONIC */
	char comm[16]; /* the new program's name, cut to 15 bytes */
};
_Static_assert(sizeof(struct ct_exec_event) == 40, "ct_exec_event");

/* Stack keys: hashes have the top bit set, so that image numbers can be the keys
 * of the [unknown] stacks. */
#define CT_STACK_HASHED (1ull << 63)

#endif
