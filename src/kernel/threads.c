// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reading the figures of threads, as those of stacks (stacks.c). */
#include "kernel_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static void read_thread(const struct ct_thread_figures *figures, uint64_t epoch, struct kernel_thread *thread)
{
	kernel_copy_settled(&figures->epoch, epoch, &figures->now, &figures->then, sizeof(thread->counts),
			    &thread->counts);
	thread->tid = figures->tid;
	memcpy(thread->comm, figures->comm, sizeof(thread->comm));
	thread->comm[sizeof(thread->comm) - 1] = '\0';
}

int kernel_read_threads(struct kernel *kernel, const uint64_t epochs[CT_MAX_IMAGES],
			int (*visit)(void *context, const struct kernel_thread *thread), void *context)
{
	uint32_t count = __atomic_load_n(&kernel->skeleton->data->next_thread, __ATOMIC_ACQUIRE);
	int fd = bpf_map__fd(kernel->skeleton->maps.thread_figures);
	if (count > CT_MAX_THREADS)
		count = CT_MAX_THREADS;
	size_t bytes = (count * sizeof(struct ct_thread_figures) + 4095) & ~(size_t)4095;
	const struct ct_thread_figures *all = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (all == MAP_FAILED)
		return -errno;
	int result = 0;
	for (uint32_t i = 1; i < count && !result; i++) {
		struct kernel_thread thread = {.number = i};
		thread.image = __atomic_load_n(&all[i].image, __ATOMIC_ACQUIRE);
		if (!thread.image || thread.image >= CT_MAX_IMAGES || !epochs[thread.image])
			continue;
		read_thread(&all[i], epochs[thread.image], &thread);
		result = visit(context, &thread);
	}
	munmap((void *)(uintptr_t)all, bytes);
	return result;
}
