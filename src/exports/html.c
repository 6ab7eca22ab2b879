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
	struct json_writer writer = {.out = out};
	struct json_line line;
	const char *rest = page_begin(&writer, html_profile_page);
	json_line_begin(&line, &writer);
	json_put_open(&line, NULL, '{');
	html_put_summary(&line, profile);
	html_put_activity(&line, profile);
	int result = html_put_calls(&line, profile);
	html_put_stacks(&line, profile);
	json_put_close(&line, '}');
	json_line_end(&line);
	json_emit(&writer, rest);
	return stream_end(out, result ? result : writer.result);
}
