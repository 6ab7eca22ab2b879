// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Blocks that were freed twice: a bug of the program, with both places as far as they are known. */
#include "views_internal.h"

enum { MOST = 3, LONGEST_CHAIN = 4096 };

static void write_line(const struct profile *profile, const char *what, const uint32_t *frames,
		       uint32_t n_frames, bool all, FILE *out)
{
	char chain[LONGEST_CHAIN];
	const int width = 16; /* the indent, and the longest `what` */
	size_t room = all ? sizeof(chain) : (size_t)(VIEW_COLUMNS - width + 1);
	fprintf(out, "      %-9s %s\n", what, format_chain(profile, frames, n_frames, chain, room));
}

static void write_free(const struct profile *profile, const char *what, int64_t index, bool all, FILE *out)
{
	if (index >= 0)
		write_line(profile, what, profile->free_stacks[index].frames,
			   profile->free_stacks[index].n_frames, all, out);
	else
		fprintf(out, "      %-9s where is not known%s\n", what,
			profile->capture.free_stacks ? "" : ": --free-stacks would tell");
}

static void write_one(const struct profile *profile, const struct profile_double_free *twice, bool all,
		      FILE *out)
{
	char count[32];
	fprintf(out, "\n  %s %s\n", format_count(twice->count, count),
		twice->count == 1 ? "block was" : "blocks were");
	if (twice->stack >= 0)
		write_line(profile, "allocated", profile->stacks[twice->stack].frames,
			   profile->stacks[twice->stack].n_frames, all, out);
	else
		fprintf(out, "      %-9s where is not known\n", "allocated");
	write_free(profile, "freed", twice->freed_by, all, out);
	write_free(profile, "and again", twice->again_by, all, out);
}

void double_frees_write(const struct profile *profile, bool all, const struct style *style, FILE *out)
{
	size_t n = profile->n_double_frees, shown = all || n < MOST ? n : MOST;
	char count[32];
	if (!n || !profile_knows(profile, PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL))
		return;
	fprintf(out, "\n%sFreed twice, with no allocation at the address in between%s\n", style->bold,
		style->end);
	for (size_t i = 0; i < shown; i++)
		write_one(profile, &profile->double_frees[i], all, out);
	if (shown < n)
		fprintf(out, "\n  %s more; --top 0 shows all\n", format_count(n - shown, count));
}
