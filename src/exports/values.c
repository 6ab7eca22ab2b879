// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The figures of stacks that a format can show one of. */
#include "exports_internal.h"

#include <string.h>

const struct figure *const export_values[] = {
	&figures[FIGURE_AT_PEAK],
	&figures[FIGURE_LIVE],
	&figures[FIGURE_PEAK],
	&figures[FIGURE_ALLOCATED],
	&figures[FIGURE_ALLOCS],
	&figures[FIGURE_TEMPORARY],
	NULL,
};

const struct figure *export_value_find(const char *name)
{
	const struct figure *const *value = export_values;
	while (*value && strcmp((*value)->name, name))
		value++;
	return *value;
}

const struct figure *export_value_default(const struct profile *profile)
{
	return &figures[profile_knows(profile, PROFILE_NEEDS_FREES) ? FIGURE_AT_PEAK : FIGURE_ALLOCATED];
}

const char *export_value_lacks(const struct profile *profile, const struct figure *value)
{
	unsigned int needs = value->needs;
	if (profile_knows(profile, needs))
		return NULL;
	if (!profile_knows(profile, needs & PROFILE_NEEDS_FREES))
		return "it was captured with --allocs-only, so nothing is known of frees";
	if (!profile_knows(profile, needs & PROFILE_NEEDS_ALL))
		return "it was captured with --sample, and a sample does not show what is temporary";
	return "it was captured with --no-details";
}

static bool adds_up(const struct profile *profile, const struct number_field *field, uint64_t most)
{
	uint64_t left = most;
	for (size_t i = 0; i < profile->n_stacks; i++) {
		uint64_t number = *field_in(&profile->stacks[i].counts, field);
		if (number > left)
			return false;
		left -= number;
	}
	return true;
}

bool stacks_add_up(const struct profile *profile, uint64_t most)
{
	for (const struct number_field *field = profile_stack_numbers; field->name; field++)
		if (profile_knows(profile, field->needs) && !adds_up(profile, field, most))
			return false;
	return true;
}

struct call_weight value_weigh(const struct profile_stack *stack, const void *figure)
{
	return (struct call_weight){.value = figure_value(&stack->counts, figure)};
}
