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

int64_t profile_add_free_stack(struct profile *profile)
{
	return grow((void **)&profile->free_stacks, &profile->n_free_stacks, sizeof(*profile->free_stacks));
}

int64_t profile_add_double_free(struct profile *profile)
{
	return grow((void **)&profile->double_frees, &profile->n_double_frees,
		    sizeof(*profile->double_frees));
}

int64_t profile_add_thread(struct profile *profile)
{
	return grow((void **)&profile->threads, &profile->n_threads, sizeof(*profile->threads));
}

int64_t profile_add_point(struct profile *profile)
{
	return grow((void **)&profile->timeline, &profile->n_timeline, sizeof(*profile->timeline));
}

int64_t profile_add_process(struct profile *profile)
{
	return grow((void **)&profile->merged, &profile->n_merged, sizeof(*profile->merged));
}

int profile_histogram_add(struct profile_histogram *histogram, uint32_t log2_class, uint64_t n)
{
	uint32_t first = histogram->n && histogram->first < log2_class ? histogram->first : log2_class;
	uint32_t end = histogram->first + histogram->n;
	if (!histogram->n || end <= log2_class)
		end = log2_class + 1;
	if (end - first > histogram->n) {
		uint64_t *counts = calloc(end - first, sizeof(*counts));
		if (!counts)
			return -ENOMEM;
		if (histogram->n)
			memcpy(counts + (histogram->first - first), histogram->counts,
			       histogram->n * sizeof(*counts));
		free(histogram->counts);
		*histogram = (struct profile_histogram){.first = first, .n = end - first, .counts = counts};
	}
	histogram->counts[log2_class - first] += n;
	return 0;
}

static int compare_sizes(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
	return first < second ? -1 : first > second;
}

static bool are_sorted(const uint64_t *sizes, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (sizes[i - 1] > sizes[i])
			return false;
	return true;
}

/* The nearest rank. Who asks once asks again. */
uint64_t profile_growth_percentile(struct profile_growth *growth, double share)
{
	size_t n = growth->n_final_sizes;
	if (!n)
		return 0;
	if (!are_sorted(growth->final_sizes, n))
		qsort(growth->final_sizes, n, sizeof(*growth->final_sizes), compare_sizes);
	size_t rank = (size_t)(share * (double)n + 0.999999);
	return growth->final_sizes[rank < 1 ? 0 : rank > n ? n - 1 : rank - 1];
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

static void free_stack(struct profile_stack *stack)
{
	free(stack->frames);
	free(stack->rendered);
	free(stack->lifetimes.log2.counts);
	free(stack->sizes.log2.counts);
	if (stack->growth)
		free(stack->growth->final_sizes);
	free(stack->growth);
	free(stack->freed_by);
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
	for (size_t i = 0; i < profile->n_stacks; i++)
		free_stack(&profile->stacks[i]);
	free(profile->stacks);
	for (size_t i = 0; i < profile->n_free_stacks; i++) {
		free(profile->free_stacks[i].frames);
		free(profile->free_stacks[i].rendered);
	}
	free(profile->free_stacks);
	free(profile->double_frees);
	for (size_t i = 0; i < profile->n_threads; i++)
		free(profile->threads[i].name);
	free(profile->threads);
	free(profile->timeline);
	for (size_t i = 0; i < profile->n_merged; i++) {
		free(profile->merged[i].exe);
		free(profile->merged[i].command);
		free(profile->merged[i].file);
	}
	free(profile->merged);
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
		sum.grown_in_place += counts->grown_in_place;
		sum.moved += counts->moved;
		sum.moved_bytes += counts->moved_bytes;
		sum.cross_thread_frees += counts->cross_thread_frees;
	}
	sum.peak_bytes = sum.at_peak_bytes;
	profile->totals = sum;
}
