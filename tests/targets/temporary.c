/* Temporary: freed with no other allocation on the thread in between.
 *
 * expect: totals.temporary_allocs == 101
 * expect: stack('at_once').temporary_allocs == 100
 * expect: stack('in_pairs').temporary_allocs == 1
 * expect: stack('in_pairs').allocs == 4
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
KEEP static void at_once(void)
{
	void *volatile p = malloc(10);
	free(p);
}

KEEP static void in_pairs(void)
{
	void *volatile a = malloc(10), *volatile b = malloc(10);
	free(a); /* b came after a */
	free(b); /* nothing came after b: temporary */
	a = malloc(10);
	b = malloc(10);
	free(a);
	a = b;
}

int main(void)
{
	for (int i = 0; i < 100; i++)
		at_once();
	in_pairs();
	return 0;
}
