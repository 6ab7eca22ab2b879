// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f html: one page that shows the profile. */
#include "exports_internal.h"

#include "html_internal.h"

const char *html_lacks(const struct profile *profile)
{
	(void)profile; /* the page leaves out what is not known */
	return NULL;
}

int html_write(const struct profile *profile, FILE *out)
{
	struct writer writer = {.out = out};
	struct line line;
	const char *rest = page_begin(&writer, html_profile_page);
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
