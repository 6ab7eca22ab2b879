/* An allocator library whose functions move their arguments to other registers before the first
 * instruction that the kernel emulates (the nop), and put 0 where they were. For places_host.
 *
 * build: -O1 -shared -fPIC -Wl,-soname,libc.so.6.places
 */

#define FUNCTION(name, body)                                                                       \
	__asm__(".intel_syntax noprefix\n"                                                         \
		".globl " #name "\n.type " #name ", @function\n" #name ":\n" body                  \
		"\n.size " #name ", . - " #name "\n.att_syntax prefix\n")
#define GO_ON(real) "\njmp qword ptr __libc_" real "@GOTPCREL[rip]"

/* What the callers want kept is kept in registers, as nothing may be pushed before the nop. */
FUNCTION(malloc, "mov r11, rbx; mov rbx, rdi; xor edi, edi; nop;"
		 "mov rdi, rbx; mov rbx, r11" GO_ON("malloc"));
FUNCTION(calloc, "mov rax, r12; mov r11, r13; mov r12, rdi; mov r13, rsi; xor edi, edi; xor esi, esi; nop;"
		 "mov rdi, r12; mov rsi, r13; mov r12, rax; mov r13, r11" GO_ON("calloc"));
FUNCTION(realloc, "mov rax, r14; mov r11, r15; mov r14, rdi; mov r15, rsi; xor edi, edi; xor esi, esi; nop;"
		  "mov rdi, r14; mov rsi, r15; mov r14, rax; mov r15, r11" GO_ON("realloc"));
FUNCTION(reallocarray, "mov r10, rdi; mov r8, rsi; mov r9, rdx; xor edi, edi; xor esi, esi; xor edx, edx; nop;"
		       "mov rdi, r10; mov rsi, r8; imul rsi, r9" GO_ON("realloc"));
FUNCTION(posix_memalign, "mov rax, rdi; mov r11, rdx; xor edi, edi; xor edx, edx; nop;"
			 "push rax; mov rdi, rsi; mov rsi, r11; call qword ptr __libc_memalign@GOTPCREL[rip];"
			 "pop rdx; mov [rdx], rax; xor eax, eax; ret");
FUNCTION(memalign, "mov rcx, rsi; xor esi, esi; nop; mov rsi, rcx" GO_ON("memalign"));
FUNCTION(aligned_alloc, "mov rax, rdi; mov rdi, rsi; mov rsi, rax; nop;"
			"mov rsi, rdi; mov rdi, rax" GO_ON("memalign"));
FUNCTION(valloc, "mov rdx, rdi; xor edi, edi; nop; mov rdi, rdx" GO_ON("valloc"));
FUNCTION(pvalloc, "mov rsi, rdi; xor edi, edi; nop; mov rdi, rsi" GO_ON("pvalloc"));
/* Blocks stay where they are: a call of the C library's free would be a second free. */
FUNCTION(free, "mov r10, rdi; xor edi, edi; test r10, r10; je 1f; nop; 1: ret");
