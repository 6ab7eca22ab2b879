/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_DIFF_H
#define CAPTRACK_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include "captrack/compare.h"

/* A comparison as text for people and for programs. */

struct diff_options {
	enum compared_figure figure; /* that stacks are sorted by; one that both profiles know */
	size_t top;                  /* of each group; 0: all, and in text nothing is cut */
	uint64_t min_bytes;          /* smaller changes are only counted; of figures that are bytes */
	bool color;                  /* the caller decides: only on a terminal */
	const char *base_path;       /* the files */
	const char *new_path;
};

/* Each returns 0, a negative errno of the output, -ENOMEM, -EFBIG, or -EINVAL for a figure that is not
 * known of both. */

/* Totals, then what grew, shrank, appeared and went; in 100 columns. */
int diff_write_text(const struct comparison *comparison, const struct diff_options *options, FILE *out);
/* The same for a comment on GitHub, which has room for MARKDOWN_BYTES; what does not fit is counted. */
int diff_write_markdown(const struct comparison *comparison, const struct diff_options *options, FILE *out);
/* One document: totals, and each stack with its counts in both profiles. */
int diff_write_json(const struct comparison *comparison, const struct diff_options *options, FILE *out);
/* A page that needs nothing else: totals, a table, a flame graph of what changed. top and min_bytes are
 * not asked. */
int diff_write_html(const struct comparison *comparison, const struct diff_options *options, FILE *out);

enum { MARKDOWN_BYTES = 65536 };

#endif
