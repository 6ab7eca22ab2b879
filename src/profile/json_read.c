// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A profile file back into the model. The file may be anybody's: every type, number
 * and index is checked, an error names its place and repeats no text of the file, for
 * that may steer a terminal. Nothing is read after the first error. Single values are
 * json_reader.c's, stacks json_read_stacks.c's, time and threads json_read_activity.c's.
 *
 * All of the document is parsed once, which tells that it is JSON and where its members stand. Then
 * each is parsed in the order that the references between them ask for, a list element by element:
 * the values of a large document at once would take many times its size. */
#include "json_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint32_t read_object_index(struct reader *reader, const struct json *item)
{
	return read_index(reader, item, "object", "object", reader->profile->n_objects);
}

/* Before a member is read, or found missing. `path` is its name with its place. */
static void expect(struct reader *reader, const struct json *object, const char *path)
{
	const char *dot = strrchr(path, '.');
	if (!reader->profile->lacks && !member(reader, object, dot ? dot + 1 : path) && !reader->result)
		reader->profile->lacks = path;
}

static void read_target(struct reader *reader, const struct json *target)
{
	static const char *const attached[] = {"start", "running", NULL};
	struct profile *profile = reader->profile;
	profile->target.pid = (int)read_number(reader, target, "pid", INT32_MAX);
	profile->target.ppid = (int)read_number(reader, target, "ppid", INT32_MAX);
	profile->target.exe = read_string(reader, target, "exe");
	profile->target.command = read_string(reader, target, "command");
	profile->target.build_id = read_string(reader, target, "build_id");
	profile->target.start_ms = read_number(reader, target, "start_ms", UINT64_MAX);
	expect(reader, target, "target.attached");
	profile->target.attached_running = read_word(reader, target, "attached", attached) == 1;
	profile->target.has_exit_status = member(reader, target, "exit_status");
	profile->target.exit_status = (int)read_number(reader, target, "exit_status", 255);
	profile->target.has_signal = member(reader, target, "signal");
	profile->target.signal = (int)read_number(reader, target, "signal", 127);
}

static void read_host(struct reader *reader, const struct json *host)
{
	struct profile *profile = reader->profile;
	profile->host.kernel = read_string(reader, host, "kernel");
	profile->host.arch = read_string(reader, host, "arch");
	profile->host.cpus = (uint32_t)read_number(reader, host, "cpus", UINT32_MAX);
	profile->host.page_size = (uint32_t)read_number(reader, host, "page_size", UINT32_MAX);
}

static void read_probes(struct reader *reader, const struct json *capture)
{
	static const char *const kinds[] = {"entry", "return", "session", NULL};
	struct profile *profile = reader->profile;
	const struct json *probes = read_array(reader, capture, "probes"), *item;
	profile->capture.probes = room_for(reader, probes, sizeof(*profile->capture.probes));
	JSON_EACH(item, probes)
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

/* All in one text: a merged profile may have several. */
static void read_allocators(struct reader *reader, const struct json *capture)
{
	const struct json *array = read_array(reader, capture, "allocators"), *item;
	char *names = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&names, &length);
	int64_t index = 0;
	if (!out) {
		no_memory(reader);
		return;
	}
	JSON_EACH(item, array)
	{
		in_list(reader, "allocators", index);
		char *name = to_string(reader, "", item);
		if (name)
			fprintf(out, "%s%s", index++ ? ", " : "", name);
		free(name);
	}
	out_again(reader);
	if (fclose(out))
		no_memory(reader);
	if (length)
		reader->profile->capture.allocator = names;
	else
		free(names);
}

static void read_capture(struct reader *reader, const struct json *capture)
{
	/* A mode of a later version must not be shown as one of these, so it is an error. */
	static const char *const modes[] = {"exact", "sampled", NULL};
	struct profile *profile = reader->profile;
	expect(reader, capture, "capture.mode");
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
	read_allocators(reader, capture);
	read_probes(reader, capture);
}

static void read_cost(struct reader *reader, const struct json *cost)
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

static void read_totals(struct reader *reader, const struct json *totals)
{
	struct profile *profile = reader->profile;
	expect(reader, totals, "totals.allocs");
	if (profile_knows(profile, PROFILE_NEEDS_FREES)) {
		expect(reader, totals, "totals.live_bytes");
		expect(reader, totals, "totals.peak_bytes");
	}
	read_numbers(reader, totals, profile_totals_numbers, profile);
	profile->totals.at_peak_bytes = profile->totals.peak_bytes;
	profile->totals.at_peak_allocs = profile->peak_allocs;
}

static void read_integrity(struct reader *reader, const struct json *integrity)
{
	/* Of the counters that a later version may not have, or an earlier one had not, those that it all
	 * hangs on. */
	expect(reader, integrity, "integrity.dropped_events");
	if (profile_knows(reader->profile, PROFILE_NEEDS_FREES))
		expect(reader, integrity, "integrity.dropped_blocks");
	expect(reader, integrity, "integrity.dropped_stacks");
	for (int i = 0; i < INTEGRITY_COUNT; i++) {
		const char *name = profile_integrity_name((enum profile_integrity)i);
		if (profile_knows_integrity(reader->profile, (enum profile_integrity)i))
			reader->profile->integrity[i] = read_number(reader, integrity, name, UINT64_MAX);
	}
}

static void read_file_object(struct reader *reader, const struct json *item)
{
	struct profile *profile = reader->profile;
	int64_t index = profile_add_object(profile);
	struct profile_object *object = added(reader, index, profile->objects, sizeof(*object));
	if (!object)
		return;
	object->path = read_string(reader, item, "path");
	object->build_id = read_string(reader, item, "build_id");
}

