// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the JSON document and the page's data share. */
#include "diff_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/fields.h"

static void put_profile(struct json_line *line, const char *name, const struct profile *profile,
			const char *path)
{
	char mode[80];
	json_put_open(line, name, '{');
	json_put_string(line, "file", path);
	json_put_string(line, "exe", profile->target.exe);
	json_put_string(line, "command", profile->target.command);
	json_put_number(line, "pid", (uint64_t)profile->target.pid);
	json_put_string(line, "build_id", profile->target.build_id);
	json_put_number(line, "start_ms", profile->capture.start_ms);
	json_put_number(line, "duration_ms", profile->capture.duration_ms);
	json_put_string(line, "mode", format_mode(profile, mode));
	json_put_close(line, '}');
}

void put_profiles(struct json_line *line, const struct comparison *comparison,
		  const struct diff_options *options)
{
	struct diff_notes notes;
	put_profile(line, "base", comparison->base, options->base_path);
	put_profile(line, "new", comparison->new, options->new_path);
	diff_notes_fill(&notes, comparison);
	json_put_open(line, "notes", '[');
	for (size_t i = 0; i < notes.n; i++)
		json_put_string(line, NULL, notes.text[i]);
	json_put_close(line, ']');
}

/* A number of any sign as a member. */
void put_signed(struct json_line *line, const char *name, struct delta delta)
{
	char text[80];
	snprintf(text, sizeof(text), "%s\"%s\":%s%" PRIu64, line->is_first ? "" : ",", name,
		 delta.less ? "-" : "", delta.by);
	json_put_text(line, text);
}

void put_totals(struct json_line *line, const struct comparison *comparison)
{
	static const char *const names[] = {"base", "new", "delta"};
	json_put_open(line, "totals", '{');
	for (int i = 0; i < 3; i++) {
		json_put_open(line, names[i], '{');
		for (const struct number_field *field = profile_totals_numbers; field->name; field++) {
			uint64_t base = *field_in(comparison->base, field),
				 new = *field_in(comparison->new, field);
			if (comparison_knows(comparison, field->needs))
				put_signed(line, field->name,
					   i == 2 ? delta_of(base, new) : delta_of(0, i ? new : base));
		}
		json_put_close(line, '}');
	}
	json_put_close(line, '}');
}

int shown_calls_init(struct shown_calls *calls, const struct comparison *comparison)
{
	const struct profile *profiles[] = {comparison->base, comparison->new};
	size_t longest = 0;
	int result = 0;
	*calls = (struct shown_calls){0};
	for (int i = 0; i < 2 && !result; i++) {
		result = calls_init(&calls->of[i], profiles[i], CALLS_BY_LINE);
		if (result)
			break;
		longest = calls->of[i].longest > longest ? calls->of[i].longest : longest;
		calls->numbers[i] = calloc(calls->of[i].n + 1, sizeof(*calls->numbers[i]));
		result = calls->numbers[i] ? 0 : -ENOMEM;
	}
	calls->ids = calloc(longest + 1, sizeof(*calls->ids));
	if (!result && !calls->ids)
		result = -ENOMEM;
	if (result)
		shown_calls_deinit(calls);
	return result;
}

void shown_calls_deinit(struct shown_calls *calls)
{
	for (int i = 0; i < 2; i++) {
		calls_deinit(&calls->of[i]);
		free(calls->numbers[i]);
	}
	free(calls->ids);
	*calls = (struct shown_calls){0};
}

void put_entry_calls(struct json_line *line, const char *name, struct shown_calls *calls,
		     const struct comparison *comparison, const struct comparison_entry *entry)
{
	struct shown shown = shown_entry(comparison, entry);
	int side = entry->new.n != 0;
	size_t n = calls_of_stack(&calls->of[side], shown.stack, calls->ids);
	json_put_open(line, name, '[');
	for (size_t i = 0; i < n; i++) {
		uint32_t *number = &calls->numbers[side][calls->ids[i]];
		if (!*number) /* 0: none yet */
			*number = (uint32_t)++calls->n;
		json_put_number(line, NULL, *number - 1);
	}
	json_put_close(line, ']');
}

static void put_call(struct json_line *line, const struct calls *calls, const struct call *call,
		     bool for_page)
{
	json_put_line_break(line);
	json_put_open(line, NULL, '{');
	json_put_string(line, "function", call->function);
	json_put_string(line, "file", call->file);
	if (call->line)
		json_put_number(line, "line", call->line);
	if (call->inlined)
		json_put_true(line, "inlined");
	if (call->frame)
		json_put_string(line, "object", call_object(calls, call));
	if (call->frame && !call->function) {
		char offset[24];
		snprintf(offset, sizeof(offset), "0x%" PRIx64, call->frame->offset);
		json_put_string(line, "offset", offset);
	}
	if (for_page && call_is_runtime(calls, call))
		json_put_true(line, "isRuntime");
	if (for_page && call_is_start(calls, call))
		json_put_true(line, "isStart");
	json_put_close(line, '}');
}

/* A call, by its number. */
struct numbered {
	int side;
	size_t index;
};

int put_calls(struct json_line *line, const char *name, const struct shown_calls *calls, bool for_page)
{
	struct numbered *order = calloc(calls->n + 1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < calls->of[side].n; i++)
			if (calls->numbers[side][i])
				order[calls->numbers[side][i] - 1] = (struct numbered){side, i};
	json_put_open(line, name, '[');
	for (size_t i = 0; i < calls->n; i++) {
		const struct calls *of = &calls->of[order[i].side];
		put_call(line, of, &of->calls[order[i].index], for_page);
	}
	json_put_close(line, ']');
	free(order);
	return 0;
}
