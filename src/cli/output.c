// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Where a subcommand writes to. */
#include "captrack/cli.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

int output_write(const char *path, int (*write)(const void *context, FILE *out), const void *context)
{
	struct stat st;
	if (!path)
		return write(context, stdout);
	FILE *out = fopen(path, "we");
	if (!out)
		return -errno;
	bool is_file = !fstat(fileno(out), &st) && S_ISREG(st.st_mode);
	int result = write(context, out);
	if (fclose(out) && !result)
		result = -errno;
	if (result && is_file)
		unlink(path);
	return result;
}
