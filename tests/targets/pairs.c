/* For the benchmark: ns of a malloc(16..271) and its free, in a tight loop at a depth of the
 * stack, in each of N threads: pairs DEPTH THREADS PAIRS.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int depth, pairs;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

__attribute__((noinline)) static double loop(int n)
{
	if (n > 1)
		return loop(n - 1) + 0.0;
	double begin = now();
	for (int i = 0; i < pairs; i++) {
		void *volatile p = malloc(16 + (size_t)(i & 255));
		free(p);
	}
	return (now() - begin) / pairs;
}

static void *run(void *result)
{
	*(double *)result = loop(depth);
	return NULL;
}

int main(int argc, char **argv)
{
	double results[64], sum = 0;
	pthread_t ids[64];
	int threads = atoi(argv[2]);
	depth = atoi(argv[1]);
	pairs = atoi(argv[3]);
	for (int i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, run, &results[i]);
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		sum += results[i];
	}
	printf("%.1f\n", sum / threads);
	return 0;
}
