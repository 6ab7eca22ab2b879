// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The threads of the images: their figures from the kernel half, their names from /proc as long as they
 * run; the kernel half keeps the name that a thread had at its end. */
#include "snapshot_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct thread_entry *add_thread(struct image_state *state, const struct kernel_thread *thread)
{
	struct thread_entry *entry = calloc(1, sizeof(*entry));
	int64_t index = entry ? profile_add_thread(&state->image.profile) : -1;
	if (index < 0) {
		free(entry);
		return NULL;
	}
	entry->number = thread->number;
	entry->index = (uint32_t)index;
	HASH_ADD(hh, state->threads, number, sizeof(entry->number), entry);
	state->image.profile.threads[index].tid = (int)thread->tid;
	return entry;
}

/* A number may be another thread's by now, so /proc is asked for those only that were at work of late. */
static int name_thread(struct image_state *state, struct thread_entry *entry,
		       const struct kernel_thread *thread)
{
	struct profile_thread *named = &state->image.profile.threads[entry->index];
	bool worked =
		entry->counts.allocs != thread->counts.allocs || entry->counts.frees != thread->counts.frees;
	char name[16];
	if (!thread->tid)
		strcpy(name, "[others]");
	else if (worked && target_thread_name(state->image.pid, (pid_t)thread->tid, name) == 0)
		;
	else if (!named->name || strcmp(entry->comm, thread->comm))
		memcpy(name, thread->comm, sizeof(name));
	else
		return 0;
	memcpy(entry->comm, thread->comm, sizeof(entry->comm));
	if (named->name && !strcmp(named->name, name))
		return 0;
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(named->name);
	named->name = copy;
	return 0;
}

static int take_thread(void *context, const struct kernel_thread *thread)
{
	struct image_state *state = snapshots_image(context, thread->image);
	const struct ct_thread_counts *counts = &thread->counts;
	struct thread_entry *entry;
	if (!state)
		return 0;
	HASH_FIND(hh, state->threads, &thread->number, sizeof(thread->number), entry);
	if (!entry && !counts->allocs && !counts->frees)
		return 0;
	if (!entry)
		entry = add_thread(state, thread);
	if (!entry || name_thread(state, entry, thread))
		return -ENOMEM;
	entry->counts = *counts;
	struct profile_thread *to = &state->image.profile.threads[entry->index];
	bool sampled = state->image.profile.capture.sample_bytes != 0;
	to->allocs = snapshot_whole(counts->allocs, sampled);
	to->frees = snapshot_whole(counts->frees, sampled);
	to->allocated_bytes = counts->allocated_bytes;
	to->live_allocs = to->allocs - snapshot_whole(counts->gone_allocs, sampled);
	to->live_bytes = counts->allocated_bytes - counts->gone_bytes;
	return 0;
}

/* A new stack has its thread's number, which becomes an index as soon as the thread has been read. */
static void find_threads_of_stacks(struct image_state *state)
{
	struct profile *profile = &state->image.profile;
	for (; state->n_stacks_by_thread < profile->n_stacks; state->n_stacks_by_thread++) {
		struct profile_stack *stack = &profile->stacks[state->n_stacks_by_thread];
		struct thread_entry *entry;
		if (!stack->n_frames) /* [unknown] is everybody's */
			continue;
		HASH_FIND(hh, state->threads, &stack->thread, sizeof(stack->thread), entry);
		if (!entry)
			return;
		stack->has_thread = true;
		stack->thread = entry->index;
	}
}

int snapshots_read_threads(struct snapshots *snapshots, const uint64_t *epochs)
{
	int result = kernel_read_threads(snapshots->kernel, epochs, take_thread, snapshots);
	for (struct image *image = snapshots->first; image && !result; image = image->next)
		if (image->profile.capture.by_thread && !image->written)
			find_threads_of_stacks((struct image_state *)image);
	return result;
}
