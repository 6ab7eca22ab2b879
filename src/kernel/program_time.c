// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Time in our programs, as the kernel keeps it. */
#include "kernel_internal.h"

#include <errno.h>
#include <stdio.h>

bool kernel_has_sessions(const struct kernel *kernel)
{
	return kernel->way == LINK_SESSION;
}

bool kernel_statistics_on(void)
{
	int on = 0;
	FILE *file = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");
	if (!file)
		return false;
	if (fscanf(file, "%d", &on) != 1)
		on = 0;
	fclose(file);
	return on == 1;
}

int kernel_switch_statistics_on(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	return fd < 0 ? -errno : fd;
}

int kernel_program_time(struct kernel *kernel, struct kernel_program_time *out)
{
	struct bpf_program *program;
	*out = (struct kernel_program_time){0};
	bpf_object__for_each_program(program, kernel->skeleton->obj)
	{
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);
		if (bpf_program__type(program) != BPF_PROG_TYPE_KPROBE || fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &size))
			return -errno;
		out->ns += info.run_time_ns;
		out->runs += info.run_cnt;
	}
	return 0;
}
