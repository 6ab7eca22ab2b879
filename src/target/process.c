// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A process that runs already, and what /proc tells of any. */
#include "target_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMAND = 4096 };

int target_pidfd_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : fd;
}

ssize_t target_read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t length = 0;
	ssize_t bytes = 0;
	while (length < size - 1 && (bytes = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)bytes;
	int result = bytes < 0 ? -errno : 0;
	close(fd);
	text[length] = '\0';
	return result ? result : (ssize_t)length;
}

/* The letter of the state and the parent from /proc/PID/stat, whose second field
 * is a name that may hold spaces and parentheses. */
static int read_stat(pid_t pid, char *state, pid_t *ppid)
{
	char text[1024];
	ssize_t length = target_read_proc(pid, "stat", text, sizeof(text));
	if (length < 0)
		return (int)length;
	char *name_end = strrchr(text, ')');
	if (!name_end || sscanf(name_end, ") %c %d", state, ppid) != 2)
		return -EIO;
	return 0;
}

int target_open(pid_t pid, struct target **out, struct ct_error *err)
{
	char state = 0, maps[2];
	pid_t ppid;
	int pidfd = target_pidfd_open(pid);
	if (pidfd == -EINVAL) /* a thread's id */
		return ct_fail(err, -EINVAL,
			       "%d is a thread, not a process: give the process id (Tgid in /proc/%d/status)",
			       pid, pid);
	if (pidfd < 0)
		return ct_fail(err, pidfd, "no process %d: %s (see ps -e)", pid, strerror(-pidfd));

	int result = read_stat(pid, &state, &ppid);
	if (result)
		result = ct_fail(err, -ESRCH, "no process %d: it has just ended", pid);
	else if (state == 'Z' || state == 'X')
		result = ct_fail(err, -ESRCH,
				 "process %d has ended (a zombie, its parent %d has not collected it)", pid,
				 ppid);
	else if (pid == 2 || ppid == 2)
		result = ct_fail(err, -EINVAL, "process %d is a kernel thread: it has no heap of its own",
				 pid);
	else if (target_read_proc(pid, "maps", maps, sizeof(maps)) == -EACCES)
		result = ct_fail(
			err, -EPERM, "not allowed to look at process %d: %s", pid,
			geteuid() ? "it is another user's; run with sudo"
				  : "root lacks a capability that it has, or a security module forbids it");
	struct target *target = result ? NULL : calloc(1, sizeof(*target));
	if (!target) {
		close(pidfd);
		return result ? result : ct_fail(err, -ENOMEM, "out of memory");
	}
	target->pid = pid;
	target->pidfd = pidfd;
	target->go_fd = target->report_fd = -1;
	*out = target;
	return 0;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	if (target->held) {
		kill(target->pid, SIGKILL);
		target_wait(target);
	}
	if (target->go_fd >= 0)
		close(target->go_fd);
	if (target->report_fd >= 0)
		close(target->report_fd);
	if (target->pidfd >= 0)
		close(target->pidfd);
	free(target);
}

pid_t target_pid(const struct target *target)
{
	return target->pid;
}

int target_pidfd(const struct target *target)
{
	return target->pidfd;
}

bool target_is_child(const struct target *target)
{
	return target->child;
}

int target_exec_errno(const struct target *target)
{
	return target->exec_errno;
}

bool target_has_ended(const struct target *target)
{
	struct pollfd poll_fd = {.fd = target->pidfd, .events = POLLIN};
	return target->waited || poll(&poll_fd, 1, 0) > 0;
}

int target_wait(struct target *target)
{
	while (!target->waited) {
		int status;
		pid_t pid = waitpid(target->pid, &status, 0);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			target->wait_status = status;
			target->waited = true;
		}
	}
	return target->wait_status;
}

void target_identify(pid_t pid, struct target_identity *out)
{
	char path[64], text[MAX_COMMAND], state;
	ssize_t length;
	memset(out, 0, sizeof(*out));
	read_stat(pid, &state, &out->ppid);
	length = target_read_proc(pid, "comm", text, sizeof(text));
	if (length > 0)
		snprintf(out->comm, sizeof(out->comm), "%.*s", (int)strcspn(text, "\n"), text);

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	length = readlink(path, text, sizeof(text) - 1);
	if (length > 0) {
		text[length] = '\0';
		cut_deleted(text);
		out->exe = strdup(text);
	}
	length = target_read_proc(pid, "cmdline", text, sizeof(text));
	if (length > 0) {
		for (ssize_t i = 0; i + 1 < length; i++)
			if (!text[i])
				text[i] = ' ';
		out->command = strdup(text);
	}
}

void target_identity_deinit(struct target_identity *identity)
{
	free(identity->exe);
	free(identity->command);
	memset(identity, 0, sizeof(*identity));
}

int target_cpu_ns(pid_t pid, uint64_t *ns)
{
	struct timespec time;
	clockid_t clock;
	int result = clock_getcpuclockid(pid, &clock);
	if (result)
		return -result;
	if (clock_gettime(clock, &time))
		return -errno;
	*ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
	return 0;
}
