// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A profile file back into the model. The file is somebody else's: every type, number
 * and index is checked, and an error names its place. cJSON parses (its nesting is
 * bounded); it keeps numbers as doubles, so integers above 2^53 are not exact here. */
#include "captrack/profile.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 1 << 30, MAX_STACK_FRAMES = 1 << 20 };

struct reader {
	struct profile *profile;
	struct ct_error *err;
	char place[128]; /* of the part being read: "stacks[3]" */
	int result;      /* the first error; nothing is read after it */
};

static void __attribute__((format(printf, 3, 4)))
wrong(struct reader *reader, const char *field, const char *format, ...)
{
	char what[256];
	va_list args;
	if (reader->result)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	reader->result = ct_fail(reader->err, -EINVAL, "%s%s%s: %s", reader->place,
				 *reader->place && *field && *field != '[' ? "." : "", field, what);
}

static void __attribute__((format(printf, 2, 3))) at(struct reader *reader, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(reader->place, sizeof(reader->place), format, args);
	va_end(args);
}

static void no_memory(struct reader *reader)
{
	if (!reader->result)
		reader->result = ct_fail(reader->err, -ENOMEM, "out of memory");
}

/* A member of an object; NULL where it is missing, or after an error. */
static const cJSON *member(struct reader *reader, const cJSON *object, const char *name)
{
	return reader->result ? NULL : cJSON_GetObjectItemCaseSensitive(object, name);
}

static uint64_t to_number(struct reader *reader, const char *field, const cJSON *item, uint64_t max)
{
	if (!cJSON_IsNumber(item)) {
		wrong(reader, field, "not a number");
		return 0;
	}
	double value = item->valuedouble;
	if (!(value >= 0) || value >= 18446744073709551616.0) {
		wrong(reader, field, "%g is out of range", value);
		return 0;
	}
	uint64_t number = (uint64_t)value;
	if ((double)number != value)
		wrong(reader, field, "%g is not a whole number", value);
	else if (number > max)
		wrong(reader, field, "%" PRIu64 " is too large (at most %" PRIu64 ")", number, max);
	return reader->result ? 0 : number;
}

static uint64_t read_number(struct reader *reader, const cJSON *object, const char *name, uint64_t max)
{
	const cJSON *item = member(reader, object, name);
	return item ? to_number(reader, name, item, max) : 0;
}

static uint64_t read_count(struct reader *reader, const cJSON *object, const char *name)
{
	return read_number(reader, object, name, UINT64_MAX);
}

static char *read_string(struct reader *reader, const cJSON *object, const char *name)
{
	const cJSON *item = member(reader, object, name);
	if (!item)
		return NULL;
	if (!cJSON_IsString(item)) {
		wrong(reader, name, "not a string");
		return NULL;
	}
	char *text = strdup(item->valuestring);
	if (!text)
		no_memory(reader);
	return text;
}

/* "0x12ab" */
static uint64_t read_hex(struct reader *reader, const cJSON *object, const char *name)
{
	char *text = read_string(reader, object, name), *end = NULL;
	uint64_t value = 0;
	if (text) {
		errno = 0;
		value = strtoull(text, &end, 16);
		if (strncmp(text, "0x", 2) || strlen(text) < 3 || strlen(text) > 18 || *end || errno)
			wrong(reader, name, "not a hex string such as \"0x12ab\"");
	}
	free(text);
	return value;
}

static bool read_flag(struct reader *reader, const cJSON *object, const char *name)
{
	const cJSON *item = member(reader, object, name);
	if (item && !cJSON_IsBool(item))
		wrong(reader, name, "not true or false");
	return cJSON_IsTrue(item);
}

static const cJSON *read_part(struct reader *reader, const cJSON *object, const char *name, bool array)
{
	const cJSON *item = member(reader, object, name);
	if (item && !(array ? cJSON_IsArray(item) : cJSON_IsObject(item))) {
		wrong(reader, name, "not an %s", array ? "array" : "object");
		return NULL;
	}
	return item;
}

static bool is_object(struct reader *reader, const cJSON *item)
{
	if (!reader->result && !cJSON_IsObject(item))
		wrong(reader, "", "not an object");
	return !reader->result;
}

/* One of a list of words; the first where it is missing. */
static int read_word(struct reader *reader, const cJSON *object, const char *name, const char *const *words)
{
	char *text = read_string(reader, object, name);
	int index = 0;
	while (text && words[index] && strcmp(words[index], text))
		index++;
	if (!words[index]) {
		wrong(reader, name, "'%.40s' is not known", text);
		index = 0;
	}
	free(text);
	return index;
}

