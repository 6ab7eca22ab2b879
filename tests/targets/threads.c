/* Eight threads, 1,000,000 operations, half of the blocks freed by another thread than
 * the one that allocated them; then a peak between barriers, 8 times 1 MiB.
 *
 * expect: stack('work').allocs == 500000
 * expect: stack('work').frees == 500000
 * expect: stack('work').allocated_bytes == 8 * 62500 * 48
 * expect: stack('work').live_bytes == 0
 * expect: stack('big').allocs == 8
 * expect: stack('big').at_peak_bytes == 8 << 20
 * expect: stack('work').at_peak_bytes == 0
 * expect: 0 <= totals.peak_bytes - (8 << 20) <= 8 * 400
 * expect: integrity.unmatched_frees == 0
 * expect: integrity.missed_frees == 0
 * expect: integrity.dropped_events == 0
 */
#include <pthread.h>
#include <stdlib.h>

#define KEEP __attribute__((noinline))
enum { THREADS = 8, ROUNDS = 62500 / 50, BATCH = 50 };

static pthread_barrier_t barrier;
static void *batch[THREADS][BATCH];

KEEP static void work(void **blocks)
{
	for (int i = 0; i < BATCH; i++)
		blocks[i] = malloc(48);
}

KEEP static void *big(void)
{
	void *volatile p = malloc(1 << 20);
	return p;
}

static void *run(void *context)
{
	int self = (int)(long)context;
	for (int round = 0; round < ROUNDS; round++) {
		int other = round % 2 ? self : (self + 1) % THREADS;
		work(batch[self]);
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < BATCH; i++)
			free(batch[other][i]);
		pthread_barrier_wait(&barrier);
	}
	void *block = big();
	pthread_barrier_wait(&barrier);
	free(block);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, run, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
