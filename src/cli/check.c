// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf check: profiles against budgets, for CI. */
#include "captrack/check.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/size.h"
#include "captrack/views.h"
#include "files.h"

enum { OPT_MAX_PEAK = 256, OPT_MAX_LIVE, OPT_MAX_ALLOCS, OPT_MAX_GROWTH, OPT_STACK, OPT_JUNIT, OPT_GITHUB };

static const struct command_option options[] = {
	{"budget", 'b', "FILE", "a budget as JSON (docs/ci.md); may be given several times", 0},
	{"max-peak", 0, "SIZE", "bytes live at once, as 65536, 64K, 64M", OPT_MAX_PEAK},
	{"max-live-at-exit", 0, "SIZE", "bytes never freed", OPT_MAX_LIVE},
	{"max-allocs", 0, "N", "allocations in all", OPT_MAX_ALLOCS},
	{"max-growth-vs", 0, "BASE PERCENT", "more of any of the three than in the profile BASE",
	 OPT_MAX_GROWTH},
	{"stack", 0, "PATTERN", "limits are for stacks with such a function; several: any of them",
	 OPT_STACK},
	{"junit", 0, "FILE", "also write the result as JUnit's XML", OPT_JUNIT},
	{"github", 0, NULL, "also print annotations for GitHub Actions", OPT_GITHUB},
	{"help", 'h', NULL, "this", 0},
	{0},
};

struct check_options {
	struct budget budget; /* its first rule is that of options */
	const char *junit;
	bool github;
};

static int take_size(struct check_rule *rule, enum check_measure what, const char *option, const char *value)
{
	rule->has_max[what] = true;
	return size_parse(value, &rule->max[what])
		       ? 0
		       : wrong_value(&check_command, option, value,
				     "not a whole number such as 65536, 64K, 64M, 1G");
}

/* Two words: a base and a percentage, which getopt knows nothing of. */
static int take_growth(struct check_rule *rule, const char *base, int argc, char **argv)
{
	const char *percent = optind < argc ? argv[optind++] : NULL;
	char *end;
	if (rule->base)
		return wrong_value(&check_command, "--max-growth-vs", base,
				   "one base at a time; more of them by --budget");
	if (!percent)
		return wrong_value(&check_command, "--max-growth-vs", base,
				   "the percentage is missing that it may grow by: BASE PERCENT");
	rule->percent = strtod(percent, &end);
	if (end > percent && *end == '%')
		end++;
	if (end == percent || *end || !(rule->percent >= 0) || rule->percent > 1e6)
		return wrong_value(&check_command, "--max-growth-vs BASE", percent,
				   "not a percentage that it may grow by, from 0 to 1000000");
	rule->base = strdup(base);
	for (int i = 0; i < CHECK_MEASURES; i++)
		rule->grows[i] = true;
	return rule->base ? 0 : EXIT_CAPTURE;
}

static int take_budget(struct budget *budget, const char *path)
{
	struct ct_error err = {""};
	if (!budget_read_file(path, budget, &err))
		return 0;
	error_print(&err);
	return EXIT_USAGE;
}

/* 0, or an exit status. The rule is looked up anew each time: budgets move. */
static int take_option(struct check_options *check, int option, const char *value, int argc, char **argv)
{
	struct check_rule *rule = &check->budget.rules[0];
	switch (option) {
	case 'b':
		return take_budget(&check->budget, value);
	case OPT_MAX_PEAK:
		return take_size(rule, CHECK_PEAK, "--max-peak", value);
	case OPT_MAX_LIVE:
		return take_size(rule, CHECK_LIVE_AT_EXIT, "--max-live-at-exit", value);
	case OPT_MAX_ALLOCS:
		return take_size(rule, CHECK_ALLOCS, "--max-allocs", value);
	case OPT_MAX_GROWTH:
		return take_growth(rule, value, argc, argv);
	case OPT_STACK:
		return !*value ? wrong_value(&check_command, "--stack", "''", "an empty pattern matches all")
		       : check_rule_add_stack(rule, value) ? EXIT_CAPTURE
							   : 0;
	case OPT_JUNIT:
		check->junit = value;
		/* Both in one would be neither. */
		return *value && strcmp(value, "-")
			       ? 0
			       : wrong_value(&check_command, "--junit", value,
					     "not a file's name; standard output has the text");
	case OPT_GITHUB:
		check->github = true;
		return 0;
	default:
		return EXIT_USAGE;
	}
}

