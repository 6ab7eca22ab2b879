// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Links by hand: this libbpf knows none but perf uprobes; see struct bpf_link_create in the
 * kernel's include/uapi/linux/bpf.h. A perf uprobe's descriptor is held by its link. */
#include "links.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool has_way(enum link_way way)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	const uint64_t offset = 0;
	DECLARE_LIBBPF_OPTS(bpf_prog_load_opts, options,
			    .expected_attach_type = (enum bpf_attach_type)link_attach_type(way));
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "captrack_try", "GPL", nothing, 2, &options);
	if (program < 0)
		return false;
	/* A folder is no place for a probe: EBADF from a kernel that looks, EINVAL from one
	 * that does not know the kind. */
	const struct link_places places = {.path = "/", .offsets = &offset, .count = 1};
	int result = open_multi(way, program, &places);
	if (result >= 0)
		close(result);
	close(program);
	return result == -EBADF;
}

enum link_way link_best_way(void)
{
	const char *best = getenv("CAPTRACK_ATTACH"); /* for the tests: perf, multi */
	if (best && !strcmp(best, "perf"))
		return LINK_PERF;
	if ((!best || strcmp(best, "multi")) && has_way(LINK_SESSION))
		return LINK_SESSION;
	return has_way(LINK_MULTI) ? LINK_MULTI : LINK_PERF;
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
