/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_H
#define CAPTRACK_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "captrack/error.h"

/* The model of one profile: what the snapshot fills, what the JSON file holds,
 * what every view reads. Bytes and counts are whole numbers, exact, or estimates where
 * capture.sample_bytes is not 0. A string that is
 * not known is NULL and is absent from the file; has_* flags do the same for
 * numbers. The profile owns every string and array in it. */

enum { CT_PROFILE_VERSION = 1 };

enum profile_state { PROFILE_RUNNING, PROFILE_FINAL };
enum profile_reason { PROFILE_INTERVAL, PROFILE_EXIT, PROFILE_DETACH, PROFILE_SIGNAL };

/* What a figure is known by, as flags: not each way to capture knows all of them. A figure
 * that is not known is absent from the file, and what the model has in its place means
 * nothing: who shows it asks profile_knows(). */
enum {
	PROFILE_NEEDS_FREES = 1,   /* free is probed */
	PROFILE_NEEDS_ALL = 2,     /* every call is seen, not a sample of them */
	PROFILE_NEEDS_DETAILS = 4, /* sizes, times and threads are kept */
	PROFILE_DETAILS = PROFILE_NEEDS_FREES | PROFILE_NEEDS_ALL | PROFILE_NEEDS_DETAILS,
};

/* The counters that every stack has and whose sums are the totals. */
struct profile_counts {
	uint64_t allocs;
	uint64_t frees;
	uint64_t reallocs;
	uint64_t allocated_bytes;
	uint64_t freed_bytes;
	uint64_t live_allocs;
	uint64_t live_bytes;
	uint64_t temporary_allocs;
	uint64_t peak_bytes;    /* a stack's own peak; in totals: the process's */
	uint64_t at_peak_bytes; /* at the moment of the process's peak */
	uint64_t at_peak_allocs;
	/* Of reallocs that made a known block larger or smaller; by the stack that called realloc. */
	uint64_t grown_in_place; /* larger, at the same address */
	uint64_t moved;          /* to another address ... */
	uint64_t moved_bytes;    /* ... with so many bytes copied: the smaller of both sizes */
	/* Blocks freed by another thread than the one that allocated them. */
	uint64_t cross_thread_frees;
};

enum { PROFILE_CLASSES = 64 };

/* How many values there are of each power of two: class n has those of n bits (0 is class 0,
 * 1 is class 1, 2 and 3 are class 2), of which counts[0] is the class `first`. n is 0 where
 * nothing was counted: then what else there is of the values (least, most) is not known. */
struct profile_histogram {
	uint32_t first;
	uint32_t n;
	uint64_t *counts;
};

/* Of the blocks that were freed: how long they lived. */
struct profile_lifetimes {
	uint64_t min;
	uint64_t max;
	bool has_sum; /* more than 584 years of all blocks together are not told */
	uint64_t sum;
	struct profile_histogram log2;
};

/* Of the blocks that live: how long ago they were allocated. Known of final profiles. */
struct profile_ages {
	bool known;
	uint64_t min;
	uint64_t max;
	uint64_t mean;
	uint64_t startup_allocs; /* those of the capture's first second */
	uint64_t startup_bytes;
};

struct profile_sizes { /* as asked for */
	uint64_t min;
	uint64_t max;
	struct profile_histogram log2;
};

/* Growth chains that began at a stack: blocks that realloc made larger or smaller, however often,
 * till they were freed. Blocks that never met realloc are no chains. */
struct profile_growth {
	uint64_t chains;
	uint64_t steps;          /* reallocs of all chains */
	uint64_t first_bytes;    /* the sum of the sizes that they began with */
	uint64_t copied_bytes;   /* if each step had moved its block: the sum of the smaller sizes */
	uint64_t open_chains;    /* of a final profile: not ended. Their sizes are among the final ones */
	uint64_t total_observed; /* final sizes, of which these are a fair sample: */
	uint64_t *final_sizes;
	size_t n_final_sizes;
};

/* What a stack holds grows, snapshot by snapshot: see src/snapshot/leaks.c. */
struct profile_leak {
	double score; /* 0 (no leak) to 1 */
	uint64_t bytes_per_s;
};

