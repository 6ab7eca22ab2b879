/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_ACCOUNTING_H
#define CAPTRACK_BPF_ACCOUNTING_H

/* Booking an event against its stack and its image.
 *
 * All figures of an image change under one lock, so there is one order of events
 * and the peak, and each stack's share of it, are exact with any number of
 * threads. Tracing programs may not use bpf_spin_lock, hence a compare-and-swap
 * of our own. A holder can be preempted on some kernels, so nobody waits long:
 * who does not get the lock puts the booking into one of the image's pending
 * slots, and whoever holds the lock next books it; only where those are full it waits on. Counters of no
 * stack are plain atomics.
 *
 * At peak: the image's peak_number grows at each new maximum. A stack whose
 * seen_peak is not the image's number held, at that peak, what it holds now; so
 * before its live bytes change, they are kept as its bytes at the peak. O(1).
 *
 * Epochs make a snapshot one moment of a running process: see snapshot.h. */

#define LOCK_SPINS         200
#define LOCK_PATIENT_SPINS (1 << 22) /* some 20 ms */

static __always_inline bool image_lock(struct ct_image *image)
{
	for (int i = 0; i < LOCK_SPINS; i++) {
		if (*(volatile __u32 *)&image->lock == 0 &&
		    __sync_val_compare_and_swap(&image->lock, 0, 1) == 0)
			return true;
	}
	return false;
}

static __always_inline void image_unlock(struct ct_image *image)
{
	__sync_lock_test_and_set(&image->lock, 0); /* an exchange: orders what was written before */
}

/* Before a stack changes: keep what the running snapshot and the peak need. User space reads
 * without the lock (see snapshot.h), so `then` is written before the epoch says so, and
 * `now` changes after it. */
static __always_inline void stack_settle(struct ct_image *image, struct ct_stack *stack)
{
	if (stack->epoch != image->epoch) {
		stack->then = stack->now;
		__sync_lock_test_and_set(&stack->epoch, image->epoch); /* an exchange: orders the two */
	}
	if (stack->now.seen_peak != image->now.peak_number) {
		stack->now.seen_peak = image->now.peak_number;
		stack->now.at_peak_bytes = stack->now.allocated_bytes - stack->now.freed_bytes;
		stack->now.at_peak_allocs = stack->now.allocs - stack->now.frees;
	}
}

static __always_inline void book_lifetime(struct ct_image *image, struct ct_stack *stack,
					  const struct ct_booking *booking)
{
	__u64 ns = booking->ns > booking->freed_ns ? booking->ns - booking->freed_ns : 0;
	struct ct_histograms *part = histograms_of(image, booking->freed_stack);
	if (part)
		count_lifetime(part, ns);
	stack->now.lifetime_sum += ns;
	if (ns < stack->now.lifetime_min || !stack->now.frees)
		stack->now.lifetime_min = ns;
	if (ns > stack->now.lifetime_max)
		stack->now.lifetime_max = ns;
	if (booking->thread != booking->freed_thread)
		stack->now.cross_thread_frees++;
}

static __always_inline void book_size(struct ct_image *image, struct ct_stack *stack,
				      const struct ct_booking *booking)
{
	struct ct_histograms *part = histograms_of(image, booking->stack);
	if (part)
		count_size(part, booking->bytes);
	if (booking->bytes < stack->now.size_min || !stack->now.allocs)
		stack->now.size_min = booking->bytes;
	if (booking->bytes > stack->now.size_max)
		stack->now.size_max = booking->bytes;
}

/* What realloc did to a block that is known. */
static __always_inline void book_change(struct ct_stack *stack, const struct ct_booking *booking)
{
	bool larger = booking->bytes > booking->freed_bytes;
	if (booking->flags & CT_BOOK_MOVED) {
		stack->now.moved++;
		stack->now.moved_bytes += larger ? booking->freed_bytes : booking->bytes;
	} else if (larger) {
		stack->now.grown_in_place++;
	}
}

static __always_inline void book_free(struct ct_image *image, struct ct_stack *stack,
				      const struct ct_booking *booking)
{
	stack_settle(image, stack);
	if (keeps_details())
		book_lifetime(image, stack, booking);
	stack->now.frees += booking->freed_allocs;
	stack->now.freed_bytes += booking->freed_bytes;
	if (booking->flags & CT_BOOK_TEMPORARY)
		stack->now.temporary_allocs++;
	image->now.live_allocs -= booking->freed_allocs;
	image->now.live_bytes -= booking->freed_bytes;
}

static __always_inline void book_alloc(struct ct_image *image, struct ct_stack *stack,
				       const struct ct_booking *booking)
{
	stack_settle(image, stack);
	if (keeps_details())
		book_size(image, stack, booking);
	stack->now.allocs += booking->allocs;
	stack->now.allocated_bytes += booking->bytes;
	if (booking->flags & CT_BOOK_REALLOC) {
		stack->now.reallocs += booking->allocs;
		if (keeps_details() && booking->freed_stack)
			book_change(stack, booking);
	}

	__u64 live = stack->now.allocated_bytes - stack->now.freed_bytes;
	if (live > stack->now.peak_bytes)
		stack->now.peak_bytes = live;

	image->now.live_allocs += booking->allocs;
	image->now.live_bytes += booking->bytes;
	if (image->now.live_bytes > image->now.peak_bytes) {
		image->now.peak_bytes = image->now.live_bytes;
		image->now.peak_allocs = image->now.live_allocs;
		image->now.peak_ns = no_details ? bpf_ktime_get_ns() : booking->ns;
		image->now.peak_number++;
	}
}

