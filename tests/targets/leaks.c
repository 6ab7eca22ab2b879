/* For four seconds: memory that leaks, alone and amid churn; memory taken at the start; a cache that fills up
 * and then changes its entries; a queue that fills and is emptied again and again; blocks that live for
 * 0.3 s each. Only the first two are leaks.
 *
 * build: -O0
 * options: -i 100
 * expect: one('leaks').leak['score'] >= 0.5
 * expect: one('leaks_amid_churn').leak['score'] >= 0.5
 * expect: 0.8 < one('leaks').leak['bytes_per_s'] / said['leaks'] < 1.2
 * expect: 0.8 < one('leaks_amid_churn').leak['bytes_per_s'] / said['leaks_amid_churn'] < 1.2
 * expect: one('leaks').leak['score'] <= 1 and one('leaks_amid_churn').leak['score'] <= 1
 * expect: 'leak' not in one('at_the_start')
 * expect: 'leak' not in one('fills_cache')
 * expect: 'leak' not in one('fills_queue')
 * expect: 'leak' not in one('keeps_a_while')
 * expect: one('at_the_start').startup['bytes'] == 500 * 1000
 * expect: one('fills_cache').live_allocs == 150 and one('keeps_a_while').live_allocs == 30
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
enum { TICKS = 400, CACHE = 150, QUEUE = 60, WHILE = 30 };

static void *volatile kept;

KEEP static void leaks(void)
{
	kept = malloc(1000);
}

/* Of 20 blocks one stays. */
KEEP static void leaks_amid_churn(void)
{
	void *blocks[20];
	for (int i = 0; i < 20; i++)
		blocks[i] = malloc(500);
	for (int i = 0; i < 19; i++)
		free(blocks[i]);
	kept = blocks[19];
}

KEEP static void at_the_start(void)
{
	for (int i = 0; i < 500; i++)
		kept = malloc(1000);
}

KEEP static void fills_cache(int tick)
{
	static void *cache[CACHE];
	free(cache[tick % CACHE]);
	cache[tick % CACHE] = malloc(3000);
}

KEEP static void fills_queue(int tick)
{
	static void *queue[QUEUE];
	queue[tick % QUEUE] = malloc(2000);
	if (tick % QUEUE == QUEUE - 1)
		for (int i = 0; i < QUEUE; i++)
			free(queue[i]);
}

KEEP static void keeps_a_while(int tick)
{
	static void *ring[WHILE];
	free(ring[tick % WHILE]);
	ring[tick % WHILE] = malloc(4000);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
	at_the_start();
	double begin = now();
	for (int tick = 0; tick < TICKS; tick++) {
		leaks();
		leaks_amid_churn();
		fills_cache(tick);
		fills_queue(tick);
		keeps_a_while(tick);
		double left = begin + (tick + 1) * 0.01 - now(); /* a steady pace on a busy machine */
		if (left > 0)
			usleep((useconds_t)(left * 1e6));
	}
	double rate = TICKS / (now() - begin);
	dprintf(1, "{\"leaks\": %.0f, \"leaks_amid_churn\": %.0f}\n", rate * 1000, rate * 500);
	return 0;
}
