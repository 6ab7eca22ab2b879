/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_MAPS_H
#define CAPTRACK_BPF_MAPS_H

/* Every map and variable of the kernel half. Hash maps are not preallocated:
 * kernel memory is used for what is there, not for what could be. */

/* Probes do nothing before all of them are in place. */
volatile __u32 enabled;
/* The next reading sends every stack, not only those that changed. */
volatile __u32 send_all;
__u32 next_image = 1;
__u32 next_object = 1;
const volatile __u32 max_depth = CT_MAX_DEPTH;
/* How long a thread waits for an object's unwind data at one allocation: it keeps its CPU,
 * which may be needed to read them. */
const volatile __u64 patience_ns = 0;

#define STACK_WINDOW 1024 /* bytes */

/* Where an unwinding is, see unwind.h. */
struct ct_unwind {
	__u64 context; /* see code_of() */
	__u64 pc, sp, fp;
	__u64 exact;  /* pc is no return address */
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
	__u64 size;
	__u64 out;                   /* where the function will write the block's address */
	struct ct_block_key old_key; /* realloc: the block handed in */
	struct ct_block old;
	__u32 has_old;
	__u32 image;
	__u64 last_block; /* the thread's last allocation, if nothing was allocated since */
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
	__uint(max_entries, CT_MAX_IMAGES);
	__type(key, __u32);
	__type(value, struct ct_image);
} images SEC(".maps");

struct { /* live blocks; sized by --max-live */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4194304);
	__type(key, struct ct_block_key);
	__type(value, struct ct_block);
} blocks SEC(".maps");

struct { /* sized by --max-stacks */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct ct_stack);
} stacks SEC(".maps");

struct { /* frames of stacks that user space has not fetched yet: it deletes what it has read */
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
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

/* Never filled, never called. From 6.13 on the kernel gives probes a stack for each CPU, as
 * if none could be preempted by another on the same CPU, which uprobes can be: they overwrite
 * each other's, and the kernel crashes. Programs with a tail call in them have none. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} no_programs SEC(".maps");

struct { /* rare events only: exec, new code */
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

#endif
