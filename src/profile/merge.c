// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Several profiles as one. Inputs are added one after the other and may be gone then: what grows is the
 * merged profile, not the sum of the inputs. What is not by stack is here; of the figures that are no sums
 * the header tells what becomes of them. Nothing depends on the order of the inputs but the order of things
 * in the merged profile, and which final sizes are drawn. */
#include "merge_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void merge_failed(struct profile_merger *merger, int code, const char *format, ...)
{
	char what[512];
	va_list args;
	if (merger->result)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	merger->result = ct_fail(merger->err, code, "cannot merge '%.400s': %s", merger->name, what);
}

void merge_no_memory(struct profile_merger *merger)
{
	merge_failed(merger, -ENOMEM, "out of memory");
}

void merge_add(struct profile_merger *merger, uint64_t *to, uint64_t n, const char *of, const char *what)
{
	uint64_t sum;
	if (merger->result)
		return;
	if (__builtin_add_overflow(*to, n, &sum))
		merge_failed(merger, -EOVERFLOW, "%s of %s: the sum does not fit into 64 bits", what, of);
	else
		*to = sum;
}

void merge_numbers(struct profile_merger *merger, void *to, const void *from,
		   const struct number_field *fields, const char *of)
{
	for (; fields->name; fields++)
		if (!fields->of_peak && profile_knows(merger->from, fields->needs))
			merge_add(merger, field_at(to, fields), *field_in(from, fields), of, fields->name);
}

char *merge_text(struct profile_merger *merger, const char *text)
{
	char *copy = text ? strdup(text) : NULL;
	if (text && !copy)
		merge_no_memory(merger);
	return copy;
}

void merge_replace_text(struct profile_merger *merger, char **to, const char *text)
{
	free(*to);
	*to = merge_text(merger, text);
}

void *merge_room(struct profile_merger *merger, size_t n, size_t size)
{
	void *room = calloc(n + 1, size);
	if (!room)
		merge_no_memory(merger);
	return room;
}

bool merge_added(struct profile_merger *merger, int64_t index)
{
	if (index < 0)
		merge_no_memory(merger);
	else if (index >= PROFILE_MOST_ELEMENTS)
		merge_failed(merger, -E2BIG,
			     "more than %d stacks, frames or threads in all: no reader takes them",
			     PROFILE_MOST_ELEMENTS);
	return !merger->result;
}

uint32_t merge_note(struct profile_merger *merger, struct merge_table *table, uint64_t hash, int64_t index)
{
	if (!merge_added(merger, index))
		return UINT32_MAX;
	if (table_add(table, hash, (uint32_t)index))
		merge_no_memory(merger);
	return (uint32_t)index;
}

int profile_merger_new(struct profile_merger **out)
{
	struct profile_merger *merger = calloc(1, sizeof(*merger));
	if (!merger)
		return -ENOMEM;
	merger->seed = hash_seed();
	*out = merger;
	return 0;
}

static void forget_input(struct profile_merger *merger)
{
	uint32_t **const maps[] = {&merger->object_at,     &merger->frame_at,   &merger->stack_at,
				   &merger->free_stack_at, &merger->frame_list, &merger->freed_by_at};
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		free(*maps[i]);
		*maps[i] = NULL;
	}
	merger->from = NULL;
	merger->name = NULL;
	merger->err = NULL;
}

void profile_merger_free(struct profile_merger *merger)
{
	if (!merger)
		return;
	forget_input(merger);
	for (size_t i = 0; merger->names && i < merger->profile.n_merged; i++)
		free(merger->names[i]);
	free(merger->names);
	free(merger->ages);
	table_clear(&merger->objects);
	table_clear(&merger->frames);
	table_clear(&merger->stacks);
	table_clear(&merger->free_stacks);
	table_clear(&merger->double_frees);
	table_clear(&merger->probes);
	table_clear(&merger->processes);
	profile_deinit(&merger->profile);
	free(merger);
}

/* Whose peak it is: the profile is named after it. */
static void take_target(struct profile_merger *merger)
{
	struct profile *to = &merger->profile;
	const struct profile *from = merger->from;
	to->target.pid = from->target.pid;
	to->target.ppid = from->target.ppid;
	to->target.start_ms = from->target.start_ms;
	merge_replace_text(merger, &to->target.exe, from->target.exe);
	merge_replace_text(merger, &to->target.command, from->target.command);
	merge_replace_text(merger, &to->target.build_id, from->target.build_id);
	to->host.cpus = from->host.cpus;
	to->host.page_size = from->host.page_size;
	merge_replace_text(merger, &to->host.kernel, from->host.kernel);
	merge_replace_text(merger, &to->host.arch, from->host.arch);
	to->totals.peak_bytes = to->totals.at_peak_bytes = from->totals.peak_bytes;
	to->peak_allocs = to->totals.at_peak_allocs = from->peak_allocs;
	to->peak_ms = from->peak_ms;
}

