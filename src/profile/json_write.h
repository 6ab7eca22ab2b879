/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_JSON_WRITE_H
#define CAPTRACK_PROFILE_JSON_WRITE_H

#include "captrack/json.h"
#include "captrack/profile_json.h"
#include "profile_internal.h"

/* json_fields.c: the numbers of a table that the profile knows, from the struct at base. */
void add_numbers(struct json_writer *writer, const struct profile *profile, cJSON *object,
		 const struct number_field *fields, const void *base);
void put_numbers(struct json_line *line, const struct profile *profile, const struct number_field *fields,
		 const void *base);

/* The long parts of the document; each begins with a comma. */

void emit_rates(struct json_writer *writer, const struct profile *profile);
void emit_timeline(struct json_writer *writer, const struct profile *profile);
void emit_threads(struct json_writer *writer, const struct profile *profile);
void emit_merged(struct json_writer *writer, const struct profile *profile);
/* The stacks, in the order of the file, and what names them by it: the stacks that free,
 * double frees. */
void emit_stacks(struct json_writer *writer, struct profile *profile);

#endif
