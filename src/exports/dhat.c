// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f dhat: version 2 of the JSON that valgrind's DHAT writes, for its viewer (dh_view.html) and the
 * Firefox Profiler. Its program points are our stacks.
 *
 * The viewer refuses two points with the same frames, and goes by the frames' text: stacks that read
 * alike, such as those of several threads, are one point here.
 *
 * Where lifetimes are not known (bklt false), the format has nothing but the totals. */
#include "exports_internal.h"

#include <stdlib.h>
#include <string.h>

#include "captrack/json.h"
#include "dhat_points.h"

enum {
	US_PER_MS = 1000,
	NS_PER_US = 1000,
	SHORT_LIVED_US = 10, /* the viewer lists what lives no longer than this */
};

const char *dhat_lacks(const struct profile *profile)
{
	(void)profile;
	return NULL; /* each knows what was allocated */
}

static uint64_t microseconds(uint64_t ms)
{
	return ms < UINT64_MAX / US_PER_MS ? ms * US_PER_MS : UINT64_MAX;
}

/* After a run of less than a millisecond it is 1, not 0: the viewer divides by it. */
static uint64_t end_ms(const struct profile *profile)
{
	uint64_t ms = profile->capture.duration_ms;
	if (profile_knows(profile, PROFILE_NEEDS_FREES) && ms < profile->peak_ms)
		ms = profile->peak_ms;
	return ms ? ms : 1;
}

static void put_header(struct json_line *line, const struct profile *profile, bool lifetimes)
{
	char text[VALGRIND_NAME_BYTES], how[128], mode[160];
	bool is_plain = profile->state == PROFILE_FINAL && !profile->capture.sample_bytes;
	snprintf(mode, sizeof(mode), is_plain ? "heap" : "heap (%s)", valgrind_mode(profile, how));
	json_put_open(line, NULL, '{');
	json_put_number(line, "dhatFileVersion", 2);
	json_put_string(line, "mode", mode);
	json_put_string(line, "verb", "Allocated");
	json_put_text(line, lifetimes ? ",\"bklt\":true" : ",\"bklt\":false");
	json_put_text(line, ",\"bkacc\":false");
	json_put_string(line, "tu", "µs");
	json_put_string(line, "Mtu", "s");
	if (lifetimes)
		json_put_number(line, "tuth", SHORT_LIVED_US);
	json_put_string(line, "cmd", valgrind_command(profile, text));
	json_put_number(line, "pid", (uint64_t)profile->target.pid);
	json_put_number(line, "te", microseconds(end_ms(profile)));
	if (lifetimes)
		json_put_number(line, "tg", microseconds(profile->peak_ms));
}

/* The viewer wants the blocks of the moment when the point held most bytes, of which only the bytes are kept.
 * They are known where that was at the process's peak or is now, and where all blocks are of one size;
 * else this is the least number that can hold so much. */
static uint64_t most_blocks(const struct point *point)
{
	if (point->at_peak_bytes == point->most_bytes)
		return point->at_peak_blocks;
	if (point->live_bytes == point->most_bytes)
		return point->live_blocks;
	uint64_t size = point->largest ? point->largest : 1;
	uint64_t blocks = point->most_bytes / size + (point->most_bytes % size != 0);
	return blocks < point->blocks ? blocks : point->blocks;
}

static void put_point(struct json_line *line, const struct point *point, bool lifetimes)
{
	json_put_line_break(line);
	json_put_open(line, NULL, '{');
	json_put_number(line, "tb", point->bytes);
	json_put_number(line, "tbk", point->blocks);
	if (lifetimes) {
		/* Of blocks that live in a running process it is not known. The viewer does without, and
		 * shows that there is no number; a 0 would call a leak short-lived. */
		if (point->knows_lived)
			json_put_number(line, "tl", point->lived_ns / NS_PER_US);
		json_put_number(line, "mb", point->most_bytes);
		json_put_number(line, "mbk", most_blocks(point));
		json_put_number(line, "gb", point->at_peak_bytes);
		json_put_number(line, "gbk", point->at_peak_blocks);
		json_put_number(line, "eb", point->live_bytes);
		json_put_number(line, "ebk", point->live_blocks);
	}
	json_put_open(line, "fs", '[');
	for (size_t i = 0; i < point->n_frames; i++)
		json_put_number(line, NULL, point->frames[i]);
	json_put_close(line, ']');
	json_put_close(line, '}');
}

static void put_frames(struct json_line *line, const struct points *points)
{
	char text[VALGRIND_FRAME_BYTES];
	json_put_open(line, "ftbl", '[');
	json_put_string(line, NULL, "[root]");
	for (uint32_t i = 1; i < points->n_texts; i++) {
		json_put_line_break(line);
		json_put_string(line, NULL, points_text(points, i, text));
	}
	json_put_text(line, "\n]");
}

int dhat_write(const struct profile *profile, FILE *out)
{
	bool lifetimes = profile_knows(profile, PROFILE_DETAILS);
	struct json_writer writer = {.out = out};
	struct points points;
	struct json_line line;
	int result = points_init(&points, profile);
	if (result)
		return result;
	json_line_begin(&line, &writer);
	put_header(&line, profile, lifetimes);
	json_put_open(&line, "pps", '[');
	for (size_t i = 0; i < points.n; i++)
		put_point(&line, &points.points[i], lifetimes);
	json_put_text(&line, "\n]");
	put_frames(&line, &points);
	json_put_text(&line, "}\n");
	json_line_end(&line);
	points_deinit(&points);
	return stream_end(out, writer.result);
}
