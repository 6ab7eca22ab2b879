// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The folder that profiles go to. A profile is written to a temporary file beside its
 * place and renamed over it, so that a reader, and a crash, see the old one or the new
 * one. The folder may be anybody's: no link is followed at the last step, and names are
 * relative to the folder that was opened. */
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

static void give_away(const struct profile_store *store, int dir, const char *path)
{
	if (store->owner != (uid_t)-1 && fchownat(dir, path, store->owner, store->group, AT_SYMLINK_NOFOLLOW))
		errno = 0; /* root_squash, say: the profile is worth more than its owner */
}

/* Opens the folder, making what is missing of its path. `made` (may be NULL) gets the
 * length of the path up to the first folder that was made, 0 for none. */
static int open_dir(struct profile_store *store, size_t *made)
{
	char path[PATH_MAX];
	size_t length = strlen(store->dir);
	if (length >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, store->dir, length + 1);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		char separator = path[i];
		path[i] = '\0';
		if (mkdir(path, 0755) == 0) {
			give_away(store, AT_FDCWD, path);
			if (made && !*made)
				*made = i;
		} else if (errno != EEXIST && errno != EISDIR) {
			return -errno;
		}
		path[i] = separator;
	}
	int fd = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (store->fd >= 0)
		close(store->fd);
	store->fd = fd;
	return 0;
}

/* Takes away the folders that open_dir made. */
static void remove_made(const struct profile_store *store, size_t made)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", store->dir);
	for (size_t length = strlen(path); made && length >= made; length--) {
		if (path[length] && path[length] != '/')
			continue;
		path[length] = '\0';
		rmdir(path);
	}
}

/* `.profile-*.json.<pid>.tmp` of a loader that is no more. */
static bool is_left_over(const char *name)
{
	const char *number = strstr(name, ".json.");
	char *end;
	if (strncmp(name, ".profile-", 9) || !number)
		return false;
	for (const char *next; (next = strstr(number + 1, ".json."));)
		number = next;
	number += strlen(".json.");
	if (*number < '1' || *number > '9')
		return false;
	long pid = strtol(number, &end, 10);
	return !strcmp(end, ".tmp") && pid > 0 && pid <= INT_MAX && kill((pid_t)pid, 0) && errno == ESRCH;
}

static void remove_left_overs(const struct profile_store *store)
{
	int fd = dup(store->fd);
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

static int store_error(int code, const char *dir, struct ct_error *err)
{
	const char *hint = "choose another folder with -o DIR";
	if (code == -ENOSPC || code == -EDQUOT)
		hint = "free some space, or choose another folder with -o DIR";
	return ct_fail(err, code, "cannot write a profile to '%s': %s; %s", dir, strerror(-code), hint);
}

int profile_store_open(const char *dir, struct profile_store **out, struct ct_error *err)
{
	struct profile_store *store = calloc(1, sizeof(*store));
	size_t made = 0;
	int result = -ENOMEM;
	if (!store || !(store->dir = strdup(dir)))
		goto fail;
	store->fd = -1;
	store->owner = sudo_id("SUDO_UID");
	store->group = sudo_id("SUDO_GID");
	result = open_dir(store, &made);
	if (result)
		goto fail;
	/* Told by trying: as root, access() says yes to a read-only file system. */
	int probe = openat(store->fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (probe < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOSPC) {
		result = -errno;
		goto fail;
	}
	if (probe >= 0)
		close(probe);
	remove_left_overs(store);
	*out = store;
	return 0;
fail:
	if (store && store->dir)
		remove_made(store, made);
	profile_store_close(store);
	return store_error(result, dir, err);
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

static int open_temporary(struct profile_store *store, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(store->fd, name, flags, 0600);
	if (fd < 0 && errno == EEXIST &&
	    unlinkat(store->fd, name, 0) == 0) /* of a former process with our id */
		fd = openat(store->fd, name, flags, 0600);
	if (fd < 0 && errno == ENOENT) { /* the folder has gone */
		int result = open_dir(store, NULL);
		if (result)
			return result;
		fd = openat(store->fd, name, flags, 0600);
	}
	return fd < 0 ? -errno : fd;
}

/* Writes and closes the temporary file. */
static int fill(struct profile_store *store, int fd, struct profile *profile)
{
	FILE *out = fdopen(fd, "w");
	if (!out) {
		int result = -errno;
		close(fd);
		return result;
	}
	if (store->owner != (uid_t)-1 && fchown(fd, store->owner, store->group))
		errno = 0; /* as in give_away() */
	int result = profile_write_json(profile, out);
	if (fflush(out) && !result)
		result = -errno;
	if (!result && profile->state == PROFILE_FINAL && fsync(fd))
		result = -errno;
	if (fclose(out) && !result)
		result = -errno;
	return result;
}

int profile_store_write(struct profile_store *store, const char *name, struct profile *profile,
			struct ct_error *err)
{
	char temporary[NAME_MAX + 1];
	if (snprintf(temporary, sizeof(temporary), ".%s.%d.tmp", name, getpid()) >= (int)sizeof(temporary))
		return store_error(-ENAMETOOLONG, store->dir, err);
	int fd = open_temporary(store, temporary);
	int result = fd < 0 ? fd : fill(store, fd, profile);
	if (!result && renameat(store->fd, temporary, store->fd, name))
		result = -errno;
	if (result) {
		if (fd >= 0)
			unlinkat(store->fd, temporary, 0);
		return store_error(result, store->dir, err);
	}
	if (profile->state == PROFILE_FINAL)
		fsync(store->fd); /* some file systems have no sync of a folder: the file itself is safe */
	return 0;
}

void profile_file_name(const struct profile *profile, char *out, size_t size)
{
	char stem[65];
	const char *exe = profile->target.exe ? profile->target.exe : "unknown";
	const char *base = strrchr(exe, '/');
	snprintf(stem, sizeof(stem), "%s", base ? base + 1 : exe);
	for (char *c = stem; *c; c++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-", *c))
			*c = '_';
	snprintf(out, size, "profile-%s-%d-%llu.json", stem, profile->target.pid,
		 (unsigned long long)profile->target.start_ms);
}
