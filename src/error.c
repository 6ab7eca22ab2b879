// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "captrack/error.h"

#include <stdarg.h>
#include <stdio.h>

int ct_fail(struct ct_error *err, int code, const char *format, ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
	return code;
}
