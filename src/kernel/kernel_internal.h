/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_KERNEL_INTERNAL_H
#define CAPTRACK_KERNEL_INTERNAL_H

#include "captrack/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "captrack.skel.h"
#include "links.h"

struct kernel_probe { /* a link, with the process that it is for */
	pid_t pid;
	int fd;
};

struct details {
	int *chunks; /* maps; -1: not made yet */
	uint32_t count;
	struct ct_details *mapped; /* the chunk that was read last; NULL: none */
	uint32_t mapped_chunk;
};

struct kernel {
	struct captrack *skeleton;
	enum link_way way; /* the cheapest that the kernel has */
	bool allocs_only;
	uint32_t max_live;
	struct ct_stack *stacks;           /* a window of the map, as it lies in memory; NULL: none, */
	uint32_t first_stack;              /* from this one on */
	int block_tables[CT_BLOCK_TABLES]; /* -1: not made yet */
	struct details details;
	struct bpf_link *exec_link;
	struct bpf_link *fork_link;
	struct bpf_link *exit_link;
	struct ring_buffer *events;
	const struct kernel_event_handlers *handlers; /* while events are taken */
	uint32_t last_chunk;
	struct kernel_probe *probes;
	size_t probe_count;
	int *count_fds; /* links of the program that counts */
	size_t count_used;
	bool incomplete; /* the last reading of the stacks failed */
};

/* Visits what an iterator program sends, record by record of that size, till a visit says
 * otherwise than 0; -EAGAIN where the program found a lock taken for long. */
int kernel_read_records(struct bpf_link *link, size_t size, int (*visit)(void *context, const void *record),
			void *context);

/* attach.c */
/* Before the programs are loaded: has those loaded that kernel->way needs. */
void kernel_choose_programs(struct kernel *kernel);
/* For a program that has entries only. */
enum link_way kernel_simple_way(const struct kernel *kernel);

/* blocks.c, stacks.c: after they are loaded. */
int kernel_open_block_tables(struct kernel *kernel);
void kernel_close_block_tables(struct kernel *kernel);
/* A stack in the map, valid till the next call. NULL without memory. */
struct ct_stack *kernel_find_stack(struct kernel *kernel, uint32_t stack);
void kernel_unmap_stacks(struct kernel *kernel); /* what the last call left */
/* What something held as the epoch began, of `size` bytes: `now`, or `then` where it has changed
 * since, which its own epoch says (bpf/snapshot.h). */
void kernel_copy_settled(const __u64 *changed_in, uint64_t epoch, const void *now, const void *then,
			 size_t size, void *out);

/* details.c */
void kernel_size_details(struct kernel *kernel, uint32_t stacks); /* before they are loaded */
int kernel_open_details(struct kernel *kernel);
void kernel_close_details(struct kernel *kernel);
/* The histograms of a stack, valid till the next call; NULL where they have no room. */
struct ct_details *kernel_find_details(struct kernel *kernel, uint32_t stack);
void kernel_unmap_details(struct kernel *kernel); /* what the last call left */

/* counting.c */
void kernel_prepare_counting(struct kernel *kernel, bool counting); /* before it is loaded */

#endif
