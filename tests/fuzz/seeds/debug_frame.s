# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The same kind of data where there is .debug_frame only.
	.cfi_sections .debug_frame
	.text
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register rbp
	.skip	300
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
	.cfi_startproc
	.cfi_undefined rip
	nop
	.cfi_endproc
	.section .note.GNU-stack
