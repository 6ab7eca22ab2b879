// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report --timeline: what lived when, time from top to bottom, so that a pager can show it.
 * Where there are more points than lines, a line is a stretch of time: the most that its points
 * had, and the rates over all of it. The last point, what there is in the end, is never merged. */
#include "views_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* CPU time is told in steps: of a shorter time it would be anything. */
enum { BAR_COLUMNS = 30, LEAST_CPU_MS = 100 };

/* A stretch of time up to `end`, from where the line before it ends. */
struct line {
	struct profile_point end; /* its last point, with the most live bytes of all of them */
	uint64_t rss_bytes;       /* the most of them; 0: not known */
	uint64_t ms;              /* its length */
	uint64_t allocs;          /* in it */
	uint64_t bytes;
	bool has_cpu;
	uint64_t cpu_ms;
};

struct chart {
	struct line *lines;
	size_t n;
	size_t points; /* that are in the lines */
	const struct profile_point *last;
	const struct profile_point *peak;             /* or NULL, as are all below */
	const struct profile_point *usage[2], *io[2]; /* the first and the last that has it */
};

/* Files may lie. */
static uint64_t difference(uint64_t later, uint64_t earlier)
{
	return later > earlier ? later - earlier : 0;
}

/* What a line shows a bar of: live bytes, or, where they are not known, bytes allocated a second. */
static uint64_t bar_value(const struct profile *profile, const struct line *line)
{
	if (profile_knows(profile, PROFILE_NEEDS_FREES))
		return line->end.live_bytes;
	return per_second(line->bytes, line->ms);
}

static void add_point(struct line *line, const struct profile_point *point)
{
	uint64_t most = line->end.live_bytes;
	line->end = *point;
	if (most > point->live_bytes)
		line->end.live_bytes = most;
	if (point->has_usage && point->rss_bytes > line->rss_bytes)
		line->rss_bytes = point->rss_bytes;
}

static void finish_line(struct line *line, const struct profile_point *before, bool has_cpu)
{
	line->ms = difference(line->end.ms, before->ms);
	line->allocs = difference(line->end.allocs, before->allocs);
	line->bytes = difference(line->end.allocated_bytes, before->allocated_bytes);
	line->has_cpu = has_cpu && line->end.has_usage && line->ms;
	line->cpu_ms = difference(line->end.cpu_ms, before->cpu_ms);
}

/* The stretch of time that a point is in, of `n` of the same length. */
static size_t stretch_of(const struct profile_point *point, uint64_t end_ms, size_t n)
{
	size_t stretch = (size_t)((double)point->ms / ((double)end_ms + 1) * (double)n);
	return stretch < n ? stretch : n - 1;
}

static void note_ends(const struct profile_point **ends, const struct profile_point *point)
{
	ends[0] = ends[0] ? ends[0] : point;
	ends[1] = point;
}

/* As many lines as there are points, or `most` stretches of time; those without a point are none. */
static int chart_fill(struct chart *chart, const struct profile *profile, size_t most)
{
	size_t stretch = 0;
	for (size_t i = 0; i < profile->n_timeline; i++) {
		const struct profile_point *point = &profile->timeline[i];
		if (point->is_peak) {
			chart->peak = point;
			continue;
		}
		chart->last = point;
		if (point->has_usage)
			note_ends(chart->usage, point);
		if (point->has_io)
			note_ends(chart->io, point);
		chart->points++;
	}
	chart->lines = calloc(chart->points + 1, sizeof(*chart->lines));
	if (!chart->lines)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_timeline; i++) {
		const struct profile_point *point = &profile->timeline[i];
		if (point->is_peak)
			continue;
		size_t its = i;
		if (chart->points > most && point != chart->last) /* which has a line of its own */
			its = stretch_of(point, chart->last->ms, most > 1 ? most - 1 : 1);
		if (!chart->n || its != stretch)
			chart->n++;
		stretch = its;
		add_point(&chart->lines[chart->n - 1], point);
	}
	/* What the process had used before a capture began while it ran is in its first point. */
	const struct profile_point start = {0};
	for (size_t i = 0; i < chart->n; i++)
		finish_line(&chart->lines[i], i ? &chart->lines[i - 1].end : &start,
			    i ? chart->lines[i - 1].end.has_usage : !profile->target.attached_running);
	return 0;
}

static uint64_t longest_bar(const struct chart *chart, const struct profile *profile)
{
	uint64_t longest = 0;
	if (chart->peak && profile_knows(profile, PROFILE_NEEDS_FREES))
		longest = chart->peak->live_bytes;
	for (size_t i = 0; i < chart->n; i++)
		if (bar_value(profile, &chart->lines[i]) > longest)
			longest = bar_value(profile, &chart->lines[i]);
	return longest;
}

/* What is not nothing is at least one mark. */
static void write_bar(uint64_t value, uint64_t longest, FILE *out)
{
	static const char marks[] = "##############################";
	_Static_assert(sizeof(marks) == BAR_COLUMNS + 1, "a bar of all columns");
	double share = longest ? (double)value / (double)longest : 0;
	int length = (int)(share * BAR_COLUMNS + 0.5);
	if (!length && value)
		length = 1;
	fprintf(out, " %-*.*s", BAR_COLUMNS, length, marks);
}

