// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Fair samples of final sizes, merged from parts.
 *
 * A sample of `a` out of A chains meets a part of k out of n chains. While the part is complete
 * (k == n), and the sample is too (a == A) or is full, it is Algorithm R: each element is appended
 * while there is room, and then replaces a random one with probability cap / (number observed).
 *
 * Else the two are sampled together. Imagine all A + n chains drawn one after the other, none twice:
 * the population that a draw comes from is chosen with probability proportional to what is left of
 * it, and any chain of it is as good as any other, so one of its sample will do, while there is one.
 * It ends with the first draw from a population whose sample is used up, without that draw, or when
 * the cap is reached.
 *
 * The populations' shares of the result are unbiased wherever it ends. If i draws were from the
 * first and j from the second, all orders of these draws are equally likely, since no order ends
 * earlier: the limits are on i, j and i + j alone, and neither falls. So, given i and j, the first
 * draw was from the first population with probability i / (i + j); its mean over all ends is the
 * probability that the first draw is from there, A / (A + n). By induction each chain has the same
 * expected weight (1 / size of the sample, if it is in it), however many parts are merged.
 *
 * The price is size. A part that is known only in part can make the sample smaller: no more than
 * some 496 sizes can stand for a sample of which the part is nearly all. */
#include "captrack/reservoir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64. */
static uint64_t throw_dice(struct reservoir *reservoir)
{
	uint64_t z = reservoir->random += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* 0 to bound - 1, each as likely as any other: what is left over at the end is thrown again. */
static uint64_t random_below(struct reservoir *reservoir, uint64_t bound)
{
	uint64_t excess = (UINT64_MAX % bound + 1) % bound, value;
	do
		value = throw_dice(reservoir);
	while (value > UINT64_MAX - excess);
	return value % bound;
}

static int make_room(struct profile_growth *growth, size_t n)
{
	if (n <= growth->n_final_sizes)
		return 0;
	uint64_t *larger = realloc(growth->final_sizes, n * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	growth->final_sizes = larger;
	return 0;
}

static int add_complete(struct reservoir *reservoir, struct profile_growth *growth, const uint64_t *sizes,
			size_t k)
{
	size_t room = reservoir->cap - growth->n_final_sizes;
	int result = make_room(growth, growth->n_final_sizes + (k < room ? k : room));
	if (result)
		return result;
	for (size_t i = 0; i < k; i++) {
		growth->total_observed++;
		if (growth->n_final_sizes < reservoir->cap) {
			growth->final_sizes[growth->n_final_sizes++] = sizes[i];
			continue;
		}
		uint64_t place = random_below(reservoir, growth->total_observed);
		if (place < reservoir->cap)
			growth->final_sizes[place] = sizes[i];
	}
	return 0;
}

/* How many draws come from either population. */
static void share_out(struct reservoir *reservoir, const struct profile_growth *growth, size_t k, uint64_t n,
		      size_t *from_sample, size_t *from_part)
{
	size_t i = 0, j = 0;
	while (i + j < reservoir->cap) {
		uint64_t left = growth->total_observed - i;
		if (left + n - j == 0)
			break;
		if (random_below(reservoir, left + n - j) < left) {
			if (i == growth->n_final_sizes)
				break;
			i++;
		} else {
			if (j == k)
				break;
			j++;
		}
	}
	*from_sample = i;
	*from_part = j;
}

static int sample_both(struct reservoir *reservoir, struct profile_growth *growth, const uint64_t *sizes,
		       size_t k, uint64_t n)
{
	size_t from_sample, from_part;
	share_out(reservoir, growth, k, n, &from_sample, &from_part);
	int result = make_room(growth, from_sample + from_part);
	if (result)
		return result;
	while (growth->n_final_sizes > from_sample) {
		size_t gone = (size_t)random_below(reservoir, growth->n_final_sizes);
		growth->final_sizes[gone] = growth->final_sizes[--growth->n_final_sizes];
	}
	/* Each of the part with the probability that it takes to have so many in the end. */
	for (size_t i = 0; from_part; i++)
		if (random_below(reservoir, k - i) < from_part) {
			growth->final_sizes[growth->n_final_sizes++] = sizes[i];
			from_part--;
		}
	growth->total_observed += n;
	return 0;
}

int reservoir_merge(struct reservoir *reservoir, struct profile_growth *growth, const uint64_t *sizes,
		    size_t k, uint64_t n)
{
	if (k > n || (!k && n))
		return -EINVAL;
	bool sample_is_complete = growth->n_final_sizes == growth->total_observed;
	if (k == n && (sample_is_complete || growth->n_final_sizes == reservoir->cap))
		return add_complete(reservoir, growth, sizes, k);
	return sample_both(reservoir, growth, sizes, k, n);
}
