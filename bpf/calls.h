/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_CALLS_H
#define CAPTRACK_BPF_CALLS_H

/* Allocator calls: what entry and return of a probed function mean.
 *
 * Only the outermost call of a thread counts. It is known by its stack pointer
 * at entry: a call inside it has a lower one, a tail call the same one, and its
 * own return leaves the stack pointer one return address above it. An entry with
 * a higher stack pointer means that the call noted before will never return
 * (longjmp out of a signal handler): it is dropped, and counted. */

#if defined(__TARGET_ARCH_x86)
#define RETURN_ADDRESS_BYTES 8 /* `ret` takes it off the stack */
#else
#define RETURN_ADDRESS_BYTES 0
#endif

/* What is in a place (see CT_COOKIE), 0 for none. Each register is read by itself: clang would
 * otherwise merge the cases into one load through a computed context pointer, which the
 * verifier forbids. */
#define PLACE(number, reg)                                                                                   \
	case number:                                                                                         \
		value = ctx->reg;                                                                            \
		barrier_var(value);                                                                          \
		break
static __always_inline __u64 call_argument(struct pt_regs *ctx, __u32 place)
{
	__u64 value = 0;
	switch (place) {
#if defined(__TARGET_ARCH_x86)
		PLACE(1, di);
		PLACE(2, si);
		PLACE(3, dx);
		PLACE(4, cx);
		PLACE(5, r8);
		PLACE(6, r9);
		PLACE(7, ax);
		PLACE(8, bx);
		PLACE(9, bp);
		PLACE(10, r10);
		PLACE(11, r11);
		PLACE(12, r12);
		PLACE(13, r13);
		PLACE(14, r14);
		PLACE(15, r15);
#endif
	}
	return value;
}
#undef PLACE

/* The bytes asked for. A product that does not fit is as large as can be: the
 * allocator refuses it, and so it only ever counts as a failure. */
static __always_inline __u64 call_size(struct pt_regs *ctx, __u64 cookie)
{
	__u64 size = call_argument(ctx, CT_COOKIE_SIZE_ARG(cookie));
	if (CT_COOKIE_TIMES_ARG(cookie)) {
		__u64 times = call_argument(ctx, CT_COOKIE_TIMES_ARG(cookie));
		if (times) {
			__u64 most = ~0ull / times;
			barrier_var(most); /* else clang makes it a 128-bit product, which BPF lacks */
			if (size > most)
				return ~0ull;
		}
		size *= times;
	}
	return size;
}

/* The image of the current process, 0 where it is none of ours. */
static __always_inline __u32 image_of_process(void)
{
	if (!enabled)
		return 0;
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u32 *image = bpf_map_lookup_elem(&processes, &pid);
	return image ? *image : 0;
}

static __always_inline bool block_take(__u64 address, __u32 image, struct ct_block_key *key,
				       struct ct_block *block)
{
	key->address = address;
	key->image = image;
	key->pad = 0;
	struct ct_block *found = bpf_map_lookup_elem(&blocks, key);
	if (!found)
		return false;
	*block = *found;
	/* Two threads that free one block at once: only one gets it. */
	return bpf_map_delete_elem(&blocks, key) == 0;
}

static __always_inline __u64 temporary_flag(struct ct_thread *thread, __u64 address)
{
	if (thread->last_block != address)
		return 0;
	thread->last_block = 0;
	return CT_BOOK_TEMPORARY;
}

static __always_inline void call_forget(struct ct_image *image, struct ct_thread *thread)
{
	if (thread->has_old) {
		bpf_map_update_elem(&blocks, &thread->old_key, &thread->old, BPF_ANY);
		thread->has_old = 0;
	}
	thread->call_sp = 0;
}

/* The thread's state where this call is its outermost, else NULL. */
static __always_inline struct ct_thread *call_begin(struct pt_regs *ctx, struct ct_image *image, __u32 id)
{
	struct ct_thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL,
							BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count(image, CT_DROPPED_THREADS);
		return NULL;
	}
	if (thread->image != id) { /* first call, or the first after exec */
		thread->image = id;
		thread->call_sp = 0;
		thread->has_old = 0;
		thread->last_block = 0;
	}
	if (thread->call_sp) {
		if (PT_REGS_SP(ctx) <= thread->call_sp)
			return NULL;
		count(image, CT_LOST_RETURNS);
		call_forget(image, thread);
	}
	return thread;
}

static __always_inline int call_enter(struct pt_regs *ctx)
{
	__u32 id = image_of_process();
	struct ct_image *image = id ? image_find(id) : NULL;
	if (!image)
		return 0;
	struct ct_thread *thread = call_begin(ctx, image, id);
	if (!thread)
		return 0;

	__u64 cookie = bpf_get_attach_cookie(ctx);
	thread->cookie = cookie;
	thread->size = call_size(ctx, cookie);
	thread->out = call_argument(ctx, CT_COOKIE_OUT_ARG(cookie));
	thread->old_key.address = 0;
	if (CT_COOKIE_CALL(cookie) == CT_CALL_REALLOC) {
		__u64 address = call_argument(ctx, CT_COOKIE_PTR_ARG(cookie));
		/* Before the call: while it runs, another thread may get the address. */
		thread->has_old = address && block_take(address, id, &thread->old_key, &thread->old);
		thread->old_key.address = address;
	}
	thread->call_sp = PT_REGS_SP(ctx);
	return 0;
}

