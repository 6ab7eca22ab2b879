# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Our stacks are gdb's, address by address (gdb_stacks.py): programs of ours at every hit, and
then the profile has no other stacks; real programs at some hits."""
import contextlib
import ctypes
import os
import re
import struct
import subprocess

import gdb_stacks
import harness
import workloads


def ours(source, *words, name='', flags=(), compiler=None, **more):
    program = harness.target(source + name, *flags, source=source, compiler=compiler)
    return gdb_stacks.compare(program, *words, everything=True, **more)


def has_avx2():
    return ' avx2 ' in open('/proc/cpuinfo').read()


# A source in many ways: each a test of its own.
WAYS = {
    'gcc_O0': ('gcc', '-O0'), 'gcc_O2': ('gcc', '-O2'), 'gcc_O3': ('gcc', '-O3'), 'gcc_Os': ('gcc', '-Os'),
    'clang_O0': ('clang', '-O0'), 'clang_O2': ('clang', '-O2'), 'clang_O3': ('clang', '-O3'),
    'gcc_no_pie': ('gcc', '-O2', '-fno-pie', '-no-pie'), 'clang_no_pie': ('clang', '-O2', '-fno-pie', '-no-pie'),
    'gcc_avx2': ('gcc', '-O3', '-mavx2', '-mprefer-vector-width=256'), 'clang_avx2': ('clang', '-O3', '-mavx2'),
    'gcc_frame_pointers': ('gcc', '-O2', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls'),
    'gcc_lazy_plt': ('gcc', '-O2', '-Wl,-z,lazy', '-fcf-protection=none'),
    'gcc_lazy_cet': ('gcc', '-O2', '-Wl,-z,lazy', '-fcf-protection=full'),
    'gcc_no_plt': ('gcc', '-O2', '-fno-plt', '-Wl,-z,now'),
    'gcc_pushes': ('gcc', '-O2', '-mno-accumulate-outgoing-args', '-fno-shrink-wrap'),
    'gcc_cold_parts': ('gcc', '-O2', '-ffunction-sections', '-freorder-blocks-and-partition', '-Wl,--gc-sections'),
}


def in_a_way(source, compiler, *flags):
    def run():
        if '-mavx2' in flags and not has_avx2():
            raise harness.Skip('this CPU has no AVX2')
        ours(source, name='.' + compiler + ''.join(flags).replace('/', '_'), flags=flags, compiler=compiler, least=5)
    return run


for way, (compiler, *flags) in WAYS.items():
    for source in ('shapes', 'throws'):
        globals()[f'test_{source}_{way}'] = in_a_way(source, compiler, *flags)
for way in ('gcc_O0', 'gcc_O2', 'clang_O0', 'clang_O2'):
    globals()[f'test_signals_{way}'] = in_a_way('signals', *WAYS[way])


def interrupted(compiler, *flags):
    """Signals anywhere: gdb cannot stop at the same places again, but who calls whom is known. Not a frame may
    be left out, which a stack that is whole otherwise does not tell."""
    def run():
        program = harness.target('interrupted.' + compiler + ''.join(flags), *flags, source='interrupted', compiler=compiler)
        profile = harness.profile(program).profile
        assert profile.integrity.truncated_stacks == 0 and profile.totals.allocs == 3000, profile.integrity
        objects, seen = profile.data['objects'], set()
        for stack in profile.data['stacks']:
            frames = [profile.data['frames'][i] for i in reversed(stack['frames'])]
            names = ' '.join(frame.get('function', 'plt') if objects[frame['object']]['path'] == program else 'library'
                             for frame in frames)
            assert re.fullmatch('_start library library main( saves| grows|( goes_down){1,13}( pushes)?)?( plt)?'
                                '( library){0,3} library on_tick', names), names
            seen.update(names.split())
        assert {'saves', 'grows', 'goes_down', 'pushes', 'plt'} <= seen, seen
    return run


for way in ('gcc_O0', 'gcc_O2', 'gcc_O3', 'clang_O2', 'gcc_lazy_cet', 'gcc_frame_pointers'):
    globals()[f'test_interrupted_{way}'] = interrupted(*WAYS[way])


def test_assembly_by_hand():
    ours('by_hand', least=9)


def test_a_plugin():
    ours('late_host', harness.target('late'), least=14)


def test_plugins_in_turns():
    ours('swaps', harness.target('swap_a'), harness.target('swap_b'), least=10)


def test_perf_uprobes():
    ours('shapes', least=20, env={'CAPTRACK_ATTACH': 'perf'})


def test_before_and_after_main():
    ours('early')


def test_deeper_than_kept():
    ours('deep')


def test_calls_by_libc():
    ours('libc_calls')


def test_contexts():
    """makecontext lets a context return to the first byte of __start_context: the call before it, which
    an unwinder looks up, is none. Neither side finds a caller; ours says that it looked for one."""
    ours('contexts', ends=('not_code', 'no_row', 'no_progress'))


@contextlib.contextmanager
def return_probes(program, functions):
    """Another profiler's: the kernel puts an address of its own in the place of return addresses."""
    libc, kind = ctypes.CDLL(None, use_errno=True), int(open('/sys/bus/event_source/devices/uprobe/type').read())
    path, symbols = ctypes.create_string_buffer(program.encode()), {}
    for line in subprocess.run(['nm', program], capture_output=True, text=True, check=True).stdout.splitlines():
        symbols[line.split()[-1].split('.')[0]] = line.split()[0]
    opened = []
    for function in functions:
        offset = gdb_stacks.elf(program).offset(int(symbols[function], 16))
        # struct perf_event_attr: type, size, config (1: at the return) ... config1 (path), config2 (offset)
        attributes = struct.pack('<IIQ40xQQ56x', kind, 128, 1, ctypes.addressof(path), offset)
        opened.append(libc.syscall(298, attributes, -1, 0, -1, 8))  # perf_event_open, PERF_FLAG_FD_CLOEXEC
        assert opened[-1] >= 0, os.strerror(ctypes.get_errno())
    yield
    for fd in opened:
        os.close(fd)


