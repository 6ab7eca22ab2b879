// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf merge: profiles of one run's processes, or of a program's runs, as one. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/clock.h"
#include "captrack/profile.h"
#include "captrack/format.h"
#include "files.h"

enum { PROGRESS_NS = 200000000 };

static const struct command_option options[] = {
	{"output", 'o', "OUT", "where to, replaced as a whole; -: standard output", 0},
	{"quiet", 'q', NULL, "only warnings and errors", 0},
	{"help", 'h', NULL, "this", 0},
	{0},
};

struct merging {
	struct file_list files;
	struct profile_output *output;
	struct profile_merger *merger;
	const char *path; /* of the output */
	bool quiet;
	bool progress; /* to a terminal */
	uint64_t told_ns;
};

static int fail(const struct ct_error *err)
{
	error_print(err);
	return EXIT_CAPTURE;
}

static void warn_of_double(const char *path, const char *first)
{
	char name[1024], other[1024];
	fprintf(stderr, "captrack-bpf: '%s' is the same file as '%s': it is taken once\n",
		format_safe(path, name, sizeof(name)), format_safe(first, other, sizeof(other)));
}

static void show_progress(struct merging *merging, size_t done)
{
	char count[32], all[32];
	uint64_t now = clock_monotonic_ns();
	if (!merging->progress || now - merging->told_ns < PROGRESS_NS)
		return;
	merging->told_ns = now;
	fprintf(stderr, "\rmerged %s of %s files", format_count(done, count),
		format_count(merging->files.n, all));
}

static void clear_progress(const struct merging *merging)
{
	if (merging->progress)
		fputs("\r\033[K", stderr);
}

static int add_file(struct merging *merging, const char *path, struct ct_error *err)
{
	struct profile profile;
	int result = profile_read_file(path, &profile, err);
	if (result)
		return result;
	result = profile_merge_add(merging->merger, &profile, path, err);
	profile_deinit(&profile);
	return result;
}

static int add_files(struct merging *merging, struct ct_error *err)
{
	int result = 0;
	merging->told_ns = clock_monotonic_ns();
	for (size_t i = 0; i < merging->files.n && !result; i++) {
		if (merging->files.paths[i])
			result = add_file(merging, merging->files.paths[i], err);
		show_progress(merging, i + 1);
	}
	clear_progress(merging);
	return result;
}

static void tell_result(const struct merging *merging, const struct profile *profile)
{
	char count[32], bytes[16], name[64], path[1024];
	if (merging->quiet)
		return;
	fprintf(stderr, "captrack-bpf: merged %s %s", format_count(profile->n_merged, count),
		profile->n_merged == 1 ? "process" : "processes");
	if (strcmp(merging->path, "-"))
		fprintf(stderr, " into %s", format_safe(merging->path, path, sizeof(path)));
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		fprintf(stderr, "; the peak, %s%s, is that of pid %d (%s)",
			profile->capture.sample_bytes ? "~" : "",
			format_bytes(profile->totals.peak_bytes, bytes), profile->target.pid,
			format_safe(profile->target.exe ? profile->target.exe : "?", name, sizeof(name)));
	fputc('\n', stderr);
}

static int merge(struct merging *merging)
{
	struct ct_error err = {0};
	struct profile profile;
	int result = files_drop_doubles(&merging->files, warn_of_double);
	if (!result)
		result = profile_merger_new(&merging->merger);
	if (result)
		ct_fail(&err, result, "out of memory");
	if (!result)
		result = profile_output_open(merging->path, &merging->output, &err);
	if (!result)
		result = add_files(merging, &err);
	if (result)
		return fail(&err);
	profile_merge_finish(merging->merger, &profile);
	result = profile_output_write(merging->output, &profile, &err);
	if (!result)
		tell_result(merging, &profile);
	profile_deinit(&profile);
	return result ? fail(&err) : 0;
}

static int merge_words(struct merging *merging, int argc, char **argv)
{
	struct ct_error err;
	int status = -1;
	for (int i = optind; i < argc && status < 0; i++)
		if (files_add(&merging->files, argv[i], &err))
			status = fail(&err);
	if (status < 0)
		status = merge(merging);
	profile_merger_free(merging->merger);
	profile_output_close(merging->output);
	files_free(&merging->files);
	return status;
}

static int run(int argc, char **argv)
{
	struct merging merging = {0};
	const char *value;
	for (int option; (option = options_next(&merge_command, argc, argv, &value)) != 0;) {
		switch (option) {
		case 'o':
			if (!*value)
				return usage_error(&merge_command, "-o: the file's name is empty");
			merging.path = value;
			break;
		case 'q':
			merging.quiet = true;
			break;
		case 'h':
			help_print(&merge_command, stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (!merging.path)
		return usage_error(&merge_command, "where to? -o OUT");
	if (optind == argc)
		return usage_error(&merge_command, "which profiles? give the names of files or folders");
	merging.progress = !merging.quiet && isatty(STDERR_FILENO);
	return merge_words(&merging, argc, argv);
}

const struct command merge_command = {
	.name = "merge",
	.synopsis = "merge FILE... -o OUT",
	.summary = "Puts profiles together: the processes of a run, or runs of a program. Counts add up; the "
		   "peak\n"
		   "is that of the process with the highest. A folder stands for all profile-*.json in it.",
	.options = options,
	.run = run,
};
