// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From a linker's name to what the programmer wrote: libiberty for C++ and Rust, and
 * the suffixes that compilers add to clones of a function taken off. */
#include "captrack/symbols.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

enum { MAX_NAME = 16384 }; /* longer names are shown as they are, cut */

/* The length of name without one compiler's suffix; the whole length where there is
 * none. `.cold` and `.llvm` may stand behind others, so it is asked again. */
static size_t without_suffix(const char *name, size_t length)
{
	static const char *const suffixes[] = {".constprop", ".isra",     ".part", ".cold",
					       ".llvm",      ".lto_priv", NULL};
	size_t end = length;
	while (end && isdigit((unsigned char)name[end - 1]))
		end--;
	if (end < length && end && name[end - 1] == '.')
		end--; /* a number behind a dot */
	else
		end = length;
	for (const char *const *suffix = suffixes; *suffix; suffix++) {
		size_t bytes = strlen(*suffix);
		if (end > bytes && !memcmp(name + end - bytes, *suffix, bytes))
			return end - bytes;
	}
	return length;
}

static size_t without_suffixes(const char *name, size_t length)
{
	for (size_t shorter; (shorter = without_suffix(name, length)) < length;)
		length = shorter;
	return length;
}

size_t symbols_plain_length(const char *name)
{
	return without_suffixes(name, strlen(name));
}

static char *copy(const char *text, size_t length)
{
	char *out = malloc(length + 1);
	if (out) {
		memcpy(out, text, length);
		out[length] = '\0';
	}
	return out;
}

/* Legacy Rust names end in "::h" and 16 hex digits. */
static void cut_rust_hash(char *name)
{
	size_t length = strlen(name);
	if (length <= 19 || memcmp(name + length - 19, "::h", 3))
		return;
	for (size_t i = length - 16; i < length; i++)
		if (!isxdigit((unsigned char)name[i]))
			return;
	name[length - 19] = '\0';
}

char *symbols_demangle(const char *name)
{
	size_t length = strnlen(name, MAX_NAME + 1);
	if (length > MAX_NAME)
		return copy(name, MAX_NAME);
	char *plain = copy(name, without_suffixes(name, length));
	if (!plain || (strncmp(plain, "_Z", 2) && strncmp(plain, "_R", 2) && strncmp(plain, "__Z", 3)))
		return plain;
	/* No DMGL_PARAMS: no arguments. Its recursion limit stays on. */
	char *demangled = rust_demangle(plain, DMGL_NO_OPTS);
	if (!demangled)
		demangled = cplus_demangle_v3(plain, DMGL_NO_OPTS);
	if (!demangled)
		return plain;
	free(plain);
	cut_rust_hash(demangled);
	return demangled;
}
