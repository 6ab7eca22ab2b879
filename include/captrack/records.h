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
 * the probe's 64-bit cookie, there with places instead of the arguments' numbers: a place
 * is the register that holds the argument where the probe sits. 1..6 are the registers of
 * the parameters, in order (so at a function's entry places are numbers of arguments), from 7
 * on the architecture's others: a table for each in src/probes/site_scan_ARCH.c. */
enum ct_call { CT_CALL_ALLOC = 1, CT_CALL_REALLOC = 2, CT_CALL_FREE = 3 };

#define CT_COOKIE(call, size_arg, times_arg, ptr_arg, out_arg)                                               \
	((__u64)(call) | (__u64)(size_arg) << 4 | (__u64)(times_arg) << 8 | (__u64)(ptr_arg) << 12 |         \
	 (__u64)(out_arg) << 16)
#define CT_COOKIE_CALL(c)      ((c)&0xf)
#define CT_COOKIE_SIZE_ARG(c)  ((c) >> 4 & 0xf)  /* bytes asked for ... */
#define CT_COOKIE_TIMES_ARG(c) ((c) >> 8 & 0xf)  /* ... times this */
#define CT_COOKIE_PTR_ARG(c)   ((c) >> 12 & 0xf) /* the block handed back */
#define CT_COOKIE_OUT_ARG(c)   ((c) >> 16 & 0xf) /* where the new block's address is written */

/* It calls another function of the allocator, always or at times (aligned_alloc(8, n) is malloc(n)). */
#define CT_COOKIE_CALLS_ANOTHER (1ull << 20)

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
	CT_DOUBLE_FREES,
	CT_DROPPED_DETAILS,
	CT_COUNTERS
};

/* What is known of one stack at one moment. Live figures follow from the sums. What changes
 * with each event comes first: with the epoch it is one cache line, of which two threads that
 * allocate from one stack have to pass on one only. */
struct ct_counts {
	__u64 allocs;
	__u64 frees;
	__u64 allocated_bytes;
	__u64 freed_bytes;
	__u64 temporary_allocs;
	__u64 peak_bytes;
	__u64 seen_peak; /* the image's peak number, see bpf/accounting.h, at which it had: */
	__u64 at_peak_bytes;
	__u64 at_peak_allocs;
	/* The rest is not kept of a sample. */
	__u64 lifetime_sum; /* ns, of the blocks freed */
	__u64 lifetime_min;
	__u64 lifetime_max;
	__u64 size_min; /* as asked for */
	__u64 size_max;
	__u64 cross_thread_frees;
	__u64 reallocs; /* (kept of a sample, too) */
	__u64 grown_in_place;
	__u64 moved;
	__u64 moved_bytes;
};
_Static_assert(sizeof(struct ct_counts) == 152, "ct_counts");

/* Stacks are known by their index in the map. Those below CT_FIRST_STACK are the images'
 * [unknown] stacks, each at its image's number; 0 is none. */
#define CT_FIRST_STACK CT_MAX_IMAGES
#define CT_MOST_STACKS 16000000 /* indexes have 24 bits, see CT_SLOT */
#define CT_CACHE_LINE  64

struct ct_stack {
	__u64 epoch; /* of the last change: `then` is valid where it is the image's */
	struct ct_counts now;
	struct ct_counts then; /* as it was when the current epoch began */
	__u64 hash;            /* of image, places and end */
	__u32 image;           /* 0: the element is not in use */
	__u32 end;             /* enum ct_end */
} __attribute__((aligned(CT_CACHE_LINE)));
_Static_assert(sizeof(struct ct_stack) == 6 * CT_CACHE_LINE, "ct_stack");

/* What is only counted up, from epoch to epoch: a part belongs to one epoch, and the other is
 * read meanwhile. Who comes first in an epoch clears the part of the last but one. */
#define CT_PART(epoch) ((epoch)&1)

/* A stack's histograms: events by the number of bits of a size, of a lifetime in ns. The first
 * and the last class hold what is beyond them, too. */
#define CT_SIZE_BITS      40 /* sizes of 0 to 39 bits */
#define CT_LIFETIME_FIRST 8  /* lifetimes of 8 bits (256 ns) to 45 (10 hours) */
#define CT_LIFETIME_BITS  38

struct ct_histograms {
	__u64 epoch;
	__u32 sizes[CT_SIZE_BITS];
	__u32 lifetimes[CT_LIFETIME_BITS];
};
_Static_assert(sizeof(struct ct_histograms) == 5 * CT_CACHE_LINE, "ct_histograms");

struct ct_details {
	struct ct_histograms part[2];
} __attribute__((aligned(CT_CACHE_LINE)));
_Static_assert(sizeof(struct ct_details) == 10 * CT_CACHE_LINE, "ct_details");