static void read_target(struct reader *reader, const cJSON *root)
{
	static const char *const attached[] = {"start", "running", NULL};
	struct profile *profile = reader->profile;
	const cJSON *target = read_part(reader, root, "target", false);
	if (!target)
		return;
	at(reader, "target");
	profile->target.pid = (int)read_number(reader, target, "pid", INT32_MAX);
	profile->target.ppid = (int)read_number(reader, target, "ppid", INT32_MAX);
	profile->target.exe = read_string(reader, target, "exe");
	profile->target.command = read_string(reader, target, "command");
	profile->target.build_id = read_string(reader, target, "build_id");
	profile->target.start_ms = read_count(reader, target, "start_ms");
	profile->target.attached_running = read_word(reader, target, "attached", attached) == 1;
	profile->target.has_exit_status = member(reader, target, "exit_status");
	profile->target.exit_status = (int)read_number(reader, target, "exit_status", 255);
	profile->target.has_signal = member(reader, target, "signal");
	profile->target.signal = (int)read_number(reader, target, "signal", 127);
}

static void read_host(struct reader *reader, const cJSON *root)
{
	struct profile *profile = reader->profile;
	const cJSON *host = read_part(reader, root, "host", false);
	if (!host)
		return;
	at(reader, "host");
	profile->host.kernel = read_string(reader, host, "kernel");
	profile->host.arch = read_string(reader, host, "arch");
	profile->host.cpus = (uint32_t)read_number(reader, host, "cpus", UINT32_MAX);
	profile->host.page_size = (uint32_t)read_number(reader, host, "page_size", UINT32_MAX);
}

static void read_probes(struct reader *reader, const cJSON *capture)
{
	static const char *const kinds[] = {"entry", "return", NULL};
	struct profile *profile = reader->profile;
	const cJSON *probes = read_part(reader, capture, "probes", true), *item;
	int count = cJSON_GetArraySize(probes);
	if (!count)
		return;
	profile->capture.probes = calloc((size_t)count, sizeof(*profile->capture.probes));
	if (!profile->capture.probes) {
		no_memory(reader);
		return;
	}
	cJSON_ArrayForEach(item, probes)
	{
		at(reader, "capture.probes[%zu]", profile->capture.n_probes);
		if (!is_object(reader, item))
			return;
		struct profile_probe *probe = &profile->capture.probes[profile->capture.n_probes++];
		probe->function = read_string(reader, item, "function");
		probe->object = (uint32_t)read_number(reader, item, "object", UINT32_MAX);
		probe->site_offset = read_hex(reader, item, "site_offset");
		probe->kind = kinds[read_word(reader, item, "kind", kinds)];
		if (probe->object >= profile->n_objects)
			wrong(reader, "object", "there is no object %" PRIu32, probe->object);
	}
}

static void read_capture(struct reader *reader, const cJSON *root)
{
	struct profile *profile = reader->profile;
	const cJSON *capture = read_part(reader, root, "capture", false);
	if (!capture)
		return;
	at(reader, "capture");
	profile->capture.interval_ms = read_count(reader, capture, "interval_ms");
	profile->capture.interval_stretched = read_flag(reader, capture, "interval_stretched");
	profile->capture.start_ms = read_count(reader, capture, "start_ms");
	profile->capture.duration_ms = read_count(reader, capture, "duration_ms");
	profile->capture.snapshots = read_count(reader, capture, "snapshots");
	const cJSON *allocators = read_part(reader, capture, "allocators", true);
	const cJSON *first = cJSON_GetArrayItem(allocators, 0);
	if (first && !cJSON_IsString(first))
		wrong(reader, "allocators", "not strings");
	else if (first && !(profile->capture.allocator = strdup(first->valuestring)))
		no_memory(reader);
	read_probes(reader, capture);
}

static void read_counts(struct reader *reader, const cJSON *object, struct profile_counts *counts)
{
	counts->allocs = read_count(reader, object, "allocs");
	counts->frees = read_count(reader, object, "frees");
	counts->reallocs = read_count(reader, object, "reallocs");
	counts->allocated_bytes = read_count(reader, object, "allocated_bytes");
	counts->freed_bytes = read_count(reader, object, "freed_bytes");
	counts->live_allocs = read_count(reader, object, "live_allocs");
	counts->live_bytes = read_count(reader, object, "live_bytes");
	counts->temporary_allocs = read_count(reader, object, "temporary_allocs");
	counts->peak_bytes = read_count(reader, object, "peak_bytes");
}