struct profile_freed_by {    /* blocks of a stack, and a stack that freed them */
	uint32_t free_stack; /* index into free_stacks */
	uint64_t frees;
	uint64_t cross_thread_frees;
};

struct profile_object {
	char *path;     /* as the target sees it; "[anon]", "[vdso]" for what is no file */
	char *build_id; /* hex */
};

struct profile_inline { /* a function inlined at the frame's address */
	char *function;
	char *file;
	uint32_t line; /* 0: not known */
	uint32_t column;
};

struct profile_frame {
	uint32_t object;        /* index into objects */
	uint64_t offset;        /* return address as an ELF virtual address of the object;
				   the address itself where the object is no file */
	char *function;         /* demangled, without arguments; the outermost, not inlined one */
	bool has_symbol_offset; /* the name is from an ELF symbol table, not debug info: */
	uint64_t symbol_offset; /* readers print function+0xSYMBOL_OFFSET */
	char *file;             /* for inlined frames: where `function` itself is left, that is the
				   call site of the outermost inlined function */
	uint32_t line;
	uint32_t column;
	struct profile_inline *inlined; /* innermost first */
	size_t n_inlined;
	char *rendered; /* the writer's cache of this frame's JSON text, or NULL */
};

/* Named counters under "integrity". The table of names is in one place,
 * src/profile/integrity.c, with a sentence for each; a zero is written too. */
enum profile_integrity {
	INTEGRITY_UNMATCHED_FREES,
	INTEGRITY_INTERNAL_FREES,   /* the C library's own, of no live block: glibc empties a thread's
				       cache so at the thread's end. Normal, never a warning. */
	INTEGRITY_DROPPED_BLOCKS,   /* no room for a block: its free cannot be seen */
	INTEGRITY_DROPPED_STACKS,   /* no room for a stack: booked on [unknown] */
	INTEGRITY_TRUNCATED_STACKS, /* not whole, for any of these reasons (enum ct_end): */
	INTEGRITY_DEPTH_STACKS,
	INTEGRITY_UNKNOWN_OBJECT_STACKS,
	INTEGRITY_NO_ROW_STACKS,
	INTEGRITY_ODD_ROW_STACKS,
	INTEGRITY_READ_FAULT_STACKS,
	INTEGRITY_NOT_CODE_STACKS,
	INTEGRITY_NO_PROGRESS_STACKS,
	INTEGRITY_BUSY_STACKS,
	INTEGRITY_MISSED_FREES,        /* an address handed out again whose free was not seen */
	INTEGRITY_LOST_RETURNS,        /* an allocator call that never returned */
	INTEGRITY_UNREADABLE_RESULTS,  /* an out-parameter that could not be read */
	INTEGRITY_DROPPED_EVENTS,      /* bookings lost: totals are too low */
	INTEGRITY_DROPPED_THREADS,     /* calls not seen: no room for a thread's state */
	INTEGRITY_UNFOLLOWED_CHILDREN, /* processes forked off; not profiled */
	INTEGRITY_MAIN_THREAD_GONE,    /* and the probes with it: what came later is not counted */
	INTEGRITY_DOUBLE_FREES,        /* of blocks that were free: a bug of the target */
	INTEGRITY_DROPPED_DETAILS,     /* no room for a stack's sizes, lifetimes or growth */
	INTEGRITY_COUNT
};

struct profile_stack {
	uint32_t *frames; /* indexes into frames, innermost first; none: "[unknown]" */
	uint32_t n_frames;
	bool truncated;             /* goes on beyond what was kept ... */
	enum profile_integrity why; /* ... one of the reasons below INTEGRITY_TRUNCATED_STACKS, or
				       that where it is not told */
	struct profile_counts counts;
	struct profile_lifetimes lifetimes; /* known where there are frees and PROFILE_DETAILS */
	struct profile_ages ages;
	struct profile_sizes sizes;        /* known where there are allocs and PROFILE_NEEDS_ALL */
	struct profile_growth *growth;     /* NULL: no chains */
	struct profile_leak leak;          /* score 0: none */
	bool has_thread;                   /* known with capture.by_thread: */
	uint32_t thread;                   /* index into threads: whose calls these are */
	struct profile_freed_by *freed_by; /* capture.free_stacks */
	size_t n_freed_by;
	char *rendered; /* the writer's cache of the JSON text of frames and end, or NULL */
};

