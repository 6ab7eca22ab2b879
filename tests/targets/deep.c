/* Deeper than 127 frames: kept as far as that, marked, and counted to the byte.
 *
 * expect: totals.allocs == 5
 * expect: totals.live_bytes == 5 * 33
 * expect: stack('down').live_bytes == 5 * 33
 * expect: integrity.truncated_stacks == 1 and integrity.depth_stacks == 1
 * expect: profile.data['stacks'][0]['end'] == 'depth'
 * expect: max(len(s['frames']) for s in profile.data['stacks']) == 127
 */
#include <stdlib.h>

__attribute__((noinline)) static int down(int n)
{
	if (!n) {
		void *volatile p = malloc(33);
		return 1;
	}
	return down(n - 1) + 1;
}

int main(void)
{
	for (int i = 0; i < 5; i++)
		down(300);
	return 0;
}
