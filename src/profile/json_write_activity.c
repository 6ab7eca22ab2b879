// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a profile file says of time, threads and processes. The rates are of figures that the file has too, so
 * they are computed here and nobody reads them back. */
#include "json_write.h"

static double rate(uint64_t count, uint64_t ms)
{
	return (double)count * 1000 / (double)ms;
}

void emit_rates(struct json_writer *writer, const struct profile *profile)
{
	uint64_t ms = profile->capture.duration_ms;
	if (!ms || profile->n_merged > 1) /* whose time that is nobody knows */
		return;
	cJSON *json = cJSON_CreateObject();
	json_add_decimal(writer, json, "allocs_per_s", rate(profile->totals.allocs, ms));
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		json_add_decimal(writer, json, "frees_per_s", rate(profile->totals.frees, ms));
	json_add_decimal(writer, json, "allocated_bytes_per_s", rate(profile->totals.allocated_bytes, ms));
	json_emit_member(writer, "rates", json);
}

/* Since an earlier point; nothing where no time went by. */
static void put_rates(struct json_line *line, const struct profile_point *from,
		      const struct profile_point *to)
{
	if (to->ms <= from->ms || to->allocs < from->allocs || to->allocated_bytes < from->allocated_bytes)
		return;
	uint64_t ms = to->ms - from->ms;
	json_put_decimal(line, "allocs_per_s", rate(to->allocs - from->allocs, ms));
	json_put_decimal(line, "allocated_bytes_per_s",
			 rate(to->allocated_bytes - from->allocated_bytes, ms));
}

void put_point_figures(struct json_line *line, const struct profile *profile,
		       const struct profile_point *point, const struct profile_point *before)
{
	static const struct profile_point start; /* all figures are 0 at 0 ms */
	put_numbers(line, profile, profile_point_numbers, point);
	if (point->is_peak) {
		json_put_true(line, "peak");
	} else {
		put_numbers(line, profile, profile_point_sums, point);
		put_rates(line, before ? before : &start, point);
		if (point->has_usage)
			put_numbers(line, profile, profile_point_usage, point);
		if (point->has_io)
			put_numbers(line, profile, profile_point_io, point);
	}
}

void emit_timeline(struct json_writer *writer, const struct profile *profile)
{
	const struct profile_point *before = NULL;
	bool knows_peak = profile_knows(profile, PROFILE_NEEDS_FREES);
	struct json_line line;
	if (!profile->n_timeline)
		return;
	json_line_begin(&line, writer);
	json_put_text(&line, ",\n\"timeline\":[");
	line.is_first = true;
	for (size_t i = 0; i < profile->n_timeline; i++) {
		const struct profile_point *point = &profile->timeline[i];
		if (point->is_peak && !knows_peak)
			continue;
		json_put_line_break(&line);
		json_put_open(&line, NULL, '{');
		put_point_figures(&line, profile, point, before);
		json_put_close(&line, '}');
		if (!point->is_peak)
			before = point;
	}
	json_put_close(&line, ']');
	json_line_end(&line);
}

void put_thread_figures(struct json_line *line, const struct profile *profile,
			const struct profile_thread *thread)
{
	if (thread->pid)
		json_put_number(line, "pid", (uint64_t)thread->pid);
	json_put_number(line, "tid", (uint64_t)thread->tid);
	json_put_string(line, "name", thread->name);
	put_numbers(line, profile, profile_thread_numbers, thread);
}

void emit_threads(struct json_writer *writer, const struct profile *profile)
{
	struct json_line line;
	if (!profile->n_threads)
		return;
	json_line_begin(&line, writer);
	json_put_text(&line, ",\n\"threads\":[");
	line.is_first = true;
	for (size_t i = 0; i < profile->n_threads; i++) {
		json_put_line_break(&line);
		json_put_open(&line, NULL, '{');
		put_thread_figures(&line, profile, &profile->threads[i]);
		json_put_close(&line, '}');
	}
	json_put_close(&line, ']');
	json_line_end(&line);
}

static void put_process(struct json_line *line, const struct profile *profile,
			const struct profile_process *process)
{
	json_put_line_break(line);
	json_put_open(line, NULL, '{');
	json_put_number(line, "pid", (uint64_t)process->pid);
	json_put_number(line, "ppid", (uint64_t)process->ppid);
	json_put_string(line, "exe", process->exe);
	json_put_string(line, "command", process->command);
	json_put_number(line, "start_ms", process->start_ms);
	json_put_string(line, "file", process->file);
	json_put_string(line, "state", process->state == PROFILE_FINAL ? "final" : "running");
	if (process->has_exit_status)
		json_put_number(line, "exit_status", (uint64_t)process->exit_status);
	if (process->has_signal)
		json_put_number(line, "signal", (uint64_t)process->signal);
	put_numbers(line, profile, profile_process_numbers, process);
	if (process->holds_peak && profile_knows(profile, PROFILE_NEEDS_FREES))
		json_put_true(line, "holds_peak");
	json_put_close(line, '}');
}

void emit_merged(struct json_writer *writer, const struct profile *profile)
{
	struct json_line line;
	if (!profile->n_merged)
		return;
	json_line_begin(&line, writer);
	json_put_text(&line, ",\n\"merged\":[");
	line.is_first = true;
	for (size_t i = 0; i < profile->n_merged; i++)
		put_process(&line, profile, &profile->merged[i]);
	json_put_close(&line, ']');
	json_line_end(&line);
}
