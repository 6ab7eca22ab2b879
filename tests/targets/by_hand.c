/* Functions in assembly with their call frame information by hand, in the ways of OpenSSL,
 * ffmpeg and the like; the first also in code without any, by its frame pointer.
 *
 * build: -O2 -fomit-frame-pointer
 * expect: integrity.truncated_stacks == 0
 * expect: stack('pushes', 'main').allocs == 1
 * expect: stack('frames', 'main').allocs == 1
 * expect: stack('returns_early', 'main').allocs == 2
 * expect: stack('uses_rbp', 'main').allocs == 1
 * expect: stack('aligns', 'main').allocs == 1
 * expect: stack('aligns_rbp', 'main').allocs == 1
 * expect: stack('elsewhere', 'main').allocs == 1
 * expect: stack('silent', 'main').allocs == 1
 */
#include <stdlib.h>

/* Each calls `callback` once, from between as many changes of the stack as it can. */
asm(".text\n"

    ".type pushes, @function\n"
    "pushes: .cfi_startproc\n"
    "push %rbx; .cfi_adjust_cfa_offset 8; .cfi_rel_offset %rbx, 0\n"
    "push %rbp; .cfi_adjust_cfa_offset 8; .cfi_rel_offset %rbp, 0\n"
    "sub $56, %rsp; .cfi_adjust_cfa_offset 56\n"
    "mov $77, %ebp\n" /* no frame pointer */
    "push $1; .cfi_adjust_cfa_offset 8\n"
    "push $2; .cfi_adjust_cfa_offset 8\n"
    "call callback\n"
    "add $72, %rsp; .cfi_adjust_cfa_offset -72\n"
    "pop %rbp; .cfi_adjust_cfa_offset -8; .cfi_restore %rbp\n"
    "pop %rbx; .cfi_adjust_cfa_offset -8; .cfi_restore %rbx\n"
    "ret; .cfi_endproc; .size pushes, .-pushes\n"

    ".type frames, @function\n"
    "frames: .cfi_startproc\n"
    "push %rbp; .cfi_def_cfa_offset 16; .cfi_offset %rbp, -16\n"
    "mov %rsp, %rbp; .cfi_def_cfa_register %rbp\n"
    "push %r12; push %r13; .cfi_offset %r12, -24; .cfi_offset %r13, -32\n"
    "and $-256, %rsp; sub $1024, %rsp\n"
    "call callback\n"
    "lea -16(%rbp), %rsp; pop %r13; pop %r12; pop %rbp; .cfi_def_cfa %rsp, 8\n"
    "ret; .cfi_endproc; .size frames, .-frames\n"

    ".type returns_early, @function\n"
    "returns_early: .cfi_startproc\n"
    "push %rbx; .cfi_def_cfa_offset 16; .cfi_offset %rbx, -16\n"
    "test %edi, %edi; jz 1f\n"
    ".cfi_remember_state\n"
    "call callback\n"
    "pop %rbx; .cfi_def_cfa_offset 8; .cfi_restore %rbx\n"
    "ret\n"
    "1: .cfi_restore_state\n"
    "sub $32, %rsp; .cfi_adjust_cfa_offset 32\n"
    "call callback\n"
    "add $32, %rsp; .cfi_adjust_cfa_offset -32\n"
    "pop %rbx; .cfi_def_cfa_offset 8; .cfi_restore %rbx\n"
    "ret; .cfi_endproc; .size returns_early, .-returns_early\n"

    /* rbp saved by a mov, in an odd place. */
    ".type uses_rbp, @function\n"
    "uses_rbp: .cfi_startproc\n"
    "sub $104, %rsp; .cfi_def_cfa_offset 112\n"
    "mov %rbp, 40(%rsp); .cfi_rel_offset %rbp, 40\n"
    "mov $-1, %rbp\n"
    "call callback\n"
    "mov 40(%rsp), %rbp; .cfi_restore %rbp\n"
    "add $104, %rsp; .cfi_def_cfa_offset 8\n"
    "ret; .cfi_endproc; .size uses_rbp, .-uses_rbp\n"

    /* OpenSSL's way: the old stack pointer is kept on the aligned stack.
     * DW_CFA_def_cfa_expression: rsp + 64, deref, + 8 */
    ".type aligns, @function\n"
    "aligns: .cfi_startproc\n"
    "mov %rsp, %rax; .cfi_def_cfa_register %rax\n"
    "push %rbp; .cfi_offset %rbp, -16\n"
    "sub $200, %rsp; and $-128, %rsp\n"
    "mov %rax, 64(%rsp)\n"
    ".cfi_escape 0x0f, 0x06, 0x77, 0xc0, 0x00, 0x06, 0x23, 0x08\n"
    "mov $5, %ebp\n"
    "call callback\n"
    "mov 64(%rsp), %rsi; .cfi_def_cfa %rsi, 8\n"
    "mov -8(%rsi), %rbp; .cfi_restore %rbp\n"
    "mov %rsi, %rsp; .cfi_def_cfa_register %rsp\n"
    "ret; .cfi_endproc; .size aligns, .-aligns\n"

    /* gcc's way: DW_CFA_expression rbp: rbp + 0; CFA: rbp - 8, deref */
    ".type aligns_rbp, @function\n"
    "aligns_rbp: .cfi_startproc\n"
    "lea 8(%rsp), %r10; .cfi_def_cfa %r10, 0\n"
    "and $-64, %rsp\n"
    "push -8(%r10)\n"
    "push %rbp\n"
    "mov %rsp, %rbp\n"
    ".cfi_escape 0x10, 0x06, 0x02, 0x76, 0x00\n"
    "push %r10\n"
    ".cfi_escape 0x0f, 0x03, 0x76, 0x78, 0x06\n"
    "sub $120, %rsp\n"
    "call callback\n"
    "mov -8(%rbp), %r10; .cfi_def_cfa %r10, 0\n"
    "leave\n"
    "lea -8(%r10), %rsp; .cfi_def_cfa %rsp, 8\n"
    "ret; .cfi_endproc; .size aligns_rbp, .-aligns_rbp\n"

    /* On a stack of its own. DW_CFA_def_cfa_expression: rsp + 0, deref, + 8 */
    ".type elsewhere, @function\n"
    "elsewhere: .cfi_startproc\n"
    "lea other_stack+65536-32(%rip), %rax\n"
    "mov %rsp, (%rax)\n"
    "mov %rax, %rsp\n"
    ".cfi_escape 0x0f, 0x05, 0x77, 0x00, 0x06, 0x23, 0x08\n"
    "call callback\n"
    "mov (%rsp), %rsp; .cfi_def_cfa %rsp, 8\n"
    "ret; .cfi_endproc; .size elsewhere, .-elsewhere\n"

    ".skip 64, 0x90\n"
    ".type silent, @function\n"
    "silent:\n"
    "push %rbp\n"
    "mov %rsp, %rbp\n"
    "sub $64, %rsp\n"
    "call callback\n"
    "leave\n"
    "ret; .size silent, .-silent\n"
    ".skip 64, 0x90\n"

    ".local other_stack; .comm other_stack, 65536, 64\n");

void pushes(int), frames(int), returns_early(int), uses_rbp(int), aligns(int), aligns_rbp(int), elsewhere(int),
	silent(int);

static void *volatile kept;

__attribute__((noinline, used)) void callback(void)
{
	kept = malloc(20);
}

int main(void)
{
	pushes(1);
	frames(1);
	returns_early(1);
	returns_early(0);
	uses_rbp(1);
	aligns(1);
	aligns_rbp(1);
	elsewhere(1);
	silent(1);
	return 0;
}
