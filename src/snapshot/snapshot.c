// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The images of a run and their profiles, brought up to date by each snapshot. */
#include "snapshot_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "captrack/clock.h"

int snapshots_new(struct kernel *kernel, struct mappings *mappings, struct symbols *symbols,
		  uint32_t sample_cap, struct snapshots **out)
{
	struct snapshots *snapshots = calloc(1, sizeof(*snapshots));
	if (!snapshots)
		return -ENOMEM;
	snapshots->kernel = kernel;
	snapshots->mappings = mappings;
	snapshots->symbols = symbols;
	snapshots->reservoir = (struct reservoir){.cap = sample_cap, .random = clock_monotonic_ns()};
	*out = snapshots;
	return 0;
}

/* uthash frees nothing: each entry of a table goes by hand. */
#define FREE_TABLE(type, head)                                                                               \
	do {                                                                                                 \
		type *entry, *next;                                                                          \
		HASH_ITER(hh, head, entry, next)                                                             \
		{                                                                                            \
			HASH_DEL(head, entry);                                                               \
			free(entry);                                                                         \
		}                                                                                            \
	} while (0)

static void state_deinit(struct image_state *state)
{
	FREE_TABLE(struct free_stack_entry, state->free_stacks);
	FREE_TABLE(struct thread_entry, state->threads);
	FREE_TABLE(struct frame_entry, state->frames);
	FREE_TABLE(struct object_entry, state->objects);
	profile_deinit(&state->image.profile);
}

void snapshots_free(struct snapshots *snapshots)
{
	if (!snapshots)
		return;
	for (struct image *image = snapshots->first, *next; image; image = next) {
		next = image->next;
		state_deinit((struct image_state *)image);
		free(image);
	}
	FREE_TABLE(struct kernel_object, snapshots->kernel_objects);
	snapshots_free_stacks(snapshots);
	free(snapshots);
}

static void describe_host(struct profile *profile)
{
	struct utsname host;
	uname(&host);
	profile->host.kernel = strdup(host.release);
	profile->host.arch = strdup(host.machine);
	profile->host.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	profile->host.page_size = (uint32_t)sysconf(_SC_PAGESIZE);
}

/* It is in the name of the profile's file: images of one process that begin within a millisecond have
 * one each. */
static uint64_t unique_start(struct snapshots *snapshots, pid_t pid, uint64_t start_ms)
{
	for (const struct image *image = snapshots->first; image; image = image->next)
		if (image->pid == pid && image->profile.target.start_ms >= start_ms)
			start_ms = image->profile.target.start_ms + 1;
	return start_ms;
}

static void describe_target(struct snapshots *snapshots, struct image *image,
			    const struct target_identity *identity)
{
	struct profile *profile = &image->profile;
	profile->target.pid = image->pid;
	profile->target.ppid = identity->ppid;
	profile->target.exe = identity->exe ? strdup(identity->exe) : NULL;
	profile->target.command = identity->command ? strdup(identity->command) : NULL;
	uint64_t age_ms = (clock_monotonic_ns() - image->start_ns) / 1000000;
	profile->target.start_ms = unique_start(snapshots, image->pid, clock_wall_ms() - age_ms);
	for (struct mapped_file *file = mappings_first(snapshots->mappings); file && identity->exe;
	     file = file->next) {
		if (strcmp(file->path, identity->exe))
			continue;
		int64_t object = image_object(snapshots, (struct image_state *)image, file);
		if (object >= 0 && profile->objects[object].build_id)
			profile->target.build_id = strdup(profile->objects[object].build_id);
		break;
	}
}

int snapshots_add_image(struct snapshots *snapshots, uint32_t id, pid_t pid, uint64_t start_ns,
			const struct target_identity *identity, struct image **out)
{
	struct image_state *state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	struct image *image = &state->image;
	image->id = id;
	image->pid = pid;
	image->start_ns = start_ns;
	if (snapshots->last)
		snapshots->last->next = image;
	else
		snapshots->first = image;
	snapshots->last = image;
	describe_host(&image->profile);
	describe_target(snapshots, image, identity);
	*out = image;
	return 0;
}

