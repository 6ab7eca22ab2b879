/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_STACK_H
#define CAPTRACK_BPF_STACK_H

/* The call stack of an allocation, and its entry in `stacks`. A stack is known by a hash of
 * its image, its places and its end: by what it is, not by where it lay, so the same code
 * mapped elsewhere is the same stack, and other code in the same place is another. */

/* Keeps a new stack. Returns its key, or that of the image's [unknown] stack. */
static __noinline __u64 stack_add(struct ct_thread *thread, __u64 key, __u32 end)
{
	struct ct_image *image;

	if (!thread)
		return 0;
	image = image_find(thread->image);
	if (!image)
		return 0;
	struct ct_stack stack = {.image = thread->image, .end = end};
	/* Frames first: user space looks for them when it sees the stack. */
	if (bpf_map_update_elem(&stack_frames, &key, &thread->frames, BPF_ANY) == 0 &&
	    (bpf_map_update_elem(&stacks, &key, &stack, BPF_NOEXIST) == 0 ||
	     bpf_map_lookup_elem(&stacks, &key)))
		return key;
	bpf_map_delete_elem(&stack_frames, &key);
	count(image, CT_DROPPED_STACKS);
	return thread->image;
}

/* The key of the calling stack. At a return probe the registers are those of the caller. */
static __always_inline __u64 stack_of_caller(struct pt_regs *ctx, struct ct_image *image,
					     struct ct_thread *thread)
{
	struct ct_unwind *unwind = &thread->unwind;
	unwind->context = code_context(image, thread->image);
	unwind->pc = PT_REGS_IP(ctx);
	unwind->sp = PT_REGS_SP(ctx);
	unwind->fp = PT_REGS_FP(ctx);
	unwind_run(thread);
	__u64 key = unwind->hash | CT_STACK_HASHED;
	if (bpf_map_lookup_elem(&stacks, &key))
		return key;
	return stack_add(thread, key, unwind->end);
}

#endif
