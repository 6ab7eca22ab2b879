// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "capture_internal.h"

#include <stdarg.h>
#include <stdio.h>

void capture_say(const struct capture *capture, const char *format, ...)
{
	va_list args;
	if (capture->options->verbosity < 0)
		return;
	fputs("captrack-bpf: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
