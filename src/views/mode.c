// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Figures as the capture's mode allows: what is sampled is an estimate, and never looks exact. */
#include "views_internal.h"

#include <string.h>

static const char *mark(const struct profile *profile)
{
	return profile->capture.sample_bytes ? "~" : "";
}

const char *figure_bytes(const struct profile *profile, uint64_t bytes, char out[24])
{
	char text[16];
	snprintf(out, 24, "%s%s", mark(profile), format_bytes(bytes, text));
	return out;
}

const char *figure_count(const struct profile *profile, uint64_t count, char out[40])
{
	char text[32];
	snprintf(out, 40, "%s%s", mark(profile), format_count(count, text));
	return out;
}

const char *figure_ms(const struct profile *profile, uint64_t ms, char out[24])
{
	char text[16];
	snprintf(out, 24, "%s%s", mark(profile), format_ms(ms, text));
	return out;
}

const char *figure_share(const struct profile *profile, uint64_t part, uint64_t total, char out[24])
{
	snprintf(out, 24, "%s%.1f%%", mark(profile), total ? 100.0 * (double)part / (double)total : 0.0);
	return out;
}

uint64_t per_second(uint64_t count, uint64_t ms)
{
	double rate = ms ? 1000.0 * (double)count / (double)ms + 0.5 : 0;
	return rate < 1e19 /* what a file tells may be more than fits */ ? (uint64_t)rate : UINT64_MAX;
}

char *figure_rate(const struct profile *profile, uint64_t count, uint64_t ms, char out[40])
{
	double rate = ms ? 1000.0 * (double)count / (double)ms : 0;
	if (rate < 9.95 && count)
		snprintf(out, 40, "%s%.*f", mark(profile), rate < 0.095 ? 3 : 1, rate);
	else
		figure_count(profile, per_second(count, ms), out);
	return out;
}

char *figure_bytes_rate(const struct profile *profile, uint64_t bytes, uint64_t ms, char out[40])
{
	figure_bytes(profile, per_second(bytes, ms), out);
	return out;
}

const char *figure_all_bytes(const struct profile *profile, uint64_t bytes, char out[40])
{
	char text[32];
	snprintf(out, 40, "%s B ", format_count(bytes, text));
	if (profile->capture.sample_bytes)
		out[0] = '\0';
	return out;
}

int figure_width(const struct profile *profile, int width)
{
	return width + (int)strlen(mark(profile));
}

/* As it was given: "512 KiB", "1,000 B". */
static const char *format_rate(uint64_t bytes, char out[40])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	char text[32];
	int unit = 0;
	for (; bytes && bytes % 1024 == 0 && unit < 3; unit++)
		bytes /= 1024;
	snprintf(out, 40, "%s %s", format_count(bytes, text), units[unit]);
	return out;
}

void mode_write(const struct profile *profile, const char *indent, FILE *out)
{
	char rate[40];
	if (profile->capture.sample_bytes)
		fprintf(out,
			"%ssampled, one allocation kept per %s on average; what has a ~ is an estimate\n",
			indent, format_rate(profile->capture.sample_bytes, rate));
	if (profile->capture.allocs_only)
		fprintf(out, "%sallocations only: free was not probed, so live and peak are not known\n",
			indent);
	if (profile->capture.no_details)
		fprintf(out, "%swithout details: sizes, lifetimes, growth and threads were not kept\n",
			indent);
}
