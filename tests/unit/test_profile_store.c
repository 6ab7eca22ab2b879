// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The folder of profiles: what is in it at any moment, and what is left when it fails. */
#include "captrack/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char name[] = "profile-x-1-2.json";

/* Each test runs in an empty folder of its own. */
static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/captrack-store-XXXXXX");
	*state = folder;
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	free(*state);
	return chdir("/") || system(command) ? -1 : 0;
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;
	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void make_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static struct profile_store *open_store(const char *dir)
{
	struct profile_store *store = NULL;
	struct ct_error err = {0};
	if (profile_store_open(dir, &store, &err))
		fail_msg("%s", err.text);
	return store;
}

static void write_pid(struct profile_store *store, int pid, enum profile_state final)
{
	struct profile profile = {.state = final, .target.pid = pid};
	struct ct_error err = {0};
	if (profile_store_write(store, name, &profile, &err))
		fail_msg("%s", err.text);
	profile_deinit(&profile);
}

static int read_pid(const char *path)
{
	struct profile profile;
	struct ct_error err = {0};
	if (profile_read_file(path, &profile, &err))
		fail_msg("%s", err.text);
	int pid = profile.target.pid;
	profile_deinit(&profile);
	return pid;
}

static void test_each_write_replaces_the_one_before(void **state)
{
	(void)state;
	struct stat before, after;
	umask(0);
	struct profile_store *store = open_store("a/b//c/");
	assert_string_equal(profile_store_dir(store), "a/b//c/");
	write_pid(store, 1, PROFILE_RUNNING);
	int reader = open("a/b/c/profile-x-1-2.json", O_RDONLY);
	assert_int_equal(fstat(reader, &before), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	write_pid(store, 2, PROFILE_FINAL);
	assert_int_equal(read_pid("a/b/c/profile-x-1-2.json"), 2);
	assert_int_equal(fstat(reader, &after), 0);
	assert_int_equal(after.st_size, before.st_size); /* who reads the old one reads it to its end */
	assert_int_equal(after.st_nlink, 0);
	assert_int_equal(stat("a/b", &after), 0);
	assert_int_equal(after.st_mode & 07777, 0755);
	assert_int_equal(count_entries("a/b/c"), 1);
	close(reader);
	profile_store_close(store);
	profile_store_close(NULL);
}

static void test_user_behind_sudo_owns_all(void **state)
{
	(void)state;
	struct stat st;
	if (geteuid())
		skip();
	mkdir("mine", 0755);
	setenv("SUDO_UID", "1234", 1);
	setenv("SUDO_GID", "1235", 1);
	struct profile_store *store = open_store("mine/a/b");
	write_pid(store, 1, PROFILE_RUNNING);
	profile_store_close(store);
	static const char *const paths[] = {"mine/a", "mine/a/b", "mine/a/b/profile-x-1-2.json"};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(stat(paths[i], &st), 0);
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 1235);
	}
	assert_int_equal(stat("mine", &st), 0);
	assert_int_equal(st.st_uid, 0);

	setenv("SUDO_UID", "12x", 1); /* no number: nobody */
	store = open_store("other");
	profile_store_close(store);
	assert_int_equal(stat("other", &st), 0);
	assert_int_equal(st.st_uid, 0);
}

static void refuse(const char *dir, int code, const char *part)
{
	struct profile_store *store = NULL;
	struct ct_error err = {0};
	assert_int_equal(profile_store_open(dir, &store, &err), code);
	assert_null(store);
	if (!strstr(err.text, part) || !strstr(err.text, "with -o"))
		fail_msg("'%s', expected '%s'", err.text, part);
}

