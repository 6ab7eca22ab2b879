// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a profile file says of time and threads. */
#include "json_read.h"

#include <stdlib.h>

void read_thread(struct reader *reader, const struct json *item)
{
	struct profile *profile = reader->profile;
	int64_t index = profile_add_thread(profile);
	struct profile_thread *thread = added(reader, index, profile->threads, sizeof(*thread));
	if (!thread)
		return;
	thread->tid = (int)read_number(reader, item, "tid", INT32_MAX);
	thread->name = read_string(reader, item, "name");
	read_numbers(reader, item, profile_thread_numbers, thread);
}

/* Of the peak only what is live is known, and without frees not even that. */
void read_point(struct reader *reader, const struct json *item)
{
	struct profile *profile = reader->profile;
	bool is_peak = read_flag(reader, item, "peak");
	if (is_peak && !profile_knows(profile, PROFILE_NEEDS_FREES))
		return;
	int64_t index = profile_add_point(profile);
	struct profile_point *point = added(reader, index, profile->timeline, sizeof(*point));
	if (!point)
		return;
	point->is_peak = is_peak;
	read_numbers(reader, item, profile_point_numbers, point);
	if (is_peak)
		return;
	read_numbers(reader, item, profile_point_sums, point);
	point->has_usage = member(reader, item, "rss_bytes");
	if (point->has_usage)
		read_numbers(reader, item, profile_point_usage, point);
	point->has_io = member(reader, item, "read_bytes");
	if (point->has_io)
		read_numbers(reader, item, profile_point_io, point);
}

static int by_time(const void *a, const void *b)
{
	const struct profile_point *first = a, *second = b;
	return first->ms < second->ms ? -1 : first->ms > second->ms;
}

void sort_timeline(struct profile *profile)
{
	for (size_t i = 1; i < profile->n_timeline; i++)
		if (profile->timeline[i].ms < profile->timeline[i - 1].ms) {
			qsort(profile->timeline, profile->n_timeline, sizeof(*profile->timeline), by_time);
			return;
		}
}
