/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_THREAD_H
#define CAPTRACK_BPF_THREAD_H

/* The figures of a thread. They stay when it has ended. */

static __always_inline struct ct_thread_figures *thread_find(__u32 number)
{
	return bpf_map_lookup_elem(&thread_figures, &number);
}

/* A number for the current thread; where there is no room, that of its image's others. */
static __always_inline __u32 thread_number(__u32 image)
{
	__u32 number = next_thread < CT_MAX_THREADS ? __sync_fetch_and_add(&next_thread, 1) : image;
	struct ct_thread_figures *figures = thread_find(number);
	if (!figures) { /* the last one went to another */
		number = image;
		figures = thread_find(number);
	}
	if (!figures)
		return 0;
	if (number != image) {
		figures->tid = (__u32)bpf_get_current_pid_tgid();
		bpf_get_current_comm(figures->comm, sizeof(figures->comm));
	}
	__sync_lock_test_and_set(&figures->image, image); /* user space takes it for one by that */
	return number;
}

/* Its last name, at its end. */
static __always_inline void thread_end(struct ct_thread *thread)
{
	struct ct_thread_figures *figures = thread_find(thread->number);
	if (figures && figures->tid)
		bpf_get_current_comm(figures->comm, sizeof(figures->comm));
}

/* Before its figures change, as stack_settle(). */
static __always_inline void thread_settle(struct ct_image *image, struct ct_thread_figures *figures)
{
	if (figures->epoch != image->epoch) {
		figures->then = figures->now;
		__sync_lock_test_and_set(&figures->epoch, image->epoch);
	}
}

#endif