/* Whose call it is, and, of a block that is freed, whose block that was. */
static __always_inline void book_threads(struct ct_image *image, const struct ct_booking *booking)
{
	struct ct_thread_figures *caller = thread_find(booking->thread);
	if (!caller)
		return;
	thread_settle(image, caller);
	if (booking->stack) {
		caller->now.allocs += booking->allocs;
		caller->now.allocated_bytes += booking->bytes;
	}
	if (!booking->freed_stack)
		return;
	caller->now.frees += booking->freed_allocs;
	struct ct_thread_figures *owner =
		booking->freed_thread == booking->thread ? caller : thread_find(booking->freed_thread);
	if (!owner)
		return;
	thread_settle(image, owner);
	owner->now.gone_allocs += booking->freed_allocs;
	owner->now.gone_bytes += booking->freed_bytes;
}

static __always_inline void book_growth(struct ct_image *image, const struct ct_booking *booking)
{
	struct ct_growth_part *part = growth_part(image, booking->birth);
	if (!part)
		return;
	if (booking->flags & CT_BOOK_CHAIN_END)
		count_final_size(part, booking->freed_bytes);
	else
		count_step(part, booking);
}

/* With the lock held. A stack is never deleted while its image lives. */
static __always_inline void book_locked(struct ct_image *image, const struct ct_booking *booking)
{
	if (booking->freed_stack) {
		struct ct_stack *stack = stack_find(booking->freed_stack);
		if (stack)
			book_free(image, stack, booking);
	}
	if (booking->stack) {
		struct ct_stack *stack = stack_find(booking->stack);
		if (stack)
			book_alloc(image, stack, booking);
	}
	if (!no_details)
		book_threads(image, booking);
	if (keeps_details() && booking->birth)
		book_growth(image, booking);
}

static long pending_book_one(__u32 index, void *context)
{
	struct ct_image *image = image_find(*(__u32 *)context);
	if (!image || index >= CT_MAX_PENDING)
		return 1;
	struct ct_pending *slot = &image->pending[index];
	if (*(volatile __u32 *)&slot->state == CT_SLOT_READY) {
		book_locked(image, &slot->booking);
		__sync_fetch_and_add(&image->pending_count, -1);
		__sync_lock_test_and_set(&slot->state, CT_SLOT_FREE);
	}
	return 0;
}

/* Books what others left, with the lock held. */
static __always_inline void pending_book_all(struct ct_image *image, __u32 id)
{
	if (*(volatile __u32 *)&image->pending_count)
		bpf_loop(CT_MAX_PENDING, pending_book_one, &id, 0);
}

struct pending_search {
	__u32 image;
	__u32 done;
	const struct ct_booking *booking;
};

static long pending_try_slot(__u32 index, void *context)
{
	struct pending_search *search = context;
	struct ct_image *image = image_find(search->image);
	if (!image || index >= CT_MAX_PENDING)
		return 1;
	struct ct_pending *slot = &image->pending[index];
	if (__sync_val_compare_and_swap(&slot->state, CT_SLOT_FREE, CT_SLOT_FILLING) != CT_SLOT_FREE)
		return 0;
	slot->booking = *search->booking;
	__sync_fetch_and_add(&image->pending_count, 1);
	__sync_lock_test_and_set(&slot->state, CT_SLOT_READY);
	search->done = 1;
	return 1;
}

struct lock_wait {
	__u32 image;
	__u32 done;
};

static long lock_try(__u32 index, void *context)
{
	struct lock_wait *wait = context;
	struct ct_image *image = image_find(wait->image);
	if (!image)
		return 1;
	wait->done =
		*(volatile __u32 *)&image->lock == 0 && __sync_val_compare_and_swap(&image->lock, 0, 1) == 0;
	return wait->done;
}

/* Neither lock nor slot: on a virtual machine the holder's whole CPU may be off for
 * milliseconds. Waiting that long is better than a wrong total. */
static __always_inline bool image_lock_patiently(__u32 id)
{
	struct lock_wait wait = {.image = id};
	bpf_loop(LOCK_PATIENT_SPINS, lock_try, &wait, 0);
	return wait.done;
}

static __always_inline void book(struct ct_image *image, __u32 id, const struct ct_booking *booking)
{
	if (!image_lock(image)) {
		struct pending_search search = {.image = id, .booking = booking};
		bpf_loop(CT_MAX_PENDING, pending_try_slot, &search, 0);
		if (search.done)
			return;
		if (!image_lock_patiently(id)) {
			count(image, CT_DROPPED_EVENTS);
			return;
		}
	}
	book_locked(image, booking);
	pending_book_all(image, id);
	image_unlock(image);
}

#endif
