/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_KERNEL_LINKS_H
#define CAPTRACK_KERNEL_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A program on places of a file in one process. Each link is a descriptor, and ends with it.
 *
 * Three ways, the last the cheapest. A session link (Linux 6.13) has one program for entry and
 * return of a function, and the entry decides whether there is a return. A multi-uprobe link
 * (6.6) takes all places of one program at once, and taking it out waits for the kernel's grace
 * periods once. Before that each place is a perf uprobe, and each waits for itself: 0.1 s. */
enum link_way { LINK_PERF, LINK_MULTI, LINK_SESSION };

/* The best way that the kernel has, found by trying. */
enum link_way link_best_way(void);

struct link_places {
	pid_t pid;
	const char *path;
	const uint64_t *offsets; /* in the file */
	const uint64_t *cookies; /* NULL: none */
	size_t count;
	bool leave; /* on the functions' returns; not with sessions, which have both */
};

/* The attach type that a program must be loaded for. */
int link_attach_type(enum link_way way);

/* Puts the program on all places. fds must have room for one a place; *used of them are
 * open when it returns, also after an error. Returns 0 or a negative errno. */
int link_open(enum link_way way, int program, const struct link_places *places, int *fds, size_t *used);

#endif
