/* Allocates and frees in N threads, through some 40 different stacks, for ever or for
 * SECONDS: busy N [SECONDS]. For the scenarios.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static __thread void *kept[256];
static __thread unsigned int seed;

__attribute__((noinline)) static void step(unsigned int depth)
{
	if (depth) {
		step(depth - 1);
		return;
	}
	unsigned int slot = rand_r(&seed) % 256;
	switch (rand_r(&seed) % 4) {
	case 0:
		free(kept[slot]);
		kept[slot] = malloc(rand_r(&seed) % 2000);
		break;
	case 1:
		kept[slot] = realloc(kept[slot], 1 + rand_r(&seed) % 3000);
		break;
	case 2:
		free(kept[slot]);
		kept[slot] = calloc(3, rand_r(&seed) % 100);
		break;
	default:
		free(kept[slot]);
		kept[slot] = NULL;
	}
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double end;

static void *run(void *self)
{
	seed = (unsigned int)(long)self;
	while (!end || now() < end)
		step(rand_r(&seed) % 40);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t last;
	end = argc > 2 ? now() + atof(argv[2]) : 0;
	for (long i = 0; i < threads; i++)
		pthread_create(&last, NULL, run, (void *)(i + 1));
	pthread_join(last, NULL);
	return 0;
}
