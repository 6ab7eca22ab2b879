/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_HTML_INTERNAL_H
#define CAPTRACK_HTML_INTERNAL_H

#include "captrack/calls.h"
#include "captrack/json.h"
#include "captrack/profile.h"

/* Pages are made of html/ by scripts/make-page, and embedded by html_page.S. */
extern const char html_profile_page[];

/* The page up to where its data go; returns the rest of it, for emit(). */
const char *html_page_begin(struct writer *writer, const char *page);

/* As put_number(); what JavaScript's numbers cannot hold exactly is a string of its digits. */
void html_put_figure(struct line *line, const char *name, uint64_t value);

/* Members of the page's data, each of a file of its own. */
void html_put_summary(struct line *line, const struct profile *profile);
void html_put_activity(struct line *line, const struct profile *profile);
/* strings, objects, calls, tree, and for each stack where it ends in it. -ENOMEM, -EFBIG. */
int html_put_calls(struct line *line, const struct profile *profile);
/* figures, sizes, lifetimes ... */
void html_put_stacks(struct line *line, const struct profile *profile);

#endif
