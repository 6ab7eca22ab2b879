/* The main thread ends the process while others run: nothing is lost with it.
 *
 * expect: integrity.main_thread_gone == 0
 * expect: target.exit_status == 0
 * expect: totals.allocs > 0
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *run(void *unused)
{
	for (;;)
		pause();
}

int main(void)
{
	pthread_t thread[3];
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, run, NULL);
	usleep(100000);
	exit(0);
}
