// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* export -f pprof: the file's messages. What pprof itself makes of them is tests/scenarios/exports.py's. */
#include "../../src/exports/exports_internal.h"
#include "made_profile.h"
#include "profile.pb-c.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

enum { MOST_BYTES = 1 << 23 };

static Pprof__Profile *read_back(const struct profile *profile)
{
	char *packed = NULL;
	unsigned char *plain = malloc(MOST_BYTES);
	size_t length;
	FILE *out = open_memstream(&packed, &length);
	assert_non_null(out);
	assert_non_null(plain);
	assert_null(pprof_lacks(profile));
	assert_int_equal(pprof_write(profile, out), 0);
	fclose(out);
	z_stream stream = {.next_in = (unsigned char *)packed, .avail_in = (uInt)length};
	stream.next_out = plain;
	stream.avail_out = MOST_BYTES;
	assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK); /* a gzip header, or an error */
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	Pprof__Profile *read = pprof__profile__unpack(NULL, stream.total_out, plain);
	assert_non_null(read);
	assert_string_equal(read->string_table[0], "");
	inflateEnd(&stream);
	free(plain);
	free(packed);
	return read;
}

static const char *string_at(const Pprof__Profile *read, int64_t index)
{
	assert_in_range(index, 0, read->n_string_table - 1);
	return read->string_table[index];
}

static const Pprof__Location *location_at(const Pprof__Profile *read, uint64_t id)
{
	for (size_t i = 0; i < read->n_location; i++)
		if (read->location[i]->id == id)
			return read->location[i];
	fail_msg("no location %d", (int)id);
	return NULL;
}

static const Pprof__Function *function_at(const Pprof__Profile *read, uint64_t id)
{
	for (size_t i = 0; i < read->n_function; i++)
		if (read->function[i]->id == id)
			return read->function[i];
	fail_msg("no function %d", (int)id);
	return NULL;
}

/* "add vec.h:7 | grow buf.c:14 < main shop.c:5": lines of a location parted by |. */
static void show_sample(const Pprof__Profile *read, const Pprof__Sample *sample, char *out, size_t size)
{
	*out = '\0';
	for (size_t i = 0; i < sample->n_location_id; i++) {
		const Pprof__Location *location = location_at(read, sample->location_id[i]);
		for (size_t j = 0; j < location->n_line; j++) {
			const Pprof__Line *line = location->line[j];
			const Pprof__Function *function = function_at(read, line->function_id);
			size_t used = strlen(out);
			snprintf(out + used, size - used, "%s%s %s:%d:%d",
				 j   ? " | "
				 : i ? " < "
				     : "",
				 string_at(read, function->name), string_at(read, function->filename),
				 (int)line->line, (int)line->column);
		}
	}
}

static void expect_types(const Pprof__Profile *read, const char *expected, const char *first)
{
	char text[256] = "";
	for (size_t i = 0; i < read->n_sample_type; i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "%s/%s ",
			 string_at(read, read->sample_type[i]->type),
			 string_at(read, read->sample_type[i]->unit));
	}
	assert_string_equal(text, expected);
	assert_string_equal(string_at(read, read->default_sample_type), first);
}

static void test_samples(void **state)
{
	(void)state;
	static const struct {
		const char *made;
		const char *shown;
	} table[] = {
		{"add vec.h:7:3^ < push vec.h:9^ < grow buf.c:14 < main shop.c:5:2",
		 "add vec.h:7:3 | push vec.h:9:0 | grow buf.c:14:0 < main shop.c:5:2"},
		{"+0x1234 < main shop.c:5:2", "shop+0x1234 :0:0 < main shop.c:5:2"},
		{"getline < main shop.c:6", "getline :0:0 < main shop.c:6:0"},
		{"", "[unknown] :0:0"},
	};
	struct profile profile;
	char text[512];
	made_begin(&profile);
	for (size_t i = 0; i < 4; i++)
		made_stack(&profile, table[i].made)->counts = (struct profile_counts){
			.allocs = 10 + i,
			.allocated_bytes = 100 + i,
			.live_allocs = 1,
			.live_bytes = 20 + i,
			.at_peak_bytes = 50 + i,
			.peak_bytes = 60,
		};
	made_stack(&profile, "cut a.c:1")->truncated = true;
	profile.stacks[4].counts.allocated_bytes = INT64_MAX - 1000;
	Pprof__Profile *read = read_back(&profile);
	expect_types(read,
		     "alloc_objects/count alloc_space/bytes peak_space/bytes inuse_objects/count "
		     "inuse_space/bytes ",
		     "inuse_space");
	assert_int_equal(read->n_sample, 5);
	for (size_t i = 0; i < 4; i++) {
		const int64_t values[] = {10 + (int64_t)i, 100 + (int64_t)i, 50 + (int64_t)i, 1,
					  20 + (int64_t)i};
		show_sample(read, read->sample[i], text, sizeof(text));
		assert_string_equal(text, table[i].shown);
		assert_int_equal(read->sample[i]->n_value, 5);
		assert_memory_equal(read->sample[i]->value, values, sizeof(values));
		assert_int_equal(read->sample[i]->n_label, 0);
	}
	show_sample(read, read->sample[4], text, sizeof(text));
	assert_string_equal(text, "cut a.c:1:0 < [truncated] :0:0");
	assert_true(read->sample[4]->value[1] == INT64_MAX - 1000);
	pprof__profile__free_unpacked(read, NULL);
	profile_deinit(&profile);
}

