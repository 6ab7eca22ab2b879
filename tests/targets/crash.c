/* Dies of a wild pointer.
 *
 * status: 139
 * expect: totals.live_bytes == 77
 * expect: target.signal == 11
 */
#include <stdlib.h>

int main(void)
{
	void *volatile p = malloc(77);
	*(volatile int *)8 = 1;
	return 0;
}
