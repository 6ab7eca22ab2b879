// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f csv: RFC 4180, a row for each stack. Spreadsheets take a cell for a formula that begins
 * with one of a few characters, quotes or not; an apostrophe before it makes it text. */
#include "exports_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The table as it is written. */
struct table {
	const struct profile *profile;
	const struct functions *functions;
	uint32_t *ids; /* room for a stack */
	FILE *out;
};

const char *csv_lacks(const struct profile *profile)
{
	(void)profile;
	return NULL;
}

static void put_characters(const struct table *table, const char *text)
{
	for (; *text; text++) {
		if (*text == '"')
			fputc_unlocked('"', table->out);
		fputc_unlocked(*text, table->out);
	}
}

static void begin_cell(const struct table *table, const char *text)
{
	fputs_unlocked(strchr("=+-@", *text) && *text ? ",\"'" : ",\"", table->out);
	put_characters(table, text);
}

/* Nothing for NULL. -ENOMEM. */
static int put_cell(const struct table *table, const char *text)
{
	if (!text) {
		fputc_unlocked(',', table->out);
		return 0;
	}
	char *safe = text_safe(text);
	if (!safe)
		return -ENOMEM;
	begin_cell(table, safe);
	fputc_unlocked('"', table->out);
	free(safe);
	return 0;
}

static void put_header(const struct table *table)
{
	for (const struct number_field *field = profile_stack_numbers; field->name; field++)
		if (profile_knows(table->profile, field->needs))
			fprintf(table->out, "%s,", field->name);
	fputs(table->profile->capture.by_thread ? "tid,thread," : "", table->out);
	fputs("function,file,line,object,stack\r\n", table->out);
}

static void put_numbers(const struct table *table, const struct profile_stack *stack)
{
	const char *comma = "";
	for (const struct number_field *field = profile_stack_numbers; field->name; field++) {
		if (!profile_knows(table->profile, field->needs))
			continue;
		fprintf(table->out, "%s%" PRIu64, comma, *field_in(&stack->counts, field));
		comma = ",";
	}
}

static int put_thread(const struct table *table, const struct profile_stack *stack)
{
	if (!stack->has_thread) {
		fputs_unlocked(",,", table->out);
		return 0;
	}
	const struct profile_thread *thread = &table->profile->threads[stack->thread];
	fprintf(table->out, ",%d", thread->tid);
	return put_cell(table, thread->name);
}

/* The innermost call that is the program's own; the innermost of all where none is. */
static uint32_t find_own(const struct table *table, size_t n)
{
	const struct calls *calls = &table->functions->calls;
	for (size_t i = 0; i < n; i++) {
		const struct call *call = &calls->calls[table->ids[i]];
		if (!call_is_runtime(calls, call))
			return table->ids[i];
	}
	return table->ids[0];
}

static int put_place(const struct table *table, uint32_t id)
{
	const struct calls *calls = &table->functions->calls;
	const struct call *call = &calls->calls[id];
	begin_cell(table, table->functions->names[id]);
	fputc_unlocked('"', table->out);
	int result = put_cell(table, call->file);
	if (call->file && call->line)
		fprintf(table->out, ",%" PRIu32, call->line);
	else
		fputc_unlocked(',', table->out);
	return result ? result : put_cell(table, call->frame ? call_object(calls, call) : NULL);
}

static int put_row(const struct table *table, const struct profile_stack *stack)
{
	size_t n = calls_of_stack(&table->functions->calls, stack, table->ids);
	int result = 0;
	put_numbers(table, stack);
	if (table->profile->capture.by_thread)
		result = put_thread(table, stack);
	if (!result)
		result = put_place(table, find_own(table, n));
	begin_cell(table, table->functions->names[table->ids[0]]);
	for (size_t i = 1; i < n; i++) {
		fputs_unlocked(" < ", table->out);
		put_characters(table, table->functions->names[table->ids[i]]);
	}
	fputs_unlocked("\"\r\n", table->out);
	return result;
}

int csv_write(const struct profile *profile, FILE *out)
{
	struct functions functions;
	int result = functions_init(&functions, profile, ALIKE_BY_LINE, NULL);
	if (result)
		return result;
	struct table table = {
		.profile = profile,
		.functions = &functions,
		.ids = calloc(functions.calls.longest + 1, sizeof(*table.ids)),
		.out = out,
	};
	result = table.ids ? 0 : -ENOMEM;
	if (!result)
		put_header(&table);
	for (size_t i = 0; i < profile->n_stacks && !result && !ferror(out); i++)
		result = put_row(&table, &profile->stacks[i]);
	free(table.ids);
	functions_deinit(&functions);
	return stream_end(out, result);
}
