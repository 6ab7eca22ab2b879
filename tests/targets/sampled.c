/* Known allocations of many sizes, for sampled captures: tests/scenarios/sampling.py knows
 * their sizes too. Of each function's blocks every other batch of 64 is freed, the others stay.
 *
 *     sampled all       malloc, calloc, realloc
 *     sampled nested    what calls another allocator function inside
 *     sampled large     blocks of 4096 bytes and more; and empty ones
 */
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline))
enum { N = 12000, LARGE = 1000 };

static void *blocks[N];

KEEP static void *small(int i)
{
	return malloc(16 + i % 64);
}
KEEP static void *mixed(int i)
{
	return malloc(16 << i % 13);
}
KEEP static void *zeroed(int i)
{
	return calloc(2 + i % 10, 8);
}
KEEP static void *start(int i)
{
	return malloc(24 + i % 40);
}
KEEP static void *grown(int i)
{
	return realloc(start(i), 40 + i % 100);
}

KEEP static void *from_null(int i)
{
	return realloc(NULL, 16 + i % 64);
}
KEEP static void *aligned(int i)
{
	void *block = NULL;
	posix_memalign(&block, 8, 16 + i % 64); /* what malloc aligns to: it calls that */
	return block;
}
KEEP static void *array(int i)
{
	return reallocarray(NULL, 1, 16 + i % 64);
}
KEEP static void *grown_array(int i)
{
	return reallocarray(start(i), 2, 20 + i % 50);
}

KEEP static void *large(int i)
{
	return malloc(4096 + 61 * i);
}
KEEP static void *empty(int i)
{
	return malloc(0);
}

static void run(void *(*allocate)(int), int count)
{
	for (int i = 0; i < count; i++)
		blocks[i] = allocate(i);
	for (int i = 0; i < count; i++)
		if (i / 64 % 2)
			free(blocks[i]);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "all";
	if (!strcmp(what, "all")) {
		run(small, N);
		run(mixed, N);
		run(zeroed, N);
		run(grown, N);
	} else if (!strcmp(what, "nested")) {
		run(from_null, N);
		run(aligned, N);
		run(array, N);
		run(grown_array, N);
	} else {
		run(large, LARGE);
		run(empty, LARGE);
	}
	return 0;
}
