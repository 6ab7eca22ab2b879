// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The formats that there are. */
#include "exports_internal.h"

#include <string.h>

const struct export_format export_formats[] = {
	{
		.name = "captrack",
		.summary = "final sizes of what realloc grew, by source line",
		.lacks = captrack_lacks,
		.write = captrack_write,
	},
	{
		.name = "csv",
		.summary = "a table of stacks with all their figures",
		.lacks = csv_lacks,
		.write = csv_write,
	},
	{
		.name = "dhat",
		.summary = "valgrind's DHAT: for its viewer and the Firefox Profiler",
		.lacks = dhat_lacks,
		.write = dhat_write,
	},
	{
		.name = "folded",
		.summary = "a figure by stack, for flamegraph.pl, inferno and their like",
		.lacks = folded_lacks,
		.write_value = folded_write,
	},
	{
		.name = "html",
		.summary = "a page that shows it all, for a browser",
		.lacks = html_lacks,
		.write = html_write,
	},
	{
		.name = "massif",
		.summary = "valgrind's massif: for ms_print and massif-visualizer",
		.lacks = massif_lacks,
		.write = massif_write,
	},
	{
		.name = "pprof",
		.summary = "for `go tool pprof` and what else reads profile.proto",
		.is_binary = true,
		.lacks = pprof_lacks,
		.write = pprof_write,
	},
	{
		.name = "speedscope",
		.summary = "for https://www.speedscope.app",
		.lacks = speedscope_lacks,
		.write = speedscope_write,
	},
	{0},
};

const struct export_format *export_format_find(const char *name)
{
	const struct export_format *format = export_formats;
	while (format->name && strcmp(format->name, name))
		format++;
	return format->name ? format : NULL;
}
