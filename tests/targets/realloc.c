/* realloc up, down, from NULL, to nothing, failing; reallocarray, with overflow.
 *
 * expect: totals.allocs == 9
 * expect: totals.frees == 8
 * expect: totals.reallocs == 6
 * expect: totals.failed_allocs == 4
 * expect: totals.allocated_bytes == 100 + 5000 + 50 + 70 + 30 + 12 + 40 + 64 + 80
 * expect: totals.live_bytes == 80
 * expect: totals.live_allocs == 1
 * expect: totals.peak_bytes == 5000
 * expect: stack('grow').reallocs == 1
 * expect: stack('grow').allocs == 1
 * expect: stack('from_null').reallocs == 1
 * expect: stack('failing').allocs == 2
 * expect: stack('failing').live_bytes == 80
 * expect: integrity.unmatched_frees == 0
 */
#include <stdint.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))
KEEP static void *start(void)
{
	void *volatile p = malloc(100);
	return p;
}
KEEP static void *grow(void *p)
{
	void *volatile q = realloc(p, 5000);
	return q;
}
KEEP static void *shrink(void *p)
{
	void *volatile q = realloc(p, 50);
	return q;
}
KEEP static void *from_null(void)
{
	void *volatile q = realloc(NULL, 70);
	return q;
}

KEEP static void failing(void)
{
	void *volatile p = malloc(64);
	void *volatile q = realloc(p, PTRDIFF_MAX); /* fails: p is unchanged */
	q = realloc(p, 80);
	q = reallocarray(q, SIZE_MAX / 2, 4); /* overflows */
	q = reallocarray(NULL, SIZE_MAX, 2);  /* the same with nothing to lose */
	q = realloc(NULL, PTRDIFF_MAX);
}

int main(void)
{
	free(shrink(grow(start())));
	free(from_null());
	void *volatile p = malloc(30);
	p = realloc(p, 0); /* glibc frees it: no allocation, no failure */
	p = reallocarray(NULL, 3, 4);
	p = reallocarray(p, 10, 4);
	free(p);
	failing();
	return 0;
}
