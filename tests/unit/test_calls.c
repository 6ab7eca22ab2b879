// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Calls by name, trees of them, patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "captrack/calls.h"
#include "made_profile.h"

/* "leaf;caller;root" of a stack. */
static const char *named(const struct calls *calls, const struct profile_stack *stack)
{
	static char text[1000];
	uint32_t ids[64];
	char name[100];
	text[0] = '\0';
	assert_true(calls->longest <= 64);
	size_t n = calls_of_stack(calls, stack, ids);
	for (size_t i = 0; i < n; i++) {
		strcat(text, i ? ";" : "");
		strcat(text, call_name(calls, &calls->calls[ids[i]], name, sizeof(name)));
	}
	return text;
}

static void test_inlined_functions_are_calls(void **state)
{
	(void)state;
	struct profile profile;
	struct calls calls;
	made_begin(&profile);
	made_stack(&profile, "push vec.h:7^ < grow buf.c:12 < main main.c:3");
	made_stack(&profile, "");
	struct profile_stack *cut = made_stack(&profile, "+0x12 < grow buf.c:14");
	cut->truncated = true;
	assert_int_equal(calls_init(&calls, &profile, CALLS_BY_LINE), 0);
	assert_string_equal(named(&calls, &profile.stacks[0]), "push;grow;main");
	assert_string_equal(named(&calls, &profile.stacks[1]), "[unknown]");
	assert_string_equal(named(&calls, &profile.stacks[2]), "shop+0x12;grow;[truncated]");
	assert_int_equal(calls.n, CALL_FIRST + 5); /* grow has two lines */
	calls_deinit(&calls);
	assert_int_equal(calls_init(&calls, &profile, CALLS_BY_FUNCTION), 0);
	assert_int_equal(calls.n, CALL_FIRST + 4);
	assert_string_equal(named(&calls, &profile.stacks[2]), "shop;grow;[truncated]");
	calls_deinit(&calls);
	assert_int_equal(calls_init(&calls, &profile, CALLS_BY_ADDRESS), 0);
	assert_int_equal(calls.n, CALL_FIRST + 5);
	calls_deinit(&calls);
	profile_deinit(&profile);
}

static struct call_weight live(const struct profile_stack *stack, const void *context)
{
	(void)context;
	return (struct call_weight){stack->counts.live_bytes, stack->counts.live_allocs};
}

static struct profile_stack *add_live(struct profile *profile, const char *text, uint64_t bytes)
{
	struct profile_stack *stack = made_stack(profile, text);
	stack->counts.live_bytes = bytes;
	stack->counts.live_allocs = bytes != 0;
	return stack;
}

/* "main 60:(load 50:(...))" below a node; the numbers are values. */
static void print_tree(const struct call_tree *tree, const struct calls *calls, uint32_t node, char *out)
{
	char name[100];
	const struct call_node *at = &tree->nodes[node];
	if (node)
		sprintf(out + strlen(out), "%s %u",
			call_name(calls, &calls->calls[at->call], name, sizeof(name)),
			(unsigned int)at->value);
	if (at->self)
		sprintf(out + strlen(out), "/%u", (unsigned int)at->self);
	if (!at->child)
		return;
	strcat(out, "(");
	for (uint32_t child = at->child; child; child = tree->nodes[child].next) {
		strcat(out, child == at->child ? "" : " ");
		print_tree(tree, calls, child, out);
	}
	strcat(out, ")");
}

static void assert_tree(const struct profile *profile, enum call_order order, const char *expected)
{
	struct calls calls;
	struct call_tree tree;
	char text[1000] = "";
	assert_int_equal(calls_init(&calls, profile, CALLS_BY_FUNCTION), 0);
	assert_int_equal(call_tree_init(&tree, &calls, order, live, NULL), 0);
	print_tree(&tree, &calls, 0, text);
	assert_string_equal(text, expected);
	call_tree_deinit(&tree);
	calls_deinit(&calls);
}

static void test_trees_share_what_begins_alike(void **state)
{
	(void)state;
	struct profile profile;
	made_begin(&profile);
	add_live(&profile, "get a.c:1 < load a.c:9 < main main.c:3", 10);
	add_live(&profile, "get a.c:1 < save a.c:5 < main main.c:4", 30);
	add_live(&profile, "load a.c:8 < main main.c:3", 5);
	add_live(&profile, "get a.c:2 < get a.c:3 < save a.c:5 < main main.c:4", 7);
	add_live(&profile, "none a.c:3", 0);
	add_live(&profile, "", 1);
	assert_tree(&profile, CALLS_CALLEES,
		    "(main 52(save 37(get 37/30(get 7/7)) load 15/5(get 10/10)) [unknown] 1/1)");
	assert_tree(
		&profile, CALLS_CALLERS,
		"(get 47(save 30(main 30/30) load 10(main 10/10) get 7(save 7(main 7/7))) load 5(main 5/5) "
		"[unknown] 1/1)");
	profile_deinit(&profile);
	made_begin(&profile);
	assert_tree(&profile, CALLS_CALLEES, "");
	profile_deinit(&profile);
}