struct image *snapshots_first(struct snapshots *snapshots)
{
	return snapshots->first;
}

struct image *snapshots_of_process(struct snapshots *snapshots, pid_t pid)
{
	for (struct image *image = snapshots->first; image; image = image->next)
		if (image->pid == pid && !image->ended)
			return image;
	return NULL;
}

int snapshots_add_probe(struct snapshots *snapshots, struct image *image, struct mapped_file *file,
			const struct allocator *allocator, const struct probe_site *site)
{
	struct profile *profile = &image->profile;
	if (profile->capture.allocs_only && CT_COOKIE_CALL(site->function->cookie) == CT_CALL_FREE)
		return 0; /* not probed */
	int64_t object = image_object(snapshots, (struct image_state *)image, file);
	if (object < 0)
		return (int)object;
	bool session = kernel_has_sessions(snapshots->kernel) && site->function->returns_block;
	size_t kinds = site->function->returns_block && !session ? 2 : 1;
	struct profile_probe *probes =
		realloc(profile->capture.probes, (profile->capture.n_probes + kinds) * sizeof(*probes));
	if (!probes)
		return -ENOMEM;
	profile->capture.probes = probes;
	for (size_t i = 0; i < kinds; i++) {
		probes[profile->capture.n_probes++] = (struct profile_probe){
			.function = strdup(site->function->name),
			.object = (uint32_t)object,
			.site_offset = site->vaddr,
			.kind = session ? "session"
				: i     ? "return"
					: "entry",
			.emulated = site->site.emulated,
		};
	}
	if (!profile->capture.allocator)
		profile->capture.allocator = strdup(allocator->name);
	return 0;
}

static void fill_integrity(struct image_state *state, const uint64_t counters[CT_COUNTERS])
{
	static const enum profile_integrity names[CT_COUNTERS] = {
		[CT_UNMATCHED_FREES] = INTEGRITY_UNMATCHED_FREES,
		[CT_INTERNAL_FREES] = INTEGRITY_INTERNAL_FREES,
		[CT_DROPPED_BLOCKS] = INTEGRITY_DROPPED_BLOCKS,
		[CT_DROPPED_STACKS] = INTEGRITY_DROPPED_STACKS,
		[CT_MISSED_FREES] = INTEGRITY_MISSED_FREES,
		[CT_LOST_RETURNS] = INTEGRITY_LOST_RETURNS,
		[CT_UNREADABLE_RESULTS] = INTEGRITY_UNREADABLE_RESULTS,
		[CT_DROPPED_EVENTS] = INTEGRITY_DROPPED_EVENTS,
		[CT_UNFOLLOWED_CHILDREN] = INTEGRITY_UNFOLLOWED_CHILDREN,
		[CT_MAIN_THREAD_GONE] = INTEGRITY_MAIN_THREAD_GONE,
		[CT_DROPPED_THREADS] = INTEGRITY_DROPPED_THREADS,
		[CT_DOUBLE_FREES] = INTEGRITY_DOUBLE_FREES,
		[CT_DROPPED_DETAILS] = INTEGRITY_DROPPED_DETAILS,
	};
	struct profile *profile = &state->image.profile;
	for (int i = 0; i < CT_COUNTERS; i++)
		if (i != CT_FAILED_ALLOCS)
			profile->integrity[names[i]] = counters[i];
	profile->failed_allocs = counters[CT_FAILED_ALLOCS];
	profile->integrity[INTEGRITY_TRUNCATED_STACKS] = 0;
	for (int i = CT_END_ROOT + 1; i < CT_ENDS; i++) {
		profile->integrity[image_reason((enum ct_end)i)] = state->ends[i];
		profile->integrity[INTEGRITY_TRUNCATED_STACKS] += state->ends[i];
	}
}

