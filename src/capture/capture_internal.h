/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CAPTURE_INTERNAL_H
#define CAPTRACK_CAPTURE_INTERNAL_H

#include "captrack/capture.h"

#include <pthread.h>
#include <signal.h>

#include "captrack/cost.h"
#include "captrack/kernel.h"
#include "captrack/profile.h"
#include "captrack/snapshot.h"
#include "captrack/symbols.h"
#include "captrack/target.h"

struct attached_file { /* probes of one file in one process */
	pid_t pid;
	struct mapped_file *file;
};

enum { WATCHERS = 2 };

struct watcher {
	pthread_t thread[WATCHERS];
	int count;            /* of threads that run */
	pthread_mutex_t lock; /* of taking events, and of what follows from them */
	pthread_cond_t done;
	int news_fd; /* readable when the main thread has images to begin */
	int wake_fd; /* the main thread asks: */
	uint64_t asked, served;
	struct ct_blocks_event full_blocks;  /* kind 0: none */
	struct ct_details_event few_details; /* the same */
	uint64_t next_look_ns;               /* at all mappings of a process; not earlier */
	bool stops;
	struct exec_news *first, *last;
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
	struct watcher watcher;
	struct trap_meter *trap_meter;
	bool statistics_on;      /* of BPF programs, from the start */
	int statistics_fd;       /* else we switch them on for a moment, */
	int statistics_timer_fd; /* till this one is readable, */
	double program_ns_a_run; /* and have learned this. 0: not */
	struct cost_basis basis; /* of an estimate */
	uint64_t seen_cpu_ns;    /* of its target, when it was last read */
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
void capture_begin_image(struct capture *capture, const struct ct_exec_event *event,
			 const struct target_identity *identity);
/* Warns of files that bring a malloc of their own, once each. */
void capture_warn_of_others(struct capture *capture);
enum program_kind capture_program_kind(pid_t pid);

/* watcher.c */
int watcher_init(struct watcher *watcher);
void watcher_start(struct capture *capture);
void watcher_stop(struct capture *capture);
void watcher_deinit(struct watcher *watcher);
/* Takes what the kernel half has told until now: images that began by exec, new code. */
void capture_take_events(struct capture *capture);

/* code.c: gives the kernel half the unwind data of all code that the process maps and that
 * it does not know yet ... */
void capture_learn_code(struct capture *capture, pid_t pid);
/* ... or of one mapping. With the watcher's lock held. */
void capture_learn_mapping(void *context, const struct ct_code_event *code);

/* write.c */
/* Writes a profile of every image that lives, or, with final, the last of every image. */
void capture_write(struct capture *capture, enum profile_reason reason, bool final);
/* A tick of the interval: write, and stretch the interval where that took too long. */
void capture_tick(struct capture *capture);
void capture_arm_interval(struct capture *capture);

/* cost.c: */
void capture_begin_cost(struct image *image);
void capture_end_cost(struct image *image); /* its process has ended, or runs another program */
/* Notes what decides the cost of a function's probes. */
void capture_note_site(struct image *image, const struct allocator *allocator, const struct probe_site *site);
/* Switches the statistics of BPF programs on for a moment, to learn the time that ours take.
 * Before the target runs with probes; may be called again before the moment is over. */
void capture_begin_statistics(struct capture *capture);
void capture_end_statistics(struct capture *capture); /* once begun; else does nothing */
/* After a snapshot: what it all has cost until now, in each profile. */
void capture_fill_costs(struct capture *capture, bool final);

/* calibrate.c: the time in our programs for one call, measured on a child of ours. Returns 0
 * or a negative errno. */
int capture_calibrate(struct capture *capture, struct program_cost *out);

/* estimate.c: instead of a capture, calls are counted, and told. */
void estimate_prepare(struct capture *capture); /* before the target is there */
void estimate_tick(struct capture *capture);
int estimate_serve(struct capture *capture, struct ct_error *err);

/* capture.c: of the interval and the duration. */
void capture_start_timers(struct capture *capture);
/* After the end of a capture the command is waited for; signal is what ended the
 * capture, or 0. Returns its exit status. */
int capture_leave_command(struct capture *capture, int signal);

/* loop.c: waits and serves until the capture is over. Returns the signal that ended
 * it, or 0. */
int capture_loop(struct capture *capture);
/* The capture is over, the command is not: pass signals on until it ends. */
void capture_wait_command(struct capture *capture, struct target *command);

/* say.c: "captrack-bpf: ..." to stderr, unless quiet. */
void capture_say(const struct capture *capture, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
