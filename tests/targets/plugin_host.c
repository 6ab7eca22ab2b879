/* Four threads; one dlopens a plugin that allocates. Its unwind data are read while it waits; where all
 * CPUs are taken by its waiting, each thread may lose the callers of an allocation.
 *
 * needs: plugin
 * run: %B/plugin
 * expect: stack('plugin_work').allocs == 4000
 * expect: stack('plugin_work').live_bytes == 4000 * 19
 * expect: frame('plugin_work').file.endswith('plugin.c')
 * expect: stack('host_work').allocs == 4000
 * expect: sum(s["allocs"] for s in profile.data["stacks"] if "truncated" in s) <= 4 # truncated_stacks
 * compare: preload
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static void (*plugin_work)(void);
static pthread_barrier_t barrier;
static void *volatile kept;

__attribute__((noinline)) static void host_work(void)
{
	kept = malloc(7);
}

static void *run(void *path)
{
	if (path) {
		void *plugin = dlopen(path, RTLD_NOW);
		plugin_work = plugin ? (void (*)(void))dlsym(plugin, "plugin_work") : NULL;
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 1000 && plugin_work; i++) {
		plugin_work();
		host_work();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	pthread_barrier_init(&barrier, NULL, 4);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, run, i ? NULL : argv[1]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
