/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_VIEWS_INTERNAL_H
#define CAPTRACK_VIEWS_INTERNAL_H

#include "captrack/file.h"
#include "captrack/format.h"
#include "captrack/views.h"

enum {
	VIEW_COLUMNS = 100,
	VIEW_INDENT = 8, /* of what stands below a stack's head */
};

/* "\033[...m" of bold text, dim text, warnings and of their end; empty without color. */
struct style {
	const char *bold;
	const char *dim;
	const char *warn;
	const char *end;
};
const struct style *style_of(bool color);

/* mode.c: figures of the profile; of a sampled one all that is counted is an estimate, "~1.5 GiB". */
const char *figure_bytes(const struct profile *profile, uint64_t bytes, char out[24]);
const char *figure_count(const struct profile *profile, uint64_t count, char out[40]);
const char *figure_ms(const struct profile *profile, uint64_t ms, char out[24]);
uint64_t per_second(uint64_t count, uint64_t ms); /* in no time: 0 */
/* So many in so long, a second: "1,234", "0.5". Both have room for a unit behind them. */
char *figure_rate(const struct profile *profile, uint64_t count, uint64_t ms, char out[40]);
char *figure_bytes_rate(const struct profile *profile, uint64_t bytes, uint64_t ms, char out[40]);
/* "12.5%"; of nothing 0 */
const char *figure_share(const struct profile *profile, uint64_t part, uint64_t total, char out[24]);
/* "1,234,567 B ", with the space after it; nothing of an estimate, of which it would say too much. */
const char *figure_all_bytes(const struct profile *profile, uint64_t bytes, char out[40]);
/* Columns for a figure that takes `width` without the mark. */
int figure_width(const struct profile *profile, int width);
/* A line for each thing that the capture's mode leaves unknown; none of an exact and whole one. */
void mode_write(const struct profile *profile, const char *indent, FILE *out);

/* totals.c: whose profile it is, how it was captured; an empty line after it. */
void header_write(const struct profile *profile, const struct style *style, FILE *out);
void totals_write(const struct profile *profile, FILE *out);

/* merged.c: more than one process; for the header, whose they are and how they ended; the processes by their
 * peaks, nothing of one process's profile (-ENOMEM). */
bool is_merged(const struct profile *profile);
void merged_header_write(const struct profile *profile, const struct style *style, FILE *out);
int merged_write(const struct profile *profile, const struct report_options *options, FILE *out);

/* A stack, one frame a line, indented; long ones and long names are cut where not all is wanted. */
void frames_write(const struct profile *profile, const struct profile_stack *stack, bool all, FILE *out);

/* Up to two lines: the blocks' sizes, lifetimes, and who freed them; with `all` each stack that did.
 * -ENOMEM. */
int stack_details_write(const struct profile *profile, const struct profile_stack *stack, bool all,
			const struct style *style, FILE *out);

/* Nothing where there are none. */
void double_frees_write(const struct profile *profile, bool all, const struct style *style, FILE *out);

/* leaks.c: what leaks are sorted by; -1: none */
double leak_badness(const struct profile_stack *stack);

/* Words from `column` up to the last column, further lines at `indent`, and the line's end. */
void wrapped_write(const char *text, size_t column, size_t indent, FILE *out);

/* sort.c: what stacks are sorted by */
const struct figure *sort_key_of(const struct profile *profile, enum report_sort sort);
/* Also of REPORT_GROWTH, which no counter has. */
uint64_t stack_figure(const struct figure *key, const struct profile_stack *stack);

/* filter.c: what of the profile is shown */
struct selection {
	bool *keeps;                         /* by index of the profile's stacks */
	const struct profile_stack **stacks; /* those kept, in the profile's order till a view sorts them */
	size_t n;
	uint64_t sum;                          /* of what they are judged by */
	uint64_t total;                        /* the same of all stacks */
	const struct profile_thread **threads; /* those kept of REPORT_THREADS */
	size_t n_threads;
};

struct report {
	const struct profile *profile;
	const struct report_options *options;
	const struct figure *key; /* REPORT_LEAKS: live bytes */
	const struct style *style;
	struct selection selection;
};

/* -ENOMEM, -EFBIG; selection_deinit() is due in any case. */
int selection_init(struct report *report);
void selection_deinit(struct report *report);
bool has_filter(const struct report *report);
/* "12 of 340 stacks match: ..." where there is a filter, `before` before it; whether there is anything to
 * show. */
bool matching_write(const struct report *report, const char *before, FILE *out);
/* What the sums of a selection are of: stacks' own peaks do not add up. */
const struct figure *key_of_sums(const struct report *report);

typedef int (*stack_compare)(const void *a, const void *b, void *context);
/* ranking.c: sorts those kept, in place. */
void selection_sort(struct report *report, stack_compare compare, const void *context);
/* The profile's stacks, for free(); NULL: no memory. */
const struct profile_stack **stacks_sorted(const struct profile *profile, stack_compare compare,
					   const void *context);
/* How many of all to show. */
size_t shown_of(const struct report_options *options, size_t all);
/* "12 more stacks; ..." */
void rest_write(size_t rest, const char *one, const char *many, FILE *out);

/* What stands below the header, each of a file of its own. -ENOMEM. */
int stacks_write(struct report *report, FILE *out);
int tree_write(struct report *report, FILE *out);
int growth_write(struct report *report, FILE *out);
int leaks_write(struct report *report, FILE *out);
int threads_write(struct report *report, FILE *out);
int timeline_write(struct report *report, FILE *out);
/* The same as JSON; a whole document. Also errors of the output. */
int report_json_write(struct report *report, FILE *out);

/* How the views sort what they show, for others that show the same. */
int compare_by_key(const void *a, const void *b, void *key);
int compare_by_growth(const void *a, const void *b, void *unused);
int compare_by_leak(const void *a, const void *b, void *unused);
int compare_threads(const void *a, const void *b);

/* leaks.c: what lives, told apart, and how fast it becomes more. */
struct leak_group {
	uint64_t bytes;
	uint64_t blocks;
	uint64_t stacks;
	uint64_t bytes_per_s;
};

struct leak_groups {
	struct leak_group growing;
	struct leak_group startup;
	struct leak_group other; /* with startup where ages are not known */
	bool ages;
	bool tells_growing; /* else the capture was too short to tell; alike: */
	bool tells_startup;
};
void leak_groups_fill(struct leak_groups *groups, const struct profile *profile);

/* What the capture has cost the target, one line; nothing where that is not known. */
void cost_write(const struct profile *profile, FILE *out);

/* A paragraph for each integrity counter that calls for one; whether there was any. */
bool warnings_write(const struct profile *profile, bool color, FILE *out);

#endif
