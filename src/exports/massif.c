// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f massif: the timeline as valgrind's massif writes it, for ms_print and massif-visualizer, with a
 * tree of the process's peak, and of the end where the profile is final. Both readers go by the
 * order of the lines. */
#include "exports_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "captrack/calls.h"
#include "captrack/json.h"
#include "massif_tree.h"
#include "valgrind.h"

/* As many as massif itself may be asked for; ms_print has three columns for their numbers. */
enum { MOST_SNAPSHOTS = 1000 };

struct massif {
	const struct profile *profile;
	struct calls calls;
	struct json_line *line;
	unsigned int n; /* snapshots so far */
	uint64_t ms;    /* of the last one */
};

const char *massif_lacks(const struct profile *profile)
{
	if (!profile_knows(profile, PROFILE_NEEDS_FREES))
		return "it was captured with --allocs-only, so what was live is not known";
	if (!profile->n_timeline)
		return "it has no timeline";
	return stacks_add_up(profile, UINT64_MAX) ? NULL : "its figures add up to more than 2^64";
}

static void put_header(const struct massif *massif)
{
	char text[VALGRIND_NAME_BYTES], how[128], line[256];
	snprintf(line, sizeof(line), "desc: captrack-bpf %s, %s\n", CT_VERSION,
		 valgrind_mode(massif->profile, how));
	json_put_text(massif->line, line);
	json_put_text(massif->line, "cmd: ");
	massif_put_text(massif->line, (char *)valgrind_command(massif->profile, text));
	json_put_text(massif->line, "\ntime_unit: ms\n");
}

/* Time does not go back: ms_print could not draw it. */
static void put_snapshot(struct massif *massif, uint64_t ms, uint64_t bytes, const char *tree)
{
	char text[256];
	massif->ms = ms > massif->ms ? ms : massif->ms;
	snprintf(text, sizeof(text),
		 "#-----------\nsnapshot=%u\n#-----------\ntime=%" PRIu64 "\nmem_heap_B=%" PRIu64
		 "\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=%s\n",
		 massif->n++, massif->ms, bytes, tree);
	json_put_text(massif->line, text);
}

static struct call_weight weigh_peak(const struct profile_stack *stack, const void *context)
{
	(void)context;
	return (struct call_weight){.value = stack->counts.at_peak_bytes};
}

static struct call_weight weigh_live(const struct profile_stack *stack, const void *context)
{
	(void)context;
	return (struct call_weight){.value = stack->counts.live_bytes};
}

/* Its bytes are the tree's, which are the point's: ms_print gives up where a tree holds more. */
static int put_detailed(struct massif *massif, uint64_t ms, const char *kind, call_weigh weigh)
{
	struct call_tree tree;
	int result = call_tree_init(&tree, &massif->calls, CALLS_CALLERS, weigh, NULL);
	if (result)
		return result;
	put_snapshot(massif, ms, tree.nodes[0].value, tree.nodes[0].value ? kind : "empty");
	if (tree.nodes[0].value)
		massif_put_tree(massif->line, &massif->calls, &tree);
	call_tree_deinit(&tree);
	return 0;
}

/* Each n-th point of the timeline is a snapshot. */
static size_t find_step(const struct profile *profile)
{
	size_t room = MOST_SNAPSHOTS - 2; /* the peak and the end are always there */
	return (profile->n_timeline + room - 1) / room;
}

/* The timeline has its peak as a point, too; this way there is one even where a file has none, or many. */
static int put_snapshots(struct massif *massif)
{
	const struct profile *profile = massif->profile;
	size_t step = find_step(profile), last = profile->n_timeline, number = 0;
	bool has_peak = !profile->totals.peak_bytes; /* there is none to come */
	int result = 0;
	while (last && profile->timeline[last - 1].is_peak)
		last--;
	for (size_t i = 0; i < last && !result; i++) {
		const struct profile_point *point = &profile->timeline[i];
		if (point->is_peak || (number++ % step && i + 1 < last))
			continue;
		if (!has_peak && point->ms >= profile->peak_ms) {
			has_peak = true;
			result = put_detailed(massif, profile->peak_ms, "peak", weigh_peak);
		}
		if (i + 1 == last && profile->state == PROFILE_FINAL && !result)
			result = put_detailed(massif, point->ms, "detailed", weigh_live);
		else
			put_snapshot(massif, point->ms, point->live_bytes, "empty");
	}
	return has_peak || result ? result : put_detailed(massif, profile->peak_ms, "peak", weigh_peak);
}

int massif_write(const struct profile *profile, FILE *out)
{
	struct json_writer writer = {.out = out};
	struct json_line line;
	struct massif massif = {.profile = profile, .line = &line};
	if (massif_lacks(profile))
		return -EINVAL;
	int result = calls_init(&massif.calls, profile, CALLS_BY_ADDRESS);
	if (result)
		return result;
	json_line_begin(&line, &writer);
	put_header(&massif);
	result = put_snapshots(&massif);
	json_line_end(&line);
	calls_deinit(&massif.calls);
	return stream_end(out, result ? result : writer.result);
}
