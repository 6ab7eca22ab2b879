// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Profiles that no capture makes, written to stdout by our writer, for tests/scenarios/schema.py:
 *
 *     edge_profile largest    each number as large as its type, each word and each optional field
 *     edge_profile least      nothing is known that need not be
 *     edge_profile texts      names of a target that means harm */
#include "captrack/profile.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_NAME = 1 << 20 };

static void *checked(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static char *copy(const char *text)
{
	return checked(strdup(text));
}

/* All bits of all its numbers. */
#define FILL(numbers) memset((numbers), 0xff, sizeof(*(numbers)))

static uint64_t *largest_values(size_t count)
{
	uint64_t *values = checked(malloc(count * sizeof(*values)));
	memset(values, 0xff, count * sizeof(*values));
	return values;
}

static uint32_t *one_frame(void)
{
	return checked(calloc(1, sizeof(uint32_t)));
}

static struct profile_histogram largest_histogram(void)
{
	return (struct profile_histogram){.n = PROFILE_CLASSES, .counts = largest_values(PROFILE_CLASSES)};
}

static void add_stack(struct profile *profile, enum profile_integrity why)
{
	int64_t index = profile_add_stack(profile);
	struct profile_stack *stack = &profile->stacks[index];
	stack->frames = one_frame();
	stack->n_frames = 1;
	stack->truncated = why != INTEGRITY_COUNT;
	stack->has_thread = true;
	stack->why = why;
	FILL(&stack->counts);
	stack->lifetimes = (struct profile_lifetimes){.min = UINT64_MAX,
						      .max = UINT64_MAX,
						      .has_sum = true,
						      .sum = UINT64_MAX,
						      .log2 = largest_histogram()};
	FILL(&stack->ages);
	stack->ages.known = true;
	stack->sizes = (struct profile_sizes){UINT64_MAX, UINT64_MAX, largest_histogram()};
	stack->growth = checked(malloc(sizeof(*stack->growth)));
	FILL(stack->growth);
	stack->growth->final_sizes = largest_values(2);
	stack->growth->n_final_sizes = 2;
	stack->leak = (struct profile_leak){1, UINT64_MAX};
	stack->freed_by = checked(calloc(1, sizeof(*stack->freed_by)));
	stack->n_freed_by = 1;
	stack->freed_by[0] = (struct profile_freed_by){0, UINT64_MAX, UINT64_MAX};
}

static void add_code(struct profile *profile)
{
	int64_t object = profile_add_object(profile), frame = profile_add_frame(profile);
	profile->objects[object].path = copy("/bin/x");
	profile->objects[object].build_id = copy("00ff");
	profile->frames[frame] = (struct profile_frame){
		.offset = UINT64_MAX,
		.function = copy("outer"),
		.has_symbol_offset = true,
		.symbol_offset = UINT64_MAX,
		.file = copy("a.c"),
		.line = UINT32_MAX,
		.column = UINT32_MAX,
		.inlined = checked(calloc(1, sizeof(struct profile_inline))),
		.n_inlined = 1,
	};
	profile->frames[frame].inlined[0] =
		(struct profile_inline){copy("inner"), copy("a.h"), UINT32_MAX, UINT32_MAX};
}

static void add_probes(struct profile *profile)
{
	static const char *const kinds[] = {"entry", "return", "session"};
	profile->capture.probes = checked(calloc(3, sizeof(*profile->capture.probes)));
	for (size_t i = 0; i < 3; i++)
		profile->capture.probes[profile->capture.n_probes++] = (struct profile_probe){
			copy("malloc"), .site_offset = UINT64_MAX, .kind = kinds[i], .emulated = i == 0};
}

static void add_frees(struct profile *profile)
{
	int64_t freed = profile_add_free_stack(profile), twice = profile_add_double_free(profile);
	profile->capture.free_stacks = true;
	profile->free_stacks[freed].frames = one_frame();
	profile->free_stacks[freed].n_frames = 1;
	profile->double_frees[twice] = (struct profile_double_free){.count = UINT64_MAX};
}

static void add_time(struct profile *profile)
{
	int64_t peak = profile_add_point(profile);
	profile->timeline[peak] = (struct profile_point){
		.ms = 1, .live_bytes = UINT64_MAX, .live_allocs = UINT64_MAX, .is_peak = true};
	int64_t end = profile_add_point(profile), thread = profile_add_thread(profile);
	struct profile_point *point = &profile->timeline[end];
	FILL(point);
	point->is_peak = false;
	point->has_usage = point->has_io = true;
	point->ms = 2; /* the highest rates */
	FILL(&profile->threads[thread]);
	profile->threads[thread].pid = profile->threads[thread].tid = INT_MAX;
	profile->threads[thread].name = copy("worker");
}

/* One: of several there are no rates. */
static void add_process(struct profile *profile)
{
	int64_t index = profile_add_process(profile);
	struct profile_process *process = &profile->merged[index];
	FILL(process);
	process->pid = process->ppid = INT_MAX;
	process->exe = copy("/bin/x");
	process->command = copy("x y");
	process->file = copy("profile-x-1-1.json");
	process->state = PROFILE_RUNNING;
	process->has_exit_status = process->has_signal = process->holds_peak = true;
	process->exit_status = 255;
	process->signal = 127;
}

static void make_largest(struct profile *profile)
{
	profile->state = PROFILE_FINAL;
	profile->reason = PROFILE_EXIT;
	profile->target.pid = profile->target.ppid = INT_MAX;
	profile->target.exe = copy("/bin/x");
	profile->target.command = copy("x y");
	profile->target.build_id = copy("00ff");
	profile->target.start_ms = profile->capture.start_ms = profile->capture.interval_ms = UINT64_MAX;
	profile->target.has_exit_status = profile->target.has_signal = true;
	profile->target.exit_status = 255;
	profile->target.signal = 127;
	profile->host.kernel = copy("6.18");
	profile->host.arch = copy("x86_64");
	profile->host.cpus = profile->host.page_size = UINT32_MAX;
	profile->capture.interval_stretched = profile->capture.by_thread = true;
	profile->capture.duration_ms = 1; /* the highest rates */
	profile->capture.snapshots = UINT64_MAX;
	profile->capture.allocator = copy("glibc");
	FILL(&profile->totals);
	FILL(&profile->integrity);
	profile->failed_allocs = profile->peak_allocs = profile->peak_ms = UINT64_MAX;
	profile->cost.known = profile->cost.has_program_ns = profile->cost.has_trap_ns = true;
	profile->cost.events = profile->cost.program_ns = profile->cost.trap_ns = UINT64_MAX;
	profile->cost.slowdown = 10;
	profile->cost.traps_only = true;
	add_code(profile);
	add_probes(profile);
	for (int why = INTEGRITY_DEPTH_STACKS; why <= INTEGRITY_BUSY_STACKS; why++)
		add_stack(profile, (enum profile_integrity)why);
	add_stack(profile, INTEGRITY_COUNT);
	add_frees(profile);
	add_time(profile);
	add_process(profile);
}

static void make_least(struct profile *profile)
{
	profile->target.pid = 1;
	profile->host.cpus = profile->host.page_size = 1;
	int64_t object = profile_add_object(profile), frame = profile_add_frame(profile);
	profile->objects[object].path = copy("");
	profile->frames[frame].inlined = checked(calloc(1, sizeof(struct profile_inline)));
	profile->frames[frame].n_inlined = 1;
	int64_t stack = profile_add_stack(profile), point = profile_add_point(profile);
	if (stack || point || profile_add_thread(profile) || profile_add_process(profile))
		abort();
	profile->merged[0].pid = 1;
	profile->merged[0].file = copy("");
}

/* Quotes, a backslash, an end of a script, all control characters, what is no UTF-8, and 1 MiB of it. */
static char *hostile_name(void)
{
	char *name = checked(malloc(LONG_NAME + 1)), *to = name;
	to = stpcpy(to, "\"\\</script>\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82\xac\x7f");
	for (char control = 1; control < ' '; control++)
		*to++ = control;
	memset(to, 0xe2, (size_t)(name + LONG_NAME - to));
	name[LONG_NAME] = '\0';
	return name;
}

static void make_texts(struct profile *profile)
{
	make_least(profile);
	profile->target.exe = hostile_name();
	profile->target.command = hostile_name();
	free(profile->objects[0].path);
	profile->objects[0].path = hostile_name();
	profile->frames[0].function = hostile_name();
	profile->frames[0].file = hostile_name();
	profile->frames[0].inlined[0].function = hostile_name();
	profile->frames[0].inlined[0].file = hostile_name();
	profile->threads[0].name = hostile_name();
	profile->merged[0].exe = hostile_name();
	profile->merged[0].command = hostile_name();
	profile->merged[0].file = hostile_name();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct profile *profile);
	} kinds[] = {{"largest", make_largest}, {"least", make_least}, {"texts", make_texts}};
	struct profile profile = {0};
	for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(argv[1], kinds[i].name))
			continue;
		kinds[i].make(&profile);
		int result = profile_write_json(&profile, stdout);
		profile_deinit(&profile);
		return result ? 1 : 0;
	}
	return 2;
}
