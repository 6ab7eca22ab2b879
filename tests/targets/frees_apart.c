/* Frees by 256 (or argv[3]) different stacks what one stack allocates, waits argv[2] us, and execs
 * itself: argv[1] images.
 * (tests/scenarios/details.py)
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
static volatile int depth;

KEEP static void one_way(void *block, unsigned int ways, int steps);

KEEP static void another(void *block, unsigned int ways, int steps)
{
	one_way(block, ways, steps);
	depth++;
}

KEEP static void one_way(void *block, unsigned int ways, int steps)
{
	if (!steps)
		free(block);
	else if (ways & 1)
		another(block, ways >> 1, steps - 1);
	else
		one_way(block, ways >> 1, steps - 1);
	depth++;
}

int main(int argc, char **argv)
{
	char rest[16];
	int images = argc > 1 ? atoi(argv[1]) : 1;
	unsigned int ways = argc > 3 ? (unsigned int)atoi(argv[3]) : 256;
	for (unsigned int i = 0; i < ways; i++)
		one_way(malloc(40), i, 8);
	usleep(argc > 2 ? (useconds_t)atoi(argv[2]) : 0);
	if (images <= 1)
		return 0;
	snprintf(rest, sizeof(rest), "%d", images - 1);
	execl(argv[0], argv[0], rest, argv[2], argv[3], (char *)NULL);
	return 1;
}
