// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A capture: load the kernel half, find or start the targets, attach, serve, end. */
#include "capture_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captrack/clock.h"

/* Signals are read from a descriptor; blocked before the command is forked, so that
 * none is lost between. */
static int open_signals(struct capture *capture, struct ct_error *err)
{
	sigset_t ours;
	sigemptyset(&ours);
	for (const int *signal = (const int[]){SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGCHLD, 0};
	     *signal; signal++)
		sigaddset(&ours, *signal);
	sigprocmask(SIG_BLOCK, &ours, &capture->inherit.signal_mask);
	capture->signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return capture->signal_fd < 0 ? ct_fail(err, -errno, "signalfd: %s", strerror(errno)) : 0;
}

static int open_timers(struct capture *capture, struct ct_error *err)
{
	capture->interval_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	capture->duration_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	capture->statistics_timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (capture->interval_fd < 0 || capture->duration_fd < 0 || capture->statistics_timer_fd < 0)
		return ct_fail(err, -errno, "timerfd_create: %s", strerror(errno));
	return 0;
}

void capture_start_timers(struct capture *capture)
{
	uint64_t estimate = capture->options->estimate_ms;
	uint64_t duration = estimate ? estimate : capture->options->duration_ms;
	struct itimerspec timer = {
		.it_value = {.tv_sec = (time_t)(duration / 1000),
			     .tv_nsec = (long)(duration % 1000) * 1000000},
	};
	capture_arm_interval(capture);
	timerfd_settime(capture->duration_fd, 0, &timer, NULL);
}

/* Every probe and every mapped file is a descriptor. The command keeps its own limit. */
static void raise_open_files(struct capture *capture)
{
	getrlimit(RLIMIT_NOFILE, &capture->inherit.open_files);
	struct rlimit limit = capture->inherit.open_files;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	/* The table of descriptors grows now, while there is one thread: later that waits for all
	 * BPF programs to end, one of which may wait for us. */
	int high = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC,
			 limit.rlim_max > 16384 ? 16383 : (int)limit.rlim_max - 1);
	if (high >= 0)
		close(high);
}

static int capture_init(struct capture *capture, const struct capture_options *options, struct ct_error *err)
{
	struct kernel_options kernel_options = {
		.max_stacks = options->max_stacks,
		.max_live = options->max_live,
		.max_depth = options->max_depth,
		/* An estimate measures the programs of all modes. */
		.sample_bytes = options->estimate_ms ? 0 : options->sample_bytes,
		.allocs_only = options->allocs_only && !options->estimate_ms,
		.no_details = options->no_details,
		.free_stacks = options->free_stacks,
		.by_thread = options->by_thread,
		.counting = options->estimate_ms > 0,
		.verbose = options->verbosity > 0,
	};
	memset(capture, 0, sizeof(*capture));
	raise_open_files(capture);
	capture->trap_meter = trap_meter_start();
	capture->statistics_on = kernel_statistics_on();
	capture->options = options;
	capture->signal_fd = capture->interval_fd = capture->duration_fd = -1;
	capture->statistics_fd = capture->statistics_timer_fd = -1;
	capture->watcher.news_fd = capture->watcher.wake_fd = -1;
	capture->interval_ms = options->interval_ms;
	capture->start_ms = clock_wall_ms();
	capture->targets = calloc(options->pid_count + 1, sizeof(struct target *));
	if (!capture->targets || mappings_new(&capture->mappings) || symbols_new(&capture->symbols))
		return ct_fail(err, -ENOMEM, "out of memory");

	int result = watcher_init(&capture->watcher);
	if (result)
		return ct_fail(err, result, "eventfd: %s", strerror(-result));
	result = open_signals(capture, err);
	if (!result)
		result = open_timers(capture, err);
	if (!result)
		result = kernel_load(&kernel_options, &capture->kernel, err);
	if (!result && !options->estimate_ms)
		result = profile_store_open(options->output, &capture->store, err);
	if (!result && snapshots_new(capture->kernel, capture->mappings, capture->symbols,
				     options->sample_cap, &capture->snapshots))
		result = ct_fail(err, -ENOMEM, "out of memory");
	return result;
}

