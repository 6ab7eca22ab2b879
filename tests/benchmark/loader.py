# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the profiler costs beside its probes: CPU, memory, the time to attach, a snapshot. Each
measurement returns {what: samples}, in the unit that the name ends with, or {what: why it is skipped}."""
import contextlib
import glob
import os
import pathlib
import signal
import statistics
import subprocess
import time

import harness
import workloads
from benchmark import launch, rows

TICKS = os.sysconf('SC_CLK_TCK')
LIMIT = 120  # seconds for a target to have its blocks
MANY_STACKS = ['--max-stacks', '131072']


# --- what is measured ---

def cpu(rounds):
    """10,000 stacks that all change all the time, at the default interval."""
    seconds = 10
    with target('holds', 10000, 10000, 60) as held, capture(held.pid) as tool:
        time.sleep(2)  # past the first snapshot, which names all frames
        before, begin = cpu_seconds(tool.pid), time.monotonic()
        time.sleep(seconds)
        used, lasted = cpu_seconds(tool.pid) - before, time.monotonic() - begin
    return {'loader_cpu_10000_stacks_percent': [100 * used / lasted]}


def resident(rounds):
    """The most that the loader had, from the start of a compiler to the last profile of it."""
    figures = {}
    for name, workload in (('clang', workloads.clang), ('cc1', workloads.cc1)):
        try:
            words, _ = workload()
        except harness.Skip as reason:
            figures[f'loader_resident_{name}_mb'] = reason
            continue
        tool = harness.start_tool('-q', '-o', 'out', '--', *words, start_new_session=True)
        with rows.ended(tool):
            peak, end = 0, time.monotonic() + LIMIT
            while tool.poll() is None and time.monotonic() < end:
                peak = max(peak, peak_resident(tool.pid))
                time.sleep(0.003)
            check(tool.returncode == 0, f'{name}: {tool.stderr.read()[-200:]}')
        figures[f'loader_resident_{name}_mb'] = [peak / 1e6]
    return figures


def kernel_memory(rounds):
    """Of the maps: of a small program's capture, and what a block and a stack add to it."""
    count, stacks = 1000000, 50000
    small, blocks, ways = maps_with(1, 1), maps_with(1, count), maps_with(stacks, stacks)
    block = (blocks - small) / count
    return {'kernel_memory_small_program_mb': [small / 1e6], 'kernel_memory_per_block_bytes': [block],
            'kernel_memory_per_stack_bytes': [(ways - small) / stacks - block]}


def maps_with(stacks, blocks):
    held, tool = held_by_a_command(stacks, blocks)
    with held:
        return map_bytes(tool.pid)


def attach(rounds):
    """From the loader's start to its word that it profiles; for a command, to its main."""
    libraries = tiny_libraries(300)
    llvm = sorted(glob.glob('/usr/lib/x86_64-linux-gnu/libLLVM*.so.1'))[-1:]
    return {'attach_small_program_ms': attach_ms(rounds), 'attach_300_objects_ms': attach_ms(rounds, *libraries),
            'attach_libllvm_ms': attach_ms(rounds, *llvm) if llvm else harness.Skip('there is no libLLVM'),
            'start_of_command_ms': start_of_command_ms(rounds)}


def attach_ms(rounds, *libraries):
    times = []
    with target('opens', *libraries) as opened:
        for _ in range(rounds):
            begin = time.monotonic()
            with capture(opened.pid):
                times.append(1000 * (time.monotonic() - begin))
    return times


def start_of_command_ms(rounds):
    """More than without the profiler."""
    def once(row):
        with launch.launch(row, ['/bin/true'], {}) as run:
            run.wait_for_program()
            run.go()
            run.wait_for_end(LIMIT)
            run.finish()
            return 1000 * (run.connected - run.begin)
    with_it, without = rows.Captrack('exact', ''), rows.Row()
    return [once(with_it) - once(without) for _ in range(rounds)]


def snapshot(rounds):
    """Of 100,000 stacks and 4 million blocks: the first, which names all frames, and the next ones."""
    figures = {}
    held, tool = held_by_a_command(100000, 4000000, *MANY_STACKS)
    with held:
        figures['kernel_memory_4_million_blocks_mb'] = [map_bytes(tool.pid) / 1e6]
        for name in ['first'] + rounds * ['next']:
            cpu_before, begin = cpu_seconds(tool.pid), time.monotonic()
            path = ask_for_snapshot(tool)
            figures.setdefault(f'snapshot_{name}_wall_ms', []).append(1000 * (time.monotonic() - begin))
            figures.setdefault(f'snapshot_{name}_cpu_ms', []).append(1000 * (cpu_seconds(tool.pid) - cpu_before))
        figures['snapshot_file_mb'] = [os.path.getsize(path) / 1e6]
        figures['snapshot_loader_resident_mb'] = [peak_resident(tool.pid) / 1e6]
    return figures


