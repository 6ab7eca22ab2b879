/* How old blocks are that live at the end, and whether they are from the first second. Ages
 * go up to the profiler's last look, which the program cannot know; so the oldest is at least as old as
 * the program knows, and how much older it is than another is within the program's own bounds.
 *
 * build: -O0
 * expect: set(one('early').age_ns) == {'min', 'max', 'mean'}
 * expect: one('early').age_ns['min'] >= said['early']['min'][0]
 * expect: one('late').age_ns['min'] >= said['late']['min'][0]
 * expect: one('late').age_ns['max'] <= one('early').age_ns['min'] - 1000 * 1000 * 1000
 * expect: apart(one('early').age_ns['max'], one('early').age_ns['min'], said['early'])
 * expect: apart(one('late').age_ns['max'], one('late').age_ns['min'], said['late'])
 * expect: apart(one('both').age_ns['max'], one('both').age_ns['min'], said['both'])
 * expect: apart(one('early').age_ns['mean'], one('early').age_ns['min'], said['mean of early'])
 * expect: one('both').age_ns['max'] - one('both').age_ns['min'] > 1200 * 1000 * 1000
 * expect: one('early').startup == {'allocs': 40, 'bytes': 4000}
 * expect: one('both').startup == {'allocs': 10, 'bytes': 1000}
 * expect: one('both').live_allocs == 10 + 20
 * expect: one('late').startup == {'allocs': 0, 'bytes': 0}
 * expect: 'age_ns' not in one('gone') and 'startup' not in one('gone')
 */
#include "spans.h"

#include <stdlib.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

/* When the blocks of a function were made. */
struct births {
	struct span all[64];
	int n;
};

static void *volatile kept;

#define TIMED(births, call)                                                                                  \
	do {                                                                                                 \
		struct span *at = &(births)->all[(births)->n++];                                             \
		at->before = span_now();                                                                     \
		kept = call;                                                                                 \
		at->after = span_now();                                                                      \
	} while (0)

KEEP static void early(struct births *births)
{
	TIMED(births, malloc(100));
}

KEEP static void late(struct births *births)
{
	TIMED(births, malloc(100));
}

KEEP static void both(struct births *births)
{
	TIMED(births, malloc(100));
}

KEEP static void gone(void)
{
	kept = malloc(100);
	free(kept);
}

static void print(const char *name, const struct births *births, uint64_t end)
{
	const struct span *first = &births->all[0], *last = &births->all[births->n - 1];
	dprintf(1, "\"%s\": {\"min\": [%lu], \"apart\": [%lu, %lu]},\n", name,
		(unsigned long)(end - last->after), (unsigned long)(last->before - first->after),
		(unsigned long)(last->after - first->before));
}

/* How much older the mean is than the youngest. */
static void print_mean(const char *name, const struct births *births)
{
	const struct span *last = &births->all[births->n - 1];
	uint64_t least = 0, most = 0;
	for (int i = 0; i < births->n - 1; i++) {
		least += last->before - births->all[i].after;
		most += last->after - births->all[i].before;
	}
	dprintf(1, "\"mean of %s\": {\"apart\": [%lu, %lu]}}\n", name, (unsigned long)least / births->n - 1,
		(unsigned long)most / births->n + 1);
}

int main(void)
{
	static struct births of_early, of_late, of_both;
	for (int i = 0; i < 60; i++) {
		if (i == 40)
			usleep(1300000);
		if (i < 40)
			early(&of_early);
		else
			late(&of_late);
		if (i % 4 == 0 || i > 40)
			both(&of_both);
		gone();
		usleep(2000);
	}
	uint64_t end = span_now();
	dprintf(1, "{");
	print("early", &of_early, end);
	print("late", &of_late, end);
	print("both", &of_both, end);
	print_mean("early", &of_early);
	return 0;
}
