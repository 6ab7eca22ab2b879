/* A plugin of reload.c; the two have the same layout.
 * build: -O1 -shared -fPIC
 */
#include <stdlib.h>

static void *volatile kept;

__attribute__((noinline)) static void from_a(void)
{
	kept = malloc(11);
}

void plugin_enter(void)
{
	from_a();
	__asm__ volatile("");
}
