// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What all forms of a comparison say. */
#include "diff_internal.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

const char *const change_names[CHANGES] = {
	[CHANGE_GREW] = "grew", [CHANGE_SHRANK] = "shrank",  [CHANGE_APPEARED] = "appeared",
	[CHANGE_WENT] = "went", [CHANGE_NONE] = "unchanged",
};

const char *format_value(const struct profile *profile, uint64_t value, bool is_bytes, char out[48])
{
	return is_bytes ? figure_bytes(profile, value, out) : figure_count(profile, value, out);
}

const char *format_delta(const struct comparison *comparison, struct delta delta, bool is_bytes, char out[48])
{
	char text[32];
	snprintf(out, 48, "%s%s%s", comparison_is_estimate(comparison) ? "~" : "",
		 !delta.by    ? ""
		 : delta.less ? "-"
			      : "+",
		 !delta.by  ? "0"
		 : is_bytes ? format_bytes(delta.by, text)
			    : format_count(delta.by, text));
	return out;
}

const char *format_growth(uint64_t base, uint64_t new, char out[24])
{
	double ratio = base ? (double)new / (double)base : 0;
	if (!base)
		out[0] = '\0';
	else if (ratio >= 1000)
		snprintf(out, 24, "x 1000+");
	else if (ratio >= 10)
		snprintf(out, 24, "x %.1f", ratio);
	else
		snprintf(out, 24, "%+.1f%%", 100 * (ratio - 1));
	return out;
}

size_t totals_compared(const struct comparison *comparison, struct total totals[MOST_TOTALS])
{
	enum { FREES = PROFILE_NEEDS_FREES, ALL = PROFILE_NEEDS_ALL };
	static const struct {
		const char *title;
		bool is_bytes;
		unsigned int needs;
		size_t offset;
	} known[] = {
		{"peak", true, FREES, offsetof(struct profile, totals.peak_bytes)},
		{"blocks at the peak", false, FREES, offsetof(struct profile, peak_allocs)},
		{"live at the end", true, FREES, offsetof(struct profile, totals.live_bytes)},
		{"live blocks", false, FREES, offsetof(struct profile, totals.live_allocs)},
		{"allocated", true, 0, offsetof(struct profile, totals.allocated_bytes)},
		{"allocations", false, 0, offsetof(struct profile, totals.allocs)},
		{"reallocs", false, 0, offsetof(struct profile, totals.reallocs)},
		{"temporary", false, FREES | ALL, offsetof(struct profile, totals.temporary_allocs)},
		{"failed", false, ALL, offsetof(struct profile, failed_allocs)},
	};
	size_t n = 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!comparison_knows(comparison, known[i].needs))
			continue;
		const char *base = (const char *)comparison->base + known[i].offset;
		const char *new = (const char *)comparison->new + known[i].offset;
		totals[n++] = (struct total){.title = known[i].title,
					     .is_bytes = known[i].is_bytes,
					     .base = *(const uint64_t *)base,
					     .new = *(const uint64_t *)new};
	}
	return n;
}

struct shown shown_entry(const struct comparison *comparison, const struct comparison_entry *entry)
{
	return entry->new.n ? (struct shown){comparison->new, entry->new.first}
			    : (struct shown){comparison->base, entry->base.first};
}

const char *format_entry(const struct comparison *comparison, const struct comparison_entry *entry, char *out,
			 size_t size)
{
	struct shown shown = shown_entry(comparison, entry);
	bool in_both = entry->base.n && entry->new.n;
	return (in_both ? format_chain : format_whole_chain)(shown.profile, shown.stack->frames,
							     shown.stack->n_frames, out, size);
}

size_t shown_of_group(const struct change_group *group, const struct diff_options *options)
{
	const struct figure *figure = compared_figures[options->figure];
	size_t n = options->top && options->top < group->n ? options->top : group->n;
	while (n && figure->is_bytes && entry_delta(group->entries[n - 1], figure).by < options->min_bytes)
		n--;
	return n;
}

const char *format_when(uint64_t ms, char out[40])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	if (!ms || ms / 1000 > INT32_MAX * (uint64_t)100 || !gmtime_r(&seconds, &tm) ||
	    !strftime(out, 40, "%Y-%m-%d %H:%M:%S UTC", &tm))
		strcpy(out, "at a time that is not known");
	return out;
}

const char *format_mode(const struct profile *profile, char out[80])
{
	snprintf(out, 80, "%s%s%s", profile->capture.sample_bytes ? "sampled" : "exact",
		 profile->capture.allocs_only ? ", allocations only" : "",
		 profile->capture.no_details ? ", without details" : "");
	return out;
}

const char *command_of(const struct profile *profile)
{
	const char *command = profile->target.command;
	if (command && *command)
		return command;
	return profile->target.exe ? profile->target.exe : "(no command)";
}
