// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A command of ours, held until the probes are in place.
 *
 * Probes go to files, and which libc a program will use is known only when its
 * dynamic loader has mapped it: so the child is traced from its exec on, stopped at
 * each mapping of code while probes are attached and unwind data are read, and let go
 * for good when the loader has mapped all and runs the first of it. ptrace(2) with
 * PTRACE_SEIZE: signals and job control are passed through as they are. */
#include "target_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __x86_64__
#include <asm/prctl.h>
#endif

enum { MAX_STARTUP_STOPS = 20000 }; /* system calls of a dynamic loader; glibc makes some 10 a library */

static int become(const struct passwd *user)
{
	if (!user)
		return 0;
	return initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid);
}

/* The child's side: async-signal-safe calls, but for initgroups before any thread. */
static void __attribute__((noreturn))
child_main(int go_fd, int report_fd, char *const argv[], const struct passwd *user,
	   const struct target_inherit *inherit)
{
	char byte;
	if (read(go_fd, &byte, 1) != 1)
		_exit(127); /* the profiler gave up */
	setrlimit(RLIMIT_NOFILE, &inherit->open_files);
	sigprocmask(SIG_SETMASK, &inherit->signal_mask, NULL);
	if (become(user) == 0)
		execvp(argv[0], argv);
	int error = errno;
	if (write(report_fd, &error, sizeof(error)) != sizeof(error))
		_exit(127);
	_exit(error == ENOENT ? 127 : 126);
}

int target_spawn(char *const argv[], const char *user, const struct target_inherit *inherit,
		 struct target **out, struct ct_error *err)
{
	const struct passwd *entry = NULL;
	if (user) {
		errno = 0;
		entry = getpwnam(user);
		if (!entry)
			return ct_fail(err, -ENOENT, "no user '%s' on this machine (--user)", user);
	}
	struct target *target = calloc(1, sizeof(*target));
	int go[2] = {-1, -1}, report[2] = {-1, -1};
	int result = -ENOMEM;
	if (!target)
		return ct_fail(err, result, "out of memory");
	target->pidfd = -1;
	if (pipe2(go, O_CLOEXEC) || pipe2(report, O_CLOEXEC)) {
		result = -errno;
		goto fail;
	}
	target->pid = fork();
	if (target->pid < 0) {
		result = -errno;
		goto fail;
	}
	if (target->pid == 0) {
		close(go[1]);
		close(report[0]);
		child_main(go[0], report[1], argv, entry, inherit);
	}
	close(go[0]);
	close(report[1]);
	target->child = target->held = true;
	target->go_fd = go[1];
	target->report_fd = report[0];
	target->pidfd = target_pidfd_open(target->pid);
	if (target->pidfd < 0) {
		result = target->pidfd;
		target_free(target);
		return ct_fail(err, result, "cannot watch the command: pidfd_open: %s", strerror(-result));
	}
	*out = target;
	return 0;
fail:
	for (int i = 0; i < 2; i++) {
		if (go[i] >= 0)
			close(go[i]);
		if (report[i] >= 0)
			close(report[i]);
	}
	free(target);
	return ct_fail(err, result, "cannot start '%s': %s", argv[0], strerror(-result));
}

/* One stop of the traced child, as the start-up looks at it. */
enum stop { STOP_OTHER, STOP_EXEC, STOP_MAPPED, STOP_THREAD, STOP_ENDED };

/* The dynamic loader makes its process a thread when all files are mapped, and before any
 * of their code runs. */
static bool is_thread_setup(const struct __ptrace_syscall_info *info)
{
#ifdef __x86_64__
	if (info->entry.nr == SYS_arch_prctl && info->entry.args[0] == ARCH_SET_FS)
		return true;
#endif
	return info->entry.nr == SYS_set_tid_address;
}

/* Waits for the next stop, which is left standing; *signal is what must be passed on. */
static enum stop next_stop(struct target *target, bool *mapping, int *signal)
{
	int status;
	*signal = 0;
	while (waitpid(target->pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return STOP_ENDED;
	if (!WIFSTOPPED(status)) {
		target->waited = true;
		target->held = false;
		target->wait_status = status;
		return STOP_ENDED;
	}
	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
		return STOP_EXEC;
	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) { /* entry to or exit from a system call */
		struct __ptrace_syscall_info info;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, target->pid, sizeof(info), &info) <= 0)
			return STOP_OTHER;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			*mapping = info.entry.nr == SYS_mmap && (info.entry.args[2] & PROT_EXEC);
			if (is_thread_setup(&info))
				return STOP_THREAD;
		} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && *mapping) {
			*mapping = false;
			return STOP_MAPPED;
		}
		return STOP_OTHER;
	}
	if (status >> 16 == 0)
		*signal = WSTOPSIG(status);
	return STOP_OTHER;
}

/* Traces from the exec until ready() has what it wants. */
static int run_until_ready(struct target *target, int (*ready)(void *), void *context)
{
	bool mapping = false, execed = false, is_ready = false;
	int signal;
	if (ptrace(PTRACE_SEIZE, target->pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD))
		return -errno;
	if (write(target->go_fd, "", 1) != 1)
		return -errno;
	for (int stops = 0; stops < MAX_STARTUP_STOPS; stops++) {
		enum stop stop = next_stop(target, &mapping, &signal);
		if (stop == STOP_ENDED)
			return -ECHILD;
		execed |= stop == STOP_EXEC;
		int answer = stop == STOP_EXEC || (stop == STOP_MAPPED && execed) ? ready(context) : 0;
		is_ready |= answer > 0;
		if (answer < 0 || (is_ready && stop == STOP_THREAD)) {
			target->held = false;
			ptrace(PTRACE_DETACH, target->pid, 0, 0);
			return answer;
		}
		/* Before the exec, run at full speed; after it, from system call to system call. */
		if (ptrace(execed ? PTRACE_SYSCALL : PTRACE_CONT, target->pid, 0, (long)signal))
			return -errno;
	}
	/* Still running: stop it once more to let it go. */
	ptrace(PTRACE_INTERRUPT, target->pid, 0, 0);
	if (next_stop(target, &mapping, &signal) == STOP_ENDED)
		return -ECHILD;
	target->held = false;
	ptrace(PTRACE_DETACH, target->pid, 0, (long)signal);
	return is_ready ? 0 : -ENODATA;
}

int target_start(struct target *target, int (*ready)(void *context), void *context, struct ct_error *err)
{
	int result = run_until_ready(target, ready, context);
	int error = 0;
	if (result == -ECHILD && read(target->report_fd, &error, sizeof(error)) == sizeof(error)) {
		target->exec_errno = error;
		return ct_fail(err, -ENOEXEC, "%s", strerror(error));
	}
	if (target->held && result != -ECHILD)
		return ct_fail(
			err, result, "cannot trace the command's start: ptrace: %s%s", strerror(-result),
			result == -EPERM ? " (is it traced already, or is ptrace forbidden here?)" : "");
	return result;
}
