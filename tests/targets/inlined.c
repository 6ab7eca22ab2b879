/* A chain of inlined callers: each has its name, and its line in the file.
 *
 * build: -O2
 * expect: totals.allocs == 40
 * expect: stack('inner_one', 'middle', 'outer', 'main').live_bytes == 30 * 100
 * expect: stack('inner_two', 'outer', 'main').live_bytes == 10 * 7
 * expect: stack('inner_two', 'middle').allocs == 0
 * expect: (frame('inner_one').line, frame('middle').line) == (19, 24)
 * expect: frame('inner_one').file.endswith('inlined.c')
 */
#include <stdlib.h>

#define INLINE __attribute__((always_inline)) static inline
static void *volatile kept;

INLINE void inner_one(void)
{
	kept = malloc(100); /* line 19 */
}

INLINE void middle(void)
{
	inner_one(); /* line 24 */
}

INLINE void inner_two(void)
{
	kept = malloc(7);
}

__attribute__((noinline)) static void outer(int which)
{
	if (which)
		middle();
	else
		inner_two();
	kept = NULL; /* no tail call */
}

int main(void)
{
	for (int i = 0; i < 40; i++)
		outer(i % 4);
	return 0;
}
