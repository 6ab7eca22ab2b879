// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What report and summary say alike: which figures are less than the whole truth, and
 * the few colors. */
#include "views_internal.h"

#include <string.h>

const struct style *style_of(bool color)
{
	static const struct style plain = {"", "", "", ""};
	static const struct style colored = {"\033[1m", "\033[2m", "\033[1;33m", "\033[0m"};
	return color ? &colored : &plain;
}

void wrapped_write(const char *text, size_t column, size_t indent, FILE *out)
{
	while (*text) {
		size_t length = strcspn(text, " ");
		if (column > indent && column + 1 + length > VIEW_COLUMNS) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, length, out);
		column += length;
		text += length + (text[length] == ' ');
	}
	fputc('\n', out);
}

/* One stack of a thousand is no reason to worry, half of all bytes are; and why. */
static void add_share(const struct profile *profile, char *text, size_t size)
{
	uint64_t bytes = 0;
	char share[24];
	size_t used = strlen(text);
	for (size_t i = 0; i < profile->n_stacks; i++)
		if (profile->stacks[i].truncated)
			bytes += profile->stacks[i].counts.allocated_bytes;
	if (profile->totals.allocated_bytes)
		used += (size_t)snprintf(
			text + used, size - used, " (%s of the bytes allocated)",
			figure_share(profile, bytes, profile->totals.allocated_bytes, share));
	for (int i = 0; i < INTEGRITY_COUNT && used < size; i++) {
		char count[32];
		if (profile_is_reason((enum profile_integrity)i) && profile->integrity[i])
			used += (size_t)snprintf(text + used, size - used, "; %s: %s",
						 format_count(profile->integrity[i], count),
						 profile_integrity_sentence((enum profile_integrity)i));
	}
}

/* No fault, but figures mean something else than in a capture from the start. */
static bool write_note(const struct profile *profile, FILE *out)
{
	static const char head[] = "  note:";
	char count[32], text[160];
	if (!profile->target.attached_running)
		return false;
	int length = snprintf(text, sizeof(text), "blocks from before the capture are not counted");
	if (profile_knows_integrity(profile, INTEGRITY_UNMATCHED_FREES))
		snprintf(text + length, sizeof(text) - (size_t)length, "; %s of them were freed in it",
			 format_count(profile->integrity[INTEGRITY_UNMATCHED_FREES], count));
	fputs(head, out);
	wrapped_write(text, strlen(head), 4, out);
	return true;
}

bool warnings_write(const struct profile *profile, bool color, FILE *out)
{
	static const char head[] = "  warning:";
	const struct style *style = style_of(color);
	bool any = write_note(profile, out);
	for (int i = 0; i < INTEGRITY_COUNT; i++) {
		enum profile_integrity which = (enum profile_integrity)i;
		char count[32], text[1024];
		if (!profile_integrity_warns(profile, which))
			continue;
		snprintf(text, sizeof(text), "%s %s: %s", profile_integrity_name(which),
			 format_count(profile->integrity[which], count), profile_integrity_sentence(which));
		if (which == INTEGRITY_TRUNCATED_STACKS)
			add_share(profile, text, sizeof(text));
		fprintf(out, "%s%s%s", style->warn, head, style->end);
		wrapped_write(text, strlen(head), 4, out);
		any = true;
	}
	return any;
}