/* A function is one, wherever in it calls are; two of a name in two files are two. */
static void test_functions(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_stack(&profile, "grow buf.c:12 < main shop.c:3");
	made_stack(&profile, "grow buf.c:14 < main shop.c:5");
	made_stack(&profile, "grow other.c:1 < main shop.c:5");
	Pprof__Profile *read = read_back(&profile);
	assert_int_equal(read->n_function, 5); /* and [unknown], [truncated] */
	assert_int_equal(location_at(read, read->sample[0]->location_id[0])->line[0]->function_id,
			 location_at(read, read->sample[1]->location_id[0])->line[0]->function_id);
	for (size_t i = 0; i < read->n_string_table; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(read->string_table[i], read->string_table[j]);
	pprof__profile__free_unpacked(read, NULL);
	profile_deinit(&profile);
}

/* The program's own first; flags are what is known of each; addresses are within calls. */
static void test_mappings(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	free(profile.target.exe);
	profile.target.exe = strdup("/lib/libc.so.6"); /* the second object */
	profile.objects[0].build_id = strdup("00ab");
	made_stack(&profile, "add vec.h:7^ < grow buf.c:14 < __libc_main");
	made_stack(&profile, "+0x0 < +0x40");
	Pprof__Profile *read = read_back(&profile);
	assert_int_equal(read->n_mapping, 2);
	const Pprof__Mapping *libc = read->mapping[0], *shop = read->mapping[1];
	assert_string_equal(string_at(read, libc->filename), "/lib/libc.so.6");
	assert_string_equal(string_at(read, libc->build_id), "");
	assert_true(libc->has_functions && !libc->has_filenames && !libc->has_line_numbers &&
		    !libc->has_inline_frames);
	assert_string_equal(string_at(read, shop->filename), "/opt/bin/shop");
	assert_string_equal(string_at(read, shop->build_id), "00ab");
	assert_true(shop->has_functions && shop->has_filenames && shop->has_line_numbers &&
		    shop->has_inline_frames);
	assert_true(shop->memory_start == 0 && shop->memory_limit == UINT64_MAX && !shop->file_offset);
	const Pprof__Sample *first = read->sample[0], *second = read->sample[1];
	assert_int_equal(location_at(read, first->location_id[0])->mapping_id, shop->id);
	assert_int_equal(location_at(read, first->location_id[0])->address, 0xff);
	assert_int_equal(location_at(read, first->location_id[1])->mapping_id, libc->id);
	assert_int_equal(location_at(read, second->location_id[0])->address, 0); /* and not 2^64 - 1 */
	assert_int_equal(location_at(read, second->location_id[1])->address, 0x3f);
	pprof__profile__free_unpacked(read, NULL);
	profile_deinit(&profile);
}

static void test_objects_without_names_may_be_symbolized(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_stack(&profile, "+0x1234");
	Pprof__Profile *read = read_back(&profile);
	assert_false(read->mapping[0]->has_functions || read->mapping[0]->has_filenames ||
		     read->mapping[0]->has_line_numbers || read->mapping[0]->has_inline_frames);
	pprof__profile__free_unpacked(read, NULL);
	profile_deinit(&profile);
}

static bool has_comment(const Pprof__Profile *read, const char *part)
{
	for (size_t i = 0; i < read->n_comment; i++)
		if (strstr(string_at(read, read->comment[i]), part))
			return true;
	return false;
}

static void test_how_it_was_captured(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	profile.capture.start_ms = 1700000000123;
	made_stack(&profile, "a a.c:1");
	Pprof__Profile *read = read_back(&profile);
	assert_int_equal(read->time_nanos, 1700000000123000000);
	assert_int_equal(read->duration_nanos, 2000000000);
	assert_string_equal(string_at(read, read->period_type->type), "space");
	assert_string_equal(string_at(read, read->period_type->unit), "bytes");
	assert_int_equal(read->period, 1);
	assert_true(has_comment(read, "captrack-bpf") && has_comment(read, "shop --all") &&
		    has_comment(read, "exact") && !has_comment(read, "warning"));
	pprof__profile__free_unpacked(read, NULL);

	profile.capture.start_ms = UINT64_MAX; /* not a time that an int64 could hold */
	profile.capture.sample_bytes = 4096;
	profile.capture.allocs_only = true;
	profile.integrity[INTEGRITY_DROPPED_EVENTS] = 5;
	read = read_back(&profile);
	expect_types(read, "alloc_objects/count alloc_space/bytes ", "alloc_space");
	assert_int_equal(read->sample[0]->n_value, 2);
	assert_int_equal(read->time_nanos, 0);
	assert_int_equal(read->period, 4096);
	assert_true(has_comment(read, "estimates") && has_comment(read, "allocations only") &&
		    has_comment(read, "warning: dropped_events 5"));
	pprof__profile__free_unpacked(read, NULL);
	profile_deinit(&profile);
}

static void test_threads_are_labels(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	profile.capture.by_thread = true;
	profile_add_thread(&profile);
	profile_add_thread(&profile);
	profile.threads[1].name = strdup("worker");
	struct profile_stack *stack = made_stack(&profile, "a a.c:1");
	stack->has_thread = true;
	stack->thread = 1;
	made_stack(&profile, "b a.c:1")->has_thread = true; /* of no name */
	made_stack(&profile, "c a.c:1");
	Pprof__Profile *read = read_back(&profile);
	assert_int_equal(read->sample[0]->n_label, 1);
	assert_string_equal(string_at(read, read->sample[0]->label[0]->key), "thread");
	assert_string_equal(string_at(read, read->sample[0]->label[0]->str), "worker");
	assert_int_equal(read->sample[1]->n_label, 0);
	assert_int_equal(read->sample[2]->n_label, 0);
	pprof__profile__free_unpacked(read, NULL);
	profile_deinit(&profile);
}

static void test_numbers_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	made_stack(&profile, "a a.c:1")->counts.allocated_bytes = INT64_MAX;
	assert_null(pprof_lacks(&profile));
	made_stack(&profile, "b a.c:1")->counts.allocated_bytes = 1;
	assert_non_null(strstr(pprof_lacks(&profile), "2^63"));
	assert_int_equal(pprof_write(&profile, stdout), -EINVAL);
	/* What is not known, and is not written, may be anything. */
	profile.stacks[0].counts.allocated_bytes = 1;
	profile.stacks[0].counts.live_bytes = UINT64_MAX;
	profile.capture.allocs_only = true;
	assert_null(pprof_lacks(&profile));
	profile_deinit(&profile);
}

