/* Four threads with a table of blocks that all of them fill, realloc and free: most blocks go by
 * another thread's hand than the one that made them. For ever. For the scenarios.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 4, SLOTS = 512 };
static _Atomic(void *) table[SLOTS];

__attribute__((noinline)) static void refill(unsigned int depth, unsigned int *seed)
{
	if (depth) {
		refill(depth - 1, seed);
		return;
	}
	void *mine = atomic_exchange(&table[rand_r(seed) % SLOTS], NULL);
	switch (rand_r(seed) % 4) {
	case 0:
		free(mine);
		mine = malloc(rand_r(seed) % 2000);
		break;
	case 1:
		mine = realloc(mine, 1 + rand_r(seed) % 3000);
		break;
	case 2:
		free(mine);
		mine = calloc(3, rand_r(seed) % 100);
		break;
	default:
		free(mine);
		mine = NULL;
	}
	free(atomic_exchange(&table[rand_r(seed) % SLOTS], mine));
}

static void *run(void *self)
{
	unsigned int seed = (unsigned int)(long)self;
	for (unsigned int i = 1;; i++) {
		refill(rand_r(&seed) % 10, &seed);
		if (i % 64 == 0)
			usleep(1000); /* the machine has others to serve: who looks at the snapshots, for one
				      */
	}
	return NULL;
}

int main(void)
{
	pthread_t last;
	for (long i = 1; i <= THREADS; i++)
		pthread_create(&last, NULL, run, (void *)i);
	pthread_join(last, NULL);
	return 0;
}
