// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The profile file, written piece by piece: each object, frame and stack is one cJSON
 * tree and one line, so memory stays flat and the file can be read with grep and diff.
 *
 * cJSON keeps numbers as doubles; integers are given to it as text, so that they stay
 * exact and never become 1e+15. What does not change from snapshot to snapshot (a
 * frame, a stack's frame list) is rendered once.
 *
 * The first error stays in the writer and whoever called looks once, at the end: a
 * document with a member missing for want of memory must not pass for a whole one. */
#include "profile_internal.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	FILE *out;
	int result; /* 0, or the first error */
};

static void fail(struct writer *writer, int code)
{
	if (!writer->result)
		writer->result = code;
}

static void emit(struct writer *writer, const char *text)
{
	errno = 0;
	if (!writer->result && fputs(text, writer->out) == EOF)
		fail(writer, errno ? -errno : -EIO);
}

/* Takes item. The name is a literal: it is not copied. */
static void add(struct writer *writer, cJSON *object, const char *name, cJSON *item)
{
	if (item && cJSON_AddItemToObjectCS(object, name, item))
		return;
	cJSON_Delete(item);
	fail(writer, -ENOMEM);
}

static void append(struct writer *writer, cJSON *array, cJSON *item)
{
	if (item && cJSON_AddItemToArray(array, item))
		return;
	cJSON_Delete(item);
	fail(writer, -ENOMEM);
}

static void add_number(struct writer *writer, cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	add(writer, object, name, cJSON_CreateRaw(text));
}

static void add_numbers(struct writer *writer, const struct profile *profile, cJSON *object,
			const struct number_field *fields, void *base)
{
	for (; fields->name; fields++)
		if (profile_knows(profile, fields->needs))
			add_number(writer, object, fields->name, *number_at(base, fields));
}

static void add_hex(struct writer *writer, cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	add(writer, object, name, cJSON_CreateString(text));
}

/* Paths and names are the target's: what is no UTF-8 becomes U+FFFD, for a document
 * that is not UTF-8 is no JSON. */
static cJSON *clean_string(const char *value)
{
	char *clean = malloc(3 * strlen(value) + 1), *to = clean;
	if (!clean)
		return NULL;
	while (*value) {
		size_t length = profile_utf8_length(value);
		memcpy(to, length ? value : "\xef\xbf\xbd", length ? length : 3);
		to += length ? length : 3;
		value += length ? length : 1;
	}
	*to = '\0';
	cJSON *string = cJSON_CreateString(clean);
	free(clean);
	return string;
}

/* NULL, what is not known, is absent. */
static void add_string(struct writer *writer, cJSON *object, const char *name, const char *value)
{
	if (value)
		add(writer, object, name, clean_string(value));
}

/* The text of json, which it takes; NULL after an error. */
static char *render(struct writer *writer, cJSON *json)
{
	char *text = json && !writer->result ? cJSON_PrintUnformatted(json) : NULL;
	cJSON_Delete(json);
	if (!text)
		fail(writer, -ENOMEM);
	return text;
}

static void emit_json(struct writer *writer, cJSON *json)
{
	char *text = render(writer, json);
	if (text)
		emit(writer, text);
	free(text);
}

static void emit_member(struct writer *writer, const char *name, cJSON *json)
{
	char key[40];
	snprintf(key, sizeof(key), ",\n\"%s\":", name);
	emit(writer, key);
	emit_json(writer, json);
}

static cJSON *tool_json(struct writer *writer)
{
	cJSON *json = cJSON_CreateObject();
	add_string(writer, json, "name", "captrack-bpf");
	add_string(writer, json, "version", CT_VERSION);
	return json;
}

static cJSON *target_json(struct writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	add_number(writer, json, "pid", (uint64_t)profile->target.pid);
	add_number(writer, json, "ppid", (uint64_t)profile->target.ppid);
	add_string(writer, json, "exe", profile->target.exe);
	add_string(writer, json, "command", profile->target.command);
	add_string(writer, json, "build_id", profile->target.build_id);
	add_number(writer, json, "start_ms", profile->target.start_ms);
	add_string(writer, json, "attached", profile->target.attached_running ? "running" : "start");
	if (profile->target.has_exit_status)
		add_number(writer, json, "exit_status", (uint64_t)profile->target.exit_status);
	if (profile->target.has_signal)
		add_number(writer, json, "signal", (uint64_t)profile->target.signal);
	return json;
}

static cJSON *host_json(struct writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	add_string(writer, json, "kernel", profile->host.kernel);
	add_string(writer, json, "arch", profile->host.arch);
	add_number(writer, json, "cpus", profile->host.cpus);
	add_number(writer, json, "page_size", profile->host.page_size);
	return json;
}

static cJSON *probes_json(struct writer *writer, const struct profile *profile)
{
	cJSON *array = cJSON_CreateArray();
	for (size_t i = 0; i < profile->capture.n_probes; i++) {
		const struct profile_probe *probe = &profile->capture.probes[i];
		cJSON *item = cJSON_CreateObject();
		add_string(writer, item, "function", probe->function);
		add_number(writer, item, "object", probe->object);
		add_hex(writer, item, "site_offset", probe->site_offset);
		add_string(writer, item, "kind", probe->kind);
		add(writer, item, "emulated", cJSON_CreateBool(probe->emulated));
		append(writer, array, item);
	}
	return array;
}

