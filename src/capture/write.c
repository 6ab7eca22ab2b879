// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Snapshots to profile files, in time with the interval. */
#include "capture_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "captrack/views.h"

enum {
	MOST_OF_A_CORE = 25, /* a snapshot may take one part in this of the interval: 4% */
	LONGEST_INTERVAL_MS = 60000,
};

/* Where nothing is written, or at the end only, the kernel half's figures are taken all the same: some
 * run over after 4 billion events of a stack, and who leaks is seen over time. */
static bool only_takes(const struct capture *capture)
{
	return !capture->options->estimate_ms &&
	       (!capture->options->interval_ms || !capture->options->autodump);
}

void capture_arm_interval(struct capture *capture)
{
	uint64_t ms = only_takes(capture) ? LONGEST_INTERVAL_MS : capture->interval_ms;
	struct timespec every = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};
	struct itimerspec timer = {.it_interval = every, .it_value = every};
	timerfd_settime(capture->interval_fd, 0, &timer, NULL);
}

/* What came since: mapped files and exec'd programs must be known before stacks are. */
static int take_snapshot(struct capture *capture)
{
	if (capture->news)
		mapping_news_take(capture->news, capture->mappings);
	capture_take_events(capture);
	for (struct image *image = snapshots_first(capture->snapshots); image; image = image->next)
		if (!image->ended && !image->profile.capture.allocator)
			capture_attach(capture, image->pid, image, NULL);
	return snapshots_take(capture->snapshots);
}

static void set_exit(struct capture *capture, struct profile *profile)
{
	for (size_t i = 0; i < capture->target_count; i++) {
		struct target *target = capture->targets[i];
		if (target_pid(target) != profile->target.pid || !target_is_child(target))
			continue;
		int status = target_wait(target);
		profile->target.has_exit_status = WIFEXITED(status);
		profile->target.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
		profile->target.has_signal = WIFSIGNALED(status);
		profile->target.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	}
}

/* Returns 0 or a negative errno, with the message. */
static int write_image(struct capture *capture, struct image *image, struct ct_error *err)
{
	char name[256];
	struct profile *profile = &image->profile;
	profile->capture.interval_ms = capture->interval_ms;
	profile->capture.interval_stretched = capture->stretched;
	profile_file_name(profile, name, sizeof(name));
	return profile_store_write(capture->store, name, profile, err);
}

static void write_final(struct capture *capture, struct image *image, enum profile_reason reason)
{
	struct ct_error err;
	char name[256], path[4400];
	bool gone = false;
	for (size_t i = 0; i < capture->target_count; i++)
		gone |= target_pid(capture->targets[i]) == image->pid &&
			target_has_ended(capture->targets[i]);
	image->profile.state = PROFILE_FINAL;
	image->profile.reason = gone || image->ended ? PROFILE_EXIT : reason;
	if (gone && !image->ended)
		set_exit(capture, &image->profile);
	image->ended = true;
	if (snapshots_take_last(capture->snapshots, image))
		capture_say(capture, "cannot read the live blocks: their ages will be missing");

	profile_file_name(&image->profile, name, sizeof(name));
	snprintf(path, sizeof(path), "%s/%s", profile_store_dir(capture->store), name);
	bool write = capture->options->autodump;
	if (write && write_image(capture, image, &err)) {
		fprintf(stderr, "captrack-bpf: %s\n", err.text);
		capture->write_failed = true;
		write = false;
	}
	if (capture->options->verbosity >= 0)
		summary_write(&image->profile, write ? path : NULL, isatty(STDERR_FILENO), stderr);
	snapshots_finish_image(capture->snapshots, image);
}

void capture_write(struct capture *capture, enum profile_reason reason, bool final)
{
	struct ct_error err;
	if (!capture->store) /* an estimate has none */
		return;
	int result = take_snapshot(capture);
	if (result) {
		fprintf(stderr, "captrack-bpf: cannot read the BPF maps: %s\n", strerror(-result));
		capture->write_failed |= final;
		return;
	}
	capture_fill_costs(capture, final);
	for (struct image *image = snapshots_first(capture->snapshots); image; image = image->next) {
		if (image->written)
			continue;
		if (final || image->ended) {
			write_final(capture, image, reason);
			continue;
		}
		image->profile.state = PROFILE_RUNNING;
		image->profile.reason = reason;
		if (write_image(capture, image, &err) && !capture->warned) {
			fprintf(stderr,
				"captrack-bpf: %s (the capture goes on; the next write will try again)\n",
				err.text);
			capture->warned = true;
		}
	}
}

static uint64_t cpu_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void capture_tick(struct capture *capture)
{
	if (capture->options->estimate_ms) {
		estimate_tick(capture);
		return;
	}
	if (only_takes(capture)) {
		take_snapshot(capture); /* what fails will be said by the last */
		return;
	}
	uint64_t before = cpu_ms();
	capture_write(capture, PROFILE_INTERVAL, false);
	uint64_t cost = cpu_ms() - before;
	/* The lower of two: naming new stacks is dear, and done once. */
	uint64_t wanted = (cost < capture->last_cost_ms ? cost : capture->last_cost_ms) * MOST_OF_A_CORE;
	capture->last_cost_ms = cost;
	if (wanted > LONGEST_INTERVAL_MS)
		wanted = LONGEST_INTERVAL_MS;
	if (wanted < capture->options->interval_ms)
		wanted = capture->options->interval_ms;
	if (wanted != capture->interval_ms) {
		capture->interval_ms = wanted;
		capture->stretched = wanted != capture->options->interval_ms;
		capture_arm_interval(capture);
	}
}
