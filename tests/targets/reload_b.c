/* A plugin of reload.c; the two have the same layout.
 * build: -O1 -shared -fPIC
 */
#include <stdlib.h>

static void *volatile kept;

__attribute__((noinline)) static void from_b(void)
{
	kept = malloc(13);
}

void plugin_enter(void)
{
	from_b();
	__asm__ volatile("");
}
