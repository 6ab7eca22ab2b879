// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Patterns as users type them. */
#include "captrack/calls.h"

#include <string.h>

/* Only * and ?: the brackets of fnmatch(3) stand in the names of C++. Where what follows the last *
 * does not fit, that one takes one character more; the ones before it need not be tried again. */
static bool matches_whole(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;
	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool pattern_matches(const char *pattern, const char *text)
{
	return strpbrk(pattern, "*?") ? matches_whole(pattern, text) : strstr(text, pattern) != NULL;
}

bool filter_has_names(const struct stack_filter *filter)
{
	return filter->function || filter->file || filter->object;
}

static bool call_matches(const struct stack_filter *filter, const struct calls *calls,
			 const struct call *call)
{
	char name[4096];
	if (filter->function &&
	    !pattern_matches(filter->function, call_name(calls, call, name, sizeof(name))))
		return false;
	return !filter->file || (call->file && pattern_matches(filter->file, call->file));
}

/* A call by function may be in several objects, a frame is in one. */
bool filter_matches_frame(const struct stack_filter *filter, const struct calls *calls, uint32_t index)
{
	const struct profile *profile = calls->profile;
	const char *object = profile->objects[profile->frames[index].object].path;
	if (filter->object && !pattern_matches(filter->object, object ? object : "?"))
		return false;
	for (size_t i = calls->first[index]; i < calls->first[index + 1]; i++)
		if (call_matches(filter, calls, &calls->calls[calls->ids[i]]))
			return true;
	return false;
}

bool filter_matches_end(const struct stack_filter *filter, const struct calls *calls,
			const struct profile_stack *stack)
{
	uint32_t end = stack->n_frames ? CALL_TRUNCATED : CALL_UNKNOWN;
	return (!stack->n_frames || stack->truncated) && !filter->object &&
	       call_matches(filter, calls, &calls->calls[end]);
}

bool filter_keeps(const struct stack_filter *filter, const struct calls *calls,
		  const struct profile_stack *stack)
{
	if (filter->thread >= 0 && (!stack->has_thread || stack->thread != filter->thread))
		return false;
	if (!filter_has_names(filter))
		return true;
	for (uint32_t i = 0; i < stack->n_frames; i++)
		if (filter_matches_frame(filter, calls, stack->frames[i]))
			return true;
	return filter_matches_end(filter, calls, stack);
}