/* Running where any is, and then for its reason; ended where all did: what lives at exit is known then only.
 */
static bool is_less_final(const struct profile *profile, const struct profile *than)
{
	if (profile->state != than->state)
		return profile->state < than->state;
	return profile->state == PROFILE_FINAL ? profile->reason > than->reason
					       : profile->reason < than->reason;
}

/* How it ended is told where that is the same of all. That one had run before means that figures are less
 * than all there was, so it is told of all. */
static void merge_end(struct profile_merger *merger)
{
	struct profile *to = &merger->profile;
	const struct profile *from = merger->from;
	bool first = !merger->n_inputs;
	if (first || from->target.has_exit_status != to->target.has_exit_status ||
	    from->target.exit_status != to->target.exit_status) {
		to->target.has_exit_status = first && from->target.has_exit_status;
		to->target.exit_status = first ? from->target.exit_status : 0;
	}
	if (first || from->target.has_signal != to->target.has_signal ||
	    from->target.signal != to->target.signal) {
		to->target.has_signal = first && from->target.has_signal;
		to->target.signal = first ? from->target.signal : 0;
	}
	to->target.attached_running |= from->target.attached_running;
	if (first || is_less_final(from, to)) {
		to->state = from->state;
		to->reason = from->reason;
	}
}

/* Whether a name is in "glibc, musl". */
static bool is_listed(const char *list, const char *name, size_t length)
{
	for (const char *at = list; at; at = strstr(at, ", ") ? strstr(at, ", ") + 2 : NULL)
		if (!strncmp(at, name, length) && (!at[length] || !strncmp(at + length, ", ", 2)))
			return true;
	return false;
}

static void merge_allocators(struct profile_merger *merger)
{
	char **list = &merger->profile.capture.allocator;
	for (const char *name = merger->from->capture.allocator, *end; name; name = end ? end + 2 : NULL) {
		end = strstr(name, ", ");
		size_t length = end ? (size_t)(end - name) : strlen(name);
		if (*list && is_listed(*list, name, length))
			continue;
		char *longer = NULL;
		if (asprintf(&longer, "%s%s%.*s", *list ? *list : "", *list ? ", " : "", (int)length, name) <
		    0) {
			merge_no_memory(merger);
			return;
		}
		free(*list);
		*list = longer;
	}
}

static void merge_capture(struct profile_merger *merger)
{
	struct profile *to = &merger->profile;
	const struct profile *from = merger->from;
	if (!merger->n_inputs) {
		to->capture.sample_bytes = from->capture.sample_bytes;
		to->capture.allocs_only = from->capture.allocs_only;
		to->capture.no_details = from->capture.no_details;
		to->capture.free_stacks = from->capture.free_stacks;
		to->capture.by_thread = from->capture.by_thread;
		to->capture.start_ms = from->capture.start_ms;
	}
	if (from->capture.start_ms < to->capture.start_ms)
		to->capture.start_ms = from->capture.start_ms;
	if (from->capture.duration_ms > to->capture.duration_ms)
		to->capture.duration_ms = from->capture.duration_ms;
	if (from->capture.interval_ms > to->capture.interval_ms)
		to->capture.interval_ms = from->capture.interval_ms;
	to->capture.interval_stretched |= from->capture.interval_stretched;
	merge_add(merger, &to->capture.snapshots, from->capture.snapshots, "the capture", "snapshots");
	merge_allocators(merger);
}

/* Known where it is of all. A process without an allocator has no probes, and cost nothing. */
static void merge_cost(struct profile_merger *merger)
{
	struct profile *to = &merger->profile;
	const struct profile *from = merger->from;
	if (!from->capture.allocator && !from->cost.known)
		return;
	if (!merger->n_costs++) {
		to->cost = from->cost;
		return;
	}
	to->cost.known &= from->cost.known;
	to->cost.has_program_ns &= from->cost.has_program_ns;
	to->cost.has_trap_ns &= from->cost.has_trap_ns;
	if (to->cost.known)
		merge_add(merger, &to->cost.events, from->cost.events, "the cost", "events");
	if (to->cost.has_program_ns)
		merge_add(merger, &to->cost.program_ns, from->cost.program_ns, "the cost", "program_ns");
	if (to->cost.has_trap_ns)
		merge_add(merger, &to->cost.trap_ns, from->cost.trap_ns, "the cost", "trap_ns");
}

