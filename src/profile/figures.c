// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "captrack/figures.h"

#include <string.h>

#define VALUE(member)      .field = #member, .value = offsetof(struct profile_counts, member)
#define IN(member, of)     .count_field = #member, .count = offsetof(struct profile_counts, member), .unit = of
#define TITLES(full, less) .title = full, .short_title = less

enum { FREES = PROFILE_NEEDS_FREES, ALL = PROFILE_NEEDS_ALL };

const struct figure figures[FIGURES] = {
	[FIGURE_AT_PEAK] = {"at-peak", VALUE(at_peak_bytes), IN(at_peak_allocs, "blocks"),
			    TITLES("bytes at the peak", "at peak"), .is_bytes = true, .is_sum = true,
			    .needs = FREES},
	[FIGURE_LIVE] = {"live", VALUE(live_bytes), IN(live_allocs, "blocks"), TITLES("live bytes", "live"),
			 .is_bytes = true, .is_sum = true, .needs = FREES},
	[FIGURE_PEAK] = {"peak", VALUE(peak_bytes), TITLES("bytes at their own peaks", "own peaks"),
			 .is_bytes = true, .needs = FREES},
	[FIGURE_ALLOCATED] = {"allocated", VALUE(allocated_bytes), IN(allocs, "allocations"),
			      TITLES("bytes allocated", "allocated"), .is_bytes = true, .is_sum = true},
	[FIGURE_ALLOCS] = {"allocs", VALUE(allocs), TITLES("allocations", "allocations"), .is_sum = true},
	[FIGURE_TEMPORARY] = {"temporary", VALUE(temporary_allocs),
			      TITLES("temporary allocations", "temporary allocations"), .is_sum = true,
			      .needs = FREES | ALL},
	[FIGURE_MOVED] = {"moved", VALUE(moved_bytes), IN(moved, "moves"),
			  TITLES("bytes that realloc copied", "copied by realloc"), .is_bytes = true,
			  .is_sum = true, .needs = PROFILE_DETAILS},
	[FIGURE_GROWTH] = {"growth", .field = "copied_bytes",
			   TITLES("bytes copied in growing, at worst", "copied in growing"), .is_bytes = true,
			   .needs = PROFILE_DETAILS},
};

const struct figure *figure_find(const char *name)
{
	for (int i = 0; i < FIGURES; i++)
		if (!strcmp(figures[i].name, name))
			return &figures[i];
	return NULL;
}
