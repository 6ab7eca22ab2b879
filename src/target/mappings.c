// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The executable files that targets map, each opened once, early, and through the
 * mapping itself where the kernel allows: a path can be replaced, deleted, or mean
 * something else in another mount namespace. */
#include "target_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_FILES = 65536, /* of a run: a target that maps more is not believed */
	OTHER_FILES = 64,  /* descriptors left for probes, maps, and the profile */
};

struct mappings {
	pthread_mutex_t lock; /* of adding; files stay, so that going through them needs none */
	struct mapped_file *first;
	size_t count;
};

int mappings_new(struct mappings **out)
{
	struct mappings *mappings = calloc(1, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	pthread_mutex_init(&mappings->lock, NULL);
	*out = mappings;
	return 0;
}

static void file_free(struct mapped_file *file)
{
	if (file)
		free(file->path);
	free(file);
}

void mappings_free(struct mappings *mappings)
{
	if (!mappings)
		return;
	for (struct mapped_file *file = mappings->first, *next; file; file = next) {
		next = file->next;
		if (file->fd >= 0)
			close(file->fd);
		file_free(file);
	}
	pthread_mutex_destroy(&mappings->lock);
	free(mappings);
}

struct mapped_file *mappings_first(struct mappings *mappings)
{
	return __atomic_load_n(&mappings->first, __ATOMIC_ACQUIRE);
}

struct mapped_file *mappings_find(struct mappings *mappings, uint64_t device, uint64_t inode)
{
	for (struct mapped_file *file = mappings_first(mappings); file; file = file->next)
		if (file->inode == inode && file->device == device)
			return file;
	return NULL;
}

/* O_NONBLOCK: opening a FIFO that took the file's place must not hang. */
static int open_regular(const char *path, uint64_t inode)
{
	struct stat st;
	struct rlimit limit;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd + OTHER_FILES >= limit.rlim_cur) {
		close(fd);
		return -EMFILE;
	}
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

void cut_deleted(char *path)
{
	size_t length = strlen(path), mark = strlen(" (deleted)");
	if (length > mark && !strcmp(path + length - mark, " (deleted)"))
		path[length - mark] = '\0';
}

static struct mapped_file *new_file(const struct mapping *mapping, const char *path)
{
	struct mapped_file *file = calloc(1, sizeof(*file));
	if (!file || !(file->path = strdup(path))) {
		free(file);
		return NULL;
	}
	file->device = mapping->device;
	file->inode = mapping->inode;
	return file;
}

struct mapped_file *mappings_add(struct mappings *mappings, const struct mapping *mapping, const char *path)
{
	struct mapped_file *file = mappings_find(mappings, mapping->device, mapping->inode);
	if (file && file->fd >= 0)
		return file;
	int fd = open_mapped(mapping, path);
	struct mapped_file *added = file ? NULL : new_file(mapping, path);
	pthread_mutex_lock(&mappings->lock); /* not longer: who waits for it may keep a target waiting */
	file = mappings_find(mappings, mapping->device, mapping->inode);
	bool is_new = !file && added && mappings->count < MAX_FILES;
	if (is_new) {
		file = added;
		added = NULL;
		file->next = mappings->first;
		mappings->count++;
	}
	if (file && (is_new || file->fd < 0)) {
		file->open_errno = fd < 0 ? -fd : 0;
		file->fd = fd < 0 ? -1 : fd;
		fd = -1;
	}
	if (is_new)
		__atomic_store_n(&mappings->first, file, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&mappings->lock);
	if (fd >= 0)
		close(fd);
	file_free(added);
	return file;
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
	return mappings_add(mappings, mapping, path);
}

struct mapped_file *mappings_add_vdso(struct mappings *mappings, uint64_t device, uint64_t inode)
{
	const struct mapping mapping = {.device = device, .inode = inode};
	const char *start = (const char *)getauxval(AT_SYSINFO_EHDR);
	size_t size = 0;
	FILE *maps = fopen("/proc/self/maps", "re");
	for (char line[512]; maps && fgets(line, sizeof(line), maps);) {
		uint64_t from, to;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2 && from == (uintptr_t)start)
			size = to - from;
	}
	if (maps)
		fclose(maps);
	struct mapped_file *file = size ? mappings_add(mappings, &mapping, "[vdso]") : NULL;
	if (!file || file->fd >= 0)
		return file;
	file->fd = memfd_create("captrack-vdso", MFD_CLOEXEC);
	if (file->fd >= 0 && write(file->fd, start, size) != (ssize_t)size) {
		close(file->fd);
		file->fd = -1;
	}
	return file;
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
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*x %x:%x %" SCNu64 " %n", &mapping.start,
			   &mapping.end, perms, &major, &minor, &mapping.inode, &path) < 6 ||
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
