/* For the benchmark: maps libraries, says so, and waits for the end of stdin: opens [LIBRARY...]. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char c;

	for (int i = 1; i < argc; i++)
		if (!dlopen(argv[i], RTLD_NOW)) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
	printf("open\n");
	fflush(stdout);
	return read(0, &c, 1) < 0;
}
