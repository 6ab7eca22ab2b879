// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Several samples as one. Each part is a fair sample of a population of its own; to put them together
 * as they are would give a small population as much weight as a large one. So of each part only so many
 * values are taken as its population's share asks for, at the rate of the part that was sampled the
 * thinnest. Which ones is left to chance, but to the same chance each time. */
#include "captrack/profile.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
	return first < second ? -1 : first > second;
}

/* A sample is never larger than what it is of, whatever a file says. */
static uint64_t population(const struct size_sample *part)
{
	return part->total > part->n ? part->total : part->n;
}

/* The one of which the smallest share is known. Parts without values have no say. */
static const struct size_sample *find_thinnest(const struct size_sample *parts, size_t n)
{
	const struct size_sample *thinnest = NULL;
	for (size_t i = 0; i < n; i++)
		if (parts[i].n &&
		    (!thinnest || (unsigned __int128)parts[i].n * population(thinnest) <
					  (unsigned __int128)thinnest->n * population(&parts[i])))
			thinnest = &parts[i];
	return thinnest;
}

/* Steele, Lea, Flood: SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Copies `keep` of n values, each of them with the same probability (Knuth's Algorithm S). */
static void choose(const uint64_t *values, size_t n, size_t keep, uint64_t *out, uint64_t *random)
{
	for (size_t i = 0; keep; i++) {
		if ((unsigned __int128)next_random(random) * (n - i) >> 64 >= keep)
			continue;
		*out++ = values[i];
		keep--;
	}
}

size_t samples_merge(const struct size_sample *parts, size_t n, uint64_t *out)
{
	const struct size_sample *thinnest = find_thinnest(parts, n);
	unsigned __int128 before = 0; /* the populations of the parts until now */
	uint64_t random = 0;
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		const struct size_sample *part = &parts[i];
		if (!part->n)
			continue;
		/* What rounding takes off one part goes to the next. */
		unsigned __int128 after = before + population(part);
		size_t keep = (size_t)(after * thinnest->n / population(thinnest) -
				       before * thinnest->n / population(thinnest));
		before = after;
		choose(part->values, part->n, keep, out + used, &random);
		used += keep;
	}
	qsort(out, used, sizeof(*out), compare);
	return used;
}