static void test_folders_that_cannot_be_used(void **state)
{
	(void)state;
	char long_path[600];
	make_file("file", "");
	refuse("file", -ENOTDIR, "the folder 'file': Not a directory");
	refuse("file/a", -ENOTDIR, "'file/a': Not a directory");
	refuse("", -ENOENT, "No such file");
	snprintf(long_path, sizeof(long_path), "new/deeper/%0300d", 0);
	refuse(long_path, -ENAMETOOLONG, "File name too long");
	assert_int_equal(count_entries("."), 1); /* new/ and new/deeper/ are gone again */
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	struct profile_store *store = NULL;
	assert_true(profile_store_open("dangling/x", &store, NULL) < 0);
	assert_int_equal(count_entries("."), 2);
}

static void test_folder_of_another_user(void **state)
{
	(void)state;
	int status;
	if (geteuid())
		skip();
	mkdir("theirs", 0755);
	pid_t child = fork();
	if (!child) {
		struct profile_store *store = NULL;
		struct ct_error err = {0};
		if (chmod(".", 0755) || setuid(65534))
			_exit(2);
		_exit(profile_store_open("theirs", &store, &err) != -EACCES ||
		      !strstr(err.text, "owner and mode"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_folder_that_goes_is_made_again(void **state)
{
	(void)state;
	struct profile_store *store = open_store("a/b");
	write_pid(store, 1, PROFILE_RUNNING);
	assert_int_equal(system("rm -r a"), 0);
	write_pid(store, 2, PROFILE_RUNNING);
	assert_int_equal(read_pid("a/b/profile-x-1-2.json"), 2);
	assert_int_equal(rename("a", "elsewhere"), 0); /* alive, but not where the user looks */
	write_pid(store, 3, PROFILE_FINAL);
	assert_int_equal(read_pid("a/b/profile-x-1-2.json"), 3);
	assert_int_equal(read_pid("elsewhere/b/profile-x-1-2.json"), 2);
	profile_store_close(store);
}

static void test_left_overs_of_the_dead(void **state)
{
	(void)state;
	char dead[64], live[64], again[64];
	pid_t child = fork();
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	snprintf(dead, sizeof(dead), ".profile-x-1-2.json.%d.tmp", child);
	snprintf(again, sizeof(again), ".profile-.json.x-1-2.json.%d.tmp", child);
	snprintf(live, sizeof(live), ".profile-x-1-2.json.%d.tmp", getppid());
	static const char *const kept[] = {
		".profile-x.json.tmp",    ".profile-x.json.12x.tmp",
		".profile-x.json.-5.tmp", ".profile-x.json.99999999999999999999.tmp",
		"profile-x.json",         ".other.json.1.tmp"};
	char folder[64], link[64];
	snprintf(folder, sizeof(folder), ".profile-d.json.%d.tmp", child);
	snprintf(link, sizeof(link), ".profile-l.json.%d.tmp", child);
	make_file(dead, "x");
	make_file(again, "x");
	make_file(live, "x");
	mkdir(folder, 0700);
	assert_int_equal(symlink(live, link), 0);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		make_file(kept[i], "x");
	profile_store_close(open_store("."));
	assert_int_equal(access(dead, F_OK), -1);
	assert_int_equal(access(again, F_OK), -1);
	assert_int_equal(access(live, F_OK), 0);
	assert_int_equal(access(folder, F_OK), 0); /* not a file: not ours */
	assert_int_equal(access(link, F_OK), 0);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		assert_int_equal(access(kept[i], F_OK), 0);
}

static void test_link_at_the_temporary_name_is_not_followed(void **state)
{
	(void)state;
	char temporary[64];
	struct stat st;
	struct profile_store *store = open_store(".");
	make_file("precious", "keep");
	snprintf(temporary, sizeof(temporary), ".%s.%d.tmp", name, getpid());
	assert_int_equal(symlink("precious", temporary), 0);
	assert_int_equal(symlink("precious", name), 0);
	write_pid(store, 5, PROFILE_FINAL);
	assert_int_equal(read_pid(name), 5);
	assert_int_equal(lstat(name, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(stat("precious", &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(count_entries("."), 2);
	profile_store_close(store);
}

static void test_failed_write_leaves_the_former_file(void **state)
{
	(void)state;
	struct ct_error err = {0};
	struct profile profile = {0};
	struct profile_store *store = open_store(".");
	mkdir(name, 0755); /* a file cannot be renamed over a folder */
	assert_int_equal(profile_store_write(store, name, &profile, &err), -EISDIR);
	assert_non_null(strstr(err.text, "cannot write the profile './profile-x-1-2.json': Is a directory"));
	assert_int_equal(count_entries("."), 1);
	profile_store_close(store);
}

/* A profile of about 100 KiB. */
static void fill_large(struct profile *profile)
{
	memset(profile, 0, sizeof(*profile));
	for (int i = 0; i < 500; i++)
		profile_add_stack(profile);
}

static void test_full_disk(void **state)
{
	(void)state;
	struct ct_error err = {0};
	struct profile large;
	mkdir("small", 0755);
	if (geteuid() || mount("none", "small", "tmpfs", 0, "size=64k")) {
		print_message("skipped: a tmpfs cannot be mounted here\n");
		skip();
	}
	struct profile_store *store = open_store("small");
	write_pid(store, 7, PROFILE_RUNNING);
	fill_large(&large);
	int result = profile_store_write(store, name, &large, &err);
	int entries = count_entries("small");
	int pid = read_pid("small/profile-x-1-2.json");
	profile_deinit(&large);
	profile_store_close(store);
	int unmounted = umount("small");
	assert_int_equal(result, -ENOSPC);
	assert_non_null(strstr(err.text, "No space left on device; free some space"));
	assert_int_equal(entries, 1);
	assert_int_equal(pid, 7);
	assert_int_equal(unmounted, 0);
}

static void test_read_only_file_system(void **state)
{
	(void)state;
	mkdir("locked", 0755);
	if (geteuid() || mount("none", "locked", "tmpfs", MS_RDONLY, "size=64k")) {
		print_message("skipped: a tmpfs cannot be mounted here\n");
		skip();
	}
	struct profile_store *store = NULL;
	struct ct_error err = {0};
	int result = profile_store_open("locked", &store, &err);
	int below = profile_store_open("locked/below", &store, NULL);
	int unmounted = umount("locked");
	assert_int_equal(result, -EROFS);
	assert_int_equal(below, -EROFS);
	assert_non_null(strstr(err.text, "'locked': Read-only file system"));
	assert_int_equal(unmounted, 0);
}

static void test_file_names(void **state)
{
	(void)state;
	static const struct {
		const char *exe;
		const char *name;
	} table[] = {
		{"/usr/bin/g++-12.2", "profile-g++-12.2-42-1700000000123.json"},
		{"/tmp/a b\n\xff", "profile-a_b__-42-1700000000123.json"},
		{"plain", "profile-plain-42-1700000000123.json"},
		{"/", "profile-unknown-42-1700000000123.json"},
		{NULL, "profile-unknown-42-1700000000123.json"},
		{"/0123456789012345678901234567890123456789012345678901234567890123456789",
		 "profile-0123456789012345678901234567890123456789012345678901234567890123-42-1700000000123."
		 "json"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct profile profile = {.target = {.pid = 42, .start_ms = 1700000000123}};
		char *exe = table[i].exe ? strdup(table[i].exe) : NULL;
		profile.target.exe = exe;
		char text[256];
		profile_file_name(&profile, text, sizeof(text));
		free(exe);
		assert_string_equal(text, table[i].name);
	}
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_each_write_replaces_the_one_before),
		IN_FOLDER(test_user_behind_sudo_owns_all),
		IN_FOLDER(test_folders_that_cannot_be_used),
		IN_FOLDER(test_folder_of_another_user),
		IN_FOLDER(test_folder_that_goes_is_made_again),
		IN_FOLDER(test_left_overs_of_the_dead),
		IN_FOLDER(test_link_at_the_temporary_name_is_not_followed),
		IN_FOLDER(test_failed_write_leaves_the_former_file),
		IN_FOLDER(test_full_disk),
		IN_FOLDER(test_read_only_file_system),
		cmocka_unit_test(test_file_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
