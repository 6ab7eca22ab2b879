/* Starts another program in its place: two images, a profile of each.
 *
 * needs: leak
 * run: %B/leak
 * expect: totals.allocs == 7
 * expect: totals.live_bytes == 700
 * expect: target.exe.endswith('/execs')
 * image: 1
 * expect: totals.allocs == 1010
 * expect: totals.live_bytes == 74000
 * expect: target.exe.endswith('/leak')
 * expect: stack('leak_a').live_bytes == 64000
 */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 0; i < 7; i++) {
		void *volatile p = malloc(100);
	}
	execv(argv[1], argv + 1);
	return 1;
}
