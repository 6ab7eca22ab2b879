/* Free is not probed: what is allocated is exact, of what lives nothing is known.
 *
 * options: --allocs-only
 * expect: stack('work', 'main').allocs == 3000 and stack('work', 'main').reallocs == 1000
 * expect: stack('work', 'main').allocated_bytes == 1000 * (10 + 20 + 800)
 * expect: capture.mode == 'exact' and capture.allocs_only
 * expect: not {'frees', 'freed_bytes', 'live_bytes', 'peak_bytes', 'at_peak_bytes'} & set(totals)
 * expect: 'free' not in {p['function'] for p in capture.probes}
 * expect: sum(v for k, v in integrity.items()) == 0
 */
#include <stdlib.h>

__attribute__((noinline)) static void work(void)
{
	for (int i = 0; i < 1000; i++) {
		void *volatile p = malloc(10);
		free(realloc(p, 20));
		free(calloc(8, 100));
	}
}

int main(void)
{
	work();
	return 0;
}
