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

double percent_of(uint64_t part, uint64_t total)
{
	return total ? 100.0 * (double)part / (double)total : 0.0;
}

/* Words up to the last column, further lines under the first word. */
static void write_wrapped(const char *text, size_t column, size_t indent, FILE *out)
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

void warnings_write(const struct profile *profile, bool color, FILE *out)
{
	static const char head[] = "  warning:";
	const struct style *style = style_of(color);
	for (int i = 0; i < INTEGRITY_COUNT; i++) {
		enum profile_integrity which = (enum profile_integrity)i;
		char count[32], text[256];
		if (!profile_integrity_warns(profile, which))
			continue;
		snprintf(text, sizeof(text), "%s %s: %s", profile_integrity_name(which),
			 format_count(profile->integrity[which], count), profile_integrity_sentence(which));
		fprintf(out, "%s%s%s", style->warn, head, style->end);
		write_wrapped(text, strlen(head), 4, out);
	}
}
