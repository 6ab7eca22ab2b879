# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Where code lies and comes from: stacks are whole through all of it."""
import ctypes
import os
import pathlib
import signal
import subprocess
import time

import harness


def whole(profile, *functions):
    """Stacks through these functions: how many allocations; all of the profile's stacks are whole."""
    profile.check_whole()
    return profile.stack(*functions).allocs


def test_program_on_an_overlay():
    """/proc/PID/maps shows another inode there than the kernel has."""
    unshare = harness.need('unshare')
    for folder in ('lower', 'upper', 'work', 'both'):
        os.mkdir(folder)
    subprocess.run(['cp', harness.target('leak'), 'lower/leak'], check=True)
    script = 'mount -t tmpfs none upper && mkdir upper/up upper/work && ' \
        'mount -t overlay -o lowerdir=lower,upperdir=upper/up,workdir=upper/work none both'
    tried = subprocess.run([unshare, '--mount', 'sh', '-c', script], capture_output=True, text=True)
    if tried.returncode:
        raise harness.Skip(f'no overlay can be mounted here: {tried.stderr.strip()}')
    run = harness.profile(unshare, '--mount', 'sh', '-c', f'{script} && exec both/leak')
    last = next(p for p in run.profiles if p.target.exe.endswith('/leak'))
    assert whole(last, 'leak_a', 'main', '_start') == 1000
    assert last.frame('leak_a').line and any(o['path'].endswith('both/leak') for o in last.data['objects'])


def test_program_replaced_while_it_runs():
    """As a package's upgrade does: the names are those of the file that is mapped."""
    subprocess.run(['cp', harness.target('busy'), 'busy'], check=True)
    process = subprocess.Popen(['./busy', '1'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        subprocess.run(['cp', harness.target('leak'), 'new'], check=True)
        os.rename('new', 'busy')
        one = harness.finish(harness.attach(process.pid, '-d', '0.5')).profile
        assert whole(one, 'step') > 100
    finally:
        process.kill()
        process.communicate()


def test_short_lives_one_after_another():
    """Each of them gone in a few milliseconds, with names and whole stacks from the first allocation on."""
    run = harness.profile('sh', '-c', f'exec sh -c "exec {harness.target("short")}"')
    last = run.profiles[-1]
    assert last.target.exe.endswith('/short') and last.frame('quick').line == 11
    for one in run.profiles:
        whole(one)


class PerfEvent(ctypes.Structure):
    """struct perf_event_attr, as far as a probe needs it."""
    _fields_ = [('type', ctypes.c_uint32), ('size', ctypes.c_uint32), ('config', ctypes.c_uint64),
                ('unused', ctypes.c_uint64 * 5), ('config1', ctypes.c_uint64), ('config2', ctypes.c_uint64),
                ('rest', ctypes.c_uint64 * 6)]


def probe_return(path, offset, pid):
    """Another tool's probe of a function's return, by perf_event_open(2)."""
    device = pathlib.Path('/sys/bus/event_source/devices/uprobe')
    if not device.exists():
        raise harness.Skip('no perf uprobes on this kernel')
    name = ctypes.create_string_buffer(os.fsencode(path))
    attr = PerfEvent(type=int((device / 'type').read_text()), size=ctypes.sizeof(PerfEvent), config=1,
                     config1=ctypes.addressof(name), config2=offset)
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(298, ctypes.byref(attr), pid, -1, -1, 0)
    assert fd >= 0, os.strerror(ctypes.get_errno())
    return fd


def offset_of(path, function):
    """In the file. Programs built here have their code at the same offset as address."""
    for line in subprocess.run(['nm', path], capture_output=True, text=True, check=True).stdout.splitlines():
        address, _, name = line.split(maxsplit=2) if len(line.split()) == 3 else ('', '', '')
        if name == function:
            return int(address, 16)
    raise AssertionError(f'{path} has no {function}')


def test_return_addresses_that_another_tool_took():
    """Its return probes on two outer functions put their address in place of the callers'."""
    path = harness.target('outer')
    process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    probes = []
    try:
        probes = [probe_return(path, offset_of(path, name), process.pid) for name in ('outer', 'middle')]
        tool = harness.attach(process.pid)
        process.stdin.write(b'go\n')
        process.stdin.flush()
        assert process.stdout.readline() == b'done\n'
        one = harness.finish(tool, signal.SIGINT).profile
        assert whole(one, 'inner', 'middle', 'outer', 'main', '_start') == 10
    finally:
        for fd in probes:
            os.close(fd)
        process.kill()
        process.communicate()
