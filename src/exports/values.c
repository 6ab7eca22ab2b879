// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The figures of stacks that a format can show one of. */
#include "exports_internal.h"

#include <string.h>

const struct export_value export_values[] = {
	{"at-peak", "at_peak_bytes", "at peak", true},
	{"live", "live_bytes", "live", true},
	{"peak", "peak_bytes", "own peaks", true},
	{"allocated", "allocated_bytes", "allocated", true},
	{"allocs", "allocs", "allocations", false},
	{"temporary", "temporary_allocs", "temporary allocations", false},
	{0},
};

const struct export_value *export_value_find(const char *key)
{
	const struct export_value *value = export_values;
	while (value->key && strcmp(value->key, key))
		value++;
	return value->key ? value : NULL;
}

const struct number_field *stack_number(const char *name)
{
	const struct number_field *field = profile_stack_numbers;
	while (strcmp(field->name, name))
		field++;
	return field;
}

const struct export_value *export_value_default(const struct profile *profile)
{
	return export_value_find(profile_knows(profile, PROFILE_NEEDS_FREES) ? "at-peak" : "allocated");
}

const char *export_value_lacks(const struct profile *profile, const struct export_value *value)
{
	unsigned int needs = stack_number(value->field)->needs;
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

struct call_weight value_weigh(const struct profile_stack *stack, const void *field)
{
	return (struct call_weight){.value = *field_in(&stack->counts, field)};
}
