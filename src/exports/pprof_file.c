// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Packs messages one at a time, and keeps what strings there are. */
#include "pprof_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where there is no memory, the entry is not in the table, and is told. */
#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(entry) ((entry)->index = -1)
#include <uthash.h>

#include "gzip.h"

struct string {
	UT_hash_handle hh;
	int64_t index;
	char text[];
};

struct pprof_file {
	struct gzip gzip;
	struct string *strings;
	int64_t n_strings;
	uint8_t *buffer; /* for a message */
	size_t room;
	int result;
};

static void failed(struct pprof_file *file, int code)
{
	if (!file->result)
		file->result = code;
}

void pprof_file_put(struct pprof_file *file, const Pprof__Profile *part)
{
	size_t size = pprof__profile__get_packed_size(part);
	if (size > file->room) {
		uint8_t *larger = realloc(file->buffer, 2 * size);
		if (!larger) {
			failed(file, -ENOMEM);
			return;
		}
		file->buffer = larger;
		file->room = 2 * size;
	}
	gzip_put(&file->gzip, file->buffer, pprof__profile__pack(part, file->buffer));
}

static void put_string(struct pprof_file *file, char *text)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	part.n_string_table = 1;
	part.string_table = &text;
	pprof_file_put(file, &part);
}

static int64_t add_string(struct pprof_file *file, char *text, size_t length)
{
	struct string *string = malloc(sizeof(*string) + length + 1);
	if (!string) {
		failed(file, -ENOMEM);
		return 0;
	}
	memcpy(string->text, text, length + 1);
	string->index = file->n_strings;
	HASH_ADD_KEYPTR(hh, file->strings, string->text, length, string);
	if (string->index < 0) {
		free(string);
		failed(file, -ENOMEM);
		return 0;
	}
	put_string(file, text);
	return file->n_strings++;
}

int64_t pprof_file_string(struct pprof_file *file, const char *text)
{
	struct string *found;
	if (!text || !*text)
		return 0;
	char *safe = text_safe(text);
	if (!safe) {
		failed(file, -ENOMEM);
		return 0;
	}
	size_t length = strlen(safe);
	HASH_FIND(hh, file->strings, safe, length, found);
	int64_t index = found ? found->index : add_string(file, safe, length);
	free(safe);
	return index;
}

int pprof_file_begin(struct pprof_file **out, FILE *stream)
{
	static char empty[1];
	struct pprof_file *file = calloc(1, sizeof(*file));
	int result = file ? gzip_begin(&file->gzip, stream) : -ENOMEM;
	if (result) {
		free(file);
		return result;
	}
	put_string(file, empty);
	file->n_strings = 1;
	*out = file;
	return 0;
}

int pprof_file_end(struct pprof_file *file)
{
	struct string *string, *next;
	if (!file)
		return 0;
	int written = gzip_end(&file->gzip);
	int result = file->result ? file->result : written;
	HASH_ITER(hh, file->strings, string, next)
	{
		HASH_DEL(file->strings, string);
		free(string);
	}
	free(file->buffer);
	free(file);
	return result;
}
