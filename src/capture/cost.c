// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the capture costs the target: events from the counts that are there anyway, times as far
 * as they are known, and the slowdown that follows from them and from the CPU time. */
#include "capture_internal.h"

#include "captrack/probes.h"
#include "captrack/records.h"

enum { LAST_WAIT_MS = 100 }; /* for the trap meter, where the command was faster */

void capture_begin_cost(struct image *image)
{
	image->cost.has_cpu = target_cpu_ns(image->pid, &image->cost.cpu_begin_ns) == 0;
}

/* Calls of a kind are taken for calls of its first function in the table: malloc, realloc, free. */
void capture_note_site(struct image *image, const struct allocator *allocator, const struct probe_site *site,
		       int fd)
{
	const struct allocator_function *first = allocator->functions;
	uint64_t kind = CT_COOKIE_CALL(site->function->cookie);
	while (CT_COOKIE_CALL(first->cookie) != kind)
		first++;
	if (first == site->function)
		image->cost.stepped[kind & 3] = probes_is_stepped(fd, site);
}

static uint64_t count_events(const struct profile *profile)
{
	static const enum profile_integrity counted[] = {INTEGRITY_UNMATCHED_FREES, INTEGRITY_INTERNAL_FREES,
							 INTEGRITY_LOST_RETURNS, INTEGRITY_DROPPED_EVENTS};
	uint64_t events = profile->totals.allocs + profile->totals.frees + profile->failed_allocs;
	for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++)
		events += profile->integrity[counted[i]];
	return events;
}

/* Which calls there were: a realloc is counted as an allocation and a free. Of NULL it is no free,
 * which is not told apart, so frees may be too few here. */
static uint64_t trap_ns(const struct capture *capture, const struct image *image, const struct trap_cost *trap)
{
	const struct profile *profile = &image->profile;
	const bool *stepped = image->cost.stepped;
	bool sessions = kernel_has_sessions(capture->kernel);
	uint64_t reallocs = profile->totals.reallocs, frees = profile->totals.frees;
	uint64_t allocs = profile->totals.allocs + profile->failed_allocs +
			  profile->integrity[INTEGRITY_LOST_RETURNS] - reallocs;
	frees = (frees > reallocs ? frees - reallocs : 0) + profile->integrity[INTEGRITY_UNMATCHED_FREES] +
		profile->integrity[INTEGRITY_INTERNAL_FREES];
	return allocs * trap_cost_of_call(trap, stepped[CT_CALL_ALLOC], true, sessions) +
	       reallocs * trap_cost_of_call(trap, stepped[CT_CALL_REALLOC], true, sessions) +
	       frees * trap_cost_of_call(trap, stepped[CT_CALL_FREE], false, sessions);
}

/* The programs serve all images: each has its share of their time by its events. */
static uint64_t all_events(struct capture *capture)
{
	uint64_t events = 0;
	for (struct image *image = snapshots_first(capture->snapshots); image; image = image->next)
		events += count_events(&image->profile);
	return events;
}

static void fill_image(struct capture *capture, struct image *image, const struct trap_cost *trap,
		       double program_ns_per_event)
{
	struct profile *profile = &image->profile;
	uint64_t now;
	profile->cost.known = profile->capture.allocator != NULL; /* else there are no probes */
	profile->cost.events = count_events(profile);
	profile->cost.has_program_ns = program_ns_per_event >= 0;
	profile->cost.program_ns = profile->cost.has_program_ns
					   ? (uint64_t)(program_ns_per_event * (double)profile->cost.events)
					   : 0;
	profile->cost.has_trap_ns = trap != NULL;
	profile->cost.trap_ns = trap ? trap_ns(capture, image, trap) : 0;
	/* Of a process that is gone the last reading stands, with what it had cost till then. */
	if (image->cost.has_cpu && !image->ended && target_cpu_ns(image->pid, &now) == 0) {
		image->cost.cpu_ns = now > image->cost.cpu_begin_ns ? now - image->cost.cpu_begin_ns : 0;
		image->cost.overhead_ns = profile->cost.trap_ns + profile->cost.program_ns;
	}
	profile->cost.slowdown =
		trap && profile->cost.known ? cost_slowdown(image->cost.cpu_ns, image->cost.overhead_ns) : 0;
}

void capture_fill_costs(struct capture *capture, bool final)
{
	struct trap_cost trap;
	uint64_t program_ns, events = all_events(capture);
	double per_event = -1;
	bool has_trap = trap_meter_wait(capture->trap_meter, final ? LAST_WAIT_MS : 0, &trap);
	if (capture->statistics_on && kernel_statistics_on() && events &&
	    kernel_program_ns(capture->kernel, &program_ns) == 0)
		per_event = (double)program_ns / (double)events;
	for (struct image *image = snapshots_first(capture->snapshots); image; image = image->next)
		if (!image->written)
			fill_image(capture, image, has_trap ? &trap : NULL, per_event);
}
