// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "captrack/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 1 << 16 };

/* Reads all that is there, up to one byte more than the most; malloc'd, with a NUL after
 * it. The size that a file tells is a hint: pipes have none, and files grow. */
static int read_all(int fd, size_t expected, size_t most, char **out, size_t *out_length)
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
		if (length > most)
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

int file_read(const char *path, size_t most, char **text, size_t *length)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int result = fstat(fd, &st) ? -errno : 0;
	if (!result && S_ISREG(st.st_mode) && (size_t)st.st_size > most)
		result = -EFBIG;
	if (!result)
		result = read_all(fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : 0, most, text, length);
	close(fd);
	return result;
}

int stream_end(FILE *out, int result)
{
	errno = 0;
	if (!result && (fflush(out) || ferror(out)))
		result = errno ? -errno : -EIO;
	return result;
}
