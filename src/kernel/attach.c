// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Probes on the sites of a file, in one process. The file is named through our own
 * descriptor, so it is the mapped one whatever its path means by now.
 *
 * Two ways, found by trying. A multi-uprobe link (Linux 6.6) takes all sites of one
 * program at once, and taking it out waits for the kernel's grace periods once. Before
 * that each site is a perf uprobe, and each waits for itself: 0.1 s. This libbpf knows
 * no multi-uprobe links, so they are made by hand; see struct bpf_link_create in the
 * kernel's include/uapi/linux/bpf.h. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRACE_UPROBE_MULTI = 48, UPROBE_MULTI_RETURN = 1 }; /* as in newer <linux/bpf.h> */

struct multi_link_attr {
	__u32 program_fd, target_fd, attach_type, flags;
	__u64 path, offsets, ref_counter_offsets, cookies;
	__u32 count, multi_flags, pid, pad;
};

static int multi_link_create(struct multi_link_attr *attr)
{
	attr->attach_type = TRACE_UPROBE_MULTI;
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));
	return fd < 0 ? -errno : fd;
}

bool kernel_has_multi_links(void)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	const __u64 offset = 0;
	DECLARE_LIBBPF_OPTS(bpf_prog_load_opts, options,
			    .expected_attach_type = (enum bpf_attach_type)TRACE_UPROBE_MULTI);
	const char *forced = getenv("CAPTRACK_ATTACH"); /* for the tests: perf */
	if (forced && !strcmp(forced, "perf"))
		return false;
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "captrack_try", "GPL", nothing, 2, &options);
	if (program < 0)
		return false;
	/* A folder is no place for a probe: EBADF from a kernel that looks, EINVAL from one
	 * that does not know the kind. */
	struct multi_link_attr attr = {
		.program_fd = (__u32)program,
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

void kernel_prepare_multi_links(struct captrack *skeleton)
{
	struct bpf_program *programs[] = {skeleton->progs.on_call, skeleton->progs.on_return,
					  skeleton->progs.on_free};
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		bpf_program__set_expected_attach_type(programs[i], (enum bpf_attach_type)TRACE_UPROBE_MULTI);
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
struct attachment {
	struct bpf_program *program;
	bool leave; /* on the functions' returns */
	pid_t pid;
	char path[64];
	const struct probe_site *sites[PROBES_MAX_SITES];
	size_t count;
};

static int attach_multi(struct kernel *kernel, const struct attachment *attachment)
{
	__u64 offsets[PROBES_MAX_SITES], cookies[PROBES_MAX_SITES];
	struct kernel_probe *probe = add_probe(kernel, attachment->pid);
	if (!probe)
		return -ENOMEM;
	for (size_t i = 0; i < attachment->count; i++) {
		offsets[i] = attachment->sites[i]->file_offset;
		cookies[i] = attachment->sites[i]->cookie;
	}
	struct multi_link_attr attr = {
		.program_fd = (__u32)bpf_program__fd(attachment->program),
		.path = (__u64)(uintptr_t)attachment->path,
		.offsets = (__u64)(uintptr_t)offsets,
		.cookies = (__u64)(uintptr_t)cookies,
		.count = (__u32)attachment->count,
		.multi_flags = attachment->leave ? UPROBE_MULTI_RETURN : 0,
		.pid = (__u32)attachment->pid,
	};
	probe->multi_fd = multi_link_create(&attr);
	return probe->multi_fd < 0 ? probe->multi_fd : 0;
}

static int attach_perf(struct kernel *kernel, const struct attachment *attachment)
{
	for (size_t i = 0; i < attachment->count; i++) {
		DECLARE_LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = attachment->leave,
				    .bpf_cookie = attachment->sites[i]->cookie);
		struct kernel_probe *probe = add_probe(kernel, attachment->pid);
		if (!probe)
			return -ENOMEM;
		probe->perf = bpf_program__attach_uprobe_opts(attachment->program, attachment->pid,
							      attachment->path,
							      attachment->sites[i]->file_offset, &options);
		if (!probe->perf)
			return -errno;
	}
	return 0;
}

int kernel_attach(struct kernel *kernel, pid_t pid, int fd, const char *path, const struct probe_site *sites,
		  size_t count, struct ct_error *err)
{
	/* Returns come first: a call whose return is missed would look unfinished. */
	struct attachment attachments[] = {
		{.program = kernel->skeleton->progs.on_return, .leave = true},
		{.program = kernel->skeleton->progs.on_free},
		{.program = kernel->skeleton->progs.on_call},
	};
	for (size_t i = 0; i < sizeof(attachments) / sizeof(*attachments); i++) {
		struct attachment *attachment = &attachments[i];
		attachment->pid = pid;
		snprintf(attachment->path, sizeof(attachment->path), "/proc/self/fd/%d", fd);
		for (size_t k = 0; k < count; k++) {
			bool is_free = CT_COOKIE_CALL(sites[k].function->cookie) == CT_CALL_FREE;
			if (attachment->leave ? sites[k].function->returns_block : is_free == (i == 1))
				attachment->sites[attachment->count++] = &sites[k];
		}
		if (!attachment->count)
			continue;
		int result = kernel->multi_links ? attach_multi(kernel, attachment)
						 : attach_perf(kernel, attachment);
		if (result)
			return attach_error(result, pid, path, attachment->sites[0]->function->name, err);
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
