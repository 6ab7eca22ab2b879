// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The time in our programs for one call, on this machine: a child of ours allocates and frees
 * by its libc at a stack of some 10 frames, with the real programs on it, while the kernel's
 * statistics of BPF programs are on. */
#include "capture_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captrack/probes.h"
#include "captrack/records.h"

enum { CALLS = 256, DEPTH = 10, SIZE = 64, CHILD_FD = 3, PATIENCE_MS = 3000, CHILD_SECONDS = 20 };

/* What the child is told to do, CALLS times. */
enum phase { PHASE_FREE_OLD, PHASE_ALLOC, PHASE_REALLOC, PHASE_FREE, PHASES };

static void do_phase(enum phase phase, void **old, void **blocks)
{
	for (int i = 0; i < CALLS; i++) {
		void *larger;
		switch (phase) {
		case PHASE_FREE_OLD: /* blocks from before the probes: looked for, and not found */
			free(old[i]);
			old[i] = NULL;
			break;
		case PHASE_ALLOC:
			blocks[i] = malloc(SIZE);
			break;
		case PHASE_REALLOC:
			larger = realloc(blocks[i], 2 * SIZE);
			blocks[i] = larger ? larger : blocks[i];
			break;
		default:
			free(blocks[i]);
			blocks[i] = NULL;
		}
	}
}

/* Adds frames to the stack. The volatile reading after the call keeps it one. */
static int __attribute__((noinline)) at_depth(volatile int depth, enum phase phase, void **old, void **blocks)
{
	int result = 0;
	if (depth)
		result = at_depth(depth - 1, phase, old, blocks);
	else
		do_phase(phase, old, blocks);
	return result + depth;
}

static void __attribute__((noreturn)) child_main(int fd, pid_t parent)
{
	static void *old[CALLS], *blocks[CALLS];
	char byte = 0;
	/* What we were given is not the child's to hold open. */
	if (dup2(fd, CHILD_FD) < 0 || close_range(0, CHILD_FD - 1, 0) || close_range(CHILD_FD + 1, ~0u, 0))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	alarm(CHILD_SECONDS);
	at_depth(DEPTH, PHASE_ALLOC, old, old);
	while (write(CHILD_FD, &byte, 1) == 1 && read(CHILD_FD, &byte, 1) == 1)
		at_depth(DEPTH, (enum phase)byte, old, blocks);
	_exit(0);
}

static int await_child(int fd)
{
	struct pollfd answer = {.fd = fd, .events = POLLIN};
	char byte;
	if (poll(&answer, 1, PATIENCE_MS) != 1)
		return -ETIMEDOUT;
	return read(fd, &byte, 1) == 1 ? 0 : -ECHILD;
}

static int run_phase(int fd, enum phase phase)
{
	char byte = (char)phase;
	return write(fd, &byte, 1) == 1 ? await_child(fd) : -ECHILD;
}

/* ns in our programs for one call. */
static int measure(struct capture *capture, int fd, enum phase phase, uint32_t *ns)
{
	struct kernel_program_time before = {0}, after = {0};
	int result = kernel_program_time(capture->kernel, &before);
	if (!result)
		result = run_phase(fd, phase);
	if (!result)
		result = kernel_program_time(capture->kernel, &after);
	/* Of fewer runs: the child's allocator is another than the one that is probed. */
	if (!result && after.runs - before.runs < CALLS)
		result = -ENODATA;
	if (!result)
		*ns = (uint32_t)((after.ns - before.ns) / CALLS);
	return result;
}

struct child_probes {
	struct kernel *kernel;
	pid_t pid;
	bool found;
};

/* Only what the child calls: each probe more takes its time to be taken out. */
static int probe_file(void *context, struct mapped_file *file)
{
	struct child_probes *probes = context;
	struct probe_site sites[PROBES_MAX_SITES];
	for (const struct allocator *const *allocator = allocators_all(); *allocator && file->fd >= 0;
	     allocator++) {
		int count = probes_find(*allocator, file->fd, sites), kept = 0;
		for (int i = 0; i < count; i++)
			for (const char *const *name =
				     (const char *const[]){"malloc", "realloc", "free", NULL};
			     *name; name++)
				if (!strcmp(sites[i].function->name, *name))
					sites[kept++] = sites[i];
		if (!kept || probes->found)
			continue;
		probes->found = true;
		return kernel_attach(probes->kernel, probes->pid, file->fd, file->path, sites, (size_t)kept,
				     NULL);
	}
	return 0;
}

static int measure_child(struct capture *capture, pid_t pid, int fd, struct program_cost *out)
{
	struct child_probes probes = {.kernel = capture->kernel, .pid = pid};
	uint32_t image;
	int result = await_child(fd);
	if (!result)
		result = kernel_add_image(capture->kernel, pid, &image, NULL);
	if (!result)
		result = kernel_read_code(capture->kernel, pid, capture_learn_mapping, capture);
	if (!result)
		result = mappings_read(capture->mappings, pid, probe_file, &probes);
	if (!result && !probes.found)
		result = -ENODATA;
	kernel_enable(capture->kernel, true);
	/* Once for the caches. */
	for (enum phase phase = PHASE_ALLOC; phase < PHASES && !result; phase++)
		result = run_phase(fd, phase);
	int statistics = result ? result : kernel_switch_statistics_on();
	if (statistics < 0)
		return statistics;
	result = measure(capture, fd, PHASE_FREE_OLD, &out->unkept);
	if (!result)
		result = measure(capture, fd, PHASE_ALLOC, &out->alloc);
	if (!result)
		result = measure(capture, fd, PHASE_REALLOC, &out->realloc);
	if (!result)
		result = measure(capture, fd, PHASE_FREE, &out->free);
	close(statistics);
	return result;
}

int capture_calibrate(struct capture *capture, struct program_cost *out)
{
	int sockets[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		child_main(sockets[1], parent);
	int result = pid < 0 ? -errno : 0;
	close(sockets[1]);
	if (!result) {
		result = measure_child(capture, pid, sockets[0], out);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		kernel_enable(capture->kernel, false);
		kernel_drop_process(capture->kernel, pid);
		/* Now: a return probe on the file costs its other users too. */
		kernel_detach(capture->kernel, pid);
	}
	close(sockets[0]);
	return result;
}
