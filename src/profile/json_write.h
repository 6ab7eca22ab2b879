/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_JSON_WRITE_H
#define CAPTRACK_PROFILE_JSON_WRITE_H

#include "json_writer.h"

/* The long parts of the document; each begins with a comma. */

void emit_rates(struct writer *writer, const struct profile *profile);
void emit_timeline(struct writer *writer, const struct profile *profile);
void emit_threads(struct writer *writer, const struct profile *profile);
/* The stacks, in the order of the file, and what names them by it: the stacks that free,
 * double frees. */
void emit_stacks(struct writer *writer, struct profile *profile);

#endif
