/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_MAPS_H
#define CAPTRACK_BPF_MAPS_H

/* Every map and variable of the kernel half. Hash maps are not preallocated, the tables of
 * live blocks grow: kernel memory is used for what is there, not for what could be. */

/* Probes do nothing before all of them are in place. */
volatile __u32 enabled;
__u32 next_image = 1;
__u32 next_object = 1;
__u32 next_stack = CT_FIRST_STACK;
__u32 next_thread = CT_MAX_IMAGES; /* element of thread_figures */
__u32 growth_count;                /* elements of growths */
volatile __u32 details_chunks;     /* that there are */
volatile __u32 block_table_count = 1;
volatile __u32 tables_are_full; /* and user space knows */
__u32 overflow_count;           /* blocks in `overflow` */
const volatile __u32 max_depth = CT_MAX_DEPTH;
const volatile __u32 max_stacks = 65536;
const volatile __u64 max_live = 4194304;
/* How long a thread waits for an object's unwind data at one allocation: it keeps its CPU,
 * which may be needed to read them. */
const volatile __u64 patience_ns = 0;

/* Free is not probed: live blocks are not known, nor what follows from them. */
const volatile bool allocs_only;

/* Neither times, sizes, growth nor threads are kept. */
const volatile bool no_details;

/* Who frees is unwound as well as who allocates. */
const volatile bool free_stacks;

/* Each thread has stacks of its own. */
const volatile bool by_thread;

/* Sampling, see sample.h. A step is about an eighth of the bytes that one allocation is
 * kept of on the average; exp(-steps) in units of 2^-64. */
#define CT_EXP_TABLE 360
const volatile bool sampled;
const volatile __u64 sample_step = 1;
const volatile __u64 sample_inverse; /* 2^64 / bytes */
const volatile __u64 exp_table[CT_EXP_TABLE];

#define STACK_WINDOW 4096 /* bytes */

/* Where an unwinding is, see unwind.h. */
struct ct_unwind {
	__u64 context; /* see code_of() */
	__u64 pc, sp, fp;
	__u64 exact;  /* pc is no return address */
	__u64 owner;  /* whose stack it is, besides its places: mixed into the hash */
	__u64 hash;   /* of the places */
	__u64 window; /* the address of what is in ct_thread's window ... */
	__u64 window_bytes;
	__u64 trampoline; /* the return address of functions whose return is probed */
	__u32 depth;
	__u32 end; /* enum ct_end */
};

/* What a thread is in the middle of, kept with its task: gone with it, and out
 * of reach of other threads. The scratch space is here and not per CPU, because
 * a uprobe program can be preempted by another on the same CPU. */
struct ct_thread {
	__u64 call_sp; /* stack pointer at entry of the outermost call; 0: in none */
	__u64 cookie;
	__u64 site;         /* the probed instruction */
	__u64 from_outside; /* see is_called_by_noted() */
	__u64 size;
	__u64 out;             /* where the function will write the block's address */
	__u64 old_address;     /* realloc: the block handed in ... */
	struct ct_block old;   /* ... and what is known of it; stack 0: it is not live, ... */
	struct ct_block twice; /* ... but was freed before; stack 0: that neither */
	__u64 freed_by;        /* with free_stacks: the stack of this call */
	/* Scratch, for the program's own stack is small. */
	struct ct_block made;
	struct ct_block freed;
	struct ct_booking booking;
	__u64 is_kept;    /* sampled: the new block is */
	__u64 stack;      /* of the call that returns; 0: not taken */
	__u64 image;      /* 0: not looked up yet */
	__u64 last_block; /* the thread's last allocation, if nothing was allocated since */
	__u64 stack_end;  /* the highest word read of a stack of the thread's */
	__u64 number;     /* its element of thread_figures */
	struct ct_frames frames;
	struct ct_unwind unwind;
	__u64 window[STACK_WINDOW / 8]; /* a piece of the thread's stack */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ct_thread);
} threads SEC(".maps");

struct { /* process (tgid) -> image */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* so it begins with a page, and elements with a cache line */
	__uint(max_entries, CT_MAX_IMAGES);
	__type(key, __u32);
	__type(value, struct ct_image);
} images SEC(".maps");

struct block_table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct ct_bucket));
};

struct { /* live blocks; user space adds larger tables as they are needed, see blocks.h */
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, CT_BLOCK_TABLES);
	__type(key, __u32);
	__type(value, __u32);
	__array(values, struct block_table);
} block_tables SEC(".maps");

struct { /* blocks that found no room in the tables; by CT_BLOCK_KEY */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, __u64);
	__type(value, struct ct_block);
} overflow SEC(".maps");

struct { /* sized by --max-stacks; read by user space as it is in memory, see snapshot.h */
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CT_FIRST_STACK + 65536);
	__type(key, __u32);
	__type(value, struct ct_stack);
} stacks SEC(".maps");

struct { /* hash -> index in `stacks` */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u32);
} stack_ids SEC(".maps");

struct { /* indexes of stacks whose image has ended */
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 65536);
	__type(value, __u32);
} unused_stacks SEC(".maps");

struct details_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CT_DETAILS_CHUNK);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct ct_details));
};

struct { /* histograms of stacks; user space adds chunks as stacks come, see details.h */
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, (CT_FIRST_STACK + 65536) / CT_DETAILS_CHUNK + 1);
	__type(key, __u32);
	__type(value, __u32);
	__array(values, struct details_chunk);
} details SEC(".maps");

struct { /* by stack */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct ct_growth);
} growths SEC(".maps");

struct { /* read by user space as stacks are */
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CT_MAX_THREADS);
	__type(key, __u32);
	__type(value, struct ct_thread_figures);
} thread_figures SEC(".maps");

struct { /* with free_stacks */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct ct_free_pair);
	__type(value, struct ct_free_counts);
} free_pairs SEC(".maps");

struct { /* how often */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct ct_double_free);
	__type(value, __u64);
} double_frees SEC(".maps");

struct { /* frames of stacks that user space has not fetched yet: it deletes what it has read */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct ct_frames);
} stack_frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CT_MAX_OBJECTS);
	__type(key, struct ct_object_key);
	__type(value, struct ct_object);
} objects SEC(".maps");

struct { /* rows of all objects; 16 million rows at most */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct ct_chunk);
} chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CT_KNOWN_CODE);
	__type(key, __u32);
	__type(value, struct ct_known_code);
} known_code SEC(".maps");

struct { /* one memory access instead of the several of stack_ids */
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CT_KNOWN_STACKS);
	__type(key, __u32);
	__type(value, struct ct_known_stack);
} known_stacks SEC(".maps");

/* Never filled, never called. From 6.13 on the kernel gives probes a stack for each CPU, as
 * if none could be preempted by another on the same CPU, which uprobes can be: they overwrite
 * each other's, and the kernel crashes. Programs with a tail call in them have none. (The
 * programs that share such a map must be of one kind of attachment.) */
struct no_programs {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};
struct no_programs no_programs SEC(".maps");
struct no_programs no_session_programs SEC(".maps");

struct { /* rare events only: exec, new code, full tables */
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

static __always_inline struct ct_image *image_find(__u32 id)
{
	return bpf_map_lookup_elem(&images, &id);
}

static __always_inline struct ct_stack *stack_find(__u32 stack)
{
	return bpf_map_lookup_elem(&stacks, &stack);
}

static __always_inline void count(struct ct_image *image, enum ct_counter which)
{
	__sync_fetch_and_add(&image->counters[which], 1);
}

#endif
