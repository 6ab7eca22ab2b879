// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which profiles may be merged, which processes are in them, and whose peak is the highest. */
#include "merge_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The options of a capture that decide what its figures mean. */
static const char *describe_mode(const struct profile *profile, char out[160])
{
	int length = profile->capture.sample_bytes
			     ? snprintf(out, 160, "--sample %" PRIu64, profile->capture.sample_bytes)
			     : snprintf(out, 160, "exact");
	snprintf(out + length, 160 - (size_t)length, "%s%s%s%s",
		 profile->capture.allocs_only ? ", --allocs-only" : "",
		 profile->capture.no_details ? ", --no-details" : "",
		 profile->capture.free_stacks ? ", --free-stacks" : "",
		 profile->capture.by_thread ? ", --by-thread" : "");
	return out;
}

/* Sums of what one knows and the other does not are known of nobody. */
void merge_check_mode(struct profile_merger *merger)
{
	const struct profile *first = &merger->profile, *from = merger->from;
	char ours[160], theirs[160];
	if (!merger->n_inputs || (first->capture.sample_bytes == from->capture.sample_bytes &&
				  first->capture.allocs_only == from->capture.allocs_only &&
				  first->capture.no_details == from->capture.no_details &&
				  first->capture.free_stacks == from->capture.free_stacks &&
				  first->capture.by_thread == from->capture.by_thread))
		return;
	merge_failed(merger, -EINVAL,
		     "its capture was: %s; that of '%.200s': %s; merge captures of the same options",
		     describe_mode(from, theirs), merger->names[0], describe_mode(first, ours));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* Of two by their figures alone, so that the order of inputs does not matter. Without frees peaks are 0. */
static bool is_higher(const struct profile_process *a, const struct profile_process *b)
{
	if (a->peak_bytes != b->peak_bytes)
		return a->peak_bytes > b->peak_bytes;
	if (a->allocated_bytes != b->allocated_bytes)
		return a->allocated_bytes > b->allocated_bytes;
	return a->start_ms != b->start_ms ? a->start_ms < b->start_ms : a->pid < b->pid;
}

/* Its texts are the profile's. */
static struct profile_process process_of(const struct profile *profile, const char *name)
{
	bool frees = profile_knows(profile, PROFILE_NEEDS_FREES);
	return (struct profile_process){
		.pid = profile->target.pid,
		.ppid = profile->target.ppid,
		.exe = profile->target.exe,
		.command = profile->target.command,
		.start_ms = profile->target.start_ms,
		.file = (char *)(uintptr_t)base_name(name),
		.state = profile->state,
		.has_exit_status = profile->target.has_exit_status,
		.exit_status = profile->target.exit_status,
		.has_signal = profile->target.has_signal,
		.signal = profile->target.signal,
		.allocs = profile->totals.allocs,
		.frees = frees ? profile->totals.frees : 0,
		.allocated_bytes = profile->totals.allocated_bytes,
		.live_allocs = frees ? profile->totals.live_allocs : 0,
		.live_bytes = frees ? profile->totals.live_bytes : 0,
		.peak_bytes = frees ? profile->totals.peak_bytes : 0,
		.peak_allocs = frees ? profile->peak_allocs : 0,
		.peak_ms = frees ? profile->peak_ms : 0,
	};
}

/* Its counts would count twice. */
static void refuse_twice(struct profile_merger *merger, const struct profile_process *process, uint64_t hash)
{
	const struct merge_entry *entry = table_find(&merger->processes, hash);
	for (; entry; entry = entry->next) {
		const struct profile_process *other = &merger->profile.merged[entry->index];
		if (other->pid == process->pid && other->start_ms == process->start_ms &&
		    merge_same_text(other->exe, process->exe))
			merge_failed(merger, -EEXIST,
				     "process %d, which began at %" PRIu64
				     " ms, is in '%.200s' too, and would count "
				     "twice; leave out one of them",
				     process->pid, process->start_ms, merger->names[entry->index]);
	}
}

static bool make_room_for_name(struct profile_merger *merger)
{
	size_t n = merger->profile.n_merged;
	char **larger =
		n & (n - 1) ? merger->names : realloc(merger->names, (n ? 2 * n : 1) * sizeof(*larger));
	if (!larger) {
		merge_no_memory(merger);
		return false;
	}
	merger->names = larger;
	merger->names[n] = NULL;
	return true;
}

static void add_process(struct profile_merger *merger, const struct profile_process *process)
{
	struct profile *to = &merger->profile;
	uint64_t hash = hash_number(merger->seed, (uint64_t)process->pid);
	hash = hash_text(hash_number(hash, process->start_ms), process->exe);
	refuse_twice(merger, process, hash);
	if (merger->result || !make_room_for_name(merger))
		return;
	uint32_t index = merge_note(merger, &merger->processes, hash, profile_add_process(to));
	if (index == UINT32_MAX)
		return;
	struct profile_process *added = &to->merged[index];
	*added = *process;
	added->exe = merge_text(merger, process->exe);
	added->command = merge_text(merger, process->command);
	added->file = merge_text(merger, process->file);
	added->holds_peak = false;
	merger->names[index] = merge_text(merger, merger->name);
	if (!index || is_higher(added, &to->merged[merger->holder])) {
		merger->holder = index;
		merger->leads = true;
	}
}

void merge_processes(struct profile_merger *merger)
{
	const struct profile *from = merger->from;
	const struct profile_process itself = process_of(from, merger->name);
	if (!from->n_merged && !merger->result)
		add_process(merger, &itself);
	for (size_t i = 0; i < from->n_merged && !merger->result; i++)
		add_process(merger, &from->merged[i]);
}
