// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A profile from a file, a pipe, or standard input by its name in /dev. */
#include "captrack/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 1 << 30, FIRST_BYTES = 1 << 16 };

/* Reads all that is there, up to one byte more than the most; malloc'd, with a NUL after
 * it. The size that a file tells is a hint: pipes have none, and files grow. */
static int read_all(int fd, size_t expected, char **out, size_t *out_length)
{
	size_t room = expected < FIRST_BYTES ? FIRST_BYTES : expected + 1, length = 0;
	char *text = malloc(room + 1);
	int result = text ? 0 : -ENOMEM;
	while (!result) {
		ssize_t bytes = read(fd, text + length, room - length);
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes <= 0) {
			result = bytes < 0 ? -errno : 0;
			break;
		}
		length += (size_t)bytes;
		if (length > MAX_FILE_BYTES)
			result = -EFBIG;
		if (length < room)
			continue;
		room *= 2;
		char *larger = realloc(text, room + 1);
		if (!larger)
			result = -ENOMEM;
		else
			text = larger;
	}
	if (result) {
		free(text);
		return result;
	}
	text[length] = '\0';
	*out = text;
	*out_length = length;
	return 0;
}

static int open_and_read(const char *path, char **text, size_t *length)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int result = fstat(fd, &st) ? -errno : 0;
	if (!result && S_ISREG(st.st_mode) && st.st_size > MAX_FILE_BYTES)
		result = -EFBIG;
	if (!result)
		result = read_all(fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : 0, text, length);
	close(fd);
	return result;
}

int profile_read_file(const char *path, struct profile *profile, struct ct_error *err)
{
	char *text = NULL;
	size_t length = 0;
	memset(profile, 0, sizeof(*profile));
	int result = open_and_read(path, &text, &length);
	if (result == -EISDIR)
		return ct_fail(err, result, "cannot read '%s': it is a folder; name a profile-*.json in it",
			       path);
	if (result == -EFBIG)
		return ct_fail(err, result, "cannot read '%s': it is larger than a profile may be (1 GiB)",
			       path);
	if (result)
		return ct_fail(err, result, "cannot read '%s': %s", path, strerror(-result));
	struct ct_error why = {0};
	result = profile_read_json(text, length, profile, &why);
	free(text);
	return result ? ct_fail(err, result, "cannot read '%.400s': %.500s", path, why.text) : 0;
}