static int fill_profile(struct snapshots *snapshots, struct image_state *state)
{
	struct profile *profile = &state->image.profile;
	bool sampled = profile->capture.sample_bytes != 0;
	struct ct_image kernel_image;
	int result = kernel_read_image(snapshots->kernel, state->image.id, &kernel_image);
	if (result)
		return result;
	image_fill_at_peak(snapshots, state, &kernel_image.then);
	profile_sum_stacks(profile);
	/* Rounded numbers add up to their sum only where the sum is made of them. */
	profile->peak_allocs = sampled ? profile->totals.at_peak_allocs : kernel_image.then.peak_allocs;
	if (kernel_image.then.peak_ns)
		profile->peak_ms = (kernel_image.then.peak_ns - state->image.start_ns) / 1000000;
	fill_integrity(state, (const uint64_t *)kernel_image.counters);
	profile->capture.snapshots++;
	profile->capture.duration_ms = image_ms(state);
	return 0;
}

static int add_point(struct image_state *state)
{
	struct image *image = &state->image;
	struct profile *profile = &image->profile;
	const struct profile_counts *totals = &profile->totals;
	struct target_usage usage;
	struct profile_point point = {
		.ms = image_ms(state),
		.live_bytes = totals->live_bytes,
		.live_allocs = totals->live_allocs,
		.allocated_bytes = totals->allocated_bytes,
		.allocs = totals->allocs,
		.frees = totals->frees,
	};
	/* Of one that has ended some is known yet, but not what it held. */
	if (!image->ended && target_read_usage(image->pid, &usage) == 0 && usage.threads) {
		point.has_usage = true;
		point.rss_bytes = usage.rss_bytes;
		point.threads = usage.threads;
		point.cpu_ms = usage.cpu_ms;
		point.minor_faults = usage.minor_faults;
		point.major_faults = usage.major_faults;
		point.has_io = usage.has_io;
		point.read_bytes = usage.read_bytes;
		point.written_bytes = usage.written_bytes;
	}
	int result = timeline_add(&state->timeline, profile, &point);
	return result ? result
		      : timeline_set_peak(&state->timeline, profile, profile->peak_ms, totals->peak_bytes,
					  profile->peak_allocs);
}

/* What follows from all stacks of an image. */
static int read_image(struct snapshots *snapshots, struct image_state *state)
{
	int result = fill_profile(snapshots, state);
	if (!result)
		result = add_point(state);
	if (image_is_time_to_judge(state))
		image_judge_stacks(snapshots, state);
	return result;
}

/* Where one image's lock cannot be had the others are read all the same: their epochs have begun, and
 * what an epoch added is there for this reading only. */
int snapshots_take(struct snapshots *snapshots)
{
	uint64_t epochs[CT_MAX_IMAGES] = {0};
	int result = 0;
	for (struct image *image = snapshots->first; image; image = image->next) {
		if (image->written)
			continue;
		int64_t epoch = kernel_begin_snapshot(snapshots->kernel, image->id);
		epochs[image->id] = epoch < 0 ? 0 : (uint64_t)epoch;
		((struct image_state *)image)->taken_ns = clock_monotonic_ns();
		result = epoch < 0 ? (int)epoch : result;
	}
	int read = kernel_read_stacks(snapshots->kernel, epochs, image_take_stack, snapshots);
	for (struct image *image = snapshots->first; image && !read; image = image->next)
		if (epochs[image->id])
			read = read_image(snapshots, (struct image_state *)image);
	if (!read)
		read = snapshots_read_threads(snapshots, epochs);
	if (!read)
		read = snapshots_read_growth(snapshots, epochs);
	if (!read)
		read = snapshots_read_frees(snapshots);
	return result ? result : read;
}

int snapshots_take_last(struct snapshots *snapshots, struct image *image)
{
	struct image_state *state = (struct image_state *)image;
	int result = 0;
	if (profile_knows(&image->profile, PROFILE_DETAILS))
		result = image_read_live(snapshots, state);
	if (profile_knows(&image->profile, PROFILE_NEEDS_FREES))
		image_judge_stacks(snapshots, state);
	return result;
}

void snapshots_finish_image(struct snapshots *snapshots, struct image *image)
{
	image->written = true;
	kernel_drop_frees(snapshots->kernel, image->id);
	image_drop_stacks(snapshots, (struct image_state *)image);
	kernel_drop_blocks(snapshots->kernel, image->id);
}
