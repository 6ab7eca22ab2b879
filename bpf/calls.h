/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_CALLS_H
#define CAPTRACK_BPF_CALLS_H

/* Allocator calls: what entry and return of a probed function mean.
 *
 * Only the outermost call of a thread counts. It is known by its stack pointer
 * at entry: a call inside it has a lower one, a tail call the same one, and its
 * own return leaves the stack pointer one return address above it. An entry with
 * a higher stack pointer means that the call noted before will never return
 * (longjmp out of a signal handler), so does one that does not come from the
 * allocator: it is dropped, and counted. */

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
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u32 *image = bpf_map_lookup_elem(&processes, &pid);
	return image ? *image : 0;
}

/* First call of a thread, or the first after exec. */
static __noinline int thread_begin(struct ct_thread *thread)
{
	if (!thread)
		return 0;
	thread->call_sp = 0;
	thread->old.stack = 0;
	thread->last_block = 0;
	thread->image = image_of_process();
	thread->number = thread->image ? thread_number(thread->image) : 0;
	return 0;
}

/* No room for a thread's state: its calls are not counted. */
static __noinline int thread_dropped(void)
{
	__u32 id = image_of_process();
	struct ct_image *image = id ? image_find(id) : NULL;
	if (image)
		count(image, CT_DROPPED_THREADS);
	return 0;
}

/* The thread's state, where its process is one of ours. */
static __always_inline struct ct_thread *thread_of_ours(struct ct_image **image)
{
	if (!enabled)
		return NULL;
	struct ct_thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL,
							BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		thread_dropped();
		return NULL;
	}
	if (!thread->image)
		thread_begin(thread);
	*image = thread->image ? image_find(thread->image) : NULL;
	return *image ? thread : NULL;
}

static __always_inline __u64 temporary_flag(struct ct_thread *thread, __u64 address)
{
	if (thread->last_block != address)
		return 0;
	thread->last_block = 0;
	return CT_BOOK_TEMPORARY;
}

static __always_inline void booking_add_free(struct ct_booking *booking, const struct ct_block *block)
{
	booking->freed_stack = block->stack;
	booking->freed_ns = block->ns;
	booking->freed_thread = CT_ORIGIN_THREAD(block->origin);
	if (CT_ORIGIN_STEPS(block->origin)) { /* unless realloc goes on with it */
		booking->birth = CT_ORIGIN_BIRTH(block->origin);
		booking->flags |= CT_BOOK_CHAIN_END;
	}
	booking->freed_allocs = sampled ? sampled_allocs(block->size) : 1;
	booking->freed_bytes = sampled ? sampled_bytes(block->size, booking->freed_allocs) : block->size;
}

static __always_inline void booking_add_alloc(struct ct_booking *booking, const struct ct_block *block)
{
	booking->stack = block->stack;
	booking->allocs = sampled ? sampled_allocs(block->size) : 1;
	booking->bytes = sampled ? sampled_bytes(block->size, booking->allocs) : block->size;
}

/* A new booking, of a call by this thread at this moment. */
static __always_inline struct ct_booking *booking_begin(struct ct_thread *thread, __u32 flags)
{
	struct ct_booking *booking = &thread->booking;
	__builtin_memset(booking, 0, sizeof(*booking));
	booking->ns = no_details ? 0 : bpf_ktime_get_ns();
	booking->thread = thread->number;
	booking->flags = flags;
	return booking;
}

/* Books the end of a block, which was freed, or whose free will not be or was not seen. (Not
 * inlined: see stack_unwound().) */
__noinline int book_freed(struct ct_thread *thread, const struct ct_block *block, __u32 flags)
{
	struct ct_image *image = thread ? image_find(thread->image) : NULL;
	if (!image || !block)
		return 0;
	booking_add_free(booking_begin(thread, flags), block);
	book(image, thread->image, &thread->booking);
	return 0;
}

/* Enters a block; where there is no room its free will not be known, so it is booked as
 * freed now. (Where threads race for the last room, each may find it taken.) */
static __always_inline void block_enter(struct ct_image *image, struct ct_thread *thread, __u64 address,
					struct ct_block *block)
{
	bool fits = sampled || image->now.live_allocs <= max_live;
	__u64 key = CT_BLOCK_KEY(thread->image, address);
	if (fits && block_put(key, block))
		return;
	count(image, CT_DROPPED_BLOCKS);
	block_was_freed(key, &thread->freed, true); /* its free is not the second of another */
	book_freed(thread, block, 0);
}

/* A call that did not happen: the block handed in is still there. */
static __always_inline void call_forget(struct ct_image *image, struct ct_thread *thread)
{
	if (thread->old.stack) {
		block_enter(image, thread, thread->old_address, &thread->old);
		thread->old.stack = 0;
	}
	thread->call_sp = 0;
}

/* Is an address in the file of a function that is probed at `site`? */
static __always_inline bool in_file_of(__u64 site, __u64 cookie, __u64 address)
{
	return address >= site - CT_COOKIE_TEXT_BEFORE(cookie) &&
	       address < site + CT_COOKIE_TEXT_AFTER(cookie);
}