/* They are by a stack's index, in chunks that are made as indexes come into use. */
#define CT_DETAILS_CHUNK 1024 /* stacks */
#define CT_DETAILS_FIRST 4    /* chunks at the start */

/* Growth chains, by the stack that their blocks were born at. */
#define CT_GROWTH_SIZES 496 /* final sizes of one epoch that are kept, each as likely as the others */

struct ct_growth_part {
	__u64 epoch;
	__u64 chains;
	__u64 steps;
	__u64 first_bytes;
	__u64 copied_bytes;
	__u64 ended; /* chains, ... */
	__u64 final_sizes[CT_GROWTH_SIZES];
};
struct ct_growth {
	__u64 image;
	struct ct_growth_part part[2];
};
_Static_assert(sizeof(struct ct_growth) == 8040, "ct_growth"); /* an element of less than 8 KiB */

/* A thread's figures: their element has a number, as a stack has an index. Those below
 * CT_MAX_IMAGES are of all threads of an image for which there was no room. */
#define CT_MAX_THREADS (CT_MAX_IMAGES + 16384)

struct ct_thread_counts {
	__u64 allocs;
	__u64 frees; /* of any blocks */
	__u64 allocated_bytes;
	__u64 gone_allocs; /* of the thread's own blocks: freed by whomever */
	__u64 gone_bytes;
};

struct ct_thread_figures {
	__u64 epoch; /* as in ct_stack */
	struct ct_thread_counts now;
	struct ct_thread_counts then;
	__u32 image; /* 0: the element is not in use */
	__u32 tid;
	char comm[16]; /* at its first call, then at its end */
} __attribute__((aligned(CT_CACHE_LINE)));
_Static_assert(sizeof(struct ct_thread_figures) == 2 * CT_CACHE_LINE, "ct_thread_figures");

/* Who freed whose blocks (--free-stacks). */
struct ct_free_pair {
	__u32 image;
	__u32 stack;      /* that allocated */
	__u32 free_stack; /* that freed */
	__u32 pad;
};
struct ct_free_counts {
	__u64 frees;
	__u64 cross_thread;
};
_Static_assert(sizeof(struct ct_free_pair) == 16 && sizeof(struct ct_free_counts) == 16, "frees");

/* A block that was freed twice. 0: not known. */
struct ct_double_free {
	__u32 image;
	__u32 stack;    /* that had allocated it */
	__u32 freed_by; /* (of --free-stacks) */
	__u32 again_by;
};
_Static_assert(sizeof(struct ct_double_free) == 16, "ct_double_free");

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
	__u32 thread; /* its number, where stacks are by thread */
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

/* What was found for an address of code, kept by address. The check is the others and the key
 * mixed, so that a half-written entry is none. */
struct ct_known_code {
	__u64 check;
	__u64 place;
	__u64 row;
	__s64 frame; /* the row's number in bytes: the unwinder waits for it at each frame */
};
_Static_assert(sizeof(struct ct_known_code) == 32, "ct_known_code"); /* a power of 2: a shift, no product */

#define CT_KNOWN_CODE 65536 /* entries */

/* The same for a stack's hash: its index. The check is the hash and the index mixed. */
struct ct_known_stack {
	__u64 check;
	__u64 index;
};
_Static_assert(sizeof(struct ct_known_stack) == 16, "ct_known_stack");

#define CT_KNOWN_STACKS 65536 /* entries */

struct ct_block {
	__u64 size;
	__u64 stack;  /* 0: none */
	__u64 ns;     /* of its allocation; CLOCK_MONOTONIC */
	__u64 origin; /* CT_ORIGIN */
};
_Static_assert(sizeof(struct ct_block) == 32, "ct_block");

/* The thread that allocated a block; and where realloc made it of another, the stack at which the
 * first of the chain was allocated, and how many reallocs there were since, as far as 16 bits go. */
#define CT_ORIGIN(thread, birth, steps) ((__u64)(thread) << 40 | (__u64)(birth) << 16 | (steps))
#define CT_ORIGIN_THREAD(o)             ((__u32)((o) >> 40))
#define CT_ORIGIN_BIRTH(o)              ((__u32)((o) >> 16) & 0xffffff)
#define CT_ORIGIN_STEPS(o)              ((__u32)(o)&0xffff)

/* Live blocks: a table of buckets, each two cache lines. The hash of a block's key picks the
 * bucket. A key is set by compare-and-swap and then the rest; a free marks the key. Marked
 * ones are room for others, and tell, as long as there was none, that the block was freed. */
#define CT_BUCKET_BLOCKS 4

