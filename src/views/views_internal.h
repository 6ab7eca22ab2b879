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

/* mode.c: figures of the profile; of a sampled one all that is counted is an estimate, "~1.5 GiB". */
const char *figure_bytes(const struct profile *profile, uint64_t bytes, char out[24]);
const char *figure_count(const struct profile *profile, uint64_t count, char out[40]);
const char *figure_ms(const struct profile *profile, uint64_t ms, char out[24]);
/* "12.5%"; of nothing 0 */
const char *figure_share(const struct profile *profile, uint64_t part, uint64_t total, char out[24]);
/* "1,234,567 B ", with the space after it; nothing of an estimate, of which it would say too much. */
const char *figure_all_bytes(const struct profile *profile, uint64_t bytes, char out[40]);
/* Columns for a figure that takes `width` without the mark. */
int figure_width(const struct profile *profile, int width);
/* A line for each thing that the capture's mode leaves unknown; none of an exact and whole one. */
void mode_write(const struct profile *profile, const char *indent, FILE *out);

/* What the capture has cost the target, one line; nothing where that is not known. */
void cost_write(const struct profile *profile, FILE *out);

/* A paragraph for each integrity counter that calls for one. */
void warnings_write(const struct profile *profile, bool color, FILE *out);

#endif
