// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A profile file back into the model. The file may be anybody's: every type, number
 * and index is checked, an error names its place and repeats no text of the file, for
 * that may steer a terminal. Nothing is read after the first error. Single values are
 * json_reader.c's, stacks json_read_stacks.c's, time and threads json_read_activity.c's.
 *
 * cJSON parses; it bounds nesting to 1000. It keeps numbers as doubles, so integers
 * above 2^53 are read to 53 bits: 9 PB of memory, more than a process has. */
#include "json_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint32_t read_object_index(struct reader *reader, const cJSON *item)
{
	return read_index(reader, item, "object", "object", reader->profile->n_objects);
}

static void read_target(struct reader *reader, const cJSON *target)
{
	static const char *const attached[] = {"start", "running", NULL};
	struct profile *profile = reader->profile;
	profile->target.pid = (int)read_number(reader, target, "pid", INT32_MAX);
	profile->target.ppid = (int)read_number(reader, target, "ppid", INT32_MAX);
	profile->target.exe = read_string(reader, target, "exe");
	profile->target.command = read_string(reader, target, "command");
	profile->target.build_id = read_string(reader, target, "build_id");
	profile->target.start_ms = read_number(reader, target, "start_ms", UINT64_MAX);
	profile->target.attached_running = read_word(reader, target, "attached", attached) == 1;
	profile->target.has_exit_status = member(reader, target, "exit_status");
	profile->target.exit_status = (int)read_number(reader, target, "exit_status", 255);
	profile->target.has_signal = member(reader, target, "signal");
	profile->target.signal = (int)read_number(reader, target, "signal", 127);
}

static void read_host(struct reader *reader, const cJSON *host)
{
	struct profile *profile = reader->profile;
	profile->host.kernel = read_string(reader, host, "kernel");
	profile->host.arch = read_string(reader, host, "arch");
	profile->host.cpus = (uint32_t)read_number(reader, host, "cpus", UINT32_MAX);
	profile->host.page_size = (uint32_t)read_number(reader, host, "page_size", UINT32_MAX);
}

static void read_probes(struct reader *reader, const cJSON *capture)
{
	static const char *const kinds[] = {"entry", "return", "session", NULL};
	struct profile *profile = reader->profile;
	const cJSON *probes = read_array(reader, capture, "probes"), *item;
	profile->capture.probes = room_for(reader, probes, sizeof(*profile->capture.probes));
	cJSON_ArrayForEach(item, probes)
	{
		in_list(reader, "probes", (int64_t)profile->capture.n_probes);
		if (!is_object(reader, item))
			return;
		struct profile_probe *probe = &profile->capture.probes[profile->capture.n_probes++];
		probe->function = read_string(reader, item, "function");
		probe->object = read_object_index(reader, item);
		probe->site_offset = read_hex(reader, item, "site_offset");
		probe->kind = kinds[read_word(reader, item, "kind", kinds)];
		probe->emulated = read_flag(reader, item, "emulated");
	}
}

static void read_capture(struct reader *reader, const cJSON *capture)
{
	/* A mode of a later version must not be shown as one of these, so it is an error. */
	static const char *const modes[] = {"exact", "sampled", NULL};
	struct profile *profile = reader->profile;
	if (read_word(reader, capture, "mode", modes) == 1) {
		profile->capture.sample_bytes = read_number(reader, capture, "sample_bytes", UINT64_MAX);
		if (!profile->capture.sample_bytes)
			wrong(reader, "sample_bytes", "missing, or 0: a sampled profile says it");
	}
	profile->capture.allocs_only = read_flag(reader, capture, "allocs_only");
	profile->capture.no_details = read_flag(reader, capture, "no_details");
	profile->capture.free_stacks = read_flag(reader, capture, "free_stacks");
	profile->capture.by_thread = read_flag(reader, capture, "by_thread");
	profile->capture.interval_ms = read_number(reader, capture, "interval_ms", UINT64_MAX);
	profile->capture.interval_stretched = read_flag(reader, capture, "interval_stretched");
	profile->capture.start_ms = read_number(reader, capture, "start_ms", UINT64_MAX);
	profile->capture.duration_ms = read_number(reader, capture, "duration_ms", UINT64_MAX);
	profile->capture.snapshots = read_number(reader, capture, "snapshots", UINT64_MAX);
	const cJSON *allocators = read_array(reader, capture, "allocators");
	const cJSON *first = allocators ? allocators->child : NULL; /* this version has one at most */
	if (first && !cJSON_IsString(first))
		wrong(reader, "allocators[0]", "not a string");
	else if (first && !(profile->capture.allocator = strdup(first->valuestring)))
		no_memory(reader);
	read_probes(reader, capture);
}