static void capture_deinit(struct capture *capture)
{
	watcher_stop(capture);
	watcher_deinit(&capture->watcher);
	capture_end_statistics(capture);
	snapshots_free(capture->snapshots);
	kernel_free(capture->kernel);
	trap_meter_free(capture->trap_meter);
	for (size_t i = 0; i < capture->target_count; i++)
		target_free(capture->targets[i]);
	free(capture->targets);
	free(capture->attached);
	mapping_news_free(capture->news);
	symbols_free(capture->symbols);
	mappings_free(capture->mappings);
	profile_store_close(capture->store);
	for (const int *fd = (const int[]){capture->signal_fd, capture->interval_fd, capture->duration_fd,
					   capture->statistics_timer_fd, -2};
	     *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
	sigprocmask(SIG_SETMASK, &capture->inherit.signal_mask, NULL);
	setrlimit(RLIMIT_NOFILE, &capture->inherit.open_files);
}

/* -p: nothing stops, so the image is entered before the probes and all begin at once. */
static int start_running(struct capture *capture, pid_t pid, struct ct_error *err)
{
	struct image *image;
	int result = target_open(pid, &capture->targets[capture->target_count], err);
	if (result)
		return result;
	capture->target_count++;
	result = capture_add_image(capture, pid, true, &image, err);
	if (result)
		return result;
	if (!capture->options->estimate_ms)
		capture_learn_code(capture, pid);
	result = capture_attach(capture, pid, image, err);
	return result ? (result < 0 ? result : 0) : capture_no_allocator(pid, err);
}

struct command_start {
	struct capture *capture;
	struct target *target;
	struct image *image;
	struct ct_error *err;
};

/* The command has mapped one more file, and is held. */
static int command_ready(void *context)
{
	struct command_start *start = context;
	struct capture *capture = start->capture;
	pid_t pid = target_pid(start->target);
	if (!start->image) {
		mappings_read(capture->mappings, pid, NULL, NULL);
		int result = capture_add_image(capture, pid, false, &start->image, start->err);
		if (result)
			return result;
	}
	int found = capture_attach(capture, pid, start->image, start->err);
	if (!capture->options->estimate_ms)
		capture_learn_code(capture, pid);
	if (found > 0) {
		capture_begin_statistics(capture);
		kernel_enable(capture->kernel, true);
	}
	if (found == 0 && capture_program_kind(pid) != PROGRAM_DYNAMIC)
		return capture_no_allocator(pid, start->err);
	return found > 0 ? 1 : found;
}

/* COMMAND. Where it cannot be profiled it runs all the same, and *err says why. */
static int start_command(struct capture *capture, struct ct_error *err)
{
	struct command_start start = {.capture = capture, .err = err};
	int result = target_spawn(capture->options->command, capture->options->user, &capture->inherit,
				  &start.target, err);
	if (result)
		return result;
	capture->targets[capture->target_count++] = start.target;
	result = mapping_news_open(target_pid(start.target), &capture->news, err);
	if (result)
		return result;
	signal(SIGPIPE, SIG_IGN); /* after the fork: the command keeps its own */
	result = target_start(start.target, command_ready, &start, err);
	if (result == -ENODATA && !err->text[0])
		capture_no_allocator(target_pid(start.target), err);
	if (result == -ECHILD)
		ct_fail(err, result,
			"the command ended before it mapped an allocator: there is nothing to profile");
	return result;
}

static int status_of(struct target *command)
{
	int status = target_wait(command);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The command could not be profiled: say why, and be to it what a shell would be. */
static int run_unprofiled(struct capture *capture, int code, struct ct_error *err)
{
	struct target *command = capture->target_count ? capture->targets[0] : NULL;
	if (!command)
		return EXIT_NO_START;
	if (code == -ENOEXEC) {
		int error = target_exec_errno(command);
		ct_fail(err, code, "cannot run '%s': %s", capture->options->command[0], strerror(error));
		return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_EXEC;
	}
	if (code != -ENODATA && code != -ECHILD)
		return EXIT_NO_START; /* target_free() ends what is still held */
	capture_say(capture, "%s%s", err->text, code == -ENODATA ? "; it runs without a profile" : "");
	err->text[0] = '\0';
	capture_wait_command(capture, command);
	return status_of(command);
}

int capture_leave_command(struct capture *capture, int signal)
{
	struct target *command = capture->targets[0];
	struct pollfd end = {.fd = target_pidfd(command), .events = POLLIN};
	if (signal && !target_has_ended(command))
		kill(target_pid(command), signal);
	/* It may take the signal as it likes: who sent it should not think that we hang. */
	if (!target_has_ended(command) && (!signal || poll(&end, 1, 500) == 0))
		capture_say(capture, "the capture has ended; waiting for the command, for its exit status");
	capture_wait_command(capture, command);
	return status_of(command);
}

static int serve(struct capture *capture)
{
	struct target *command = capture->options->command ? capture->targets[0] : NULL;
	capture_start_timers(capture);
	watcher_start(capture);
	int signal = capture_loop(capture);
	kernel_enable(capture->kernel, false);
	capture_end_statistics(capture);
	watcher_stop(capture);
	capture_warn_of_others(capture);
	capture_write(capture, signal ? PROFILE_SIGNAL : PROFILE_DETACH, true);
	kernel_detach(capture->kernel, 0);
	if (command)
		return capture_leave_command(capture, signal);
	return capture->write_failed ? EXIT_CAPTURE : 0;
}

static int serve_as(struct capture *capture, struct ct_error *err)
{
	return capture->options->estimate_ms ? estimate_serve(capture, err) : serve(capture);
}

int capture_run(const struct capture_options *options, struct ct_error *err)
{
	struct capture capture;
	int status = EXIT_NO_START;
	int result;
	err->text[0] = '\0';
	if (capture_init(&capture, options, err) == 0) {
		if (options->estimate_ms)
			estimate_prepare(&capture);
		if (options->command) {
			result = start_command(&capture, err);
			status = result ? run_unprofiled(&capture, result, err) : serve_as(&capture, err);
		} else {
			result = 0;
			for (size_t i = 0; i < options->pid_count && !result; i++)
				result = start_running(&capture, options->pids[i], err);
			if (!result)
				capture_begin_statistics(&capture);
			kernel_enable(capture.kernel, !result);
			if (!result && options->estimate_ms)
				capture_say(&capture, "counting calls of process %d; Ctrl-C ends it early",
					    options->pids[0]);
			else if (!result)
				capture_say(&capture,
					    "profiling process %d%s; Ctrl-C ends the capture and leaves it "
					    "running",
					    options->pids[0], options->pid_count > 1 ? " and others" : "");
			status = result ? EXIT_CAPTURE : serve_as(&capture, err);
		}
	}
	capture_deinit(&capture);
	return status;
}
