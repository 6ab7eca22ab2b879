// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Names as far as they tell functions and objects apart. */
#include "compare_internal.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "captrack/symbols.h"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* The length of "<...>" at the beginning of the text; 0 where it does not end. */
static size_t list_length(const char *text, size_t length)
{
	size_t depth = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '<')
			depth++;
		else if (text[i] == '>' && text[i - 1] != '-' && !--depth)
			return i + 1;
	}
	return 0;
}

/* How much of the text at `at` is "operator<", "operator->", "operator<=>"...: no list begins there. 0: none
 * of it. libiberty puts a space before the list of such a one. */
static size_t operator_length(const char *name, size_t at, size_t length)
{
	static const char word[] = "operator";
	size_t end = at + strlen(word);
	if ((at && is_word(name[at - 1])) || length - at < strlen(word) || !begins(name + at, word))
		return 0;
	while (end < length && strchr("<>=-*", name[end]))
		end++;
	if (end > at + strlen(word) && end + 1 < length && name[end] == ' ' && name[end + 1] == '<')
		end++;
	return end - at;
}

/* Whether the '<' at `at` begins arguments: of C++ behind a name, an operator (which leaves its space) or
 * operator(); of Rust behind "::", where "<impl A for B>" is a name itself. */
static bool begins_list(const char *name, size_t at)
{
	if (!at || name[at] != '<')
		return false;
	if (at >= 2 && !memcmp(name + at - 2, "::", 2))
		return !begins(name + at, "<impl ");
	return is_word(name[at - 1]) || name[at - 1] == ')' ||
	       (at >= 2 && name[at - 1] == ' ' && strchr("<>=-*", name[at - 2]));
}

static size_t without_clone(const char *name)
{
	const char *clone = strstr(name, " [clone ");
	return clone ? (size_t)(clone - name) : strlen(name);
}

size_t plain_function(const char *name, char *out)
{
	size_t length = symbols_plain_length(name), used = 0, list;
	size_t clone = without_clone(name);
	bool whole = true; /* so far each list ended */
	length = clone < length ? clone : length;
	for (size_t i = 0; i < length;) {
		size_t word = operator_length(name, i, length);
		if (!word && whole && begins_list(name, i)) {
			list = list_length(name + i, length - i);
			whole = list != 0;
			while (list && used && (out[used - 1] == ' ' || out[used - 1] == ':'))
				used--;
			i += list;
			if (list)
				continue;
		}
		word = word ? word : 1;
		memcpy(out + used, name + i, word);
		used += word;
		i += word;
	}
	out[used] = '\0';
	return used;
}

size_t plain_object(const char *path, char *out)
{
	static const char deleted[] = " (deleted)";
	const char *name = path_basename(path);
	size_t length = strlen(name);
	if (length > strlen(deleted) && !strcmp(name + length - strlen(deleted), deleted))
		length -= strlen(deleted);
	const char *so = strstr(name, ".so");
	if (so && so > name && so < name + length && (!so[3] || so[3] == '.' || so[3] == ' ')) {
		length = (size_t)(so - name);
		size_t version = length;
		while (version && (isdigit((unsigned char)name[version - 1]) || name[version - 1] == '.'))
			version--;
		if (version > 1 && version < length && name[version - 1] == '-')
			length = version - 1;
	}
	memcpy(out, name, length);
	out[length] = '\0';
	return length;
}

static bool is_c_library(const char *object)
{
	return !strcmp(object, "libc") || !strcmp(object, "libpthread") || begins(object, "ld-musl") ||
	       begins(object, "libc.musl");
}

bool is_start(const char *function, const char *object)
{
	static const char *const names[] = {"_start",
					    "_start_c",
					    "start_thread",
					    "clone",
					    "clone3",
					    "__clone",
					    "__clone3",
					    "__GI___clone",
					    "__GI___clone3",
					    "generic_start_main",
					    "libc_start_main_stage2",
					    NULL};
	if (!function)
		return is_c_library(object);
	for (const char *const *name = names; *name; name++)
		if (!strcmp(function, *name))
			return true;
	return begins(function, "__libc_start_") || (!strcmp(function, "start") && is_c_library(object));
}

bool call_is_start(const struct calls *calls, const struct call *call)
{
	char plain[NAME_MAX + 1];
	if (!call->frame)
		return false;
	const char *object = path_basename(call_object(calls, call));
	if (strlen(object) <= NAME_MAX) { /* no C library's is longer */
		plain_object(object, plain);
		object = plain;
	}
	return is_start(call->frame->function, object);
}