static void test_a_tree_tells_overflow(void **state)
{
	(void)state;
	struct profile profile;
	struct calls calls;
	struct call_tree tree;
	made_begin(&profile);
	add_live(&profile, "get a.c:1", UINT64_MAX);
	add_live(&profile, "put a.c:1", 1);
	assert_int_equal(calls_init(&calls, &profile, CALLS_BY_FUNCTION), 0);
	assert_int_equal(call_tree_init(&tree, &calls, CALLS_CALLERS, live, NULL), -EOVERFLOW);
	calls_deinit(&calls);
	profile_deinit(&profile);
}

static void test_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool matches;
	} known[] = {
		{"get", "widget_new", true},
		{"get", "Get", false},
		{"", "any", true},
		{"get*", "widget_new", false},
		{"get*", "get", true},
		{"*get*", "widget_new", true},
		{"w?dget_*w", "widget_new", true},
		{"w?dget_*v", "widget_new", false},
		{"*", "", true},
		{"?", "", false},
		{"operator[]", "shop::list::operator[]", true},
		{"*operator[]", "shop::list::operator[]", true},
		{"a*b*c", "axxbxxbxc", true},
		{"a*b*c", "axxbxxbxcd", false},
		{"**a", "bba", true},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (pattern_matches(known[i].pattern, known[i].text) != known[i].matches)
			fail_msg("%s, %s", known[i].pattern, known[i].text);
}

static void test_a_filter_asks_all_of_one_call(void **state)
{
	(void)state;
	struct profile profile;
	struct calls calls;
	made_begin(&profile);
	struct profile_stack *stack = made_stack(&profile, "push vec.h:7^ < grow buf.c:12 < main main.c:3");
	assert_int_equal(calls_init(&calls, &profile, CALLS_BY_LINE), 0);
	struct stack_filter filter = {.function = "push", .thread = -1};
	assert_true(filter_keeps(&filter, &calls, stack));
	filter.file = "buf.c";
	assert_false(filter_keeps(&filter, &calls, stack));
	filter.file = "vec.h";
	filter.object = "*/shop";
	assert_true(filter_keeps(&filter, &calls, stack));
	filter.object = "libc";
	assert_false(filter_keeps(&filter, &calls, stack));
	filter = (struct stack_filter){.thread = 0};
	assert_false(filter_keeps(&filter, &calls, stack));
	stack->has_thread = true;
	assert_true(filter_keeps(&filter, &calls, stack));
	calls_deinit(&calls);
	profile_deinit(&profile);
}

static void test_a_filter_finds_what_is_not_known(void **state)
{
	(void)state;
	struct profile profile;
	struct calls calls;
	made_begin(&profile);
	made_stack(&profile, "");
	made_stack(&profile, "grow buf.c:12")->truncated = true;
	made_stack(&profile, "grow buf.c:12");
	assert_int_equal(calls_init(&calls, &profile, CALLS_BY_LINE), 0);
	static const struct {
		struct stack_filter filter;
		bool keeps[3];
	} known[] = {
		{{.function = "[unknown]", .thread = -1}, {true, false, false}},
		{{.function = "[truncated]", .thread = -1}, {false, true, false}},
		{{.function = "*", .thread = -1}, {true, true, true}},
		{{.function = "*", .object = "*", .thread = -1}, {false, true, true}},
		{{.function = "[unknown]", .file = "*", .thread = -1}, {false, false, false}},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		for (size_t j = 0; j < 3; j++)
			if (filter_keeps(&known[i].filter, &calls, &profile.stacks[j]) != known[i].keeps[j])
				fail_msg("filter %zu, stack %zu", i, j);
	calls_deinit(&calls);
	profile_deinit(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined_functions_are_calls),
		cmocka_unit_test(test_trees_share_what_begins_alike),
		cmocka_unit_test(test_a_tree_tells_overflow),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_a_filter_asks_all_of_one_call),
		cmocka_unit_test(test_a_filter_finds_what_is_not_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
