/* 4,096 different stacks: each way of twelve steps, left or right at each.
 *
 * expect: totals.allocs == 3 * 4096
 * expect: totals.live_bytes == 3 * 4096 * 24
 * expect: stack('left').stacks == 4095 and stack('right').stacks == 4095
 * expect: all(s['allocs'] == 3 for s in profile.data['stacks'] if s['allocs'])
 * expect: len(profile.data['frames']) < 100
 * expect: integrity.dropped_stacks == 0 and integrity.dropped_details == 0
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
static void *volatile kept;
static int left(unsigned int way, int steps);
static int right(unsigned int way, int steps);

KEEP static int go(unsigned int way, int steps)
{
	if (!steps) {
		kept = malloc(24);
		return 0;
	}
	return way & 1 ? left(way >> 1, steps - 1) + 1 : right(way >> 1, steps - 1) + 2;
}

KEEP static int left(unsigned int way, int steps)
{
	return go(way, steps) + 1;
}

KEEP static int right(unsigned int way, int steps)
{
	return go(way, steps) + 2;
}

int main(void)
{
	for (unsigned int i = 0; i < 3 * 4096; i++)
		go(i % 4096, 12);
	return 0;
}
