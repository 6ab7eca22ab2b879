/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Rows as people read them: "sp+2,2" is CFA = sp + 2 words, frame pointer 2 words below it. */
#ifndef TESTS_ROWS_TEXT_H
#define TESTS_ROWS_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "captrack/records.h"

struct rule_text {
	char text[32];
};

static inline struct rule_text rule_text(uint32_t rule)
{
	static const char *const names[16] = {"none", "sp",     "fp",  "deref-sp", "deref-fp",
					      "plt",  "signal", "end", "odd"};
	struct rule_text out;
	const char *name = names[CT_ROW_KIND(rule)] ? names[CT_ROW_KIND(rule)] : "?";
	int length = snprintf(out.text, sizeof(out.text), "%s", name);
	if (CT_ROW_NUMBER(rule) || (CT_ROW_KIND(rule) >= CT_ROW_SP && CT_ROW_KIND(rule) <= CT_ROW_PLT))
		length += snprintf(out.text + length, sizeof(out.text) - (size_t)length, "%+d",
				   CT_ROW_NUMBER(rule));
	if (CT_ROW_SAVED(rule))
		snprintf(out.text + length, sizeof(out.text) - (size_t)length, ",%u", CT_ROW_SAVED(rule));
	return out;
}

#endif
