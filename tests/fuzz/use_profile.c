// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "use_profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/json_parse.h"
#include "captrack/exports.h"
#include "captrack/json.h"
#include "captrack/profile.h"
#include "captrack/views.h"
#include "must.h"

typedef int write_profile(const struct profile *profile, FILE *out);
typedef void check_text(const char *text, size_t length);

/* Nothing that steers a terminal. */
static void check_lines(const char *text, size_t length)
{
	size_t bytes;
	MUST(!memchr(text, '\0', length));
	for (; *text; text += bytes) {
		bytes = text_utf8_length(text);
		MUST(bytes && ((unsigned char)*text >= ' ' || *text == '\n') && *text != '\x7f');
		MUST(bytes != 2 || (unsigned char)text[0] != 0xc2 || (unsigned char)text[1] >= 0xa0);
	}
}

static void check_json(const char *text, size_t length)
{
	struct json_parser parser;
	json_begin(&parser, text, length);
	MUST(!json_parse(&parser, 0));
	json_skip_space(&parser);
	MUST(parser.at == parser.end);
	json_end(&parser);
	for (size_t bytes; *text; text += bytes)
		MUST((bytes = text_utf8_length(text)));
}

/* Its data are JSON, in which no name ends the script that they are in. */
static void check_page(const char *text, size_t length)
{
	static const char head[] = "<script type=\"application/json\" id=\"data\">";
	const char *data = strstr(text, head), *end = data ? strstr(data, "</script>") : NULL;
	MUST(end && strlen(text) == length);
	char *copy = strndup(data + strlen(head), (size_t)(end - data) - strlen(head));
	MUST(copy);
	check_json(copy, strlen(copy));
	free(copy);
	MUST(!strcmp(strrchr(text, '<'), "</html>\n"));
}

/* What an export must be; NULL: none of these. */
static check_text *check_of(const char *format)
{
	static const struct {
		const char *name;
		check_text *check;
	} known[] = {
		{"captrack", check_json},   {"dhat", check_json},    {"massif", check_lines},
		{"speedscope", check_json}, {"folded", check_lines}, {"html", check_page},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, format))
			return known[i].check;
	return NULL;
}

static int write_summary(const struct profile *profile, FILE *out)
{
	return summary_write(profile, "some/profile.json", false, out);
}

static int write_folded(const struct profile *profile, FILE *out)
{
	return export_format_find("folded")->write_value(profile, export_value_default(profile), out);
}

static char *write_text(write_profile *write, const struct profile *profile, size_t *length, int *result)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);
	MUST(out);
	*result = write(profile, out);
	MUST(!fclose(out) && text);
	return text;
}

/* -EINVAL: the mode leaves out what it needs; sums beyond 64 bits, more calls than any program has. */
static void use_writer(const char *name, write_profile *write, check_text *check,
		       const struct profile *profile)
{
	size_t length;
	int result;
	char *text = write_text(write, profile, &length, &result);
	bool refused = result == -EINVAL || result == -EOVERFLOW || result == -EFBIG;
	if (result && !refused)
		fprintf(stderr, "%s: %s\n", name, strerror(-result));
	MUST(!result || refused);
	if (!result && check)
		check(text, length);
	free(text);
}

static void use_writers(const struct profile *profile)
{
	use_writer("summary", write_summary, check_lines, profile);
	for (const struct export_format *format = export_formats; format->name; format++)
		use_writer(format->name, format->write ? format->write : write_folded, check_of(format->name),
			   profile);
}

static void use_report(const struct profile *profile, const struct report_options *options)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	MUST(out);
	int result = report_write(profile, options, out);
	MUST(!fclose(out) && text);
	bool lacks = report_options_wrong(options) || report_lacks(profile, options);
	/* No tree can be made of what does not add up, nor of more calls than any program has. */
	bool no_tree = options->view == REPORT_TREE && (result == -EOVERFLOW || result == -EFBIG);
	MUST(lacks ? result == -EINVAL : !result || no_tree);
	if (!result && options->json)
		check_json(text, length);
	else if (!options->color && !options->json)
		check_lines(text, length);
	free(text);
}

/* As text and as JSON, cut and whole; trees both ways. Or some of that. */
static void use_view(const struct profile *profile, struct report_options *options, int step)
{
	for (int way = 0; way < 8; way += step) {
		options->top = way & 1 ? 5 : 0;
		options->json = way & 2;
		options->order = way & 4 ? CALLS_CALLEES : CALLS_CALLERS;
		options->min_percent = way & 1;
		options->utf8 = way & 4;
		if (way < 4 || options->view == REPORT_TREE)
			use_report(profile, options);
	}
}