/* A name of 1 MB, control characters and what is no UTF-8, which a protobuf's string must be. */
static void test_names_are_safe_and_whole(void **state)
{
	(void)state;
	enum { LENGTH = 1 << 20 };
	struct profile profile;
	made_begin(&profile);
	made_stack(&profile, "a a.c:1");
	char *name = malloc(LENGTH + 1), *shown = malloc(4 * LENGTH + 1);
	assert_non_null(name);
	assert_non_null(shown);
	for (size_t i = 0; i < LENGTH; i += 2) {
		memcpy(name + i, "\n\xff", 2);
		memcpy(shown + 4 * i, "\\x0A\\xFF", 8);
	}
	name[LENGTH] = shown[4 * LENGTH] = '\0';
	free(profile.frames[0].function);
	profile.frames[0].function = name;
	Pprof__Profile *read = read_back(&profile);
	const Pprof__Location *location = location_at(read, read->sample[0]->location_id[0]);
	assert_string_equal(string_at(read, function_at(read, location->line[0]->function_id)->name), shown);
	free(shown);
	pprof__profile__free_unpacked(read, NULL);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_objects_without_names_may_be_symbolized),
		cmocka_unit_test(test_how_it_was_captured),
		cmocka_unit_test(test_threads_are_labels),
		cmocka_unit_test(test_numbers_that_do_not_fit_are_refused),
		cmocka_unit_test(test_names_are_safe_and_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
