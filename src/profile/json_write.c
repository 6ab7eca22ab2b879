// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The profile file, written piece by piece: each object, frame and stack is one cJSON
 * tree and one line, so memory stays flat and the file can be read with grep and diff.
 *
 * cJSON keeps numbers as doubles; integers are given to it as text, so that they stay
 * exact and never become 1e+15. What does not change from snapshot to snapshot (a
 * frame, a stack's frame list) is rendered once. */
#include "captrack/profile.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void add_count(cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	cJSON_AddRawToObject(object, name, text);
}

static void add_hex(cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	cJSON_AddStringToObject(object, name, text);
}

/* The length of the UTF-8 sequence at text (RFC 3629), 0 where it is none. */
static size_t utf8_length(const unsigned char *text)
{
	size_t length = text[0] < 0x80   ? 1
			: text[0] < 0xc2 ? 0
			: text[0] < 0xe0 ? 2
			: text[0] < 0xf0 ? 3
			: text[0] < 0xf5 ? 4
					 : 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

/* Paths and names are the target's: what is no UTF-8 becomes U+FFFD, for a document
 * that is not UTF-8 is no JSON. NULL is absent. */
static void add_string(cJSON *object, const char *name, const char *value)
{
	if (!value)
		return;
	char *clean = malloc(3 * strlen(value) + 1), *to = clean;
	if (!clean)
		return;
	for (const unsigned char *from = (const unsigned char *)value; *from;) {
		size_t length = utf8_length(from);
		if (length) {
			memcpy(to, from, length);
			to += length;
			from += length;
		} else {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			from++;
		}
	}
	*to = '\0';
	cJSON_AddStringToObject(object, name, clean);
	free(clean);
}

static char *render(cJSON *json)
{
	char *text = json ? cJSON_PrintUnformatted(json) : NULL;
	cJSON_Delete(json);
	return text;
}

/* Writes `"name":<json>` and what follows it. Takes json. */
static int write_member(FILE *out, const char *name, cJSON *json, const char *end)
{
	char *text = render(json);
	if (!text)
		return -ENOMEM;
	fprintf(out, "\"%s\":%s%s", name, text, end);
	free(text);
	return 0;
}

static cJSON *tool_json(void)
{
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "name", "captrack-bpf");
	cJSON_AddStringToObject(json, "version", CT_VERSION);
	return json;
}

static cJSON *target_json(const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	add_count(json, "pid", (uint64_t)profile->target.pid);
	add_count(json, "ppid", (uint64_t)profile->target.ppid);
	add_string(json, "exe", profile->target.exe);
	add_string(json, "command", profile->target.command);
	add_string(json, "build_id", profile->target.build_id);
	add_count(json, "start_ms", profile->target.start_ms);
	cJSON_AddStringToObject(json, "attached", profile->target.attached_running ? "running" : "start");
	if (profile->target.has_exit_status)
		add_count(json, "exit_status", (uint64_t)profile->target.exit_status);
	if (profile->target.has_signal)
		add_count(json, "signal", (uint64_t)profile->target.signal);
	return json;
}

static cJSON *host_json(const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	add_string(json, "kernel", profile->host.kernel);
	add_string(json, "arch", profile->host.arch);
	add_count(json, "cpus", profile->host.cpus);
	add_count(json, "page_size", profile->host.page_size);
	return json;
}