static void read_totals(struct reader *reader, const cJSON *root)
{
	struct profile *profile = reader->profile;
	const cJSON *totals = read_part(reader, root, "totals", false);
	at(reader, "totals");
	if (totals) {
		read_counts(reader, totals, &profile->totals);
		profile->failed_allocs = read_count(reader, totals, "failed_allocs");
		profile->peak_allocs = read_count(reader, totals, "peak_allocs");
		profile->peak_ms = read_count(reader, totals, "peak_ms");
		profile->totals.at_peak_bytes = profile->totals.peak_bytes;
		profile->totals.at_peak_allocs = profile->peak_allocs;
	}
	at(reader, "%s", "");
	const cJSON *integrity = read_part(reader, root, "integrity", false);
	at(reader, "integrity");
	for (int i = 0; i < INTEGRITY_COUNT && integrity; i++)
		profile->integrity[i] =
			read_count(reader, integrity, profile_integrity_name((enum profile_integrity)i));
}

static void read_objects(struct reader *reader, const cJSON *root)
{
	const cJSON *objects = read_part(reader, root, "objects", true), *item;
	cJSON_ArrayForEach(item, objects)
	{
		at(reader, "objects[%zu]", reader->profile->n_objects);
		if (!is_object(reader, item))
			return;
		int64_t index = profile_add_object(reader->profile);
		if (index < 0) {
			no_memory(reader);
			return;
		}
		struct profile_object *object = &reader->profile->objects[index];
		object->path = read_string(reader, item, "path");
		object->build_id = read_string(reader, item, "build_id");
	}
}

static void read_inlined(struct reader *reader, const cJSON *object, struct profile_frame *frame)
{
	const cJSON *inlined = read_part(reader, object, "inlined", true), *item;
	int count = cJSON_GetArraySize(inlined);
	if (!count)
		return;
	frame->inlined = calloc((size_t)count, sizeof(*frame->inlined));
	if (!frame->inlined) {
		no_memory(reader);
		return;
	}
	cJSON_ArrayForEach(item, inlined)
	{
		if (!is_object(reader, item))
			return;
		struct profile_inline *place = &frame->inlined[frame->n_inlined++];
		place->function = read_string(reader, item, "function");
		place->file = read_string(reader, item, "file");
		place->line = (uint32_t)read_number(reader, item, "line", UINT32_MAX);
		place->column = (uint32_t)read_number(reader, item, "column", UINT32_MAX);
	}
}

static void read_frames(struct reader *reader, const cJSON *root)
{
	const cJSON *frames = read_part(reader, root, "frames", true), *item;
	cJSON_ArrayForEach(item, frames)
	{
		at(reader, "frames[%zu]", reader->profile->n_frames);
		if (!is_object(reader, item))
			return;
		int64_t index = profile_add_frame(reader->profile);
		if (index < 0) {
			no_memory(reader);
			return;
		}
		struct profile_frame *frame = &reader->profile->frames[index];
		frame->object = (uint32_t)read_number(reader, item, "object", UINT32_MAX);
		frame->offset = read_hex(reader, item, "offset");
		frame->function = read_string(reader, item, "function");
		frame->file = read_string(reader, item, "file");
		frame->line = (uint32_t)read_number(reader, item, "line", UINT32_MAX);
		frame->column = (uint32_t)read_number(reader, item, "column", UINT32_MAX);
		frame->has_symbol_offset = member(reader, item, "symbol_offset");
		frame->symbol_offset = read_count(reader, item, "symbol_offset");
		read_inlined(reader, item, frame);
		if (frame->object >= reader->profile->n_objects)
			wrong(reader, "object", "there is no object %" PRIu32, frame->object);
	}
}

static void read_frame_list(struct reader *reader, const cJSON *object, struct profile_stack *stack)
{
	const cJSON *frames = read_part(reader, object, "frames", true), *item;
	int count = cJSON_GetArraySize(frames);
	if (count > MAX_STACK_FRAMES) {
		wrong(reader, "frames", "%d frames are too many", count);
		return;
	}
	if (!count)
		return;
	stack->frames = calloc((size_t)count, sizeof(*stack->frames));
	if (!stack->frames) {
		no_memory(reader);
		return;
	}
	cJSON_ArrayForEach(item, frames)
	{
		char field[32];
		snprintf(field, sizeof(field), "frames[%" PRIu32 "]", stack->n_frames);
		uint64_t frame = to_number(reader, field, item, UINT32_MAX);
		if (!reader->result && frame >= reader->profile->n_frames)
			wrong(reader, field, "there is no frame %" PRIu64, frame);
		if (reader->result)
			return;
		stack->frames[stack->n_frames++] = (uint32_t)frame;
	}
}

