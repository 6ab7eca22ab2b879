// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The numbers of a stack and of the totals, in the order of the file, and the one rule
 * about text that reader, writer and views share. */
#include "profile_internal.h"

#define STACK(field)                                                                                         \
	{                                                                                                    \
#field, offsetof(struct profile_counts, field)                                               \
	}
#define TOTALS(field)                                                                                        \
	{                                                                                                    \
#field, offsetof(struct profile, totals.field)                                               \
	}

const struct number_field profile_stack_numbers[] = {
	STACK(allocs),        STACK(frees),          STACK(reallocs),         STACK(allocated_bytes),
	STACK(freed_bytes),   STACK(live_allocs),    STACK(live_bytes),       STACK(peak_bytes),
	STACK(at_peak_bytes), STACK(at_peak_allocs), STACK(temporary_allocs), {0},
};

const struct number_field profile_totals_numbers[] = {
	TOTALS(allocs),
	TOTALS(frees),
	TOTALS(reallocs),
	{"failed_allocs", offsetof(struct profile, failed_allocs)},
	TOTALS(allocated_bytes),
	TOTALS(freed_bytes),
	TOTALS(live_allocs),
	TOTALS(live_bytes),
	TOTALS(peak_bytes),
	{"peak_allocs", offsetof(struct profile, peak_allocs)},
	{"peak_ms", offsetof(struct profile, peak_ms)},
	TOTALS(temporary_allocs),
	{0},
};

/* What the first byte alone says; 0: no character begins so. */
static size_t length_by_first_byte(unsigned char byte)
{
	if (byte < 0x80)
		return 1;
	if (byte < 0xc2) /* a continuation, or 2 bytes for what fits in 1 */
		return 0;
	if (byte < 0xe0)
		return 2;
	if (byte < 0xf0)
		return 3;
	return byte < 0xf5 ? 4 : 0;
}

size_t profile_utf8_length(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = length_by_first_byte(bytes[0]);
	for (size_t i = 1; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	/* Too long a form, a surrogate, beyond U+10FFFF. */
	if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
	    (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return length;
}
