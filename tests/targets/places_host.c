/* Arguments are read from where they are at the probe, in every register.
 *
 * build: -O1 -Wl,--no-as-needed,-rpath,%B %B/libc.so.6.places
 * needs: libc.so.6.places from places
 * expect: stack('by_malloc').allocated_bytes == 101
 * expect: stack('by_calloc').allocated_bytes == 3 * 67
 * expect: stack('by_realloc').allocated_bytes == 10 + 303
 * expect: stack('by_reallocarray').allocated_bytes == 11 + 5 * 81
 * expect: stack('by_posix_memalign').allocated_bytes == 507
 * expect: stack('by_memalign').allocated_bytes == 609
 * expect: stack('by_aligned_alloc').allocated_bytes == 704
 * expect: stack('by_valloc').allocated_bytes == 813
 * expect: stack('by_pvalloc').allocated_bytes == 915
 * expect: stack('main').allocs == 11 and stack('main').frees == 11 and stack('main').reallocs == 2
 * expect: stack('main').live_bytes == 0
 * expect: integrity.unmatched_frees == 0 and integrity.missed_frees == 0
 */
#include <malloc.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))
static void *volatile p;

KEEP static void by_malloc(void)
{
	p = malloc(101);
	free(p);
}

KEEP static void by_calloc(void)
{
	p = calloc(3, 67);
	free(p);
}

KEEP static void by_realloc(void)
{
	p = malloc(10);
	p = realloc(p, 303);
	free(p);
}

KEEP static void by_reallocarray(void)
{
	p = malloc(11);
	p = reallocarray(p, 5, 81);
	free(p);
}

KEEP static void by_posix_memalign(void)
{
	void *block;
	if (posix_memalign(&block, 64, 507))
		abort();
	free(block);
}

KEEP static void by_memalign(void)
{
	p = memalign(32, 609);
	free(p);
}

KEEP static void by_aligned_alloc(void)
{
	p = aligned_alloc(64, 704);
	free(p);
}

KEEP static void by_valloc(void)
{
	p = valloc(813);
	free(p);
}

KEEP static void by_pvalloc(void)
{
	p = pvalloc(915);
	free(p);
}

int main(void)
{
	by_malloc();
	by_calloc();
	by_realloc();
	by_reallocarray();
	by_posix_memalign();
	by_memalign();
	by_aligned_alloc();
	by_valloc();
	by_pvalloc();
	free(NULL);
	return 0;
}
