// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The program that only counts, on the entries of sites. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void kernel_prepare_counting(struct kernel *kernel, bool counting)
{
	struct bpf_program *program = kernel->skeleton->progs.on_count;
	bpf_program__set_autoload(program, counting);
	bpf_program__set_expected_attach_type(
		program, (enum bpf_attach_type)link_attach_type(kernel_simple_way(kernel)));
}

int kernel_count(struct kernel *kernel, pid_t pid, int fd, const char *path, const struct probe_site *sites,
		 size_t count, struct ct_error *err)
{
	uint64_t offsets[PROBES_MAX_SITES], cookies[PROBES_MAX_SITES];
	char name[64];
	size_t used;
	int *fds = realloc(kernel->count_fds, (kernel->count_used + count) * sizeof(*fds));
	if (!fds)
		return ct_fail(err, -ENOMEM, "out of memory");
	kernel->count_fds = fds;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	for (size_t i = 0; i < count; i++) {
		offsets[i] = sites[i].file_offset;
		cookies[i] = sites[i].cookie | (sites[i].site.emulated ? 0 : CT_COOKIE_STEPPED);
	}
	const struct link_places places = {
		.pid = pid, .path = name, .offsets = offsets, .cookies = cookies, .count = count};
	int result = link_open(kernel_simple_way(kernel), bpf_program__fd(kernel->skeleton->progs.on_count),
			       &places, fds + kernel->count_used, &used);
	kernel->count_used += used;
	return result ? ct_fail(err, result, "cannot probe the allocator in %s of process %d: %s", path, pid,
				strerror(-result))
		      : 0;
}

int kernel_read_counted(struct kernel *kernel, struct ct_calls *out)
{
	int cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;
	memset(out, 0, sizeof(*out));
	struct ct_calls *each = cpus > 0 ? calloc((size_t)cpus, sizeof(*each)) : NULL;
	if (!each)
		return cpus > 0 ? -ENOMEM : cpus;
	int result = bpf_map_lookup_elem(bpf_map__fd(kernel->skeleton->maps.counted_calls), &zero, each)
			     ? -errno
			     : 0;
	for (int cpu = 0; cpu < cpus && !result; cpu++) {
		const uint64_t *from = (const uint64_t *)&each[cpu];
		for (size_t i = 0; i < sizeof(*out) / sizeof(uint64_t); i++)
			((uint64_t *)out)[i] += from[i];
	}
	free(each);
	return result;
}

void kernel_stop_counting(struct kernel *kernel)
{
	while (kernel->count_used)
		close(kernel->count_fds[--kernel->count_used]);
	free(kernel->count_fds);
	kernel->count_fds = NULL;
}
