// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which stacks of two builds are the same, and what changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "../../src/compare/compare_internal.h"
#include "captrack/fields.h"
#include "made_profile.h"

static void test_names_without_what_makes_no_other_function(void **state)
{
	(void)state;
	static const struct {
		const char *name, *plain;
	} known[] = {
		{"parse", "parse"},
		{"", ""},
		{"parse.constprop.0", "parse"},
		{"parse.isra.0.part.12.cold", "parse"},
		{"parse.llvm.1234567", "parse"},
		{"parse [clone .isra.0] [clone .part.1]", "parse"},
		{"std::vector<int, std::allocator<int> >::push_back", "std::vector::push_back"},
		{"max<int>", "max"},
		{"a<b<c>, d>::e<f>::g", "a::e::g"},
		{"shop::operator<", "shop::operator<"},
		{"operator<< <char>", "operator<<"},
		{"std::operator< <char, int>", "std::operator<"},
		{"operator<=>", "operator<=>"},
		{"list<int>::operator->", "list::operator->"},
		{"list<int>::operator->*", "list::operator->*"},
		{"list::operator()<int>", "list::operator()"},
		{"f::{lambda(int)#1}::operator()", "f::{lambda(int)#1}::operator()"},
		{"apply<f(int)::{lambda()#1}>", "apply"},
		{"is<decltype (a->b), 3>", "is"},
		{"my_operator<int>", "my_operator"},
		{"<alloc::vec::Vec<T> as shop::List>::push", "<alloc::vec::Vec as shop::List>::push"},
		{"alloc::vec::Vec<u8>::push", "alloc::vec::Vec::push"},
		{"shop::load::<u32>::{closure#0}", "shop::load::{closure#0}"},
		{"core::ptr::<impl *const T>::add", "core::ptr::<impl *const T>::add"},
		{"never<ends", "never<ends"},
		{"f<a>::never<ends<b>", "f::never<ends<b>"},
		{"<", "<"},
	};
	char plain[200];
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t length = plain_function(known[i].name, plain);
		assert_string_equal(plain, known[i].plain);
		assert_int_equal(length, strlen(plain));
	}
}

/* 100 KB of what begins lists and never ends them must not take the square of it. */
static void test_a_name_is_read_once(void **state)
{
	(void)state;
	enum { LONG = 1 << 20 };
	char *name = malloc(LONG + 1), *plain = malloc(LONG + 1);
	for (size_t i = 0; i < LONG; i++)
		name[i] = i % 2 ? '<' : 'a';
	name[LONG] = '\0';
	assert_int_equal(plain_function(name, plain), LONG);
	for (size_t i = 0; i + 5 < LONG; i += 5)
		memcpy(name + i, ".cold", 5);
	plain_function(name, plain);
	free(name);
	free(plain);
}

static void test_objects_without_version(void **state)
{
	(void)state;
	static const struct {
		const char *path, *plain;
	} known[] = {
		{"/lib/x86_64-linux-gnu/libc.so.6", "libc"},
		{"/lib64/libc-2.31.so", "libc"},
		{"/usr/lib/libstdc++.so.6.0.30", "libstdc++"},
		{"/opt/libshop.so", "libshop"},
		{"/opt/libshop.so (deleted)", "libshop"},
		{"/opt/shop (deleted)", "shop"},
		{"/opt/shop-1.2", "shop-1.2"},
		{"/opt/lib.sonic", "lib.sonic"},
		{"[vdso]", "[vdso]"},
		{NULL, "?"},
		{"", "?"},
		{".so", ".so"},
		{"-2.so", "-2"},
	};
	char plain[200];
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t length = plain_object(known[i].path, plain);
		assert_string_equal(plain, known[i].plain);
		assert_int_equal(length, strlen(plain));
	}
}

/* Whether a stack of one profile is a stack of the other, both ways round. */
static bool are_same(const char *first, const char *second)
{
	struct profile profiles[2];
	struct comparison comparison;
	bool same[2];
	for (size_t i = 0; i < 2; i++) {
		made_begin(&profiles[i]);
		struct profile_stack *stack = made_stack(&profiles[i], i ? second : first);
		if (stack->n_frames && strstr(i ? second : first, " < ..."))
			stack->truncated = stack->n_frames--;
	}
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(comparison_init(&comparison, &profiles[i], &profiles[!i], NULL), 0);
		same[i] = comparison.n == 1;
		assert_int_equal(comparison.n + same[i], 2);
		comparison_deinit(&comparison);
	}
	assert_int_equal(same[0], same[1]);
	profile_deinit(&profiles[0]);
	profile_deinit(&profiles[1]);
	return same[0];
}

