// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What /proc tells of a process's use of the machine, and of its threads' names. */
#include "target_internal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The fields of /proc/PID/stat after the name, which may hold spaces and parentheses. */
static int read_stat(pid_t pid, char *state, struct target_usage *out)
{
	char text[1024];
	ssize_t length = target_read_proc(pid, "stat", text, sizeof(text));
	if (length < 0)
		return (int)length;
	const char *name_end = strrchr(text, ')');
	if (!name_end || sscanf(name_end,
				") %c %*d %*d %*d %*d %*d %*u %" SCNu64 " %*u %" SCNu64
				" %*u %*u %*u %*d %*d %*d %*d %" SCNu64,
				state, &out->minor_faults, &out->major_faults, &out->threads) != 4)
		return -EIO;
	return 0;
}

/* A thread of the process but the first; 0 where there is none. */
static pid_t other_thread(pid_t pid)
{
	char path[64];
	pid_t tid = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	for (const struct dirent *entry; dir && !tid && (entry = readdir(dir));) {
		tid = (pid_t)strtol(entry->d_name, NULL, 10); /* 0 for . and .. */
		if (tid == pid)
			tid = 0;
	}
	if (dir)
		closedir(dir);
	return tid;
}

/* From statm and not from stat: newer kernels add up, in statm and status alone, what the CPUs
 * have not handed in yet, which can be megabytes. */
static int read_rss(pid_t pid, bool first_thread_gone, uint64_t *bytes)
{
	char name[64] = "statm", text[256];
	uint64_t pages;
	if (first_thread_gone) /* it has no memory any more, the process has */
		snprintf(name, sizeof(name), "task/%d/statm", other_thread(pid));
	ssize_t length = target_read_proc(pid, name, text, sizeof(text));
	if (length < 0)
		return (int)length;
	if (sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return -EIO;
	*bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static void read_io(pid_t pid, struct target_usage *out)
{
	char text[512];
	out->has_io = target_read_proc(pid, "io", text, sizeof(text)) > 0 &&
		      sscanf(text, "rchar: %" SCNu64 " wchar: %" SCNu64, &out->read_bytes,
			     &out->written_bytes) == 2;
	if (!out->has_io)
		out->read_bytes = out->written_bytes = 0;
}

int target_read_usage(pid_t pid, struct target_usage *out)
{
	char state = 0;
	uint64_t cpu_ns = 0;
	memset(out, 0, sizeof(*out));
	int result = read_stat(pid, &state, out);
	bool first_thread_gone = state == 'Z' || state == 'X';
	bool ended = first_thread_gone && out->threads <= 1;
	if (!result && ended)
		out->threads = 0;
	else if (!result && read_rss(pid, first_thread_gone, &out->rss_bytes))
		out->rss_bytes = 0; /* it ends just now */
	if (!result)
		result = target_cpu_ns(pid, &cpu_ns);
	if (result) {
		memset(out, 0, sizeof(*out));
		return result;
	}
	out->cpu_ms = cpu_ns / 1000000;
	read_io(pid, out);
	return 0;
}

int target_thread_name(pid_t pid, pid_t tid, char out[16])
{
	char name[64], text[64];
	snprintf(name, sizeof(name), "task/%d/comm", tid);
	ssize_t length = target_read_proc(pid, name, text, sizeof(text));
	if (length <= 0)
		return length ? (int)length : -EIO;
	if (text[length - 1] == '\n') /* the kernel's; others are the name's */
		text[length - 1] = '\0';
	snprintf(out, 16, "%.15s", text);
	return 0;
}
