// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The executable files that targets map, each opened once, early, and through the
 * mapping itself where the kernel allows: a path can be replaced, deleted, or mean
 * something else in another mount namespace. */
#include "captrack/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 65536, MAX_PLACES = 1 << 20 }; /* of a run: a target that maps more is not believed */

struct place {
	struct mapping mapping;
	struct mapped_file *file;
};

struct mappings {
	struct mapped_file *first;
	size_t count;
	struct place *places; /* oldest first */
	size_t place_count;
};

int mappings_new(struct mappings **out)
{
	struct mappings *mappings = calloc(1, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	*out = mappings;
	return 0;
}

void mappings_free(struct mappings *mappings)
{
	if (!mappings)
		return;
	for (struct mapped_file *file = mappings->first, *next; file; file = next) {
		next = file->next;
		if (file->fd >= 0)
			close(file->fd);
		free(file->path);
		free(file);
	}
	free(mappings->places);
	free(mappings);
}

struct mapped_file *mappings_first(struct mappings *mappings)
{
	return mappings->first;
}

struct mapped_file *mappings_find(struct mappings *mappings, uint64_t device, uint64_t inode)
{
	for (struct mapped_file *file = mappings->first; file; file = file->next)
		if (file->inode == inode && file->device == device)
			return file;
	return NULL;
}

/* O_NONBLOCK: opening a FIFO that took the file's place must not hang. */
static int open_regular(const char *path, uint64_t inode)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (inode && st.st_ino != inode)) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

static int open_mapped(const struct mapping *mapping, const char *path)
{
	char name[PATH_MAX + 64];
	uint64_t inode = mapping->inode;
	snprintf(name, sizeof(name), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, mapping->pid, mapping->start,
		 mapping->end);
	int fd = open_regular(name, 0); /* an overlay's inode is not the mapped one */
	if (fd >= 0 || path[0] != '/')
		return fd;
	snprintf(name, sizeof(name), "/proc/%d/root%s", mapping->pid, path);
	fd = open_regular(name, inode);
	if (fd >= 0)
		return fd;
	return open_regular(path, inode); /* the process is gone: perhaps its root was ours */
}

/* The kernel marks the path of a file that has gone. */
static void cut_deleted(char *path)
{
	char *mark = strstr(path, " (deleted)");
	if (mark && !mark[strlen(" (deleted)")])
		*mark = '\0';
}

/* The file of a mapping, entered if it is new. */
static struct mapped_file *add_file(struct mappings *mappings, const struct mapping *mapping,
				    const char *path)
{
	struct mapped_file *file = mappings_find(mappings, mapping->device, mapping->inode);
	if (file && file->fd >= 0)
		return file;
	int fd = open_mapped(mapping, path);
	if (!file) {
		if (mappings->count >= MAX_FILES || !(file = calloc(1, sizeof(*file))) ||
		    !(file->path = strdup(path))) {
			free(file);
			if (fd >= 0)
				close(fd);
			return NULL;
		}
		file->device = mapping->device;
		file->inode = mapping->inode;
		file->next = mappings->first;
		mappings->first = file;
		mappings->count++;
	}
	file->fd = fd < 0 ? -1 : fd;
	file->open_errno = fd < 0 ? -fd : 0;
	return file;
}

static bool is_known(const struct mappings *mappings, const struct mapping *mapping)
{
	for (size_t i = mappings->place_count; i-- > 0;) {
		const struct mapping *known = &mappings->places[i].mapping;
		if (known->pid == mapping->pid && known->start < mapping->end && mapping->start < known->end)
			return known->start == mapping->start && known->end == mapping->end &&
			       known->inode == mapping->inode && known->device == mapping->device;
	}
	return false;
}

struct mapped_file *mappings_add(struct mappings *mappings, const struct mapping *mapping, const char *path)
{
	struct mapped_file *file = add_file(mappings, mapping, path);
	if (!file || mappings->place_count >= MAX_PLACES || is_known(mappings, mapping))
		return file;
	size_t count = mappings->place_count;
	if (!(count & (count - 1))) { /* full at powers of two */
		struct place *places = realloc(mappings->places, (count ? 2 * count : 1) * sizeof(*places));
		if (!places)
			return file;
		mappings->places = places;
	}
	mappings->places[mappings->place_count++] = (struct place){*mapping, file};
	return file;
}

struct mapped_file *mappings_at(struct mappings *mappings, pid_t pid, uint64_t address, uint64_t *file_offset)
{
	for (size_t i = mappings->place_count; i-- > 0;) {
		const struct mapping *mapping = &mappings->places[i].mapping;
		if (mapping->pid == pid && address >= mapping->start && address < mapping->end) {
			*file_offset = address - mapping->start + mapping->file_offset;
			return mappings->places[i].file;
		}
	}
	return NULL;
}

struct mapped_file *mappings_add_by_place(struct mappings *mappings, const struct mapping *mapping)
{
	char name[96], path[PATH_MAX];
	snprintf(name, sizeof(name), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, mapping->pid, mapping->start,
		 mapping->end);
	ssize_t length = readlink(name, path, sizeof(path) - 1);
	if (length <= 0)
		return NULL;
	path[length] = '\0';
	cut_deleted(path);
	return add_file(mappings, mapping, path);
}

int mappings_read(struct mappings *mappings, pid_t pid, int (*visit)(void *context, struct mapped_file *file),
		  void *context)
{
	int result = 0;
	char name[64], *line = NULL;
	size_t size = 0;
	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	FILE *maps = fopen(name, "re");
	if (!maps)
		return -errno;
	while (!result && getline(&line, &size, maps) > 0) {
		struct mapping mapping = {.pid = pid};
		unsigned int major, minor;
		char perms[8];
		int path = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n",
			   &mapping.start, &mapping.end, perms, &mapping.file_offset, &major, &minor,
			   &mapping.inode, &path) < 7 ||
		    !path || !mapping.inode || !strchr(perms, 'x'))
			continue;
		mapping.device = (uint64_t)major << 20 | minor;
		line[strcspn(line, "\n")] = '\0';
		cut_deleted(line + path);
		struct mapped_file *file = mappings_add(mappings, &mapping, line + path);
		if (file && visit)
			result = visit(context, file);
	}
	if (!result && ferror(maps))
		result = -EIO;
	free(line);
	fclose(maps);
	return result;
}
