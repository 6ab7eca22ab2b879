/* A plugin is unloaded and another takes its place in memory: each has its own names.
 *
 * needs: reload_a
 * needs: reload_b
 * run: %B/reload_a %B/reload_b %B/reload_a
 * expect: stack('from_a', 'plugin_enter', 'main').allocated_bytes == 200 * 11
 * expect: stack('from_b', 'plugin_enter', 'main').allocated_bytes == 100 * 13
 * expect: frame('from_b').file.endswith('reload_b.c')
 */
#include <dlfcn.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		void *plugin = dlopen(argv[i], RTLD_NOW);
		void (*enter)(void) = plugin ? (void (*)(void))dlsym(plugin, "plugin_enter") : NULL;
		if (!enter)
			return 9;
		for (int k = 0; k < 100; k++)
			enter();
		dlclose(plugin);
	}
	return 0;
}
