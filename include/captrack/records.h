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
	__u32 end; /* enum ct_end */
};
_Static_assert(sizeof(struct ct_stack) == 176, "ct_stack");

/* How an unwinding ended. All but the first leave the stack short. */
enum ct_end {
	CT_END_ROOT,           /* the start of the program or of the thread */
	CT_END_DEPTH,          /* more frames than --max-depth */
	CT_END_UNKNOWN_OBJECT, /* code of a file whose unwind data are not known yet, or never will be */
	CT_END_NO_ROW,         /* the file has no unwind data for this place, and no frame pointer leads on */
	CT_END_ODD_ROW,        /* unwind data that a row cannot say */
	CT_END_READ_FAULT,     /* the stack's memory could not be read */
	CT_END_NOT_CODE,       /* the return address is no code: a damaged stack, or wrong unwind data */
	CT_END_NO_PROGRESS,    /* the caller's frame would lie below: the same */
	CT_END_BUSY,           /* the address space was being changed all the while */
	CT_ENDS
};

/* A frame is a place in an object, so that its name does not depend on the target being
 * alive: 15 bits object, 48 bits offset in its file. Object 0: memory of no file, the
 * offset is the address itself. Exact: the instruction itself (a signal came there) and
 * no return address, which stands after its call. */
#define CT_PLACE(object, offset) ((__u64)(object) << 49 | ((offset)&CT_PLACE_OFFSET_MASK))
#define CT_PLACE_OBJECT(p)       ((__u32)((p) >> 49))
#define CT_PLACE_OFFSET(p)       ((p)&CT_PLACE_OFFSET_MASK)
#define CT_PLACE_OFFSET_MASK     ((1ull << 48) - 1)
#define CT_PLACE_EXACT           (1ull << 48)
#define CT_MAX_OBJECTS           (1 << 15)

struct ct_frames {
	__u32 count;
	__u32 pad;
	__u64 place[CT_MAX_DEPTH];
};
_Static_assert(sizeof(struct ct_frames) == 8 + 8 * CT_MAX_DEPTH, "ct_frames");

/* --- unwind data ---
 *
 * A row says how to find the caller's registers from any place in the code from its start
 * (an offset in the file) to the next row's: the start, the frame pointer's rule, the kind
 * of rule for the CFA (the stack pointer before the call), and a number for it. Words are
 * 8 bytes. On x86-64 the return address is the word below the CFA. */
#define CT_ROW(start, kind, saved, number)                                                                   \
	((__u64)(start) << 32 | (__u64)(kind) << 28 | (__u64)(saved) << 22 | ((__u64)(number)&0x3fffff))
#define CT_ROW_START(r)  ((__u32)((r) >> 32))
#define CT_ROW_RULE(r)   ((__u32)(r))
#define CT_ROW_KIND(r)   ((__u32)(r) >> 28)
#define CT_ROW_SAVED(r)  ((__u32)(r) >> 22 & 0x3f)
#define CT_ROW_NUMBER(r) ((__s32)((__u32)(r) << 10) >> 10) /* signed */

enum ct_row_kind {
	CT_ROW_NONE,     /* no unwind data here */
	CT_ROW_SP,       /* CFA = stack pointer + number words */
	CT_ROW_FP,       /* CFA = frame pointer + number words */
	CT_ROW_DEREF_SP, /* CFA = the word at stack pointer + number words, + 1 word */
	CT_ROW_DEREF_FP, /* CFA = the word at frame pointer + number words: a realigned frame */
	CT_ROW_PLT,      /* CFA = stack pointer + 1 word, + 1 from byte `number` of 16 on */
	CT_ROW_SIGNAL,   /* the kernel's signal frame: all registers are in it */
	CT_ROW_END,      /* the outermost function: there is no caller */
	CT_ROW_ODD,      /* a rule that a row cannot say */
};

/* CT_ROW_SAVED: where the caller's frame pointer is. */
#define CT_SAVED_NOT   0  /* still in its register */
#define CT_SAVED_MOST  62 /* 1..62: that many words below the CFA */
#define CT_SAVED_AT_FP 63 /* where the frame pointer points */

/* Rows are kept as a tree of chunks, leaves and branches alike: words whose upper half is
 * the start, rising; in a branch the lower half is the number of the chunk below. Unused
 * words are all ones. */
#define CT_CHUNK_WORDS 500 /* a hash table's element of 4 KiB */
#define CT_CHUNK_STEPS 9   /* halvings to one word */
#define CT_MAX_LEVELS  4

