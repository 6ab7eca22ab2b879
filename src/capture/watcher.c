// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Threads that take what the kernel half tells at once, while the main thread is busy with
 * names and files: a target waits for unwind data, and a program that was exec'd may be gone
 * in a millisecond. What concerns images is left to the main thread.
 *
 * There are two, one for every other CPU: a target that waits keeps its CPU, and a thread
 * that the scheduler happens to queue there would wait for it in turn. */
#include "capture_internal.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "captrack/clock.h"

struct exec_news {
	struct ct_exec_event event;
	struct target_identity identity;
	struct exec_news *next;
};

static void note_exec(void *context, const struct ct_exec_event *event)
{
	struct capture *capture = context;
	struct watcher *watcher = &capture->watcher;
	struct exec_news *news = calloc(1, sizeof(*news));
	if (!news)
		return;
	news->event = *event;
	target_identify((pid_t)event->pid, &news->identity);
	/* It may have gone on to a third program. */
	if (!news->identity.exe || strncmp(news->identity.comm, event->comm, sizeof(event->comm))) {
		target_identity_deinit(&news->identity);
		news->identity.exe = strndup(event->comm, sizeof(event->comm));
		news->identity.command = strndup(event->comm, sizeof(event->comm));
	}
	if (watcher->last)
		watcher->last->next = news;
	else
		watcher->first = news;
	watcher->last = news;
}

static void learn(void *context, const struct ct_code_event *code)
{
	struct capture *capture = context;
	struct watcher *watcher = &capture->watcher;
	uint64_t begin = clock_monotonic_ns();
	if (code->end) {
		capture_learn_mapping(capture, code);
	} else if (begin >= watcher->next_look_ns) {
		kernel_read_code(capture->kernel, (pid_t)code->pid, capture_learn_mapping, capture);
		/* Thousands of mappings take a while to look at: 1 part in 10 of the time at most. */
		uint64_t end = clock_monotonic_ns();
		watcher->next_look_ns = end + 9 * (end - begin);
	}
}

static void note_blocks(void *context, const struct ct_blocks_event *event)
{
	struct capture *capture = context;
	capture->watcher.full_blocks = *event;
}

static void note_details(void *context, const struct ct_details_event *event)
{
	struct capture *capture = context;
	capture->watcher.few_details = *event;
}

/* Returns how many there were. */
static int take_events(struct capture *capture)
{
	const struct kernel_event_handlers handlers = {
		.on_exec = note_exec,
		.on_code = learn,
		.on_blocks = note_blocks,
		.on_details = note_details,
		.context = capture,
	};
	return kernel_take_events(capture->kernel, &handlers);
}

static void *watch(void *context)
{
	struct capture *capture = context;
	struct watcher *watcher = &capture->watcher;
	struct pollfd polls[] = {
		{.fd = kernel_events_fd(capture->kernel), .events = POLLIN},
		{.fd = watcher->wake_fd, .events = POLLIN},
	};
	eventfd_t count;
	bool stops = false;
	/* Before all that is not real-time, for the moments that it works: a thread that loses its
	 * CPU to a target that waits, with the lock held, would be waited for in turn. */
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
	while (!stops) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			break;
		pthread_mutex_lock(&watcher->lock);
		int taken = take_events(capture);
		watcher->served = watcher->asked;
		stops = watcher->stops;
		if (!stops)
			eventfd_read(watcher->wake_fd, &count);
		if (watcher->first)
			eventfd_write(watcher->news_fd, 1);
		struct ct_blocks_event full = watcher->full_blocks;
		struct ct_details_event few = watcher->few_details;
		watcher->full_blocks.kind = watcher->few_details.kind = 0;
		pthread_cond_broadcast(&watcher->done);
		pthread_mutex_unlock(&watcher->lock);
		if (full.kind) /* not with the lock held: this waits for the kernel */
			kernel_add_block_table(capture->kernel, &full);
		if (few.kind)
			kernel_add_details(capture->kernel, &few);
		/* Of an event that is there but not whole, the sender may have lost its CPU to us. */
		if (polls[0].revents && taken <= 0)
			usleep(100);
	}
	return NULL;
}

int watcher_init(struct watcher *watcher)
{
	pthread_mutex_init(&watcher->lock, NULL);
	pthread_cond_init(&watcher->done, NULL);
	watcher->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	watcher->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return watcher->news_fd < 0 || watcher->wake_fd < 0 ? -errno : 0;
}

void watcher_start(struct capture *capture)
{
	struct watcher *watcher = &capture->watcher;
	cpu_set_t allowed, cpus[WATCHERS];
	int next = 0;
	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (int i = 0; i < WATCHERS; i++)
		CPU_ZERO(&cpus[i]);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			CPU_SET(cpu, &cpus[next++ % WATCHERS]);
	/* Without any the main thread does what it can. */
	for (int i = 0; i < WATCHERS && i < next; i++) {
		if (pthread_create(&watcher->thread[watcher->count], NULL, watch, capture))
			break;
		pthread_setaffinity_np(watcher->thread[watcher->count++], sizeof(cpus[i]), &cpus[i]);
	}
}

void watcher_stop(struct capture *capture)
{
	struct watcher *watcher = &capture->watcher;
	if (!watcher->count)
		return;
	pthread_mutex_lock(&watcher->lock);
	watcher->stops = true;
	eventfd_write(watcher->wake_fd, 1);
	pthread_mutex_unlock(&watcher->lock);
	while (watcher->count)
		pthread_join(watcher->thread[--watcher->count], NULL);
}

void watcher_deinit(struct watcher *watcher)
{
	for (struct exec_news *news = watcher->first, *next; news; news = next) {
		next = news->next;
		target_identity_deinit(&news->identity);
		free(news);
	}
	if (watcher->news_fd >= 0)
		close(watcher->news_fd);
	if (watcher->wake_fd >= 0)
		close(watcher->wake_fd);
	pthread_cond_destroy(&watcher->done);
	pthread_mutex_destroy(&watcher->lock);
}

/* All events until now are taken when this returns. */
static void await_watchers(struct watcher *watcher)
{
	pthread_mutex_lock(&watcher->lock);
	uint64_t wanted = ++watcher->asked;
	pthread_mutex_unlock(&watcher->lock);
	eventfd_write(watcher->wake_fd, 1);
	pthread_mutex_lock(&watcher->lock);
	while (watcher->served < wanted)
		pthread_cond_wait(&watcher->done, &watcher->lock);
	pthread_mutex_unlock(&watcher->lock);
}

/* The lock is never held for long, or through a system call: the main thread may lose its
 * CPU to a target that then waits for the watchers. */
void capture_take_events(struct capture *capture)
{
	struct watcher *watcher = &capture->watcher;
	eventfd_t count;
	eventfd_read(watcher->news_fd, &count);
	if (watcher->count)
		await_watchers(watcher);
	else
		take_events(capture);
	pthread_mutex_lock(&watcher->lock);
	struct exec_news *news = watcher->first, *next;
	watcher->first = watcher->last = NULL;
	pthread_mutex_unlock(&watcher->lock);
	for (; news; news = next) {
		next = news->next;
		capture_begin_image(capture, &news->event, &news->identity);
		target_identity_deinit(&news->identity);
		free(news);
	}
}
