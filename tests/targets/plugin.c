/* The plugin of plugin_host.c.
 * build: -O1 -shared -fPIC
 */
#include <stdlib.h>

static void *volatile kept;

__attribute__((noinline)) void plugin_work(void)
{
	kept = malloc(19);
}
