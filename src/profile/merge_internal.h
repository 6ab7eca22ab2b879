/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_MERGE_INTERNAL_H
#define CAPTRACK_MERGE_INTERNAL_H

#include "captrack/reservoir.h"
#include "merge_table.h"
#include "profile_internal.h"

#include <string.h>

/* How long the blocks of a stack that live have lived, all together: from it comes the mean, at the end. */
__extension__ typedef unsigned __int128 merge_age_sum;

struct profile_merger {
	struct profile profile; /* all until now */
	size_t n_inputs;
	uint64_t seed;       /* of hashes */
	char **names;        /* of each process in profile.merged: the input that it is from */
	size_t holder;       /* of these the one with the highest peak */
	merge_age_sum *ages; /* of each stack */
	struct reservoir reservoir;
	size_t n_costs; /* inputs that cost their targets anything */

	/* What was seen before: indexes into the profile's arrays. */
	struct merge_table objects;
	struct merge_table frames;
	struct merge_table stacks;
	struct merge_table free_stacks;
	struct merge_table double_frees;
	struct merge_table probes;
	struct merge_table processes;

	/* The input that is being added. */
	const struct profile *from;
	const char *name;
	bool leads;          /* its peak is the highest yet */
	size_t first_thread; /* the place of its first thread here */
	uint32_t *object_at; /* of each of its objects, the index here; the same of the others */
	uint32_t *frame_at;
	uint32_t *stack_at;
	uint32_t *free_stack_at;
	uint32_t *frame_list;  /* room for the frames of one stack */
	uint32_t *freed_by_at; /* of each free stack here: its place in one stack's list, and 1 */
	struct ct_error *err;
	int result; /* 0, or the first error; nothing is added after it */
};

/* The first error stays. */
void merge_failed(struct profile_merger *merger, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void merge_no_memory(struct profile_merger *merger);

/* *to += n, an error where that does not fit; `of` and `what` name it ("a stack", "allocs"). */
void merge_add(struct profile_merger *merger, uint64_t *to, uint64_t n, const char *of, const char *what);
/* All that are known and are sums. */
void merge_numbers(struct profile_merger *merger, void *to, const void *from,
		   const struct number_field *fields, const char *of);

static inline bool merge_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}
/* A copy; NULL of NULL, and without memory. */
char *merge_text(struct profile_merger *merger, const char *text);
void merge_replace_text(struct profile_merger *merger, char **to, const char *text);
/* Room for n things, all 0. */
void *merge_room(struct profile_merger *merger, size_t n, size_t size);
/* Whether profile_add_...() made an element, and a reader will take so many. */
bool merge_added(struct profile_merger *merger, int64_t index);
/* Says that the element is there; UINT32_MAX where that failed. */
uint32_t merge_note(struct profile_merger *merger, struct merge_table *table, uint64_t hash, int64_t index);

/* merge_processes.c: whether captures can be put together, the processes in them, and whose peak it is. */
void merge_check_mode(struct profile_merger *merger);
void merge_processes(struct profile_merger *merger);

/* merge_frames.c: objects, frames, probes. Fills object_at and frame_at. */
void merge_frames(struct profile_merger *merger);

/* merge_stacks.c: after the frames and the processes. */
void merge_stacks(struct profile_merger *merger);

/* merge_details.c: what is told of a stack's blocks. Ages are to be added before its counts. */
void merge_ages(struct profile_merger *merger, size_t to, const struct profile_stack *from);
void merge_details(struct profile_merger *merger, struct profile_stack *to, const struct profile_stack *from);
void merge_finish_ages(struct profile_merger *merger);

#endif
