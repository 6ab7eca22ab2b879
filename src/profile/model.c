// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The model of a profile: memory and sums. */
#include "captrack/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Arrays grow by doubling: room is there up to the next power of two. */
static int64_t grow(void **array, size_t *count, size_t size)
{
	if (!(*count & (*count - 1))) {
		void *larger = realloc(*array, (*count ? 2 * *count : 1) * size);
		if (!larger)
			return -ENOMEM;
		*array = larger;
	}
	memset((char *)*array + *count * size, 0, size);
	return (int64_t)(*count)++;
}

int64_t profile_add_object(struct profile *profile)
{
	return grow((void **)&profile->objects, &profile->n_objects, sizeof(*profile->objects));
}

int64_t profile_add_frame(struct profile *profile)
{
	return grow((void **)&profile->frames, &profile->n_frames, sizeof(*profile->frames));
}

int64_t profile_add_stack(struct profile *profile)
{
	return grow((void **)&profile->stacks, &profile->n_stacks, sizeof(*profile->stacks));
}

static void free_frame(struct profile_frame *frame)
{
	for (size_t i = 0; i < frame->n_inlined; i++) {
		free(frame->inlined[i].function);
		free(frame->inlined[i].file);
	}
	free(frame->inlined);
	free(frame->function);
	free(frame->file);
	free(frame->rendered);
}

void profile_deinit(struct profile *profile)
{
	free(profile->target.exe);
	free(profile->target.command);
	free(profile->target.build_id);
	free(profile->host.kernel);
	free(profile->host.arch);
	free(profile->capture.allocator);
	for (size_t i = 0; i < profile->capture.n_probes; i++)
		free(profile->capture.probes[i].function);
	free(profile->capture.probes);
	for (size_t i = 0; i < profile->n_objects; i++) {
		free(profile->objects[i].path);
		free(profile->objects[i].build_id);
	}
	free(profile->objects);
	for (size_t i = 0; i < profile->n_frames; i++)
		free_frame(&profile->frames[i]);
	free(profile->frames);
	for (size_t i = 0; i < profile->n_stacks; i++) {
		free(profile->stacks[i].frames);
		free(profile->stacks[i].rendered);
	}
	free(profile->stacks);
	memset(profile, 0, sizeof(*profile));
}

void profile_sum_stacks(struct profile *profile)
{
	struct profile_counts sum = {0};
	for (size_t i = 0; i < profile->n_stacks; i++) {
		const struct profile_counts *counts = &profile->stacks[i].counts;
		sum.allocs += counts->allocs;
		sum.frees += counts->frees;
		sum.reallocs += counts->reallocs;
		sum.allocated_bytes += counts->allocated_bytes;
		sum.freed_bytes += counts->freed_bytes;
		sum.live_allocs += counts->live_allocs;
		sum.live_bytes += counts->live_bytes;
		sum.temporary_allocs += counts->temporary_allocs;
		sum.at_peak_bytes += counts->at_peak_bytes;
		sum.at_peak_allocs += counts->at_peak_allocs;
	}
	sum.peak_bytes = sum.at_peak_bytes;
	profile->totals = sum;
}
