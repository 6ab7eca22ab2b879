/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_HTML_INTERNAL_H
#define CAPTRACK_HTML_INTERNAL_H

#include "captrack/calls.h"
#include "captrack/fields.h"
#include "captrack/page.h"
#include "captrack/profile.h"

/* Pages are made of html/ by scripts/make-page, and embedded by html_page.S. */
extern const char html_profile_page[];

/* Members of the page's data, each of a file of its own. */
void html_put_summary(struct json_line *line, const struct profile *profile);
void html_put_activity(struct json_line *line, const struct profile *profile);
/* strings, objects, calls, tree, and for each stack where it ends in it. -ENOMEM, -EFBIG. */
int html_put_calls(struct json_line *line, const struct profile *profile);
/* figures, sizes, lifetimes ... */
void html_put_stacks(struct json_line *line, const struct profile *profile);

#endif