static cJSON *capture_json(const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "mode", "exact");
	add_count(json, "interval_ms", profile->capture.interval_ms);
	if (profile->capture.interval_stretched)
		cJSON_AddTrueToObject(json, "interval_stretched");
	add_count(json, "start_ms", profile->capture.start_ms);
	add_count(json, "duration_ms", profile->capture.duration_ms);
	add_count(json, "snapshots", profile->capture.snapshots);
	cJSON *allocators = cJSON_AddArrayToObject(json, "allocators");
	if (profile->capture.allocator)
		cJSON_AddItemToArray(allocators, cJSON_CreateString(profile->capture.allocator));
	cJSON *probes = cJSON_AddArrayToObject(json, "probes");
	for (size_t i = 0; i < profile->capture.n_probes; i++) {
		const struct profile_probe *probe = &profile->capture.probes[i];
		cJSON *item = cJSON_CreateObject();
		add_string(item, "function", probe->function);
		add_count(item, "object", probe->object);
		add_hex(item, "site_offset", probe->site_offset);
		add_string(item, "kind", probe->kind);
		cJSON_AddItemToArray(probes, item);
	}
	return json;
}

/* What totals and stacks have in common. */
static void add_counts(cJSON *json, const struct profile_counts *counts)
{
	add_count(json, "allocs", counts->allocs);
	add_count(json, "frees", counts->frees);
	add_count(json, "reallocs", counts->reallocs);
	add_count(json, "allocated_bytes", counts->allocated_bytes);
	add_count(json, "freed_bytes", counts->freed_bytes);
	add_count(json, "live_allocs", counts->live_allocs);
	add_count(json, "live_bytes", counts->live_bytes);
	add_count(json, "peak_bytes", counts->peak_bytes);
	add_count(json, "temporary_allocs", counts->temporary_allocs);
}

static cJSON *totals_json(const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	add_counts(json, &profile->totals);
	add_count(json, "failed_allocs", profile->failed_allocs);
	add_count(json, "peak_allocs", profile->peak_allocs);
	add_count(json, "peak_ms", profile->peak_ms);
	return json;
}

static cJSON *integrity_json(const struct profile *profile)
{
	cJSON *json = cJSON_CreateObject();
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		add_count(json, profile_integrity_name((enum profile_integrity)i), profile->integrity[i]);
	return json;
}

static char *render_object(const struct profile_object *object)
{
	cJSON *json = cJSON_CreateObject();
	add_string(json, "path", object->path);
	add_string(json, "build_id", object->build_id);
	return render(json);
}

static void add_place(cJSON *json, const char *function, const char *file, uint32_t line, uint32_t column)
{
	add_string(json, "function", function);
	add_string(json, "file", file);
	if (line)
		add_count(json, "line", line);
	if (column)
		add_count(json, "column", column);
}

static char *render_frame(const struct profile_frame *frame)
{
	cJSON *json = cJSON_CreateObject();
	add_count(json, "object", frame->object);
	add_hex(json, "offset", frame->offset);
	add_place(json, frame->function, frame->file, frame->line, frame->column);
	if (frame->has_symbol_offset)
		add_count(json, "symbol_offset", frame->symbol_offset);
	if (frame->n_inlined) {
		cJSON *inlined = cJSON_AddArrayToObject(json, "inlined");
		for (size_t i = 0; i < frame->n_inlined; i++) {
			const struct profile_inline *inline_ = &frame->inlined[i];
			cJSON *item = cJSON_CreateObject();
			add_place(item, inline_->function, inline_->file, inline_->line, inline_->column);
			cJSON_AddItemToArray(inlined, item);
		}
	}
	return render(json);
}

static char *render_frame_list(const struct profile_stack *stack)
{
	char *text = malloc(12 * (size_t)stack->n_frames + 3), *to = text;
	if (!text)
		return NULL;
	*to++ = '[';
	for (uint32_t i = 0; i < stack->n_frames; i++)
		to += sprintf(to, "%s%" PRIu32, i ? "," : "", stack->frames[i]);
	*to++ = ']';
	*to = '\0';
	return text;
}