#define MOST_FROM_OUTSIDE 16 /* calls inside one call that do not come from its file */

/* Does this call come from the one that was noted, whose stack pointer was not lower? An
 * allocator calls its functions from its own file, or jumps there: then the return address is
 * the kernel's trampoline, as the return is probed. Other callers may stand between (a
 * preloaded library with functions of the same names), for some calls; but if a longjmp has left
 * the call noted, there is no end of them. */
static __always_inline bool is_called_by_noted(struct pt_regs *ctx, struct ct_thread *thread)
{
	__u64 caller = 0;
	if (bpf_probe_read_user(&caller, sizeof(caller), (void *)PT_REGS_SP(ctx)) ||
	    in_file_of(thread->site, thread->cookie, caller) || caller == unwind_trampoline())
		return true;
	return PT_REGS_SP(ctx) < thread->call_sp && thread->from_outside++ < MOST_FROM_OUTSIDE;
}

/* Is this call inside another one of the thread's? */
static __always_inline bool is_nested(struct pt_regs *ctx, struct ct_image *image, struct ct_thread *thread)
{
	if (!thread->call_sp)
		return false;
	if (PT_REGS_SP(ctx) <= thread->call_sp && is_called_by_noted(ctx, thread))
		return true;
	count(image, CT_LOST_RETURNS);
	call_forget(image, thread);
	return false;
}

/* The block that realloc is called with. */
static __always_inline void take_old(struct pt_regs *ctx, struct ct_image *image, struct ct_thread *thread,
				     __u64 key)
{
	thread->freed_by = free_stacks ? stack_at_entry(ctx, image, thread) : 0;
	thread->twice.stack = 0;
	if (!block_take(key, &thread->old, thread->freed_by) && !sampled)
		block_was_freed(key, &thread->twice, false);
}

