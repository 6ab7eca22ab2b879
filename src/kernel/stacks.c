// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reading stacks: their map lies in our memory, and what a snapshot takes of an element stands
 * still, see bpf/snapshot.h. */
#include "kernel_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { WINDOW = 1024, WINDOW_BYTES = WINDOW * sizeof(struct ct_stack) };
_Static_assert(WINDOW_BYTES % 4096 == 0, "windows begin with a page");

static size_t bytes_from(struct kernel *kernel, uint32_t first)
{
	uint32_t rest = bpf_map__max_entries(kernel->skeleton->maps.stacks) - first;
	size_t bytes = (rest < WINDOW ? rest : WINDOW) * sizeof(struct ct_stack);
	return (bytes + 4095) & ~(size_t)4095;
}

struct ct_stack *kernel_find_stack(struct kernel *kernel, uint32_t stack)
{
	uint32_t first = stack - stack % WINDOW;
	if (stack >= bpf_map__max_entries(kernel->skeleton->maps.stacks))
		return NULL;
	if (!kernel->stacks || kernel->first_stack != first) {
		kernel_unmap_stacks(kernel);
		void *window = mmap(NULL, bytes_from(kernel, first), PROT_READ | PROT_WRITE, MAP_SHARED,
				    bpf_map__fd(kernel->skeleton->maps.stacks),
				    (off_t)(first * sizeof(struct ct_stack)));
		if (window == MAP_FAILED)
			return NULL;
		kernel->stacks = window;
		kernel->first_stack = first;
	}
	return &kernel->stacks[stack - first];
}

void kernel_unmap_stacks(struct kernel *kernel)
{
	if (kernel->stacks)
		munmap(kernel->stacks, bytes_from(kernel, kernel->first_stack));
	kernel->stacks = NULL;
}

/* Indexes from here on have never been used. */
static uint32_t stack_count(struct kernel *kernel)
{
	uint32_t most = bpf_map__max_entries(kernel->skeleton->maps.stacks);
	uint32_t count = __atomic_load_n(&kernel->skeleton->data->next_stack, __ATOMIC_ACQUIRE);
	return count < most ? count : most;
}

/* What the epoch before has added, once it is over. */
static const struct ct_histograms *read_histograms(struct kernel *kernel, uint32_t stack, uint64_t epoch)
{
	const struct ct_details *details = kernel_find_details(kernel, stack);
	const struct ct_histograms *part = details ? &details->part[CT_PART(epoch - 1)] : NULL;
	return part && part->epoch == epoch - 1 ? part : NULL;
}

void kernel_copy_settled(const __u64 *changed_in, uint64_t epoch, const void *now, const void *then,
			 size_t size, void *out)
{
	uint64_t changed = __atomic_load_n(changed_in, __ATOMIC_ACQUIRE);
	if (changed != epoch) {
		memcpy(out, now, size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		changed = __atomic_load_n(changed_in, __ATOMIC_RELAXED);
	}
	if (changed == epoch)
		memcpy(out, then, size);
}

/* The counts as the epoch began. False where they have not changed in the one before. */
static bool read_counts(const struct ct_stack *stack, uint64_t epoch, bool all, struct ct_counts *counts)
{
	if (__atomic_load_n(&stack->epoch, __ATOMIC_ACQUIRE) + 1 < epoch && !all)
		return false;
	kernel_copy_settled(&stack->epoch, epoch, &stack->now, &stack->then, sizeof(*counts), counts);
	return true;
}

int kernel_read_stacks(struct kernel *kernel, const uint64_t epochs[CT_MAX_IMAGES],
		       int (*visit)(void *context, const struct kernel_stack *stack), void *context)
{
	uint32_t count = stack_count(kernel);
	int result = 0;
	for (uint32_t i = 1; i < count && !result; i++) {
		struct ct_stack *stack = kernel_find_stack(kernel, i);
		struct kernel_stack read = {.index = i};
		if (!stack) {
			result = -ENOMEM;
			break;
		}
		read.image = __atomic_load_n(&stack->image, __ATOMIC_ACQUIRE);
		if (!read.image || read.image >= CT_MAX_IMAGES || !epochs[read.image])
			continue;
		read.end = (enum ct_end)stack->end;
		/* What a reading that failed did not bring must come with this one. */
		if (!read_counts(stack, epochs[read.image], kernel->incomplete, &read.counts))
			continue;
		read.added = read_histograms(kernel, i, epochs[read.image]);
		result = visit(context, &read);
	}
	kernel_unmap_stacks(kernel);
	kernel_unmap_details(kernel);
	kernel->incomplete = result != 0;
	return result;
}

int kernel_take_frames(struct kernel *kernel, uint32_t stack, struct ct_frames *out)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.stack_frames);
	return bpf_map_lookup_and_delete_elem(fd, &stack, out) ? -errno : 0;
}

static void drop_stack(struct kernel *kernel, struct ct_stack *stack, uint32_t index)
{
	struct captrack *skeleton = kernel->skeleton;
	uint64_t hash = stack->hash;
	__atomic_store_n(&stack->image, 0, __ATOMIC_RELEASE);
	bpf_map_delete_elem(bpf_map__fd(skeleton->maps.stack_frames), &index);
	if (bpf_map_delete_elem(bpf_map__fd(skeleton->maps.growths), &index) == 0)
		__atomic_fetch_sub(&skeleton->bss->growth_count, 1, __ATOMIC_RELAXED);
	if (index < CT_FIRST_STACK) /* an image's number is not used again */
		return;
	bpf_map_delete_elem(bpf_map__fd(skeleton->maps.stack_ids), &hash);
	bpf_map_update_elem(bpf_map__fd(skeleton->maps.unused_stacks), NULL, &index, BPF_ANY);
}

/* Also those that only freed, or never came to a booking. */
void kernel_drop_stacks(struct kernel *kernel, uint32_t image)
{
	uint32_t count = stack_count(kernel);
	for (uint32_t i = 1; i < count; i++) {
		struct ct_stack *stack = kernel_find_stack(kernel, i);
		if (stack && __atomic_load_n(&stack->image, __ATOMIC_ACQUIRE) == image)
			drop_stack(kernel, stack, i);
	}
	kernel_unmap_stacks(kernel);
}
