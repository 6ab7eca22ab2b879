/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Pages as they were put together from html/, as C strings: see scripts/make-page. */
	.section .rodata
	.global html_profile_page
	.type html_profile_page, %object
html_profile_page:
	.incbin "html/profile.html"
	.byte 0
	.size html_profile_page, . - html_profile_page

	.section .note.GNU-stack, "", %progbits
