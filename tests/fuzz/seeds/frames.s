# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .eh_frame with one of each: frame pointer, remembered state, realigned frame, signal
# frame, outermost function, another register, a personality, and the linker's PLT.
	.text
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register rbp
	call	one@PLT
	call	two@PLT
	.cfi_remember_state
	leave
	.cfi_restore rbp
	.cfi_def_cfa rsp, 8
	ret
	.cfi_restore_state
	nop
	.cfi_endproc

	.cfi_startproc
	lea	8(%rsp), %r10
	.cfi_def_cfa r10, 0
	and	$-32, %rsp
	push	-8(%r10)
	push	%rbp
	.cfi_escape 0x10, 6, 2, 0x76, 0
	mov	%rsp, %rbp
	push	%r10
	.cfi_escape 0x0f, 3, 0x76, 0x78, 0x06
	nop
	.cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x23, 8
	nop
	.cfi_endproc

	.skip	32
	.cfi_startproc
	.cfi_signal_frame
	.cfi_escape 0x0f, 4, 0x77, 0xa0, 1, 0x06
	.cfi_escape 0x10, 16, 3, 0x77, 0xa8, 1
	nop
	.cfi_endproc

	.cfi_startproc
	.cfi_undefined rip
	nop
	.cfi_endproc

	.cfi_startproc
	.cfi_personality 0x1b, personality
	.cfi_lsda 0x1b, personality
	nop
	.cfi_def_cfa rbx, 16
	.cfi_offset rbp, -24
	.skip	300
	.cfi_adjust_cfa_offset 8
	.cfi_register rbp, r12
	nop
	.cfi_same_value rbp
personality:
	nop
	.cfi_endproc
	.section .note.GNU-stack