static int write_findings(const void *check, FILE *out)
{
	return check_write_junit(check, out);
}

static int write_junit(const struct check *check, const char *path)
{
	int result = output_write(path, write_findings, check);
	if (result)
		fprintf(stderr, "captrack-bpf: cannot write '%s': %s\n", path, strerror(-result));
	return result;
}

/* A runner takes commands from lines of the text, too, where names stand that come from profiles: between
 * these two lines it takes none. The word is one that no profile can know. */
static int write_text(const struct check *check, bool github)
{
	uint64_t word[2];
	if (!github)
		return check_write_text(check, color_wanted(), stdout);
	if (getrandom(word, sizeof(word), 0) != sizeof(word))
		return -EIO;
	printf("::stop-commands::%016" PRIx64 "%016" PRIx64 "\n", word[0], word[1]);
	int result = check_write_text(check, color_wanted(), stdout);
	printf("::%016" PRIx64 "%016" PRIx64 "::\n", word[0], word[1]);
	return fflush(stdout) && !result ? -errno : result;
}

static int judge(const struct check_options *given, char *const *files, size_t n_files)
{
	struct check check;
	int result = check_run(&given->budget, files, n_files, &check);
	if (result) {
		fprintf(stderr, "captrack-bpf: cannot check: %s\n", strerror(-result));
		return EXIT_CAPTURE;
	}
	int status = check.n_broken || check.n_unverified || !check.n ? EXIT_BROKEN : 0;
	result = given->github ? check_write_github(&check, stdout) : 0;
	if (!result)
		result = write_text(&check, given->github);
	if (result)
		fprintf(stderr, "captrack-bpf: cannot write the result: %s\n", strerror(-result));
	if (given->junit && write_junit(&check, given->junit))
		result = -EIO;
	check_deinit(&check);
	return result && !status ? EXIT_CAPTURE : status;
}

static bool limits_anything(const struct check_rule *rule)
{
	bool limits = rule->base;
	for (int i = 0; i < CHECK_MEASURES; i++)
		limits |= rule->has_max[i];
	return limits;
}

static int check_files(struct check_options *check, int argc, char **argv)
{
	struct file_list files = {0};
	struct ct_error err = {""};
	bool given = limits_anything(&check->budget.rules[0]);
	if (!given && check->budget.rules[0].n_stacks)
		return usage_error(&check_command, "--stack needs a limit: one of --max-...");
	if (!given && check->budget.n_rules == 1)
		return usage_error(&check_command, "which budget? --budget FILE, or one of --max-...");
	if (optind == argc)
		return usage_error(&check_command, "which profiles? give the files' names");
	int result = 0;
	for (int i = optind; i < argc && result != -ENOMEM; i++) {
		result = files_add(&files, argv[i], &err);
		if (result && result != -ENOMEM) /* a profile that is not there is judged, too */
			result = files_add_path(&files, argv[i]);
	}
	int status = result ? EXIT_CAPTURE : judge(check, files.paths, files.n);
	if (result)
		fprintf(stderr, "captrack-bpf: cannot check: %s\n", strerror(-result));
	files_free(&files);
	return status;
}

static int run(int argc, char **argv)
{
	struct check_options check = {0};
	const char *value;
	int status = budget_add_rule(&check.budget) ? 0 : EXIT_CAPTURE;
	for (int option; !status && (option = options_next(&check_command, argc, argv, &value)) != 0;) {
		if (option == 'h') {
			help_print(&check_command, stdout);
			budget_deinit(&check.budget);
			return 0;
		}
		status = option < 0 ? EXIT_USAGE : take_option(&check, option, value, argc, argv);
	}
	if (!status)
		status = check_files(&check, argc, argv);
	budget_deinit(&check.budget);
	return status;
}

const struct command check_command = {
	.name = "check",
	.synopsis = "check [OPTIONS] PROFILE...",
	.summary = "Judges profiles by a budget: exit status 3, and what broke it.",
	.options = options,
	.run = run,
};
