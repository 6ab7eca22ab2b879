/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_EXPORTS_INTERNAL_H
#define CAPTRACK_EXPORTS_INTERNAL_H

#include "captrack/exports.h"

/* What struct export_format has of each; a file of its own each, in the order of exports.c. */
const char *captrack_lacks(const struct profile *profile);
int captrack_write(const struct profile *profile, FILE *out);
const char *dhat_lacks(const struct profile *profile);
int dhat_write(const struct profile *profile, FILE *out);
const char *html_lacks(const struct profile *profile);
int html_write(const struct profile *profile, FILE *out);
const char *massif_lacks(const struct profile *profile);
int massif_write(const struct profile *profile, FILE *out);

/* The end of each write: what was not written, or the result of before. */
int export_end(FILE *out, int result);

#endif
