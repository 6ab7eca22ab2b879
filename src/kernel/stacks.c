// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reading stacks: their map lies in our memory, and what a snapshot takes of an element stands
 * still, see bpf/snapshot.h. */
#include "kernel_internal.h"

#include <errno.h>
#include <sys/mman.h>

static size_t bytes_of(uint32_t stacks)
{
	return (stacks * sizeof(struct ct_stack) + 4095) & ~(size_t)4095;
}

/* Only the beginning is mapped that is in use: the kernel puts in all pages at once. */
int kernel_map_stacks(struct kernel *kernel, uint32_t count)
{
	uint32_t most = bpf_map__max_entries(kernel->skeleton->maps.stacks);
	if (count <= kernel->mapped_stacks)
		return 0;
	count = count > most / 2 ? most : count * 2;
	void *stacks = mmap(NULL, bytes_of(count), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(kernel->skeleton->maps.stacks), 0);
	if (stacks == MAP_FAILED)
		return -errno;
	kernel_unmap_stacks(kernel);
	kernel->stacks = stacks;
	kernel->mapped_stacks = count;
	return 0;
}

void kernel_unmap_stacks(struct kernel *kernel)
{
	if (kernel->stacks)
		munmap(kernel->stacks, bytes_of(kernel->mapped_stacks));
	kernel->stacks = NULL;
	kernel->mapped_stacks = 0;
}

/* The counts as the epoch began. False where they have not changed in the one before. */
static bool read_counts(const struct ct_stack *stack, uint64_t epoch, bool all, struct ct_counts *counts)
{
	uint64_t changed = __atomic_load_n(&stack->epoch, __ATOMIC_ACQUIRE);
	if (changed + 1 < epoch && !all)
		return false;
	if (changed != epoch) {
		*counts = *(const volatile struct ct_counts *)&stack->now;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		changed = __atomic_load_n(&stack->epoch, __ATOMIC_RELAXED);
	}
	if (changed == epoch)
		*counts = stack->then;
	return true;
}

int kernel_read_stacks(struct kernel *kernel, const uint64_t epochs[CT_MAX_IMAGES],
		       int (*visit)(void *context, const struct kernel_stack *stack), void *context)
{
	uint32_t most = bpf_map__max_entries(kernel->skeleton->maps.stacks);
	uint32_t count = __atomic_load_n(&kernel->skeleton->data->next_stack, __ATOMIC_ACQUIRE);
	if (count > most)
		count = most;
	int result = kernel_map_stacks(kernel, count);
	for (uint32_t i = 1; i < count && !result; i++) {
		struct ct_stack *stack = &kernel->stacks[i];
		struct kernel_stack read = {.index = i};
		read.image = __atomic_load_n(&stack->image, __ATOMIC_ACQUIRE);
		if (!read.image || read.image >= CT_MAX_IMAGES || !epochs[read.image])
			continue;
		read.end = (enum ct_end)stack->end;
		/* What a reading that failed did not bring must come with this one. */
		if (read_counts(stack, epochs[read.image], kernel->incomplete, &read.counts))
			result = visit(context, &read);
	}
	kernel->incomplete = result != 0;
	return result;
}

int kernel_take_frames(struct kernel *kernel, uint32_t stack, struct ct_frames *out)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.stack_frames);
	return bpf_map_lookup_and_delete_elem(fd, &stack, out) ? -errno : 0;
}

void kernel_drop_stack(struct kernel *kernel, uint32_t stack)
{
	struct captrack *skeleton = kernel->skeleton;
	uint64_t hash = kernel->stacks[stack].hash;
	__atomic_store_n(&kernel->stacks[stack].image, 0, __ATOMIC_RELEASE);
	bpf_map_delete_elem(bpf_map__fd(skeleton->maps.stack_frames), &stack);
	if (stack < CT_FIRST_STACK) /* an image's number is not used again */
		return;
	bpf_map_delete_elem(bpf_map__fd(skeleton->maps.stack_ids), &hash);
	bpf_map_update_elem(bpf_map__fd(skeleton->maps.free_stacks), NULL, &stack, BPF_ANY);
}