static void read_inlined(struct reader *reader, const struct json *object, struct profile_frame *frame)
{
	const struct json *inlined = read_array(reader, object, "inlined"), *item;
	if (!is_at_most(reader, "inlined", inlined, PROFILE_MOST_INLINED, "functions"))
		return;
	frame->inlined = room_for(reader, inlined, sizeof(*frame->inlined));
	JSON_EACH(item, inlined)
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

static void read_frame(struct reader *reader, const struct json *item)
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

/* All of the value that the parser stands at; NULL after an error. */
static const struct json *parse_whole(struct reader *reader, struct json_parser *parser)
{
	int result = json_parse(parser, JSON_MOST_DEPTH);
	if (result == -E2BIG)
		wrong(reader, "", "more than %d values", JSON_MOST_VALUES);
	else if (result)
		no_memory(reader);
	return reader->result ? NULL : parser->values;
}

static void read_member(struct reader *reader, const struct json *root, const char *name, read_part *read)
{
	struct json_parser parser;
	at(reader, "", NO_INDEX);
	const struct json *object = read_object(reader, root, name);
	at(reader, name, NO_INDEX);
	if (!object)
		return;
	json_begin(&parser, object->text.at, object->text.length);
	object = parse_whole(reader, &parser);
	if (object)
		read(reader, object);
	json_end(&parser);
}

static void read_list(struct reader *reader, const struct json *root, const char *name, read_part *read)
{
	struct json_parser parser;
	at(reader, "", NO_INDEX);
	const struct json *array = read_array(reader, root, name);
	if (!array || !is_at_most(reader, name, array, PROFILE_MOST_ELEMENTS, "elements"))
		return;
	json_begin(&parser, array->text.at, array->text.length);
	for (int64_t index = 0; !reader->result && json_next_element(&parser); index++) {
		at(reader, name, index);
		const struct json *item = parse_whole(reader, &parser);
		if (item && is_object(reader, item))
			read(reader, item);
	}
	json_end(&parser);
}

/* Before all else: another version may mean other things by the same names. */
static void check_version(struct reader *reader, const struct json *root)
{
	const struct json *version = root->type == JSON_OBJECT ? member(reader, root, "version") : NULL;
	double number = version && version->type == JSON_NUMBER ? json_double(&version->text) : 0;
	if (!version || version->type != JSON_NUMBER)
		reader->result = ct_fail(reader->err, -EINVAL,
					 "not a profile of captrack-bpf: it has no version number");
	else if (number != CT_PROFILE_VERSION)
		reader->result = ct_fail(reader->err, -EINVAL,
					 "profile version %g is not known to this captrack-bpf "
					 "(it knows %d): use the captrack-bpf that wrote it, or a newer one",
					 number, CT_PROFILE_VERSION);
}

static void read_root(struct reader *reader, const struct json *root)
{
	static const char *const states[] = {"running", "final", NULL};
	static const char *const reasons[] = {"interval", "exit", "detach", "signal", NULL};
	static const char *const parts[] = {"target", "capture", "totals", "integrity", "stacks"};
	at(reader, "", NO_INDEX);
	check_version(reader, root);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		expect(reader, root, parts[i]);
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
	read_list(reader, root, "merged", read_process);
	read_member(reader, root, "target", read_target);
	read_member(reader, root, "host", read_host);
	read_member(reader, root, "cost", read_cost);
	read_member(reader, root, "totals", read_totals);
	read_member(reader, root, "integrity", read_integrity);
}

/* What is wrong at a byte that is no JSON, by line as editors count. */
static int not_json(const char *text, size_t length, size_t at_byte, const char *what, struct ct_error *err)
{
	size_t line = 1;
	if (!length)
		return ct_fail(err, -EINVAL, "it is empty");
	for (size_t i = 0; i < at_byte && i < length; i++)
		line += text[i] == '\n';
	if (at_byte + 1 >= length)
		return ct_fail(err, -EINVAL, "not JSON: it ends too early, in line %zu", line);
	return ct_fail(err, -EINVAL, "not JSON: %s in line %zu, byte %zu", what, line, at_byte);
}

/* The whole document, of which the root's own members are kept. */
static int parse_document(struct json_parser *parser, const char *text, size_t length, struct ct_error *err)
{
	int result = json_parse(parser, 1);
	size_t at_byte = (size_t)(parser->at - text);
	if (result == -ENOMEM)
		return ct_fail(err, result, "out of memory");
	if (result == -E2BIG)
		return ct_fail(err, -EINVAL, "more than %d members", JSON_MOST_VALUES);
	if (result)
		return not_json(text, length, at_byte, result == -ELOOP ? "nested too deep" : "error", err);
	json_skip_space(parser);
	if (parser->at < parser->end)
		return ct_fail(err, -EINVAL, "more text after the end of the document, at byte %td",
			       parser->at - text);
	return 0;
}

int profile_read_json(const char *text, size_t length, struct profile *profile, struct ct_error *err)
{
	struct reader reader = {.profile = profile, .err = err};
	struct json_parser parser;
	memset(profile, 0, sizeof(*profile));
	if (length > PROFILE_MOST_BYTES)
		return ct_fail(err, -EFBIG, "larger than a profile may be (1 GiB)");
	const char *nul = length ? memchr(text, '\0', length) : NULL;
	if (nul)
		return not_json(text, length, (size_t)(nul - text), "a NUL", err);
	json_begin(&parser, text, length);
	if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* some editors put a mark at the start */
		parser.at += 3;
	reader.result = parse_document(&parser, text, length, err);
	if (!reader.result)
		read_root(&reader, parser.values);
	json_end(&parser);
	if (reader.result)
		profile_deinit(profile);
	return reader.result;
}
