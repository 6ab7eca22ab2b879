// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Every way that a figure can be less than the whole truth: its name in the profile,
 * and what it means to the user. */
#include "captrack/profile.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *sentence;
	unsigned int needs; /* PROFILE_NEEDS_* */
} table[INTEGRITY_COUNT] = {
	[INTEGRITY_UNMATCHED_FREES] =
		{"unmatched_frees",
		 "frees of blocks whose allocation was not seen: made before the capture, by a parent, or by "
		 "an allocator without probes; no other figure counts them",
		 PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL},
	[INTEGRITY_INTERNAL_FREES] = {"internal_frees",
				      "frees by the C library of its own cache; nothing is missing",
				      PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL},
	[INTEGRITY_DROPPED_BLOCKS] = {"dropped_blocks",
				      "blocks had no room and count as freed at once: live "
				      "and peak are too low; raise --max-live N",
				      PROFILE_NEEDS_FREES},
	[INTEGRITY_DROPPED_STACKS] = {"dropped_stacks", "allocations (with --free-stacks also frees) whose "
							"stack had no room are booked on [unknown]; "
							"totals are exact; raise --max-stacks N"},
	[INTEGRITY_TRUNCATED_STACKS] = {"truncated_stacks", "stacks are not whole"},
	[INTEGRITY_DEPTH_STACKS] = {"depth_stacks", "deeper than --max-depth N"},
	[INTEGRITY_UNKNOWN_OBJECT_STACKS] =
		{"unknown_object_stacks",
		 "through a file whose unwind data were not read yet, or could not be"},
	[INTEGRITY_NO_ROW_STACKS] = {"no_row_stacks", "through code without unwind data or frame pointers"},
	[INTEGRITY_ODD_ROW_STACKS] = {"odd_row_stacks",
				      "through code whose unwind data are of a kind that is not known here"},
	[INTEGRITY_READ_FAULT_STACKS] = {"read_fault_stacks", "the stack's memory could not be read"},
	[INTEGRITY_NOT_CODE_STACKS] = {"not_code_stacks",
				       "a return address is no code: a damaged stack, or wrong unwind data"},
	[INTEGRITY_NO_PROGRESS_STACKS] =
		{"no_progress_stacks",
		 "a caller's frame is no caller's: a damaged stack, or wrong unwind data"},
	[INTEGRITY_BUSY_STACKS] = {"busy_stacks", "another thread was changing the address space"},
	[INTEGRITY_MISSED_FREES] =
		{"missed_frees",
		 "blocks were handed out again though no free of them was seen; they count as freed then",
		 PROFILE_NEEDS_FREES},
	[INTEGRITY_LOST_RETURNS] = {"lost_returns",
				    "allocator calls never returned (a jump out of them); not counted"},
	[INTEGRITY_UNREADABLE_RESULTS] = {"unreadable_results",
					  "results of posix_memalign could not be read; counted as failed"},
	[INTEGRITY_DROPPED_EVENTS] = {"dropped_events",
				      "events were lost under contention: all totals are too low"},
	[INTEGRITY_DROPPED_THREADS] =
		{"dropped_calls", "allocator calls were not seen: no kernel memory for a thread's state"},
	[INTEGRITY_UNFOLLOWED_CHILDREN] =
		{"unfollowed_children", "child processes were started; this version does not profile them"},
	[INTEGRITY_MAIN_THREAD_GONE] = {"main_thread_gone",
					"the main thread ended before the others: on some kernels, or when "
					"another profiler detaches, the probes end with it and later calls "
					"are missing"},
	[INTEGRITY_DOUBLE_FREES] = {"double_frees",
				    "blocks were freed that were free already, with no allocation at their "
				    "address in between: a bug in the program, unless a child shares its "
				    "memory; the report shows where",
				    PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL},
	[INTEGRITY_DROPPED_DETAILS] = {"dropped_details",
				       "events are missing from sizes, lifetimes, growth or who frees, for "
				       "want of room; all other figures are exact; raise --max-stacks N",
				       PROFILE_NEEDS_ALL | PROFILE_NEEDS_DETAILS},
};

const char *profile_integrity_name(enum profile_integrity which)
{
	return table[which].name;
}

const char *profile_integrity_sentence(enum profile_integrity which)
{
	return table[which].sentence;
}

bool profile_knows_integrity(const struct profile *profile, enum profile_integrity which)
{
	return profile_knows(profile, table[which].needs);
}

bool profile_is_reason(enum profile_integrity which)
{
	return which >= INTEGRITY_DEPTH_STACKS && which <= INTEGRITY_BUSY_STACKS;
}

void profile_reason_word(enum profile_integrity which, char word[32])
{
	snprintf(word, 32, "%.*s", (int)(strlen(table[which].name) - strlen("_stacks")), table[which].name);
}

bool profile_integrity_warns(const struct profile *profile, enum profile_integrity which)
{
	if (!profile->integrity[which] || !profile_knows_integrity(profile, which))
		return false;
	if (which == INTEGRITY_INTERNAL_FREES || profile_is_reason(which))
		return false;
	/* Of a process that ran already neither is a surprise. */
	return (which != INTEGRITY_UNMATCHED_FREES && which != INTEGRITY_UNFOLLOWED_CHILDREN) ||
	       !profile->target.attached_running;
}
