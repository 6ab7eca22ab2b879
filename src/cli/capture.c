// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The capture itself: captrack-bpf -p PID, captrack-bpf -- COMMAND. */
#include "captrack/capture.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "captrack/cli.h"
#include "captrack/probes.h"
#include "captrack/records.h"
#include "captrack/size.h"

enum {
	DEFAULT_INTERVAL_MS = 500,
	DEFAULT_SAMPLE_CAP = 4096,
	MAX_SAMPLE_CAP = 1000000,
	MAX_SAMPLE_BYTES = 1 << 30,
	MAX_PIDS = 64,
};

enum {
	OPT_ALLOCATOR = 256,
	OPT_USER,
	OPT_SAMPLE,
	OPT_ALLOCS_ONLY,
	OPT_FREE_STACKS,
	OPT_BY_THREAD,
	OPT_NO_DETAILS,
	OPT_MAX_STACKS,
	OPT_MAX_LIVE,
	OPT_MAX_DEPTH,
	OPT_ESTIMATE,
	OPT_VERSION,
};

static const struct command_option options[] = {
	{"pid", 'p', "PID", "a running process; may be given several times", 0},
	{"output", 'o', "DIR", "where profiles go [$CAPTRACK_DUMP_DIR, else captrack-profiles]", 0},
	{"interval", 'i', "MS", "time between snapshots, 0: only the final one [500]", 0},
	{"duration", 'd', "SEC", "stop after this long, leave the target running", 0},
	{"estimate", 0, "SEC", "only count calls for so long, and tell what a capture would cost",
	 OPT_ESTIMATE},
	{"user", 0, "NAME", "run COMMAND as this user", OPT_USER},
	{"allocator", 0, "NAME", "glibc, auto [auto]", OPT_ALLOCATOR},
	{"sample", 0, "[BYTES]", "estimate: keep one allocation per BYTES on average [524288]", OPT_SAMPLE},
	{"allocs-only", 0, NULL, "do not probe free: who allocates, not what lives", OPT_ALLOCS_ONLY},
	{"no-details", 0, NULL, "no sizes, lifetimes, growth and threads: cheaper", OPT_NO_DETAILS},
	{"free-stacks", 0, NULL, "also who frees whose blocks; costs a second stack an allocation",
	 OPT_FREE_STACKS},
	{"by-thread", 0, NULL, "each thread has stacks of its own", OPT_BY_THREAD},
	{"max-stacks", 0, "N", "room for different stacks [65536]", OPT_MAX_STACKS},
	{"max-live", 0, "N", "room for live blocks [4194304]", OPT_MAX_LIVE},
	{"max-depth", 0, "N", "frames kept of a stack [127]", OPT_MAX_DEPTH},
	{"quiet", 'q', NULL, "only errors", 0},
	{"verbose", 'v', NULL, "also what the BPF library says", 0},
	{"help", 'h', NULL, "this", 0},
	{"version", 0, NULL, "the version", OPT_VERSION},
	{0},
};

static bool parse_seconds(const char *text, uint64_t *ms)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || !(value >= 0.001) || value > 1e9)
		return false;
	*ms = (uint64_t)(value * 1000 + 0.5);
	return true;
}

static bool is_allocator(const char *name)
{
	for (const struct allocator *const *allocator = allocators_all(); *allocator; allocator++)
		if (!strcmp(name, (*allocator)->name))
			return true;
	return !strcmp(name, "auto");
}

static void read_environment(struct capture_options *capture)
{
	const char *dir = getenv("CAPTRACK_DUMP_DIR");
	const char *interval = getenv("CAPTRACK_AUTODUMP_INTERVAL_MS");
	const char *autodump = getenv("CAPTRACK_AUTODUMP");
	uint64_t number;
	if (dir && *dir)
		capture->output = dir;
	if (interval && !parse_number(interval, 0, 86400000, &capture->interval_ms))
		fprintf(stderr,
			"captrack-bpf: CAPTRACK_AUTODUMP_INTERVAL_MS is '%s', not a number of ms: taking "
			"%d\n",
			interval, DEFAULT_INTERVAL_MS);
	const char *cap = getenv("CAPTRACK_SAMPLE_CAP");
	if (cap && parse_number(cap, 1, MAX_SAMPLE_CAP, &number))
		capture->sample_cap = (uint32_t)number;
	else if (cap)
		fprintf(stderr,
			"captrack-bpf: CAPTRACK_SAMPLE_CAP is '%s', not a number from 1 to %d: taking %d\n",
			cap, MAX_SAMPLE_CAP, DEFAULT_SAMPLE_CAP);
	for (const char *const *off = (const char *const[]){"0", "off", "false", "no", NULL};
	     autodump && *off; off++)
		if (!strcasecmp(autodump, *off))
			capture->autodump = false;
}

