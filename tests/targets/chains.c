/* chains N: N buffers that grow from 8 bytes to 8 + 1, 8 + 2 ... 8 + N bytes and are freed, ten of them living
 * at a time, but each ninth which is kept. For the scenarios.
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline))

KEEP static void *born(void)
{
	void *volatile p = malloc(8);
	return p;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	void *living[10] = {NULL};
	static void *volatile kept;
	for (int i = 1; i <= n; i++) {
		void *p = realloc(born(), (size_t)(8 + i));
		if (i % 9 == 0) {
			kept = p;
			continue;
		}
		free(living[i % 10]);
		living[i % 10] = p;
	}
	for (int i = 0; i < 10; i++)
		free(living[i]);
	return 0;
}
