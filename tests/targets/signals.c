/* Allocations in signal handlers: through the kernel's signal frame, to the instruction that
 * the signal came at. A fault at the very first instruction of a function is found by itself,
 * not by the instruction before, where another function's frame would be.
 *
 * build: -O2 -fomit-frame-pointer
 * expect: integrity.truncated_stacks == 0
 * expect: stack('handles', 'sends', 'main').allocs == 2
 * expect: stack('handles_apart', 'sends', 'main').allocs == 1
 * expect: stack('handles', 'handles_both', 'sends', 'main').allocs == 1
 * expect: stack('handles_fault', 'faults_at_once', 'falls', 'main').allocs == 1
 * expect: stack('handles_fault', 'faults_later', 'falls', 'main').allocs == 1
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define KEEP __attribute__((noinline))

static void *volatile kept;
static volatile int times;

asm(".text\n"
    ".type comes_before, @function\n"
    "comes_before: .cfi_startproc\n"
    "sub $1000, %rsp; .cfi_def_cfa_offset 1008\n"
    "nop\n"
    ".cfi_endproc; .size comes_before, .-comes_before\n"
    ".type faults_at_once, @function\n"
    "faults_at_once: .cfi_startproc\n"
    "ud2\n"
    "ret; .cfi_endproc; .size faults_at_once, .-faults_at_once\n"
    ".type faults_later, @function\n"
    "faults_later: .cfi_startproc\n"
    "push %rbx; .cfi_def_cfa_offset 16\n"
    "ud2\n" /* the return address rule's row begins right here */
    "pop %rbx; .cfi_def_cfa_offset 8\n"
    "ret; .cfi_endproc; .size faults_later, .-faults_later\n");
void faults_at_once(void), faults_later(void);

KEEP static void handles(int number)
{
	kept = malloc(30);
	times += number;
}

KEEP static void handles_both(int number)
{
	volatile char at[100];
	at[times] = 1;
	raise(SIGUSR1);
	times += number + at[0];
}

KEEP static void handles_apart(int number)
{
	_Alignas(64) volatile char at[100];
	at[times % 50] = 1;
	kept = malloc(31);
	times += number + at[0];
}

KEEP static void handles_fault(int number, siginfo_t *info, void *context)
{
	kept = malloc(32);
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

KEEP static void sends(int number)
{
	raise(number);
	times++;
}

KEEP static void falls(void)
{
	faults_at_once();
	faults_later();
	times++;
}

int main(void)
{
	static char apart[65536];
	stack_t stack = {.ss_sp = apart, .ss_size = sizeof(apart)};
	struct sigaction fault = {.sa_sigaction = handles_fault, .sa_flags = SA_SIGINFO};
	struct sigaction aside = {.sa_handler = handles_apart, .sa_flags = SA_ONSTACK};
	signal(SIGUSR1, handles);
	signal(SIGUSR2, handles_both);
	sigaltstack(&stack, NULL);
	sigaction(SIGHUP, &aside, NULL);
	sigaction(SIGILL, &fault, NULL);
	sends(SIGUSR1);
	times = 0;
	sends(SIGHUP);
	times = 0;
	sends(SIGUSR2);
	falls();
	return 0;
}
