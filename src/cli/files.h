/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CLI_FILES_H
#define CAPTRACK_CLI_FILES_H

#include <stddef.h>

#include "captrack/error.h"

/* The profiles that the words of a command line mean: a file is itself, a folder stands for all
 * profile-*.json in it, a pattern that is no file's name for what matches it. */
struct file_list {
	char **paths;
	size_t n;
};

/* Adds what a word means, sorted by name; an error where that is nothing. */
int files_add(struct file_list *files, const char *word, struct ct_error *err);
/* Adds a path as it is. -ENOMEM. */
int files_add_path(struct file_list *files, const char *path);
/* Takes out what is in the list already, by another name or the same, and tells each to `found` (its place is
 * empty then: NULL). -ENOMEM. */
int files_drop_doubles(struct file_list *files, void (*found)(const char *path, const char *first));
void files_free(struct file_list *files);

#endif