static cJSON *capture_json(struct writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject(), *allocators = cJSON_CreateArray();
	if (profile->capture.allocator)
		append(writer, allocators, clean_string(profile->capture.allocator));
	add_string(writer, json, "mode", profile->capture.sample_bytes ? "sampled" : "exact");
	if (profile->capture.sample_bytes)
		add_number(writer, json, "sample_bytes", profile->capture.sample_bytes);
	if (profile->capture.allocs_only)
		add(writer, json, "allocs_only", cJSON_CreateTrue());
	add_number(writer, json, "interval_ms", profile->capture.interval_ms);
	if (profile->capture.interval_stretched)
		add(writer, json, "interval_stretched", cJSON_CreateTrue());
	add_number(writer, json, "start_ms", profile->capture.start_ms);
	add_number(writer, json, "duration_ms", profile->capture.duration_ms);
	add_number(writer, json, "snapshots", profile->capture.snapshots);
	add(writer, json, "allocators", allocators);
	add(writer, json, "probes", probes_json(writer, profile));
	return json;
}

static cJSON *totals_json(struct writer *writer, struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	add_numbers(writer, profile, json, profile_totals_numbers, profile);
	return json;
}

static cJSON *integrity_json(struct writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		if (profile_knows_integrity(profile, (enum profile_integrity)i))
			add_number(writer, json, profile_integrity_name((enum profile_integrity)i),
				   profile->integrity[i]);
	return json;
}

static cJSON *cost_json(struct writer *writer, const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	add_number(writer, json, "events", profile->cost.events);
	if (profile->cost.has_program_ns)
		add_number(writer, json, "program_ns", profile->cost.program_ns);
	if (profile->cost.has_trap_ns)
		add_number(writer, json, "trap_ns", profile->cost.trap_ns);
	if (profile->cost.slowdown > 0) {
		char text[32];
		snprintf(text, sizeof(text), "%.3f", profile->cost.slowdown);
		add(writer, json, "slowdown", cJSON_CreateRaw(text));
		if (profile->cost.traps_only)
			add(writer, json, "traps_only", cJSON_CreateTrue());
	}
	return json;
}

static cJSON *object_json(struct writer *writer, const struct profile_object *object)
{
	cJSON *json = cJSON_CreateObject();
	add_string(writer, json, "path", object->path);
	add_string(writer, json, "build_id", object->build_id);
	return json;
}

static void add_place(struct writer *writer, cJSON *json, const char *file, uint32_t line, uint32_t column)
{
	add_string(writer, json, "file", file);
	if (line)
		add_number(writer, json, "line", line);
	if (column)
		add_number(writer, json, "column", column);
}

static cJSON *inlined_json(struct writer *writer, const struct profile_frame *frame)
{
	cJSON *array = cJSON_CreateArray();
	for (size_t i = 0; i < frame->n_inlined; i++) {
		const struct profile_inline *call = &frame->inlined[i];
		cJSON *item = cJSON_CreateObject();
		add_string(writer, item, "function", call->function);
		add_place(writer, item, call->file, call->line, call->column);
		append(writer, array, item);
	}
	return array;
}

static char *render_frame(struct writer *writer, const struct profile_frame *frame)
{
	cJSON *json = cJSON_CreateObject();
	add_number(writer, json, "object", frame->object);
	add_hex(writer, json, "offset", frame->offset);
	add_string(writer, json, "function", frame->function);
	if (frame->has_symbol_offset)
		add_number(writer, json, "symbol_offset", frame->symbol_offset);
	add_place(writer, json, frame->file, frame->line, frame->column);
	if (frame->n_inlined)
		add(writer, json, "inlined", inlined_json(writer, frame));
	return render(writer, json);
}

static char *render_frame_list(struct writer *writer, const struct profile_stack *stack)
{
	char *text = malloc(12 * (size_t)stack->n_frames + 3), *to = text;
	if (!text) {
		fail(writer, -ENOMEM);
		return NULL;
	}
	*to++ = '[';
	for (uint32_t i = 0; i < stack->n_frames; i++)
		to += sprintf(to, "%s%" PRIu32, i ? "," : "", stack->frames[i]);
	*to++ = ']';
	*to = '\0';
	return text;
}

/* What of a stack's line stays as it is from snapshot to snapshot: {"frames":[1,2] and so on. */
static char *render_stack(struct writer *writer, const struct profile_stack *stack)
{
	cJSON *json = cJSON_CreateObject();
	char *frames = render_frame_list(writer, stack), word[32];
	if (frames)
		add(writer, json, "frames", cJSON_CreateRaw(frames));
	free(frames);
	if (stack->truncated)
		add(writer, json, "truncated", cJSON_CreateTrue());
	if (stack->truncated && profile_is_reason(stack->why)) {
		profile_reason_word(stack->why, word);
		add(writer, json, "end", cJSON_CreateString(word));
	}
	char *text = render(writer, json);
	if (text)
		text[strlen(text) - 1] = '\0'; /* the numbers follow */
	return text;
}

