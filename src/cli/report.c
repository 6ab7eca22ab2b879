// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf report: a profile as text. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/profile.h"
#include "captrack/views.h"

enum { OPTION_LEAKS = 256, OPTION_THREADS, OPTION_TIMELINE };

static const struct command_option options[] = {
	{"sort", 's', "KEY", "[at-peak], live, peak, allocated, allocs, temporary, moved, growth", 0},
	{"leaks", 0, NULL, "what lives: what keeps growing, what was set up once, and the rest",
	 OPTION_LEAKS},
	{"threads", 0, NULL, "who of the threads allocates, and who frees", OPTION_THREADS},
	{"timeline", 0, NULL, "what lived when, with rates", OPTION_TIMELINE},
	{"top", 'n', "N", "how many stacks, threads [10], or lines of the timeline [24]; 0: all", 0},
	{"help", 'h', NULL, "this", 0},
	{0},
};

static enum report_view view_of(int option)
{
	return option == OPTION_LEAKS     ? REPORT_LEAKS
	       : option == OPTION_THREADS ? REPORT_THREADS
					  : REPORT_TIMELINE;
}

/* Fills *report; false where it is done, with the exit status in *status. */
static bool parse(int argc, char **argv, struct report_options *report, int *status)
{
	const char *value;
	bool has_top = false, has_sort = false;
	*status = EXIT_USAGE;
	for (int option; (option = options_next(&report_command, argc, argv, &value)) != 0;) {
		char *end;
		switch (option) {
		case 's':
			has_sort = true;
			if (report_sort_parse(value, &report->sort))
				break;
			usage_error(&report_command,
				    "--sort %s: not one of at-peak, live, peak, allocated, allocs, "
				    "temporary, moved, growth",
				    value);
			return false;
		case OPTION_LEAKS:
		case OPTION_THREADS:
		case OPTION_TIMELINE:
			if (report->view != REPORT_STACKS && report->view != view_of(option)) {
				usage_error(&report_command,
					    "one of --leaks, --threads, --timeline at a time");
				return false;
			}
			report->view = view_of(option);
			break;
		case 'n':
			has_top = true;
			report->top = strtoul(value, &end, 10);
			if (!*end && end != value && value[0] != '-')
				break;
			usage_error(&report_command, "--top %s: not a number", value);
			return false;
		case 'h':
			help_print(&report_command, stdout);
			*status = 0;
			return false;
		default:
			return false;
		}
	}
	if (!has_top)
		report->top = report->view == REPORT_TIMELINE ? 24 : 10;
	if (has_sort && report->view != REPORT_STACKS)
		usage_error(&report_command, "--sort is for stacks; --leaks, --threads and --timeline have "
					     "an order of their own");
	else if (argc - optind != 1)
		usage_error(&report_command, argc == optind ? "which profile? give the file's name"
							    : "one profile at a time (several names given)");
	else
		return true;
	return false;
}

static int run(int argc, char **argv)
{
	struct report_options report = {.sort = REPORT_DEFAULT, .color = color_wanted()};
	struct profile profile;
	struct ct_error err;
	int status;
	if (!parse(argc, argv, &report, &status))
		return status;
	if (profile_read_file(argv[optind], &profile, &err)) {
		fprintf(stderr, "captrack-bpf: %s\n", err.text);
		return EXIT_CAPTURE;
	}
	const char *lacks = report.view == REPORT_STACKS ? report_sort_lacks(&profile, report.sort)
							 : report_view_lacks(&profile, report.view);
	if (lacks) {
		profile_deinit(&profile);
		return usage_error(&report_command, "%s cannot be %s so: %s", argv[optind],
				   report.view == REPORT_STACKS ? "sorted" : "shown", lacks);
	}
	int result = report_write(&profile, &report, stdout);
	profile_deinit(&profile);
	if (result)
		fprintf(stderr, "captrack-bpf: cannot write the report: %s\n", strerror(-result));
	return result ? EXIT_CAPTURE : 0;
}

const struct command report_command = {
	.name = "report",
	.synopsis = "report [OPTIONS] PROFILE",
	.summary = "Shows a profile: totals, and the stacks that held the most.",
	.options = options,
	.run = run,
};
