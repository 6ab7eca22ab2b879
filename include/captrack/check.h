/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CHECK_H
#define CAPTRACK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "captrack/error.h"

/* Whether profiles keep to a budget. What a profile cannot prove (it cannot be read, it lacks the figure,
 * events were lost) is a finding of its own, for a budget that nobody looked at is not kept. */

enum check_measure {
	CHECK_PEAK,         /* bytes; of stacks: what they held together at the process's peak */
	CHECK_LIVE_AT_EXIT, /* bytes */
	CHECK_ALLOCS,
	CHECK_MEASURES
};

/* "peak", "live at exit", "allocations" */
const char *check_measure_name(enum check_measure measure);

/* What must hold for each profile, all of it. */
struct check_rule {
	char *exe;     /* a pattern (calls.h) of the executable's path; NULL: any program */
	char **stacks; /* patterns of functions: stacks that come by any of them; none: the whole process */
	size_t n_stacks;
	bool has_max[CHECK_MEASURES];
	uint64_t max[CHECK_MEASURES];
	char *base;                 /* a profile to compare with; NULL: none */
	double percent;             /* that a measure may be more than the base's */
	bool grows[CHECK_MEASURES]; /* which of them are compared */
};

struct budget {
	struct check_rule *rules;
	size_t n_rules;
};

/* Appends a rule, zeroed; NULL: no memory. The budget owns what is in it. */
struct check_rule *budget_add_rule(struct budget *budget);
/* Appends a copy of the pattern. -ENOMEM. */
int check_rule_add_stack(struct check_rule *rule, const char *pattern);

/* Appends the rules of a file (docs/ci.md has its form); what it names as base is looked for from the file's
 * folder on. A member that is not known is an error: a budget with a typing mistake would be kept by all.
 * Messages name file and place. */
int budget_read_file(const char *path, struct budget *budget, struct ct_error *err);
void budget_deinit(struct budget *budget); /* of a zeroed one, too */

enum check_outcome { CHECK_KEPT, CHECK_BROKEN, CHECK_UNVERIFIED };

/* One measure of one profile. */
struct check_finding {
	enum check_outcome outcome;
	char *profile; /* the file's name as given */
	char *program; /* "sort"; NULL: not known */
	int pid;
	size_t n_merged; /* processes; more than 1: the pid is that of the one with the peak */
	char *subject;   /* "peak", "peak of stacks with parse_*", "profile" */
	char *why;       /* it is not verified; NULL otherwise */
	char *most;      /* broken: the stack that has the most of it, in a line; NULL: none has */
	enum check_measure measure;
	uint64_t value;
	uint64_t limit; /* the most that is allowed */
	bool has_base;
	uint64_t base; /* the base's value, of which the limit is so much more: */
	double percent;
};

struct check {
	struct check_finding *findings;
	size_t n;
	size_t n_profiles; /* that were looked at, read or not */
	size_t n_kept, n_broken, n_unverified;
};

/* Judges the profiles by the budget. Only what keeps it from judging at all is an error: -ENOMEM. A rule that
 * is for no profile is a finding, unverified. */
int check_run(const struct budget *budget, char *const *profiles, size_t n_profiles, struct check *check);
void check_deinit(struct check *check);

#endif
