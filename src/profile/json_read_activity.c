// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a profile file says of time, threads and processes. */
#include "json_read.h"

#include <stdlib.h>

void read_thread(struct reader *reader, const struct json *item)
{
	struct profile *profile = reader->profile;
	int64_t index = profile_add_thread(profile);
	struct profile_thread *thread = added(reader, index, profile->threads, sizeof(*thread));
	if (!thread)
		return;
	thread->pid = (int)read_number(reader, item, "pid", INT32_MAX);
	thread->tid = (int)read_number(reader, item, "tid", INT32_MAX);
	thread->name = read_string(reader, item, "name");
	read_numbers(reader, item, profile_thread_numbers, thread);
}

void read_process(struct reader *reader, const struct json *item)
{
	static const char *const states[] = {"running", "final", NULL};
	struct profile *profile = reader->profile;
	int64_t index = profile_add_process(profile);
	struct profile_process *process = added(reader, index, profile->merged, sizeof(*process));
	if (!process)
		return;
	process->pid = (int)read_number(reader, item, "pid", INT32_MAX);
	process->ppid = (int)read_number(reader, item, "ppid", INT32_MAX);
	process->exe = read_string(reader, item, "exe");
	process->command = read_string(reader, item, "command");
	process->start_ms = read_number(reader, item, "start_ms", UINT64_MAX);
	process->file = read_string(reader, item, "file");
	process->state = (enum profile_state)read_word(reader, item, "state", states);
	process->has_exit_status = member(reader, item, "exit_status");
	process->exit_status = (int)read_number(reader, item, "exit_status", 255);
	process->has_signal = member(reader, item, "signal");
	process->signal = (int)read_number(reader, item, "signal", 127);
	read_numbers(reader, item, profile_process_numbers, process);
	process->holds_peak =
		read_flag(reader, item, "holds_peak") && profile_knows(profile, PROFILE_NEEDS_FREES);
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