/* A stack that freed, or freed what was free. */
struct profile_free_stack {
	uint32_t *frames; /* as in struct profile_stack */
	uint32_t n_frames;
	char *rendered; /* the writer's cache of the JSON text of frames, or NULL */
};

/* A block was freed though it was free, with no allocation at its address in between. */
struct profile_double_free {
	int64_t stack;    /* that had allocated it: index into stacks; -1: not known */
	int64_t freed_by; /* index into free_stacks, -1: not known (capture.free_stacks tells) */
	int64_t again_by; /* the same, the second time */
	uint64_t count;
};

struct profile_thread {
	int pid;    /* whose, in a merged profile; else 0: the target's */
	int tid;    /* 0: the threads for which there was no room, together */
	char *name; /* the last known */
	uint64_t allocs;
	uint64_t frees; /* that it did, of whoever's blocks */
	uint64_t allocated_bytes;
	uint64_t live_allocs; /* of its own blocks, whoever frees them */
	uint64_t live_bytes;
};

/* Of a merged profile: one of the processes that are in it, with figures of its own. */
struct profile_process {
	int pid;
	int ppid;
	char *exe;
	char *command;
	uint64_t start_ms;
	char *file; /* the name of its profile, without the folder */
	enum profile_state state;
	bool has_exit_status;
	int exit_status;
	bool has_signal;
	int signal;
	uint64_t allocs;
	uint64_t frees;
	uint64_t allocated_bytes;
	uint64_t live_allocs;
	uint64_t live_bytes;
	uint64_t peak_bytes;
	uint64_t peak_allocs;
	uint64_t peak_ms; /* since its own start_ms */
	bool holds_peak;  /* the highest of all: the target, and whose peak the profile's is */
};

/* One moment. What is not known is 0 in a point, unless the flag beside it says otherwise. */
struct profile_point {
	uint64_t ms; /* since target.start_ms */
	uint64_t live_bytes;
	uint64_t live_allocs;
	bool is_peak; /* the process's peak itself, between two snapshots: the above is all that is known */
	uint64_t allocated_bytes; /* until then, as are all below but rss_bytes and threads */
	uint64_t allocs;
	uint64_t frees;
	bool has_usage;     /* of the process, from outside; sums are since the process began, which may
			       be before the capture did, or the image: */
	uint64_t rss_bytes; /* this and threads are 0 (not known) once the process has ended */
	uint64_t threads;
	uint64_t cpu_ms;
	uint64_t minor_faults;
	uint64_t major_faults;
	bool has_io;
	uint64_t read_bytes; /* by read(2) and its like, files or not */
	uint64_t written_bytes;
};

struct profile_probe {
	char *function;
	uint32_t object;      /* index into objects */
	uint64_t site_offset; /* of the probed instruction, an ELF virtual address */
	const char *kind;     /* "entry" | "return" | "session" (both at once), static */
	bool emulated; /* by the kernel, else it steps a copy of the instruction: twice the cost, or more */
};

struct profile {
	enum profile_state state;
	enum profile_reason reason;

	struct {
		int pid;
		int ppid;
		char *exe;
		char *command; /* the command line, arguments separated by spaces */
		char *build_id;
		uint64_t start_ms;     /* wall clock: when tracking of this image began */
		bool attached_running; /* "running", else "start" */
		bool has_exit_status;
		int exit_status;
		bool has_signal;
		int signal;
	} target;

	struct {
		char *kernel;
		char *arch;
		uint32_t cpus;
		uint32_t page_size;
	} host;

	struct {
		uint64_t
			sample_bytes; /* 0: exact; else one allocation is kept per so many bytes on average */
		bool allocs_only;     /* free is not probed */
		bool no_details;      /* neither sizes, lifetimes, growth nor threads were kept */
		bool free_stacks;     /* stacks that free were taken */
		bool by_thread;       /* each thread has stacks of its own */
		uint64_t interval_ms; /* as it stands, after stretching */
		bool interval_stretched;
		uint64_t start_ms;
		uint64_t duration_ms;
		uint64_t snapshots;
		char *allocator; /* e.g. "glibc"; of a merged profile all that there were: "glibc, musl" */
		struct profile_probe *probes;
		size_t n_probes;
	} capture;

