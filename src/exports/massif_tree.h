/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_EXPORTS_MASSIF_TREE_H
#define CAPTRACK_EXPORTS_MASSIF_TREE_H

#include "captrack/calls.h"
#include "captrack/json.h"

/* The lines of a snapshot's heap tree: who allocated, largest first, the callers of each below it. */
void massif_put_tree(struct json_line *line, const struct calls *calls, const struct call_tree *tree);

/* Text as it is but for #, which ms_print takes for the beginning of a comment. */
void massif_put_text(struct json_line *line, char *text);

#endif
