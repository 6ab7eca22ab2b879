/* Holds 1, 9 and 3 MB, for half a second each: the second with three threads more; in the third it reads and
 * writes, and touches 20 MB beside its heap; then it works for 0.3 s and sleeps. Prints when that was, and what
 * the system says that it used. For the scenarios.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
enum { MB = 1000000 };

static long ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

KEEP static void *hold(size_t bytes)
{
	return malloc(bytes);
}

/* A phase begins where the one before ends. */
static void phase(const char *name, long held, int threads)
{
	static long begin;
	if (!begin)
		begin = ms(CLOCK_REALTIME);
	usleep(500000);
	long end = ms(CLOCK_REALTIME);
	dprintf(1, "\"%s\": [%ld, %ld, %ld, %d],\n", name, begin, end, held, threads);
	begin = end;
}

static void *sleeps(void *unused)
{
	usleep(500000);
	return unused;
}

static void read_and_write(void)
{
	static char buffer[1 << 20];
	int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
	for (int i = 0; i < 4; i++)
		if (write(null, buffer, sizeof(buffer)) < 0)
			abort();
	for (int i = 0; i < 8; i++)
		if (read(zero, buffer, sizeof(buffer)) < 0)
			abort();
}

int main(void)
{
	void *blocks[9];
	pthread_t threads[3];
	dprintf(1, "{");
	blocks[0] = hold(MB);
	phase("one", MB, 1);

	for (int i = 1; i < 9; i++)
		blocks[i] = hold(MB);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, sleeps, NULL);
	phase("nine", 9 * MB, 4);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);

	for (int i = 3; i < 9; i++)
		free(blocks[i]);
	read_and_write();
	char *pages = mmap(NULL, 20 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(pages, 20 * MB, MADV_NOHUGEPAGE);
	memset(pages, 1, 20 * MB);
	phase("three", 3 * MB, 1);

	for (long begin = ms(CLOCK_PROCESS_CPUTIME_ID); ms(CLOCK_PROCESS_CPUTIME_ID) < begin + 300;)
		;
	phase("worked", 3 * MB, 1);

	struct rusage used;
	long pages_resident = 0;
	char text[64] = "";
	int statm = open("/proc/self/statm", O_RDONLY);
	if (read(statm, text, sizeof(text) - 1) > 0)
		sscanf(text, "%*s %ld", &pages_resident);
	getrusage(RUSAGE_SELF, &used);
	dprintf(1, "\"cpu_ms\": %ld, \"minor_faults\": %ld, \"major_faults\": %ld, \"rss_bytes\": %ld}\n",
		ms(CLOCK_PROCESS_CPUTIME_ID), used.ru_minflt, used.ru_majflt, pages_resident * sysconf(_SC_PAGESIZE));
	return 0;
}
