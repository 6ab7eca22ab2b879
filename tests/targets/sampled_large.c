/* Sampled: a block of many times the sample's bytes is always kept, so these figures are exact.
 *
 * options: --sample=16
 * expect: stack('work', 'main').allocs == 3000 and stack('work', 'main').reallocs == 1000
 * expect: stack('work', 'main').allocated_bytes == 1000 * (1000 + 2000 + 800)
 * expect: stack('work', 'main').freed_bytes == 1000 * (1000 + 800)
 * expect: stack('work', 'main').live_allocs == 1000
 * expect: totals.live_bytes == 2000000 and totals.peak_bytes == 2000000 + 800
 * expect: capture.mode == 'sampled' and capture.sample_bytes == 16
 * expect: 'temporary_allocs' not in totals and 'unmatched_frees' not in integrity
 * expect: sum(v for k, v in integrity.items()) == 0
 */
#include <stdlib.h>

static void *volatile kept;

__attribute__((noinline)) static void work(void)
{
	for (int i = 0; i < 1000; i++) {
		void *volatile p = malloc(1000);
		kept = realloc(p, 2000);
		free(calloc(8, 100));
	}
}

int main(void)
{
	work();
	return 0;
}
