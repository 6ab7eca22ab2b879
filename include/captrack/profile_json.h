/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_JSON_H
#define CAPTRACK_PROFILE_JSON_H

#include "captrack/json.h"
#include "captrack/profile.h"

/* Parts of the profile file, for other documents that have the same figures: under the same names,
 * unrounded, and without what the capture's mode cannot know. */

/* The caller's, for json_add() or json_emit_member(). */
cJSON *profile_totals_json(struct json_writer *writer, const struct profile *profile);
cJSON *profile_integrity_json(struct json_writer *writer, const struct profile *profile);

/* The members of an object that is open. */

/* All of a stack but its frames and who frees. */
void put_stack_figures(struct json_line *line, const struct profile *profile,
		       const struct profile_stack *stack);
void put_thread_figures(struct json_line *line, const struct profile *profile,
			const struct profile_thread *thread);
/* `before`: the last point that is no peak, for rates; NULL: none. */
void put_point_figures(struct json_line *line, const struct profile *profile,
		       const struct profile_point *point, const struct profile_point *before);

#endif
