// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What changed, by which figure, and by how much. */
#include "captrack/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "captrack/fields.h"

const struct figure *const compared_figures[COMPARED_FIGURES] = {
	[COMPARED_AT_PEAK] = &figures[FIGURE_AT_PEAK],     [COMPARED_LIVE] = &figures[FIGURE_LIVE],
	[COMPARED_ALLOCATED] = &figures[FIGURE_ALLOCATED], [COMPARED_ALLOCS] = &figures[FIGURE_ALLOCS],
	[COMPARED_TEMPORARY] = &figures[FIGURE_TEMPORARY], [COMPARED_PEAK] = &figures[FIGURE_PEAK],
};

bool compared_figure_find(const char *name, enum compared_figure *out)
{
	const struct figure *figure = figure_find(name);
	for (int i = 0; i < COMPARED_FIGURES; i++) {
		if (figure == compared_figures[i]) {
			*out = (enum compared_figure)i;
			return true;
		}
	}
	return false;
}

enum compared_figure compared_figure_default(const struct comparison *comparison)
{
	return comparison_knows(comparison, PROFILE_NEEDS_FREES) ? COMPARED_AT_PEAK : COMPARED_ALLOCATED;
}

struct delta entry_delta(const struct comparison_entry *entry, const struct figure *figure)
{
	return delta_of(figure_value(&entry->base.counts, figure), figure_value(&entry->new.counts, figure));
}

enum change entry_change(const struct comparison_entry *entry, const struct figure *figure)
{
	struct delta delta = entry_delta(entry, figure);
	if (!delta.by)
		return CHANGE_NONE;
	if (!entry->base.n)
		return CHANGE_APPEARED;
	if (!entry->new.n)
		return CHANGE_WENT;
	return delta.less ? CHANGE_SHRANK : CHANGE_GREW;
}

bool entry_differs(const struct comparison *comparison, const struct comparison_entry *entry)
{
	for (const struct number_field *field = profile_stack_numbers; field->name; field++)
		if (comparison_knows(comparison, field->needs) &&
		    *field_in(&entry->base.counts, field) != *field_in(&entry->new.counts, field))
			return true;
	return false;
}

/* The larger change first. */
static int compare_entries(const void *a, const void *b, void *figure)
{
	const struct comparison_entry *first = *(struct comparison_entry *const *)a;
	const struct comparison_entry *second = *(struct comparison_entry *const *)b;
	uint64_t x = entry_delta(first, figure).by, y = entry_delta(second, figure).by;
	if (x != y)
		return x < y ? 1 : -1;
	return first < second ? -1 : first > second;
}

/* Where each group's entries begin in one array, which groups[0] owns. */
static int share_out(struct change_group groups[CHANGES], size_t all)
{
	const struct comparison_entry **entries = calloc(all + 1, sizeof(struct comparison_entry *));
	if (!entries)
		return -ENOMEM;
	for (int i = 0; i < CHANGES; i++) {
		groups[i].entries = entries;
		entries += groups[i].n;
		groups[i].n = 0;
	}
	return 0;
}

int change_groups_init(struct change_group groups[CHANGES], const struct comparison *comparison,
		       const struct figure *figure)
{
	memset(groups, 0, CHANGES * sizeof(*groups));
	for (size_t i = 0; i < comparison->n; i++)
		groups[entry_change(&comparison->entries[i], figure)].n++;
	if (share_out(groups, comparison->n))
		return -ENOMEM;
	for (size_t i = 0; i < comparison->n; i++) {
		const struct comparison_entry *entry = &comparison->entries[i];
		struct change_group *group = &groups[entry_change(entry, figure)];
		group->entries[group->n++] = entry;
		group->base += figure_value(&entry->base.counts, figure);
		group->new += figure_value(&entry->new.counts, figure);
	}
	for (int i = 0; i < CHANGES; i++)
		qsort_r(groups[i].entries, groups[i].n, sizeof(*groups[i].entries), compare_entries,
			(void *)(uintptr_t)figure);
	return 0;
}

void change_groups_deinit(struct change_group groups[CHANGES])
{
	free(groups[0].entries);
	memset(groups, 0, CHANGES * sizeof(*groups));
}
