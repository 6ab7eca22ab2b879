/* Blocks and totals beyond 32 bits, none of it touched.
 *
 * expect: totals.allocated_bytes == (6 << 30) + 5 * (3 << 30) // 2 + (2 << 30)
 * expect: totals.peak_bytes == (6 << 30) + (2 << 30)
 * expect: totals.live_bytes == 6 << 30
 * expect: stack('gigabytes').at_peak_bytes == 6 << 30
 * expect: stack('zeroed').at_peak_bytes == 2 << 30
 * expect: stack('larger').allocated_bytes == 5 * (3 << 30) // 2
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
#define GIB (1ul << 30)

KEEP static void gigabytes(void)
{
	for (int i = 0; i < 6; i++) {
		void *volatile p = malloc(GIB);
		if (!p)
			abort();
	}
}

KEEP static void zeroed(void)
{
	void *volatile p = calloc(GIB / 1024, 2048);
	if (!p)
		abort();
	free(p);
}

KEEP static void larger(void)
{
	void *volatile p = NULL;
	for (int i = 1; i <= 5; i++) /* 0.5, 1, 1.5, 2, 2.5 GiB */
		p = realloc(p, (size_t)i * GIB / 2);
	free(p);
}

int main(void)
{
	gigabytes();
	zeroed();
	larger();
	return 0;
}
