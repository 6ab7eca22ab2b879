/* Without unwind tables at run time and without frame pointers: .debug_frame has them.
 *
 * build: -g -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables -fomit-frame-pointer
 * expect: stack('leaf', 'middle', 'main').allocs == 10
 * expect: stack('_start').allocs == 10
 * expect: integrity.truncated_stacks == 0
 */
#include <stdlib.h>

static void *volatile kept;

__attribute__((noinline)) static int leaf(int n)
{
	char *p = kept = malloc((size_t)n);
	return p != NULL;
}

__attribute__((noinline)) static int middle(int n)
{
	return leaf(n) + leaf(n + 1);
}

int main(void)
{
	int sum = 0;
	for (int i = 0; i < 5; i++)
		sum += middle(20 + i);
	return sum != 10;
}
