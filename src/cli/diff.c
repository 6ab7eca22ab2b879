// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf diff: what changed from one profile to another. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/diff.h"
#include "captrack/profile.h"
#include "captrack/size.h"

enum {
	OPTION_MARKDOWN = 256,
	OPTION_JSON,
	OPTION_HTML,
	OPTION_MIN_BYTES,
	OPTION_FUNCTION,
	OPTION_FILE,
	OPTION_OBJECT,
};

static const struct command_option options[] = {
	{"sort", 's', "KEY", "at-peak, live, allocated, allocs, temporary, peak [at-peak]", 0},
	{"top", 'n', "N", "how many stacks of each kind [10; of --json all]; 0: all", 0},
	{"min-bytes", 0, "SIZE", "leave out stacks that changed by less (K, M, G: 1024s)", OPTION_MIN_BYTES},
	{"function", 0, "PATTERN", "only stacks with such a call: part of the name, or * and ?",
	 OPTION_FUNCTION},
	{"file", 0, "PATTERN", "... whose source file is such a one", OPTION_FILE},
	{"object", 0, "PATTERN", "... in such a program or library", OPTION_OBJECT},
	{"markdown", 0, NULL, "for a comment on a pull request", OPTION_MARKDOWN},
	{"json", 0, NULL, "for programs", OPTION_JSON},
	{"html", 0, NULL, "a page, with a flame graph", OPTION_HTML},
	{"output", 'o', "FILE", "where to; -: standard output [-]", 0},
	{"help", 'h', NULL, "this", 0},
	{0},
};

typedef int (*diff_write)(const struct comparison *comparison, const struct diff_options *options, FILE *out);

struct request {
	diff_write write;
	struct diff_options diff;
	struct stack_filter filter;
	bool has_sort;
	bool has_top;
	const char *path; /* NULL: standard output */
};

static int take_form(struct request *request, diff_write write)
{
	if (request->write && request->write != write)
		return usage_error(&diff_command, "one of --markdown, --json, --html at a time");
	request->write = write;
	return 0;
}

/* 0, or the exit status after a message. */
static int take_option(struct request *request, int option, const char *value)
{
	uint64_t top;
	switch (option) {
	case 's':
		request->has_sort = true;
		if (compared_figure_find(value, &request->diff.figure))
			return 0;
		return wrong_value(&diff_command, "--sort", value,
				   "not one of at-peak, live, allocated, allocs, temporary, peak");
	case 'n':
		request->has_top = true;
		if (!parse_number(value, 0, SIZE_MAX, &top))
			return wrong_value(&diff_command, "--top", value, "not a number");
		request->diff.top = top;
		return 0;
	case OPTION_MIN_BYTES:
		if (size_parse(value, &request->diff.min_bytes))
			return 0;
		return wrong_value(&diff_command, "--min-bytes", value, "not a size, such as 4096, 512K, 1M");
	case OPTION_FUNCTION:
		request->filter.function = value;
		return 0;
	case OPTION_FILE:
		request->filter.file = value;
		return 0;
	case OPTION_OBJECT:
		request->filter.object = value;
		return 0;
	case OPTION_MARKDOWN:
		return take_form(request, diff_write_markdown);
	case OPTION_JSON:
		return take_form(request, diff_write_json);
	case OPTION_HTML:
		return take_form(request, diff_write_html);
	default: /* 'o' */
		return take_output(&diff_command, value, &request->path);
	}
}

/* Fills *request; false where it is done, with the exit status in *status. */
static bool parse(int argc, char **argv, struct request *request, int *status)
{
	const char *value;
	for (int option; (option = options_next(&diff_command, argc, argv, &value)) != 0;) {
		*status = option < 0 ? EXIT_USAGE : 0;
		if (option == 'h')
			help_print(&diff_command, stdout);
		else if (option > 0)
			*status = take_option(request, option, value);
		if (option == 'h' || *status)
			return false;
	}
	*status = EXIT_USAGE;
	if (!request->write)
		request->write = diff_write_text;
	if (!request->has_top)
		request->diff.top = request->write == diff_write_json ? 0 : 10;
	if (argc - optind != 2)
		usage_error(&diff_command, "which two profiles? diff BASE NEW");
	else if (request->write == diff_write_html && !request->path && isatty(STDOUT_FILENO))
		usage_error(&diff_command, "a page is nothing for a terminal: -o FILE, or a pipe");
	else
		return true;
	return false;
}

struct output {
	const struct comparison *comparison;
	const struct request *request;
};

static int write_output(const void *context, FILE *out)
{
	const struct output *output = context;
	return output->request->write(output->comparison, &output->request->diff, out);
}

static int write_comparison(const struct comparison *comparison, struct request *request)
{
	const struct output output = {comparison, request};
	if (!request->has_sort)
		request->diff.figure = compared_figure_default(comparison);
	const struct figure *figure = compared_figures[request->diff.figure];
	if (!comparison_knows(comparison, figure->needs))
		return wrong_value(&diff_command, "--sort", figure->name,
				   "how one of them was captured leaves that unknown");
	request->diff.color = !request->path && color_wanted();
	int result = output_write(request->path, write_output, &output);
	if (result)
		fprintf(stderr, "captrack-bpf: cannot write '%s': %s\n",
			request->path ? request->path : "standard output", strerror(-result));
	return result ? EXIT_CAPTURE : 0;
}

static int compare(const struct profile *base, const struct profile *new, struct request *request)
{
	struct comparison comparison;
	int result = comparison_init(&comparison, base, new, &request->filter);
	if (result) {
		fprintf(stderr, "captrack-bpf: cannot compare '%s' and '%s': %s\n", request->diff.base_path,
			request->diff.new_path,
			result == -EOVERFLOW ? "a figure of all stacks is more than 2^64"
			: result == -EFBIG   ? "too many inlined calls"
					     : strerror(-result));
		return EXIT_CAPTURE;
	}
	int status = write_comparison(&comparison, request);
	comparison_deinit(&comparison);
	return status;
}

static int run(int argc, char **argv)
{
	struct request request = {.filter.thread = -1};
	struct profile base, new;
	struct ct_error err;
	int status;
	if (!parse(argc, argv, &request, &status))
		return status;
	request.diff.base_path = argv[optind];
	request.diff.new_path = argv[optind + 1];
	status = EXIT_CAPTURE;
	if (profile_read_file(request.diff.base_path, &base, &err)) {
		error_print(&err);
		return status;
	}
	if (profile_read_file(request.diff.new_path, &new, &err))
		error_print(&err);
	else
		status = compare(&base, &new, &request);
	profile_deinit(&base);
	profile_deinit(&new); /* zeroed where it could not be read */
	return status;
}

const struct command diff_command = {
	.name = "diff",
	.synopsis = "diff [OPTIONS] BASE NEW",
	.summary = "Compares two profiles: what grew, shrank, appeared, went, by stack.",
	.options = options,
	.run = run,
};