	struct profile_counts totals; /* at_peak_*: equal to peak_bytes, peak_allocs */
	uint64_t failed_allocs;
	uint64_t peak_allocs; /* blocks live at the moment of the peak */
	uint64_t peak_ms;     /* since target.start_ms */
	uint64_t integrity[INTEGRITY_COUNT];

	/* Of what judges rely on, the first that the file lacks though each capture writes it, as
	 * "totals.allocs": above it reads as 0, and proves nothing. NULL: nothing lacks. */
	const char *lacks;

	struct { /* what the capture cost the target */
		bool known;
		uint64_t events; /* allocations and frees, failed and unmatched ones too: a realloc is both */
		bool has_program_ns;
		uint64_t program_ns; /* in our programs */
		bool has_trap_ns;
		uint64_t trap_ns; /* in the kernel, on the way there and back; estimated */
		double slowdown;  /* of CPU time; estimated. 0: not known */
		bool traps_only;  /* it is more: the time in our programs is not known */
	} cost;

	struct profile_object *objects;
	size_t n_objects;
	struct profile_frame *frames;
	size_t n_frames;
	struct profile_stack *stacks;
	size_t n_stacks;
	struct profile_free_stack *free_stacks;
	size_t n_free_stacks;
	struct profile_double_free *double_frees;
	size_t n_double_frees;
	struct profile_thread *threads; /* in the order of their first allocation */
	size_t n_threads;
	struct profile_point *timeline; /* by time */
	size_t n_timeline;
	struct profile_process *merged; /* in the order of the inputs; none: not merged */
	size_t n_merged;
};

/* Frees all that the profile owns and zeroes it. */
void profile_deinit(struct profile *profile);

/* Appends a zeroed element, growing the array; returns its index, or -ENOMEM.
 * Pointers to earlier elements of the same array become invalid. */
int64_t profile_add_object(struct profile *profile);
int64_t profile_add_frame(struct profile *profile);
int64_t profile_add_stack(struct profile *profile);
int64_t profile_add_free_stack(struct profile *profile);
int64_t profile_add_double_free(struct profile *profile);
int64_t profile_add_thread(struct profile *profile);
int64_t profile_add_point(struct profile *profile);
int64_t profile_add_process(struct profile *profile);

/* Counts n more of a class (below PROFILE_CLASSES). -ENOMEM. */
int profile_histogram_add(struct profile_histogram *histogram, uint32_t log2_class, uint64_t n);
/* The number of a value's bits: its class. */
static inline uint32_t profile_log2_class(uint64_t value)
{
	return value ? 64 - (uint32_t)__builtin_clzll(value) : 0;
}
/* The final size that a share (0..1) of the chains does not pass; 0 where there is none. Sorts the sizes. */
uint64_t profile_growth_percentile(struct profile_growth *growth, double share);

/* n values, a fair sample of `total` of them. */
struct size_sample {
	const uint64_t *values;
	size_t n;
	uint64_t total;
};
/* One fair sample of all populations together, sorted; `out` has room for all values of all parts.
 * Returns how many there are. Parts without values are left out. */
size_t samples_merge(const struct size_sample *parts, size_t n, uint64_t *out);

/* Sets totals to the sums over the stacks (peak_bytes and at_peak_bytes both to
 * the sum of at_peak_bytes: the process's peak). */
void profile_sum_stacks(struct profile *profile);

/* Whether figures that need this (PROFILE_NEEDS_*) are known. */
bool profile_knows(const struct profile *profile, unsigned int needs);

/* "unmatched_frees" etc., and a sentence for the user on what it means. */
const char *profile_integrity_name(enum profile_integrity which);
const char *profile_integrity_sentence(enum profile_integrity which);
bool profile_knows_integrity(const struct profile *profile, enum profile_integrity which);
/* One of the reasons that a stack is truncated; they are told together. */
bool profile_is_reason(enum profile_integrity which);
/* Such a reason as it stands in a stack's "end": no_row, for one. */
void profile_reason_word(enum profile_integrity which, char word[32]);
/* false for what is normal (unmatched frees of a process attached to while it
 * ran) and so wants no warning. */
bool profile_integrity_warns(const struct profile *profile, enum profile_integrity which);

/* --- JSON (contract: the profile file, version 1) --- */

