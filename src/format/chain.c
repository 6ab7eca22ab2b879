// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A stack as one line, "parse (a.c:12) < load < main". It begins at the first function
 * that is the program's own, for "operator new < std::vector" says little of who
 * allocates. */
#include "captrack/format.h"

#include <string.h>

enum { NAME_BYTES = 48, LONGEST_FIRST = 4096 };

/* The line as it grows. */
struct chain {
	char *text;
	size_t used;
	size_t room; /* with the end of the string */
	bool full;
};

static void chain_add(struct chain *chain, const char *name)
{
	const char *separator = chain->used ? " < " : "";
	size_t length = strlen(separator) + strlen(name);
	if (chain->full || chain->used + length >= chain->room) {
		chain->full = true;
		return;
	}
	chain->used += (size_t)snprintf(chain->text + chain->used, chain->room - chain->used, "%s%s",
					separator, name);
}

/* The first function of the line comes with its place, its callers by name alone. */
static void chain_add_inline(struct chain *chain, const struct profile_inline *call)
{
	char text[LONGEST_FIRST];
	size_t room = chain->room < sizeof(text) ? chain->room : sizeof(text);
	if (!chain->used)
		chain_add(chain, format_inline(call, text, room));
	else
		chain_add(chain, format_safe(call->function ? call->function : "?", text, NAME_BYTES));
}

static void chain_add_frame(struct chain *chain, const struct profile *profile,
			    const struct profile_frame *frame)
{
	char text[LONGEST_FIRST];
	size_t room = chain->room < sizeof(text) ? chain->room : sizeof(text);
	if (!chain->used || !frame->function)
		chain_add(chain, format_frame(profile, frame, text, chain->used ? NAME_BYTES : room));
	else
		chain_add(chain, format_safe(frame->function, text, NAME_BYTES));
}

static void chain_fill(struct chain *chain, const struct profile *profile, const uint32_t *frames,
		       uint32_t n_frames, bool with_runtime)
{
	for (uint32_t i = 0; i < n_frames && !chain->full; i++) {
		const struct profile_frame *frame = &profile->frames[frames[i]];
		const char *object = path_basename(profile->objects[frame->object].path);
		for (size_t j = 0; j < frame->n_inlined; j++)
			if (with_runtime ||
			    !name_is_runtime(frame->inlined[j].function, frame->inlined[j].file, object))
				chain_add_inline(chain, &frame->inlined[j]);
		if (with_runtime || !name_is_runtime(frame->function, frame->file, object))
			chain_add_frame(chain, profile, frame);
	}
}

static const char *fill_and_end(const struct profile *profile, const uint32_t *frames, uint32_t n_frames,
				bool with_runtime, char *out, size_t size)
{
	static const char unknown[] = "[unknown]", more[] = " < ...";
	if (size < sizeof(unknown) + sizeof(more)) {
		if (size)
			out[0] = '\0';
		return out;
	}
	struct chain chain = {.text = out, .room = size - strlen(more)};
	chain_fill(&chain, profile, frames, n_frames, with_runtime);
	if (!chain.used)
		chain_fill(&chain, profile, frames, n_frames, true);
	if (!chain.used)
		strcpy(out, unknown);
	else if (chain.full)
		strcat(out, more);
	return out;
}

const char *format_chain(const struct profile *profile, const uint32_t *frames, uint32_t n_frames, char *out,
			 size_t size)
{
	return fill_and_end(profile, frames, n_frames, false, out, size);
}

const char *format_whole_chain(const struct profile *profile, const uint32_t *frames, uint32_t n_frames,
			       char *out, size_t size)
{
	return fill_and_end(profile, frames, n_frames, true, out, size);
}
