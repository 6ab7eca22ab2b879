/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For cppcheck, which reads no system headers: what the libraries' macros look like. */
#ifndef CAPTRACK_CPPCHECK_MACROS_H
#define CAPTRACK_CPPCHECK_MACROS_H

#define DECLARE_LIBBPF_OPTS(type, name, ...) struct type name = {__VA_ARGS__}
#define HASH_ITER(hh, head, entry, after)                                                                    \
	for ((entry) = (head); (entry); (entry) = (after) = (entry)->hh.next)
#define PROTOBUF_C__BEGIN_DECLS
#define PROTOBUF_C__END_DECLS
#define PROTOBUF_C_VERSION_NUMBER       1004000
#define PROTOBUF_C_MIN_COMPILER_VERSION 1000000
#define cJSON_ArrayForEach(item, array) for ((item) = (array); (item); (item) = (item)->next)

#endif
