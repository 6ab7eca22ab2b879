/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_INTERNAL_H
#define CAPTRACK_PROFILE_INTERNAL_H

#include "captrack/fields.h"
#include "captrack/profile.h"

/* Beside those of fields.h: */
extern const struct number_field profile_lifetime_numbers[]; /* in struct profile_lifetimes */
extern const struct number_field profile_age_numbers[];      /* in struct profile_ages */
extern const struct number_field profile_startup_numbers[];  /* in struct profile_ages */
extern const struct number_field profile_size_numbers[];     /* in struct profile_sizes */
extern const struct number_field profile_growth_numbers[];   /* in struct profile_growth */
extern const struct number_field profile_freed_by_numbers[]; /* in struct profile_freed_by */
extern const struct number_field profile_process_numbers[];  /* in struct profile_process */
/* In struct profile_point: of every point; of those that are no peak; with has_usage; with has_io. */
extern const struct number_field profile_point_numbers[];
extern const struct number_field profile_point_sums[];
extern const struct number_field profile_point_usage[];
extern const struct number_field profile_point_io[];

/* What figures may need and the profile does not have: of many, profile_knows() at once. */
unsigned int profile_lacks(const struct profile *profile);

#endif
