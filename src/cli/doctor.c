// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* captrack-bpf doctor: what a capture would find, without one. Each check is a function
 * over the subject, called from run(). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "captrack/capture.h"
#include "captrack/cli.h"
#include "captrack/probes.h"
#include "captrack/records.h"
#include "captrack/target.h"
#include "captrack/format.h"

static const struct command_option options[] = {
	{"help", 'h', NULL, "this", 0},
	{0},
};

/* --- probe sites --- */

/* "size=rdi*rsi ptr=rdx": the registers that the recipe's arguments are in. */
static void format_places(uint64_t cookie, char *out, size_t size)
{
	const struct {
		const char *before;
		unsigned int place;
	} parts[] = {
		{" size=", (unsigned int)CT_COOKIE_SIZE_ARG(cookie)},
		{"*", (unsigned int)CT_COOKIE_TIMES_ARG(cookie)},
		{" ptr=", (unsigned int)CT_COOKIE_PTR_ARG(cookie)},
		{" out=", (unsigned int)CT_COOKIE_OUT_ARG(cookie)},
	};
	char text[64] = "";
	size_t length = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].place)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
						   parts[i].before, site_place_name(parts[i].place));
	snprintf(out, size, "%s", text[0] == ' ' ? text + 1 : text);
}

static int by_function(const void *left, const void *right)
{
	const struct probe_site *a = left, *b = right;
	return (a->function > b->function) - (a->function < b->function);
}

static void print_sites(const char *path, const struct allocator *allocator, struct probe_site *sites,
			size_t count)
{
	char name[512];
	size_t stepped = 0;
	qsort(sites, count, sizeof(*sites), by_function);
	printf("%s: %s\n", format_safe(path, name, sizeof(name)), allocator->name);
	printf("  %-16s %10s  %-26s %-15s %-20s %s\n", "function", "address", "probed instruction",
	       "by the kernel", "arguments", "why there");
	for (size_t i = 0; i < count; i++) {
		const struct probe_site *site = &sites[i];
		char places[64], probed[96];
		format_places(site->cookie, places, sizeof(places));
		snprintf(probed, sizeof(probed), "+%-3" PRIu32 "%s", site->site.offset,
			 site->site.text[0] ? site->site.text : "?");
		printf("  %-16s %#10" PRIx64 "  %-26s %-15s %-20s %s%s\n", site->function->name, site->entry,
		       probed, site->site.emulated ? "emulated" : "single-stepped", places,
		       site->site.why == SITE_EMULATED ? "" : "at the entry: ",
		       site_why_text(site->site.why));
		stepped += !site->site.emulated;
	}
	if (stepped)
		printf("  A call of a function that is single-stepped costs twice the others, in virtual "
		       "machines up to 30 times.\n");
}

/* Returns the number of allocators found in the file. */
static int check_sites(const char *path, int fd)
{
	int found = 0;
	for (const struct allocator *const *allocator = allocators_all(); *allocator; allocator++) {
		struct probe_site sites[PROBES_MAX_SITES];
		int count = probes_find(*allocator, fd, sites);
		if (count <= 0)
			continue;
		if (found++)
			putchar('\n');
		print_sites(path, *allocator, sites, (size_t)count);
	}
	return found;
}

/* --- a file --- */

/* What to do where a file has no allocator that is known. */
static int no_allocator_in(const char *path, int fd, struct ct_error *err)
{
	switch (program_kind_of(fd)) {
	case PROGRAM_NOT_ELF:
		return ct_fail(err, -ENODATA,
			       "%s is no ELF file: give the process id of a running program, or the library "
			       "with its allocator (ldd PROGRAM lists its libraries)",
			       path);
	case PROGRAM_FOREIGN:
		return ct_fail(err, -ENODATA,
			       "%s is a 32-bit file or one of another machine: only 64-bit programs of this "
			       "machine can be profiled",
			       path);
	case PROGRAM_DYNAMIC:
		return ct_fail(
			err, -ENODATA,
			"%s is a program, and its allocator is in one of its libraries: give its process "
			"id while it runs, or that library (ldd %s)",
			path, path);
	default:
		break;
	}
	if (probes_has_other_malloc(fd))
		return ct_fail(
			err, -ENODATA,
			"%s has a malloc of its own, which is none of the allocators that this version "
			"knows",
			path);
	return ct_fail(err, -ENODATA,
		       "no allocator that this version knows is in %s; a statically linked program cannot be "
		       "profiled, else give the library with the allocator (ldd PROGRAM lists its libraries)",
		       path);
}

static int check_file(const char *path, struct ct_error *err)
{
	struct stat st;
	int result = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO must not hold us */
	if (fd < 0)
		return ct_fail(err, -errno, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		result = ct_fail(err, -EINVAL, "%s is not a regular file", path);
	else if (!check_sites(path, fd))
		result = no_allocator_in(path, fd, err);
	close(fd);
	return result;
}

/* --- a process --- */

struct process_check {
	const struct mapped_file *seen[64]; /* a file has several mappings; these had an allocator */
	size_t found;
};

static int visit_file(void *context, struct mapped_file *file)
{
	struct process_check *check = context;
	for (size_t i = 0; i < check->found; i++)
		if (check->seen[i] == file)
			return 0;
	if (file->fd >= 0 && check->found < sizeof(check->seen) / sizeof(*check->seen) &&
	    check_sites(file->path, file->fd))
		check->seen[check->found++] = file;
	return 0;
}

static int check_process(pid_t pid, struct ct_error *err)
{
	struct process_check check = {.found = 0};
	struct mappings *mappings = NULL;
	struct target *target = NULL;
	int result = target_open(pid, &target, err);
	if (result)
		return result;
	result = mappings_new(&mappings);
	if (!result)
		result = mappings_read(mappings, pid, visit_file, &check);
	if (result)
		ct_fail(err, result, "cannot read /proc/%d/maps: %s", pid, strerror(-result));
	else if (!check.found)
		result = capture_no_allocator(pid, err);
	mappings_free(mappings);
	target_free(target);
	return result;
}

/* A word of digits is a process id; a file of such a name is ./123. */
static bool is_pid(const char *word, pid_t *pid)
{
	char *end;
	errno = 0;
	long value = strtol(word, &end, 10);
	*pid = (pid_t)value;
	return word[strspn(word, "0123456789")] == '\0' && *word && !errno && value <= 4194304 && value > 0;
}

static int run(int argc, char **argv)
{
	const char *value;
	struct ct_error err = {""};
	pid_t pid;
	for (int option; (option = options_next(&doctor_command, argc, argv, &value)) != 0;) {
		if (option != 'h')
			return EXIT_USAGE;
		help_print(&doctor_command, stdout);
		return 0;
	}
	if (argc - optind != 1)
		return usage_error(&doctor_command,
				   argc == optind ? "of what? give a process id, or a library's file"
						  : "one process or file at a time (several given)");
	int result = is_pid(argv[optind], &pid) ? check_process(pid, &err) : check_file(argv[optind], &err);
	if (!result && (fflush(stdout) || ferror(stdout)))
		result = ct_fail(&err, -errno, "cannot write: %s", strerror(errno));
	if (result)
		fprintf(stderr, "captrack-bpf: %s\n", err.text);
	return result ? EXIT_CAPTURE : 0;
}

const struct command doctor_command = {
	.name = "doctor",
	.synopsis = "doctor PID|FILE",
	.summary = "Shows where probes would sit in a process or a library, and why.",
	.options = options,
	.run = run,
};
