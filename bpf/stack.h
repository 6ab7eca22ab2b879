/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_STACK_H
#define CAPTRACK_BPF_STACK_H

/* The call stack of an allocation. The seam is stack_unwind(): it fills
 * thread->addresses. It follows frame pointers; the rest of the kernel half does not
 * know how the addresses were found.
 *
 * A stack is known by a hash of its addresses and its image. Only when a stack is
 * new are its addresses turned into (object, offset), through the VMA that holds
 * each of them at this moment. */

#define MAX_FRAME_BYTES (8ull << 20) /* a whole stack of the usual size */
#define EBUSY           16           /* another thread holds the address space's lock */

struct frame_record { /* what a function with a frame pointer keeps at its frame's base */
	__u64 caller_frame;
	__u64 return_address;
};

struct unwind {
	struct ct_thread *thread;
	__u64 frame; /* of the function whose return address comes next */
	__u64 hash;
	__u32 depth;
	__u32 ended; /* nothing lies above */
};

static __always_inline __u64 hash_address(__u64 hash, __u64 address)
{
	hash = (hash ^ address) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* One step up. A stack grows down, so each caller's frame lies above: what does not is
 * no frame pointer but some other value in that register. (The index, not the depth,
 * picks the slot: the verifier then sees one step for all.) */
static long unwind_step(__u32 index, void *context)
{
	struct unwind *unwind = context;
	struct frame_record record;
	__u64 frame = unwind->frame;
	unwind->ended = 1;
	if (index >= CT_MAX_DEPTH - 1 || frame % sizeof(__u64) ||
	    bpf_probe_read_user(&record, sizeof(record), (void *)frame) || !record.return_address)
		return 1;
	unwind->thread->addresses[index + 1] = record.return_address;
	unwind->depth = index + 2;
	unwind->hash = hash_address(unwind->hash, record.return_address);
	unwind->frame = record.caller_frame;
	if (record.caller_frame <= frame || record.caller_frame - frame > MAX_FRAME_BYTES)
		return 1;
	unwind->ended = 0;
	return 0;
}

/* Fills thread->addresses, innermost first, and the depth, hash and end of *unwind. At
 * a return probe the registers are those of the caller. */
static __always_inline void stack_unwind(struct pt_regs *ctx, struct ct_thread *thread, struct unwind *unwind)
{
	unwind->thread = thread;
	unwind->frame = PT_REGS_FP(ctx);
	unwind->hash = hash_address(thread->image, PT_REGS_IP(ctx));
	unwind->depth = 1;
	unwind->ended = 1;
	thread->addresses[0] = PT_REGS_IP(ctx);
	if (unwind->frame - PT_REGS_SP(ctx) > MAX_FRAME_BYTES)
		return;
	unwind->ended = 0;
	bpf_loop(max_depth - 1, unwind_step, unwind, 0);
}

struct frame_search {
	struct ct_thread *thread;
	__u64 address;
	__u32 object;
	__u32 pid;
	__u64 offset;
	bool is_code;
	bool cut; /* the stack ended before the chain did */
};

#define VM_EXEC 4 /* include/linux/mm.h; never changed */

static long object_of_vma(struct task_struct *task, struct vm_area_struct *vma, struct frame_search *search)
{
	struct file *file = vma->vm_file;
	search->is_code = vma->vm_flags & VM_EXEC;
	if (!file || !search->is_code)
		return 0;
	struct inode *inode = file->f_inode;
	struct ct_object_key key = {.device = inode->i_sb->s_dev, .inode = inode->i_ino};
	struct ct_object *known = bpf_map_lookup_elem(&objects, &key);
	if (!known) {
		struct ct_object object = {
			.id = __sync_fetch_and_add(&next_object, 1),
			.pid = search->pid,
			.start = vma->vm_start,
			.end = vma->vm_end,
		};
		/* Another CPU may have been first: then its id stands. */
		bpf_map_update_elem(&objects, &key, &object, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&objects, &key);
		if (!known)
			return 0;
	}
	search->object = known->id;
	search->offset = search->address - vma->vm_start + ((__u64)vma->vm_pgoff << 12);
	return 0;
}

static long frame_resolve(__u32 index, void *context)
{
	struct frame_search *search = context;
	struct ct_thread *thread = search->thread;
	if (index >= CT_MAX_DEPTH || index >= thread->frames.count)
		return 1;
	struct ct_frame *frame = &thread->frames.frame[index];
	search->address = thread->addresses[index];
	search->object = 0;
	search->is_code = false;
	/* A return address can be the first byte after its VMA: look up the call. */
	long result = bpf_find_vma(bpf_get_current_task_btf(), search->address - 1, object_of_vma, search, 0);
	if (result != -EBUSY && !search->is_code) {
		/* Not code: where a function keeps no frame pointer, the chain ends in garbage. */
		thread->frames.count = index;
		search->cut = true;
		return 1;
	}
	frame->object = search->object;
	frame->offset = search->object ? search->offset : search->address;
	frame->pad = 0;
	return 0;
}

/* Keeps a new stack. Returns its key, or that of the image's [unknown] stack. */
static __noinline __u64 stack_add(struct ct_thread *thread, __u64 key, __u32 depth, __u32 truncated)
{
	struct ct_image *image;

	if (!thread)
		return 0;
	image = image_find(thread->image);
	if (!image)
		return 0;
	thread->frames.count = depth;

	struct frame_search search = {
		.thread = thread,
		.pid = bpf_get_current_pid_tgid() >> 32,
	};
	bpf_loop(CT_MAX_DEPTH, frame_resolve, &search, 0);

	struct ct_stack stack = {.image = thread->image,
				 .flags = truncated || search.cut ? CT_STACK_TRUNCATED : 0};
	/* Frames first: user space looks for them when it sees the stack. */
	if (bpf_map_update_elem(&stack_frames, &key, &thread->frames, BPF_ANY) == 0 &&
	    (bpf_map_update_elem(&stacks, &key, &stack, BPF_NOEXIST) == 0 ||
	     bpf_map_lookup_elem(&stacks, &key)))
		return key;
	bpf_map_delete_elem(&stack_frames, &key);
	count(image, CT_DROPPED_STACKS);
	return thread->image;
}

/* The key of the calling stack. */
static __always_inline __u64 stack_of_caller(struct pt_regs *ctx, struct ct_thread *thread)
{
	struct unwind unwind;
	stack_unwind(ctx, thread, &unwind);
	__u64 key = unwind.hash | CT_STACK_HASHED;
	if (bpf_map_lookup_elem(&stacks, &key))
		return key;
	return stack_add(thread, key, unwind.depth, !unwind.ended);
}

#endif
