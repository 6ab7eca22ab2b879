// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From words to files. The shell expands most patterns; quoted ones, and those in a CI job's list, come here.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <uthash.h>

/* Takes path; NULL: there was no memory for it. */
static int add_path(struct file_list *files, char *path)
{
	char **larger = files->paths;
	if (path && !(files->n & (files->n - 1)))
		larger = realloc(larger, (files->n ? 2 * files->n : 1) * sizeof(*larger));
	if (!path || !larger) {
		free(path);
		return -ENOMEM;
	}
	files->paths = larger;
	files->paths[files->n++] = path;
	return 0;
}

int files_add_path(struct file_list *files, const char *path)
{
	return add_path(files, strdup(path));
}

static int is_profile(const struct dirent *entry)
{
	return !fnmatch("profile-*.json", entry->d_name, FNM_PERIOD);
}

static int add_folder(struct file_list *files, const char *folder, struct ct_error *err)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_profile, alphasort), result = n < 0 ? -errno : 0;
	size_t length = strlen(folder);
	for (int i = 0; i < n; i++) {
		char *path = NULL;
		if (!result && asprintf(&path, "%s%s%s", folder, folder[length - 1] == '/' ? "" : "/",
					entries[i]->d_name) < 0)
			path = NULL;
		if (!result)
			result = add_path(files, path);
		free(entries[i]);
	}
	free(entries);
	if (result)
		return ct_fail(err, result, "cannot read the folder '%s': %s", folder, strerror(-result));
	return n ? 0 : ct_fail(err, -ENOENT, "there is no profile-*.json in the folder '%s'", folder);
}

static int add_one(struct file_list *files, const char *path, struct ct_error *err)
{
	struct stat st;
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return add_folder(files, path, err);
	return files_add_path(files, path) ? ct_fail(err, -ENOMEM, "out of memory") : 0;
}

int files_add(struct file_list *files, const char *word, struct ct_error *err)
{
	glob_t found = {0};
	struct stat st;
	/* A name that is not there is told by who opens it. */
	if (!lstat(word, &st) || !strpbrk(word, "*?["))
		return add_one(files, word, err);
	int result = glob(word, 0, NULL, &found);
	if (result == GLOB_NOMATCH)
		result = ct_fail(err, -ENOENT, "no file matches '%s'", word);
	else if (result)
		result = ct_fail(err, result == GLOB_NOSPACE ? -ENOMEM : -EIO, "cannot look for '%s': %s",
				 word, result == GLOB_NOSPACE ? "out of memory" : "a folder cannot be read");
	for (size_t i = 0; i < found.gl_pathc && !result; i++)
		result = add_one(files, found.gl_pathv[i], err);
	globfree(&found);
	return result;
}

/* A file as the kernel knows it. */
struct identity {
	dev_t device;
	ino_t inode;
};

struct seen {
	struct identity id;
	const char *path;
	UT_hash_handle hh;
};

int files_drop_doubles(struct file_list *files, void (*found)(const char *path, const char *first))
{
	struct seen *all = NULL, *entry, *next;
	int result = 0;
	for (size_t i = 0; i < files->n && !result; i++) {
		struct identity id = {0};
		struct stat st;
		/* Pipes are read once each, whatever they are called. */
		if (stat(files->paths[i], &st) || !S_ISREG(st.st_mode))
			continue;
		id.device = st.st_dev;
		id.inode = st.st_ino;
		HASH_FIND(hh, all, &id, sizeof(id), entry);
		if (entry) {
			found(files->paths[i], entry->path);
			free(files->paths[i]);
			files->paths[i] = NULL;
			continue;
		}
		entry = calloc(1, sizeof(*entry));
		if (!entry) {
			result = -ENOMEM;
			break;
		}
		entry->id = id;
		entry->path = files->paths[i];
		HASH_ADD(hh, all, id, sizeof(entry->id), entry);
	}
	HASH_ITER(hh, all, entry, next)
	{
		HASH_DEL(all, entry);
		free(entry);
	}
	return result;
}

void files_free(struct file_list *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->paths[i]);
	free(files->paths);
	*files = (struct file_list){0};
}
