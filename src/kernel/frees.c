// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reading who frees (bpf/frees.h). */
#include "kernel_internal.h"

#include <errno.h>

int kernel_read_frees(struct kernel *kernel,
		      int (*visit)(void *context, const struct ct_free_pair *pair,
				   const struct ct_free_counts *counts),
		      void *context)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.free_pairs), result = 0;
	struct ct_free_pair pair, *from = NULL;
	struct ct_free_counts counts;
	/* Nothing is ever deleted here while it is read. */
	while (!result && bpf_map_get_next_key(fd, from, &pair) == 0) {
		if (bpf_map_lookup_elem(fd, &pair, &counts) == 0)
			result = visit(context, &pair, &counts);
		from = &pair;
	}
	return result;
}

int kernel_read_double_frees(struct kernel *kernel,
			     int (*visit)(void *context, const struct ct_double_free *double_free,
					  uint64_t count),
			     void *context)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.double_frees), result = 0;
	struct ct_double_free key, *from = NULL;
	__u64 count;
	while (!result && bpf_map_get_next_key(fd, from, &key) == 0) {
		if (bpf_map_lookup_elem(fd, &key, &count) == 0)
			result = visit(context, &key, count);
		from = &key;
	}
	return result;
}

void kernel_drop_frees(struct kernel *kernel, uint32_t image)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.free_pairs);
	struct ct_free_pair pair, next;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;
	while (more) { /* the next key is looked up before this one goes */
		pair = next;
		more = bpf_map_get_next_key(fd, &pair, &next) == 0;
		if (pair.image == image)
			bpf_map_delete_elem(fd, &pair);
	}
}
