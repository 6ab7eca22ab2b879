// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What /proc tells of this process and of children made for it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "captrack/target.h"

enum { MIB = 1 << 20, MEMORY = 64 * MIB };

static struct target_usage usage_of(pid_t pid)
{
	struct target_usage usage;
	memset(&usage, 0xff, sizeof(usage));
	assert_int_equal(target_read_usage(pid, &usage), 0);
	return usage;
}

static void spend_cpu_ms(long ms)
{
	struct timespec now;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < ms);
}

static void test_memory_and_faults(void **state)
{
	(void)state;
	long page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	madvise(memory, MEMORY, MADV_NOHUGEPAGE);
	struct target_usage before = usage_of(getpid());
	for (size_t i = 0; i < MEMORY; i += (size_t)page)
		memory[i] = 1;
	struct target_usage after = usage_of(getpid());
	assert_in_range(after.rss_bytes, before.rss_bytes + MEMORY - MIB, before.rss_bytes + MEMORY + MIB);
	/* Some filesystems and kernels fault a few pages at once. */
	assert_in_range(after.minor_faults - before.minor_faults, MEMORY / page / 16, MEMORY / page + 1000);
	assert_true(after.major_faults >= before.major_faults);
	munmap(memory, MEMORY);
	assert_true(usage_of(getpid()).rss_bytes < after.rss_bytes - MEMORY + MIB);
}

static void test_cpu_time(void **state)
{
	(void)state;
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	long ms = now.tv_sec * 1000 + now.tv_nsec / 1000000 + 30;
	spend_cpu_ms(ms);
	uint64_t cpu_ms = usage_of(getpid()).cpu_ms;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	assert_in_range(cpu_ms, ms, now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void test_reading_and_writing(void **state)
{
	(void)state;
	static char bytes[5 * MIB];
	struct target_usage before = usage_of(getpid());
	assert_true(before.has_io);
	int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
	assert_int_equal(read(zero, bytes, 3 * MIB), 3 * MIB);
	assert_int_equal(write(null, bytes, 5 * MIB), 5 * MIB);
	close(zero);
	close(null);
	struct target_usage after = usage_of(getpid());
	/* Reading the figures is reading, too. */
	assert_in_range(after.read_bytes - before.read_bytes, 3 * MIB, 3 * MIB + 4096);
	assert_int_equal(after.written_bytes - before.written_bytes, 5 * MIB);
}

static void *wait_for_end(void *barrier)
{
	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	pthread_t threads[3];
	pthread_barrier_t barrier;
	pthread_barrier_init(&barrier, NULL, 4);
	uint64_t before = usage_of(getpid()).threads;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_for_end, &barrier), 0);
	pthread_barrier_wait(&barrier);
	assert_int_equal(usage_of(getpid()).threads, before + 3);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void test_odd_names(void **state)
{
	(void)state;
	static const char *const names[] = {"a) Z 1 2 3 4 (", ") R )))) 9 9 9", "\n) S (\n",
					    "\xff\xfe)\x01 (", " "};
	char before[16], name[16];
	prctl(PR_GET_NAME, before);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		prctl(PR_SET_NAME, names[i]);
		struct target_usage usage = usage_of(getpid());
		assert_int_equal(usage.threads, 1);
		assert_in_range(usage.rss_bytes, 1, 1 << 30);
		assert_in_range(usage.minor_faults, 1, 1000000);
		assert_int_equal(target_thread_name(getpid(), getpid(), name), 0);
		assert_string_equal(name, names[i]);
	}
	prctl(PR_SET_NAME, "0123456789abcdefgh");
	assert_int_equal(target_thread_name(getpid(), getpid(), name), 0);
	assert_string_equal(name, "0123456789abcde");
	prctl(PR_SET_NAME, before);
}

static pid_t worker;

static void *take_a_name(void *barrier)
{
	worker = gettid();
	prctl(PR_SET_NAME, "worker 7");
	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	return NULL;
}

/* A process whose first thread has ended, and that holds memory. */
static void run_without_first_thread(int ready)
{
	static pthread_barrier_t barrier;
	pthread_t thread;
	pthread_barrier_init(&barrier, NULL, 2);
	memset(mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, MEMORY);
	pthread_create(&thread, NULL, take_a_name, &barrier);
	pthread_barrier_wait(&barrier);
	if (write(ready, &worker, sizeof(worker)) == sizeof(worker))
		syscall(SYS_exit, 0); /* this thread alone */
	_exit(1);
}

static void test_first_thread_gone(void **state)
{
	(void)state;
	int ready[2];
	char path[64], text[512] = "";
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (!pid)
		run_without_first_thread(ready[1]);
	assert_int_equal(read(ready[0], &worker, sizeof(worker)), sizeof(worker));
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 1000 && !strstr(text, ") Z "); i++) {
		FILE *stat = fopen(path, "r");
		assert_non_null(stat);
		assert_non_null(fgets(text, sizeof(text), stat));
		fclose(stat);
		usleep(1000);
	}
	struct target_usage usage = usage_of(pid);
	char name[16];
	assert_int_equal(usage.threads, 2); /* the kernel counts the first to the process's end */
	assert_in_range(usage.rss_bytes, MEMORY, 2 * MEMORY);
	assert_int_equal(target_thread_name(pid, worker, name), 0);
	assert_string_equal(name, "worker 7");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

static void test_ended_and_gone(void **state)
{
	(void)state;
	siginfo_t end;
	pid_t pid = fork();
	if (!pid) {
		spend_cpu_ms(20);
		_exit(0);
	}
	assert_int_equal(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
	struct target_usage usage = usage_of(pid);
	assert_int_equal(usage.rss_bytes, 0);
	assert_int_equal(usage.threads, 0);
	assert_in_range(usage.cpu_ms, 20, 1000);
	assert_in_range(usage.minor_faults, 1, 1000000);
	assert_true(usage.has_io);

	char name[16];
	waitpid(pid, NULL, 0);
	memset(&usage, 0xff, sizeof(usage));
	assert_true(target_read_usage(pid, &usage) < 0);
	assert_int_equal(usage.minor_faults, 0);
	assert_false(usage.has_io);
	assert_int_equal(target_thread_name(pid, pid, name), -ENOENT);
	assert_int_equal(target_thread_name(getpid(), 1, name), -ENOENT); /* another process's */
}

/* Of another user's process all but what it reads and writes is told. */
static void test_refused(void **state)
{
	(void)state;
	int status;
	if (geteuid())
		skip();
	pid_t target = getpid(), pid = fork();
	if (!pid) {
		struct target_usage usage;
		if (setgid(65534) || setuid(65534))
			_exit(2);
		_exit(target_read_usage(target, &usage) || usage.has_io || usage.read_bytes ||
		      !usage.rss_bytes || !usage.minor_faults);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_and_faults),   cmocka_unit_test(test_cpu_time),
		cmocka_unit_test(test_reading_and_writing), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_odd_names),           cmocka_unit_test(test_first_thread_gone),
		cmocka_unit_test(test_ended_and_gone),      cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
