/* A thread that is not the main one starts another program: two images. The second one's
 * probes come a little late (docs/architecture.md, Limits known), so it is the wait in
 * `busy` that it is measured by: thread_execs BUSY 1 1.
 *
 * needs: busy
 * run: %B/busy 1 1
 * expect: stack('before').allocs == 12
 * expect: stack('before').live_bytes == 12 * 40
 * expect: target.exe.endswith('/thread_execs')
 * image: 1
 * expect: target.exe.endswith('/busy')
 * expect: totals.allocs > 1000
 * expect: stack('step').allocs > 1000
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) static void before(void)
{
	void *volatile p = malloc(40);
}

static void *run(void *argv)
{
	for (int i = 0; i < 12; i++)
		before();
	execv(((char **)argv)[1], (char **)argv + 1);
	_exit(1);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pthread_create(&thread, NULL, run, argv);
	pthread_join(thread, NULL);
	return 1;
}
