/* Before main and after it: constructors, atexit, destructors.
 *
 * expect: stack('first').allocs == 3
 * expect: stack('in_main').allocs == 1
 * expect: stack('at_the_exit').allocs == 5
 * expect: stack('last').allocs == 7
 * expect: totals.allocated_bytes == 3 * 11 + 13 + 5 * 17 + 7 * 19
 * expect: totals.frees == 3
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))
static void *kept[3];

KEEP static void __attribute__((constructor(101))) first(void)
{
	for (int i = 0; i < 3; i++)
		kept[i] = malloc(11);
}

KEEP static void __attribute__((destructor(101))) last(void)
{
	for (int i = 0; i < 7; i++) {
		void *volatile p = malloc(19);
	}
	for (int i = 0; i < 3; i++)
		free(kept[i]);
}

KEEP static void at_the_exit(void)
{
	for (int i = 0; i < 5; i++) {
		void *volatile p = malloc(17);
	}
}

KEEP static void in_main(void)
{
	void *volatile p = malloc(13);
}

int main(void)
{
	atexit(at_the_exit);
	in_main();
	return 0;
}
