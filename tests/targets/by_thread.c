/* Two threads that share all their code, apart by --by-thread: each has stacks of its own, and blocks
 * that the other one frees stay with the one that allocated them.
 *
 * options: --by-thread --free-stacks
 * expect: len(callers('fill')) == 2
 * expect: by_thread('first', 'fill').allocs == 40 and by_thread('first', 'fill').live_bytes == 30 * 100
 * expect: by_thread('first', 'fill').cross_thread_frees == 10
 * expect: by_thread('second', 'fill').allocs == 50 and by_thread('second', 'fill').live_bytes == 0
 * expect: stack('fill').allocs == 90 and stack('fill').at_peak_bytes == 90 * 100
 * expect: capture.by_thread is True
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))

static pthread_barrier_t barrier;
static void *first[40], *second[50];

KEEP static void fill(void **blocks, int n)
{
	for (int i = 0; i < n; i++)
		blocks[i] = malloc(100);
}

KEEP static void drop(void **blocks, int n)
{
	for (int i = 0; i < n; i++)
		free(blocks[i]);
}

static void *run(void *is_second)
{
	pthread_setname_np(pthread_self(), is_second ? "second" : "first");
	fill(is_second ? second : first, is_second ? 50 : 40);
	pthread_barrier_wait(&barrier);
	if (is_second) {
		drop(second, 50);
		drop(first, 10);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	pthread_barrier_init(&barrier, NULL, 2);
	for (long i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, run, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
