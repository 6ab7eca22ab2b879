// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f html: one page that shows the profile, with its data in it as JSON. The page reads them
 * with JSON.parse and puts names where they are text only, so they need no escapes but of '<'. */
#include "exports_internal.h"

#include <inttypes.h>
#include <string.h>

#include "html_internal.h"

#define DATA_MARK "@DATA@"

static const uint64_t MOST_EXACT = (uint64_t)1 << 53;

const char *html_page_begin(struct writer *writer, const char *page)
{
	const char *mark = strstr(page, DATA_MARK);
	emit_bytes(writer, page, (size_t)(mark - page));
	return mark + strlen(DATA_MARK);
}

void html_put_figure(struct line *line, const char *name, uint64_t value)
{
	char digits[24];
	if (value <= MOST_EXACT) {
		put_number(line, name, value);
		return;
	}
	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	put_string(line, name, digits);
}

const char *html_lacks(const struct profile *profile)
{
	(void)profile; /* the page leaves out what is not known */
	return NULL;
}

int html_write(const struct profile *profile, FILE *out)
{
	struct writer writer = {.out = out, .in_html = true};
	struct line line;
	const char *rest = html_page_begin(&writer, html_profile_page);
	line_begin(&line, &writer);
	put_open(&line, NULL, '{');
	html_put_summary(&line, profile);
	html_put_activity(&line, profile);
	int result = html_put_calls(&line, profile);
	html_put_stacks(&line, profile);
	put_close(&line, '}');
	line_end(&line);
	emit(&writer, rest);
	return stream_end(out, result ? result : writer.result);
}
