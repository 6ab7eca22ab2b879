// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What is told of a stack's blocks, of two inputs together. */
#include "merge_internal.h"

#include <errno.h>
#include <stdlib.h>

/* Final sizes kept of a stack, as in a capture, or as many as an input has. */
enum { LEAST_CAP = 4096 };

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void merge_histogram(struct profile_merger *merger, struct profile_histogram *to,
			    const struct profile_histogram *from, const char *of)
{
	/* Room for all classes at once. */
	if (from->n && (profile_histogram_add(to, from->first + from->n - 1, 0) ||
			profile_histogram_add(to, from->first, 0)))
		merge_no_memory(merger);
	for (uint32_t i = 0; i < from->n && !merger->result; i++)
		merge_add(merger, &to->counts[from->first + i - to->first], from->counts[i], of, "a class");
}

static void merge_lifetimes(struct profile_merger *merger, struct profile_lifetimes *to,
			    const struct profile_lifetimes *from)
{
	bool first = !to->log2.n;
	if (!from->log2.n)
		return;
	to->min = first ? from->min : lesser(to->min, from->min);
	to->max = first ? from->max : greater(to->max, from->max);
	to->has_sum = (first || to->has_sum) && from->has_sum &&
		      !__builtin_add_overflow(to->sum, from->sum, &to->sum);
	merge_histogram(merger, &to->log2, &from->log2, "lifetimes");
}

static void merge_sizes(struct profile_merger *merger, struct profile_sizes *to,
			const struct profile_sizes *from)
{
	bool first = !to->log2.n;
	if (!from->log2.n)
		return;
	to->min = first ? from->min : lesser(to->min, from->min);
	to->max = first ? from->max : greater(to->max, from->max);
	merge_histogram(merger, &to->log2, &from->log2, "sizes");
}

/* Fair to the chains of all inputs, however many of them an input knows: see reservoir.c. */
static void merge_final_sizes(struct profile_merger *merger, struct profile_growth *to,
			      const struct profile_growth *from)
{
	size_t n = from->n_final_sizes, most = n > to->n_final_sizes ? n : to->n_final_sizes;
	/* A sample is never larger than what it is of, whatever a file says. */
	uint64_t total = greater(from->total_observed, n), sum = to->total_observed;
	merge_add(merger, &sum, total, "growth", "total_observed");
	if (merger->result)
		return;
	if (!n)
		to->total_observed = sum;
	merger->reservoir.cap = most > LEAST_CAP ? (uint32_t)most : LEAST_CAP;
	if (n && reservoir_merge(&merger->reservoir, to, from->final_sizes, n, total))
		merge_no_memory(merger);
}

static void merge_growth(struct profile_merger *merger, struct profile_growth **out,
			 const struct profile_growth *from)
{
	if (!from)
		return;
	if (!*out)
		*out = merge_room(merger, 0, sizeof(**out));
	struct profile_growth *to = *out;
	if (!to)
		return;
	merge_add(merger, &to->chains, from->chains, "growth", "chains");
	merge_add(merger, &to->steps, from->steps, "growth", "steps");
	merge_add(merger, &to->first_bytes, from->first_bytes, "growth", "first_bytes");
	merge_add(merger, &to->copied_bytes, from->copied_bytes, "growth", "copied_bytes");
	merge_add(merger, &to->open_chains, from->open_chains, "growth", "open_chains");
	merge_final_sizes(merger, to, from);
}

/* What leaks in one process leaks: the clearest case is told, for scores are not sums. */
static void merge_leak(struct profile_leak *to, const struct profile_leak *from)
{
	if (from->score > to->score || (from->score == to->score && from->bytes_per_s > to->bytes_per_s))
		*to = *from;
}

/* Known where they are of all blocks that live. */
void merge_ages(struct profile_merger *merger, size_t index, const struct profile_stack *from)
{
	struct profile_stack *stack = &merger->profile.stacks[index];
	struct profile_ages *to = &stack->ages;
	merge_age_sum sum = (merge_age_sum)from->ages.mean * from->counts.live_allocs;
	if (!profile_knows(merger->from, PROFILE_DETAILS) || !from->counts.live_allocs)
		return;
	if (!stack->counts.live_allocs) {
		*to = from->ages;
		merger->ages[index] = sum;
		return;
	}
	to->known &= from->ages.known;
	if (!to->known)
		return;
	to->min = lesser(to->min, from->ages.min);
	to->max = greater(to->max, from->ages.max);
	merge_add(merger, &to->startup_allocs, from->ages.startup_allocs, "startup", "allocs");
	merge_add(merger, &to->startup_bytes, from->ages.startup_bytes, "startup", "bytes");
	merger->ages[index] += sum;
}

/* Those of a running profile are never known, for its blocks grow older. */
void merge_finish_ages(struct profile_merger *merger)
{
	for (size_t i = 0; i < merger->profile.n_stacks; i++) {
		struct profile_stack *stack = &merger->profile.stacks[i];
		stack->ages.known &= merger->profile.state == PROFILE_FINAL;
		if (stack->ages.known && stack->counts.live_allocs)
			stack->ages.mean = (uint64_t)(merger->ages[i] / stack->counts.live_allocs);
	}
}

void merge_details(struct profile_merger *merger, struct profile_stack *to, const struct profile_stack *from)
{
	if (profile_knows(merger->from, PROFILE_NEEDS_ALL | PROFILE_NEEDS_DETAILS))
		merge_sizes(merger, &to->sizes, &from->sizes);
	if (profile_knows(merger->from, PROFILE_NEEDS_FREES))
		merge_leak(&to->leak, &from->leak);
	if (!profile_knows(merger->from, PROFILE_DETAILS))
		return;
	merge_lifetimes(merger, &to->lifetimes, &from->lifetimes);
	merge_growth(merger, &to->growth, from->growth);
}
