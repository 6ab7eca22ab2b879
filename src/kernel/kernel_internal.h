/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_KERNEL_INTERNAL_H
#define CAPTRACK_KERNEL_INTERNAL_H

#include "captrack/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "captrack.skel.h"

struct kernel_probe { /* attached, with the process that it is for: one of the two */
	pid_t pid;
	int multi_fd;
	struct bpf_link *perf;
};

struct kernel {
	struct captrack *skeleton;
	struct bpf_link *exec_link;
	struct bpf_link *fork_link;
	struct bpf_link *exit_link;
	struct bpf_link *stacks_link;
	struct ring_buffer *events;
	const struct kernel_event_handlers *handlers; /* while events are taken */
	uint32_t last_chunk;
	struct kernel_probe *probes;
	size_t probe_count;
	bool multi_links;
	int *count_fds; /* links of the program that counts */
	size_t count_used;
	bool incomplete; /* the last reading of the stacks failed */
};

/* Visits what an iterator program sends, record by record of that size, till a visit says
 * otherwise than 0; -EAGAIN where the program found a lock taken for long. */
int kernel_read_records(struct bpf_link *link, size_t size, int (*visit)(void *context, const void *record),
			void *context);

/* attach.c */
bool kernel_has_multi_links(void);
void kernel_prepare_multi_links(struct captrack *skeleton); /* before it is loaded */

/* counting.c */
void kernel_prepare_counting(struct kernel *kernel, bool counting); /* before it is loaded */

#endif
