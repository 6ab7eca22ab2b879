/* Lives a few milliseconds, and has its names.
 *
 * build: -O2
 * expect: stack('quick', 'main').live_bytes == 21
 * expect: frame('quick').line == 11
 */
#include <stdlib.h>

__attribute__((noinline)) void *quick(void)
{
	void *volatile p = malloc(21); /* line 11 */
	return p;
}

int main(void)
{
	return !quick();
}
