/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_VIEWS_H
#define CAPTRACK_VIEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "captrack/calls.h"
#include "captrack/check.h"
#include "captrack/cost.h"
#include "captrack/figures.h"
#include "captrack/profile.h"

/* A view turns a profile into text. Text from the profile (names, paths) is untrusted: what is not printable
 * is escaped before it reaches a terminal (format.h). */

enum report_sort {
	REPORT_AT_PEAK = FIGURE_AT_PEAK,
	REPORT_LIVE = FIGURE_LIVE,
	REPORT_PEAK = FIGURE_PEAK,
	REPORT_ALLOCATED = FIGURE_ALLOCATED,
	REPORT_ALLOCS = FIGURE_ALLOCS,
	REPORT_TEMPORARY = FIGURE_TEMPORARY,
	REPORT_MOVED = FIGURE_MOVED,
	REPORT_GROWTH = FIGURE_GROWTH,
	REPORT_DEFAULT, /* at-peak, or allocated where that is not known */
};

enum report_view {
	REPORT_STACKS,
	REPORT_TREE,
	REPORT_LEAKS,
	REPORT_THREADS,
	REPORT_TIMELINE,
};

struct report_options {
	enum report_view view;
	enum report_sort sort; /* of REPORT_STACKS and REPORT_TREE */
	size_t top;            /* stacks, threads, a call's branches to show, lines of the timeline; 0: all */
	size_t processes;      /* of a merged profile to show; 0: all */
	enum call_order order; /* of the tree, and what is left out of it: */
	double min_percent;    /* of what the tree is of */
	/* What to show: patterns (calls.h) for one call of a stack, all for the same. NULL: any */
	const char *function;
	const char *file;
	const char *object;
	const char *thread; /* a pattern for its name, or its id */
	uint64_t min_bytes; /* of what is sorted by */
	bool json;          /* for programs; no text */
	/* The caller decides: */
	bool color; /* only on a terminal */
	bool utf8;  /* lines of trees by characters that not every terminal has */
};

/* "at-peak", "live", ... -> *out; false where the name is none of them. */
bool report_sort_parse(const char *name, enum report_sort *out);

/* Why the profile's stacks cannot be sorted so, or the profile has no such view: its mode leaves
 * the figure unknown. NULL where they can, it has. */
const char *report_sort_lacks(const struct profile *profile, enum report_sort sort);
const char *report_view_lacks(const struct profile *profile, enum report_view view);
/* The same for all that the options ask for. */
const char *report_lacks(const struct profile *profile, const struct report_options *options);
/* Why options do not go together, whatever the profile; NULL where they do. */
const char *report_options_wrong(const struct report_options *options);

/* REPORT_STACKS: totals, warnings, then the top stacks with their frames; all readable in 100
 * columns. Returns 0 or a negative errno of the output, -EINVAL for options that do not go together or
 * ask for what the profile lacks, -EOVERFLOW, -EFBIG for stacks that no tree can be made of. */
int report_write(const struct profile *profile, const struct report_options *options, FILE *out);

/* The few lines at the end of a capture: totals, peak, the five stacks that
 * held the most at the peak (one line each: the first frame outside of the C
 * and C++ runtime, and its callers as space allows), where the profile is
 * (path may be NULL: none was written), a warning for each integrity counter
 * that calls for one. */
int summary_write(const struct profile *profile, const char *path, bool color, FILE *out);

/* What a check found. As text, a block for each finding that is not kept, then how many there are. As JUnit's
 * XML (https://github.com/testmoapp/junitxml), a test case for each; what could not be verified is an error
 * there. As commands of GitHub Actions (workflow commands for annotations), a line for each that is not kept.
 * 0, or a negative errno. */
int check_write_text(const struct check *check, bool color, FILE *out);
int check_write_junit(const struct check *check, FILE *out);
int check_write_github(const struct check *check, FILE *out);

struct estimate {
	const char *exe; /* may be NULL */
	int pid;
	uint64_t elapsed_ns; /* that calls were counted for */
	uint64_t cpu_ns;     /* of the process in that time; 0: not known, or none */
	uint64_t sample_bytes;
	struct cost_basis basis;
};

/* Counts, the slowdown to expect of each kind of capture, what that rests on. */
int estimate_write(const struct estimate *estimate, FILE *out);

#endif
