/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_ERROR_H
#define CAPTRACK_ERROR_H

/* One message for the user, filled where the cause is known, printed once at
 * the top. It says what failed, on what, why, and what to do about it. */
struct ct_error {
	char text[1024];
};

/* Fills err (which may be NULL) and returns code, a negative errno, so that a
 * caller can write `return ct_fail(err, -ENOENT, ...)`. A message already
 * there is replaced. */
int ct_fail(struct ct_error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
