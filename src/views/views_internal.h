/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_VIEWS_INTERNAL_H
#define CAPTRACK_VIEWS_INTERNAL_H

#include "captrack/views.h"

enum { VIEW_COLUMNS = 100 };

/* The part after the last slash; "?" for NULL. */
const char *format_basename(const char *path);
/* "function (file.c:12)" for an inlined function, as format_frame for a frame. */
const char *format_inline(const struct profile_inline *call, char *out, size_t size);

/* "\033[...m" of bold text, dim text, warnings and of their end; empty without color. */
struct style {
	const char *bold;
	const char *dim;
	const char *warn;
	const char *end;
};
const struct style *style_of(bool color);

/* A percentage of `total`; 0 of nothing. */
double percent_of(uint64_t part, uint64_t total);

/* What the capture has cost the target, one line; nothing where that is not known. */
void cost_write(const struct profile *profile, FILE *out);

/* A paragraph for each integrity counter that calls for one. */
void warnings_write(const struct profile *profile, bool color, FILE *out);

#endif
