/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_DETAILS_H
#define CAPTRACK_BPF_DETAILS_H

/* Histograms of a stack: how many of its allocations asked for a size of so many bits, how many of
 * its blocks lived for a time of so many. They are too large to be kept twice, as a stack's
 * other figures are: what an epoch adds is in a part of its own, see CT_PART. User space takes
 * it when the next epoch has begun.
 *
 * Most programs have few stacks, so chunks are added as stacks come: the kernel half asks for
 * as many again when a quarter is full. (A map that holds maps takes a grace period to be changed, in
 * which thousands of stacks may come.) */

/* Sizes, lifetimes and growth; a sample does not show them. */
static __always_inline bool keeps_details(void)
{
	return !sampled && !no_details;
}

/* How many bits the number has: 0 for 0, 64 at most. */
static __always_inline __u32 bits_of(__u64 number)
{
	__u32 bits = 0;
	for (__u32 half = 32; half; half /= 2) {
		if (number >> half) {
			number >>= half;
			bits += half;
		}
	}
	return bits + (number != 0);
}

/* Asks for more where it is time; again and again, for what was asked may be lost. */
static __noinline int details_ask(__u32 stack)
{
	struct ct_details_event event = {.kind = CT_EVENT_DETAILS, .chunks = details_chunks};
	if (stack % (CT_DETAILS_CHUNK / 4) || stack < event.chunks * CT_DETAILS_CHUNK / 4)
		return 0;
	return bpf_ringbuf_output(&events, &event, sizeof(event), 0);
}

static __always_inline struct ct_details *details_find(__u32 stack)
{
	__u32 chunk = stack / CT_DETAILS_CHUNK, element = stack % CT_DETAILS_CHUNK;
	struct details_chunk *elements = bpf_map_lookup_elem(&details, &chunk);
	return elements ? bpf_map_lookup_elem(elements, &element) : NULL;
}

/* A new stack at an index that may have been another's. */
static __always_inline void details_begin(__u32 stack)
{
	struct ct_details *found = details_find(stack);
	if (found)
		found->part[0].epoch = found->part[1].epoch = ~0ull;
}

/* The part of this epoch; with the image's lock held. */
static __always_inline struct ct_histograms *histograms_of(struct ct_image *image, __u32 stack)
{
	struct ct_details *found = details_find(stack);
	if (!found) {
		count(image, CT_DROPPED_DETAILS);
		return NULL;
	}
	struct ct_histograms *part = &found->part[CT_PART(image->epoch)];
	if (part->epoch != image->epoch) {
		__builtin_memset(part, 0, sizeof(*part));
		part->epoch = image->epoch;
	}
	return part;
}

static __always_inline void count_size(struct ct_histograms *part, __u64 size)
{
	__u32 bits = bits_of(size);
	if (bits >= CT_SIZE_BITS)
		bits = CT_SIZE_BITS - 1;
	part->sizes[bits]++;
}

static __always_inline void count_lifetime(struct ct_histograms *part, __u64 ns)
{
	__u32 bits = bits_of(ns);
	bits = bits < CT_LIFETIME_FIRST ? 0 : bits - CT_LIFETIME_FIRST;
	if (bits >= CT_LIFETIME_BITS)
		bits = CT_LIFETIME_BITS - 1;
	part->lifetimes[bits]++;
}

#endif
