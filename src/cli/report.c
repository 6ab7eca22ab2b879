// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf report: a profile as text. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/profile.h"
#include "captrack/views.h"

static const struct command_option options[] = {
	{"sort", 's', "KEY", "at-peak, live, peak, allocated, allocs, temporary [at-peak]", 0},
	{"top", 'n', "N", "how many stacks, 0: all [10]", 0},
	{"help", 'h', NULL, "this", 0},
	{0},
};

/* $NO_COLOR: https://no-color.org */
static bool wants_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
}

static int run(int argc, char **argv)
{
	struct report_options report = {.sort = REPORT_DEFAULT, .top = 10, .color = wants_color()};
	const char *value;
	for (int option; (option = options_next(&report_command, argc, argv, &value)) != 0;) {
		char *end;
		switch (option) {
		case 's':
			if (!report_sort_parse(value, &report.sort))
				return usage_error(&report_command,
						   "--sort %s: not one of at-peak, live, peak, allocated, "
						   "allocs, temporary",
						   value);
			break;
		case 'n':
			report.top = strtoul(value, &end, 10);
			if (*end || end == value || value[0] == '-')
				return usage_error(&report_command, "--top %s: not a number", value);
			break;
		case 'h':
			help_print(&report_command, stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind != 1)
		return usage_error(&report_command, argc == optind
							    ? "which profile? give the file's name"
							    : "one profile at a time (several names given)");
	struct profile profile;
	struct ct_error err;
	if (profile_read_file(argv[optind], &profile, &err)) {
		fprintf(stderr, "captrack-bpf: %s\n", err.text);
		return EXIT_CAPTURE;
	}
	const char *lacks = report_sort_lacks(&profile, report.sort);
	if (lacks) {
		profile_deinit(&profile);
		return usage_error(&report_command, "%s cannot be sorted so: %s", argv[optind], lacks);
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
