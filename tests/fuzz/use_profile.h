/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef TESTS_USE_PROFILE_H
#define TESTS_USE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

/* Reads any text as a profile and, where it is one, does with it all that can be done with a profile. What
 * must hold whatever the text says, and does not, aborts. True where it was a profile. */
bool use_profile(const char *text, size_t length);

#endif
