// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The folder that profiles go to. A profile is written to a temporary file beside its
 * place and renamed over it, so that a reader, and a crash, see the old one or the new
 * one.
 *
 * The folder may be anybody's while we are root: names are relative to the folder that
 * was opened, no link is followed at the last step, and what we make for the user
 * behind sudo is given away by its descriptor, not by a path that can be exchanged. */
#include "captrack/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16 };

struct profile_store {
	char *dir;
	int fd;
	uid_t owner; /* whom new files belong to; (uid_t)-1: us */
	gid_t group;
};

/* A number of the user behind sudo; -1 where there is none. */
static uint32_t sudo_id(const char *variable)
{
	const char *text = geteuid() == 0 ? getenv(variable) : NULL;
	char *end;
	if (!text || *text < '0' || *text > '9')
		return (uint32_t)-1;
	unsigned long id = strtoul(text, &end, 10);
	return *end || id >= UINT32_MAX ? (uint32_t)-1 : (uint32_t)id;
}

static void give_away(const struct profile_store *store, int fd)
{
	if (store->owner != (uid_t)-1 && fchown(fd, store->owner, store->group))
		errno = 0; /* root_squash, FAT: the profile is worth more than its owner */
}

/* Goes from folder *fd into `name`, making it where it is missing. */
static int enter(const struct profile_store *store, const char *name, int *fd, bool *made)
{
	int next = openat(*fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (next < 0 && errno == ENOENT) {
		*made = mkdirat(*fd, name, 0755) == 0;
		if (!*made && errno != EEXIST) /* somebody else may have made it just now */
			return -errno;
		next = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next >= 0 && *made)
			give_away(store, next);
	}
	if (next < 0)
		return -errno;
	close(*fd);
	*fd = next;
	return 0;
}

/* Takes away the folders that were made: `made` has a mark where the name of each ends. */
static void remove_made(const char *dir, const char *made)
{
	char *path = strdup(dir);
	for (size_t end = path ? strlen(path) : 0; end > 0; end--) {
		path[end] = '\0';
		if (made[end])
			rmdir(path);
	}
	free(path);
}

/* `path` is store->dir, cut at each slash in turn. Returns a descriptor to read from. */
static int walk(const struct profile_store *store, char *path, char *made)
{
	int fd = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC), result = 0;
	if (fd < 0)
		return -errno;
	for (char *save = NULL, *part = strtok_r(path, "/", &save); part && !result;
	     part = strtok_r(NULL, "/", &save)) {
		bool is_new = false;
		result = enter(store, part, &fd, &is_new);
		made[part + strlen(part) - path] = is_new;
	}
	int last = result ? result : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	result = last < 0 && !result ? -errno : last;
	close(fd);
	return result;
}

/* As root, access() says yes to a read-only file system, so it is told by trying. */
static int try_writing(int fd)
{
	int probe = openat(fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (probe >= 0) {
		close(probe);
		return 0;
	}
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	return faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) ? -errno : 0;
}

/* Opens the folder for writing, making what is missing of its path, in the place of the
 * one that is open. All or nothing. */
static int open_dir(struct profile_store *store)
{
	char *path = strdup(store->dir), *made = calloc(strlen(store->dir) + 1, 1);
	int fd = !path || !made ? -ENOMEM : !*path ? -ENOENT : walk(store, path, made);
	int result = fd < 0 ? fd : try_writing(fd);
	if (result && made)
		remove_made(store->dir, made);
	free(path);
	free(made);
	if (result && fd >= 0)
		close(fd);
	if (result)
		return result;
	if (store->fd >= 0)
		close(store->fd);
	store->fd = fd;
	return 0;
}

/* `.profile-*.json.<pid>.tmp` of a loader that is no more. A process of another pid
 * namespace looks dead too: its rename then fails, and it writes again. */
static bool is_left_over(const char *name)
{
	const char *number = NULL;
	char *end;
	if (strncmp(name, ".profile-", strlen(".profile-")))
		return false;
	for (const char *next = name; (next = strstr(next, ".json.")); next++)
		number = next + strlen(".json.");
	if (!number || *number < '1' || *number > '9')
		return false;
	long pid = strtol(number, &end, 10);
	return !strcmp(end, ".tmp") && pid <= INT_MAX && kill((pid_t)pid, 0) && errno == ESRCH;
}

