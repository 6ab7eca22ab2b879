/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CAPTURE_INTERNAL_H
#define CAPTRACK_CAPTURE_INTERNAL_H

#include "captrack/capture.h"

#include <signal.h>

#include "captrack/kernel.h"
#include "captrack/profile.h"
#include "captrack/snapshot.h"
#include "captrack/symbols.h"
#include "captrack/target.h"

struct attached_file { /* probes of one file in one process */
	pid_t pid;
	struct mapped_file *file;
};

struct capture {
	const struct capture_options *options;
	struct kernel *kernel;
	struct mappings *mappings;
	struct mapping_news *news; /* of the command; NULL with -p */
	struct symbols *symbols;
	struct snapshots *snapshots;
	struct profile_store *store;
	struct target **targets;
	size_t target_count;
	struct attached_file *attached;
	size_t attached_count;
	struct target_inherit inherit;
	int signal_fd;
	int interval_fd; /* timers */
	int duration_fd;
	uint64_t start_ms;     /* wall clock */
	uint64_t interval_ms;  /* as it stands */
	uint64_t last_cost_ms; /* CPU time of the last tick */
	bool stretched;
	bool warned;       /* of a failed periodic write */
	bool write_failed; /* of a final profile */
};

/* attach.c: probes the allocator's functions in all files that the process maps and
 * that are not probed yet. Returns how many files the allocator was found in. */
int capture_attach(struct capture *capture, pid_t pid, struct image *image, struct ct_error *err);
/* A new image for the process. */
int capture_add_image(struct capture *capture, pid_t pid, bool running, struct image **out,
		      struct ct_error *err);
/* Names the probes in a profile that lacks them. */
void capture_note_probes(struct capture *capture, struct image *image);
/* An image that began by exec. */
void capture_exec(void *context, const struct ct_exec_event *event);
/* Warns of files that bring a malloc of their own, once each. */
void capture_warn_of_others(struct capture *capture);
/* "no allocator found in ...", with the reason as far as it can be told. */
int capture_no_allocator(pid_t pid, struct ct_error *err);
enum program_kind capture_program_kind(pid_t pid);

/* write.c */
/* Writes a profile of every image that lives, or, with final, the last of every image. */
void capture_write(struct capture *capture, enum profile_reason reason, bool final);
/* A tick of the interval: write, and stretch the interval where that took too long. */
void capture_tick(struct capture *capture);
void capture_arm_interval(struct capture *capture);

/* loop.c: waits and serves until the capture is over. Returns the signal that ended
 * it, or 0. */
int capture_loop(struct capture *capture);
/* The capture is over, the command is not: pass signals on until it ends. */
void capture_wait_command(struct capture *capture, struct target *command);

/* say.c: "captrack-bpf: ..." to stderr, unless quiet. */
void capture_say(const struct capture *capture, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