struct ct_chunk {
	__u64 word[CT_CHUNK_WORDS];
};
_Static_assert(sizeof(struct ct_chunk) == 4000, "ct_chunk");

/* An object by what the kernel sees of it. */
struct ct_object_key {
	__u64 device; /* dev_t in the kernel's own coding: major << 20 | minor */
	__u64 inode;
};
_Static_assert(sizeof(struct ct_object_key) == 16, "ct_object_key");

/* No file, but known to the kernel half: the code that the kernel maps into each process. */
#define CT_VDSO_DEVICE (~0ull)
#define CT_VDSO_INODE  1

enum ct_object_state {
	CT_OBJECT_NEW,        /* announced; user space has not read it */
	CT_OBJECT_ROWS,       /* its rows are there */
	CT_OBJECT_BARE,       /* it has no unwind data: frame pointers */
	CT_OBJECT_UNREADABLE, /* or they cannot be used */
};

struct ct_object {
	__u32 id; /* given at first sight, by either half */
	__u32 state;
	__u32 root;         /* chunk */
	__u32 levels;       /* of chunks, from the root to the rows */
	__u64 seen_ns;      /* first; CLOCK_MONOTONIC */
	__u64 announced_ns; /* last */
};
_Static_assert(sizeof(struct ct_object) == 32, "ct_object");

/* What was found for an address of code, kept by address. The check is the two others
 * and the key mixed, so that a half-written entry is none. */
struct ct_known_code {
	__u64 check;
	__u64 place;
	__u64 row;
};
_Static_assert(sizeof(struct ct_known_code) == 24, "ct_known_code");

#define CT_KNOWN_CODE 65536 /* entries */

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
	__u32 code_changes; /* grows when code is mapped or unmapped, as far as it is seen */
	__u32 looks;        /* that user space was asked for of late, because of that; */
	__u64 code_pages;   /* that were mapped when a stack was last taken */
	__u64 looked_ns;    /* the last one */
	__u64 epoch;
	struct ct_heap now;
	struct ct_heap then; /* as it was when the current epoch began */
	__u64 counters[CT_COUNTERS];
	struct ct_pending pending[CT_MAX_PENDING];
};
_Static_assert(sizeof(struct ct_image) == 40 + 96 + 8 * CT_COUNTERS + 48 * CT_MAX_PENDING, "ct_image");

/* What the snapshot reads for each stack, see bpf/snapshot.h. */
struct ct_stack_report {
	__u64 key;
	__u32 image;
	__u32 end;
	struct ct_counts counts;
};
_Static_assert(sizeof(struct ct_stack_report) == 96, "ct_stack_report");

/* --- calls that are only counted (--estimate) --- */

/* Set in the cookie where the probed instruction is single-stepped: dear. */
#define CT_COOKIE_STEPPED (1ull << 63)

#define CT_SIZE_CLASSES 65 /* 0, then powers of two: class n holds sizes of n bits */

struct ct_calls {
	__u64 calls[4][2];            /* by enum ct_call; emulated, stepped */
	__u64 sizes[CT_SIZE_CLASSES]; /* calls that ask for bytes, by how many, ... */
	__u64 bytes[CT_SIZE_CLASSES]; /* ... and those bytes */
};
_Static_assert(sizeof(struct ct_calls) == 64 + 16 * CT_SIZE_CLASSES, "ct_calls");

/* Rare events, sent to user space. */
enum ct_event_kind { CT_EVENT_EXEC = 1, CT_EVENT_CODE = 2 };

/* A process that is profiled starts another program. */
struct ct_exec_event {
	__u32 kind;
	__u32 pid;
	__u32 old_image;
	__u32 new_image; /* 0: no room for it, the process is not profiled any more */
	__u64 ns;        /* CLOCK_MONOTONIC */
	char comm[16];   /* the new program's name, cut to 15 bytes */
};
_Static_assert(sizeof(struct ct_exec_event) == 40, "ct_exec_event");

/* It has mapped a file whose unwind data are not known yet; start and end 0: it has mapped or
 * unmapped code, and new files may be among it. */
struct ct_code_event {
	__u32 kind;
	__u32 pid;
	__u64 start; /* addresses */
	__u64 end;
	struct ct_object_key object;
};
_Static_assert(sizeof(struct ct_code_event) == 40, "ct_code_event");

/* Stack keys: hashes have the top bit set, so that image numbers can be the keys
 * of the [unknown] stacks. */
#define CT_STACK_HASHED (1ull << 63)

#endif
