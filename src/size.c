// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "captrack/size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 0 for "", 10 for "K", "KiB", 20 for "M", ...; -1: no unit. KB is none: to some it is 1000. */
static int unit_shift(const char *unit)
{
	static const char units[] = "KMGT";
	const char *found = *unit ? strchr(units, *unit) : NULL;
	if (!*unit)
		return 0;
	if (!found || (unit[1] && strcmp(unit + 1, "iB")))
		return -1;
	return 10 * (int)(found - units + 1);
}

bool size_parse(const char *text, uint64_t *out)
{
	char *unit;
	if (*text < '0' || *text > '9') /* strtoull takes signs and spaces */
		return false;
	errno = 0;
	uint64_t value = strtoull(text, &unit, 10);
	int shift = unit_shift(unit);
	if (errno || shift < 0 || value > UINT64_MAX >> shift)
		return false;
	*out = value << shift;
	return true;
}
