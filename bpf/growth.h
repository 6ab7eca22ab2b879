/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_GROWTH_H
#define CAPTRACK_BPF_GROWTH_H

/* Growth chains: what realloc did to the blocks that were born at a stack, in parts of an epoch
 * each (see details.h). Of the final sizes of an epoch's chains a fair sample is kept, by
 * Algorithm R (Vitter, Random Sampling with a Reservoir, 1985); user space puts those of all
 * epochs together. */

const volatile struct ct_growth no_growth;

/* Before the first step of a chain is booked. */
static __noinline int growth_begin(__u32 birth, __u32 image)
{
	struct ct_growth *growth = bpf_map_lookup_elem(&growths, &birth);
	if (growth)
		return 0;
	if (bpf_map_update_elem(&growths, &birth, (const void *)&no_growth, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&growth_count, 1);
	growth = bpf_map_lookup_elem(&growths, &birth);
	if (growth)
		growth->image = image;
	return 0;
}

/* With the image's lock held, as all below. */
static __always_inline struct ct_growth_part *growth_part(struct ct_image *image, __u32 birth)
{
	struct ct_growth *growth = bpf_map_lookup_elem(&growths, &birth);
	if (!growth) {
		count(image, CT_DROPPED_DETAILS);
		return NULL;
	}
	struct ct_growth_part *part = &growth->part[CT_PART(image->epoch)];
	if (part->epoch != image->epoch) {
		__builtin_memset(part, 0, offsetof(struct ct_growth_part, final_sizes));
		part->epoch = image->epoch;
	}
	return part;
}

static __always_inline void count_step(struct ct_growth_part *part, const struct ct_booking *booking)
{
	if (booking->flags & CT_BOOK_CHAIN_FIRST) {
		part->chains++;
		part->first_bytes += booking->freed_bytes;
	}
	part->steps++;
	part->copied_bytes += booking->freed_bytes < booking->bytes ? booking->freed_bytes : booking->bytes;
}

static __always_inline void count_final_size(struct ct_growth_part *part, __u64 size)
{
	__u64 place = part->ended++;
	if (place >= CT_GROWTH_SIZES)
		place = (__u64)bpf_get_prandom_u32() * (__u32)part->ended >> 32;
	barrier_var(place); /* else clang compares what it is before the shift, and the verifier is lost */
	if (place < CT_GROWTH_SIZES)
		part->final_sizes[place] = size;
}

#endif
