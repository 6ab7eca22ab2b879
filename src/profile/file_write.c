// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A profile to a file of any name, which is replaced as a capture replaces its own: whole, or not at
 * all. What is no file (a terminal, /dev/null, a pipe) is written to as it is. */
#include "captrack/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct profile_output {
	char *path;
	char *folder;                /* NULL: no file */
	const char *name;            /* in the folder; a part of path */
	struct profile_store *store; /* the folder */
};

static int set_folder(struct profile_output *output)
{
	const char *slash = strrchr(output->path, '/');
	struct stat st;
	if (!slash)
		output->folder = strdup(".");
	else
		output->folder = slash == output->path
					 ? strdup("/")
					 : strndup(output->path, (size_t)(slash - output->path));
	output->name = slash ? slash + 1 : output->path;
	if (!output->folder)
		return -ENOMEM;
	if (stat(output->folder, &st)) /* the store would make it: of a capture the folder is its own */
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* What is there already says how to write to it. */
static int look_at_place(struct profile_output *output)
{
	struct stat st;
	if (!strcmp(output->path, "-"))
		return 0;
	int result = stat(output->path, &st) ? -errno : 0;
	if (!result && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!result && !S_ISREG(st.st_mode))
		return 0;
	return result && result != -ENOENT ? result : set_folder(output);
}

int profile_output_open(const char *path, struct profile_output **out, struct ct_error *err)
{
	struct profile_output *output = calloc(1, sizeof(*output));
	int result = -ENOMEM;
	if (output && (output->path = strdup(path)))
		result = look_at_place(output);
	if (result)
		ct_fail(err, result, "cannot write '%s': %s", path, strerror(-result));
	else if (output->folder)
		result = profile_store_open(output->folder, &output->store, err);
	if (result)
		profile_output_close(output);
	else
		*out = output;
	return result;
}

static int write_as_it_is(const char *path, struct profile *profile)
{
	bool is_stdout = !strcmp(path, "-");
	FILE *out = is_stdout ? stdout : fopen(path, "we");
	if (!out)
		return -errno;
	int result = profile_write_json(profile, out);
	if (fflush(out) && !result)
		result = -errno;
	if (!is_stdout && fclose(out) && !result)
		result = -errno;
	return result;
}

int profile_output_write(struct profile_output *output, struct profile *profile, struct ct_error *err)
{
	if (output->store)
		return profile_store_write(output->store, output->name, profile, err);
	int result = write_as_it_is(output->path, profile);
	return result ? ct_fail(err, result, "cannot write '%s': %s",
				strcmp(output->path, "-") ? output->path : "standard output",
				strerror(-result))
		      : 0;
}

void profile_output_close(struct profile_output *output)
{
	if (!output)
		return;
	profile_store_close(output->store);
	free(output->folder);
	free(output->path);
	free(output);
}
