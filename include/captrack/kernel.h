/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_KERNEL_H
#define CAPTRACK_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "captrack/error.h"
#include "captrack/probes.h"
#include "captrack/records.h"

/* The kernel half (bpf/), loaded: its maps and its probes. Everything in it is gone
 * when the loader is, however it ends. */

struct kernel;

struct kernel_options {
	uint32_t max_stacks; /* ..CT_MOST_STACKS */
	uint32_t max_live;
	uint32_t max_depth;    /* 1..CT_MAX_DEPTH */
	uint64_t sample_bytes; /* 0: exact */
	bool allocs_only;      /* free is not probed */
	bool no_details;       /* neither sizes, lifetimes, growth nor threads */
	bool free_stacks;      /* stacks that free are taken, too */
	bool by_thread;        /* each thread has stacks of its own */
	bool counting;         /* kernel_count() will be called */
	bool verbose;          /* libbpf's warnings to stderr */
};

/* -EPERM without the capabilities, -EOPNOTSUPP where the kernel lacks what is needed. */
int kernel_load(const struct kernel_options *options, struct kernel **out, struct ct_error *err);
void kernel_free(struct kernel *kernel); /* NULL-safe; detaches */

/* From here on the process is an image of ours. */
int kernel_add_image(struct kernel *kernel, pid_t pid, uint32_t *image, struct ct_error *err);
void kernel_drop_process(struct kernel *kernel, pid_t pid);
/* Frees what is kept of an image that has ended: who freed, stacks, blocks. */
void kernel_drop_frees(struct kernel *kernel, uint32_t image);
void kernel_drop_stacks(struct kernel *kernel, uint32_t image);
void kernel_drop_blocks(struct kernel *kernel, uint32_t image);
/* Adds a larger table of live blocks to those that the event tells of. May wait for the
 * kernel's grace period; the table is in use before. */
int kernel_add_block_table(struct kernel *kernel, const struct ct_blocks_event *event);
/* Makes room for the histograms of more stacks, as the event asks. May wait as above. */
int kernel_add_details(struct kernel *kernel, const struct ct_details_event *event);

/* Attaches the sites of the file behind fd in one process.
 * Probes stay silent until kernel_enable(). */
int kernel_attach(struct kernel *kernel, pid_t pid, int fd, const char *path, const struct probe_site *sites,
		  size_t count, struct ct_error *err);
void kernel_enable(struct kernel *kernel, bool enabled);
/* Takes the probes out of one process, or, with 0, of all. */
void kernel_detach(struct kernel *kernel, pid_t pid);

/* --- calls that are only counted --- */

/* Probes the entries of the sites by a program that counts and does no more; loaded with
 * options.counting. */
int kernel_count(struct kernel *kernel, pid_t pid, int fd, const char *path, const struct probe_site *sites,
		 size_t count, struct ct_error *err);
/* What all of them have counted. */
int kernel_read_counted(struct kernel *kernel, struct ct_calls *out);
void kernel_stop_counting(struct kernel *kernel); /* takes the probes out */

/* --- the cost of the programs, and what decides that of their probes --- */

/* Whether entry and return of a function are probed at once, by a session link. */
bool kernel_has_sessions(const struct kernel *kernel);
/* ns in our probes' programs until now, and how often they ran, by the kernel's statistics:
 * while they are on. */
struct kernel_program_time {
	uint64_t ns;
	uint64_t runs;
};
int kernel_program_time(struct kernel *kernel, struct kernel_program_time *out);
/* Whether kernel.bpf_stats_enabled is on. */
bool kernel_statistics_on(void);
/* Switches the statistics on, for all BPF programs of the machine, until the descriptor is
 * closed. Returns it, or a negative errno (CAP_SYS_ADMIN is needed). */
int kernel_switch_statistics_on(void);

/* An event source for poll(), and what to do when it is readable. */
int kernel_events_fd(const struct kernel *kernel);
struct kernel_event_handlers {
	void (*on_exec)(void *context, const struct ct_exec_event *event);
	void (*on_code)(void *context, const struct ct_code_event *event);
	void (*on_blocks)(void *context, const struct ct_blocks_event *event);
	void (*on_details)(void *context, const struct ct_details_event *event);
	void *context;
};
int kernel_take_events(struct kernel *kernel, const struct kernel_event_handlers *handlers);

/* --- the objects that the targets map, see CT_ROW in records.h --- */

/* Visits all code that the process maps and that has an object, with the object's key as
 * the kernel half sees it. */
int kernel_read_code(struct kernel *kernel, pid_t pid,
		     void (*visit)(void *context, const struct ct_code_event *code), void *context);
/* The object's number in CT_PLACE; given to it if it has none. -ENOSPC where all are. */
int kernel_enter_object(struct kernel *kernel, const struct ct_object_key *key, uint32_t *id);
/* Gives an object its rows, none where it has no unwind data. -E2BIG where there is no
 * room for them. */
int kernel_set_rows(struct kernel *kernel, const struct ct_object_key *key, const uint64_t *rows,
		    size_t count);
/* Stacks end at the object's code. */
int kernel_set_unreadable(struct kernel *kernel, const struct ct_object_key *key);

/* --- reading one moment, see bpf/snapshot.h --- */
/* Returns the image's epoch from here on, or a negative errno. */
int64_t kernel_begin_snapshot(struct kernel *kernel, uint32_t image);
/* The image's figures as the snapshot began (image->then). Not the pending slots. */
int kernel_read_image(struct kernel *kernel, uint32_t image, struct ct_image *out);
/* Calls visit for each stack that changed since the snapshot before, of the images with one
 * (`epochs`, by image, 0: none), with its counts as that one began. */
struct kernel_stack {
	uint32_t index;
	uint32_t image;
	enum ct_end end;
	struct ct_counts counts;
	const struct ct_histograms *added; /* since the snapshot before; NULL: nothing */
};
int kernel_read_stacks(struct kernel *kernel, const uint64_t epochs[CT_MAX_IMAGES],
		       int (*visit)(void *context, const struct kernel_stack *stack), void *context);
/* A stack's frames, once: the kernel half forgets them. -ENOENT where there are none. */
int kernel_take_frames(struct kernel *kernel, uint32_t stack, struct ct_frames *out);

/* The same of threads, ... */
struct kernel_thread {
	uint32_t number;
	uint32_t image;
	uint32_t tid; /* 0: all for which there was no room */
	char comm[16];
	struct ct_thread_counts counts;
};
int kernel_read_threads(struct kernel *kernel, const uint64_t epochs[CT_MAX_IMAGES],
			int (*visit)(void *context, const struct kernel_thread *thread), void *context);
/* ... and, by stack, of growth chains: what the last epoch added. */
int kernel_read_growth(struct kernel *kernel, const uint64_t epochs[CT_MAX_IMAGES],
		       int (*visit)(void *context, uint32_t stack, const struct ct_growth_part *added),
		       void *context);

/* --- as it is at this moment, while the target runs on --- */
/* Who freed whose blocks, with free_stacks. */
int kernel_read_frees(struct kernel *kernel,
		      int (*visit)(void *context, const struct ct_free_pair *pair,
				   const struct ct_free_counts *counts),
		      void *context);
int kernel_read_double_frees(struct kernel *kernel,
			     int (*visit)(void *context, const struct ct_double_free *double_free,
					  uint64_t count),
			     void *context);
/* Every live block of the image. */
int kernel_read_blocks(struct kernel *kernel, uint32_t image,
		       int (*visit)(void *context, const struct ct_block *block), void *context);

#endif
