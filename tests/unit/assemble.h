/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Small ELF files, assembled for a test in a folder of its own; included after cmocka.h. */
#ifndef TESTS_ASSEMBLE_H
#define TESTS_ASSEMBLE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "captrack/unwind.h"

static char dir[] = "/tmp/captrack-unwind-XXXXXX";

/* What the code begins with: its place in the file is found by it. */
static const unsigned char mark[] = "captrack's mark";

struct file {
	unsigned char *bytes;
	size_t size;
};

static inline bool run(const char *command)
{
	char text[1024];
	snprintf(text, sizeof(text), "cd %s && { %s ; } >output 2>&1", dir, command);
	return system(text) == 0;
}

static inline int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	return run("rm -f -- * && cd / && rmdir -- \"$OLDPWD\"") ? 0 : -1;
}

static inline struct file load(const char *path)
{
	struct file file;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	file.size = (size_t)st.st_size;
	file.bytes = malloc(file.size + 1);
	assert_non_null(file.bytes);
	assert_int_equal(read(fd, file.bytes, file.size), file.size);
	close(fd);
	return file;
}

/* Code at an address that is not its place in the file. A command may change the file. */
static inline struct file assemble(const char *code, const char *and_then)
{
	char path[64], command[512];
	snprintf(path, sizeof(path), "%s/in.s", dir);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fprintf(out, "\t.text\n\t.asciz \"%s\"\n%s\n\t.section .note.GNU-stack\n", mark, code);
	assert_int_equal(fclose(out), 0);
	snprintf(command, sizeof(command),
		 "${CC:-cc} -shared -nostdlib -Wl,-Ttext-segment=0x400000,-z,lazy -o out in.s && %s",
		 and_then ? and_then : "true");
	if (!run(command))
		fail_msg("%s does not work: see %s/output", command, dir);
	snprintf(path, sizeof(path), "%s/out", dir);
	return load(path);
}

static inline int read_bytes(const void *bytes, size_t size, struct unwind_rows *rows)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	int result = unwind_read(fd, rows);
	assert_int_equal(close(fd), 0);
	return result;
}

static inline uint32_t code_of(const struct file *file)
{
	const unsigned char *at = memmem(file->bytes, file->size, mark, sizeof(mark));
	assert_non_null(at);
	return (uint32_t)(at + sizeof(mark) - file->bytes);
}

#endif
