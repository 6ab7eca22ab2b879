// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Probes on the sites of a file, in one process. The file is named through our own
 * descriptor, so it is the mapped one whatever its path means by now.
 *
 * Three ways, the cheapest that the kernel has, found by trying. A session link (Linux 6.13)
 * has one program for entry and return of a function, and the entry decides whether there is
 * a return. A multi-uprobe link (6.6) takes all sites of one program at once, and taking it
 * out waits for the kernel's grace periods once. Before that each site is a perf uprobe, and
 * each waits for itself: 0.1 s. This libbpf knows no such links, so they are made by hand;
 * see struct bpf_link_create in the kernel's include/uapi/linux/bpf.h. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in newer <linux/bpf.h>. */
enum { TRACE_UPROBE_MULTI = 48, TRACE_UPROBE_SESSION = 57, UPROBE_MULTI_RETURN = 1 };

struct multi_link_attr {
	__u32 program_fd, target_fd, attach_type, flags;
	__u64 path, offsets, ref_counter_offsets, cookies;
	__u32 count, multi_flags, pid, pad;
};

static int multi_link_create(struct multi_link_attr *attr)
{
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));
	return fd < 0 ? -errno : fd;
}

static bool has_links(__u32 type)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	const __u64 offset = 0;
	DECLARE_LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = (enum bpf_attach_type)type);
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "captrack_try", "GPL", nothing, 2, &options);
	if (program < 0)
		return false;
	/* A folder is no place for a probe: EBADF from a kernel that looks, EINVAL from one
	 * that does not know the kind. */
	struct multi_link_attr attr = {
		.program_fd = (__u32)program,
		.attach_type = type,
		.path = (__u64)(uintptr_t) "/",
		.offsets = (__u64)(uintptr_t)&offset,
		.count = 1,
	};
	int result = multi_link_create(&attr);
	if (result >= 0)
		close(result);
	close(program);
	return result == -EBADF;
}

enum attachment kernel_best_attachment(void)
{
	const char *worst = getenv("CAPTRACK_ATTACH"); /* for the tests: not better than this */
	if (worst && !strcmp(worst, "perf"))
		return ATTACH_PERF;
	if ((!worst || strcmp(worst, "multi")) && has_links(TRACE_UPROBE_SESSION))
		return ATTACH_SESSION;
	return has_links(TRACE_UPROBE_MULTI) ? ATTACH_MULTI : ATTACH_PERF;
}

