/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_EXPORTS_H
#define CAPTRACK_EXPORTS_H

#include <stdbool.h>
#include <stdio.h>

#include "captrack/profile.h"

/* A figure of stacks, for formats that have room for one. */
struct export_value {
	const char *key;   /* as users type it: "at-peak" */
	const char *field; /* in the profile: "at_peak_bytes" */
	const char *title; /* "at peak" */
	bool is_bytes;
};

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
	int (*write_value)(const struct profile *profile, const struct export_value *value, FILE *out);
};

/* All that there are; the last has no name. */
extern const struct export_format export_formats[];

/* NULL: there is none of this name. */
const struct export_format *export_format_find(const char *name);

/* All that there are; the last has no key. */
extern const struct export_value export_values[];

/* NULL: there is none of this key. */
const struct export_value *export_value_find(const char *key);
/* At the peak; allocated where that is not known. */
const struct export_value *export_value_default(const struct profile *profile);
/* Why the profile does not have it: its mode leaves it unknown. NULL: it has. */
const char *export_value_lacks(const struct profile *profile, const struct export_value *value);

#endif
