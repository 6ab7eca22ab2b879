/* Without details: counts, peaks, what lives, what is temporary and double frees are as ever.
 *
 * options: --no-details
 * expect: stack('work', 'main').allocs == 4000 and stack('work', 'main').reallocs == 1000
 * expect: stack('work', 'main').allocated_bytes == 1000 * (10 + 20 + 800 + 64)
 * expect: stack('work', 'main').frees == 3000 and stack('work', 'main').live_bytes == 64000
 * expect: stack('work', 'main').temporary_allocs == 3000
 * expect: totals.peak_bytes == 9 * 40 + 999 * 64 + 800 and capture.no_details
 * expect: not {'moved', 'cross_thread_frees'} & set(totals) and 'threads' not in profile.data
 * expect: not {'sizes', 'lifetime_ns', 'age_ns', 'growth'} & {name for s in profile.data['stacks'] for name in s}
 * expect: integrity.double_frees == 1 and profile.double_frees() == [('twice', None, 'again', 1)]
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
static void *volatile kept;

KEEP static void work(void)
{
	for (int i = 0; i < 1000; i++) {
		void *volatile p = malloc(10);
		free(realloc(p, 20));
		free(calloc(8, 100));
		kept = malloc(64);
	}
}

KEEP static void again(void *block)
{
	free(block);
}

static void *volatile blocks[9];

/* Before the tables of live blocks fill: of one that finds no room there a second free is not known as one. */
KEEP static void twice(void)
{
	for (int i = 0; i < 9; i++)
		blocks[i] = malloc(40);
}

/* A full tcache bin, so that the last go to a fastbin, which looks at its last one only. */
KEEP static void free_all(void)
{
	for (int i = 0; i < 9; i++)
		free(blocks[i]);
	again(blocks[7]);
}

int main(void)
{
	twice();
	work();
	free_all();
	_Exit(0);
}
