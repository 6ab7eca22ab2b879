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
	__u64 addresses[CT_MAX_DEPTH];
	struct ct_frames frames;
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
	__uint(max_entries, 16384);
	__type(key, struct ct_object_key);
	__type(value, struct ct_object);
} objects SEC(".maps");

struct { /* rare events only: exec */
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

#endif
