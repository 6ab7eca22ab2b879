#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Our stacks against gdb's, address by address.

A program runs twice. First under the profiler, whose profile names the allocator functions
that it probed; then in gdb, with breakpoints on the same instructions of the same
functions. At some hits gdb walks the stack, with an unwinder that has no code in common with
ours. Addresses become places, (object, ELF virtual address), so it does not matter where things
were mapped. Each stack of gdb's has to be in the profile, frame by frame.

    tests/gdb_stacks.py [--last N] [--all] COMMAND...      for any program, by hand

This same file is what runs inside gdb.
"""
import contextlib
import json
import os
import re
import struct
import subprocess
import sys

try:
    import gdb
except ImportError:
    gdb = None

# --- inside gdb; `job` was set by a command before ---


def mappings(pid):
    """(start, end, file offset, path) of all code."""
    found = []
    for line in open(f'/proc/{pid}/maps'):
        match = re.match(r'(\w+)-(\w+) ..x. (\w+) \S+ \d+ +(\S.*)?$', line)
        if match:
            found.append((*(int(text, 16) for text in match.groups()[:3]), match.group(4) or '[anon]'))
    return found


def addresses_of_stack():
    """Of the frames above the innermost one. Inlined functions and the tail calls that gdb guesses
    at from debug info have no frame of their own."""
    found, frame = [], gdb.newest_frame().older()
    while frame is not None and frame.is_valid():
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            found.append(frame.pc())
        frame = frame.older()
    return found


def places(addresses, maps):
    """Ends before the first address that is no code: gdb may go one step beyond the outermost frame."""
    found = []
    for address in addresses:
        # Mappings are told apart by the call before a return address, which may be their end.
        inside = [m for m in maps if m[0] < address <= m[1]] or [m for m in maps if m[0] == address]
        if not inside:
            break
        start, _, offset, path = inside[0]
        found.append((path, address - start + offset))
    return tuple(found)


def run_in_gdb(job):
    for command in ('set pagination off', 'set confirm off', 'unset environment LINES', 'unset environment COLUMNS',
                    'set backtrace past-main on', 'set backtrace past-entry on',
                    'set backtrace limit unlimited', 'handle all nostop noprint pass', 'set debuginfod enabled off',
                    'set stop-on-solib-events 1'):
        gdb.execute(command)
    seen, state, sites = {}, {'hits': 0, 'due': 1, 'error': '', 'done': False}, []

    def note():
        maps = mappings(gdb.selected_inferior().pid)
        stack = places(addresses_of_stack(), maps)
        seen.setdefault(stack, state['hits'])

    class Site(gdb.Breakpoint):
        def stop(self):
            if state['done']:
                return True
            state['hits'] += 1
            if state['hits'] < state['due']:
                return False
            # All of the first, then some: a number that programs do not count by.
            state['due'] = state['hits'] + (1 if job['all'] or state['hits'] < 150 else 11)
            try:
                note()
            except Exception as error:  # gdb would only print it
                state['error'] = f'hit {state["hits"]}: {error!r}'
            state['done'] = bool(state['error']) or state['hits'] >= job['last']
            return state['done']

    gdb.execute('run')
    while gdb.selected_inferior().pid:
        maps = mappings(gdb.selected_inferior().pid)
        if not sites:
            for path, offset in job['sites']:
                sites += [Site(f'*{m[0] + offset - m[2]:#x}', internal=True) for m in maps
                          if m[3] == path and m[2] <= offset < m[2] + m[1] - m[0]]
            if sites:
                gdb.execute('set stop-on-solib-events 0')
        if state['done']:
            gdb.execute('kill')
            break
        gdb.execute('continue')
    with open(job['out'], 'w') as out:
        stacks = [[hit, stack] for stack, hit in seen.items()]
        json.dump({'hits': state['hits'], 'error': state['error'], 'stacks': stacks}, out)


if gdb:
    run_in_gdb(job)  # noqa: F821
    sys.exit(0)

# --- outside ---

import harness  # noqa: E402

MAX_DEPTH = 127  # CT_MAX_DEPTH: more frames are not kept


class Elf:
    """What is needed to go between offsets in a file and its virtual addresses."""

    def __init__(self, path):
        self.segments = []
        with open(path, 'rb') as file:
            head = file.read(64)
            offset, size, count = *struct.unpack('<Q', head[32:40]), *struct.unpack('<HH', head[54:58])
            for i in range(count):
                file.seek(offset + i * size)
                kind, flags, at, vaddr, _, length = struct.unpack('<IIQQQQ', file.read(40))
                if kind == 1 and flags & 1:  # PT_LOAD, PF_X
                    self.segments.append((at, vaddr, length))

    def vaddr(self, offset):
        """Also of the first byte after a segment: a return address may be that."""
        return next(offset - at + vaddr for at, vaddr, length in self.segments if at <= offset <= at + length)

    def offset(self, vaddr):
        return next(vaddr - at + offset for offset, at, length in self.segments if at <= vaddr < at + length)


elfs = {}


def elf(path):
    if path not in elfs:
        elfs[path] = Elf(path)
    return elfs[path]


def sites(profile):
    """(path, address of the probed instruction) of the probed functions that allocate."""
    found = set()
    for probe in profile.data['capture']['probes']:
        path = profile.data['objects'][probe['object']]['path']
        if probe['kind'] != 'return' and probe['function'] not in ('free', 'cfree'):
            found.add((path, int(probe['site_offset'], 16)))
    return sorted(found)


def allocator_code(profile):
    """The code of the probed functions: calls out of it are parts of a call that is counted already."""
    found = []
    for path, vaddr in sites(profile):
        text = subprocess.run(['readelf', '-W', '--dyn-syms', path], capture_output=True, text=True).stdout
        functions = [(int(start, 16), int(start, 16) + int(size, 0)) for start, size in
                     re.findall(r'^ *\d+: (\w+) +(\w+) FUNC', text, re.M)]
        found += [(path, start, end) for start, end in functions if start <= vaddr < end]
    return found


def stacks_of_profile(profile):
    """{((path, vaddr), ...): the stack}, innermost first."""
    objects, frames = profile.data['objects'], profile.data['frames']
    places_ = [(objects[frame['object']]['path'], int(frame['offset'], 16)) for frame in frames]
    return {tuple(places_[i] for i in stack['frames']): stack for stack in profile.data['stacks']}


def stacks_of_gdb(profile, words, env, last, everything):
    job = {'sites': [(path, elf(path).offset(vaddr)) for path, vaddr in sites(profile)],
           'out': os.path.abspath('gdb.json'), 'last': last, 'all': everything}
    done = subprocess.run([harness.need('gdb'), '-nx', '-batch', '-ex', f'python job = {job!r}', '-x',
                           os.path.abspath(__file__), '--args', *map(str, words)], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=100,
                          env={**os.environ, **(env or {}), 'SHELL': '/bin/sh'})  # which starts the program
    said = done.stderr.decode(errors='replace')
    if 'scripting is not supported' in said:
        raise harness.Skip('this gdb has no Python')
    assert os.path.exists('gdb.json'), f'gdb: {said[-600:]}'
    told = json.load(open('gdb.json'))
    os.remove('gdb.json')
    assert not told['error'], f'gdb: {told["error"]}'
    inner = allocator_code(profile)
    found = {}
    for hit, stack in told['stacks']:
        stack = tuple((path, elf(path).vaddr(offset) if path[0] == '/' else offset) for path, offset in stack)
        if not any(path == own and start < vaddr <= end for path, vaddr in stack for own, start, end in inner):
            found.setdefault(stack, hit)
    return found, told['hits']


def as_text(stack, skip=0, most=40):
    words = [f'{os.path.basename(path)}+{vaddr:#x}' for path, vaddr in stack[skip:skip + most]]
    return ' < '.join(['...'] * (skip > 0) + words + ['...'] * (skip + most < len(stack)))


def alike(stack, other):
    """How many of the inner frames are the same."""
    return next((i for i, (a, b) in enumerate(zip(stack, other)) if a != b), min(len(stack), len(other)))


def both(name, stack, others):
    """The stack and that of the others that goes with it longest, from where they part."""
    other = max(others, key=lambda other: (alike(stack, other), alike(stack[::-1], other[::-1])), default=())
    skip = max(0, alike(stack, other) - 3)
    return f'{name} ({len(stack)} frames): {as_text(stack, skip)}\n  nearest ({len(other)}): {as_text(other, skip)}'


def differences(theirs, ours, both_ways=False, ends=()):
    """Texts, one for each stack of theirs that is not among ours (and, both ways, the reverse). `ends`: how
    a stack may be said to be truncated though gdb knows no more of it."""
    found, cut = [], {stack[:MAX_DEPTH] for stack in theirs}
    for whole, hit in theirs.items():
        stack = whole[:MAX_DEPTH]
        if stack not in ours:
            found.append(both(f'gdb at hit {hit}', stack, ours))
        elif (ours[stack].get('end') != 'depth' if len(whole) > MAX_DEPTH else
              ours[stack].get('truncated') and ours[stack].get('end') not in ends):
            found.append(f'gdb at hit {hit} ({len(whole)} frames), truncated: {ours[stack].get("truncated", False)} '
                         f'({ours[stack].get("end", "")}): {as_text(stack)}')
    if both_ways:
        found += [both('only ours', stack, theirs) for stack in ours if stack not in cut]
    return found


def compare(*words, env=None, last=3000, everything=False, ends=(), least=1, during=contextlib.nullcontext()):
    """Asserts that gdb's stacks are in the profile of the program; with `everything`, that it is
    the same stacks, none more. `during` is entered for the profiler's run only. Returns how often gdb
    saw an allocation, and both sides' stacks."""
    harness.need('gdb')
    words = [harness.need(words[0]), *words[1:]]
    with during:
        run = harness.profile(*words, env=env)
    assert run.status == 0, f'exit status {run.status}: {run.stderr}'
    profile = run.profile
    ours = stacks_of_profile(profile)
    theirs, hits = stacks_of_gdb(profile, words, env, 10 ** 9 if everything else last, everything)
    found = differences(theirs, ours, everything, ends)
    assert not found, f'{len(found)} of {len(theirs)} stacks differ:\n' + '\n'.join(found[:5])
    assert len(theirs) >= least, f'gdb saw only {len(theirs)} stacks in {hits} hits'
    return hits, theirs, ours


def main():
    import argparse
    import pathlib
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default='build')
    parser.add_argument('--last', type=int, default=3000, help='hits of the allocator')
    parser.add_argument('--all', action='store_true', help='every hit, and the profile has no other stacks')
    parser.add_argument('command', nargs=argparse.REMAINDER)
    options = parser.parse_args()
    harness.set_up(pathlib.Path(options.build).resolve())
    try:
        words = options.command[options.command[:1] == ['--']:]
        where = os.getcwd()
        os.chdir(harness.ROOT)
        words = [path if os.path.exists(path := os.path.join(where, word)) else word for word in words]
        hits, theirs, _ = compare(*words, last=options.last, everything=options.all)
        print(f'{hits} hits, {len(theirs)} different stacks of {sum(map(len, theirs))} frames: all the same')
    except (AssertionError, harness.Skip) as error:
        print(error)
        return 1
    finally:
        harness.tear_down()
    return 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
