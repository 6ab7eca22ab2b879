/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_DIFF_INTERNAL_H
#define CAPTRACK_DIFF_INTERNAL_H

#include "captrack/diff.h"
#include "captrack/json.h"
#include "views_internal.h"

/* --- diff.c: what all forms say --- */

/* "grew" ..., of enum change; "unchanged". */
extern const char *const change_names[CHANGES];

/* "+3.2 MiB", "-1,234", "0"; of estimates "~+3.2 MiB". */
const char *format_delta(const struct comparison *comparison, struct delta delta, bool is_bytes,
			 char out[48]);
/* A figure of one of the profiles. */
const char *format_value(const struct profile *profile, uint64_t value, bool is_bytes, char out[48]);
/* "+45.0%", of ten times as much and more "x 12.3"; empty of nothing that became something. */
const char *format_growth(uint64_t base, uint64_t new, char out[24]);

struct total {
	const char *title;
	bool is_bytes;
	uint64_t base;
	uint64_t new;
};

enum { MOST_TOTALS = 12, MOST_NOTES = 32, NOTE_BYTES = 640 };

/* Those that both profiles know; returns how many. The first is what to say in one line. */
size_t totals_compared(const struct comparison *comparison, struct total totals[MOST_TOTALS]);

/* What the reader should know: sentences, safe for a terminal. */
struct diff_notes {
	char text[MOST_NOTES][NOTE_BYTES];
	size_t n;
};
void diff_notes_fill(struct diff_notes *notes, const struct comparison *comparison);

/* Where the entry is shown from: NEW, or BASE where it went. */
struct shown {
	const struct profile *profile;
	const struct profile_stack *stack;
};
struct shown shown_entry(const struct comparison *comparison, const struct comparison_entry *entry);
/* Its stack in a line. Of one that is in one profile alone all of it: strdup that became strndup is what went
 * and what appeared. */
const char *format_entry(const struct comparison *comparison, const struct comparison_entry *entry, char *out,
			 size_t size);

/* How many of the group's entries are to be shown: the first ones. */
size_t shown_of_group(const struct change_group *group, const struct diff_options *options);

/* "2026-11-20 10:00:00 UTC" */
const char *format_when(uint64_t ms, char out[40]);
/* "exact", "sampled", "allocations only, without details"... */
const char *format_mode(const struct profile *profile, char out[80]);
const char *command_of(const struct profile *profile);

/* --- diff_data.c: parts of JSON documents --- */

void put_signed(struct json_line *line, const char *name, struct delta delta);
/* base and new: whose profiles they are; notes. */
void put_profiles(struct json_line *line, const struct comparison *comparison,
		  const struct diff_options *options);
/* totals of both, and what changed. */
void put_totals(struct json_line *line, const struct comparison *comparison);

/* The calls that entries are shown with: of both profiles, those that are asked for. */
struct shown_calls {
	struct calls of[2]; /* base, new */
	uint32_t *numbers[2];
	uint32_t *ids; /* of a stack */
	size_t n;
};
int shown_calls_init(struct shown_calls *calls, const struct comparison *comparison);
void shown_calls_deinit(struct shown_calls *calls);
/* The entry's, innermost first, as a member; each is numbered when it is first put. */
void put_entry_calls(struct json_line *line, const char *name, struct shown_calls *calls,
		     const struct comparison *comparison, const struct comparison_entry *entry);
/* Those that have been numbered, in the order of their numbers; for a page with what it need not show:
 * whether they are the languages' own, whether they call main. -ENOMEM. */
int put_calls(struct json_line *line, const char *name, const struct shown_calls *calls, bool for_page);

#endif
