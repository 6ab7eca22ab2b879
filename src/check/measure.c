// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a profile says of a measure, and whether it can be relied on. */
#include "check_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "captrack/profile.h"

enum { OF_ALL = 1, OF_LIVE = 2, OF_STACKS = 4 };

/* Losses, and what they make too low (or put on another stack). */
static const struct {
	enum profile_integrity counter;
	unsigned int spoils;
} losses[] = {
	{INTEGRITY_UNMATCHED_FREES, OF_ALL},   {INTEGRITY_DROPPED_EVENTS, OF_ALL},
	{INTEGRITY_DROPPED_THREADS, OF_ALL},   {INTEGRITY_MAIN_THREAD_GONE, OF_ALL},
	{INTEGRITY_LOST_RETURNS, OF_ALL},      {INTEGRITY_UNREADABLE_RESULTS, OF_ALL},
	{INTEGRITY_DROPPED_BLOCKS, OF_LIVE},   {INTEGRITY_MISSED_FREES, OF_LIVE},
	{INTEGRITY_DROPPED_STACKS, OF_STACKS},
};

static void find_loss(const struct profile *profile, unsigned int concerns, char problem[256])
{
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		enum profile_integrity which = losses[i].counter;
		if (!(losses[i].spoils & concerns) || !profile_integrity_warns(profile, which))
			continue;
		snprintf(problem, 256, "%s is %" PRIu64 ": %s", profile_integrity_name(which),
			 profile->integrity[which], profile_integrity_sentence(which));
		return;
	}
}

static const char *find_gap(const struct profile *profile, const struct check_rule *rule,
			    enum check_measure what)
{
	bool of_live = what != CHECK_ALLOCS;
	if (!profile->capture.allocator)
		return "no allocator was found in the process, so nothing was counted";
	if (profile->capture.sample_bytes)
		return "it is a sample, and an estimate proves nothing; capture without --sample";
	if (of_live && !profile_knows(profile, PROFILE_NEEDS_FREES))
		return "it was captured with --allocs-only, so what lives is not known";
	if (of_live && profile->target.attached_running)
		return "attached while it ran: blocks from before the capture are not counted; start it as "
		       "COMMAND";
	if (profile->state != PROFILE_FINAL)
		return "it is not final: the capture was still running, or was killed";
	if (what == CHECK_LIVE_AT_EXIT && profile->reason != PROFILE_EXIT)
		return "the capture ended before the process, so what lives at its exit is not known";
	if (what == CHECK_PEAK && rule->n_stacks && profile->n_merged > 1)
		return "it is merged, so what these stacks held is known at the peak of one process only; "
		       "give the profiles that it was made of";
	return NULL;
}

static uint64_t value_of(const struct profile_counts *counts, enum check_measure what)
{
	return what == CHECK_PEAK     ? counts->at_peak_bytes
	       : what == CHECK_ALLOCS ? counts->allocs
				      : counts->live_bytes;
}

/* Totals are the sums over the stacks, in every profile; what is not was damaged, or changed by hand. */
static bool adds_up(const struct profile *profile, enum check_measure what)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < profile->n_stacks; i++)
		if (__builtin_add_overflow(sum, value_of(&profile->stacks[i].counts, what), &sum))
			return false;
	return sum == value_of(&profile->totals, what);
}

/* Leaves *problem empty where the measure is known. */
static void find_problem(const struct profile *profile, const struct check_rule *rule,
			 enum check_measure what, char problem[256])
{
	unsigned int concerns =
		OF_ALL | (what != CHECK_ALLOCS ? OF_LIVE : 0) | (rule->n_stacks ? OF_STACKS : 0);
	const char *gap = find_gap(profile, rule, what);
	if (gap)
		snprintf(problem, 256, "%s", gap);
	else if (profile->lacks)
		snprintf(problem, 256, "the file has no %s, which every capture writes: it is damaged",
			 profile->lacks);
	else if (!adds_up(profile, what))
		snprintf(problem, 256, "%s of all stacks are not what the totals say: the file is damaged",
			 check_measure_name(what));
	else
		find_loss(profile, concerns, problem);
}

/* By any of its patterns. */
static bool is_frame_asked_for(const struct asked *asked, uint32_t frame)
{
	for (size_t i = 0; i < asked->rule->n_stacks; i++) {
		struct stack_filter filter = {.function = asked->rule->stacks[i], .thread = -1};
		if (filter_matches_frame(&filter, asked->calls, frame))
			return true;
	}
	return false;
}

static bool is_end_asked_for(const struct asked *asked, const struct profile_stack *stack)
{
	for (size_t i = 0; i < asked->rule->n_stacks; i++) {
		struct stack_filter filter = {.function = asked->rule->stacks[i], .thread = -1};
		if (filter_matches_end(&filter, asked->calls, stack))
			return true;
	}
	return false;
}

int asked_init(struct asked *asked, const struct check_rule *rule, const struct calls *calls)
{
	const struct profile *profile = calls->profile;
	uint32_t any = 0;
	const struct profile_stack unknown = {0},
				   truncated = {.frames = &any, .n_frames = 1, .truncated = true};
	*asked = (struct asked){.rule = rule, .calls = calls};
	if (!rule->n_stacks)
		return 0;
	asked->frames = calloc(profile->n_frames + 1, sizeof(*asked->frames));
	if (!asked->frames)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_frames; i++)
		asked->frames[i] = is_frame_asked_for(asked, (uint32_t)i);
	asked->unknown = is_end_asked_for(asked, &unknown);
	asked->truncated = is_end_asked_for(asked, &truncated);
	return 0;
}

void asked_deinit(struct asked *asked)
{
	free(asked->frames);
	*asked = (struct asked){0};
}

static bool is_asked_for(const struct asked *asked, const struct profile_stack *stack)
{
	if (!asked->frames)
		return true;
	for (uint32_t i = 0; i < stack->n_frames; i++)
		if (asked->frames[stack->frames[i]])
			return true;
	return stack->n_frames ? stack->truncated && asked->truncated : asked->unknown;
}

void measure(const struct asked *asked, enum check_measure what, struct measured *out)
{
	const struct profile *profile = asked->calls->profile;
	*out = (struct measured){0};
	find_problem(profile, asked->rule, what, out->problem);
	for (size_t i = 0; i < profile->n_stacks; i++) {
		const struct profile_stack *stack = &profile->stacks[i];
		uint64_t value = value_of(&stack->counts, what);
		if (!is_asked_for(asked, stack)) {
			out->hidden += stack->truncated || !stack->n_frames ? value : 0;
			continue;
		}
		out->matched = true;
		out->value += value;
		if (value && (!out->most || value > value_of(&out->most->counts, what)))
			out->most = stack;
	}
	if (!asked->frames)
		out->value = value_of(&profile->totals, what);
}