/* Returns whether the call's return matters. */
static __always_inline bool call_enter(struct pt_regs *ctx)
{
	struct ct_image *image = NULL;
	struct ct_thread *thread = thread_of_ours(&image);
	if (!thread)
		return !enabled; /* the floor of what probes cost has its return too */
	if (is_nested(ctx, image, thread))
		return false;

	__u64 cookie = bpf_get_attach_cookie(ctx);
	bool is_realloc = CT_COOKIE_CALL(cookie) == CT_CALL_REALLOC;
	__u64 size = call_size(ctx, cookie);
	__u64 old_address = 0;
	if (is_realloc) {
		old_address = call_argument(ctx, CT_COOKIE_PTR_ARG(cookie));
		/* Before the call: while it runs, another thread may get the address. */
		if (old_address && !allocs_only)
			take_old(ctx, image, thread, CT_BLOCK_KEY(thread->image, old_address));
	}
	if (sampled) {
		bool kept = keeps(size);
		/* A call inside this one must not have a chance of its own: realloc(NULL) may call
		 * malloc, too. */
		bool calls_another = cookie & CT_COOKIE_CALLS_ANOTHER || (is_realloc && !old_address);
		if (!kept && !thread->old.stack && !calls_another)
			return false;
		thread->is_kept = kept;
	}
	thread->cookie = cookie;
	thread->site = PT_REGS_IP(ctx);
	thread->from_outside = 0;
	thread->size = size;
	thread->out = call_argument(ctx, CT_COOKIE_OUT_ARG(cookie));
	thread->old_address = old_address;
	thread->call_sp = PT_REGS_SP(ctx);
	return true;
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

/* realloc has freed a block that was not live: never seen, or free already. */
static __always_inline void old_unknown(struct ct_image *image, struct ct_thread *thread, __u32 again_by)
{
	if (!thread->twice.stack) {
		count(image, CT_UNMATCHED_FREES);
		return;
	}
	count(image, CT_DOUBLE_FREES);
	count_double_free(thread, &thread->twice, again_by);
}

/* The call handed out nothing: a failure, or realloc(p, 0), which frees. */
__noinline int call_nothing(struct ct_thread *thread, bool is_realloc)
{
	struct ct_image *image = thread ? image_find(thread->image) : NULL;
	if (!image)
		return 0;
	if (!is_realloc || thread->size || !thread->old_address) {
		if (!sampled)
			count(image, CT_FAILED_ALLOCS);
		call_forget(image, thread);
		return 0;
	}
	if (allocs_only)
		return 0;
	if (!thread->old.stack) {
		if (!sampled)
			old_unknown(image, thread, thread->freed_by);
		return 0;
	}
	book_freed(thread, &thread->old, temporary_flag(thread, thread->old_address));
	if (thread->freed_by)
		count_freed_by(thread, &thread->old, thread->freed_by);
	thread->old.stack = 0;
	return 0;
}

/* An address that is handed out while it is taken was freed unseen. */
static __always_inline void take_missed(struct ct_image *image, struct ct_thread *thread, __u64 address)
{
	if (!block_take(CT_BLOCK_KEY(thread->image, address), &thread->freed, 0))
		return;
	count(image, CT_MISSED_FREES);
	book_freed(thread, &thread->freed, 0);
}

/* realloc has made thread->made of thread->old. */
static __always_inline void booking_add_step(struct ct_booking *booking, struct ct_thread *thread,
					     __u64 address)
{
	const struct ct_block *old = &thread->old;
	__u64 steps = CT_ORIGIN_STEPS(old->origin);
	__u64 birth = steps ? CT_ORIGIN_BIRTH(old->origin) : old->stack;
	booking_add_free(booking, old);
	booking->flags &= ~CT_BOOK_CHAIN_END;
	booking->flags |= temporary_flag(thread, thread->old_address);
	if (!keeps_details())
		return;
	if (!steps) {
		growth_begin(birth, thread->image);
		booking->flags |= CT_BOOK_CHAIN_FIRST;
	}
	if (address != thread->old_address)
		booking->flags |= CT_BOOK_MOVED;
	booking->birth = birth;
	thread->made.origin = CT_ORIGIN(thread->number, birth, steps < 0xffff ? steps + 1 : steps);
	if (thread->freed_by)
		count_freed_by(thread, old, thread->freed_by);
}

/* Books what the call did, with thread->stack for its caller. (Not inlined: see stack_unwound().) */
__noinline int call_book(struct ct_thread *thread, __u64 address)
{
	struct ct_image *image = thread ? image_find(thread->image) : NULL;
	if (!image)
		return 0;
	if (!allocs_only)
		take_missed(image, thread, address);
	struct ct_booking *booking = booking_begin(thread, 0);
	struct ct_block *block = &thread->made;
	block->size = thread->size;
	block->stack = thread->stack;
	block->ns = booking->ns;
	block->origin = CT_ORIGIN(thread->number, 0, 0);
	if (CT_COOKIE_CALL(thread->cookie) == CT_CALL_REALLOC) {
		booking->flags = CT_BOOK_REALLOC;
		if (thread->old.stack) {
			booking_add_step(booking, thread, address);
			thread->old.stack = 0;
		} else if (thread->old_address && !sampled && !allocs_only) {
			old_unknown(image, thread, thread->stack);
		}
	}
	if (block->stack)
		booking_add_alloc(booking, block);
	/* The booking first: another thread may free the block as soon as it is in the table. */
	book(image, thread->image, booking);
	if (block->stack && !allocs_only)
		block_enter(image, thread, address, block);
	thread->last_block = address;
	return 0;
}

static __always_inline void call_return(struct pt_regs *ctx)
{
	struct ct_image *image = NULL;
	struct ct_thread *thread = thread_of_ours(&image);
	if (!thread || !thread->call_sp || PT_REGS_SP(ctx) != thread->call_sp + RETURN_ADDRESS_BYTES)
		return;
	thread->call_sp = 0;

	__u64 address = call_result(ctx, image, thread);
	if (!address) {
		call_nothing(thread, CT_COOKIE_CALL(thread->cookie) == CT_CALL_REALLOC);
		return;
	}
	thread->stack = 0;
	if (!sampled || thread->is_kept)
		thread->stack = stack_of_caller(ctx, image, thread);
	call_book(thread, address);
}

/* The C library frees through its own code what the program freed long ago: at a thread's end glibc
 * takes its cache apart with free(). Such a call comes from the same mapping as the function
 * called. */
static __always_inline bool is_internal_free(struct pt_regs *ctx, __u64 cookie)
{
	__u64 caller = 0;
	return bpf_probe_read_user(&caller, sizeof(caller), (void *)PT_REGS_SP(ctx)) == 0 &&
	       in_file_of(PT_REGS_IP(ctx), cookie, caller);
}

/* A free of a block that is not live: never seen, or free already. */
static __always_inline void free_unknown(struct pt_regs *ctx, struct ct_image *image,
					 struct ct_thread *thread, __u64 address, __u32 freed_by)
{
	if (!block_was_freed(CT_BLOCK_KEY(thread->image, address), &thread->freed, false)) {
		count(image, CT_UNMATCHED_FREES);
		return;
	}
	count(image, CT_DOUBLE_FREES);
	count_double_free(thread, &thread->freed, freed_by ?: stack_at_entry(ctx, image, thread));
}

static __always_inline void call_free(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);
	__u64 address = call_argument(ctx, CT_COOKIE_PTR_ARG(cookie));
	if (!address)
		return;
	struct ct_image *image = NULL;
	struct ct_thread *thread = thread_of_ours(&image);
	if (!thread || is_nested(ctx, image, thread))
		return;

	__u32 freed_by = free_stacks ? stack_at_entry(ctx, image, thread) : 0;
	if (!block_take(CT_BLOCK_KEY(thread->image, address), &thread->freed, freed_by)) {
		if (sampled)
			return;
		if (is_internal_free(ctx, cookie))
			count(image, CT_INTERNAL_FREES);
		else
			free_unknown(ctx, image, thread, address, freed_by);
		return;
	}
	book_freed(thread, &thread->freed, temporary_flag(thread, address));
	if (freed_by)
		count_freed_by(thread, &thread->freed, freed_by);
}

#endif
