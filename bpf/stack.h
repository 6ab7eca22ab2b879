/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_STACK_H
#define CAPTRACK_BPF_STACK_H

/* The call stack of an allocation, and its element of `stacks`. A stack is known by a hash of
 * its image, with by_thread its thread, its places and its end: by what it is, not by where it lay, so the
 * same code mapped elsewhere is the same stack, and other code in the same place is another. */

/* An index of `stacks` that nothing uses; 0 where all are taken. */
static __always_inline __u32 stack_index(void)
{
	__u32 index = 0;
	if (bpf_map_pop_elem(&unused_stacks, &index) == 0)
		return index;
	if (next_stack >= CT_FIRST_STACK + max_stacks) /* it must not wrap round */
		return 0;
	index = __sync_fetch_and_add(&next_stack, 1);
	details_ask(index);
	return index < CT_FIRST_STACK + max_stacks ? index : 0;
}

/* Makes an element the image's: user space takes it for one when it has an image. */
static __always_inline void stack_begin(struct ct_stack *stack, __u32 index, __u32 image, __u64 hash,
					__u32 end)
{
	details_begin(index);
	__builtin_memset(&stack->now, 0, sizeof(stack->now));
	__builtin_memset(&stack->then, 0, sizeof(stack->then));
	stack->epoch = 0;
	stack->hash = hash;
	stack->end = end;
	__sync_lock_test_and_set(&stack->image, image);
}

static __always_inline void stack_give_back(struct ct_stack *stack, __u32 index)
{
	stack->image = 0;
	bpf_map_delete_elem(&stack_frames, &index);
	bpf_map_push_elem(&unused_stacks, &index, BPF_ANY);
}

/* Keeps a new stack. Returns its index, or that of the image's [unknown] stack. */
static __noinline __u32 stack_add(struct ct_thread *thread)
{
	if (!thread)
		return 0;
	__u64 hash = thread->unwind.hash;
	__u32 image = thread->image;
	struct ct_image *found = image_find(image);
	__u32 index = stack_index();
	struct ct_stack *stack = stack_find(index);
	if (!found)
		return 0;
	if (!index || !stack)
		goto dropped;
	/* Frames first: user space looks for them when it sees the stack. */
	if (bpf_map_update_elem(&stack_frames, &index, &thread->frames, BPF_ANY) == 0) {
		stack_begin(stack, index, image, hash, thread->unwind.end);
		if (bpf_map_update_elem(&stack_ids, &hash, &index, BPF_NOEXIST) == 0)
			return index;
	}
	stack_give_back(stack, index);
	/* Another thread may have been first. */
	__u32 *first = bpf_map_lookup_elem(&stack_ids, &hash);
	if (first)
		return *first;
dropped:
	count(found, CT_DROPPED_STACKS);
	return image;
}

/* The index of the stack that was unwound. (A function of its own, for its variables' sake: the
 * kernel allows 512 bytes of stack to a probe's program and what it calls, the unwinder most.) */
static __noinline __u32 stack_unwound(struct ct_thread *thread)
{
	if (!thread)
		return 0;
	__u64 hash = thread->unwind.hash;
	__u32 slot = hash % CT_KNOWN_STACKS;
	struct ct_known_stack *known = bpf_map_lookup_elem(&known_stacks, &slot);
	__u64 index = known ? known->index : 0;
	/* A hash never stands for another stack: the image is in it, whose number is not used again. */
	if (known && known->check == (hash ^ mixed(index)) && index)
		return index;
	__u32 *found = bpf_map_lookup_elem(&stack_ids, &hash);
	index = found ? *found : stack_add(thread);
	if (known && index >= CT_FIRST_STACK) {
		known->index = index;
		known->check = hash ^ mixed(index);
	}
	return index;
}

/* The calling stack. At a return probe the registers are those of the caller. */
static __always_inline __u32 stack_of_caller(struct pt_regs *ctx, struct ct_image *image,
					     struct ct_thread *thread)
{
	struct ct_unwind *unwind = &thread->unwind;
	unwind->context = code_context(image, thread->image);
	unwind->owner = thread->image;
	if (by_thread) {
		unwind->owner |= thread->number << 32;
		thread->frames.thread = (__u32)thread->number;
	}
	unwind->pc = PT_REGS_IP(ctx);
	unwind->sp = PT_REGS_SP(ctx);
	unwind->fp = PT_REGS_FP(ctx);
	unwind_run(thread);
	return stack_unwound(thread);
}

/* The same where a function begins: the return address is at the top of the stack. 0 where that
 * cannot be read. */
static __noinline __u32 stack_at_entry(struct pt_regs *ctx, struct ct_image *image, struct ct_thread *thread)
{
	struct ct_unwind *unwind = &thread->unwind;
	unwind->context = code_context(image, thread->image);
	unwind->owner = thread->image; /* who frees is told without the thread */
	unwind->sp = PT_REGS_SP(ctx) + RETURN_WORD;
	unwind->fp = PT_REGS_FP(ctx);
	if (bpf_probe_read_user(&unwind->pc, sizeof(unwind->pc), (void *)PT_REGS_SP(ctx)))
		return 0;
	unwind_run(thread);
	return stack_unwound(thread);
}

#endif
