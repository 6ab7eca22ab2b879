// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which stacks leak: what they hold keeps growing, and is not given back.
 *
 * A leak is seen in what a stack never falls below again. So of each stack the least that it held in
 * each window of time is kept, w[i]. There are at most 64 windows; when the run gets longer, two
 * become one, with the lesser of both minima, which is what the longer window's minimum is: a long
 * run is judged as if windows had been long from the start. A window's minimum counts the value that
 * it begins with: the stack held it until the snapshot that told another. (float: 64 windows in 256
 * bytes, and 100,000 stacks that all keep changing in 30 MB; it is right to 6 in 10^8.)
 *
 * From this, when a verdict is asked for:
 *
 *   e[i]   = min(w[i], w[i+1], ..., the last): what was never given back after window i. Growth that
 *            is taken back later (a queue that drains, a sawtooth's tooth, all freed at the end)
 *            is not in it.
 *   begin  = the first window after the first second (what is allocated then is startup), and after
 *            the stack first held something.
 *   slope  = (e[i+h] - e[i]) / h, h half of the windows from begin to end, of which the mean of the
 *            middle half is taken: what jumps in less than an eighth of the time does not move it.
 *   end    = the last window, less the longest time that the stack held clearly more than e
 *            (by half of what it grows by in an eighth of the time): the newest growth may be just
 *            such an excursion, which has not come back yet. Where that is more than a third of the
 *            time, nothing can be said.
 *
 *   score  = steady * still * recent * clear * share * old, each from 0 to 1:
 *
 *   steady = share of the eighths from begin to end in which e grew by at least a quarter of the
 *            median eighth. One step, or three, is no leak: the median is 0.
 *   still  = (r - 0.4) / 0.4, where r is the median eighth's growth in the second half over that in
 *            the first: a cache that fills ever more slowly (as a logarithm: 0.3 to 0.4) does not count.
 *   recent = 3 - 2 t / T, where t is how long before the end e was less by a 48th of all growth (of
 *            one to two windows), and T is the longest that so much took before: a full cache stands
 *            still.
 *   clear  = growth from begin to end over how much the stack goes up and down meanwhile (twice the
 *            mean of w - e): a leak outgrows the noise.
 *   share  = twice the time from begin to end over the time of the run: a burst at the end is no leak.
 *   old    = twice the mean age of the live blocks over the time since the stack first held something,
 *            where ages are known: of a steady leak the mean is half; where blocks come and go and
 *            there are just more of them, it is less.
 *
 * Less than 8 windows or 2 s from begin to end, or less than half a byte a second: score 0. */
#include "leaks.h"

#include <errno.h>
#include <stdlib.h>

enum { EIGHTHS = 8, MOMENTS = 48, STARTUP_MS = 1000, LEAST_MS = 2000 };
static const double LEAST_SCORE = 0.01, MOST_PER_S = 1e18; /* fits into 64 bits */

static uint64_t window_ms(const struct leak_series *series)
{
	return (uint64_t)LEAK_WINDOW_MS << series->log2_window;
}

static void halve(struct leak_series *series)
{
	uint16_t half = (uint16_t)((series->n + 1) / 2);
	for (uint16_t i = 0; i < half; i++) {
		float first = series->minima[2 * i];
		float second = 2 * i + 1 < series->n ? series->minima[2 * i + 1] : first;
		series->minima[i] = second < first ? second : first;
	}
	series->n = half;
	series->log2_window++;
}

/* So far that windows up to that of ms are no more than LEAK_WINDOWS. */
static void widen(struct leak_series *series, uint64_t ms)
{
	while (ms / window_ms(series) >= LEAK_WINDOWS)
		halve(series);
}

/* Windows up to that of ms, in which the stack held as much at least as it did at last. */
static void fill(struct leak_series *series, uint64_t ms, float held)
{
	while (series->n <= ms / window_ms(series))
		series->minima[series->n++] = held;
}

static void fall_to(struct leak_series *series, float held)
{
	float *minimum = &series->minima[series->n - 1];
	*minimum = held < *minimum ? held : *minimum;
}

/* All windows up to that of ms. There must be room. */
static void bring_to(struct leak_series *series, uint64_t ms)
{
	widen(series, ms);
	if (!series->n) /* before the one change it held nothing */
		fill(series, series->changed_ms, 0);
	fill(series, ms, (float)series->live_bytes);
}

static int make_room(struct leak_series *series, uint64_t ms)
{
	uint64_t window = ms / window_ms(series), room = series->room ? series->room : 4;
	while (room <= window && room < LEAK_WINDOWS)
		room *= 2;
	if (room == series->room)
		return 0;
	float *larger = realloc(series->minima, room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	series->minima = larger;
	series->room = (uint16_t)room;
	return 0;
}

int leak_series_add(struct leak_series *series, uint64_t ms, uint64_t live_bytes)
{
	if (live_bytes == series->live_bytes)
		return 0;
	if (ms < series->changed_ms)
		ms = series->changed_ms;
	if (series->live_bytes || series->n) {
		int result = make_room(series, ms);
		if (result)
			return result;
		bring_to(series, ms);
		fall_to(series, (float)live_bytes);
	}
	series->live_bytes = live_bytes;
	series->changed_ms = ms;
	return 0;
}

void leak_series_deinit(struct leak_series *series)
{
	free(series->minima);
	*series = (struct leak_series){0};
}

/* --- the verdict --- */

struct windows {
	double least[LEAK_WINDOWS];      /* w */
	double never_less[LEAK_WINDOWS]; /* e */
	size_t begin, end;
};

static double between_0_and_1(double value)
{
	return value > 0 ? value < 1 ? value : 1 : 0;
}

static int compare(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;
	return first < second ? -1 : first > second;
}

static double median(const double *values, size_t n)
{
	double sorted[EIGHTHS] = {0};
	for (size_t i = 0; i < n; i++)
		sorted[i] = values[i];
	qsort(sorted, n, sizeof(*sorted), compare);
	return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

static double mean_of_the_middle(double *values, size_t n)
{
	double sum = 0;
	qsort(values, n, sizeof(*values), compare);
	for (size_t i = n / 4; i < n - n / 4; i++)
		sum += values[i];
	return sum / (double)(n - 2 * (n / 4));
}

/* In windows. */
static size_t length(const struct windows *windows)
{
	return windows->end > windows->begin ? windows->end - windows->begin - 1 : 0;
}

/* Bytes a window. */
static double slope(const struct windows *windows)
{
	double slopes[LEAK_WINDOWS] = {0};
	const double *e = windows->never_less;
	size_t half = length(windows) / 2, n = 0;
	for (size_t i = windows->begin; i + half < windows->end; i++)
		slopes[n++] = (e[i + half] - e[i]) / (double)half;
	return mean_of_the_middle(slopes, n);
}

static size_t longest_excursion(const struct windows *windows, double more_than)
{
	size_t longest = 0, now = 0;
	for (size_t i = windows->begin; i < windows->end; i++) {
		now = windows->least[i] - windows->never_less[i] > more_than ? now + 1 : 0;
		longest = now > longest ? now : longest;
	}
	return longest;
}

/* steady and still. */
static double evenness(const struct windows *windows)
{
	double growth[EIGHTHS];
	const double *e = windows->never_less;
	size_t steady = 0, from = windows->begin;
	for (size_t i = 0; i < EIGHTHS; i++) {
		size_t to = windows->begin + (i + 1) * length(windows) / EIGHTHS;
		growth[i] = (e[to] - e[from]) / (double)(to - from);
		from = to;
	}
	double usual = median(growth, EIGHTHS);
	double early = median(growth, EIGHTHS / 2), late = median(growth + EIGHTHS / 2, EIGHTHS / 2);
	if (usual <= 0)
		return 0;
	for (size_t i = 0; i < EIGHTHS; i++)
		steady += growth[i] >= usual / 4;
	double still = early > 0 ? (late / early - 0.4) / 0.4 : 1;
	return (double)steady / EIGHTHS * between_0_and_1(still);
}

static double recentness(const struct windows *windows, double growth)
{
	const double *e = windows->never_less;
	size_t longest = 0, i = windows->begin, j;
	while (i < windows->end && e[i] < e[windows->begin] + growth)
		i++; /* it began to grow: how long it took till then does not count */
	for (j = i; i < windows->end; i++) {
		while (j < windows->end && e[j] < e[i] + growth)
			j++;
		if (j == windows->end)
			break;
		longest = j - i > longest ? j - i : longest;
	}
	if (!longest)
		return 0;
	return between_0_and_1(3 - 2 * (double)(windows->end - 1 - i) / (double)longest);
}

static double clearness(const struct windows *windows, double growth)
{
	double above = 0;
	for (size_t i = windows->begin; i < windows->end; i++)
		above += windows->least[i] - windows->never_less[i];
	above *= 2 / (double)(windows->end - windows->begin);
	return above > growth ? growth / above : 1;
}

static void look_back(struct windows *windows, const struct leak_series *until_now)
{
	double least = (double)until_now->minima[until_now->n - 1];
	for (size_t i = until_now->n; i-- > 0;) {
		windows->least[i] = (double)until_now->minima[i];
		least = windows->least[i] < least ? windows->least[i] : least;
		windows->never_less[i] = least;
	}
	windows->begin = 0;
	windows->end = until_now->n;
}

static bool is_long_enough(const struct windows *windows, uint64_t ms)
{
	return length(windows) >= EIGHTHS && length(windows) * ms >= LEAST_MS;
}

struct profile_leak leak_judge(const struct leak_series *series, uint64_t now_ms,
			       const struct profile_ages *ages)
{
	static const struct profile_leak none = {0};
	if (!series->n || !series->live_bytes)
		return none;
	float minima[LEAK_WINDOWS];
	struct leak_series until_now = *series;
	for (uint16_t i = 0; i < series->n; i++)
		minima[i] = series->minima[i];
	until_now.minima = minima;
	if (now_ms < series->changed_ms)
		now_ms = series->changed_ms;
	bring_to(&until_now, now_ms);

	struct windows windows;
	uint64_t ms = window_ms(&until_now);
	look_back(&windows, &until_now);
	while (windows.begin < windows.end && windows.least[windows.begin] <= 0)
		windows.begin++;
	uint64_t since_first_ms = now_ms - windows.begin * ms;
	size_t startup = (size_t)((STARTUP_MS + ms - 1) / ms);
	windows.begin = windows.begin < startup ? startup : windows.begin;
	if (!is_long_enough(&windows, ms))
		return none;

	double a_window = slope(&windows);
	if (a_window <= 0)
		return none; /* most stacks end here */
	double half_an_eighth = a_window * (double)length(&windows) / (2 * EIGHTHS);
	size_t excursion = longest_excursion(&windows, half_an_eighth);
	if (excursion > length(&windows) / 3)
		return none;
	windows.end -= excursion;
	if (!is_long_enough(&windows, ms))
		return none;

	a_window = slope(&windows);
	if (a_window <= 0)
		return none;
	double growth = a_window * (double)length(&windows), per_s = a_window * 1000 / (double)ms;
	struct profile_leak leak = {.bytes_per_s = (uint64_t)(per_s < MOST_PER_S ? per_s + 0.5 : MOST_PER_S)};
	leak.score = evenness(&windows) * recentness(&windows, growth / MOMENTS) *
		     clearness(&windows, growth) *
		     between_0_and_1(2 * (double)(length(&windows) * ms) / (double)now_ms);
	if (ages && ages->known)
		leak.score *= between_0_and_1(2 * ((double)ages->mean / 1e6) / (double)since_first_ms);
	return leak.score < LEAST_SCORE || !leak.bytes_per_s ? none : leak;
}
