// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A stack, one frame a line. */
#include "views_internal.h"

#include <string.h>

enum {
	MOST_LINES = 12, /* of a stack */
	LONGEST_NAME = 4096,
};

/* Frames with what is inlined in them, one a line, up to `most` lines. */
struct frame_lines {
	const struct profile *profile;
	FILE *out;
	size_t most;
	size_t written;
	size_t width; /* of a line's text, with the end of the string */
};

static void write_inlined(struct frame_lines *lines, const struct profile_frame *frame)
{
	static const char mark[] = " [inlined]";
	char text[LONGEST_NAME];
	for (size_t i = 0; i < frame->n_inlined && lines->written < lines->most; i++, lines->written++)
		fprintf(lines->out, "%*s%s%s\n", VIEW_INDENT, "",
			format_inline(&frame->inlined[i], text, lines->width - strlen(mark)), mark);
}

static void write_frame(struct frame_lines *lines, const struct profile_frame *frame)
{
	char text[LONGEST_NAME];
	write_inlined(lines, frame);
	if (lines->written++ < lines->most)
		fprintf(lines->out, "%*s%s\n", VIEW_INDENT, "",
			format_frame(lines->profile, frame, text, lines->width));
}

static size_t count_lines(const struct profile *profile, const struct profile_stack *stack)
{
	size_t lines = stack->n_frames;
	for (uint32_t i = 0; i < stack->n_frames; i++)
		lines += profile->frames[stack->frames[i]].n_inlined;
	return lines;
}

void frames_write(const struct profile *profile, const struct profile_stack *stack, bool all, FILE *out)
{
	size_t total = count_lines(profile, stack);
	struct frame_lines lines = {
		.profile = profile,
		.out = out,
		.most = all || total <= MOST_LINES ? total : MOST_LINES - 1,
		.width = all ? LONGEST_NAME : VIEW_COLUMNS - VIEW_INDENT + 1,
	};
	for (uint32_t i = 0; i < stack->n_frames && lines.written < lines.most; i++)
		write_frame(&lines, &profile->frames[stack->frames[i]]);
	if (!stack->n_frames)
		fprintf(out, "%*s[unknown]\n", VIEW_INDENT, "");
	if (lines.most < total)
		fprintf(out, "%*s... %zu more\n", VIEW_INDENT, "", total - lines.most);
	else if (stack->truncated)
		fprintf(out, "%*s... (its callers are not known%s%s)\n", VIEW_INDENT, "",
			profile_is_reason(stack->why) ? ": " : "",
			profile_is_reason(stack->why) ? profile_integrity_sentence(stack->why) : "");
}