def test_among_others_return_probes():
    """In every frame: also two in one place (of a function and the one it ends in)."""
    functions = ('with_alloca', 'realigned', 'realigned_and_grown', 'many_arguments', 'with_all_registers', 'goes_down',
                 'tail', 'tail_end', 'goes_wrong', 'compares', 'sorts', 'writes', 'prints', 'in_thread', 'before_main')
    program = harness.target('shapes')
    ours('shapes', least=20, during=return_probes(program, functions))


def rust(level):
    def run():
        harness.need('rustc')
        source, program = harness.HERE / 'targets/panics.rs', harness.BUILD / f'tests/targets/panics-O{level}'
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(['rustc', '--edition=2021', '-g', '-C', f'opt-level={level}', '-o', program, source],
                           check=True, capture_output=True)
        gdb_stacks.compare(program, everything=True, least=20)
    return run


test_rust_O0, test_rust_O2 = rust(0), rust(2)


def real(workload, least, **more):
    def run():
        words, env = workload()
        gdb_stacks.compare(*words, env=env, least=least, **more)
    run.limit = 120
    return run


test_git_log = real(workloads.git, 100)
test_python3 = real(workloads.python3, 100, last=20000)
test_perl = real(workloads.perl, 50)
test_sqlite3 = real(workloads.sqlite3, 100)
test_jq = real(workloads.jq, 50, last=20000)
test_gdb = real(workloads.gdb, 100, last=20000)
test_cc1 = real(workloads.cc1, 100, last=10000)
test_clang = real(workloads.clang, 100, last=10000)


def test_that_a_wrong_frame_is_found():
    """The comparison itself: an address too high, a frame that lacks, one too many, another object, a mark."""
    _, theirs, right = ours('early', least=2)
    for stack in list(right):
        path, vaddr = stack[1]
        for wrong in ((stack[0], (path, vaddr + 1), *stack[2:]), (stack[0], *stack[2:]), stack[:-1],
                      (*stack, stack[-1]), (stack[0], (path + 'x', vaddr), *stack[2:])):
            altered = {wrong if key == stack else key: value for key, value in right.items()}
            found = gdb_stacks.differences(theirs, altered, both_ways=True)
            assert len(found) == 2, (wrong, found)
            assert len(gdb_stacks.differences(theirs, altered)) == 1
        marked = {key: {'truncated': key == stack, 'end': 'no_row'} for key in right}
        assert len(gdb_stacks.differences(theirs, marked)) == 1
    assert not gdb_stacks.differences(theirs, right, both_ways=True)
