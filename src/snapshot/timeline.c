// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The timeline of a profile: at most TIMELINE_MAX points, evenly spread over a run of any length.
 *
 * Points are numbered in the order they come. Those whose number is a multiple of the step stay;
 * the newest is always there, and gives way to the next one where its number is no multiple. When
 * there are too many, the step doubles, and what is no multiple of it goes. So the timeline depends
 * only on the points, not on when it was thinned, and the n-th that stays has number n * step.
 *
 * The peak is no such point. It is taken out before a change and put back after it, in its place by
 * time; before a point of the same ms, whose figures know of it. */
#include "timeline.h"

#include <errno.h>
#include <string.h>

static void take_peak_out(struct profile *profile)
{
	struct profile_point *points = profile->timeline;
	for (size_t i = profile->n_timeline; i-- > 0;) {
		if (!points[i].is_peak)
			continue;
		memmove(points + i, points + i + 1, (profile->n_timeline - i - 1) * sizeof(*points));
		profile->n_timeline--;
		return;
	}
}

/* There must be room. */
static void put_peak_back(const struct timeline *timeline, struct profile *profile)
{
	struct profile_point *points = profile->timeline;
	size_t place = profile->n_timeline;
	if (!timeline->has_peak)
		return;
	while (place && points[place - 1].ms >= timeline->peak.ms)
		place--;
	memmove(points + place + 1, points + place, (profile->n_timeline - place) * sizeof(*points));
	points[place] = timeline->peak;
	profile->n_timeline++;
}

static bool stays(const struct timeline *timeline, uint64_t number)
{
	return !(number & ((UINT64_C(1) << timeline->log2_step) - 1));
}

/* Without the peak. */
static void thin(struct timeline *timeline, struct profile *profile)
{
	struct profile_point *points = profile->timeline;
	struct profile_point newest = points[profile->n_timeline - 1];
	size_t kept = 0;
	for (size_t i = 0; i < profile->n_timeline; i += 2)
		points[kept++] = points[i];
	if (!(profile->n_timeline & 1))
		points[kept++] = newest;
	profile->n_timeline = kept;
	timeline->log2_step++;
}

/* Makes room for one more point, which is not used yet: what follows cannot fail. */
static int reserve(struct profile *profile)
{
	int64_t index = profile_add_point(profile);
	if (index < 0)
		return (int)index;
	profile->n_timeline--;
	return 0;
}

int timeline_add(struct timeline *timeline, struct profile *profile, const struct profile_point *point)
{
	int result = reserve(profile);
	if (result)
		return result;
	take_peak_out(profile);
	if (timeline->added && !stays(timeline, timeline->added - 1))
		profile->n_timeline--;
	profile->timeline[profile->n_timeline++] = *point;
	timeline->added++;
	if (profile->n_timeline + timeline->has_peak > TIMELINE_MAX)
		thin(timeline, profile);
	put_peak_back(timeline, profile);
	return 0;
}

int timeline_set_peak(struct timeline *timeline, struct profile *profile, uint64_t ms, uint64_t live_bytes,
		      uint64_t live_allocs)
{
	const struct profile_point peak = {
		.ms = ms, .live_bytes = live_bytes, .live_allocs = live_allocs, .is_peak = true};
	if (!live_bytes ||
	    (timeline->has_peak && timeline->peak.ms == ms && timeline->peak.live_bytes == live_bytes &&
	     timeline->peak.live_allocs == live_allocs))
		return 0;
	int result = reserve(profile);
	if (result)
		return result;
	take_peak_out(profile);
	timeline->peak = peak;
	timeline->has_peak = true;
	if (profile->n_timeline + 1 > TIMELINE_MAX)
		thin(timeline, profile);
	put_peak_back(timeline, profile);
	return 0;
}
