/* The allocator by its other names, and the odd sizes of realloc.
 *
 * expect: stack('other_names').allocs == 4
 * expect: stack('other_names').allocated_bytes == 21 + 2 * 22 + 23 + 64
 * expect: stack('other_names').live_bytes == 0
 * expect: stack('odd').allocs == 3 and stack('odd').frees == 3
 * expect: stack('odd').allocated_bytes == 50
 * expect: totals.failed_allocs == 0
 * expect: totals.live_allocs == 0
 * expect: integrity.unmatched_frees == 0
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);
static void *volatile p;

KEEP static void other_names(void)
{
	p = __libc_malloc(21);
	__libc_free(p);
	p = __libc_calloc(2, 22);
	p = __libc_realloc(p, 23);
	free(p);
	p = __libc_memalign(32, 64);
	__libc_free(p);
}

KEEP static void odd(void)
{
	p = realloc(NULL, 0); /* a block of no bytes, as malloc(0) */
	p = reallocarray(p, 5, 10);
	p = reallocarray(p, 0, 10); /* frees it */
	p = realloc(NULL, 0);
	free(p);
}

int main(void)
{
	other_names();
	odd();
	return 0;
}
