// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* ELF files by descriptor: what can be told from the headers alone. Files are the
 * target's, read as root: libelf checks its own bounds, counts are bounded here, and
 * files are read, not mapped, so that one cut short is an error and no SIGBUS. */
#include "symbols_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>

enum { MAX_SEGMENTS = 256, MAX_BUILD_ID = 64 };

struct symbols {
	struct symbols_file *first;
};

int symbols_new(struct symbols **out)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	if (!symbols || elf_version(EV_CURRENT) == EV_NONE) {
		free(symbols);
		return -ENOMEM;
	}
	*out = symbols;
	return 0;
}

static void free_file(struct symbols_file *file)
{
	if (file->dwfl)
		dwfl_end(file->dwfl);
	if (file->fd >= 0)
		close(file->fd);
	free(file->units);
	free(file->segments);
	free(file->build_id);
	free(file->path);
	free(file);
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	for (struct symbols_file *file = symbols->first, *next; file; file = next) {
		next = file->next;
		free_file(file);
	}
	free(symbols);
}

static bool is_of_this_machine(Elf *elf)
{
#if defined(__x86_64__)
	const int machine = EM_X86_64;
#elif defined(__aarch64__)
	const int machine = EM_AARCH64;
#endif
	GElf_Ehdr header;
	return elf_kind(elf) == ELF_K_ELF && gelf_getclass(elf) == ELFCLASS64 && gelf_getehdr(elf, &header) &&
	       header.e_machine == machine && header.e_ident[EI_DATA] == ELFDATA2LSB &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

static int read_segments(Elf *elf, struct symbols_file *file)
{
	size_t count;
	GElf_Phdr header;
	if (elf_getphdrnum(elf, &count) || !count || count > MAX_SEGMENTS)
		return -ENOEXEC;
	file->segments = calloc(count, sizeof(*file->segments));
	if (!file->segments)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_LOAD)
			file->segments[file->segment_count++] =
				(struct segment){header.p_vaddr, header.p_offset, header.p_filesz};
	return 0;
}

static void read_build_id(Elf *elf, struct symbols_file *file)
{
	const void *bytes;
	ssize_t length = dwelf_elf_gnu_build_id(elf, &bytes);
	if (length <= 0 || length > MAX_BUILD_ID)
		return;
	file->build_id = malloc(2 * (size_t)length + 1);
	for (ssize_t i = 0; i < length && file->build_id; i++)
		sprintf(file->build_id + 2 * i, "%02x", ((const unsigned char *)bytes)[i]);
}

int symbols_add_file(struct symbols *symbols, const char *path, int fd, struct symbols_file **out)
{
	struct stat st;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -ENOEXEC;
	struct symbols_file *file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	file->path = strdup(path);
	Elf *elf = file->fd >= 0 ? elf_begin(file->fd, ELF_C_READ, NULL) : NULL;
	int result = file->path ? -ENOEXEC : -ENOMEM;
	if (file->path && elf && is_of_this_machine(elf))
		result = read_segments(elf, file);
	if (!result)
		read_build_id(elf, file);
	elf_end(elf);
	if (result) {
		free_file(file);
		return result;
	}
	file->next = symbols->first;
	symbols->first = file;
	*out = file;
	return 0;
}

const char *symbols_build_id(const struct symbols_file *file)
{
	return file->build_id;
}

bool symbols_file_to_vaddr(const struct symbols_file *file, uint64_t file_offset, uint64_t *vaddr)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct segment *segment = &file->segments[i];
		/* A return address may be the first byte after the segment. */
		if (file_offset >= segment->offset && file_offset - segment->offset <= segment->size) {
			*vaddr = file_offset - segment->offset + segment->vaddr;
			if (file_offset - segment->offset < segment->size)
				return true;
		}
	}
	for (size_t i = 0; i < file->segment_count; i++)
		if (file_offset == file->segments[i].offset + file->segments[i].size)
			return true; /* *vaddr is set */
	return false;
}
