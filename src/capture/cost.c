// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the capture costs the target: events from the counts that are there anyway, times as far
 * as they are known, and the slowdown that follows from them and from the CPU time.
 *
 * The time in our programs is what the kernel's statistics say. Where they are off, they are
 * switched on for a moment, in which a run of any BPF program takes some 0.05 us longer: the
 * mean of our runs then stands for all of them. */
#include "capture_internal.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "captrack/probes.h"
#include "captrack/records.h"

enum {
	LAST_WAIT_MS = 100,  /* for the trap meter, where the command was faster */
	STATISTICS_MS = 200, /* that they are on */
	LEAST_RUNS = 20,     /* that a mean is taken of */
};

void capture_begin_cost(struct image *image)
{
	image->cost.has_cpu = target_cpu_ns(image->pid, &image->cost.cpu_begin_ns) == 0;
}

/* The image's CPU time until now; false where it cannot be read. */
static bool read_cpu(struct image *image)
{
	uint64_t now;
	if (!image->cost.has_cpu || target_cpu_ns(image->pid, &now))
		return false;
	image->cost.cpu_ns = now > image->cost.cpu_begin_ns ? now - image->cost.cpu_begin_ns : 0;
	return true;
}

void capture_end_cost(struct image *image)
{
	if (!image->cost.cpu_is_final)
		image->cost.cpu_is_final = read_cpu(image);
}

/* Calls of a kind are taken for calls of its first function in the table: malloc, realloc, free. */
void capture_note_site(struct image *image, const struct allocator *allocator, const struct probe_site *site)
{
	const struct allocator_function *first = allocator->functions;
	uint64_t kind = CT_COOKIE_CALL(site->function->cookie);
	while (CT_COOKIE_CALL(first->cookie) != kind)
		first++;
	if (first == site->function)
		image->cost.stepped[kind & 3] = !site->site.emulated;
}

void capture_begin_statistics(struct capture *capture)
{
	const struct itimerspec timer = {.it_value = {.tv_nsec = STATISTICS_MS * 1000000l}};
	if (capture->statistics_on || capture->statistics_fd >= 0 || capture->options->estimate_ms)
		return;
	capture->statistics_fd = kernel_switch_statistics_on();
	if (capture->statistics_fd >= 0)
		timerfd_settime(capture->statistics_timer_fd, 0, &timer, NULL);
}

void capture_end_statistics(struct capture *capture)
{
	struct kernel_program_time time;
	if (capture->statistics_fd < 0)
		return;
	close(capture->statistics_fd);
	capture->statistics_fd = -1;
	if (kernel_program_time(capture->kernel, &time) == 0 && time.runs >= LEAST_RUNS)
		capture->program_ns_a_run = (double)time.ns / (double)time.runs;
}

/* Calls as the probes see them. */
struct calls {
	uint64_t allocs;
	uint64_t reallocs;
	uint64_t frees;
};

/* A realloc is booked as an allocation and a free. Of NULL it is no free, which is not told
 * apart, so frees may be too few here. */
static struct calls calls_of(const struct profile *profile)
{
	const uint64_t *integrity = profile->integrity;
	uint64_t reallocs = profile->totals.reallocs, frees = profile->totals.frees;
	return (struct calls){
		.allocs = profile->totals.allocs - reallocs + profile->failed_allocs +
			  integrity[INTEGRITY_LOST_RETURNS],
		.reallocs = reallocs,
		.frees = (frees > reallocs ? frees - reallocs : 0) + integrity[INTEGRITY_UNMATCHED_FREES] +
			 integrity[INTEGRITY_INTERNAL_FREES],
	};
}

static uint64_t count_events(const struct profile *profile)
{
	const uint64_t *integrity = profile->integrity;
	return profile->totals.allocs + profile->totals.frees + profile->failed_allocs +
	       integrity[INTEGRITY_LOST_RETURNS] + integrity[INTEGRITY_UNMATCHED_FREES] +
	       integrity[INTEGRITY_INTERNAL_FREES] + integrity[INTEGRITY_DROPPED_EVENTS];
}

static uint64_t trap_ns(const struct capture *capture, const struct image *image,
			const struct trap_cost *trap)
{
	const bool *stepped = image->cost.stepped;
	bool sessions = kernel_has_sessions(capture->kernel);
	struct calls calls = calls_of(&image->profile);
	return calls.allocs * trap_cost_of_call(trap, stepped[CT_CALL_ALLOC], true, sessions) +
	       calls.reallocs * trap_cost_of_call(trap, stepped[CT_CALL_REALLOC], true, sessions) +
	       calls.frees * trap_cost_of_call(trap, stepped[CT_CALL_FREE], false, sessions);
}

/* Programs run at entries and at returns. */
static uint64_t program_ns(const struct capture *capture, const struct profile *profile)
{
	struct calls calls = calls_of(profile);
	double runs = 2 * ((double)calls.allocs + (double)calls.reallocs) + (double)calls.frees;
	return (uint64_t)(runs * capture->program_ns_a_run);
}

/* The statistics are of all images: each has its share of them by its events. */
static double measured_ns_an_event(struct capture *capture)
{
	struct kernel_program_time time;
	double events = 0;
	for (struct image *image = snapshots_first(capture->snapshots); image; image = image->next)
		events += (double)count_events(&image->profile);
	if (!capture->statistics_on || !kernel_statistics_on() || events <= 0 ||
	    kernel_program_time(capture->kernel, &time))
		return -1;
	return (double)time.ns / events;
}

static void fill_image(struct capture *capture, struct image *image, const struct trap_cost *trap,
		       double ns_an_event)
{
	struct profile *profile = &image->profile;
	/* Without an allocator there are no probes; a sample does not know how often they were hit, for
	 * most calls of small blocks leave nothing behind. */
	if (!profile->capture.allocator || profile->capture.sample_bytes)
		return;
	bool measured = ns_an_event >= 0, learned = capture->program_ns_a_run > 0;
	profile->cost.known = true;
	profile->cost.events = count_events(profile);
	profile->cost.has_program_ns = measured;
	profile->cost.program_ns = measured ? (uint64_t)(ns_an_event * (double)profile->cost.events) : 0;
	profile->cost.has_trap_ns = trap != NULL;
	profile->cost.trap_ns = trap ? trap_ns(capture, image, trap) : 0;
	profile->cost.traps_only = !measured && !learned;
	/* Of a process that is gone the last reading of its CPU time stands, with what we had cost then. */
	if (image->cost.cpu_is_final || (!image->ended && read_cpu(image)))
		image->cost.overhead_ns = profile->cost.trap_ns + (measured ? profile->cost.program_ns
									    : program_ns(capture, profile));
	profile->cost.slowdown = trap ? cost_slowdown(image->cost.cpu_ns, image->cost.overhead_ns) : 0;
}

void capture_fill_costs(struct capture *capture, bool final)
{
	struct trap_cost trap;
	double ns_an_event = measured_ns_an_event(capture);
	bool has_trap = trap_meter_wait(capture->trap_meter, final ? LAST_WAIT_MS : 0, &trap);
	for (struct image *image = snapshots_first(capture->snapshots); image; image = image->next) {
		if (image->written)
			continue;
		if (final || image->ended)
			capture_note_probes(capture, image);
		fill_image(capture, image, has_trap ? &trap : NULL, ns_an_event);
	}
}
