/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The page of diff --html as it was put together from diff/, a C string: see scripts/make-page. */
	.section .rodata
	.global diff_page
	.type diff_page, %object
diff_page:
	.incbin "html/diff.html"
	.byte 0
	.size diff_page, . - diff_page

	.section .note.GNU-stack, "", %progbits
