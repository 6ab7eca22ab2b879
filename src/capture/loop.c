// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The main thread waits here: for timers, signals, news of the targets
 * and their end. */
#include "capture_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* What ends the capture where somebody else may have got it too: Ctrl-C goes to the
 * whole foreground group, and the command decides what it means to it. */
static bool is_for_the_command(const struct capture *capture, const struct signalfd_siginfo *info)
{
	return capture->options->command && (info->ssi_signo == SIGINT || info->ssi_signo == SIGQUIT) &&
	       info->ssi_code == SI_KERNEL;
}

/* Serves the signals that are there. Returns one that ends the capture, or 0. */
static int take_signals(struct capture *capture)
{
	struct signalfd_siginfo info;
	while (read(capture->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			capture_write(capture, PROFILE_SIGNAL, false);
		else if (info.ssi_signo != SIGCHLD && !is_for_the_command(capture, &info))
			return (int)info.ssi_signo;
	}
	return 0;
}

static bool take_timer(int fd)
{
	uint64_t times;
	return read(fd, &times, sizeof(times)) == sizeof(times);
}

static bool all_ended(const struct capture *capture)
{
	for (size_t i = 0; i < capture->target_count; i++)
		if (!target_has_ended(capture->targets[i]))
			return false;
	return true;
}

/* A target of several has ended: its profile is final, the others go on. */
static void finish_ended(struct capture *capture, struct pollfd *polls)
{
	bool any = false;
	for (size_t i = 0; i < capture->target_count; i++) {
		if (polls[i].fd < 0 || !target_has_ended(capture->targets[i]))
			continue;
		polls[i].fd = -1;
		struct image *image =
			snapshots_of_process(capture->snapshots, target_pid(capture->targets[i]));
		if (image) {
			capture_end_cost(image);
			image->ended = any = true;
		}
		kernel_drop_process(capture->kernel, target_pid(capture->targets[i]));
		kernel_detach(capture->kernel, target_pid(capture->targets[i]));
	}
	if (any)
		capture_write(capture, PROFILE_EXIT, false);
}

enum { POLL_SIGNALS, POLL_INTERVAL, POLL_DURATION, POLL_EVENTS, POLL_STATISTICS, POLL_FIXED };

int capture_loop(struct capture *capture)
{
	const int *news_fds = NULL;
	int news_count = capture->news ? mapping_news_fds(capture->news, &news_fds) : 0;
	size_t count = POLL_FIXED + capture->target_count + (size_t)news_count;
	struct pollfd *polls = calloc(count, sizeof(*polls));
	struct pollfd *targets = polls ? polls + POLL_FIXED : NULL;
	int signal = 0;
	if (!polls)
		return SIGTERM; /* ends the capture as if asked to, with what there is */

	polls[POLL_SIGNALS].fd = capture->signal_fd;
	polls[POLL_INTERVAL].fd = capture->interval_fd;
	polls[POLL_DURATION].fd = capture->duration_fd;
	polls[POLL_EVENTS].fd = capture->watcher.news_fd;
	polls[POLL_STATISTICS].fd = capture->statistics_timer_fd;
	for (size_t i = 0; i < capture->target_count; i++)
		targets[i].fd = target_pidfd(capture->targets[i]);
	for (int i = 0; i < news_count; i++)
		targets[capture->target_count + (size_t)i].fd = news_fds[i];
	for (size_t i = 0; i < count; i++)
		polls[i].events = POLLIN;

	while (!signal && !all_ended(capture)) {
		if (poll(polls, (nfds_t)count, -1) < 0 && errno != EINTR)
			break;
		if (all_ended(capture))
			break;
		for (size_t i = POLL_FIXED + capture->target_count; i < count; i++)
			if (polls[i].revents & POLLHUP) /* its thread has ended: nothing more comes */
				polls[i].fd = -1;
		if (capture->news)
			mapping_news_take(capture->news, capture->mappings);
		capture_take_events(capture);
		signal = take_signals(capture);
		if (signal || (polls[POLL_DURATION].revents && take_timer(capture->duration_fd)))
			break;
		if (polls[POLL_STATISTICS].revents && take_timer(capture->statistics_timer_fd))
			capture_end_statistics(capture);
		if (capture->target_count > 1)
			finish_ended(capture, targets);
		if (polls[POLL_INTERVAL].revents && take_timer(capture->interval_fd))
			capture_tick(capture);
	}
	free(polls);
	return signal;
}

void capture_wait_command(struct capture *capture, struct target *command)
{
	struct pollfd polls[] = {
		{.fd = target_pidfd(command), .events = POLLIN},
		{.fd = capture->signal_fd, .events = POLLIN},
	};
	struct signalfd_siginfo info;
	while (!target_has_ended(command)) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			break;
		while (read(capture->signal_fd, &info, sizeof(info)) == sizeof(info))
			if (info.ssi_signo != SIGCHLD && !is_for_the_command(capture, &info))
				kill(target_pid(command), (int)info.ssi_signo);
	}
	target_wait(command);
}
