// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf report: a profile as text, or as JSON. */
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/profile.h"
#include "captrack/size.h"
#include "captrack/views.h"

enum {
	OPTION_TREE = 256,
	OPTION_LEAKS,
	OPTION_THREADS,
	OPTION_TIMELINE,
	OPTION_MIN_PERCENT,
	OPTION_FUNCTION,
	OPTION_FILE,
	OPTION_OBJECT,
	OPTION_THREAD,
	OPTION_MIN_BYTES,
	OPTION_JSON,
	OPTION_COLOR,
};

static const struct command_option options[] = {
	{"sort", 's', "KEY", "[at-peak], live, peak, allocated, allocs, temporary, moved, growth", 0},
	{"tree", 0, "[callees|callers]", "stacks as a tree: main first, or what allocated [callees]",
	 OPTION_TREE},
	{"leaks", 0, NULL, "what lives: what keeps growing, what was set up once, the rest", OPTION_LEAKS},
	{"threads", 0, NULL, "who of the threads allocates, and who frees", OPTION_THREADS},
	{"timeline", 0, NULL, "what lived when, with rates", OPTION_TIMELINE},
	{"top", 'n', "N", "stacks, threads, branches [10], processes [5], times [24]; 0: all", 0},
	{"min-percent", 0, "P", "of a tree: what is below is one line together [1]", OPTION_MIN_PERCENT},
	{"function", 0, "PATTERN", "stacks with a call of it; a part of the name, or all with * ?",
	 OPTION_FUNCTION},
	{"file", 0, "PATTERN", "with a call in this source file", OPTION_FILE},
	{"object", 0, "PATTERN", "with a call in this program or library", OPTION_OBJECT},
	{"thread", 0, "NAME|TID", "of this thread; of a capture --by-thread, or --threads", OPTION_THREAD},
	{"min-bytes", 0, "SIZE", "with so much of what is sorted by: 512K, 1M", OPTION_MIN_BYTES},
	{"json", 0, NULL, "the same for programs", OPTION_JSON},
	{"color", 0, "[auto|always|never]", "colours; auto: on a terminal [auto]", OPTION_COLOR},
	{"help", 'h', NULL, "this", 0},
	{0},
};

struct given {
	struct report_options report;
	const char *color;
	bool view; /* was given, and so on: */
	bool sort;
	bool top;
	bool min_percent;
};

static bool wants_color(const char *when)
{
	return strcmp(when, "auto") ? !strcmp(when, "always") : color_wanted();
}

static bool parse_percent(const char *text, double *out)
{
	char *end;
	*out = strtod(text, &end);
	return end != text && !*end && *out >= 0 && *out <= 100;
}

static bool wrong(const char *option, const char *value, const char *why)
{
	wrong_value(&report_command, option, value, why);
	return false;
}

static bool take_view(struct given *given, enum report_view view)
{
	if (given->view && given->report.view != view) {
		usage_error(&report_command, "one of --tree, --leaks, --threads, --timeline at a time");
		return false;
	}
	given->view = true;
	given->report.view = view;
	return true;
}

static bool take_order(struct given *given, const char *order)
{
	if (order && strcmp(order, "callees") && strcmp(order, "callers"))
		return wrong("--tree", order, "neither callees nor callers");
	given->report.order = order && !strcmp(order, "callers") ? CALLS_CALLERS : CALLS_CALLEES;
	return take_view(given, REPORT_TREE);
}

static bool take_sort(struct given *given, const char *key)
{
	given->sort = true;
	return report_sort_parse(key, &given->report.sort) ||
	       wrong("--sort", key,
		     "not one of at-peak, live, peak, allocated, allocs, temporary, moved, growth");
}

static bool take_top(struct given *given, const char *number)
{
	uint64_t top;
	if (!parse_number(number, 0, SIZE_MAX, &top))
		return wrong("--top", number, "not a number");
	given->top = true;
	given->report.top = top;
	return true;
}

static bool take_color(struct given *given, const char *when)
{
	given->color = when ? when : "always";
	return !strcmp(given->color, "auto") || !strcmp(given->color, "always") ||
	       !strcmp(given->color, "never") || wrong("--color", when, "not one of auto, always, never");
}