/* Takes one option. Returns 0, or an exit status. */
static int take_option(struct capture_options *capture, int option, const char *value, pid_t *pids)
{
	uint64_t number = 0;
	switch (option) {
	case 'p':
		if (!parse_number(value, 1, 4194304, &number))
			return wrong_value(&capture_command, "-p", value, "not a process id");
		if (capture->pid_count == MAX_PIDS)
			return wrong_value(&capture_command, "-p", value,
					   "too many processes in one capture");
		for (size_t i = 0; i < capture->pid_count; i++)
			if (pids[i] == (pid_t)number) /* given twice: once is enough */
				return 0;
		pids[capture->pid_count++] = (pid_t)number;
		return 0;
	case 'o':
		capture->output = value;
		return *value ? 0 : wrong_value(&capture_command, "-o", "''", "no name of a folder");
	case 'i':
		if (!parse_number(value, 0, 86400000, &capture->interval_ms))
			return wrong_value(&capture_command, "-i", value,
					   "not a whole number of ms from 0 to 86400000");
		return 0;
	case 'd':
		if (!parse_seconds(value, &capture->duration_ms))
			return wrong_value(&capture_command, "-d", value, "not a number of seconds");
		return 0;
	case OPT_ESTIMATE:
		if (!parse_seconds(value, &capture->estimate_ms))
			return wrong_value(&capture_command, "--estimate", value, "not a number of seconds");
		return 0;
	case OPT_ALLOCATOR:
		capture->allocator = value;
		return is_allocator(value) ? 0
					   : wrong_value(&capture_command, "--allocator", value,
							 "not known to this version (glibc, auto)");
	case OPT_USER:
		capture->user = value;
		return 0;
	case OPT_SAMPLE:
		capture->sample_bytes = DEFAULT_SAMPLE_BYTES;
		if (value && (!size_parse(value, &capture->sample_bytes) || !capture->sample_bytes ||
			      capture->sample_bytes > MAX_SAMPLE_BYTES))
			return wrong_value(&capture_command, "--sample", value,
					   "not a whole number from 1 to 1G (K, M, G: 1024s)");
		return 0;
	case OPT_ALLOCS_ONLY:
		capture->allocs_only = true;
		return 0;
	case OPT_NO_DETAILS:
		capture->no_details = true;
		return 0;
	case OPT_FREE_STACKS:
		capture->free_stacks = true;
		return 0;
	case OPT_BY_THREAD:
		capture->by_thread = true;
		return 0;
	case OPT_MAX_STACKS:
		if (!parse_number(value, 16, CT_MOST_STACKS, &number))
			return wrong_value(&capture_command, "--max-stacks", value,
					   "not a number from 16 to 16000000");
		capture->max_stacks = (uint32_t)number;
		return 0;
	case OPT_MAX_LIVE:
		if (!parse_number(value, 16, 268435456, &number))
			return wrong_value(&capture_command, "--max-live", value,
					   "not a number from 16 to 268435456");
		capture->max_live = (uint32_t)number;
		return 0;
	case OPT_MAX_DEPTH:
		if (!parse_number(value, 1, CT_MAX_DEPTH, &number))
			return wrong_value(&capture_command, "--max-depth", value,
					   "not a number from 1 to 127");
		capture->max_depth = (uint32_t)number;
		return 0;
	case 'q':
		capture->verbosity = -1;
		return 0;
	case 'v':
		capture->verbosity = 1;
		return 0;
	default:
		return EXIT_USAGE;
	}
}

static int run(int argc, char **argv)
{
	pid_t pids[MAX_PIDS];
	struct capture_options capture = {
		.output = "captrack-profiles",
		.interval_ms = DEFAULT_INTERVAL_MS,
		.autodump = true,
		.sample_cap = DEFAULT_SAMPLE_CAP,
		.allocator = "auto",
		.max_stacks = 65536,
		.max_live = 4194304,
		.max_depth = CT_MAX_DEPTH,
		.pids = pids,
	};
	const char *value;
	int given = 0; /* an option that is about profiles */
	read_environment(&capture);
	for (int option; (option = options_next(&capture_command, argc, argv, &value)) != 0;) {
		if (option == 'h') {
			help_print(&capture_command, stdout);
			return 0;
		}
		if (option == OPT_VERSION) {
			printf("captrack-bpf " CT_VERSION "\n");
			return 0;
		}
		if (option == 'o' || option == 'i' || option == 'd')
			given = option;
		int status = option < 0 ? EXIT_USAGE : take_option(&capture, option, value, pids);
		if (status)
			return status;
	}
	if (optind < argc)
		capture.command = argv + optind;
	if (capture.command && capture.pid_count)
		return usage_error(&capture_command, "give either -p PID or a COMMAND, not both");
	if (!capture.command && !capture.pid_count)
		return usage_error(&capture_command, "what to profile? give -p PID, or -- COMMAND [ARG...]");
	if (capture.user && !capture.command)
		return usage_error(&capture_command, "--user goes with a COMMAND");
	if (capture.free_stacks && (capture.sample_bytes || capture.allocs_only || capture.no_details))
		return usage_error(&capture_command,
				   "--free-stacks goes with every free in detail, not with %s",
				   capture.allocs_only  ? "--allocs-only"
				   : capture.no_details ? "--no-details"
							: "--sample");
	if (capture.by_thread && capture.no_details)
		return usage_error(&capture_command,
				   "--by-thread needs threads, of which --no-details keeps nothing");
	if (capture.estimate_ms && capture.pid_count > 1)
		return usage_error(&capture_command, "--estimate is for one process at a time");
	if (capture.estimate_ms && given)
		return usage_error(&capture_command,
				   "--estimate writes no profile and ends by itself: -%c does not go with it",
				   given);

	struct ct_error err = {""};
	int status = capture_run(&capture, &err);
	if (status && err.text[0])
		fprintf(stderr, "captrack-bpf: %s\n", err.text);
	return status;
}

const struct command capture_command = {
	.synopsis = "[OPTIONS] -p PID [-p PID ...]\n       captrack-bpf [OPTIONS] [--] COMMAND [ARG...]",
	.summary = "Profiles the heap of a process that was not built or started for it.",
	.options = options,
	.run = run,
};
