/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef SITE_CODE_H
#define SITE_CODE_H

/* The first instructions of real allocators' functions, from Debian's packages, and what the
 * choice of a site must make of them. The answers are worked out from the assembly beside the
 * bytes (objdump's), as the last instruction shown is the one that decides: the first of
 * push, jump, call and nop where all arguments are still in registers and the stack pointer
 * is as at entry, or else what ends the search, for a site at the entry. For free, what comes
 * after the check for NULL is better. */

struct known_code {
	const char *name;
	const char *assembly;
	const char *code; /* hex */
	const char *arguments;
	unsigned char may_be_null; /* an argument */
	unsigned int offset;
	enum site_why why;
	const char *places; /* of the arguments, in their order */
};

static const struct known_code known_codes[] = {
	/* glibc 2.31-13+deb11u11 */
	{"glibc 2.31 malloc", "mov rax, qword [rip+0x148109]; push r12", "48 8b 05 09 81 14 00 41 54", "1", 0,
	 7, SITE_EMULATED, "rdi"},
	{"glibc 2.31 calloc", "push r13", "41 55", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"glibc 2.31 realloc", "push r15", "41 57", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"glibc 2.31 reallocarray", "mov rax, rsi; mul rdx; mov rsi, rax", "48 89 f0 48 f7 e2 48 89 c6",
	 "1 2 3", 0, 0, SITE_ARGUMENT_LOST, "rdi rsi rdx"},
	{"glibc 2.31 free", "sub rsp, 0x18", "48 83 ec 18", "1", 1, 0, SITE_FRAME_MOVES, "rdi"},
	{"glibc 2.31 posix_memalign", "push rbx", "53", "1 3", 0, 0, SITE_EMULATED, "rdi rdx"},
	{"glibc 2.31 aligned_alloc", "mov rdx, qword [rsp]; jmp", "48 8b 14 24 e9 77 f6 ff ff", "2", 0, 4,
	 SITE_EMULATED, "rsi"},
	{"glibc 2.31 valloc", "mov eax, dword [rip+0x1477be]; push rbp", "8b 05 be 77 14 00 55", "1", 0, 6,
	 SITE_EMULATED, "rdi"},
	{"glibc 2.31 pvalloc", "mov eax, dword [rip+0x14777e]; push rbx", "8b 05 7e 77 14 00 53", "1", 0, 6,
	 SITE_EMULATED, "rdi"},
	/* glibc 2.36-9+deb12u14 */
	{"glibc 2.36 malloc", "push r12", "41 54", "1", 0, 0, SITE_EMULATED, "rdi"},
	{"glibc 2.36 calloc", "push r13", "41 55", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"glibc 2.36 realloc", "push r15", "41 57", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"glibc 2.36 reallocarray", "mov rax, rsi; mul rdx; mov rsi, rax", "48 89 f0 48 f7 e2 48 89 c6",
	 "1 2 3", 0, 0, SITE_ARGUMENT_LOST, "rdi rsi rdx"},
	{"glibc 2.36 free", "test rdi, rdi; je; push rbp", "48 85 ff 0f 84 bf 00 00 00 55", "1", 1, 9,
	 SITE_EMULATED, "rdi"},
	{"glibc 2.36 posix_memalign", "cmp byte [rip+0x140201], 0x0; push r12", "80 3d 01 02 14 00 00 41 54",
	 "1 3", 0, 7, SITE_EMULATED, "rdi rdx"},
	{"glibc 2.36 memalign", "cmp byte [rip+0x140e71], 0x0; je", "80 3d 71 0e 14 00 00 74 07", "2", 0, 7,
	 SITE_EMULATED, "rsi"},
	{"glibc 2.36 valloc", "cmp byte [rip+0x140e31], 0x0; push rbx", "80 3d 31 0e 14 00 00 53", "1", 0, 7,
	 SITE_EMULATED, "rdi"},
	{"glibc 2.36 pvalloc", "cmp byte [rip+0x140e01], 0x0; push rbx", "80 3d 01 0e 14 00 00 53", "1", 0, 7,
	 SITE_EMULATED, "rdi"},
	/* glibc 2.41-12+deb13u4 */
	{"glibc 2.41 malloc", "push r12", "41 54", "1", 0, 0, SITE_EMULATED, "rdi"},
	{"glibc 2.41 calloc", "push r14", "41 56", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"glibc 2.41 realloc", "push r15", "41 57", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"glibc 2.41 reallocarray", "mov rax, rsi; mul rdx; mov rsi, rax", "48 89 f0 48 f7 e2 48 89 c6",
	 "1 2 3", 0, 0, SITE_ARGUMENT_LOST, "rdi rsi rdx"},
	{"glibc 2.41 free", "test rdi, rdi; je; push r15", "48 85 ff 0f 84 7f 01 00 00 41 57", "1", 1, 9,
	 SITE_EMULATED, "rdi"},
	{"glibc 2.41 posix_memalign", "cmp byte [rip+0x147a51], 0x0; push r12", "80 3d 51 7a 14 00 00 41 54",
	 "1 3", 0, 7, SITE_EMULATED, "rdi rdx"},
	{"glibc 2.41 aligned_alloc", "push rbx", "53", "2", 0, 0, SITE_EMULATED, "rsi"},
	{"glibc 2.41 memalign", "cmp byte [rip+0x148861], 0x0; je", "80 3d 61 88 14 00 00 74 07", "2", 0, 7,
	 SITE_EMULATED, "rsi"},
	{"glibc 2.41 valloc", "cmp byte [rip+0x1487b1], 0x0; push rbx", "80 3d b1 87 14 00 00 53", "1", 0, 7,
	 SITE_EMULATED, "rdi"},
	{"glibc 2.41 pvalloc", "cmp byte [rip+0x148781], 0x0; push rbx", "80 3d 81 87 14 00 00 53", "1", 0, 7,
	 SITE_EMULATED, "rdi"},
	/* glibc 2.43-7 */
	{"glibc 2.43 malloc", "test rdi, rdi; js", "48 85 ff 78 71", "1", 0, 3, SITE_EMULATED, "rdi"},
	{"glibc 2.43 calloc", "mov rax, rdi; mul rsi; jo", "48 89 f8 48 f7 e6 0f 80 9c 01 00 00", "1 2", 0, 6,
	 SITE_EMULATED, "rdi rsi"},
	{"glibc 2.43 realloc", "mov r9, rsi; test rdi, rdi; je", "49 89 f1 48 85 ff 0f 84 44 03 00 00", "1 2",
	 0, 6, SITE_EMULATED, "rdi rsi"},
	{"glibc 2.43 reallocarray", "mov rax, rsi; mul rdx; mov rsi, rax", "48 89 f0 48 f7 e2 48 89 c6",
	 "1 2 3", 0, 0, SITE_ARGUMENT_LOST, "rdi rsi rdx"},
	{"glibc 2.43 free", "test rdi, rdi; je; test dil, 0xf; jne",
	 "48 85 ff 0f 84 e7 00 00 00 40 f6 c7 0f 0f 85 cd 00 00 00", "1", 1, 13, SITE_EMULATED, "rdi"},
	{"glibc 2.43 posix_memalign",
	 "mov rcx, rsi; shr rcx, 0x3; lea rax, [rcx-0x1]; and rax, rcx; mov rcx, rsi; and ecx, 0x7; or rax, "
	 "rcx; jne",
	 "48 89 f1 48 c1 e9 03 48 8d 41 ff 48 21 c8 48 89 f1 83 e1 07 48 09 c8 75 2f", "1 3", 0, 23,
	 SITE_EMULATED, "rdi rdx"},
	{"glibc 2.43 aligned_alloc", "lea rax, [rdi-0x1]; test rax, rdi; jne", "48 8d 47 ff 48 85 f8 75 0f",
	 "2", 0, 7, SITE_EMULATED, "rsi"},
	{"glibc 2.43 memalign", "jmp", "e9 7b f4 ff ff", "2", 0, 0, SITE_EMULATED, "rsi"},
	{"glibc 2.43 valloc", "mov rax, qword [rip+0x1414d1]; mov rsi, rdi; mov rdi, qword [rax+0x18]; jmp",
	 "48 8b 05 d1 14 14 00 48 89 fe 48 8b 78 18 e9 0d f4 ff ff", "1", 0, 14, SITE_EMULATED, "rsi"},
	{"glibc 2.43 pvalloc",
	 "mov rax, qword [rip+0x1414b1]; mov rdx, rdi; mov rdi, qword [rax+0x18]; lea rax, [rdi-0x1]; add "
	 "rax, rdx; jb",
	 "48 8b 05 b1 14 14 00 48 89 fa 48 8b 78 18 48 8d 47 ff 48 01 d0 72 0e", "1", 0, 21, SITE_EMULATED,
	 "rdx"},
	/* musl 1.2.3-1 */
	{"musl 1.2.3 malloc", "jmp", "e9 6b 19 00 00", "1", 0, 0, SITE_EMULATED, "rdi"},
	{"musl 1.2.3 calloc", "push r12", "41 54", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"musl 1.2.3 realloc", "jmp", "e9 fb fa ff ff", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"musl 1.2.3 reallocarray", "mov rcx, rdx; test rdx, rdx; je", "48 89 d1 48 85 d2 74 08", "1 2 3", 0,
	 6, SITE_EMULATED, "rdi rsi rdx"},
	{"musl 1.2.3 free", "jmp", "e9 bb 0a 00 00", "1", 1, 0, SITE_EMULATED, "rdi"},
	{"musl 1.2.3 aligned_alloc", "push rbp", "55", "2", 0, 0, SITE_EMULATED, "rsi"},
	{"musl 1.2.3 valloc", "mov rsi, rdi; mov edi, 0x1000; jmp", "48 89 fe bf 00 10 00 00 e9 a3 49 ff ff",
	 "1", 0, 8, SITE_EMULATED, "rsi"},
	/* musl 1.2.5-3.1~deb13u1 */
	{"musl 1.2.5 malloc", "endbr64; jmp", "f3 0f 1e fa e9 c7 0b 00 00", "1", 0, 4, SITE_EMULATED, "rdi"},
	{"musl 1.2.5 calloc", "endbr64; push r12", "f3 0f 1e fa 41 54", "1 2", 0, 4, SITE_EMULATED,
	 "rdi rsi"},
	{"musl 1.2.5 realloc", "endbr64; jmp", "f3 0f 1e fa e9 e7 fa ff ff", "1 2", 0, 4, SITE_EMULATED,
	 "rdi rsi"},
	{"musl 1.2.5 reallocarray", "endbr64; mov rcx, rdx; test rdx, rdx; je",
	 "f3 0f 1e fa 48 89 d1 48 85 d2 74 08", "1 2 3", 0, 10, SITE_EMULATED, "rdi rsi rdx"},
	{"musl 1.2.5 free", "endbr64; jmp", "f3 0f 1e fa e9 d7 09 00 00", "1", 1, 4, SITE_EMULATED, "rdi"},
	{"musl 1.2.5 posix_memalign", "endbr64; mov eax, 0x16; cmp rsi, 0x7; jbe",
	 "f3 0f 1e fa b8 16 00 00 00 48 83 fe 07 76 21", "1 3", 0, 13, SITE_EMULATED, "rdi rdx"},
	{"musl 1.2.5 memalign", "endbr64; jmp", "f3 0f 1e fa e9 a7 46 fc ff", "2", 0, 4, SITE_EMULATED,
	 "rsi"},
	{"musl 1.2.5 valloc", "endbr64; mov rsi, rdi; mov edi, 0x1000; jmp",
	 "f3 0f 1e fa 48 89 fe bf 00 10 00 00 e9 4f 95 fc ff", "1", 0, 12, SITE_EMULATED, "rsi"},
	/* jemalloc 5.3.0-1 */
	{"jemalloc 5.3.0 malloc", "cmp rdi, 0x1000; ja", "48 81 ff 00 10 00 00 0f 87 93 00 00 00", "1", 0, 7,
	 SITE_EMULATED, "rdi"},
	{"jemalloc 5.3.0 calloc", "push r15", "41 57", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"jemalloc 5.3.0 realloc", "push r15", "41 57", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"jemalloc 5.3.0 free",
	 "mov rax, rdi; mov rdx, qword [rip+0xa530e]; mov rcx, rdi; shr rax, 0x1a; and rcx, "
	 "0xffffffffc0000000; and eax, 0xf0; add rax, qword fs:0x0; add rax, rdx; cmp rcx, qword "
	 "[rax+0x1b0]; jne",
	 "48 89 f8 48 8b 15 0e 53 0a 00 48 89 f9 48 c1 e8 1a 48 81 e1 00 00 00 c0 25 f0 00 00 00 64 48 03 04 "
	 "25 00 00 00 00 48 01 d0 48 3b 88 b0 01 00 00 0f 85 8a 00 00 00",
	 "1", 1, 48, SITE_EMULATED, "rdi"},
	{"jemalloc 5.3.0 posix_memalign", "push r15", "41 57", "1 3", 0, 0, SITE_EMULATED, "rdi rdx"},
	{"jemalloc 5.3.0 _Znwm", "cmp rdi, 0x1000; ja", "48 81 ff 00 10 00 00 0f 87 93 00 00 00", "1", 0, 7,
	 SITE_EMULATED, "rdi"},
	{"jemalloc 5.3.0 _ZdlPvm", "test rdi, rdi; je", "48 85 ff 74 13", "1", 1, 3, SITE_EMULATED, "rdi"},
	{"jemalloc 5.3.0 sdallocx", "mov r8, rdi; cmp rsi, 0x1000; ja", "49 89 f8 48 81 fe 00 10 00 00 77 0c",
	 "1", 0, 10, SITE_EMULATED, "rdi"},
	/* jemalloc 5.3.1-2 */
	{"jemalloc 5.3.1 malloc", "endbr64; cmp rdi, 0x1000; ja",
	 "f3 0f 1e fa 48 81 ff 00 10 00 00 0f 87 7f 00 00 00", "1", 0, 11, SITE_EMULATED, "rdi"},
	{"jemalloc 5.3.1 calloc", "endbr64; push r15", "f3 0f 1e fa 41 57", "1 2", 0, 4, SITE_EMULATED,
	 "rdi rsi"},
	{"jemalloc 5.3.1 realloc", "endbr64; push r15", "f3 0f 1e fa 41 57", "1 2", 0, 4, SITE_EMULATED,
	 "rdi rsi"},
	{"jemalloc 5.3.1 posix_memalign", "endbr64; push r15", "f3 0f 1e fa 41 57", "1 3", 0, 4,
	 SITE_EMULATED, "rdi rdx"},
	{"jemalloc 5.3.1 aligned_alloc", "endbr64; push r15", "f3 0f 1e fa 41 57", "2", 0, 4, SITE_EMULATED,
	 "rsi"},
	{"jemalloc 5.3.1 _ZdlPvm", "endbr64; test rdi, rdi; je; cmp rsi, 0x1000; ja",
	 "f3 0f 1e fa 48 85 ff 0f 84 a3 00 00 00 48 81 fe 00 10 00 00 0f 87 86 00 00 00", "1", 1, 20,
	 SITE_EMULATED, "rdi"},
	{"jemalloc 5.3.1 free",
	 "endbr64; mov rax, rdi; mov rdx, qword [rip+0xbadf2]; mov rcx, rdi; shr rax, 0x1a; and rcx, "
	 "0xffffffffc0000000; and eax, 0xf0; add rax, qword fs:0x0; add rax, rdx; cmp rcx, qword "
	 "[rax+0x220]; jne",
	 "f3 0f 1e fa 48 89 f8 48 8b 15 f2 ad 0b 00 48 89 f9 48 c1 e8 1a 48 81 e1 00 00 00 c0 25 f0 00 00 00 "
	 "64 48 03 04 25 00 00 00 00 48 01 d0 48 3b 88 20 02 00 00 0f 85 86 00 00 00",
	 "1", 1, 52, SITE_EMULATED, "rdi"},
	/* gperftools 2.10-1 */
	{"gperftools 2.10 malloc", "mov rax, qword [rip+0xab59]; test rax, rax; jne",
	 "48 8b 05 59 ab 00 00 48 85 c0 75 75", "1", 0, 10, SITE_EMULATED, "rdi"},
	{"gperftools 2.10 calloc", "push r13", "41 55", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"gperftools 2.10 realloc", "push r15", "41 57", "1 2", 0, 0, SITE_EMULATED, "rdi rsi"},
	{"gperftools 2.10 free", "mov rax, qword [rip+0x1bb159]; test rax, rax; jne",
	 "48 8b 05 59 b1 1b 00 48 85 c0 0f 85 90 00 00 00", "1", 1, 10, SITE_EMULATED, "rdi"},
	{"gperftools 2.10 posix_memalign", "lea rax, [rsi-0x1]; or rax, 0x7; test rax, rsi; jne",
	 "48 8d 46 ff 48 83 c8 07 48 85 f0 75 2b", "1 3", 0, 11, SITE_EMULATED, "rdi rdx"},
	{"gperftools 2.10 memalign", "mov r8, rdi; cmp rdi, 0x2000; ja",
	 "49 89 f8 48 81 ff 00 20 00 00 0f 87 e8 00 00 00", "2", 0, 10, SITE_EMULATED, "rsi"},
	/* gperftools 2.18.1-2 */
	{"gperftools 2.18.1 malloc", "endbr64; cmp qword [rip+0x1c2c74], 0x0; jne",
	 "f3 0f 1e fa 48 83 3d 74 2c 1c 00 00 75 7b", "1", 0, 12, SITE_EMULATED, "rdi"},
	{"gperftools 2.18.1 calloc", "endbr64; mov rax, rdi; push rbp", "f3 0f 1e fa 48 89 f8 55", "1 2", 0,
	 7, SITE_EMULATED, "rdi rsi"},
	{"gperftools 2.18.1 realloc", "endbr64; push rbp", "f3 0f 1e fa 55", "1 2", 0, 4, SITE_EMULATED,
	 "rdi rsi"},
	{"gperftools 2.18.1 free", "endbr64; cmp qword [rip+0x1c2b54], 0x0; mov rax, rdi; jne",
	 "f3 0f 1e fa 48 83 3d 54 2b 1c 00 00 48 89 f8 0f 85 83 00 00 00", "1", 1, 15, SITE_EMULATED, "rdi"},
	{"gperftools 2.18.1 posix_memalign", "endbr64; lea rax, [rsi-0x1]; or rax, 0x7; test rax, rsi; jne",
	 "f3 0f 1e fa 48 8d 46 ff 48 83 c8 07 48 85 f0 75 2f", "1 3", 0, 15, SITE_EMULATED, "rdi rdx"},
	{"gperftools 2.18.1 memalign", "endbr64; mov rax, rdi; cmp rdi, 0x2000; ja",
	 "f3 0f 1e fa 48 89 f8 48 81 ff 00 20 00 00 0f 87 b4 00 00 00", "2", 0, 14, SITE_EMULATED, "rsi"},
	{"gperftools 2.18.1 pvalloc", "endbr64; push rbp", "f3 0f 1e fa 55", "1", 0, 4, SITE_EMULATED, "rdi"},
	{"gperftools 2.18.1 valloc",
	 "endbr64; mov rsi, rdi; mov rdi, qword [rip+0x16202]; test rdi, rdi; jne",
	 "f3 0f 1e fa 48 89 fe 48 8b 3d 02 62 01 00 48 85 ff 75 2d", "1", 0, 17, SITE_EMULATED, "rsi"},
	/* mimalloc 2.0.9+ds-2 */
	{"mimalloc 2.0.9 malloc",
	 "mov rax, qword [rip+0xb449]; mov rsi, rdi; mov rdi, qword fs:[rax]; cmp rsi, 0x400; ja",
	 "48 8b 05 49 b4 00 00 48 89 fe 64 48 8b 38 48 81 fe 00 04 00 00 77 29", "1", 0, 21, SITE_EMULATED,
	 "rsi"},
	{"mimalloc 2.0.9 calloc",
	 "mov rdx, qword [rip+0xadc9]; mov rax, rdi; mov rdi, qword fs:[rdx]; cmp rax, 0x1; je",
	 "48 8b 15 c9 ad 00 00 48 89 f8 64 48 8b 3a 48 83 f8 01 74 08", "1 2", 0, 18, SITE_EMULATED,
	 "rax rsi"},
	{"mimalloc 2.0.9 realloc",
	 "mov rax, qword [rip+0xa949]; mov rdx, rsi; mov rsi, rdi; mov rax, qword fs:[rax]; mov rdi, rax; "
	 "jmp",
	 "48 8b 05 49 a9 00 00 48 89 f2 48 89 fe 64 48 8b 00 48 89 c7 e9 f7 4e ff ff", "1 2", 0, 20,
	 SITE_EMULATED, "rsi rdx"},
	{"mimalloc 2.0.9 reallocarray", "jmp", "e9 5b 5c ff ff", "1 2 3", 0, 0, SITE_EMULATED, "rdi rsi rdx"},
	{"mimalloc 2.0.9 posix_memalign", "jmp", "e9 6b 5c ff ff", "1 3", 0, 0, SITE_EMULATED, "rdi rdx"},
	{"mimalloc 2.0.9 free",
	 "mov rcx, rdi; test rdi, rdi; je; lea rdi, [rdi-0x1]; mov rax, rcx; and rdi, 0xfffffffffe000000; "
	 "sub rax, rdi; shr rax, 0x10; lea rax, [rax+rax*4]; shl rax, 0x4; lea rsi, [rax+0x108]; mov r8, "
	 "qword fs:0x0; mov rdx, qword [rdi+0x100]; mov eax, dword [rdi+rax*1+0x10c]; sub rsi, rax; add rsi, "
	 "rdi; cmp r8, rdx; jne",
	 "48 89 f9 48 85 ff 74 5d 48 8d 7f ff 48 89 c8 48 81 e7 00 00 00 fe 48 29 f8 48 c1 e8 10 48 8d 04 80 "
	 "48 c1 e0 04 48 8d b0 08 01 00 00 64 4c 8b 04 25 00 00 00 00 48 8b 97 00 01 00 00 8b 84 07 0c 01 00 "
	 "00 48 29 c6 48 01 fe 49 39 d0 75 32",
	 "1", 1, 76, SITE_EMULATED, "rcx"},
	/* mimalloc 3.0.1+ds-2.1 */
	{"mimalloc 3.0.1 malloc",
	 "endbr64; mov rax, qword [rip+0x1aee5]; mov rsi, rdi; mov rdi, qword fs:[rax]; cmp rsi, 0x400; ja",
	 "f3 0f 1e fa 48 8b 05 e5 ae 01 00 48 89 fe 64 48 8b 38 48 81 fe 00 04 00 00 77 2d", "1", 0, 25,
	 SITE_EMULATED, "rsi"},
	{"mimalloc 3.0.1 calloc",
	 "endbr64; mov rdx, qword [rip+0x1ac85]; mov rax, rdi; mov rdi, qword fs:[rdx]; cmp rax, 0x1; je",
	 "f3 0f 1e fa 48 8b 15 85 ac 01 00 48 89 f8 64 48 8b 3a 48 83 f8 01 74 08", "1 2", 0, 22,
	 SITE_EMULATED, "rax rsi"},
	{"mimalloc 3.0.1 realloc",
	 "endbr64; mov rax, qword [rip+0x1a865]; mov rdx, rsi; mov rsi, rdi; mov rax, qword fs:[rax]; mov "
	 "rdi, rax; jmp",
	 "f3 0f 1e fa 48 8b 05 65 a8 01 00 48 89 f2 48 89 fe 64 48 8b 00 48 89 c7 e9 13 ee ff ff", "1 2", 0,
	 24, SITE_EMULATED, "rsi rdx"},
	{"mimalloc 3.0.1 reallocarray", "endbr64; jmp", "f3 0f 1e fa e9 17 fa ff ff", "1 2 3", 0, 4,
	 SITE_EMULATED, "rdi rsi rdx"},
	{"mimalloc 3.0.1 _Znwm",
	 "endbr64; mov rax, qword [rip+0x1a425]; mov rsi, rdi; mov rdi, qword fs:[rax]; jmp",
	 "f3 0f 1e fa 48 8b 05 25 a4 01 00 48 89 fe 64 48 8b 38 e9 59 e5 ff ff", "1", 0, 18, SITE_EMULATED,
	 "rsi"},
	{"mimalloc 3.0.1 free",
	 "endbr64; mov rdx, qword [rip+0x219f5]; mov rcx, rdi; mov rax, rdi; mov rsi, rdi; shr rcx, 0x1d; "
	 "shr rax, 0x10; mov rdx, qword [rdx+rcx*8]; and eax, 0x1fff; mov rdi, qword [rdx+rax*8]; mov rdx, "
	 "qword fs:0x0; mov rax, qword [rdi]; cmp rax, rdx; jne",
	 "f3 0f 1e fa 48 8b 15 f5 19 02 00 48 89 f9 48 89 f8 48 89 fe 48 c1 e9 1d 48 c1 e8 10 48 8b 14 ca 25 "
	 "ff 1f 00 00 48 8b 3c c2 64 48 8b 14 25 00 00 00 00 48 8b 07 48 39 d0 75 1e",
	 "1", 1, 56, SITE_EMULATED, "rsi"},
	/* mimalloc 3.6.0+ds-1 */
	{"mimalloc 3.6.0 malloc",
	 "endbr64; mov rax, qword [rip+0x10b05]; mov r8, qword fs:[rax]; cmp rdi, 0x400; ja",
	 "f3 0f 1e fa 48 8b 05 05 0b 01 00 64 4c 8b 00 48 81 ff 00 04 00 00 77 38", "1", 0, 22, SITE_EMULATED,
	 "rdi"},
	{"mimalloc 3.6.0 calloc", "endbr64; cmp rdi, 0x1; je", "f3 0f 1e fa 48 83 ff 01 74 0b", "1 2", 0, 8,
	 SITE_EMULATED, "rdi rsi"},
	{"mimalloc 3.6.0 free",
	 "endbr64; mov rax, rdi; mov rdx, rdi; mov rsi, rdi; shr rax, 0x9; and rdx, 0xfffffffff0000000; and "
	 "eax, 0x7ff80; or rax, rdx; je",
	 "f3 0f 1e fa 48 89 f8 48 89 fa 48 89 fe 48 c1 e8 09 48 81 e2 00 00 00 f0 25 80 ff 07 00 48 09 d0 74 "
	 "31",
	 "1", 1, 32, SITE_EMULATED, "rdi"},
	{"mimalloc 3.6.0 realloc",
	 "endbr64; mov rcx, qword [rip+0x10485]; mov rdx, rsi; mov rsi, rdi; mov rdi, qword fs:[rcx]; jmp",
	 "f3 0f 1e fa 48 8b 0d 85 04 01 00 48 89 f2 48 89 fe 64 48 8b 39 e9 e6 cc fd ff", "1 2", 0, 21,
	 SITE_EMULATED, "rsi rdx"},
	{"mimalloc 3.6.0 _ZdlPvm", "endbr64; cmp rsi, 0x400; ja", "f3 0f 1e fa 48 81 fe 00 04 00 00 77 0b",
	 "1", 1, 11, SITE_EMULATED, "rdi"},
};

#endif
