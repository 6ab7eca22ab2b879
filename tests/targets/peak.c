/* The peak lies in the middle: 30,000 + 20,000 + 10,000 bytes from three functions, then
 * all is freed and changes many times below it. A later maximum of the same height is no
 * new peak.
 *
 * expect: totals.peak_bytes == 60000
 * expect: totals.peak_allocs == 6
 * expect: totals.live_bytes == 0
 * expect: totals.live_allocs == 0
 * expect: stack('peak_a').at_peak_bytes == 30000
 * expect: stack('peak_b').at_peak_bytes == 20000
 * expect: stack('peak_c').at_peak_bytes == 10000
 * expect: stack('peak_a').at_peak_allocs == 3
 * expect: stack('later').at_peak_bytes == 0
 * expect: stack('later').allocs == 1001
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
KEEP static void *peak_a(void)
{
	void *volatile p = malloc(10000);
	return p;
}
KEEP static void *peak_b(void)
{
	void *volatile p = malloc(10000);
	return p;
}
KEEP static void *peak_c(void)
{
	void *volatile p = malloc(10000);
	return p;
}
KEEP static void *later(size_t size)
{
	void *volatile p = malloc(size);
	return p;
}

int main(void)
{
	void *p[6] = {peak_a(), peak_a(), peak_a(), peak_b(), peak_b(), peak_c()};
	for (int i = 0; i < 6; i++)
		free(p[i]);
	for (int i = 0; i < 1000; i++)
		free(later(59999));
	free(later(60000)); /* as high as the peak, not higher */
	for (int i = 0; i < 100; i++) {
		p[0] = peak_a();
		p[1] = peak_b();
		free(p[0]);
		free(p[1]);
	}
	return 0;
}