void kernel_choose_programs(struct kernel *kernel)
{
	struct captrack *skeleton = kernel->skeleton;
	struct bpf_program *multi[] = {skeleton->progs.on_call, skeleton->progs.on_return,
				       skeleton->progs.on_free};
	bool session = kernel->attachment == ATTACH_SESSION;
	for (size_t i = 0; i < sizeof(multi) / sizeof(*multi) && kernel->attachment != ATTACH_PERF; i++)
		bpf_program__set_expected_attach_type(multi[i], (enum bpf_attach_type)TRACE_UPROBE_MULTI);
	bpf_program__set_expected_attach_type(skeleton->progs.on_session,
					      (enum bpf_attach_type)TRACE_UPROBE_SESSION);
	bpf_program__set_autoload(skeleton->progs.on_session, session);
	bpf_program__set_autoload(skeleton->progs.on_call, !session);
	bpf_program__set_autoload(skeleton->progs.on_return, !session);
	bpf_program__set_autoload(skeleton->progs.on_free, !kernel->allocs_only);
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

static struct kernel_probe *add_probe(struct kernel *kernel, pid_t pid)
{
	struct kernel_probe *probes = realloc(kernel->probes, (kernel->probe_count + 1) * sizeof(*probes));
	if (!probes)
		return NULL;
	kernel->probes = probes;
	probes[kernel->probe_count] = (struct kernel_probe){.pid = pid, .multi_fd = -1};
	return &probes[kernel->probe_count++];
}

/* One program on its sites in one process. */
struct placement {
	struct bpf_program *program;
	__u32 link_type;
	bool leave; /* on the functions' returns */
	pid_t pid;
	char path[64];
	const struct probe_site *sites[PROBES_MAX_SITES];
	size_t count;
};

static int attach_multi(struct kernel *kernel, const struct placement *placement)
{
	__u64 offsets[PROBES_MAX_SITES], cookies[PROBES_MAX_SITES];
	struct kernel_probe *probe = add_probe(kernel, placement->pid);
	if (!probe)
		return -ENOMEM;
	for (size_t i = 0; i < placement->count; i++) {
		offsets[i] = placement->sites[i]->file_offset;
		cookies[i] = placement->sites[i]->cookie;
	}
	struct multi_link_attr attr = {
		.program_fd = (__u32)bpf_program__fd(placement->program),
		.attach_type = placement->link_type,
		.path = (__u64)(uintptr_t)placement->path,
		.offsets = (__u64)(uintptr_t)offsets,
		.cookies = (__u64)(uintptr_t)cookies,
		.count = (__u32)placement->count,
		.multi_flags = placement->leave ? UPROBE_MULTI_RETURN : 0,
		.pid = (__u32)placement->pid,
	};
	probe->multi_fd = multi_link_create(&attr);
	return probe->multi_fd < 0 ? probe->multi_fd : 0;
}

static int attach_perf(struct kernel *kernel, const struct placement *placement)
{
	for (size_t i = 0; i < placement->count; i++) {
		DECLARE_LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = placement->leave,
				    .bpf_cookie = placement->sites[i]->cookie);
		struct kernel_probe *probe = add_probe(kernel, placement->pid);
		if (!probe)
			return -ENOMEM;
		probe->perf =
			bpf_program__attach_uprobe_opts(placement->program, placement->pid, placement->path,
							placement->sites[i]->file_offset, &options);
		if (!probe->perf)
			return -errno;
	}
	return 0;
}

int kernel_attach(struct kernel *kernel, pid_t pid, int fd, const char *path, const struct probe_site *sites,
		  size_t count, struct ct_error *err)
{
	const struct captrack *skeleton = kernel->skeleton;
	bool session = kernel->attachment == ATTACH_SESSION;
	/* Returns come before entries: a call whose return is missed would look unfinished. */
	struct placement placements[] = {
		{.program = skeleton->progs.on_free, .link_type = TRACE_UPROBE_MULTI},
		{.program = session ? skeleton->progs.on_session : skeleton->progs.on_return,
		 .link_type = session ? TRACE_UPROBE_SESSION : TRACE_UPROBE_MULTI,
		 .leave = !session},
		{.program = skeleton->progs.on_call, .link_type = TRACE_UPROBE_MULTI},
	};
	size_t used = session ? 2 : 3;
	for (size_t i = kernel->allocs_only; i < used; i++) {
		struct placement *placement = &placements[i];
		placement->pid = pid;
		snprintf(placement->path, sizeof(placement->path), "/proc/self/fd/%d", fd);
		for (size_t k = 0; k < count; k++)
			if ((CT_COOKIE_CALL(sites[k].function->cookie) == CT_CALL_FREE) == (i == 0))
				placement->sites[placement->count++] = &sites[k];
		if (!placement->count)
			continue;
		int result = kernel->attachment == ATTACH_PERF ? attach_perf(kernel, placement)
							       : attach_multi(kernel, placement);
		if (result)
			return attach_error(result, pid, path, placement->sites[0]->function->name, err);
	}
	return 0;
}

void kernel_detach(struct kernel *kernel, pid_t pid)
{
	size_t kept = 0;
	for (size_t i = 0; i < kernel->probe_count; i++) {
		struct kernel_probe probe = kernel->probes[i];
		if (pid && probe.pid != pid) {
			kernel->probes[kept++] = probe;
			continue;
		}
		bpf_link__destroy(probe.perf);
		if (probe.multi_fd >= 0)
			close(probe.multi_fd);
	}
	kernel->probe_count = kept;
	if (!kept) {
		free(kernel->probes);
		kernel->probes = NULL;
	}
}
