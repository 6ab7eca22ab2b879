/* A plugin that allocates in its constructor, in its work, in its destructor, and whose
 * thread-local memory the loader allocates.
 *
 * build: -O2 -fomit-frame-pointer -Wl,-z,lazy
 * needs: late
 * run: %B/late
 * expect: integrity.truncated_stacks == 0
 * expect: stack('late_begins', 'loads', 'main').allocs == 1
 * expect: stack('late_work', 'uses').allocs == 4
 * expect: stack('late_ends', 'main').allocs == 1
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static volatile int sum;

__attribute__((noinline)) static void *loads(const char *path)
{
	void *plugin = dlopen(path, RTLD_LAZY);
	if (!plugin)
		abort();
	return plugin;
}

static void *uses(void *plugin)
{
	sum += ((char (*)(int))dlsym(plugin, "late_work"))(sum);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *plugin = loads(argv[argc - 1]);
	uses(plugin);
	pthread_create(&thread, NULL, uses, plugin);
	pthread_join(thread, NULL);
	dlclose(plugin);
	return 0;
}
