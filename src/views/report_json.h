/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_VIEWS_REPORT_JSON_H
#define CAPTRACK_VIEWS_REPORT_JSON_H

#include "captrack/json.h"
#include "views_internal.h"

/* report_json_stacks.c: the members of the document that are of stacks: lists of them, or a tree. */
void emit_stack_rows(struct json_writer *writer, struct report *report);

#endif