static void read_cost(struct reader *reader, const cJSON *cost)
{
	struct profile *profile = reader->profile;
	profile->cost.known = true;
	profile->cost.events = read_number(reader, cost, "events", UINT64_MAX);
	profile->cost.has_program_ns = member(reader, cost, "program_ns");
	profile->cost.program_ns = read_number(reader, cost, "program_ns", UINT64_MAX);
	profile->cost.has_trap_ns = member(reader, cost, "trap_ns");
	profile->cost.trap_ns = read_number(reader, cost, "trap_ns", UINT64_MAX);
	profile->cost.slowdown = read_factor(reader, cost, "slowdown");
	profile->cost.traps_only = read_flag(reader, cost, "traps_only");
}

static void read_totals(struct reader *reader, const cJSON *totals)
{
	struct profile *profile = reader->profile;
	read_numbers(reader, totals, profile_totals_numbers, profile);
	profile->totals.at_peak_bytes = profile->totals.peak_bytes;
	profile->totals.at_peak_allocs = profile->peak_allocs;
}

static void read_integrity(struct reader *reader, const cJSON *integrity)
{
	for (int i = 0; i < INTEGRITY_COUNT; i++) {
		const char *name = profile_integrity_name((enum profile_integrity)i);
		if (profile_knows_integrity(reader->profile, (enum profile_integrity)i))
			reader->profile->integrity[i] = read_number(reader, integrity, name, UINT64_MAX);
	}
}

static void read_file_object(struct reader *reader, const cJSON *item)
{
	struct profile *profile = reader->profile;
	int64_t index = profile_add_object(profile);
	struct profile_object *object = added(reader, index, profile->objects, sizeof(*object));
	if (!object)
		return;
	object->path = read_string(reader, item, "path");
	object->build_id = read_string(reader, item, "build_id");
}

static void read_inlined(struct reader *reader, const cJSON *object, struct profile_frame *frame)
{
	const cJSON *inlined = read_array(reader, object, "inlined"), *item;
	frame->inlined = room_for(reader, inlined, sizeof(*frame->inlined));
	cJSON_ArrayForEach(item, inlined)
	{
		in_list(reader, "inlined", (int64_t)frame->n_inlined);
		if (!is_object(reader, item))
			return;
		struct profile_inline *call = &frame->inlined[frame->n_inlined++];
		call->function = read_string(reader, item, "function");
		call->file = read_string(reader, item, "file");
		call->line = (uint32_t)read_number(reader, item, "line", UINT32_MAX);
		call->column = (uint32_t)read_number(reader, item, "column", UINT32_MAX);
	}
}

static void read_frame(struct reader *reader, const cJSON *item)
{
	struct profile *profile = reader->profile;
	int64_t index = profile_add_frame(profile);
	struct profile_frame *frame = added(reader, index, profile->frames, sizeof(*frame));
	if (!frame)
		return;
	frame->object = read_object_index(reader, item);
	frame->offset = read_hex(reader, item, "offset");
	frame->function = read_string(reader, item, "function");
	frame->file = read_string(reader, item, "file");
	frame->line = (uint32_t)read_number(reader, item, "line", UINT32_MAX);
	frame->column = (uint32_t)read_number(reader, item, "column", UINT32_MAX);
	frame->has_symbol_offset = member(reader, item, "symbol_offset");
	frame->symbol_offset = read_number(reader, item, "symbol_offset", UINT64_MAX);
	read_inlined(reader, item, frame);
}

static void read_member(struct reader *reader, const cJSON *root, const char *name, read_part *read)
{
	at(reader, "", NO_INDEX);
	const cJSON *object = read_object(reader, root, name);
	at(reader, name, NO_INDEX);
	if (object)
		read(reader, object);
}

