/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_CLI_H
#define CAPTRACK_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "captrack/error.h"

/* A subcommand is one file: this entry, an option table, a function. main.c only
 * dispatches. */
struct command {
	const char *name;                     /* NULL: the capture, which has no name */
	const char *synopsis;                 /* what follows the program's name */
	const char *summary;                  /* one sentence */
	const struct command_option *options; /* ends with a NULL name */
	void (*help_more)(FILE *out);         /* what help has below the options; may be NULL */
	int (*run)(int argc, char **argv);    /* argv[0]: the program's name; returns the exit status */
};

struct command_option {
	const char *name;  /* long, without the dashes */
	char letter;       /* short, or 0 */
	const char *value; /* what it takes, for the help; "[...]": may be left out; NULL: nothing */
	const char *help;
	int id; /* what options_next() returns; letters stand for themselves */
};

extern const struct command capture_command;
extern const struct command report_command;
extern const struct command export_command;
extern const struct command diff_command;
extern const struct command check_command;
extern const struct command merge_command;
extern const struct command doctor_command;

/* All that have a name; NULL at the end. */
extern const struct command *const commands[];

/* The next option of the table: its letter or id, *value set; 0 at the first word
 * that is no option (optind is there), -1 after a message about a wrong one.
 * A value that may be left out is a number, "[BYTES]", or one of a few words, "[auto|never]": the next
 * word is taken for it where it begins with a digit, is one of those. *value is NULL without one. */
int options_next(const struct command *command, int argc, char **argv, const char **value);

/* A whole decimal number of min..max. */
bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Usage and options, one line each. */
void help_print(const struct command *command, FILE *out);

/* Where standard output is a terminal, the text goes through a pager, as git does it. Nothing is
 * started where there is no pager to be had, or none is wanted. Between both, a reader that has seen
 * enough is no reason to end by a signal. */
struct pager {
	int pid;
	int terminal; /* standard output as it was */
};
void pager_begin(struct pager *pager);
void pager_end(struct pager *pager); /* waits for it */

/* "captrack-bpf: ..." to stderr, then where help is. Returns EXIT_USAGE. */
int usage_error(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of an option: "--top x: not a number". */
int wrong_value(const struct command *command, const char *option, const char *value, const char *wanted);

/* "captrack-bpf: ..." to stderr, safe for a terminal: names of files, and what stands in them, are in it. */
void error_print(const struct ct_error *err);

/* The value of -o: a file's name, or for - NULL, standard output. 0, or EXIT_USAGE after a message. */
int take_output(const struct command *command, const char *value, const char **path);

/* Whether what goes to stdout may have colour: to a terminal that has it, where $NO_COLOR is not set. */
bool color_wanted(void);

/* Calls write with a file of this name, or with standard output (NULL). Of what fails half a file is of
 * no use to anybody, and removed; what is no file stays. Returns what write returns, or a negative errno. */
int output_write(const char *path, int (*write)(const void *context, FILE *out), const void *context);

#endif