static void test_which_stacks_are_the_same(void **state)
{
	(void)state;
	static const struct {
		const char *first, *second;
		bool same;
	} known[] = {
		{"get a.c:1 < main b.c:3", "get a.c:7 < main b.c:9", true},
		{"get a.c:1 < main b.c:3", "get /build/42/a.c:1 < main /home/x/b.c:3", true},
		{"get a.c:1 < main b.c:3", "get z.c:1 < main b.c:3", false},
		{"get a.c:1 < main b.c:3", "put a.c:1 < main b.c:3", false},
		{"get a.c:1 < main b.c:3", "get a.c:1 < get a.c:1 < main b.c:3", false},
		{"get a.c:1 < main b.c:3", "main b.c:3", false},
		{"get.isra.0 a.c:1 < main b.c:3", "get a.c:1 < main b.c:3", true},
		{"push<int> v.h:1 < main b.c:3", "push<long> v.h:1 < main b.c:3", true},
		/* what one compiler inlines the other calls */
		{"push v.h:7^ < grow a.c:1 < main b.c:3", "push v.h:8 < grow a.c:2 < main b.c:3", true},
		{"push v.h:7^ < grow a.c:1 < main b.c:3", "grow a.c:2 < main b.c:3", false},
		/* without debug info on one side */
		{"get a.c:1 < main b.c:3", "get < main", true},
		{"get a.c:1 < main b.c:3", "get < main b.c:3", true},
		{"push v.h:7^ < grow a.c:1 < main b.c:3", "grow < main", true},
		{"push v.h:7^ < grow a.c:1 < main b.c:3", "grow < main b.c:3", true},
		{"get a.c:1 < main b.c:3", "put < main", false},
		{"get < main", "get < main", true},
		/* without names */
		{"+0x10 < main b.c:3", "+0x20 < main b.c:3", true},
		{"+0x10 < main b.c:3", "get a.c:1 < main b.c:3", false},
		{"", "", true},
		{"", "main b.c:3", false},
		/* C libraries */
		{"main b.c:3 < __libc_start_call_main < __libc_start_main_impl < _start", "main b.c:3", true},
		{"main b.c:3 < __libc_start_main < _start", "main b.c:3 < __libc_start_main_impl", true},
		{"work a.c:1 < start_thread < clone3", "work a.c:1 < start_thread < __clone", true},
		{"work a.c:1 < __libc_qsort < main b.c:3", "work a.c:1 < main b.c:3", false},
		{"_start", "_start", true},
		{"_start", "__libc_start_main", false},
		/* beyond what was kept */
		{"get a.c:1 < main b.c:3 < ...", "get a.c:1 < main b.c:3", false},
		{"get a.c:1 < main b.c:3 < ...", "get a.c:2 < main b.c:4 < ...", true},
		{"get a.c:1 < __libc_start_main < ...", "get a.c:1 < ...", false},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (are_same(known[i].first, known[i].second) != known[i].same)
			fail_msg("%s, %s", known[i].first, known[i].second);
}

static void test_the_executable_is_one_whatever_its_name(void **state)
{
	(void)state;
	struct profile base, new;
	struct comparison comparison;
	made_begin(&base);
	made_begin(&new);
	free(new.target.exe);
	free(new.objects[0].path);
	free(new.objects[1].path);
	new.target.exe = strdup("/opt/bin/shop-2");
	new.objects[0].path = strdup("/opt/bin/shop-2");
	new.objects[1].path = strdup("/usr/lib/libc-2.31.so");
	made_stack(&base, "get < getline < main");
	made_stack(&new, "get < getline < main");
	assert_int_equal(comparison_init(&comparison, &base, &new, NULL), 0);
	assert_int_equal(comparison.n, 1);
	assert_true(comparison_of_other_programs(&comparison));
	comparison_deinit(&comparison);
	free(new.objects[0].path);
	new.objects[0].path = strdup("/opt/lib/plugin.so");
	assert_int_equal(comparison_init(&comparison, &base, &new, NULL), 0);
	assert_int_equal(comparison.n, 2);
	comparison_deinit(&comparison);
	profile_deinit(&base);
	profile_deinit(&new);
}

static void test_it_is_told_what_one_side_has_no_names_for(void **state)
{
	(void)state;
	struct profile base, new;
	struct comparison comparison;
	made_begin(&base);
	made_begin(&new);
	made_stack(&base, "get a.c:1 < getline < main b.c:3");
	made_stack(&new, "get < +0x12 < main b.c:3");
	new.frames[1].object = 1;
	assert_int_equal(comparison_init(&comparison, &base, &new, NULL), 0);
	assert_int_equal(comparison.n_half_debug, 1);
	assert_string_equal(comparison.half_debug[0], "");
	assert_int_equal(comparison.n_half_named, 1);
	assert_string_equal(comparison.half_named[0], "libc");
	comparison_deinit(&comparison);
	profile_deinit(&base);
	profile_deinit(&new);
}

static struct profile_stack *add(struct profile *profile, const char *text, uint64_t live)
{
	struct profile_stack *stack = made_stack(profile, text);
	stack->counts = (struct profile_counts){.allocs = 1,
						.allocated_bytes = live,
						.live_allocs = 1,
						.live_bytes = live,
						.peak_bytes = live,
						.at_peak_bytes = live,
						.at_peak_allocs = 1};
	return stack;
}

/* "grew: a 1->3; ..." by live bytes. */
static void print_groups(const struct comparison *comparison, char *out)
{
	static const char *const names[] = {"grew", "shrank", "appeared", "went", "same"};
	struct change_group groups[CHANGES];
	const struct figure *live = compared_figures[COMPARED_LIVE];
	assert_int_equal(change_groups_init(groups, comparison, live), 0);
	out[0] = '\0';
	for (int i = 0; i < CHANGES; i++) {
		sprintf(out + strlen(out), "%s%s %u>%u:", i ? "; " : "", names[i],
			(unsigned int)groups[i].base, (unsigned int)groups[i].new);
		for (size_t j = 0; j < groups[i].n; j++) {
			const struct comparison_entry *entry = groups[i].entries[j];
			const struct profile *profile = entry->new.n ? comparison->new : comparison->base;
			const struct profile_stack *stack =
				entry->new.n ? entry->new.first : entry->base.first;
			sprintf(out + strlen(out), " %s %u>%u", profile->frames[stack->frames[0]].function,
				(unsigned int)figure_value(&entry->base.counts, live),
				(unsigned int)figure_value(&entry->new.counts, live));
		}
	}
	change_groups_deinit(groups);
}

static void test_groups_are_sorted_by_how_much_changed(void **state)
{
	(void)state;
	struct profile base, new;
	struct comparison comparison;
	char text[1000];
	made_begin(&base);
	made_begin(&new);
	add(&base, "a x.c:1", 10);
	add(&base, "a x.c:2", 5); /* the same function: one entry */
	add(&base, "b x.c:1", 100);
	add(&base, "c x.c:1", 7);
	add(&base, "d x.c:1", 70);
	add(&base, "e x.c:1", 3);
	add(&base, "z x.c:1", 0);
	add(&new, "e x.c:9", 9);
	add(&new, "f x.c:1", 50);
	add(&new, "b x.c:1", 40);
	add(&new, "a x.c:3", 16);
	add(&new, "d x.c:1", 70);
	add(&new, "y x.c:1", 0);
	assert_int_equal(comparison_init(&comparison, &base, &new, NULL), 0);
	print_groups(&comparison, text);
	assert_string_equal(text,
			    "grew 18>25: e 3>9 a 15>16; shrank 100>40: b 100>40; appeared 0>50: f 0>50; "
			    "went 7>0: c 7>0; same 70>70: d 70>70 y 0>0 z 0>0");
	assert_int_equal(comparison.entries[2].base.n, 1);
	assert_int_equal(comparison.entries[3].base.n, 2);
	assert_int_equal(comparison.base_sums.live_bytes, 195);
	assert_int_equal(comparison.new_sums.live_bytes, 185);
	assert_true(entry_differs(&comparison, &comparison.entries[5])); /* y: another allocation */
	assert_false(entry_differs(&comparison, &comparison.entries[4]));
	comparison_deinit(&comparison);
	struct stack_filter filter = {.function = "b"};
	assert_int_equal(comparison_init(&comparison, &base, &new, &filter), 0);
	print_groups(&comparison, text);
	assert_string_equal(text, "grew 0>0:; shrank 100>40: b 100>40; appeared 0>0:; went 0>0:; same 0>0:");
	assert_int_equal(comparison.base_sums.live_bytes, 100);
	comparison_deinit(&comparison);
	profile_deinit(&base);
	profile_deinit(&new);
}

/* A pattern that one side's paths match keeps the whole entry. */
static void test_a_filter_does_not_part_what_is_the_same(void **state)
{
	(void)state;
	struct profile base, new;
	struct comparison comparison;
	made_begin(&base);
	made_begin(&new);
	add(&base, "a /old/x.c:1", 10);
	add(&new, "a /new/x.c:1", 11);
	struct stack_filter filter = {.file = "/old/"};
	assert_int_equal(comparison_init(&comparison, &base, &new, &filter), 0);
	assert_int_equal(comparison.n, 1);
	assert_int_equal(comparison.new_sums.live_bytes, 11);
	comparison_deinit(&comparison);
	profile_deinit(&base);
	profile_deinit(&new);
}

static void test_the_largest_numbers(void **state)
{
	(void)state;
	struct profile base, new;
	struct comparison comparison;
	struct change_group groups[CHANGES];
	made_begin(&base);
	made_begin(&new);
	add(&base, "a x.c:1", UINT64_MAX);
	add(&base, "b x.c:1", 0);
	add(&new, "a x.c:1", 0);
	add(&new, "b x.c:1", UINT64_MAX);
	assert_int_equal(comparison_init(&comparison, &base, &new, NULL), 0);
	assert_int_equal(change_groups_init(groups, &comparison, compared_figures[COMPARED_LIVE]), 0);
	struct delta grew = entry_delta(groups[CHANGE_GREW].entries[0], compared_figures[COMPARED_LIVE]);
	struct delta shrank = entry_delta(groups[CHANGE_SHRANK].entries[0], compared_figures[COMPARED_LIVE]);
	assert_true(grew.by == UINT64_MAX && !grew.less);
	assert_true(shrank.by == UINT64_MAX && shrank.less);
	change_groups_deinit(groups);
	comparison_deinit(&comparison);
	add(&new, "c x.c:1", 1);
	assert_int_equal(comparison_init(&comparison, &base, &new, NULL), -EOVERFLOW);
	assert_null(comparison.entries);
	profile_deinit(&base);
	profile_deinit(&new);
}

/* Stacks by chance, of few functions: whatever the two profiles have is in the entries, once. */
static void test_entries_add_up(void **state)
{
	(void)state;
	struct profile profiles[2];
	struct comparison comparison;
	unsigned int random = 1;
	for (size_t side = 0; side < 2; side++) {
		made_begin(&profiles[side]);
		for (int i = 0; i < 2000; i++) {
			char text[200] = "";
			for (int depth = 0; depth < 4; depth++) {
				random = random * 1103515245 + 12345;
				sprintf(text + strlen(text), "%sf%u a.c:%u", depth ? " < " : "",
					random >> 16 & 7, random >> 20 & 3);
			}
			struct profile_stack *stack = add(&profiles[side], text, random >> 8);
			stack->counts.temporary_allocs = random >> 24;
		}
		profile_sum_stacks(&profiles[side]);
	}
	assert_int_equal(comparison_init(&comparison, &profiles[0], &profiles[1], NULL), 0);
	assert_in_range(comparison.n, 100, 4000);
	for (const struct number_field *field = profile_stack_numbers; field->name; field++) {
		__int128 sum = 0;
		for (size_t i = 0; i < comparison.n; i++)
			sum += (__int128)*field_in(&comparison.entries[i].new.counts, field) -
			       *field_in(&comparison.entries[i].base.counts, field);
		assert_true(sum == (__int128)*field_in(&profiles[1].totals, field) -
					   *field_in(&profiles[0].totals, field));
		assert_int_equal(*field_in(&comparison.new_sums, field),
				 *field_in(&profiles[1].totals, field));
	}
	comparison_deinit(&comparison);
	profile_deinit(&profiles[0]);
	profile_deinit(&profiles[1]);
}

static void test_figures_that_both_know(void **state)
{
	(void)state;
	struct profile base, new;
	made_begin(&base);
	made_begin(&new);
	struct comparison comparison = {.base = &base, .new = &new};
	enum compared_figure figure;
	assert_int_equal(compared_figure_default(&comparison), COMPARED_AT_PEAK);
	new.capture.allocs_only = true;
	assert_int_equal(compared_figure_default(&comparison), COMPARED_ALLOCATED);
	assert_false(comparison_is_estimate(&comparison));
	base.capture.sample_bytes = 1024;
	assert_true(comparison_is_estimate(&comparison));
	assert_false(comparison_knows(&comparison, PROFILE_NEEDS_ALL));
	for (int i = 0; i < COMPARED_FIGURES; i++) {
		assert_true(compared_figure_find(compared_figures[i]->name, &figure));
		assert_int_equal(figure, i);
		/* what the profile's own table says of it */
		const struct number_field *field = profile_stack_numbers;
		while (field->name && strcmp(field->name, compared_figures[i]->field))
			field++;
		assert_non_null(field->name);
		assert_int_equal(field->offset, compared_figures[i]->value);
		assert_int_equal(field->needs, compared_figures[i]->needs);
	}
	assert_false(compared_figure_find("moved", &figure));
	profile_deinit(&base);
	profile_deinit(&new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_without_what_makes_no_other_function),
		cmocka_unit_test(test_a_name_is_read_once),
		cmocka_unit_test(test_objects_without_version),
		cmocka_unit_test(test_which_stacks_are_the_same),
		cmocka_unit_test(test_the_executable_is_one_whatever_its_name),
		cmocka_unit_test(test_it_is_told_what_one_side_has_no_names_for),
		cmocka_unit_test(test_groups_are_sorted_by_how_much_changed),
		cmocka_unit_test(test_a_filter_does_not_part_what_is_the_same),
		cmocka_unit_test(test_the_largest_numbers),
		cmocka_unit_test(test_entries_add_up),
		cmocka_unit_test(test_figures_that_both_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
