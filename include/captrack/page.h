/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PAGE_H
#define CAPTRACK_PAGE_H

#include <stdint.h>

#include "captrack/json.h"

/* A page of HTML with its data in it, as JSON that it reads with JSON.parse. It puts names where they are
 * text only, so they need no escapes but of '<', of which the writer (in_html) knows. */

/* The page up to where its data go; returns the rest of it, for json_emit(). */
const char *page_begin(struct json_writer *writer, const char *page);

/* As json_put_number(); what JavaScript's numbers cannot hold exactly is a string of its digits. */
void page_put_number(struct json_line *line, const char *name, uint64_t value);

#endif