static void use_reports(const struct profile *profile)
{
	struct report_options options = {.view = REPORT_STACKS};
	for (int sort = REPORT_AT_PEAK; sort <= REPORT_DEFAULT; sort++) {
		options.sort = (enum report_sort)sort;
		options.top = sort % 2 ? 0 : 3;
		use_report(profile, &options);
	}
	for (int view = REPORT_STACKS; view <= REPORT_TIMELINE; view++) {
		options = (struct report_options){.view = (enum report_view)view, .sort = REPORT_DEFAULT};
		use_view(profile, &options, 1);
		options.function = "*a*";
		options.min_bytes = 100;
		use_view(profile, &options, 3);
		options = (struct report_options){.view = (enum report_view)view, .thread = "a"};
		use_view(profile, &options, 3);
	}
	options = (struct report_options){.sort = REPORT_DEFAULT, .color = true};
	use_report(profile, &options);
}

static void check_frames(const struct profile *profile, const uint32_t *frames, uint32_t n_frames)
{
	MUST(n_frames <= PROFILE_MOST_STACK_FRAMES);
	for (uint32_t i = 0; i < n_frames; i++)
		MUST(frames[i] < profile->n_frames);
}

static void check_histogram(const struct profile_histogram *histogram)
{
	MUST(histogram->first + histogram->n <= PROFILE_CLASSES);
}

static void check_stack(const struct profile *profile, const struct profile_stack *stack)
{
	check_frames(profile, stack->frames, stack->n_frames);
	check_histogram(&stack->lifetimes.log2);
	check_histogram(&stack->sizes.log2);
	MUST(!stack->growth || stack->growth->chains);
	MUST(stack->leak.score >= 0 && stack->leak.score <= 1);
	for (size_t i = 0; i < stack->n_freed_by; i++)
		MUST(stack->freed_by[i].free_stack < profile->n_free_stacks);
}

/* What views rely on. */
static void check_profile(const struct profile *profile)
{
	int64_t n_stacks = (int64_t)profile->n_stacks, n_free_stacks = (int64_t)profile->n_free_stacks;
	for (size_t i = 0; i < profile->n_frames; i++)
		MUST(profile->frames[i].object < profile->n_objects &&
		     profile->frames[i].n_inlined <= PROFILE_MOST_INLINED);
	for (size_t i = 0; i < profile->n_stacks; i++)
		check_stack(profile, &profile->stacks[i]);
	for (size_t i = 0; i < profile->n_free_stacks; i++)
		check_frames(profile, profile->free_stacks[i].frames, profile->free_stacks[i].n_frames);
	for (size_t i = 0; i < profile->n_double_frees; i++) {
		const struct profile_double_free *twice = &profile->double_frees[i];
		MUST(twice->stack >= -1 && twice->stack < n_stacks);
		MUST(twice->freed_by >= -1 && twice->freed_by < n_free_stacks);
		MUST(twice->again_by >= -1 && twice->again_by < n_free_stacks);
	}
	for (size_t i = 1; i < profile->n_timeline; i++)
		MUST(profile->timeline[i - 1].ms <= profile->timeline[i].ms);
}

static int write_file(const struct profile *profile, FILE *out)
{
	return profile_write_json((struct profile *)profile, out); /* it keeps texts there */
}

/* Written, read and written again it is the same. */
static void use_file(const struct profile *profile)
{
	struct profile back;
	struct ct_error err = {0};
	size_t length, again_length;
	int result;
	char *text = write_text(write_file, profile, &length, &result);
	MUST(!result);
	check_json(text, length);
	if (profile_read_json(text, length, &back, &err)) {
		fprintf(stderr, "%s\n", err.text);
		MUST(!"what was written can be read");
	}
	char *again = write_text(write_file, &back, &again_length, &result);
	MUST(!result && length == again_length && !memcmp(text, again, length));
	profile_deinit(&back);
	free(again);
	free(text);
}

static bool is_zero(const struct profile *profile)
{
	static const struct profile zero;
	return !memcmp(profile, &zero, sizeof(zero));
}

bool use_profile(const char *text, size_t length)
{
	struct profile profile;
	struct ct_error err = {0};
	if (profile_read_json(text, length, &profile, &err)) {
		MUST(*err.text && is_zero(&profile));
		check_lines(err.text, strlen(err.text));
		return false;
	}
	check_profile(&profile);
	use_writers(&profile);
	use_reports(&profile);
	use_file(&profile);
	use_writers(&profile); /* the writer's own texts are of no matter to them */
	profile_deinit(&profile);
	return true;
}