/* One option; false after a message. */
static bool take(struct given *given, int option, const char *value)
{
	struct report_options *report = &given->report;
	switch (option) {
	case 's':
		return take_sort(given, value);
	case 'n':
		return take_top(given, value);
	case OPTION_TREE:
		return take_order(given, value);
	case OPTION_LEAKS:
		return take_view(given, REPORT_LEAKS);
	case OPTION_THREADS:
		return take_view(given, REPORT_THREADS);
	case OPTION_TIMELINE:
		return take_view(given, REPORT_TIMELINE);
	case OPTION_MIN_PERCENT:
		given->min_percent = true;
		return parse_percent(value, &report->min_percent) ||
		       wrong("--min-percent", value, "not a number from 0 to 100");
	case OPTION_FUNCTION:
		report->function = value;
		return true;
	case OPTION_FILE:
		report->file = value;
		return true;
	case OPTION_OBJECT:
		report->object = value;
		return true;
	case OPTION_THREAD:
		report->thread = value;
		return true;
	case OPTION_MIN_BYTES:
		return (size_parse(value, &report->min_bytes) && report->min_bytes) ||
		       wrong("--min-bytes", value, "not a whole number from 1, with K, M, G or T for 1024s");
	case OPTION_JSON:
		report->json = true;
		return true;
	case OPTION_COLOR:
		return take_color(given, value);
	default:
		return false;
	}
}

/* What was not given, by what was; false after a message. */
static bool complete(struct given *given, int words)
{
	struct report_options *report = &given->report;
	bool is_timeline = report->view == REPORT_TIMELINE;
	report->processes = given->top ? report->top : 5;
	if (!given->top)
		report->top = is_timeline && report->json ? 0 : is_timeline ? 24 : 10;
	/* --top 0 cuts nothing */
	if (!given->min_percent)
		report->min_percent = report->top ? 1 : 0;
	const char *why = report_options_wrong(report);
	if (given->sort && report->view != REPORT_STACKS && report->view != REPORT_TREE)
		why = "--sort is for stacks; --leaks, --threads and --timeline have an order of their own";
	else if (given->min_percent && report->view != REPORT_TREE)
		why = "--min-percent is for --tree";
	else if (words != 1)
		why = words ? "one profile at a time (several names given)"
			    : "which profile? give the file's name";
	if (why)
		usage_error(&report_command, "%s", why);
	return !why;
}

/* Fills *given; false where it is done, with the exit status in *status. */
static bool parse(int argc, char **argv, struct given *given, int *status)
{
	const char *value;
	*status = EXIT_USAGE;
	for (int option; (option = options_next(&report_command, argc, argv, &value)) != 0;) {
		if (option == 'h') {
			help_print(&report_command, stdout);
			*status = 0;
			return false;
		}
		if (option < 0 || !take(given, option, value))
			return false;
	}
	return complete(given, argc - optind);
}

static int refuse(const char *path, const struct report_options *report, const char *lacks)
{
	bool has_stacks = report->view == REPORT_STACKS || report->view == REPORT_TREE;
	return usage_error(&report_command, "%s cannot be %s so: %s", path,
			   has_stacks && !report->thread ? "sorted" : "shown", lacks);
}

/* A reader that has seen enough is no error. */
static int tell(const char *path, int result)
{
	if (!result || result == -EPIPE)
		return 0;
	if (result == -EOVERFLOW || result == -EFBIG)
		fprintf(stderr, "captrack-bpf: no tree can be made of %s: %s\n", path,
			result == -EFBIG ? "its stacks have more than 2^26 calls together"
					 : "the figures of its stacks add up to more than 2^64");
	else
		fprintf(stderr, "captrack-bpf: cannot write the report: %s\n", strerror(-result));
	return EXIT_CAPTURE;
}

static int run(int argc, char **argv)
{
	struct given given = {.report = {.sort = REPORT_DEFAULT}, .color = "auto"};
	struct profile profile;
	struct ct_error err;
	struct pager pager;
	int status;
	if (!parse(argc, argv, &given, &status))
		return status;
	const char *path = argv[optind];
	if (profile_read_file(path, &profile, &err)) {
		error_print(&err);
		return EXIT_CAPTURE;
	}
	const char *lacks = report_lacks(&profile, &given.report);
	if (lacks) {
		profile_deinit(&profile);
		return refuse(path, &given.report, lacks);
	}
	setlocale(LC_CTYPE, "");
	given.report.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	given.report.color = wants_color(given.color);
	pager_begin(&pager);
	int result = report_write(&profile, &given.report, stdout);
	pager_end(&pager);
	profile_deinit(&profile);
	return tell(path, result);
}

static void print_more(FILE *out)
{
	fputs("\nA tree begins with main, as a flame graph does, for the table begins with what allocated.\n"
	      "On a terminal the text goes through $CAPTRACK_PAGER, $PAGER or less.\n",
	      out);
}

const struct command report_command = {
	.name = "report",
	.synopsis = "report [OPTIONS] PROFILE",
	.summary = "Shows a profile: totals, and the stacks that held the most.",
	.options = options,
	.help_more = print_more,
	.run = run,
};
