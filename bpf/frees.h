/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_FREES_H
#define CAPTRACK_BPF_FREES_H

/* Who frees: with --free-stacks of each block, always of blocks that were free already. */

static __noinline int count_freed_by(struct ct_thread *thread, const struct ct_block *block, __u32 freed_by)
{
	if (!thread || !block)
		return 0;
	struct ct_free_pair pair = {.image = thread->image, .stack = block->stack, .free_stack = freed_by};
	struct ct_free_counts none = {};
	struct ct_free_counts *counts = bpf_map_lookup_elem(&free_pairs, &pair);
	if (!counts) {
		bpf_map_update_elem(&free_pairs, &pair, &none, BPF_NOEXIST);
		counts = bpf_map_lookup_elem(&free_pairs, &pair);
	}
	if (!counts) {
		struct ct_image *image = image_find(thread->image);
		if (image)
			count(image, CT_DROPPED_DETAILS);
		return 0;
	}
	__sync_fetch_and_add(&counts->frees, 1);
	if (CT_ORIGIN_THREAD(block->origin) != thread->number)
		__sync_fetch_and_add(&counts->cross_thread, 1);
	return 0;
}

/* The block is what block_was_freed() has told. */
static __noinline int count_double_free(struct ct_thread *thread, const struct ct_block *block,
					__u32 again_by)
{
	if (!thread || !block)
		return 0;
	struct ct_double_free key = {
		.image = thread->image,
		.stack = block->stack,
		.freed_by = free_stacks ? block->origin : 0,
		.again_by = again_by,
	};
	__u64 one = 1;
	__u64 *times = bpf_map_lookup_elem(&double_frees, &key);
	if (times)
		__sync_fetch_and_add(times, 1);
	else
		bpf_map_update_elem(&double_frees, &key, &one, BPF_NOEXIST);
	return 0;
}

#endif
