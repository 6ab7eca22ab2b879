// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What happened when, and by which thread: columns of the timeline, rows of threads. */
#include "html_internal.h"

struct column {
	const char *name;
	size_t offset; /* in struct profile_point */
	unsigned int needs;
};

static uint64_t figure(const struct profile_point *point, const struct column *column)
{
	return *(const uint64_t *)((const char *)point + column->offset);
}

#define POINT(field, needs)                                                                                  \
	{                                                                                                    \
#field, offsetof(struct profile_point, field), needs                                         \
	}
static void put_timeline(struct json_line *line, const struct profile *profile)
{
	static const struct column columns[] = {
		POINT(ms, 0),
		POINT(live_bytes, PROFILE_NEEDS_FREES),
		POINT(live_allocs, PROFILE_NEEDS_FREES),
		POINT(allocated_bytes, 0),
		POINT(rss_bytes, 0),
	};
	json_put_open(line, "timeline", '{');
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		if (!profile_knows(profile, columns[i].needs))
			continue;
		json_put_open(line, columns[i].name, '[');
		for (size_t j = 0; j < profile->n_timeline; j++)
			page_put_number(line, NULL, figure(&profile->timeline[j], &columns[i]));
		json_put_close(line, ']');
	}
	json_put_open(line, "is_peak", '[');
	for (size_t i = 0; i < profile->n_timeline; i++)
		json_put_number(line, NULL, profile->timeline[i].is_peak);
	json_put_close(line, ']');
	json_put_close(line, '}');
}

static void put_threads(struct json_line *line, const struct profile *profile)
{
	if (profile->capture.no_details || !profile->n_threads)
		return;
	json_put_open(line, "threads", '[');
	for (size_t i = 0; i < profile->n_threads; i++) {
		const struct profile_thread *thread = &profile->threads[i];
		json_put_open(line, NULL, '{');
		json_put_number(line, "tid", (uint64_t)(thread->tid > 0 ? thread->tid : 0));
		json_put_string(line, "name", thread->name);
		for (const struct number_field *field = profile_thread_numbers; field->name; field++)
			if (profile_knows(profile, field->needs))
				page_put_number(line, field->name, *field_in(thread, field));
		json_put_close(line, '}');
	}
	json_put_close(line, ']');
}

void html_put_activity(struct json_line *line, const struct profile *profile)
{
	put_timeline(line, profile);
	put_threads(line, profile);
}
