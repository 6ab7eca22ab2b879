/* Every other function of the allocator, with its failures and zero sizes.
 *
 * expect: totals.allocs == 10
 * expect: totals.frees == 10
 * expect: totals.failed_allocs == 4
 * expect: totals.reallocs == 0
 * expect: totals.allocated_bytes == 600 + 0 + 200 + 256 + 77 + 5 + 6 + 0 + 0 + 24
 * expect: totals.live_bytes == 0
 * expect: stack('zeroed').allocated_bytes == 600
 * expect: stack('posix').allocated_bytes == 200
 * expect: stack('aligned').allocated_bytes == 256 + 77 + 5 + 6
 * expect: stack('nothing').allocs == 2
 * expect: totals.temporary_allocs == 10
 * expect: integrity.unmatched_frees == 0
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))
static void *volatile p;

KEEP static void zeroed(void)
{
	p = calloc(20, 30);
	free(p);
	p = calloc(0, 30); /* a block of no bytes */
	free(p);
	p = calloc(SIZE_MAX / 2, 4); /* overflows: fails */
}

KEEP static void posix(void)
{
	void *block;
	if (posix_memalign(&block, 64, 200))
		abort();
	free(block);
	block = (void *)16;
	if (posix_memalign(&block, 3, 100) != EINVAL) /* fails: 3 is no power of two */
		abort();
	if (posix_memalign(&block, 64, PTRDIFF_MAX) != ENOMEM)
		abort();
}

KEEP static void aligned(void)
{
	p = aligned_alloc(64, 256);
	free(p);
	p = memalign(32, 77);
	free(p);
	p = valloc(5);
	free(p);
	p = pvalloc(6); /* rounds up to a page: 6 were asked for */
	free(p);
}

KEEP static void nothing(void)
{
	p = malloc(0);
	free(p);
	p = malloc(0);
	free(p);
	free(NULL);
	p = malloc(PTRDIFF_MAX);
}

int main(void)
{
	zeroed();
	posix();
	aligned();
	nothing();
	p = malloc(24);
	free(p);
	return 0;
}