static int write_stack(struct profile_stack *stack, FILE *out)
{
	if (!stack->rendered && !(stack->rendered = render_frame_list(stack)))
		return -ENOMEM;
	cJSON *json = cJSON_CreateObject();
	cJSON_AddRawToObject(json, "frames", stack->rendered);
	if (stack->truncated)
		cJSON_AddTrueToObject(json, "truncated");
	add_counts(json, &stack->counts);
	add_count(json, "at_peak_bytes", stack->counts.at_peak_bytes);
	add_count(json, "at_peak_allocs", stack->counts.at_peak_allocs);
	char *text = render(json);
	if (!text)
		return -ENOMEM;
	fputs(text, out);
	free(text);
	return 0;
}

static int by_at_peak(const void *a, const void *b)
{
	const struct profile_counts *x = &(*(struct profile_stack *const *)a)->counts;
	const struct profile_counts *y = &(*(struct profile_stack *const *)b)->counts;
	if (x->at_peak_bytes != y->at_peak_bytes)
		return x->at_peak_bytes < y->at_peak_bytes ? 1 : -1;
	if (x->live_bytes != y->live_bytes)
		return x->live_bytes < y->live_bytes ? 1 : -1;
	return x->allocated_bytes < y->allocated_bytes ? 1 : x->allocated_bytes > y->allocated_bytes ? -1 : 0;
}

static int write_stacks(struct profile *profile, FILE *out)
{
	int result = 0;
	struct profile_stack **sorted = calloc(profile->n_stacks + 1, sizeof(struct profile_stack *));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_stacks; i++)
		sorted[i] = &profile->stacks[i];
	qsort(sorted, profile->n_stacks, sizeof(struct profile_stack *), by_at_peak);
	fputs("\"stacks\":[", out);
	for (size_t i = 0; i < profile->n_stacks && !result; i++) {
		fputs(i ? ",\n" : "\n", out);
		result = write_stack(sorted[i], out);
	}
	fputs("]\n", out);
	free(sorted);
	return result;
}

static int write_objects(struct profile *profile, FILE *out)
{
	fputs("\"objects\":[", out);
	for (size_t i = 0; i < profile->n_objects; i++) {
		char *text = render_object(&profile->objects[i]);
		if (!text)
			return -ENOMEM;
		fprintf(out, "%s%s", i ? ",\n" : "\n", text);
		free(text);
	}
	fputs("],\n", out);
	return 0;
}

static int write_frames(struct profile *profile, FILE *out)
{
	fputs("\"frames\":[", out);
	for (size_t i = 0; i < profile->n_frames; i++) {
		struct profile_frame *frame = &profile->frames[i];
		if (!frame->rendered && !(frame->rendered = render_frame(frame)))
			return -ENOMEM;
		fprintf(out, "%s%s", i ? ",\n" : "\n", frame->rendered);
	}
	fputs("],\n", out);
	return 0;
}

int profile_write_json(struct profile *profile, FILE *out)
{
	static const char *const reasons[] = {
		[PROFILE_INTERVAL] = "interval",
		[PROFILE_EXIT] = "exit",
		[PROFILE_DETACH] = "detach",
		[PROFILE_SIGNAL] = "signal",
	};
	fprintf(out, "{\"version\":%d,\n", CT_PROFILE_VERSION);
	int result = write_member(out, "tool", tool_json(), ",\n");
	fprintf(out, "\"state\":\"%s\",\"reason\":\"%s\",\n",
		profile->state == PROFILE_FINAL ? "final" : "running", reasons[profile->reason]);
	if (!result)
		result = write_member(out, "target", target_json(profile), ",\n");
	if (!result)
		result = write_member(out, "host", host_json(profile), ",\n");
	if (!result)
		result = write_member(out, "capture", capture_json(profile), ",\n");
	if (!result)
		result = write_member(out, "totals", totals_json(profile), ",\n");
	if (!result)
		result = write_member(out, "integrity", integrity_json(profile), ",\n");
	if (!result)
		result = write_objects(profile, out);
	if (!result)
		result = write_frames(profile, out);
	if (!result)
		result = write_stacks(profile, out);
	fputs("}\n", out);
	if (!result && ferror(out))
		result = errno ? -errno : -EIO;
	return result;
}
