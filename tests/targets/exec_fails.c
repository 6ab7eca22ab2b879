/* An exec that fails changes nothing: one image, one profile.
 *
 * status: 4
 * expect: totals.allocs == 20
 * expect: totals.live_bytes == 20 * 10
 * expect: len(run.profiles) == 1 and target.exit_status == 4
 */
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 20; i++) {
		void *volatile p = malloc(10);
		if (i == 9)
			execl("/no/such/program", "program", (char *)0);
	}
	return 4;
}
