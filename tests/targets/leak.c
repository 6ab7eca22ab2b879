/* A thousand blocks of 64 bytes from leak_a() and ten of 1,000 from leak_b(), never freed.
 *
 * expect: totals.allocs == 1010
 * expect: totals.frees == 0
 * expect: totals.allocated_bytes == 74000
 * expect: totals.live_bytes == 74000
 * expect: totals.live_allocs == 1010
 * expect: totals.peak_bytes == 74000
 * expect: totals.failed_allocs == 0
 * expect: stack('leak_a', 'main').live_bytes == 64000
 * expect: stack('leak_a', 'main').at_peak_allocs == 1000
 * expect: stack('leak_b', 'main').live_bytes == 10000
 * expect: frame('leak_a').file.endswith('leak.c')
 * expect: frame('leak_a').line == 29
 * expect: target.attached == 'start' and target.exit_status == 0
 * expect: target.exe.endswith('/leak')
 * expect: profile.data['state'] == 'final' and profile.data['reason'] == 'exit'
 * expect: capture.allocators == ['glibc'] and capture.mode == 'exact'
 * expect: {'malloc', 'free', 'calloc', 'realloc'} <= {p['function'] for p in capture.probes}
 * expect: sum(v for k, v in integrity.items()) == 0
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
static void *volatile kept;

KEEP static void leak_a(void)
{
	kept = malloc(64); /* line 29 */
}

KEEP static void leak_b(void)
{
	kept = malloc(1000);
}

int main(void)
{
	for (int i = 0; i < 1000; i++)
		leak_a();
	for (int i = 0; i < 10; i++)
		leak_b();
	return 0;
}
