/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_SNAPSHOT_H
#define CAPTRACK_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "captrack/cost.h"
#include "captrack/error.h"
#include "captrack/kernel.h"
#include "captrack/profile.h"
#include "captrack/symbols.h"
#include "captrack/target.h"

/* From the BPF maps to the model: one profile for each image of the run. What has
 * been read once (stacks, frames, names) is kept; a snapshot brings the changes. */

struct snapshots;

struct image {       /* one program in one process */
	uint32_t id; /* in the BPF maps */
	pid_t pid;
	uint64_t start_ns; /* CLOCK_MONOTONIC: when tracking of it began */
	bool ended;
	bool written; /* its final profile */
	struct image_cost cost;
	struct profile profile;
	struct image *next;
};

/* Borrows the first three. Of a stack's growth chains at most sample_cap final sizes are kept. */
int snapshots_new(struct kernel *kernel, struct mappings *mappings, struct symbols *symbols,
		  uint32_t sample_cap, struct snapshots **out);
void snapshots_free(struct snapshots *snapshots); /* NULL-safe */

/* A new image, Owned by snapshots, in the order of their begin. */
int snapshots_add_image(struct snapshots *snapshots, uint32_t id, pid_t pid, uint64_t start_ns,
			const struct target_identity *identity, struct image **out);
struct image *snapshots_first(struct snapshots *snapshots);                 /* then ->next */
struct image *snapshots_of_process(struct snapshots *snapshots, pid_t pid); /* the one that has not ended */

/* Notes a probed site in the image's profile. */
int snapshots_add_probe(struct snapshots *snapshots, struct image *image, struct mapped_file *file,
			const struct allocator *allocator, const struct probe_site *site);

/* Brings the profiles of all images that are not written to this moment. */
int snapshots_take(struct snapshots *snapshots);

/* Adds to the profile what is known at the end only: the live blocks one by one, and a verdict on each
 * stack. Once, after snapshots_take(), when nothing is counted any more. */
int snapshots_take_last(struct snapshots *snapshots, struct image *image);

/* The image's final profile has been written: frees what the kernel keeps for it. */
void snapshots_finish_image(struct snapshots *snapshots, struct image *image);

#endif
