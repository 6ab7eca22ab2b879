// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reading growth chains (bpf/growth.h): the part of the epoch that has just ended. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdlib.h>

enum { BATCH = 32 };

struct batch {
	uint32_t stack[BATCH];
	struct ct_growth growth[BATCH];
};

static int visit_batch(const struct batch *batch, uint32_t count, const uint64_t epochs[CT_MAX_IMAGES],
		       int (*visit)(void *context, uint32_t stack, const struct ct_growth_part *added),
		       void *context)
{
	int result = 0;
	for (uint32_t i = 0; i < count && !result; i++) {
		uint64_t image = batch->growth[i].image;
		if (!image || image >= CT_MAX_IMAGES || !epochs[image])
			continue;
		const struct ct_growth_part *part = &batch->growth[i].part[CT_PART(epochs[image] - 1)];
		if (part->epoch == epochs[image] - 1)
			result = visit(context, batch->stack[i], part);
	}
	return result;
}

int kernel_read_growth(struct kernel *kernel, const uint64_t epochs[CT_MAX_IMAGES],
		       int (*visit)(void *context, uint32_t stack, const struct ct_growth_part *added),
		       void *context)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, options);
	int fd = bpf_map__fd(kernel->skeleton->maps.growths);
	if (!__atomic_load_n(&kernel->skeleton->bss->growth_count, __ATOMIC_ACQUIRE))
		return 0;
	struct batch *batch = malloc(sizeof(*batch));
	if (!batch)
		return -ENOMEM;
	uint32_t position, *from = NULL;
	int result = 0;
	for (bool more = true; more && !result; from = &position) {
		uint32_t count = BATCH;
		int error = bpf_map_lookup_batch(fd, from, &position, batch->stack, batch->growth, &count,
						 &options);
		more = !error;
		if (error && errno != ENOENT)
			result = -errno;
		else
			result = visit_batch(batch, count, epochs, visit, context);
	}
	free(batch);
	return result;
}