/* ,"name":value -- by hand: ten thousand stacks have these each half second, and printf and
 * a tree of nodes took most of what the loader does. Returns the end. */
static char *put_number(char *to, const char *name, uint64_t value)
{
	char digits[20];
	size_t count = 0;
	*to++ = ',';
	*to++ = '"';
	to = stpcpy(to, name);
	*to++ = '"';
	*to++ = ':';
	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		*to++ = digits[--count];
	return to;
}

static void emit_stack(struct writer *writer, const struct profile *profile, struct profile_stack *stack)
{
	char numbers[1024], *to = numbers;
	if (!stack->rendered)
		stack->rendered = render_stack(writer, stack);
	if (!stack->rendered)
		return;
	for (const struct number_field *field = profile_stack_numbers; field->name; field++)
		if (profile_knows(profile, field->needs) && to < numbers + sizeof(numbers) - 64)
			to = put_number(to, field->name, *number_at(&stack->counts, field));
	strcpy(to, "}");
	emit(writer, stack->rendered);
	emit(writer, numbers);
}

/* qsort is not stable: what is equal stays in the profile's order by its address. */
static int by_allocated(const void *a, const void *b)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	uint64_t x = first->counts.allocated_bytes, y = second->counts.allocated_bytes;
	if (x != y)
		return x < y ? 1 : -1;
	return first < second ? -1 : first > second;
}

static int by_at_peak(const void *a, const void *b)
{
	const struct profile_stack *first = *(struct profile_stack *const *)a;
	const struct profile_stack *second = *(struct profile_stack *const *)b;
	const struct profile_counts *x = &first->counts, *y = &second->counts;
	if (x->at_peak_bytes != y->at_peak_bytes)
		return x->at_peak_bytes < y->at_peak_bytes ? 1 : -1;
	if (x->live_bytes != y->live_bytes)
		return x->live_bytes < y->live_bytes ? 1 : -1;
	return by_allocated(a, b);
}

static void emit_stacks(struct writer *writer, struct profile *profile)
{
	struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!sorted) {
		fail(writer, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort(sorted, profile->n_stacks, sizeof(struct profile_stack *),
	      profile_knows(profile, PROFILE_NEEDS_FREES) ? by_at_peak : by_allocated);
	emit(writer, ",\n\"stacks\":[");
	for (size_t i = 0; i < profile->n_stacks && !writer->result; i++) {
		emit(writer, i ? ",\n" : "\n");
		emit_stack(writer, profile, sorted[i]);
	}
	emit(writer, "]");
	free(sorted);
}

static void emit_objects(struct writer *writer, const struct profile *profile)
{
	emit(writer, ",\n\"objects\":[");
	for (size_t i = 0; i < profile->n_objects && !writer->result; i++) {
		emit(writer, i ? ",\n" : "\n");
		emit_json(writer, object_json(writer, &profile->objects[i]));
	}
	emit(writer, "]");
}

static void emit_frames(struct writer *writer, struct profile *profile)
{
	emit(writer, ",\n\"frames\":[");
	for (size_t i = 0; i < profile->n_frames && !writer->result; i++) {
		struct profile_frame *frame = &profile->frames[i];
		if (!frame->rendered)
			frame->rendered = render_frame(writer, frame);
		emit(writer, i ? ",\n" : "\n");
		if (frame->rendered)
			emit(writer, frame->rendered);
	}
	emit(writer, "]");
}

int profile_write_json(struct profile *profile, FILE *out)
{
	static const char *const reasons[] = {
		[PROFILE_INTERVAL] = "interval",
		[PROFILE_EXIT] = "exit",
		[PROFILE_DETACH] = "detach",
		[PROFILE_SIGNAL] = "signal",
	};
	struct writer writer = {.out = out};
	_Static_assert(CT_PROFILE_VERSION == 1, "the version stands in the text below");
	emit(&writer, "{\"version\":1");
	emit_member(&writer, "tool", tool_json(&writer));
	emit(&writer,
	     profile->state == PROFILE_FINAL ? ",\n\"state\":\"final\"" : ",\n\"state\":\"running\"");
	emit_member(&writer, "reason", cJSON_CreateString(reasons[profile->reason]));
	emit_member(&writer, "target", target_json(&writer, profile));
	emit_member(&writer, "host", host_json(&writer, profile));
	emit_member(&writer, "capture", capture_json(&writer, profile));
	if (profile->cost.known)
		emit_member(&writer, "cost", cost_json(&writer, profile));
	emit_member(&writer, "totals", totals_json(&writer, profile));
	emit_member(&writer, "integrity", integrity_json(&writer, profile));
	emit_objects(&writer, profile);
	emit_frames(&writer, profile);
	emit_stacks(&writer, profile);
	emit(&writer, "}\n");
	return writer.result;
}
