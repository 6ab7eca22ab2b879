/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_JSON_READ_H
#define CAPTRACK_PROFILE_JSON_READ_H

#include "json_reader.h"

/* One element of a list of the document, which it appends to the profile. */
typedef void read_part(struct reader *reader, const struct json *object);

read_part read_free_stack;  /* after the frames */
read_part read_stack;       /* after the frames and the stacks that free */
read_part read_double_free; /* after both kinds of stacks */
read_part read_thread;
read_part read_point;
read_part read_process;

/* Points come in any order; the model has them by time. */
void sort_timeline(struct profile *profile);

#endif
