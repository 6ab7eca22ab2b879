// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf export: a profile as a file for another program. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/profile.h"
#include "captrack/exports.h"

static const struct command_option options[] = {
	{"format", 'f', "FORMAT", "one of those below", 0},
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

/* Half a file is of no use to anybody, and removed; what is no file stays. */
static int write_file(const struct profile *profile, const struct export_format *format, const char *path)
{
	struct stat st;
	FILE *out = fopen(path, "we");
	if (!out)
		return -errno;
	bool is_file = !fstat(fileno(out), &st) && S_ISREG(st.st_mode);
	int result = format->write(profile, out);
	if (fclose(out) && !result)
		result = -errno;
	if (result && is_file)
		unlink(path);
	return result;
}

static void print_formats(FILE *out)
{
	fputs("\nformats:\n", out);
	for (const struct export_format *format = export_formats; format->name; format++)
		fprintf(out, "  %-26s %s\n", format->name, format->summary);
}

static int export(const struct profile *profile, const struct export_format *format, const char *path)
{
	int result = path ? write_file(profile, format, path) : format->write(profile, stdout);
	if (result)
		fprintf(stderr, "captrack-bpf: cannot write '%s': %s\n", path ? path : "standard output",
			strerror(-result));
	return result ? EXIT_CAPTURE : 0;
}

static int run(int argc, char **argv)
{
	const struct export_format *format = NULL;
	const char *path = NULL, *value;
	char names[256];
	for (int option; (option = options_next(&export_command, argc, argv, &value)) != 0;) {
		switch (option) {
		case 'f':
			format = export_format_find(value);
			if (!format)
				return usage_error(&export_command, "-f %s: not a format; there is %s", value,
						   list_formats(names));
			break;
		case 'o':
			if (!*value)
				return usage_error(&export_command, "-o: the file's name is empty");
			path = strcmp(value, "-") ? value : NULL;
			break;
		case 'h':
			help_print(&export_command, stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	if (!format)
		return usage_error(&export_command, "which format? -f %s", list_formats(names));
	if (format->is_binary && !path && isatty(STDOUT_FILENO))
		return usage_error(&export_command, "%s is nothing for a terminal: -o FILE, or a pipe",
				   format->name);
	if (argc - optind != 1)
		return usage_error(&export_command, argc == optind
							    ? "which profile? give the file's name"
							    : "one profile at a time (several names given)");
	struct profile profile;
	struct ct_error err;
	if (profile_read_file(argv[optind], &profile, &err)) {
		fprintf(stderr, "captrack-bpf: %s\n", err.text);
		return EXIT_CAPTURE;
	}
	const char *lacks = format->lacks(&profile);
	int status = lacks ? usage_error(&export_command, "%s cannot be exported as %s: %s", argv[optind],
					 format->name, lacks)
			   : export(&profile, format, path);
	profile_deinit(&profile);
	return status;
}

const struct command export_command = {
	.name = "export",
	.synopsis = "export -f FORMAT [-o FILE] PROFILE",
	.summary = "Writes a profile as a file for other programs.",
	.options = options,
	.help_more = print_formats,
	.run = run,
};
