/* Two versions of one program, for tests/scenarios/diffs.py; the other one has -DNEW.
 *
 * expect: stack('keep').live_bytes == 500
 * expect: stack('parse').live_bytes == 3200
 * expect: stack('load').live_bytes == 1000
 * expect: stack('leave').live_bytes == 640
 * expect: totals.peak_bytes == totals.live_bytes == 5340
 * expect: totals.temporary_allocs == 1
 */
#include <stdlib.h>
#include <string.h>

#ifdef NEW
enum { PARSED = 150, PARSED_BYTES = 40, LOADED_BYTES = 400 };
#else
enum { PARSED = 100, PARSED_BYTES = 32, LOADED_BYTES = 1000 };
#endif

static char *blocks[1000];
static int n;

/* Which compilers inline, or not. */
static void keep_block(size_t size)
{
	blocks[n] = malloc(size);
	memset(blocks[n++], 1, size);
}

static __attribute__((noinline)) void keep(int count)
{
	for (int i = 0; i < count; i++)
		keep_block(100);
}

static __attribute__((noinline)) void parse(int count)
{
	for (int i = 0; i < count; i++)
		keep_block(PARSED_BYTES);
}

static __attribute__((noinline)) void load(void)
{
	keep_block(LOADED_BYTES);
	free(malloc(8)); /* temporary */
}

#ifdef NEW
static __attribute__((noinline)) void come(int count)
{
	for (int i = 0; i < count; i++)
		keep_block(128);
}
#else
static __attribute__((noinline)) void leave(int count)
{
	for (int i = 0; i < count; i++)
		keep_block(64);
}
#endif

int main(int argc, char **argv)
{
	(void)argv;
	keep(5 * argc);
	parse(PARSED * argc);
	load();
#ifdef NEW
	come(7 * argc);
#else
	leave(10 * argc);
#endif
	return n == 0;
}
