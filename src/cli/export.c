// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf export: a profile as a file for another program. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/profile.h"
#include "captrack/exports.h"

static const struct command_option options[] = {
	{"format", 'f', "FORMAT", "one of those below", 0},
	{"value", 'v', "KEY", "of folded: at-peak, live, peak, allocated, allocs, temporary [at-peak]", 0},
	{"output", 'o', "FILE", "where to; -: standard output [-]", 0},
	{"help", 'h', NULL, "this", 0},
	{0},
};

/* "captrack, ..." */
static const char *list_formats(char out[256])
{
	out[0] = '\0';
	for (const struct export_format *format = export_formats; format->name; format++)
		snprintf(out + strlen(out), 256 - strlen(out), "%s%s", format == export_formats ? "" : ", ",
			 format->name);
	return out;
}

/* "at-peak, ..." */
static const char *list_values(char out[256])
{
	out[0] = '\0';
	for (const struct figure *const *value = export_values; *value; value++)
		snprintf(out + strlen(out), 256 - strlen(out), "%s%s", value == export_values ? "" : ", ",
			 (*value)->name);
	return out;
}

/* What to make. */
struct export
{
	const struct export_format *format;
	const struct figure *value; /* NULL: the default's */
	const char *path;           /* NULL: standard output */
};

struct output {
	const struct profile *profile;
	const struct export *export;
};

static int write_output(const void *context, FILE *out)
{
	const struct output *output = context;
	const struct export_format *format = output->export->format;
	return format->write ? format->write(output->profile, out)
			     : format->write_value(output->profile, output->export->value, out);
}

static void print_formats(FILE *out)
{
	fputs("\nformats:\n", out);
	for (const struct export_format *format = export_formats; format->name; format++)
		fprintf(out, "  %-26s %s\n", format->name, format->summary);
}

static const char *find_lacks(const struct profile *profile, struct export *export)
{
	const char *lacks = export->format->lacks(profile);
	if (lacks || !export->format->write_value)
		return lacks;
	if (!export->value)
		export->value = export_value_default(profile);
	return export_value_lacks(profile, export->value);
}

static const char *describe_error(int result)
{
	return result == -EOVERFLOW ? "the figures of its stacks add up to more than 2^64"
	       : result == -EFBIG
		       ? "its stacks have too many calls, or the file would be larger than it may be"
		       : strerror(-result);
}

static int write_profile(const struct profile *profile, const char *name, struct export *export)
{
	const char *lacks = find_lacks(profile, export);
	if (lacks)
		return usage_error(&export_command, "%s cannot be exported as %s%s%s: %s", name,
				   export->format->name, export->value ? " by " : "",
				   export->value ? export->value->name : "", lacks);
	const struct output output = {profile, export};
	int result = output_write(export->path, write_output, &output);
	if (result)
		fprintf(stderr, "captrack-bpf: cannot write '%s': %s\n",
			export->path ? export->path : "standard output", describe_error(result));
	return result ? EXIT_CAPTURE : 0;
}

/* 0, or the exit status; -1: all is said, and there is no more to do. */
static int parse(int argc, char **argv, struct export *export)
{
	const char *value;
	char names[256];
	for (int option; (option = options_next(&export_command, argc, argv, &value)) != 0;) {
		switch (option) {
		case 'f':
			export->format = export_format_find(value);
			if (!export->format)
				return usage_error(&export_command, "-f %s: not a format; there is %s", value,
						   list_formats(names));
			break;
		case 'v':
			export->value = export_value_find(value);
			if (!export->value)
				return usage_error(&export_command, "-v %s: not a figure; there is %s", value,
						   list_values(names));
			break;
		case 'o':
			if (take_output(&export_command, value, &export->path))
				return EXIT_USAGE;
			break;
		case 'h':
			help_print(&export_command, stdout);
			return -1;
		default:
			return EXIT_USAGE;
		}
	}
	if (!export->format)
		return usage_error(&export_command, "which format? -f %s", list_formats(names));
	if (export->value && !export->format->write_value)
		return usage_error(&export_command, "-v: %s has no choice of figures", export->format->name);
	if (export->format->is_binary && !export->path && isatty(STDOUT_FILENO))
		return usage_error(&export_command, "%s is nothing for a terminal: -o FILE, or a pipe",
				   export->format->name);
	if (argc - optind != 1)
		return usage_error(&export_command, argc == optind
							    ? "which profile? give the file's name"
							    : "one profile at a time (several names given)");
	return 0;
}

static int run(int argc, char **argv)
{
	struct export export = {0};
	struct profile profile;
	struct ct_error err;
	int status = parse(argc, argv, &export);
	if (status)
		return status < 0 ? 0 : status;
	if (profile_read_file(argv[optind], &profile, &err)) {
		error_print(&err);
		return EXIT_CAPTURE;
	}
	status = write_profile(&profile, argv[optind], &export);
	profile_deinit(&profile);
	return status;
}

const struct command export_command = {
	.name = "export",
	.synopsis = "export -f FORMAT [-v KEY] [-o FILE] PROFILE",
	.summary = "Writes a profile as a file for other programs.",
	.options = options,
	.help_more = print_formats,
	.run = run,
};
