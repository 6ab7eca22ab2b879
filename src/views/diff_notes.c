// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the reader of a comparison should know of it. */
#include "diff_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "captrack/calls.h"

static void __attribute__((format(printf, 2, 3))) note(struct diff_notes *notes, const char *format, ...)
{
	va_list args;
	if (notes->n == MOST_NOTES)
		return;
	va_start(args, format);
	vsnprintf(notes->text[notes->n++], NOTE_BYTES, format, args);
	va_end(args);
}

/* "the executable, libshop and 3 more" */
static const char *format_objects(char *const *names, size_t n, char out[256])
{
	enum { MOST_NAMES = 4 };
	char name[48];
	out[0] = '\0';
	for (size_t i = 0; i < n && i < MOST_NAMES; i++)
		snprintf(out + strlen(out), 256 - strlen(out), "%s%s", i ? ", " : "",
			 *names[i] ? format_safe(names[i], name, sizeof(name)) : "the executable");
	if (n > MOST_NAMES)
		snprintf(out + strlen(out), 256 - strlen(out), " and %zu more", n - MOST_NAMES);
	return out;
}

static void note_programs(struct diff_notes *notes, const struct comparison *comparison)
{
	char base[64], new[64];
	if (comparison_of_other_programs(comparison))
		note(notes, "These are two programs, %s and %s.",
		     format_safe(path_basename(comparison->base->target.exe), base, sizeof(base)),
		     format_safe(path_basename(comparison->new->target.exe), new, sizeof(new)));
}

static void note_modes(struct diff_notes *notes, const struct comparison *comparison)
{
	const struct profile *base = comparison->base, *new = comparison->new;
	if (base->capture.sample_bytes && new->capture.sample_bytes)
		note(notes, "Both are sampled: all figures are estimates, and small changes may be chance.");
	else if (comparison_is_estimate(comparison))
		note(notes, "%s is sampled: its figures are estimates, and small changes may be chance.",
		     base->capture.sample_bytes ? "BASE" : "NEW");
	if (!comparison_knows(comparison, PROFILE_NEEDS_FREES))
		note(notes,
		     "%s captured with --allocs-only: what was live, and the peak, cannot be compared.",
		     profile_knows(base, PROFILE_NEEDS_FREES)  ? "NEW was"
		     : profile_knows(new, PROFILE_NEEDS_FREES) ? "BASE was"
							       : "Both were");
}

static void note_processes(struct diff_notes *notes, const char *which, const struct profile *profile)
{
	if (profile->n_merged > 1)
		note(notes,
		     "%s is merged of %zu processes: counts are sums of all, the peak is that of the one "
		     "that "
		     "had the highest.",
		     which, profile->n_merged);
}

static bool has_stacks(const struct profile *profile)
{
	return profile->n_stacks > 1 || (profile->n_stacks && profile->stacks[0].n_frames);
}

/* A file may have been renamed, and is part of what stacks are matched by. */
static void note_no_match(struct diff_notes *notes, const struct comparison *comparison)
{
	if (!has_stacks(comparison->base) || !has_stacks(comparison->new))
		return;
	for (size_t i = 0; i < comparison->n; i++)
		if (comparison->entries[i].base.n && comparison->entries[i].new.n)
			return;
	note(notes, "No stack is in both. They are matched by functions' and source files' names: were any "
		    "renamed?");
}

static void note_state(struct diff_notes *notes, const char *which, const struct profile *profile)
{
	if (profile->state == PROFILE_RUNNING)
		note(notes, "%s is of a process that was still running: it goes on.", which);
	if (profile->target.attached_running)
		note(notes,
		     "%s is of a process that had run before: what it allocated until then is not in it.",
		     which);
	for (int i = 0; i < INTEGRITY_COUNT; i++)
		if (profile_integrity_warns(profile, (enum profile_integrity)i) &&
		    !profile_is_reason((enum profile_integrity)i))
			note(notes, "%s: %s %" PRIu64 ": %s", which,
			     profile_integrity_name((enum profile_integrity)i), profile->integrity[i],
			     profile_integrity_sentence((enum profile_integrity)i));
}

void diff_notes_fill(struct diff_notes *notes, const struct comparison *comparison)
{
	char objects[256];
	notes->n = 0;
	note_programs(notes, comparison);
	note_modes(notes, comparison);
	if (comparison->n_half_named)
		note(notes,
		     "One of the two has no names for the code of %s: its stacks cannot be matched there.",
		     format_objects(comparison->half_named, comparison->n_half_named, objects));
	if (comparison->n_half_debug)
		note(notes,
		     "One of the two has no debug info for functions of %s: they are matched by name alone, "
		     "without what is inlined into them.",
		     format_objects(comparison->half_debug, comparison->n_half_debug, objects));
	note_no_match(notes, comparison);
	note_processes(notes, "BASE", comparison->base);
	note_processes(notes, "NEW", comparison->new);
	note_state(notes, "BASE", comparison->base);
	note_state(notes, "NEW", comparison->new);
}