def all_measurements():
    return {'loader/cpu': cpu, 'loader/resident': resident, 'loader/kernel': kernel_memory, 'loader/attach': attach,
            'loader/snapshot': snapshot}


def measure(name, rounds):
    """{what: {median, samples}}, or in its place {'skipped' or 'failed': why}."""
    folder = pathlib.Path(name.replace('/', '-'))
    folder.mkdir()
    os.chdir(folder)
    try:
        return {what: {'skipped': str(samples)} if isinstance(samples, harness.Skip) else
                {'median': statistics.median(samples), 'samples': samples}
                for what, samples in all_measurements()[name](rounds).items()}
    except harness.Skip as reason:
        return {name: {'skipped': str(reason)}}
    except (launch.Failed, AssertionError, subprocess.SubprocessError, OSError) as error:
        return {name: {'failed': f'{type(error).__name__}: {error}'}}
    finally:
        os.chdir('..')


# --- targets and captures ---

@contextlib.contextmanager
def target(name, *words):
    """Runs, and has said that it is ready; it ends with its stdin."""
    process = subprocess.Popen([harness.target(name), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               start_new_session=True)
    with rows.ended(process):
        wait_until_ready(process)
        yield process
        process.stdin.close()


def wait_until_ready(process):
    check(harness.readable(process.stdout.fileno(), LIMIT), f'{process.args[0]}: not ready after {LIMIT} s')
    check(process.stdout.readline(), f'{process.args[0]}: ended')


@contextlib.contextmanager
def capture(pid, *options):
    """Profiles a running process, and has said so."""
    tool = harness.start_tool('-o', 'out', *options, '-p', pid, start_new_session=True)
    with rows.ended(tool):
        rows.wait_for_line(tool.stderr.fileno(), 'profiling process', tool)
        yield tool
        rows.interrupt(tool)


def held_by_a_command(stacks, blocks, *options):
    """A capture of `holds` from its start, which holds its blocks now: (context, the loader)."""
    tool = subprocess.Popen([harness.TOOL, '-q', '-i', '0', '-o', 'out', *options, '--', harness.target('holds'),
                             str(stacks), str(blocks)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True)

    @contextlib.contextmanager
    def held():
        with rows.ended(tool):
            wait_until_ready(tool)
            yield
    return held(), tool


def tiny_libraries(count):
    """That many mapped files with code and unwind data of their own."""
    pathlib.Path('tiny.c').write_text('int NAME(int n) { return n * 3; }\n')
    paths = [str(pathlib.Path(f'tiny{i}.so').absolute()) for i in range(count)]
    for i, path in enumerate(paths):
        subprocess.run(['gcc', '-O1', '-shared', '-fPIC', f'-DNAME=tiny{i}', '-o', path, 'tiny.c'], check=True, capture_output=True)
    return paths


def ask_for_snapshot(tool):
    """SIGUSR1, and waits for the file; returns its path."""
    def files():
        return {(path, os.stat(path).st_ino) for path in glob.glob('out/profile-*.json')}
    before = files()
    tool.send_signal(signal.SIGUSR1)
    new = harness.wait_for(lambda: files() - before, LIMIT, 'the snapshot')
    return next(iter(new))[0]


# --- what a process uses ---

def cpu_seconds(pid):
    """User and system time of all its threads."""
    with open(f'/proc/{pid}/stat', encoding='utf-8') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_resident(pid):
    """Bytes; 0 when it has ended."""
    try:
        with open(f'/proc/{pid}/status', encoding='utf-8') as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith('VmHWM')), 0)
    except OSError:
        return 0


def map_bytes(pid):
    """What the kernel says that the process's BPF maps take."""
    total = 0
    for path in glob.glob(f'/proc/{pid}/fdinfo/*'):
        with open(path, encoding='utf-8') as info:
            fields = dict(line.split(':', 1) for line in info if ':' in line)
        if 'map_type' in fields:
            total += int(fields['memlock'])
    return total


def check(holds, why):
    if not holds:
        raise launch.Failed(why)