/* Writes the profile as one JSON document; stacks sorted by at_peak_bytes,
 * largest first (ties: live_bytes, allocated_bytes; of allocs_only by allocated_bytes). The order of
 * profile->stacks itself is not changed: what names stacks is given their place in the file. Returns 0 or a
 * negative errno. */
int profile_write_json(struct profile *profile, FILE *out);

/* Whatever a document says, what was read of it is bounded so; a capture has far less. */
enum {
	PROFILE_MOST_BYTES = 1 << 30,     /* of a document */
	PROFILE_MOST_ELEMENTS = 1 << 22,  /* stacks, frames, and so on: of each list */
	PROFILE_MOST_STACK_FRAMES = 4096, /* of one stack */
	PROFILE_MOST_INLINED = 1024,      /* functions at one frame */
};

/* Reads a document of `length` bytes into *profile, which need not be
 * initialised and is left zeroed on failure. Unknown fields are ignored, and so are figures
 * that the capture's mode cannot know; missing ones are zero, NULL, -1 of double frees, as the model
 * has it. A wrong type, an index out of range, a number that is no
 * unsigned 64-bit integer, a capture mode that is not known, or a version other than
 * CT_PROFILE_VERSION is an error whose message names the place ("stacks[3].frames[2]: ..."). */
int profile_read_json(const char *text, size_t length, struct profile *profile, struct ct_error *err);

/* Reads a file (at most 1 GiB) and parses it. Messages name the file. */
int profile_read_file(const char *path, struct profile *profile, struct ct_error *err);

/* --- several profiles as one --- */

/* Processes of one run, or runs of one program. What is counted adds up; equal stacks are one. A sum of
 * peaks is no peak: the merged profile's is that of the process with the highest, whose target, host and
 * at_peak_* it has too, so that sums over stacks equal the totals here as well. A stack's own
 * peak is the highest that it had in one process. Of leaks the clearest is kept. Durations do not add up
 * either: the longest is kept. Timeline and slowdown are of one process, and absent for several. */
struct profile_merger;

int profile_merger_new(struct profile_merger **out);     /* -ENOMEM */
void profile_merger_free(struct profile_merger *merger); /* NULL-safe */

/* Adds a profile, which may be freed then: what the merger keeps grows with what is new in it. The name is
 * its file's. Fails with a message where captures were not of the same mode, a process is in two inputs, or a
 * sum does not fit into 64 bits; the merger can only be freed then. */
int profile_merge_add(struct profile_merger *merger, const struct profile *profile, const char *name,
		      struct ct_error *err);
/* Moves what has been added, one profile at least, to *out. */
void profile_merge_finish(struct profile_merger *merger, struct profile *out);

/* --- the folder that profiles go to --- */

struct profile_store; /* one output folder */

/* Makes the folder (with parents) where it is missing, owned by the user behind
 * sudo, opens it, checks that it can be written, and removes temporary files
 * that dead loaders left in it. Nothing is left behind on failure. */
int profile_store_open(const char *dir, struct profile_store **out, struct ct_error *err);
void profile_store_close(struct profile_store *store); /* NULL-safe */
const char *profile_store_dir(const struct profile_store *store);

/* Writes the profile to a temporary file in the folder and renames it to `name`
 * (profile_file_name), atomically; fsyncs file and folder where final. A
 * folder that has gone is made again. On failure the former file is untouched
 * and no temporary file stays. Returns a negative errno with a message. */
int profile_store_write(struct profile_store *store, const char *name, struct profile *profile,
			struct ct_error *err);

/* profile-<stem>-<pid>-<start_ms>.json, stem from the basename of target.exe
 * with characters outside [A-Za-z0-9._+-] replaced by '_', cut to 64 bytes. */
void profile_file_name(const struct profile *profile, char *out, size_t size);

/* --- one file, anywhere --- */

struct profile_output;

/* "-" is standard output. Checks that the file can be written, in a folder that is there; makes nothing yet.
 */
int profile_output_open(const char *path, struct profile_output **out, struct ct_error *err);
/* As profile_store_write() does, where it is a file. */
int profile_output_write(struct profile_output *output, struct profile *profile, struct ct_error *err);
void profile_output_close(struct profile_output *output); /* NULL-safe */

#endif
