// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What an x86-64 instruction does, as far as the choice of a probe's site needs it.
 *
 * Effects are listed here for the instructions that compilers begin functions with; any
 * other ends the scan. (The decoder has tables of what each instruction reads and writes,
 * but not all of them are right.) */
#include "site_internal.h"

#include <string.h>

/* Places 1..6 are the parameters in order; bpf/calls.h reads them by the same numbers. */
static const struct {
	const char *name;
	x86_reg parts[5]; /* the whole register first */
} registers[SITE_PLACES] = {
	[1] = {"rdi", {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL}},
	[2] = {"rsi", {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL}},
	[3] = {"rdx", {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH}},
	[4] = {"rcx", {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH}},
	[5] = {"r8", {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B}},
	[6] = {"r9", {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B}},
	[7] = {"rax", {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH}},
	[8] = {"rbx", {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH}},
	[9] = {"rbp", {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL}},
	[10] = {"r10", {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B}},
	[11] = {"r11", {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B}},
	[12] = {"r12", {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B}},
	[13] = {"r13", {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B}},
	[14] = {"r14", {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B}},
	[15] = {"r15", {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B}},
};
enum { RDX = 3, RAX = 7, RBP = 9 };

csh site_arch_open(void)
{
	csh decoder;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &decoder) != CS_ERR_OK)
		return 0;
	cs_option(decoder, CS_OPT_DETAIL, CS_OPT_ON);
	return decoder;
}

const char *site_arch_place(unsigned int place)
{
	return place < SITE_PLACES ? registers[place].name : NULL;
}

static uint8_t place_of(x86_reg reg)
{
	for (uint8_t place = 1; place < SITE_PLACES; place++)
		for (int i = 0; i < 5; i++)
			if (reg != X86_REG_INVALID && registers[place].parts[i] == reg)
				return place;
	return 0;
}

static uint8_t whole_place(const cs_x86_op *operand)
{
	uint8_t place = operand->type == X86_OP_REG ? place_of(operand->reg) : 0;
	return place && registers[place].parts[0] == operand->reg ? place : 0;
}

/* What the kernel emulates: arch/x86/kernel/uprobes.c, branch_setup_xol_ops() and
 * push_setup_xol_ops(), as of 6.1. No form has a prefix but for REX.B of push: with
 * others some are emulated wrongly (REX.B makes nop an xchg) or refused (66). Nops of several
 * bytes are emulated by newer kernels only, endbr64 by none. */
static bool is_emulated(const cs_insn *instruction)
{
	const uint8_t *code = instruction->bytes;
	switch (instruction->size) {
	case 1:
		return code[0] == 0x90 || (code[0] & 0xf8) == 0x50; /* nop, push */
	case 2:
		return (code[0] == 0x41 && (code[1] & 0xf8) == 0x50) || /* push r8..r15 */
		       code[0] == 0xeb || (code[0] & 0xf0) == 0x70;     /* jmp, jcc */
	case 5:
		return code[0] == 0xe8 || code[0] == 0xe9; /* call, jmp */
	case 6:
		return code[0] == 0x0f && (code[1] & 0xf0) == 0x80; /* jcc */
	default:
		return false;
	}
}

static void write_register(const cs_x86_op *operand, struct site_step *out)
{
	if (operand->type != X86_OP_REG)
		return;
	uint8_t place = place_of(operand->reg);
	out->writes |= (uint16_t)(1u << place);
	out->moves_frame |= place == RBP || operand->reg == X86_REG_RSP || operand->reg == X86_REG_ESP ||
			    operand->reg == X86_REG_SP || operand->reg == X86_REG_SPL;
}

static void compare(const cs_x86 *x86, unsigned int id, struct site_step *out)
{
	const cs_x86_op *left = &x86->operands[0], *right = &x86->operands[1];
	bool with_zero = id == X86_INS_TEST ? left->type == X86_OP_REG && right->type == X86_OP_REG &&
						      left->reg == right->reg
					    : right->type == X86_OP_IMM && right->imm == 0;
	if (x86->op_count == 2 && with_zero)
		out->tests = whole_place(left);
}

/* Lists end with 0. */
static bool is_in(const uint16_t *list, unsigned int id)
{
	while (*list && *list != id)
		list++;
	return *list;
}

/* These write their first operand and nothing else, flags neither. */
static const uint16_t moves[] = {
	X86_INS_MOV, X86_INS_MOVABS, X86_INS_MOVZX, X86_INS_MOVSX, X86_INS_MOVSXD, X86_INS_LEA, 0};

