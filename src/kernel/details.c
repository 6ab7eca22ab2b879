// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The histograms of stacks: bpf/details.h fills them, here their chunks are made, and mapped one
 * at a time for a reading: they would be most of our memory. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK_BYTES = CT_DETAILS_CHUNK * sizeof(struct ct_details), ENTER_AT_ONCE = 64 };

static int chunk_new(void)
{
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "captrack_stacks", sizeof(uint32_t),
				sizeof(struct ct_details), CT_DETAILS_CHUNK, &options);
	return fd < 0 ? -errno : fd;
}

/* Enters chunks into the map of maps; all at once, for each call waits for a grace period. */
static int enter(struct kernel *kernel, uint32_t first, uint32_t end)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, options);
	int outer = bpf_map__fd(kernel->skeleton->maps.details);
	uint32_t count = end - first, index[ENTER_AT_ONCE];
	for (uint32_t i = 0; i < count; i++)
		index[i] = first + i;
	return bpf_map_update_batch(outer, index, &kernel->details.chunks[first], &count, &options) ? -errno
												    : 0;
}

/* Makes chunks first..end. The kernel half looks into those that are not there yet in vain, at no harm. */
static int add_chunks(struct kernel *kernel, uint32_t first, uint32_t end)
{
	int result = 0;
	for (uint32_t at = first; at < end && !result;) {
		uint32_t some = end - at < ENTER_AT_ONCE ? end - at : ENTER_AT_ONCE;
		for (uint32_t i = at; i < at + some && !result; i++) {
			int fd = chunk_new();
			if (fd < 0)
				result = fd;
			else
				__atomic_store_n(&kernel->details.chunks[i], fd, __ATOMIC_RELEASE);
		}
		if (!result)
			result = enter(kernel, at, at + some);
		at += some;
	}
	return result;
}

/* From so many on. Whoever comes second, of two that were asked the same, has nothing to do. */
static int add_to(struct kernel *kernel, uint32_t count, uint32_t wanted)
{
	uint32_t *made = (uint32_t *)&kernel->skeleton->bss->details_chunks;
	if (wanted > kernel->details.count)
		wanted = kernel->details.count;
	if (wanted <= count ||
	    !__atomic_compare_exchange_n(made, &count, wanted, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return 0;
	return add_chunks(kernel, count, wanted);
}

void kernel_size_details(struct kernel *kernel, uint32_t stacks)
{
	kernel->details.count = stacks / CT_DETAILS_CHUNK + 1;
	bpf_map__set_max_entries(kernel->skeleton->maps.details, kernel->details.count);
}

int kernel_open_details(struct kernel *kernel)
{
	kernel->details.chunks = malloc(kernel->details.count * sizeof(*kernel->details.chunks));
	if (!kernel->details.chunks)
		return -ENOMEM;
	for (uint32_t i = 0; i < kernel->details.count; i++)
		kernel->details.chunks[i] = -1;
	return add_to(kernel, 0, CT_DETAILS_FIRST);
}

int kernel_add_details(struct kernel *kernel, const struct ct_details_event *event)
{
	return add_to(kernel, event->chunks, 2 * event->chunks);
}

struct ct_details *kernel_find_details(struct kernel *kernel, uint32_t stack)
{
	struct details *details = &kernel->details;
	uint32_t chunk = stack / CT_DETAILS_CHUNK;
	int fd = chunk < details->count ? __atomic_load_n(&details->chunks[chunk], __ATOMIC_ACQUIRE) : -1;
	if (fd < 0)
		return NULL;
	if (!details->mapped || details->mapped_chunk != chunk) {
		kernel_unmap_details(kernel);
		void *mapped = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (mapped == MAP_FAILED)
			return NULL;
		details->mapped = mapped;
		details->mapped_chunk = chunk;
	}
	return &details->mapped[stack % CT_DETAILS_CHUNK];
}

void kernel_unmap_details(struct kernel *kernel)
{
	if (kernel->details.mapped)
		munmap(kernel->details.mapped, CHUNK_BYTES);
	kernel->details.mapped = NULL;
}

void kernel_close_details(struct kernel *kernel)
{
	kernel_unmap_details(kernel);
	for (uint32_t i = 0; kernel->details.chunks && i < kernel->details.count; i++)
		if (kernel->details.chunks[i] >= 0)
			close(kernel->details.chunks[i]);
	free(kernel->details.chunks);
}
