// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Functions to be probed by our own trap meter. Their first instruction is what matters, so
 * it is written down: `push` is emulated by the kernel, `test` is single-stepped. */
#include "trap_sites.h"

#if defined(__x86_64__)
#define FIRST_EMULATED "push %rbp\n\tpop %rbp\n\tret\n"
#define FIRST_STEPPED  "test %rdi, %rdi\n\tret\n"
#define TYPE           "@function"
#elif defined(__aarch64__)
#define FIRST_EMULATED "nop\n\tret\n" /* simulated, as the kernel calls it there */
#define FIRST_STEPPED  "mov x1, x0\n\tret\n"
#define TYPE           "%function"
#endif

#define FUNCTION(name, body)                                                                                 \
	__asm__(".pushsection .text\n\t.balign 16\n\t.globl " name "\n\t.hidden " name "\n\t.type " name     \
		", " TYPE "\n" name ":\n\t" body "\t.size " name ", . - " name "\n\t.popsection\n")

FUNCTION("trap_site_emulated", FIRST_EMULATED);
FUNCTION("trap_site_stepped", FIRST_STEPPED);
FUNCTION("trap_site_both", FIRST_EMULATED);
FUNCTION("trap_site_session", FIRST_EMULATED);
