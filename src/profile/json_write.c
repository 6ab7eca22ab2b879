// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The profile file, written piece by piece: each object, frame and stack is one line, so memory
 * stays flat and the file can be read with grep and diff. What does not change from snapshot to
 * snapshot (a frame, a stack's frame list) is rendered once. Here are the document and its small
 * parts; the others are in json_write_stacks.c and json_write_activity.c. */
#include "json_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static cJSON *tool_json(struct json_writer *writer)
{
	cJSON *json = cJSON_CreateObject();
	json_add_string(writer, json, "name", "captrack-bpf");
	json_add_string(writer, json, "version", CT_VERSION);
	return json;
}

static cJSON *target_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	json_add_number(writer, json, "pid", (uint64_t)profile->target.pid);
	json_add_number(writer, json, "ppid", (uint64_t)profile->target.ppid);
	json_add_string(writer, json, "exe", profile->target.exe);
	json_add_string(writer, json, "command", profile->target.command);
	json_add_string(writer, json, "build_id", profile->target.build_id);
	json_add_number(writer, json, "start_ms", profile->target.start_ms);
	json_add_string(writer, json, "attached", profile->target.attached_running ? "running" : "start");
	if (profile->target.has_exit_status)
		json_add_number(writer, json, "exit_status", (uint64_t)profile->target.exit_status);
	if (profile->target.has_signal)
		json_add_number(writer, json, "signal", (uint64_t)profile->target.signal);
	return json;
}

static cJSON *host_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	json_add_string(writer, json, "kernel", profile->host.kernel);
	json_add_string(writer, json, "arch", profile->host.arch);
	json_add_number(writer, json, "cpus", profile->host.cpus);
	json_add_number(writer, json, "page_size", profile->host.page_size);
	return json;
}

static cJSON *probes_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *array = cJSON_CreateArray();
	for (size_t i = 0; i < profile->capture.n_probes; i++) {
		const struct profile_probe *probe = &profile->capture.probes[i];
		cJSON *item = cJSON_CreateObject();
		json_add_string(writer, item, "function", probe->function);
		json_add_number(writer, item, "object", probe->object);
		json_add_hex(writer, item, "site_offset", probe->site_offset);
		json_add_string(writer, item, "kind", probe->kind);
		json_add(writer, item, "emulated", cJSON_CreateBool(probe->emulated));
		json_append(writer, array, item);
	}
	return array;
}

static cJSON *allocators_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *array = cJSON_CreateArray();
	char *names = profile->capture.allocator ? strdup(profile->capture.allocator) : NULL, *rest = names;
	if (profile->capture.allocator && !names)
		json_failed(writer, -ENOMEM);
	while (rest && *rest) {
		char *name = rest, *end = strstr(rest, ", ");
		rest = end ? end + 2 : NULL;
		if (end)
			*end = '\0';
		json_append(writer, array, json_clean_string(name));
	}
	free(names);
	return array;
}

static cJSON *capture_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	json_add_string(writer, json, "mode", profile->capture.sample_bytes ? "sampled" : "exact");
	if (profile->capture.sample_bytes)
		json_add_number(writer, json, "sample_bytes", profile->capture.sample_bytes);
	if (profile->capture.allocs_only)
		json_add(writer, json, "allocs_only", cJSON_CreateTrue());
	if (profile->capture.no_details)
		json_add(writer, json, "no_details", cJSON_CreateTrue());
	if (profile->capture.free_stacks)
		json_add(writer, json, "free_stacks", cJSON_CreateTrue());
	if (profile->capture.by_thread)
		json_add(writer, json, "by_thread", cJSON_CreateTrue());
	json_add_number(writer, json, "interval_ms", profile->capture.interval_ms);
	if (profile->capture.interval_stretched)
		json_add(writer, json, "interval_stretched", cJSON_CreateTrue());
	json_add_number(writer, json, "start_ms", profile->capture.start_ms);
	json_add_number(writer, json, "duration_ms", profile->capture.duration_ms);
	json_add_number(writer, json, "snapshots", profile->capture.snapshots);
	json_add(writer, json, "allocators", allocators_json(writer, profile));
	json_add(writer, json, "probes", probes_json(writer, profile));
	return json;
}

cJSON *profile_totals_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	add_numbers(writer, profile, json, profile_totals_numbers, profile);
	return json;
}

cJSON *profile_integrity_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		if (profile_knows_integrity(profile, (enum profile_integrity)i))
			json_add_number(writer, json, profile_integrity_name((enum profile_integrity)i),
					profile->integrity[i]);
	return json;
}

