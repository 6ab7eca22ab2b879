/* Blocks from before a capture are made larger, while other threads allocate and free blocks of
 * their size. (tests/scenarios/details.py)
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS = 50000, BYTES = 3000, AT_ONCE = 8 };

static void *blocks[BLOCKS];
static atomic_int stop;

static void *churn(void *none)
{
	while (!stop) {
		void *volatile few[AT_ONCE];
		for (int i = 0; i < AT_ONCE; i++)
			few[i] = malloc(BYTES);
		for (int i = 0; i < AT_ONCE; i++)
			free(few[i]);
	}
	return none;
}

int main(void)
{
	pthread_t threads[3];
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(BYTES);
	puts("ready");
	fflush(stdout);
	getchar();
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, churn, NULL);
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = realloc(blocks[i], 3 * BYTES);
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