static void remove_left_overs(const struct profile_store *store)
{
	int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct stat st;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (is_left_over(entry->d_name) &&
		    !fstatat(store->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
			unlinkat(store->fd, entry->d_name, 0);
	closedir(dir);
}

static const char *hint_of(int code)
{
	switch (-code) {
	case ENOSPC:
	case EDQUOT:
		return "free some space, or choose another folder with -o";
	case EACCES:
	case EPERM:
		return "check the folder's owner and mode, or choose another with -o";
	case ENOTDIR:
	case EEXIST:
		return "a part of the path is a file; choose another folder with -o";
	case ENOMEM:
		return "free some memory";
	default:
		return "choose another folder with -o";
	}
}

int profile_store_open(const char *dir, struct profile_store **out, struct ct_error *err)
{
	struct profile_store *store = calloc(1, sizeof(*store));
	int result = -ENOMEM;
	if (!store)
		goto fail;
	store->fd = -1;
	store->owner = sudo_id("SUDO_UID");
	store->group = sudo_id("SUDO_GID");
	store->dir = strdup(dir);
	if (store->dir)
		result = open_dir(store);
	if (result)
		goto fail;
	remove_left_overs(store);
	*out = store;
	return 0;
fail:
	profile_store_close(store);
	return ct_fail(err, result, "cannot write profiles to the folder '%s': %s; %s", dir,
		       strerror(-result), hint_of(result));
}

void profile_store_close(struct profile_store *store)
{
	if (!store)
		return;
	if (store->fd >= 0)
		close(store->fd);
	free(store->dir);
	free(store);
}

const char *profile_store_dir(const struct profile_store *store)
{
	return store->dir;
}

/* Whether the path leads to another folder than the one open, or to none. */
static bool has_gone(const struct profile_store *store)
{
	struct stat there, here;
	return stat(store->dir, &there) || fstat(store->fd, &here) || there.st_dev != here.st_dev ||
	       there.st_ino != here.st_ino;
}

static int open_temporary(const struct profile_store *store, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(store->fd, name, flags, 0600);
	if (fd < 0 && errno == EEXIST && !unlinkat(store->fd, name, 0)) /* of a former process with our id */
		fd = openat(store->fd, name, flags, 0600);
	return fd < 0 ? -errno : fd;
}

/* Some file systems have no sync of a folder and say so. */
static int sync_to_disk(int fd)
{
	return fsync(fd) && errno != EINVAL && errno != ENOTSUP ? -errno : 0;
}

/* Writes and closes the temporary file. */
static int fill(const struct profile_store *store, int fd, struct profile *profile)
{
	char buffer[BUFFER_BYTES];
	FILE *out = fdopen(fd, "w");
	if (!out) {
		int result = -errno;
		close(fd);
		return result;
	}
	setvbuf(out, buffer, _IOFBF, sizeof(buffer));
	give_away(store, fd);
	int result = profile_write_json(profile, out);
	if (fflush(out) && !result)
		result = -errno;
	if (!result && profile->state == PROFILE_FINAL)
		result = sync_to_disk(fd);
	if (fclose(out) && !result)
		result = -errno;
	return result;
}

static int replace(const struct profile_store *store, const char *name, struct profile *profile)
{
	char temporary[NAME_MAX + 1];
	if (snprintf(temporary, sizeof(temporary), ".%s.%d.tmp", name, getpid()) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	int fd = open_temporary(store, temporary);
	if (fd < 0)
		return fd;
	int result = fill(store, fd, profile);
	if (!result && renameat(store->fd, temporary, store->fd, name))
		result = -errno;
	if (result)
		unlinkat(store->fd, temporary, 0);
	else if (profile->state == PROFILE_FINAL)
		result = sync_to_disk(store->fd);
	return result;
}

int profile_store_write(struct profile_store *store, const char *name, struct profile *profile,
			struct ct_error *err)
{
	int result = has_gone(store) ? open_dir(store) : 0;
	if (!result)
		result = replace(store, name, profile);
	if (result == -ENOENT) { /* the folder, or the temporary file in it, went meanwhile */
		result = open_dir(store);
		if (!result)
			result = replace(store, name, profile);
	}
	if (!result)
		return 0;
	return ct_fail(err, result, "cannot write the profile '%s/%s': %s; %s", store->dir, name,
		       strerror(-result), hint_of(result));
}

/* The final part of a path, what is not plain replaced. */
static void stem_of(const char *path, char *out, size_t size)
{
	const char *slash = path ? strrchr(path, '/') : NULL, *name = slash ? slash + 1 : path;
	snprintf(out, size, "%s", name && *name ? name : "unknown");
	for (char *c = out; *c; c++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-", *c))
			*c = '_';
}

void profile_file_name(const struct profile *profile, char *out, size_t size)
{
	char stem[65];
	stem_of(profile->target.exe, stem, sizeof(stem));
	snprintf(out, size, "profile-%s-%d-%llu.json", stem, profile->target.pid,
		 (unsigned long long)profile->target.start_ms);
}
