/* The plugin of late_host.c.
 * build: -O2 -shared -fPIC -fomit-frame-pointer
 */
#include <stdlib.h>

static void *volatile kept;
static __thread char big[100000]; /* made at its first use in each thread */

__attribute__((constructor)) static void late_begins(void)
{
	kept = malloc(50);
}

__attribute__((destructor)) static void late_ends(void)
{
	kept = malloc(51);
}

__attribute__((noinline)) char late_work(int n)
{
	big[n] = 1;
	kept = malloc(52);
	return big[n + 1];
}
