// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Links by hand: see attach.c for why. A perf uprobe's descriptor is held by its link. */
#include "links.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in newer <linux/bpf.h>. */
enum { TRACE_UPROBE_MULTI = 48, TRACE_UPROBE_SESSION = 57, UPROBE_MULTI_RETURN = 1 };

int link_attach_type(enum link_way way)
{
	return way == LINK_SESSION ? TRACE_UPROBE_SESSION : way == LINK_MULTI ? TRACE_UPROBE_MULTI : 0;
}

static int open_multi(enum link_way way, int program, const struct link_places *places)
{
	struct {
		__u32 program_fd, target_fd, attach_type, flags;
		__u64 path, offsets, ref_counter_offsets, cookies;
		__u32 count, multi_flags, pid, pad;
	} attr = {
		.program_fd = (__u32)program,
		.attach_type = (__u32)link_attach_type(way),
		.path = (__u64)(uintptr_t)places->path,
		.offsets = (__u64)(uintptr_t)places->offsets,
		.cookies = (__u64)(uintptr_t)places->cookies,
		.count = (__u32)places->count,
		.multi_flags = places->leave ? UPROBE_MULTI_RETURN : 0,
		.pid = (__u32)places->pid,
	};
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

/* A small number in a file of the uprobe PMU, after the text before it. */
static int read_pmu(const char *path, const char *format)
{
	int number = -1;
	FILE *file = fopen(path, "re");
	if (!file)
		return -errno;
	int found = fscanf(file, format, &number);
	fclose(file);
	return found == 1 && number >= 0 ? number : -EINVAL;
}

static int open_perf(int program, const struct link_places *places, size_t i)
{
	int type = read_pmu("/sys/bus/event_source/devices/uprobe/type", "%d");
	int bit = read_pmu("/sys/bus/event_source/devices/uprobe/format/retprobe", "config:%d");
	if (type < 0 || bit < 0 || bit > 63)
		return type < 0 ? type : -EINVAL;
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = (__u32)type,
		.config = places->leave ? 1ull << bit : 0,
		.config1 = (__u64)(uintptr_t)places->path,
		.config2 = places->offsets[i],
	};
	int event = (int)syscall(SYS_perf_event_open, &attr, places->pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return -errno;
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options,
			    .perf_event.bpf_cookie = places->cookies ? places->cookies[i] : 0);
	int fd = bpf_link_create(program, event, BPF_PERF_EVENT, &options);
	close(event);
	return fd;
}

int link_open(enum link_way way, int program, const struct link_places *places, int *fds, size_t *used)
{
	*used = 0;
	size_t links = way == LINK_PERF ? places->count : 1;
	for (size_t i = 0; i < links; i++) {
		int fd = way == LINK_PERF ? open_perf(program, places, i) : open_multi(way, program, places);
		if (fd < 0)
			return fd;
		fds[(*used)++] = fd;
	}
	return 0;
}