static void merge_integrity(struct profile_merger *merger)
{
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		if (profile_knows_integrity(merger->from, (enum profile_integrity)i))
			merge_add(merger, &merger->profile.integrity[i], merger->from->integrity[i],
				  "integrity", profile_integrity_name((enum profile_integrity)i));
}

static void merge_threads(struct profile_merger *merger)
{
	struct profile *to = &merger->profile;
	merger->first_thread = to->n_threads;
	for (size_t i = 0; i < merger->from->n_threads && !merger->result; i++) {
		const struct profile_thread *thread = &merger->from->threads[i];
		int64_t index = profile_add_thread(to);
		if (!merge_added(merger, index))
			return;
		to->threads[index] = *thread;
		to->threads[index].name = merge_text(merger, thread->name);
		if (!thread->pid)
			to->threads[index].pid = merger->from->target.pid;
	}
}

/* Moments of several processes do not add up to one that was measured. */
static void merge_timeline(struct profile_merger *merger)
{
	struct profile *to = &merger->profile;
	if (to->n_merged > 1) {
		free(to->timeline);
		to->timeline = NULL;
		to->n_timeline = 0;
		to->cost.slowdown = 0;
		to->cost.traps_only = false;
		return;
	}
	for (size_t i = 0; i < merger->from->n_timeline; i++) {
		int64_t index = profile_add_point(to);
		if (!merge_added(merger, index))
			return;
		to->timeline[index] = merger->from->timeline[i];
	}
}

/* What would be written as 0 then, as if it were known. */
static void refuse_gaps(struct profile_merger *merger)
{
	if (merger->from->lacks)
		merge_failed(merger, -EINVAL, "it has no %s, which every capture writes: it is damaged",
			     merger->from->lacks);
}

/* Each step does nothing after an error. */
static void add_input(struct profile_merger *merger)
{
	refuse_gaps(merger);
	merge_check_mode(merger);
	merge_processes(merger);
	if (merger->result)
		return;
	if (merger->leads)
		take_target(merger);
	merge_end(merger);
	merge_capture(merger);
	merge_cost(merger);
	merge_timeline(merger);
	merge_numbers(merger, &merger->profile, merger->from, profile_totals_numbers, "the totals");
	merge_integrity(merger);
	merge_threads(merger);
	merge_frames(merger);
	merge_stacks(merger);
}

int profile_merge_add(struct profile_merger *merger, const struct profile *profile, const char *name,
		      struct ct_error *err)
{
	if (merger->result)
		return ct_fail(err, merger->result, "cannot merge '%.400s': an input before it failed", name);
	merger->from = profile;
	merger->name = name;
	merger->err = err;
	merger->leads = false;
	add_input(merger);
	merger->n_inputs++;
	forget_input(merger);
	return merger->result;
}

/* How many stacks are not whole, and why: that is of stacks, and those that several inputs have are one now.
 */
static void count_truncated(struct profile *profile)
{
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		if (i == INTEGRITY_TRUNCATED_STACKS || profile_is_reason((enum profile_integrity)i))
			profile->integrity[i] = 0;
	for (size_t i = 0; i < profile->n_stacks; i++) {
		const struct profile_stack *stack = &profile->stacks[i];
		profile->integrity[INTEGRITY_TRUNCATED_STACKS] += stack->truncated;
		if (stack->truncated && profile_is_reason(stack->why))
			profile->integrity[stack->why]++;
	}
}

void profile_merge_finish(struct profile_merger *merger, struct profile *out)
{
	struct profile *profile = &merger->profile;
	merge_finish_ages(merger);
	if (merger->n_inputs > 1)
		count_truncated(profile);
	if (merger->holder < profile->n_merged)
		profile->merged[merger->holder].holds_peak = profile_knows(profile, PROFILE_NEEDS_FREES);
	for (size_t i = 0; i < profile->n_merged; i++)
		free(merger->names[i]);
	free(merger->names);
	merger->names = NULL;
	*out = *profile;
	memset(profile, 0, sizeof(*profile));
}
