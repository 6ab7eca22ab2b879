/* Kills itself with SIGKILL while 100 blocks live.
 *
 * status: 137
 * expect: totals.allocs == 100
 * expect: totals.live_bytes == 100 * 123
 * expect: target.signal == 9
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 100; i++) {
		void *volatile p = malloc(123);
	}
	kill(getpid(), SIGKILL);
	return 0;
}
