// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --json: what a view shows, for programs. Figures have the names of the profile file and are
 * not rounded; what is not known is absent. Rows are written one by one. */
#include "report_json.h"

#include <stdlib.h>

#include "captrack/profile_json.h"

static const char *view_name(const struct report *report)
{
	static const char *const names[] = {
		[REPORT_STACKS] = "stacks",   [REPORT_TREE] = "tree",         [REPORT_LEAKS] = "leaks",
		[REPORT_THREADS] = "threads", [REPORT_TIMELINE] = "timeline",
	};
	bool growth = report->key == sort_key_of(report->profile, REPORT_GROWTH);
	return growth ? "growth" : names[report->options->view];
}

static void add_flag(struct json_writer *writer, cJSON *object, const char *name, bool value)
{
	if (value)
		json_add(writer, object, name, cJSON_CreateTrue());
}

/* What the header says. */
static cJSON *profile_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	json_add_string(writer, json, "command", profile->target.command);
	json_add_string(writer, json, "exe", profile->target.exe);
	json_add_number(writer, json, "pid", (uint64_t)profile->target.pid);
	json_add_string(writer, json, "state", profile->state == PROFILE_FINAL ? "final" : "running");
	if (profile->target.has_exit_status)
		json_add_number(writer, json, "exit_status", (uint64_t)profile->target.exit_status);
	if (profile->target.has_signal)
		json_add_number(writer, json, "signal", (uint64_t)profile->target.signal);
	json_add_number(writer, json, "start_ms", profile->target.start_ms);
	json_add_string(writer, json, "attached", profile->target.attached_running ? "running" : "start");
	json_add_number(writer, json, "duration_ms", profile->capture.duration_ms);
	json_add_string(writer, json, "allocator", profile->capture.allocator);
	json_add_string(writer, json, "mode", profile->capture.sample_bytes ? "sampled" : "exact");
	if (profile->capture.sample_bytes)
		json_add_number(writer, json, "sample_bytes", profile->capture.sample_bytes);
	add_flag(writer, json, "allocs_only", profile->capture.allocs_only);
	add_flag(writer, json, "no_details", profile->capture.no_details);
	add_flag(writer, json, "by_thread", profile->capture.by_thread);
	return json;
}

static cJSON *filter_json(struct json_writer *writer, const struct report *report)
{
	const struct report_options *options = report->options;
	cJSON *json = cJSON_CreateObject();
	json_add_string(writer, json, "function", options->function);
	json_add_string(writer, json, "file", options->file);
	json_add_string(writer, json, "object", options->object);
	json_add_string(writer, json, "thread", options->thread);
	if (options->min_bytes)
		json_add_number(writer, json, "min_bytes", options->min_bytes);
	return json;
}

/* How many rows there are, with those that --top leaves out; what they have together. */
static cJSON *matching_json(struct json_writer *writer, const struct report *report)
{
	const struct selection *selection = &report->selection;
	bool is_threads = report->options->view == REPORT_THREADS;
	cJSON *json = cJSON_CreateObject();
	json_add_number(writer, json, is_threads ? "threads" : "stacks",
			is_threads ? selection->n_threads : selection->n);
	json_add_number(writer, json, "of",
			is_threads ? report->profile->n_threads : report->profile->n_stacks);
	json_add_number(writer, json, key_of_sums(report)->field, selection->sum);
	return json;
}

static void put_threads(struct json_line *line, struct report *report)
{
	const struct selection *selection = &report->selection;
	size_t shown = shown_of(report->options, selection->n_threads);
	qsort(selection->threads, selection->n_threads, sizeof(struct profile_thread *), compare_threads);
	for (size_t i = 0; i < shown; i++) {
		json_put_line_break(line);
		json_put_open(line, NULL, '{');
		put_thread_figures(line, report->profile, selection->threads[i]);
		json_put_close(line, '}');
	}
}

static void put_timeline(struct json_line *line, const struct report *report)
{
	const struct profile *profile = report->profile;
	const struct profile_point *before = NULL;
	for (size_t i = 0; i < profile->n_timeline; i++) {
		const struct profile_point *point = &profile->timeline[i];
		if (point->is_peak && !profile_knows(profile, PROFILE_NEEDS_FREES))
			continue;
		json_put_line_break(line);
		json_put_open(line, NULL, '{');
		put_point_figures(line, profile, point, before);
		json_put_close(line, '}');
		if (!point->is_peak)
			before = point;
	}
}

static void put_rows(struct json_writer *writer, struct report *report)
{
	enum report_view view = report->options->view;
	struct json_line line;
	if (view != REPORT_THREADS && view != REPORT_TIMELINE) {
		emit_stack_rows(writer, report);
		return;
	}
	json_line_begin(&line, writer);
	json_put_text(&line, view == REPORT_THREADS ? ",\n\"threads\":[" : ",\n\"timeline\":[");
	line.is_first = true;
	if (view == REPORT_THREADS)
		put_threads(&line, report);
	else
		put_timeline(&line, report);
	json_put_close(&line, ']');
	json_line_end(&line);
}

int report_json_write(struct report *report, FILE *out)
{
	struct json_writer writer = {.out = out};
	enum report_view view = report->options->view;
	json_emit(&writer, "{\"report\":\"");
	json_emit(&writer, view_name(report));
	json_emit(&writer, "\"");
	json_emit_member(&writer, "profile", profile_json(&writer, report->profile));
	json_emit_member(&writer, "totals", profile_totals_json(&writer, report->profile));
	json_emit_member(&writer, "integrity", profile_integrity_json(&writer, report->profile));
	if (has_filter(report))
		json_emit_member(&writer, "filter", filter_json(&writer, report));
	if (view != REPORT_TIMELINE) {
		json_emit_member(&writer, "sort", cJSON_CreateString(report->key->field));
		json_emit_member(&writer, "matching", matching_json(&writer, report));
	}
	put_rows(&writer, report);
	json_emit(&writer, "}\n");
	return writer.result;
}
