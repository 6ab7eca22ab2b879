// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A thread that takes what the kernel half tells at once, while the main thread is busy with
 * names and files: a target waits for unwind data, and a program that was exec'd may be gone
 * in a millisecond. Whoever takes events holds the lock; what concerns images is left to the
 * main thread. */
#include "capture_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

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

static void take_events(struct capture *capture)
{
	const struct kernel_event_handlers handlers = {
		.on_exec = note_exec,
		.on_code = capture_learn_mapping,
		.context = capture,
	};
	kernel_take_events(capture->kernel, &handlers);
}

static void *watch(void *context)
{
	struct capture *capture = context;
	struct watcher *watcher = &capture->watcher;
	struct pollfd polls[] = {
		{.fd = kernel_events_fd(capture->kernel), .events = POLLIN},
		{.fd = watcher->stop_fd, .events = POLLIN},
	};
	while (!polls[1].revents) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			break;
		pthread_mutex_lock(&watcher->lock);
		take_events(capture);
		if (watcher->first)
			eventfd_write(watcher->news_fd, 1);
		pthread_mutex_unlock(&watcher->lock);
	}
	return NULL;
}

int watcher_init(struct watcher *watcher)
{
	pthread_mutex_init(&watcher->lock, NULL);
	watcher->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	watcher->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return watcher->news_fd < 0 || watcher->stop_fd < 0 ? -errno : 0;
}

void watcher_start(struct capture *capture)
{
	struct watcher *watcher = &capture->watcher;
	/* Without it the main thread does what it can. */
	watcher->runs = pthread_create(&watcher->thread, NULL, watch, capture) == 0;
}

void watcher_stop(struct capture *capture)
{
	struct watcher *watcher = &capture->watcher;
	if (!watcher->runs)
		return;
	eventfd_write(watcher->stop_fd, 1);
	pthread_join(watcher->thread, NULL);
	watcher->runs = false;
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
	if (watcher->stop_fd >= 0)
		close(watcher->stop_fd);
	pthread_mutex_destroy(&watcher->lock);
}

void capture_take_events(struct capture *capture)
{
	struct watcher *watcher = &capture->watcher;
	eventfd_t count;
	pthread_mutex_lock(&watcher->lock);
	take_events(capture);
	struct exec_news *news = watcher->first, *next;
	watcher->first = watcher->last = NULL;
	eventfd_read(watcher->news_fd, &count);
	pthread_mutex_unlock(&watcher->lock);
	for (; news; news = next) {
		next = news->next;
		capture_begin_image(capture, &news->event, &news->identity);
		target_identity_deinit(&news->identity);
		free(news);
	}
}
