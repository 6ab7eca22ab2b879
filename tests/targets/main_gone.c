/* The main thread ends; another goes on allocating.
 *
 * expect: integrity.main_thread_gone == 1
 * expect: stack('after').allocs == 1000
 * expect: stack('after').live_bytes == 32000
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *volatile kept;
__attribute__((noinline)) static void after(void)
{
	kept = malloc(32);
}

static void *run(void *unused)
{
	usleep(300000);
	for (int i = 0; i < 1000; i++)
		after();
	_exit(0);
}

int main(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, run, NULL);
	pthread_exit(NULL);
}
