/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_PROFILE_JSON_READER_H
#define CAPTRACK_PROFILE_JSON_READER_H

#include "captrack/json_parse.h"
#include "profile_internal.h"

/* Values out of a profile file. The file may be anybody's: every type and number is
 * checked, an error names its place and repeats no text of the file. Nothing is read after
 * the first error: what these return then is 0 or NULL. */

enum { NO_INDEX = -1 };

struct reader {
	struct profile *profile;
	struct ct_error *err;
	int result; /* 0, or the first error */
	/* The place that is being read: "frames[3].inlined[2]", told only on error. */
	const char *part;
	int64_t index;
	const char *list;
	int64_t list_index;
};

/* Where the reading is: at stacks[3], in its frames[2], in its growth (without an index), at
 * stacks[3] again. */
void at(struct reader *reader, const char *part, int64_t index);
void in_list(struct reader *reader, const char *list, int64_t index);
void in_object(struct reader *reader, const char *name);
void out_again(struct reader *reader);

void wrong(struct reader *reader, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void no_memory(struct reader *reader);

/* A member of an object; NULL where it is missing, or after an error. */
const struct json *member(struct reader *reader, const struct json *object, const char *name);
/* What is missing is 0, NULL, false, the first of the words. */
uint64_t to_number(struct reader *reader, const char *field, const struct json *item, uint64_t max);
uint64_t read_number(struct reader *reader, const struct json *object, const char *name, uint64_t max);
void read_numbers(struct reader *reader, const struct json *object, const struct number_field *fields,
		  void *base);
char *to_string(struct reader *reader, const char *field, const struct json *item);    /* the caller's */
char *read_string(struct reader *reader, const struct json *object, const char *name); /* the caller's */
uint64_t read_hex(struct reader *reader, const struct json *object, const char *name); /* "0x12ab" */
bool read_flag(struct reader *reader, const struct json *object, const char *name);
double read_factor(struct reader *reader, const struct json *object, const char *name); /* 1 is none */
double read_share(struct reader *reader, const struct json *object, const char *name);  /* 0 to 1 */
/* An index of one of so many things of a kind ("frame"). */
uint32_t to_index(struct reader *reader, const char *field, const struct json *item, const char *kind,
		  size_t count);
uint32_t read_index(struct reader *reader, const struct json *object, const char *name, const char *kind,
		    size_t count);
/* The index in words, ended by NULL. */
int read_word(struct reader *reader, const struct json *object, const char *name, const char *const *words);
const struct json *read_object(struct reader *reader, const struct json *object, const char *name);
const struct json *read_array(struct reader *reader, const struct json *object, const char *name);

/* Whether an array holds no more than that; of nothing, too. */
bool is_at_most(struct reader *reader, const char *field, const struct json *array, uint32_t most,
		const char *what);
/* Room for what an array holds; NULL for an empty one, or after an error. */
void *room_for(struct reader *reader, const struct json *array, size_t size);
/* Whether an element of a list can be read. */
bool is_object(struct reader *reader, const struct json *item);
/* A new element of the profile, at its index; NULL after an error. */
void *added(struct reader *reader, int64_t index, void *array, size_t size);

#endif
