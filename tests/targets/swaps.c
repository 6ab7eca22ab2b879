/* Two plugins in turns, each mapped where the other was: what is known of an address must not
 * outlive its code.
 *
 * build: -O2 -fomit-frame-pointer
 * needs: swap_a
 * needs: swap_b
 * run: %B/swap_a %B/swap_b
 * expect: stack('work_a', 'swaps', 'main').allocs == 40
 * expect: stack('work_b', 'swaps', 'main').allocs == 40
 * expect: stack('work_a').allocated_bytes == 40 * 71
 * expect: stack('work_b').allocated_bytes == 40 * 75
 * expect: integrity.truncated_stacks == 0
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static void *swaps(const char *path)
{
	char name[] = "work_?";
	void *plugin = dlopen(path, RTLD_NOW);
	if (!plugin)
		abort();
	name[5] = path[strlen(path) - 1];
	void *work = dlsym(plugin, name);
	((void (*)(void))work)();
	dlclose(plugin);
	return work;
}

int main(int argc, char **argv)
{
	int same = 0;
	(void)argc;
	for (int i = 0; i < 40; i++)
		same += swaps(argv[1]) == swaps(argv[2]);
	return same < 30; /* else this test tells nothing */
}
