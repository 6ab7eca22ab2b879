/* For the benchmark: holds blocks from a number of different stacks: holds STACKS BLOCKS [SECONDS].
 *
 * Each stack is a way of 17 steps, left or right at each. When the blocks are there it says so; then
 * it frees and allocates a block on each stack in turn, for SECONDS, and waits for the end of stdin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define STEPS 17

static void **blocks;
static int left(unsigned int way, int steps, size_t slot);
static int right(unsigned int way, int steps, size_t slot);

KEEP static int go(unsigned int way, int steps, size_t slot)
{
	if (!steps) {
		blocks[slot] = malloc(24);
		return 0;
	}
	return way & 1 ? left(way >> 1, steps - 1, slot) + 1 : right(way >> 1, steps - 1, slot) + 2;
}

KEEP static int left(unsigned int way, int steps, size_t slot)
{
	return go(way, steps, slot) + 1;
}

KEEP static int right(unsigned int way, int steps, size_t slot)
{
	return go(way, steps, slot) + 2;
}

int main(int argc, char **argv)
{
	size_t stacks = strtoul(argv[1], NULL, 10), count = strtoul(argv[2], NULL, 10);
	time_t end = time(NULL) + (argc > 3 ? atoi(argv[3]) : 0);
	char c;

	blocks = calloc(count, sizeof(*blocks));
	for (size_t i = 0; i < count; i++)
		go((unsigned int)(i % stacks), STEPS, i);
	printf("holds\n");
	fflush(stdout);
	while (time(NULL) < end)
		for (size_t i = 0; i < stacks; i++) {
			free(blocks[i]);
			go((unsigned int)i, STEPS, i);
		}
	return read(0, &c, 1) < 0;
}
