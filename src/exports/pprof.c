// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f pprof: a heap profile in the terms of profile.proto. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pprof_file.h"

enum { MOST_TYPES = 5 };

/* A count first, and what is shown first last: of readers that know no default, some take the one, some
 * the other. */
static const struct {
	const char *type;
	const char *unit;
	const char *field;
} sample_types[MOST_TYPES] = {
	{"alloc_objects", "count", "allocs"},     {"alloc_space", "bytes", "allocated_bytes"},
	{"peak_space", "bytes", "at_peak_bytes"}, {"inuse_objects", "count", "live_allocs"},
	{"inuse_space", "bytes", "live_bytes"},
};

/* The file as it is made. */
struct pprof {
	const struct profile *profile;
	struct functions functions;
	struct pprof_file *file;
	const struct number_field *types[MOST_TYPES]; /* those that are known */
	size_t n_types;
	uint64_t *locations; /* room for a stack's */
};

const char *pprof_lacks(const struct profile *profile)
{
	return stacks_add_up(profile, INT64_MAX)
		       ? NULL
		       : "its figures add up to more than 2^63, where the numbers of pprof end";
}

static void put_sample_type(struct pprof *pprof, const char *type, const char *unit)
{
	Pprof__ValueType value_type = PPROF__VALUE_TYPE__INIT, *pointer = &value_type;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	value_type.type = pprof_file_string(pprof->file, type);
	value_type.unit = pprof_file_string(pprof->file, unit);
	part.n_sample_type = 1;
	part.sample_type = &pointer;
	pprof_file_put(pprof->file, &part);
}

static const struct number_field *stack_number(const char *name)
{
	const struct number_field *field = profile_stack_numbers;
	while (strcmp(field->name, name))
		field++;
	return field;
}

static void put_sample_types(struct pprof *pprof)
{
	for (size_t i = 0; i < MOST_TYPES; i++) {
		const struct number_field *field = stack_number(sample_types[i].field);
		if (!profile_knows(pprof->profile, field->needs))
			continue;
		put_sample_type(pprof, sample_types[i].type, sample_types[i].unit);
		pprof->types[pprof->n_types++] = field;
	}
}

/* What no int64 holds is left out: 0 is not known. */
static int64_t nanoseconds(uint64_t ms)
{
	return ms <= INT64_MAX / 1000000 ? (int64_t)ms * 1000000 : 0;
}

static void put_head(struct pprof *pprof)
{
	const struct profile *profile = pprof->profile;
	bool frees = profile_knows(profile, PROFILE_NEEDS_FREES);
	uint64_t period = profile->capture.sample_bytes ? profile->capture.sample_bytes : 1;
	Pprof__ValueType period_type = PPROF__VALUE_TYPE__INIT;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	period_type.type = pprof_file_string(pprof->file, "space");
	period_type.unit = pprof_file_string(pprof->file, "bytes");
	part.period_type = &period_type;
	part.period = period < INT64_MAX ? (int64_t)period : INT64_MAX;
	part.time_nanos = nanoseconds(profile->capture.start_ms);
	part.duration_nanos = nanoseconds(profile->capture.duration_ms);
	part.default_sample_type = pprof_file_string(pprof->file, frees ? "inuse_space" : "alloc_space");
	pprof_file_put(pprof->file, &part);
}

static void put_comment(struct pprof *pprof, const char *text)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	int64_t comment = pprof_file_string(pprof->file, text);
	part.n_comment = 1;
	part.comment = &comment;
	pprof_file_put(pprof->file, &part);
}

static void put_comments(struct pprof *pprof)
{
	const struct profile *profile = pprof->profile;
	char text[1024];
	put_comment(pprof, "captrack-bpf " CT_VERSION);
	snprintf(text, sizeof(text), "command: %s", profile->target.command ? profile->target.command : "?");
	put_comment(pprof, text);
	if (profile->capture.sample_bytes) {
		snprintf(text, sizeof(text),
			 "sampled: about one allocation in %" PRIu64 " bytes; all figures are estimates",
			 profile->capture.sample_bytes);
		put_comment(pprof, text);
	} else {
		put_comment(pprof, "exact: every allocation is counted");
	}
	if (profile->capture.allocs_only)
		put_comment(pprof, "allocations only: nothing is known of frees");
	for (enum profile_integrity i = 0; i < INTEGRITY_COUNT; i++) {
		if (!profile_integrity_warns(profile, i))
			continue;
		snprintf(text, sizeof(text), "warning: %s %" PRIu64 ": %s", profile_integrity_name(i),
			 profile->integrity[i], profile_integrity_sentence(i));
		put_comment(pprof, text);
	}
}

static size_t fill_locations(const struct pprof *pprof, const struct profile_stack *stack)
{
	size_t n = 0;
	for (uint32_t i = 0; i < stack->n_frames; i++)
		pprof->locations[n++] = stack->frames[i] + 1;
	if (!n)
		pprof->locations[n++] = pprof_unknown_location(pprof->profile);
	else if (stack->truncated)
		pprof->locations[n++] = pprof_truncated_location(pprof->profile);
	return n;
}

static void put_sample(struct pprof *pprof, const struct profile_stack *stack)
{
	int64_t values[MOST_TYPES];
	Pprof__Sample sample = PPROF__SAMPLE__INIT, *pointer = &sample;
	Pprof__Label label = PPROF__LABEL__INIT, *label_pointer = &label;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	for (size_t i = 0; i < pprof->n_types; i++)
		values[i] = (int64_t)*field_in(&stack->counts, pprof->types[i]);
	sample.value = values;
	sample.n_value = pprof->n_types;
	sample.location_id = pprof->locations;
	sample.n_location_id = fill_locations(pprof, stack);
	if (pprof->profile->capture.by_thread && stack->has_thread) {
		label.key = pprof_file_string(pprof->file, "thread");
		label.str = pprof_file_string(pprof->file, pprof->profile->threads[stack->thread].name);
		sample.label = &label_pointer;
		sample.n_label = label.str ? 1 : 0;
	}
	part.n_sample = 1;
	part.sample = &pointer;
	pprof_file_put(pprof->file, &part);
}

static size_t longest_stack(const struct profile *profile)
{
	size_t longest = 0;
	for (size_t i = 0; i < profile->n_stacks; i++)
		if (profile->stacks[i].n_frames > longest)
			longest = profile->stacks[i].n_frames;
	return longest;
}

static int put_all(struct pprof *pprof)
{
	const struct profile *profile = pprof->profile;
	put_sample_types(pprof);
	put_head(pprof);
	put_comments(pprof);
	int result = pprof_put_code(pprof->file, profile, &pprof->functions);
	for (size_t i = 0; i < profile->n_stacks && !result; i++)
		put_sample(pprof, &profile->stacks[i]);
	return result;
}

int pprof_write(const struct profile *profile, FILE *out)
{
	struct pprof pprof = {.profile = profile};
	if (pprof_lacks(profile))
		return -EINVAL;
	int result = functions_init(&pprof.functions, profile, ALIKE_BY_FILE, NULL);
	if (result)
		return result;
	pprof.locations = calloc(longest_stack(profile) + 1, sizeof(*pprof.locations));
	result = pprof.locations ? pprof_file_begin(&pprof.file, out) : -ENOMEM;
	if (!result)
		result = put_all(&pprof);
	int written = pprof_file_end(pprof.file);
	free(pprof.locations);
	functions_deinit(&pprof.functions);
	return stream_end(out, result ? result : written);
}
