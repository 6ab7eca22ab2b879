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
	PROFILE_NEEDS_FREES = 1, /* free is probed */
	PROFILE_NEEDS_ALL = 2,   /* every call is seen, not a sample of them */
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
	INTEGRITY_COUNT
};

struct profile_stack {
	uint32_t *frames; /* indexes into frames, innermost first; none: "[unknown]" */
	uint32_t n_frames;
	bool truncated;             /* goes on beyond what was kept ... */
	enum profile_integrity why; /* ... one of the reasons below INTEGRITY_TRUNCATED_STACKS, or
				       that where it is not told */
	struct profile_counts counts;
	char *rendered; /* the writer's cache of the JSON text of all above, or NULL */
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
		uint64_t interval_ms; /* as it stands, after stretching */
		bool interval_stretched;
		uint64_t start_ms;
		uint64_t duration_ms;
		uint64_t snapshots;
		char *allocator; /* e.g. "glibc"; one in this version */
		struct profile_probe *probes;
		size_t n_probes;
	} capture;

	struct profile_counts totals; /* at_peak_*: equal to peak_bytes, peak_allocs */
	uint64_t failed_allocs;
	uint64_t peak_allocs; /* blocks live at the moment of the peak */
	uint64_t peak_ms;     /* since target.start_ms */
	uint64_t integrity[INTEGRITY_COUNT];

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
};

/* Frees all that the profile owns and zeroes it. */
void profile_deinit(struct profile *profile);

/* Appends a zeroed element, growing the array; returns its index, or -ENOMEM.
 * Pointers to earlier elements of the same array become invalid. */
int64_t profile_add_object(struct profile *profile);
int64_t profile_add_frame(struct profile *profile);
int64_t profile_add_stack(struct profile *profile);

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

/* The bytes of the UTF-8 character (RFC 3629) at text; 0 where it is none. Names and
 * paths are the target's and may be anything. */
size_t profile_utf8_length(const char *text);

/* --- JSON (contract: the profile file, version 1) --- */

/* Writes the profile as one JSON document; stacks sorted by at_peak_bytes,
 * largest first (ties: live_bytes, allocated_bytes; of allocs_only by allocated_bytes). The order of
 * profile->stacks itself is not changed. Returns 0 or a negative errno. */
int profile_write_json(struct profile *profile, FILE *out);

/* Reads a document of `length` bytes into *profile, which need not be
 * initialised and is left zeroed on failure. Unknown fields are ignored,
 * missing ones zero; a wrong type, an index out of range, a number that is no
 * unsigned 64-bit integer, a capture mode that is not known, or a version other than
 * CT_PROFILE_VERSION is an error whose message names the place ("stacks[3].frames[2]: ..."). */
int profile_read_json(const char *text, size_t length, struct profile *profile, struct ct_error *err);

/* Reads a file (at most 1 GiB) and parses it. Messages name the file. */
int profile_read_file(const char *path, struct profile *profile, struct ct_error *err);

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

#endif
