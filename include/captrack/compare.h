/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_COMPARE_H
#define CAPTRACK_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "captrack/calls.h"
#include "captrack/figures.h"
#include "captrack/profile.h"

/* Two profiles, stack by stack. What makes two stacks the same is who calls whom, by name, so that a
 * program that was built anew compares:
 *
 *  - A call is a function and the basename of its source file. Lines, addresses and folders do not
 *    count. Inlined calls are calls: what one compiler inlines another does not.
 *  - Template arguments, and what compilers add to names (.constprop.0, .isra.0, .part.0, .cold,
 *    .llvm.123, [clone ...]), make no other function.
 *  - A function whose file is not known in one of the profiles (no debug info there) is in both known
 *    by its name and its object, and what is inlined into it is left out: without debug info that
 *    cannot be seen.
 *  - Code without a name is known by its object.
 *  - An object is its basename without version (libc.so.6 is libc-2.31.so), the executable that was
 *    run is one, whatever its name.
 *  - What calls main or a thread's function (_start, __libc_start_main, start_thread, clone3, ...) is
 *    left out: it differs from one C library to the next, and says nothing of the program.
 *  - A stack that goes on beyond what was kept is none that ends there.
 *
 * Threads are not told apart. All of it depends on the two profiles alone, not on their order. */

/* The stacks of one profile that are the same. */
struct compared {
	const struct profile_stack *first; /* in the profile's order; NULL: there is none */
	size_t n;
	/* Their sums. peak_bytes, too, which for more than one is no peak but the most that it can have
	 * been. */
	struct profile_counts counts;
};

struct comparison_entry {
	struct compared base;
	struct compared new;
};

struct comparison {
	const struct profile *base; /* which must outlive it */
	const struct profile *new;
	struct comparison_entry *entries;
	size_t n;
	/* The sums over the entries; of all stacks (no filter) those that a profile's totals have. */
	struct profile_counts base_sums;
	struct profile_counts new_sums;
	/* Objects (as the key has them, "" for the executable) with functions whose file is known in
	 * one of the profiles alone; with code that has names in one alone. */
	char **half_debug;
	size_t n_half_debug;
	char **half_named;
	size_t n_half_named;
};

/* The entries are in the order of their first stacks: those of `new`, then of what is in `base` alone. Of
 * a filter (NULL: all; its thread and min_bytes are not asked) an entry stays if it keeps any of its
 * stacks. -ENOMEM; -EFBIG: more than MOST_CALLS; -EOVERFLOW: figures that add up to more than 2^64. */
int comparison_init(struct comparison *comparison, const struct profile *base, const struct profile *new,
		    const struct stack_filter *filter);
void comparison_deinit(struct comparison *comparison); /* NULL-safe, as of a zeroed one */

/* Whether the call is code that calls main or a thread's function, or inlined into such. */
bool call_is_start(const struct calls *calls, const struct call *call);

/* Whether figures that need this (PROFILE_NEEDS_*) are known of both. */
bool comparison_knows(const struct comparison *comparison, unsigned int needs);
/* Figures of one of them are estimates, at least. */
bool comparison_is_estimate(const struct comparison *comparison);
/* The profiles' executables have other names. */
bool comparison_of_other_programs(const struct comparison *comparison);

/* --- figures --- */

enum compared_figure {
	COMPARED_AT_PEAK,
	COMPARED_LIVE,
	COMPARED_ALLOCATED,
	COMPARED_ALLOCS,
	COMPARED_TEMPORARY,
	COMPARED_PEAK,
	COMPARED_FIGURES,
};

extern const struct figure *const compared_figures[COMPARED_FIGURES];

/* false where there is no such name. */
bool compared_figure_find(const char *name, enum compared_figure *out);
/* At peak, or allocated where that is not known of both. */
enum compared_figure compared_figure_default(const struct comparison *comparison);

/* What was added or taken: any two figures of 64 bits differ by no more than that, and a sign. */
struct delta {
	bool less;
	uint64_t by;
};

static inline struct delta delta_of(uint64_t base, uint64_t new)
{
	return new < base ? (struct delta){true, base - new} : (struct delta){false, new - base};
}

struct delta entry_delta(const struct comparison_entry *entry, const struct figure *figure);

enum change { CHANGE_GREW, CHANGE_SHRANK, CHANGE_APPEARED, CHANGE_WENT, CHANGE_NONE, CHANGES };

/* By one figure: the same figure is no change, be the stack new or gone. */
enum change entry_change(const struct comparison_entry *entry, const struct figure *figure);
/* Whether any figure that both know differs. */
bool entry_differs(const struct comparison *comparison, const struct comparison_entry *entry);

/* The entries that changed in one way, the largest change first, what is equal in the entries' order. */
struct change_group {
	const struct comparison_entry **entries;
	size_t n;
	uint64_t base; /* sums of the figure */
	uint64_t new;
};

/* By a figure that both know. -ENOMEM. */
int change_groups_init(struct change_group groups[CHANGES], const struct comparison *comparison,
		       const struct figure *figure);
void change_groups_deinit(struct change_group groups[CHANGES]);

#endif