static void read_stacks(struct reader *reader, const cJSON *root)
{
	const cJSON *stacks = read_part(reader, root, "stacks", true), *item;
	cJSON_ArrayForEach(item, stacks)
	{
		at(reader, "stacks[%zu]", reader->profile->n_stacks);
		if (!is_object(reader, item))
			return;
		int64_t index = profile_add_stack(reader->profile);
		if (index < 0) {
			no_memory(reader);
			return;
		}
		struct profile_stack *stack = &reader->profile->stacks[index];
		read_counts(reader, item, &stack->counts);
		stack->counts.at_peak_bytes = read_count(reader, item, "at_peak_bytes");
		stack->counts.at_peak_allocs = read_count(reader, item, "at_peak_allocs");
		stack->truncated = read_flag(reader, item, "truncated");
		read_frame_list(reader, item, stack);
	}
}

static void read_root(struct reader *reader, const cJSON *root)
{
	static const char *const states[] = {"running", "final", NULL};
	static const char *const reasons[] = {"interval", "exit", "detach", "signal", NULL};
	const cJSON *version = cJSON_GetObjectItemCaseSensitive(root, "version");
	if (!cJSON_IsObject(root) || !cJSON_IsNumber(version)) {
		reader->result =
			ct_fail(reader->err, -EINVAL, "not a profile of captrack-bpf: it has no version");
		return;
	}
	if (version->valuedouble != CT_PROFILE_VERSION) {
		reader->result = ct_fail(
			reader->err, -EINVAL,
			"profile version %g is not known to this captrack-bpf (it knows %d): use a newer one",
			version->valuedouble, CT_PROFILE_VERSION);
		return;
	}
	reader->profile->state = (enum profile_state)read_word(reader, root, "state", states);
	reader->profile->reason = (enum profile_reason)read_word(reader, root, "reason", reasons);
	/* In the order of their references to each other. */
	void (*const parts[])(struct reader *, const cJSON *) = {
		read_objects, read_target, read_host, read_capture, read_totals, read_frames, read_stacks};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		at(reader, "%s", "");
		parts[i](reader, root);
	}
}

int profile_read_json(const char *text, size_t length, struct profile *profile, struct ct_error *err)
{
	struct reader reader = {.profile = profile, .err = err};
	const char *end = text;
	memset(profile, 0, sizeof(*profile));
	cJSON *root = cJSON_ParseWithLengthOpts(text, length, &end, false);
	if (!root)
		return ct_fail(err, -EINVAL, "not JSON: error at byte %td", end - text);
	while (end < text + length && strchr(" \t\r\n", *end) && *end)
		end++;
	if (end != text + length)
		reader.result =
			ct_fail(err, -EINVAL, "more text after the end of the JSON document, at byte %td",
				end - text);
	else
		read_root(&reader, root);
	cJSON_Delete(root);
	if (reader.result)
		profile_deinit(profile);
	return reader.result;
}

int profile_read_file(const char *path, struct profile *profile, struct ct_error *err)
{
	struct stat st;
	memset(profile, 0, sizeof(*profile));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		int code = -errno;
		if (fd >= 0)
			close(fd);
		return ct_fail(err, code, "cannot read '%s': %s", path, strerror(-code));
	}
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_FILE_BYTES) {
		close(fd);
		return ct_fail(err, -EINVAL, "'%s' is %s", path,
			       S_ISREG(st.st_mode) ? "too large for a profile (1 GiB)"
						   : "not a regular file");
	}
	char *text = malloc((size_t)st.st_size + 1);
	size_t length = 0;
	for (ssize_t bytes = 1;
	     text && bytes > 0 && length<(size_t)st.st_size; length += bytes> 0 ? (size_t)bytes : 0)
		bytes = read(fd, text + length, (size_t)st.st_size - length);
	close(fd);
	if (!text)
		return ct_fail(err, -ENOMEM, "out of memory for '%s'", path);
	struct ct_error inner = {""};
	int result = profile_read_json(text, length, profile, &inner);
	free(text);
	return result ? ct_fail(err, result, "'%.200s' cannot be read: %.700s", path, inner.text) : 0;
}
