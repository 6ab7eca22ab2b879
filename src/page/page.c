// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "captrack/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DATA_MARK "@DATA@"

static const uint64_t MOST_EXACT = (uint64_t)1 << 53;

const char *page_begin(struct json_writer *writer, const char *page)
{
	const char *mark = strstr(page, DATA_MARK);
	writer->in_html = true;
	json_emit_bytes(writer, page, (size_t)(mark - page));
	return mark + strlen(DATA_MARK);
}

void page_put_number(struct json_line *line, const char *name, uint64_t value)
{
	char digits[24];
	if (value <= MOST_EXACT) {
		json_put_number(line, name, value);
		return;
	}
	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	json_put_string(line, name, digits);
}