static void write_line(const struct profile *profile, const struct line *line, uint64_t longest, FILE *out)
{
	char time[16], text[40], rss[16] = "-", cpu[32] = "-";
	bool frees = profile_knows(profile, PROFILE_NEEDS_FREES);
	uint64_t value = bar_value(profile, line);
	fprintf(out, "%9s  %9s", format_ms(line->end.ms, time), figure_bytes(profile, value, text));
	write_bar(value, longest, out);
	if (line->rss_bytes)
		format_bytes(line->rss_bytes, rss);
	if (line->has_cpu && line->ms >= LEAST_CPU_MS && line->cpu_ms / line->ms < 10000)
		snprintf(cpu, sizeof(cpu), "%.0f%%", 100.0 * (double)line->cpu_ms / (double)line->ms);
	fprintf(out, "  %9s  %6s  %11s", rss, cpu,
		line->ms ? figure_rate(profile, line->allocs, line->ms, text) : "-");
	if (frees)
		fprintf(out, "  %9s",
			line->ms ? figure_bytes_rate(profile, line->bytes, line->ms, text) : "-");
	fputc('\n', out);
}

static void write_peak(const struct profile *profile, const struct profile_point *peak, uint64_t longest,
		       const struct style *style, FILE *out)
{
	char time[24], text[40];
	fprintf(out, "%s%9s  %9s", style->bold, figure_ms(profile, peak->ms, time),
		figure_bytes(profile, peak->live_bytes, text));
	write_bar(peak->live_bytes, longest, out);
	fprintf(out, "  the peak, in %s %s%s\n", figure_count(profile, peak->live_allocs, text),
		peak->live_allocs == 1 ? "block" : "blocks", style->end);
}

static void write_lines(const struct profile *profile, const struct chart *chart, const struct style *style,
			FILE *out)
{
	bool frees = profile_knows(profile, PROFILE_NEEDS_FREES);
	uint64_t longest = longest_bar(chart, profile);
	const struct profile_point *peak = frees ? chart->peak : NULL;
	fprintf(out, "%s%9s  %9s %-*s  %9s  %6s  %11s%s%s\n", style->dim, "time", frees ? "live" : "bytes/s",
		BAR_COLUMNS, "", "resident", "CPU", "allocs/s", frees ? "    bytes/s" : "", style->end);
	for (size_t i = 0; i < chart->n; i++) {
		if (peak && peak->ms <= chart->lines[i].end.ms) {
			write_peak(profile, peak, longest, style, out);
			peak = NULL;
		}
		write_line(profile, &chart->lines[i], longest, out);
	}
	if (peak)
		write_peak(profile, peak, longest, style, out);
}

static void write_title(const struct chart *chart, const struct profile *profile, const struct style *style,
			FILE *out)
{
	char count[32], lines[32];
	fprintf(out, "%s%s over time%s", style->bold,
		profile_knows(profile, PROFILE_NEEDS_FREES) ? "Live bytes" : "Bytes allocated a second",
		style->end);
	if (chart->n < chart->points)
		fprintf(out, ": %s points in %s %s, of which each shows the most; --top 0 shows all",
			format_count(chart->points, count), format_count(chart->n, lines),
			chart->n == 1 ? "line" : "lines");
	fputs("\n\n", out);
}

/* Of a process that ran already, since the first point. */
static void write_usage(const struct profile *profile, const struct chart *chart, FILE *out)
{
	const struct profile_point start = {0}, *from;
	char first[32], second[32];
	bool running = profile->target.attached_running;
	if (chart->usage[1]) {
		from = running ? chart->usage[0] : &start;
		fprintf(out, "\npage faults: %s minor, %s major%s",
			format_count(difference(chart->usage[1]->minor_faults, from->minor_faults), first),
			format_count(difference(chart->usage[1]->major_faults, from->major_faults), second),
			chart->io[1] ? "" : "\n");
	}
	if (chart->io[1]) {
		from = running ? chart->io[0] : &start;
		fprintf(out, "%sread %s, written %s\n", chart->usage[1] ? "; " : "\n",
			format_bytes(difference(chart->io[1]->read_bytes, from->read_bytes), first),
			format_bytes(difference(chart->io[1]->written_bytes, from->written_bytes), second));
	}
}

int timeline_write(struct report *report, FILE *out)
{
	const struct profile *profile = report->profile;
	const struct report_options *options = report->options;
	const struct style *style = report->style;
	struct chart chart = {0};
	if (warnings_write(profile, options->color, out))
		fputc('\n', out);
	if (!profile->n_timeline) {
		fputs("The profile has no timeline: it was made by an older version.\n", out);
		return 0;
	}
	int result = chart_fill(&chart, profile, options->top ? options->top : SIZE_MAX);
	if (!result) {
		write_title(&chart, profile, style, out);
		write_lines(profile, &chart, style, out);
		write_usage(profile, &chart, out);
	}
	free(chart.lines);
	return result;
}
