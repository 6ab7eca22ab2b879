// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f folded: "main;parse;grow 4096", a line for each stack that has any of the figure. The readers
 * (flamegraph.pl, difffolded.pl, inferno, speedscope) part functions at semicolons and the number at the last
 * space, and one that is before a number would make that the number of an earlier profile. */
#include "exports_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *folded_lacks(const struct profile *profile)
{
	return stacks_add_up(profile, UINT64_MAX) ? NULL : "its figures add up to more than 2^64";
}

/* Names are safe: what is a space here is one. */
static void rename_function(char *name)
{
	for (char *at = name; *at; at++)
		if (*at == ';')
			*at = ':';
	for (size_t n = strlen(name);
	     n && (name[n - 1] == ' ' || name[n - 1] == '.' || (name[n - 1] >= '0' && name[n - 1] <= '9'));
	     n--)
		if (name[n - 1] == ' ')
			name[n - 1] = '_';
}

static void write_line(const struct functions *functions, const uint32_t *ids, size_t n, uint64_t value,
		       FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputc_unlocked(';', out);
		fputs_unlocked(functions->names[ids[i]], out);
	}
	fprintf(out, " %" PRIu64 "\n", value);
}

int folded_write(const struct profile *profile, const struct figure *value, FILE *out)
{
	struct functions functions;
	struct call_tree tree = {0};
	if (export_value_lacks(profile, value))
		return -EINVAL;
	int result = functions_init(&functions, profile, ALIKE_BY_NAME, rename_function);
	if (result)
		return result;
	uint32_t *ids = calloc(functions.calls.longest + 1, sizeof(*ids));
	result = ids ? call_tree_init(&tree, &functions.calls, CALLS_CALLEES, value_weigh, value) : -ENOMEM;
	for (uint32_t i = 1; i < tree.n && !result && !ferror(out); i++)
		if (tree.nodes[i].self)
			write_line(&functions, ids, tree_path(&tree, i, ids), tree.nodes[i].self, out);
	call_tree_deinit(&tree);
	free(ids);
	functions_deinit(&functions);
	return stream_end(out, result);
}