static cJSON *cost_json(struct json_writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	json_add_number(writer, json, "events", profile->cost.events);
	if (profile->cost.has_program_ns)
		json_add_number(writer, json, "program_ns", profile->cost.program_ns);
	if (profile->cost.has_trap_ns)
		json_add_number(writer, json, "trap_ns", profile->cost.trap_ns);
	if (profile->cost.slowdown > 0) {
		json_add_decimal(writer, json, "slowdown", profile->cost.slowdown);
		if (profile->cost.traps_only)
			json_add(writer, json, "traps_only", cJSON_CreateTrue());
	}
	return json;
}

static cJSON *object_json(struct json_writer *writer, const struct profile_object *object)
{
	cJSON *json = cJSON_CreateObject();
	json_add_string(writer, json, "path", object->path);
	json_add_string(writer, json, "build_id", object->build_id);
	return json;
}

static void add_place(struct json_writer *writer, cJSON *json, const char *file, uint32_t line,
		      uint32_t column)
{
	json_add_string(writer, json, "file", file);
	if (line)
		json_add_number(writer, json, "line", line);
	if (column)
		json_add_number(writer, json, "column", column);
}

static cJSON *inlined_json(struct json_writer *writer, const struct profile_frame *frame)
{
	cJSON *array = cJSON_CreateArray();
	for (size_t i = 0; i < frame->n_inlined; i++) {
		const struct profile_inline *call = &frame->inlined[i];
		cJSON *item = cJSON_CreateObject();
		json_add_string(writer, item, "function", call->function);
		add_place(writer, item, call->file, call->line, call->column);
		json_append(writer, array, item);
	}
	return array;
}

static char *render_frame(struct json_writer *writer, const struct profile_frame *frame)
{
	cJSON *json = cJSON_CreateObject();
	json_add_number(writer, json, "object", frame->object);
	json_add_hex(writer, json, "offset", frame->offset);
	json_add_string(writer, json, "function", frame->function);
	if (frame->has_symbol_offset)
		json_add_number(writer, json, "symbol_offset", frame->symbol_offset);
	add_place(writer, json, frame->file, frame->line, frame->column);
	if (frame->n_inlined)
		json_add(writer, json, "inlined", inlined_json(writer, frame));
	return json_render(writer, json);
}

static void emit_objects(struct json_writer *writer, const struct profile *profile)
{
	json_emit(writer, ",\n\"objects\":[");
	for (size_t i = 0; i < profile->n_objects && !writer->result; i++) {
		json_emit(writer, i ? ",\n" : "\n");
		json_emit_tree(writer, object_json(writer, &profile->objects[i]));
	}
	json_emit(writer, "]");
}

static void emit_frames(struct json_writer *writer, struct profile *profile)
{
	json_emit(writer, ",\n\"frames\":[");
	for (size_t i = 0; i < profile->n_frames && !writer->result; i++) {
		struct profile_frame *frame = &profile->frames[i];
		if (!frame->rendered)
			frame->rendered = render_frame(writer, frame);
		json_emit(writer, i ? ",\n" : "\n");
		if (frame->rendered)
			json_emit(writer, frame->rendered);
	}
	json_emit(writer, "]");
}

int profile_write_json(struct profile *profile, FILE *out)
{
	static const char *const reasons[] = {
		[PROFILE_INTERVAL] = "interval",
		[PROFILE_EXIT] = "exit",
		[PROFILE_DETACH] = "detach",
		[PROFILE_SIGNAL] = "signal",
	};
	struct json_writer writer = {.out = out};
	_Static_assert(CT_PROFILE_VERSION == 1, "the version stands in the text below");
	json_emit(&writer, "{\"version\":1");
	json_emit_member(&writer, "tool", tool_json(&writer));
	json_emit(&writer,
		  profile->state == PROFILE_FINAL ? ",\n\"state\":\"final\"" : ",\n\"state\":\"running\"");
	json_emit_member(&writer, "reason", cJSON_CreateString(reasons[profile->reason]));
	json_emit_member(&writer, "target", target_json(&writer, profile));
	json_emit_member(&writer, "host", host_json(&writer, profile));
	json_emit_member(&writer, "capture", capture_json(&writer, profile));
	if (profile->cost.known)
		json_emit_member(&writer, "cost", cost_json(&writer, profile));
	json_emit_member(&writer, "totals", profile_totals_json(&writer, profile));
	emit_rates(&writer, profile);
	json_emit_member(&writer, "integrity", profile_integrity_json(&writer, profile));
	emit_timeline(&writer, profile);
	emit_objects(&writer, profile);
	emit_frames(&writer, profile);
	emit_stacks(&writer, profile);
	emit_threads(&writer, profile);
	emit_merged(&writer, profile);
	json_emit(&writer, "}\n");
	return writer.result;
}
