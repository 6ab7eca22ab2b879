/* 300 threads of a short life, ten at a time; what one leaves, the next one frees.
 *
 * expect: stack('brief').allocs == 300 * 20
 * expect: stack('brief').live_allocs == 10
 * expect: stack('brief').live_bytes == 10 * 90
 * expect: integrity.unmatched_frees == 0 and integrity.missed_frees == 0
 * compare: preload
 */
#include <pthread.h>
#include <stdlib.h>

static void *left_over[10];

__attribute__((noinline)) static void brief(long self)
{
	free(left_over[self]);
	left_over[self] = malloc(90);
	for (int i = 0; i < 19; i++) {
		void *volatile p = malloc(10 + (size_t)i);
		free(p);
	}
}

static void *run(void *self)
{
	brief((long)self);
	return NULL;
}

int main(void)
{
	pthread_t threads[10];
	for (int round = 0; round < 30; round++) {
		for (long i = 0; i < 10; i++)
			pthread_create(&threads[i], NULL, run, (void *)i);
		for (int i = 0; i < 10; i++)
			pthread_join(threads[i], NULL);
	}
	return 0;
}
