/* The command ends, a child of it lives on for a while with our stdout open, allocating: the
 * profile is of the command alone and is there when the command has ended. For the
 * scenarios too: outlives SECONDS.
 *
 * run: 0.3
 * status: 8
 * expect: totals.allocs == 10
 * expect: totals.live_bytes == 10 * 100
 * expect: stack('of_child').allocs == 0
 * expect: target.exit_status == 8
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

__attribute__((noinline)) static void of_child(void)
{
	void *volatile p = malloc(3000);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 0.3;
	for (int i = 0; i < 10; i++) {
		void *volatile p = malloc(100);
	}
	if (fork())
		_exit(8);
	for (int i = 0; i < 100; i++) {
		struct timespec pause = {(time_t)(seconds / 100), (long)(seconds * 1e7) % 1000000000};
		of_child();
		nanosleep(&pause, NULL);
	}
	return 0;
}
