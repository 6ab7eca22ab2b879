/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_SAMPLE_H
#define CAPTRACK_BPF_SAMPLE_H

/* Poisson sampling by size: as if each byte handed out were drawn with probability
 * 1/sample_bytes, an allocation is kept with probability 1 - exp(-size / sample_bytes), and
 * stands for the inverse of that. What a block stands for follows from its size alone, so
 * its free takes off what its allocation put on. Nothing is kept per thread. */

/* The upper half of a product. */
static __always_inline __u64 upper_product(__u64 a, __u64 b)
{
	__u64 low_a = (__u32)a, high_a = a >> 32, low_b = (__u32)b, high_b = b >> 32;
	__u64 middle = low_a * high_b + (low_a * low_b >> 32);
	__u64 other = high_a * low_b + (__u32)middle;
	return high_a * high_b + (middle >> 32) + (other >> 32);
}

/* 1 - exp(-x) in units of 2^-64, for x in the same, x <= 1/8: its power series,
 * whose next term would be 2^-21 of it and less. */
static __always_inline __u64 small_probability(__u64 x)
{
	__u64 sum = ~0ull - x / 4 + upper_product(x, x) / 20; /* Horner, from the inside */
	sum = ~0ull - upper_product(x / 3, sum);
	sum = ~0ull - upper_product(x / 2, sum);
	return upper_product(x, sum);
}

/* The probability that a block of this size is kept, in units of 2^-64. */
static __noinline __u64 keep_probability(__u64 size)
{
	__u64 steps = size / sample_step, rest = size - steps * sample_step;
	if (steps >= CT_EXP_TABLE)
		return ~0ull;
	__u64 small = small_probability(rest * sample_inverse);
	if (!steps)
		return small;
	return ~0ull - upper_product(exp_table[steps], ~0ull - small);
}

static __always_inline bool keeps(__u64 size)
{
	__u64 probability = keep_probability(size);
	__u32 random = bpf_get_prandom_u32();
	/* The lower half decides one time in 2^32. */
	if (random != probability >> 32)
		return random < probability >> 32;
	return bpf_get_prandom_u32() < (__u32)probability;
}

/* What a kept block stands for: so many allocations, in units of 1/CT_SAMPLED_UNIT ... */
static __always_inline __u64 sampled_allocs(__u64 size)
{
	__u64 probability = keep_probability(size);
	return probability >> 16 ? ~0ull / (probability >> 16) : 0;
}

/* ... and so many bytes, rounded: cut, a small block would be short by up to one in each
 * sample_bytes. */
static __always_inline __u64 sampled_bytes(__u64 size, __u64 allocs)
{
	if (size >> 16 >= sample_step)
		return size;
	return size * (allocs >> 16) + ((size * (allocs & 0xffff) + 0x8000) >> 16);
}

#endif
