// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The histograms of stacks: bpf/details.h fills them, here their chunks are made, and mapped one
 * at a time for a reading: they would be most of our memory. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK_BYTES = CT_DETAILS_CHUNK * sizeof(struct ct_details) };

static int chunk_new(struct kernel *kernel, uint32_t chunk)
{
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int outer = bpf_map__fd(kernel->skeleton->maps.details);
	if (chunk >= kernel->details.count || kernel->details.chunks[chunk] >= 0)
		return 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "captrack_stacks", sizeof(uint32_t),
				sizeof(struct ct_details), CT_DETAILS_CHUNK, &options);
	if (fd < 0)
		return -errno;
	__atomic_store_n(&kernel->details.chunks[chunk], fd, __ATOMIC_RELEASE);
	return bpf_map_update_elem(outer, &chunk, &fd, BPF_ANY) ? -errno : 0;
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
	int result = chunk_new(kernel, 0);
	return result ? result : chunk_new(kernel, 1); /* the kernel half asks for those after it */
}

int kernel_add_details(struct kernel *kernel, const struct ct_details_event *event)
{
	return chunk_new(kernel, event->chunk);
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
