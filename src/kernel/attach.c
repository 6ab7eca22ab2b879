// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The programs of a capture on the sites of a file, in one process. The file is named through
 * our own descriptor, so it is the mapped one whatever its path means by now. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_way(struct bpf_program *program, enum link_way way)
{
	bpf_program__set_expected_attach_type(program, (enum bpf_attach_type)link_attach_type(way));
}

void kernel_choose_programs(struct kernel *kernel)
{
	struct captrack *skeleton = kernel->skeleton;
	bool session = kernel->way == LINK_SESSION;
	set_way(skeleton->progs.on_session, LINK_SESSION);
	set_way(skeleton->progs.on_free, kernel_simple_way(kernel));
	set_way(skeleton->progs.on_call, kernel->way);
	set_way(skeleton->progs.on_return, kernel->way);
	bpf_program__set_autoload(skeleton->progs.on_session, session);
	bpf_program__set_autoload(skeleton->progs.on_call, !session);
	bpf_program__set_autoload(skeleton->progs.on_return, !session);
	bpf_program__set_autoload(skeleton->progs.on_free, !kernel->allocs_only);
}

enum link_way kernel_simple_way(const struct kernel *kernel)
{
	return kernel->way == LINK_SESSION ? LINK_MULTI : kernel->way;
}

static int attach_error(int code, pid_t pid, const char *path, const char *function, struct ct_error *err)
{
	const char *hint = "";
	if (access("/sys/bus/event_source/devices/uprobe", F_OK))
		hint = "; this kernel has no uprobes: it needs CONFIG_UPROBE_EVENTS";
	else if (code == -EPERM || code == -EACCES)
		hint = "; this needs root (sudo), or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE";
	else if (code == -ESRCH)
		hint = "; the process has ended";
	else if (code == -EMFILE)
		hint = "; raise the limit of open files (ulimit -n)";
	return ct_fail(err, code, "cannot probe %s in %s of process %d: %s%s", function, path, pid,
		       strerror(-code), hint);
}

/* One program on its sites. */
struct placement {
	struct bpf_program *program;
	enum link_way way;
	bool leave;
};

static int place(struct kernel *kernel, const struct placement *placement, struct link_places *places)
{
	int fds[PROBES_MAX_SITES];
	size_t used;
	struct kernel_probe *probes =
		realloc(kernel->probes, (kernel->probe_count + places->count) * sizeof(*probes));
	if (!probes)
		return -ENOMEM;
	kernel->probes = probes;
	places->leave = placement->leave;
	int result = link_open(placement->way, bpf_program__fd(placement->program), places, fds, &used);
	for (size_t i = 0; i < used; i++)
		probes[kernel->probe_count++] = (struct kernel_probe){places->pid, fds[i]};
	return result;
}

int kernel_attach(struct kernel *kernel, pid_t pid, int fd, const char *path, const struct probe_site *sites,
		  size_t count, struct ct_error *err)
{
	const struct captrack *skeleton = kernel->skeleton;
	bool session = kernel->way == LINK_SESSION;
	/* Returns come before entries: a call whose return is missed would look unfinished. */
	const struct placement placements[] = {
		{skeleton->progs.on_free, kernel_simple_way(kernel), false},
		{session ? skeleton->progs.on_session : skeleton->progs.on_return, kernel->way, !session},
		{skeleton->progs.on_call, kernel->way, false},
	};
	size_t used = session ? 2 : 3;
	for (size_t i = kernel->allocs_only; i < used; i++) {
		uint64_t offsets[PROBES_MAX_SITES], cookies[PROBES_MAX_SITES];
		char name[64];
		struct link_places places = {
			.pid = pid, .path = name, .offsets = offsets, .cookies = cookies};
		const char *first = "";
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		for (size_t k = count; k-- > 0;) {
			if ((CT_COOKIE_CALL(sites[k].function->cookie) == CT_CALL_FREE) != (i == 0))
				continue;
			offsets[places.count] = sites[k].file_offset;
			cookies[places.count++] = sites[k].cookie;
			first = sites[k].function->name;
		}
		int result = places.count ? place(kernel, &placements[i], &places) : 0;
		if (result)
			return attach_error(result, pid, path, first, err);
	}
	return 0;
}

void kernel_detach(struct kernel *kernel, pid_t pid)
{
	size_t kept = 0;
	for (size_t i = 0; i < kernel->probe_count; i++) {
		struct kernel_probe probe = kernel->probes[i];
		if (pid && probe.pid != pid)
			kernel->probes[kept++] = probe;
		else
			close(probe.fd);
	}
	kernel->probe_count = kept;
	if (!kept) {
		free(kernel->probes);
		kernel->probes = NULL;
	}
}
