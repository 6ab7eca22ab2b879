/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_UNWIND_INTERNAL_H
#define CAPTRACK_UNWIND_INTERNAL_H

#include "captrack/unwind.h"

#include <stdbool.h>

#include <elfutils/libdw.h>
#include <gelf.h>

#include "captrack/records.h"

enum { REG_FP = 6, REG_SP = 7, REG_RETURN = 16 }; /* DWARF's numbers on x86-64 */

struct bytes { /* of the file's, which stay as long as its Elf */
	const uint8_t *at, *end;
};

struct cie {
	uint64_t offset; /* in its section */
	struct bytes instructions;
	uint64_t code_alignment;
	int64_t data_alignment;
	uint8_t encoding; /* of addresses */
	bool usable, signal, sized;
};

/* The code that one FDE describes: ELF virtual addresses. */
struct fde {
	uint64_t start, end;
	struct bytes instructions;
	size_t cie;
};

struct fdes {
	struct fde *fde;
	size_t count, room;
	struct cie *cie;
	size_t cie_count, cie_room;
};

/* fdes.c: all FDEs of .eh_frame or .debug_frame, sorted by start. -ENODATA, -ENOMEM. */
int fdes_read(Elf *elf, struct fdes *out);
void fdes_deinit(struct fdes *fdes);

struct saved_place { /* of a register of the caller's */
	enum { SAVED_SAME, SAVED_NOWHERE, SAVED_AT_CFA, SAVED_AT_EXPRESSION, SAVED_ELSEWHERE } kind;
	int64_t offset;
	struct bytes expression;
};

struct frame_rules {
	bool cfa_is_expression;
	uint64_t cfa_register;
	int64_t cfa_offset;
	struct bytes cfa_expression;
	struct saved_place fp, ra;
};

enum { MOST_REMEMBERED = 16 }; /* compilers need one or two */

/* run.c: the places of an FDE where rules change, in order. */
struct run {
	uint64_t start, end; /* of the place */
	struct frame_rules now;
	bool damaged; /* nothing is known of this place, the last one */
	uint64_t last;
	const struct cie *cie;
	struct bytes left;
	struct frame_rules initial, remembered[MOST_REMEMBERED];
	unsigned int depth;
};

void run_begin(struct run *run, const struct cie *cie, const struct fde *fde);
bool run_next(struct run *run);

/* Numbers, little-endian and LEB128; false where the bytes end before they do. */
bool take_bytes(struct bytes *from, size_t size, uint64_t *value);
bool take_uleb(struct bytes *from, uint64_t *value);
bool take_sleb(struct bytes *from, int64_t *value);

/* rule_x86_64.c: the lower half of a row. */
uint32_t rule_of(const struct frame_rules *rules, bool signal);

#endif
