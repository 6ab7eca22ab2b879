/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_EXPORTS_INTERNAL_H
#define CAPTRACK_EXPORTS_INTERNAL_H

#include "captrack/calls.h"
#include "captrack/exports.h"
#include "captrack/fields.h"
#include "captrack/file.h"
#include "captrack/format.h"

/* What struct export_format has of each; a file of its own each, in the order of exports.c. */
const char *captrack_lacks(const struct profile *profile);
int captrack_write(const struct profile *profile, FILE *out);
const char *csv_lacks(const struct profile *profile);
int csv_write(const struct profile *profile, FILE *out);
const char *dhat_lacks(const struct profile *profile);
int dhat_write(const struct profile *profile, FILE *out);
const char *folded_lacks(const struct profile *profile);
int folded_write(const struct profile *profile, const struct figure *value, FILE *out);
const char *html_lacks(const struct profile *profile);
int html_write(const struct profile *profile, FILE *out);
const char *massif_lacks(const struct profile *profile);
int massif_write(const struct profile *profile, FILE *out);
const char *pprof_lacks(const struct profile *profile);
int pprof_write(const struct profile *profile, FILE *out);
const char *speedscope_lacks(const struct profile *profile);
int speedscope_write(const struct profile *profile, FILE *out);

/* --- values.c --- */

/* Whether each known figure's sum over the stacks is at most this: a file may say anything. */
bool stacks_add_up(const struct profile *profile, uint64_t most);
/* A stack's figure, a struct figure, for call_tree_init(). */
struct call_weight value_weigh(const struct profile_stack *stack, const void *figure);

/* --- functions.c --- */

enum alike {
	ALIKE_BY_NAME,
	ALIKE_BY_FILE, /* and name */
	ALIKE_BY_LINE, /* and file, column, name: all are different */
};

/* Calls that are shown alike, wherever in the function they are, have one id. */
struct functions {
	struct calls calls; /* by line; the ids of frames are those of functions */
	char **names;       /* by id, safe: "parse", "libc.so.6+0x12", "?"; NULL: the id is not used */
};

/* `rename` (or NULL) may change characters of a name first. Fails as calls_init(). */
int functions_init(struct functions *functions, const struct profile *profile, enum alike alike,
		   void (*rename)(char *name));
void functions_deinit(struct functions *functions);

/* The ids from the tree's root to a node; `ids` has room for calls.longest. */
size_t tree_path(const struct call_tree *tree, uint32_t node, uint32_t *ids);

#endif
