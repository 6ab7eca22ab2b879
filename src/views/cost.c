// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the capture has cost the target, in one line. */
#include "views_internal.h"

#include "captrack/cost.h"

void cost_write(const struct profile *profile, FILE *out)
{
	char count[40];
	double slowdown = profile->cost.slowdown;
	if (!profile->cost.known || slowdown <= 0 || !profile->cost.events)
		return;
	/* Figured from a difference: the slower, the more of it is missing (see docs/architecture.md). */
	const char *about = profile->cost.traps_only || slowdown >= COST_SURE_SLOWDOWN ? "at least" : "about";
	fprintf(out, "  cost: %s events, which slowed the target down ",
		figure_count(profile, profile->cost.events, count));
	if (slowdown >= COST_MOST_SLOWDOWN)
		fprintf(out, "%.0fx or more\n", COST_MOST_SLOWDOWN);
	else
		fprintf(out, "%s %.*fx\n", about, slowdown < 2 ? 2 : 1, slowdown);
}
