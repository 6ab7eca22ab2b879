/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_TARGET_H
#define CAPTRACK_TARGET_H

#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "captrack/error.h"

/* Which process: found or spawned, its identity, its mapped files, its end. */

struct target;

/* A process that runs already. Fails for one that does not exist (-ESRCH), a
 * kernel thread, a zombie, one that we may not look at (-EPERM). */
int target_open(pid_t pid, struct target **out, struct ct_error *err);

/* What we changed of our own at start, to be given to a child as it was. */
struct target_inherit {
	sigset_t signal_mask;
	struct rlimit open_files;
};

/* Forks a child that will run argv[0] (searched in PATH) and holds it before the exec.
 * `user` (NULL: as we are) names whom it runs as. The child shares our stdio, terminal and
 * process group. -ENOENT where there is no such user. */
int target_spawn(char *const argv[], const char *user, const struct target_inherit *inherit,
		 struct target **out, struct ct_error *err);

/* Lets a spawned child exec, and holds it after the exec and after each executable
 * file that its dynamic loader maps, to call ready(context): 1 means that all is in
 * place, 0 that more must be mapped first, negative is an error that ends the wait.
 * Once it said 1 it is called for what else the loader maps before any of it runs.
 * Then lets the child run freely. Returns 0 where ready() said 1; -ENODATA where it never
 * did (a static program, or one that has nothing to be ready for); -ECHILD where the
 * child ended first; the exec's own error (see target_exec_errno) as -ENOEXEC; else
 * ready's error. But for -ECHILD and -ENOEXEC the child runs on in every case. */
int target_start(struct target *target, int (*ready)(void *context), void *context, struct ct_error *err);
int target_exec_errno(const struct target *target);

void target_free(struct target *target); /* NULL-safe; a child still held is killed */

pid_t target_pid(const struct target *target);
int target_pidfd(const struct target *target); /* readable when the process has ended */
bool target_is_child(const struct target *target);
bool target_has_ended(const struct target *target);
/* Of a child: waits for its end. Returns the wait status. */
int target_wait(struct target *target);

/* Who the process is now (it changes with exec). Strings are the caller's; NULL
 * where /proc does not tell. */
struct target_identity {
	pid_t ppid;
	char comm[16]; /* as the kernel cuts it */
	char *exe;
	char *command;
};
void target_identify(pid_t pid, struct target_identity *out);
void target_identity_deinit(struct target_identity *identity);

/* CPU time of all threads that the process has and had, until it is waited for. */
int target_cpu_ns(pid_t pid, uint64_t *ns);

/* What a process takes of the machine. Sums are since the process began, of all threads that it
 * has and had, whoever was profiling: over exec they go on. */
struct target_usage {
	uint64_t rss_bytes; /* this and threads: now; both 0 of one that has ended but is not waited for */
	uint64_t threads;
	uint64_t cpu_ms;
	uint64_t minor_faults;
	uint64_t major_faults;
	bool has_io;         /* the kernel tells these to the process's user and to root only */
	uint64_t read_bytes; /* by read(2) and its like, files or not, with children waited for */
	uint64_t written_bytes;
};

/* A negative errno where the process is gone (-ENOENT, -ESRCH); *out is zeroed then. */
int target_read_usage(pid_t pid, struct target_usage *out);

/* A thread's name, as the kernel cuts it: any bytes but NUL. A negative errno where it is gone. */
int target_thread_name(pid_t pid, pid_t tid, char out[16]);

/* --- the executable files that the targets map --- */

struct mapped_file {
	uint64_t device; /* major << 20 | minor, as the kernel keeps it */
	uint64_t inode;
	char *path; /* as the target sees it */
	int fd;     /* open for reading, or -1 where it could not be opened */
	int open_errno;
	bool looked_at;   /* by the capture, for a malloc of its own */
	uint32_t object;  /* its number in the kernel half; 0: none yet */
	bool learned;     /* the kernel half has its unwind data */
	void *owner_data; /* the snapshot's symbols file; not touched here */
	struct mapped_file *next;
};

struct mappings; /* all files of a run, each once; files are kept open to the end */

int mappings_new(struct mappings **out);
void mappings_free(struct mappings *mappings); /* NULL-safe */

/* Adds what /proc/PID/maps lists now. A file is opened through the mapping itself
 * (map_files), so a deleted or replaced file and one in another mount namespace are
 * the right ones; else through /proc/PID/root, if the inode agrees. visit (may be
 * NULL) is called for each file that the process maps; a result but 0 ends the reading
 * and is returned. */
int mappings_read(struct mappings *mappings, pid_t pid, int (*visit)(void *context, struct mapped_file *file),
		  void *context);

struct mapping { /* of a file, at start..end of a process */
	pid_t pid;
	uint64_t start, end;
	uint64_t device, inode;
};

/* The file of a mapping, entered if it is new. */
struct mapped_file *mappings_add(struct mappings *mappings, const struct mapping *mapping, const char *path);

/* The same, where /proc/PID/maps shows another inode than the kernel sees (an overlay):
 * the path is what the mapping's link says. NULL where the process is gone. */
struct mapped_file *mappings_add_by_place(struct mappings *mappings, const struct mapping *mapping);

/* The code that the kernel itself maps into every process, copied from our own mapping. */
struct mapped_file *mappings_add_vdso(struct mappings *mappings, uint64_t device, uint64_t inode);

/* NULL where it is not known. */
struct mapped_file *mappings_find(struct mappings *mappings, uint64_t device, uint64_t inode);
struct mapped_file *mappings_first(struct mappings *mappings); /* then ->next */

/* --- news of executable mappings, from perf's mmap records --- */

struct mapping_news;

/* From now on tells of every executable file that pid, its threads to come and its
 * children map; pid must have one thread. Survives the end of the process, so a
 * command of a few milliseconds leaves its map. */
int mapping_news_open(pid_t pid, struct mapping_news **out, struct ct_error *err);
void mapping_news_free(struct mapping_news *news); /* NULL-safe */
/* Descriptors to poll for reading. */
int mapping_news_fds(const struct mapping_news *news, const int **fds);
/* Takes what is there into mappings. Returns the number of records lost. */
uint64_t mapping_news_take(struct mapping_news *news, struct mappings *mappings);

#endif