struct ct_bucket {
	__u64 key[CT_BUCKET_BLOCKS];  /* CT_BLOCK_KEY; 0: never used */
	__u64 slot[CT_BUCKET_BLOCKS]; /* CT_SLOT */
	__u64 ns[CT_BUCKET_BLOCKS];
	__u64 origin[CT_BUCKET_BLOCKS]; /* of a block that was freed: the stack that freed it, or 0 */
};
_Static_assert(sizeof(struct ct_bucket) == 2 * CT_CACHE_LINE, "ct_bucket");

/* User addresses have 47 bits, 56 at most, of which the last is never used. */
#define CT_BLOCK_KEY(image, address) ((__u64)(image) << 56 | (address))
#define CT_BLOCK_IMAGE(key)          ((__u32)((key) >> 56))
#define CT_BLOCK_FREED               (1ull << 55)

#define CT_SLOT(size, stack) ((__u64)(size) << 24 | (stack))
#define CT_SLOT_SIZE(s)      ((s) >> 24)
#define CT_SLOT_STACK(s)     ((s)&0xffffff)
#define CT_SLOT_MOST_BYTES   ((1ull << 40) - 1) /* larger blocks are kept in `overflow` */

/* There are several tables, each four times as large as the one before; a new block goes to
 * the newest where its bucket has room. */
#define CT_BLOCK_TABLES       8
#define CT_BLOCK_BUCKETS(t)   (1ull << (CT_FIRST_BUCKETS_LOG2 + 2 * (t)))
#define CT_FIRST_BUCKETS_LOG2 13

/* One booking: a free of an old block, an allocation of a new one, or, for a realloc, both.
 * A stack of 0 means no such part. Counts and bytes are weighted where sampled. */
struct ct_booking {
	__u32 freed_stack;
	__u32 stack;
	__u64 freed_bytes;
	__u64 freed_allocs;
	__u64 bytes;
	__u64 allocs;
	__u64 ns;           /* when; CLOCK_MONOTONIC */
	__u64 freed_ns;     /* when the freed block was allocated */
	__u32 thread;       /* whose call it is */
	__u32 freed_thread; /* that allocated the freed block */
	__u32 birth;        /* the stack of a growth chain that has a step, or ends; 0: none */
	__u32 flags;        /* CT_BOOK_* */
};
_Static_assert(sizeof(struct ct_booking) == 72, "ct_booking");

#define CT_BOOK_REALLOC     1u
#define CT_BOOK_TEMPORARY   2u  /* the freed block was temporary */
#define CT_BOOK_MOVED       4u  /* realloc: to another address */
#define CT_BOOK_CHAIN_FIRST 8u  /* realloc: the chain begins */
#define CT_BOOK_CHAIN_END   16u /* of a block that met realloc */

/* In a sampled capture an allocation that is kept stands for several: counts are in units
 * of 1/65536 there. */
#define CT_SAMPLED_UNIT 65536

struct ct_pending {
	__u32 state; /* CT_SLOT_* */
	__u32 pad;
	struct ct_booking booking;
};
_Static_assert(sizeof(struct ct_pending) == 80, "ct_pending");

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
	__u32 lock; /* what changes with each event is a cache line of its own */
	__u32 pending_count;
	__u64 epoch;
	struct ct_heap now;

	struct ct_heap then; /* as it was when the current epoch began */
	__u64 code_pages;    /* that were mapped when a stack was last taken */
	__u32 code_changes;  /* grows when code is mapped or unmapped, as far as it is seen */
	__u32 looks;         /* that user space was asked for of late, because of that; */
	__u64 looked_ns;     /* the last one */
	__u64 counters[CT_COUNTERS];
	struct ct_pending pending[CT_MAX_PENDING];
} __attribute__((aligned(CT_CACHE_LINE)));
_Static_assert(sizeof(struct ct_image) == 64 + 72 + 8 * CT_COUNTERS + 80 * CT_MAX_PENDING + 8, "ct_image");

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
enum ct_event_kind { CT_EVENT_EXEC = 1, CT_EVENT_CODE = 2, CT_EVENT_BLOCKS = 3, CT_EVENT_DETAILS = 4 };

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

/* The tables of live blocks are full: it is time for the next. */
struct ct_blocks_event {
	__u32 kind;
	__u32 tables; /* that there are */
};
_Static_assert(sizeof(struct ct_blocks_event) == 8, "ct_blocks_event");

/* It is time for more chunks of ct_details. */
struct ct_details_event {
	__u32 kind;
	__u32 chunks; /* that there are */
};
_Static_assert(sizeof(struct ct_details_event) == 8, "ct_details_event");

#endif
