/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_EXPORTS_H
#define CAPTRACK_EXPORTS_H

#include <stdbool.h>
#include <stdio.h>

#include "captrack/figures.h"
#include "captrack/profile.h"

/* A profile as a file for another program. */
struct export_format {
	const char *name;
	const char *summary; /* for the help */
	bool is_binary;      /* nothing for a terminal */
	/* Why it cannot be made of this profile (its mode leaves the figures unknown); NULL: it can. */
	const char *(*lacks)(const struct profile *profile);
	/* 0, or a negative errno of the output, -ENOMEM, -EINVAL for a profile that lacks the figures. */
	int (*write)(const struct profile *profile, FILE *out);
	/* Instead of write: of formats of one figure. The profile must have it: export_value_lacks(). */
	int (*write_value)(const struct profile *profile, const struct figure *value, FILE *out);
};

/* All that there are; the last has no name. */
extern const struct export_format export_formats[];

/* NULL: there is none of this name. */
const struct export_format *export_format_find(const char *name);

/* The figures that formats of one figure can have; NULL at the end. */
extern const struct figure *const export_values[];

/* NULL: there is none of this name. */
const struct figure *export_value_find(const char *name);
/* At the peak; allocated where that is not known. */
const struct figure *export_value_default(const struct profile *profile);
/* Why the profile does not have it: its mode leaves it unknown. NULL: it has. */
const char *export_value_lacks(const struct profile *profile, const struct figure *value);

#endif