/* These write their first operand, and flags at most. */
static const uint16_t conditional_writes[] = {X86_INS_CMOVA,  X86_INS_CMOVAE, X86_INS_CMOVB,
					      X86_INS_CMOVBE, X86_INS_CMOVE,  X86_INS_CMOVG,
					      X86_INS_CMOVGE, X86_INS_CMOVL,  X86_INS_CMOVLE,
					      X86_INS_CMOVNE, X86_INS_CMOVNO, X86_INS_CMOVNP,
					      X86_INS_CMOVNS, X86_INS_CMOVO,  X86_INS_CMOVP,
					      X86_INS_CMOVS,  X86_INS_SETA,   X86_INS_SETAE,
					      X86_INS_SETB,   X86_INS_SETBE,  X86_INS_SETE,
					      X86_INS_SETG,   X86_INS_SETGE,  X86_INS_SETL,
					      X86_INS_SETLE,  X86_INS_SETNE,  X86_INS_SETNO,
					      X86_INS_SETNP,  X86_INS_SETNS,  X86_INS_SETO,
					      X86_INS_SETP,   X86_INS_SETS,   0};
static const uint16_t operations[] = {
	X86_INS_ADD,    X86_INS_ADC,    X86_INS_SUB,    X86_INS_SBB,  X86_INS_INC,   X86_INS_DEC,
	X86_INS_AND,    X86_INS_OR,     X86_INS_XOR,    X86_INS_NOT,  X86_INS_NEG,   X86_INS_SHL,
	X86_INS_SHR,    X86_INS_SAR,    X86_INS_ROL,    X86_INS_ROR,  X86_INS_BSF,   X86_INS_BSR,
	X86_INS_LZCNT,  X86_INS_TZCNT,  X86_INS_POPCNT, X86_INS_MOVD, X86_INS_MOVQ,  X86_INS_MOVAPS,
	X86_INS_MOVUPS, X86_INS_MOVDQA, X86_INS_MOVDQU, X86_INS_PXOR, X86_INS_XORPS, 0};

static const uint16_t conditional_jumps[] = {
	X86_INS_JA,   X86_INS_JAE,  X86_INS_JB,    X86_INS_JBE,    X86_INS_JE,     X86_INS_JG,
	X86_INS_JGE,  X86_INS_JL,   X86_INS_JLE,   X86_INS_JNE,    X86_INS_JNO,    X86_INS_JNP,
	X86_INS_JNS,  X86_INS_JO,   X86_INS_JP,    X86_INS_JS,     X86_INS_JRCXZ,  X86_INS_JECXZ,
	X86_INS_JCXZ, X86_INS_LOOP, X86_INS_LOOPE, X86_INS_LOOPNE, X86_INS_XBEGIN, 0};
static const uint16_t jumps[] = {X86_INS_JMP, X86_INS_LJMP, 0};
static const uint16_t calls[] = {X86_INS_CALL, X86_INS_LCALL, 0};
static const uint16_t returns[] = {X86_INS_RET, X86_INS_RETF, X86_INS_RETFQ, 0};

/* False where the instruction is no branch. */
static bool branch(const cs_insn *instruction, struct site_step *out)
{
	const cs_x86 *x86 = &instruction->detail->x86;
	unsigned int id = instruction->id;
	if (is_in(conditional_jumps, id))
		out->flow = SITE_BRANCHES;
	else if (is_in(calls, id))
		out->flow = SITE_CALLS;
	else if (is_in(jumps, id) || is_in(returns, id))
		out->flow = SITE_GOES;
	else
		return false;
	out->branches_on_zero = id == X86_INS_JE;
	out->keeps_flags = true;
	if (!is_in(returns, id) && x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM) {
		out->has_target = true;
		out->target = (uint64_t)x86->operands[0].imm;
	}
	return true;
}

static void effects(const cs_insn *instruction, struct site_step *out)
{
	const cs_x86 *x86 = &instruction->detail->x86;
	unsigned int id = instruction->id;
	switch (id) {
	case X86_INS_NOP:
	case X86_INS_ENDBR64:
		out->keeps_flags = true;
		return;
	case X86_INS_CMP:
	case X86_INS_TEST:
		compare(x86, id, out);
		return;
	case X86_INS_PUSH:
	case X86_INS_POP:
		out->moves_frame = true;
		out->keeps_flags = true;
		write_register(&x86->operands[0], out); /* of push it does no harm: the scan ends here */
		return;
	case X86_INS_IMUL:
		if (x86->op_count > 1) {
			write_register(&x86->operands[0], out);
			return;
		}
		/* fall through */
	case X86_INS_MUL:
	case X86_INS_CQO:
	case X86_INS_CDQ:
		out->writes = 1u << RAX | 1u << RDX;
		return;
	default:
		break;
	}
	out->keeps_flags = is_in(moves, id);
	/* What is locked, other threads see at once: the call has begun its work. */
	bool known = out->keeps_flags || is_in(conditional_writes, id) || is_in(operations, id);
	if (!known || !x86->op_count || x86->prefix[0] == X86_PREFIX_LOCK) {
		out->flow = SITE_UNKNOWN;
		return;
	}
	write_register(&x86->operands[0], out);
	if (id == X86_INS_MOV && x86->op_count == 2) {
		out->into = whole_place(&x86->operands[0]);
		out->copies = out->into ? whole_place(&x86->operands[1]) : 0;
	}
}

void site_arch_step(const cs_insn *instruction, struct site_step *out)
{
	memset(out, 0, sizeof(*out));
	out->emulated = is_emulated(instruction);
	if (!branch(instruction, out))
		effects(instruction, out);
}