static void read_list(struct reader *reader, const cJSON *root, const char *name, read_part *read)
{
	at(reader, "", NO_INDEX);
	const cJSON *array = read_array(reader, root, name), *item;
	int64_t index = 0;
	cJSON_ArrayForEach(item, array)
	{
		at(reader, name, index++);
		if (!is_object(reader, item))
			return;
		read(reader, item);
	}
}

/* Before all else: another version may mean other things by the same names. */
static void check_version(struct reader *reader, const cJSON *root)
{
	const cJSON *version = cJSON_GetObjectItemCaseSensitive(root, "version");
	if (!cJSON_IsObject(root) || !cJSON_IsNumber(version))
		reader->result = ct_fail(reader->err, -EINVAL,
					 "not a profile of captrack-bpf: it has no version number");
	else if (version->valuedouble != CT_PROFILE_VERSION)
		reader->result = ct_fail(reader->err, -EINVAL,
					 "profile version %g is not known to this captrack-bpf "
					 "(it knows %d): use the captrack-bpf that wrote it, or a newer one",
					 version->valuedouble, CT_PROFILE_VERSION);
}

static void read_root(struct reader *reader, const cJSON *root)
{
	static const char *const states[] = {"running", "final", NULL};
	static const char *const reasons[] = {"interval", "exit", "detach", "signal", NULL};
	at(reader, "", NO_INDEX);
	check_version(reader, root);
	reader->profile->state = (enum profile_state)read_word(reader, root, "state", states);
	reader->profile->reason = (enum profile_reason)read_word(reader, root, "reason", reasons);
	/* In the order of their references to each other; and the capture's mode says which
	 * figures there are. */
	read_list(reader, root, "objects", read_file_object);
	read_member(reader, root, "capture", read_capture);
	read_list(reader, root, "frames", read_frame);
	if (profile_knows(reader->profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL))
		read_list(reader, root, "free_stacks", read_free_stack);
	read_list(reader, root, "threads", read_thread);
	read_list(reader, root, "stacks", read_stack);
	if (profile_knows(reader->profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL))
		read_list(reader, root, "double_frees", read_double_free);
	read_list(reader, root, "timeline", read_point);
	sort_timeline(reader->profile);
	read_member(reader, root, "target", read_target);
	read_member(reader, root, "host", read_host);
	read_member(reader, root, "cost", read_cost);
	read_member(reader, root, "totals", read_totals);
	read_member(reader, root, "integrity", read_integrity);
}

/* What is wrong at a byte that is no JSON, by line as editors count. */
static int not_json(const char *text, size_t length, size_t at_byte, struct ct_error *err)
{
	size_t line = 1;
	if (!length)
		return ct_fail(err, -EINVAL, "it is empty");
	for (size_t i = 0; i < at_byte && i < length; i++)
		line += text[i] == '\n';
	if (at_byte + 1 >= length)
		return ct_fail(err, -EINVAL, "not JSON: it ends too early, in line %zu", line);
	return ct_fail(err, -EINVAL, "not JSON: error in line %zu, byte %zu", line, at_byte);
}

int profile_read_json(const char *text, size_t length, struct profile *profile, struct ct_error *err)
{
	struct reader reader = {.profile = profile, .err = err};
	const char *end = text, *nul = length ? memchr(text, '\0', length) : NULL;
	memset(profile, 0, sizeof(*profile));
	if (nul) /* cJSON would take it for the end of a string */
		return not_json(text, length, (size_t)(nul - text), err);
	cJSON *root = length ? cJSON_ParseWithLengthOpts(text, length, &end, false) : NULL;
	if (!root)
		return not_json(text, length, (size_t)(end - text), err);
	while (end < text + length && strchr(" \t\r\n", *end))
		end++;
	if (end < text + length)
		reader.result = ct_fail(err, -EINVAL, "more text after the end of the document, at byte %td",
					end - text);
	else
		read_root(&reader, root);
	cJSON_Delete(root);
	if (reader.result)
		profile_deinit(profile);
	return reader.result;
}