/* The block that the call handed out; 0 where it failed. */
static __always_inline __u64 call_result(struct pt_regs *ctx, struct ct_image *image,
					 struct ct_thread *thread)
{
	__u64 result = PT_REGS_RC(ctx);
	if (!thread->out)
		return result;
	if ((__u32)result) /* an error number */
		return 0;
	__u64 block = 0;
	if (bpf_probe_read_user(&block, sizeof(block), (void *)thread->out))
		count(image, CT_UNREADABLE_RESULTS);
	return block;
}

/* realloc that handed out nothing: a failure, or realloc(p, 0), which frees. */
static __always_inline void realloc_nothing(struct ct_image *image, struct ct_thread *thread)
{
	if (thread->size || !thread->old_key.address) {
		count(image, CT_FAILED_ALLOCS);
		call_forget(image, thread);
		return;
	}
	if (!thread->has_old) {
		count(image, CT_UNMATCHED_FREES);
		return;
	}
	struct ct_booking booking = {
		.freed_stack = thread->old.stack,
		.freed_size = thread->old.size,
		.flags = temporary_flag(thread, thread->old_key.address),
	};
	thread->has_old = 0;
	book(image, thread->image, &booking);
}

/* Enters the new block. An address that is still taken was freed unseen. */
static __always_inline void block_put(struct ct_image *image, struct ct_thread *thread, __u64 address,
				      const struct ct_block *block)
{
	struct ct_block_key key = {.address = address, .image = thread->image};
	if (bpf_map_update_elem(&blocks, &key, block, BPF_NOEXIST) == 0)
		return;
	struct ct_booking missed = {};
	struct ct_block *old = bpf_map_lookup_elem(&blocks, &key);
	if (old) {
		missed.freed_stack = old->stack;
		missed.freed_size = old->size;
		*old = *block;
		count(image, CT_MISSED_FREES);
	} else {
		/* No room: its free will not be known, so it is booked as freed now. */
		missed.freed_stack = block->stack;
		missed.freed_size = block->size;
		count(image, CT_DROPPED_BLOCKS);
	}
	book(image, thread->image, &missed);
}

static __always_inline int call_return(struct pt_regs *ctx)
{
	__u32 id = image_of_process();
	struct ct_image *image = id ? image_find(id) : NULL;
	if (!image)
		return 0;
	struct ct_thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, 0);
	if (!thread || thread->image != id || !thread->call_sp ||
	    PT_REGS_SP(ctx) != thread->call_sp + RETURN_ADDRESS_BYTES)
		return 0;
	thread->call_sp = 0;

	bool is_realloc = CT_COOKIE_CALL(thread->cookie) == CT_CALL_REALLOC;
	__u64 address = call_result(ctx, image, thread);
	if (!address) {
		if (is_realloc)
			realloc_nothing(image, thread);
		else
			count(image, CT_FAILED_ALLOCS);
		return 0;
	}

	struct ct_block block = {.size = thread->size, .stack = stack_of_caller(ctx, image, thread)};
	struct ct_booking booking = {.stack = block.stack, .size = block.size};
	if (is_realloc) {
		booking.flags = CT_BOOK_REALLOC;
		if (thread->has_old) {
			booking.freed_stack = thread->old.stack;
			booking.freed_size = thread->old.size;
			booking.flags |= temporary_flag(thread, thread->old_key.address);
			thread->has_old = 0;
		} else if (thread->old_key.address) {
			count(image, CT_UNMATCHED_FREES);
		}
	}
	/* The booking first: another thread may free the block as soon as it is in the map. */
	book(image, id, &booking);
	block_put(image, thread, address, &block);
	thread->last_block = address;
	return 0;
}

/* A free of a block that is not in the map. The C library frees through its own code
 * what the program freed long ago: at a thread's end glibc takes its cache apart with
 * free(). Such a call comes from the same mapping as the function called. */
static __always_inline void free_unmatched(struct pt_regs *ctx, struct ct_image *image, __u64 cookie)
{
	__u64 caller = 0, here = PT_REGS_IP(ctx);
	if (bpf_probe_read_user(&caller, sizeof(caller), (void *)PT_REGS_SP(ctx)) == 0 &&
	    caller >= here - CT_COOKIE_TEXT_BEFORE(cookie) && caller < here + CT_COOKIE_TEXT_AFTER(cookie))
		count(image, CT_INTERNAL_FREES);
	else
		count(image, CT_UNMATCHED_FREES);
}

static __always_inline int call_free(struct pt_regs *ctx)
{
	__u32 id = image_of_process();
	__u64 cookie = bpf_get_attach_cookie(ctx);
	__u64 address = call_argument(ctx, CT_COOKIE_PTR_ARG(cookie));
	struct ct_image *image = id && address ? image_find(id) : NULL;
	if (!image)
		return 0;
	struct ct_thread *thread = call_begin(ctx, image, id);
	if (!thread)
		return 0;

	struct ct_block_key key;
	struct ct_block block;
	if (!block_take(address, id, &key, &block)) {
		free_unmatched(ctx, image, cookie);
		return 0;
	}
	struct ct_booking booking = {
		.freed_stack = block.stack,
		.freed_size = block.size,
		.flags = temporary_flag(thread, address),
	};
	book(image, id, &booking);
	return 0;
}

#endif
