// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which calls are the languages' own: "operator new < std::vector" says little of who allocates. */
#include "captrack/calls.h"

#include <string.h>

static bool has_prefix(const char *text, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (!strncmp(text, *prefixes, strlen(*prefixes)))
			return true;
	return false;
}

/* /rustc/HASH/library/alloc/src/..., /usr/src/rustc-1.63.0/library/alloc/src/... */
static bool is_rust_library(const char *file)
{
	return strstr(file, "/rustc") && strstr(file, "/library/");
}

bool name_is_runtime(const char *function, const char *file, const char *object)
{
	static const char *const functions[] = {
		"operator new", "operator delete", "std::",  "__gnu_cxx", "__libc_", "_dl_",
		"alloc::",      "<alloc::",        "core::", "<core::",   "<std::",  "hashbrown::",
		"<hashbrown::", "__rust_",         "__rdl_", "__rg_",     NULL};
	static const char *const objects[] = {"libc.so",      "libc-2.",  "libstdc++.so", "libc++.so",
					      "libc++abi.so", "ld-linux", "ld-2.",        "ld-musl",
					      "libgcc_s.so",  NULL};
	return (function && has_prefix(function, functions)) || (file && is_rust_library(file)) ||
	       has_prefix(object, objects);
}

bool call_is_runtime(const struct calls *calls, const struct call *call)
{
	return call->frame &&
	       name_is_runtime(call->function, call->file, path_basename(call_object(calls, call)));
}
