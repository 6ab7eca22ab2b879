# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""DHAT and heaptrack on the same program, run in the same way: the same figures.

Where their definitions differ from ours (read in valgrind 3.19's dhat/dh_main.c, tried with heaptrack 1.4):

DHAT    A realloc counts as one more block of the new size, as here; but the block stays with the stack of its
        birth, where here each realloc is an allocation of the stack that called it. So birth stack and realloc
        stacks are compared together. A block of 0 bytes counts as 1 byte. Of several equal peaks it is the last that
        is told (here the first). `mb`, the most that a program point held, is brought up to date only when
        the whole heap is at a new maximum: it can be less than our peak_bytes, never more. A lifetime is counted in
        instructions; it goes on through realloc, and blocks never freed live to the end: `tl` has them too.
heaptrack
        `temporary`: no other allocation *and no other free* in between, on any thread (here: no other allocation,
        on the same thread). heaptrack's own count goes by blocks; heaptrack_print's by (stack, size), so the older of two
        alike blocks, freed first, is temporary too. realloc is a free and an allocation, as here; realloc(p, 0) is not
        seen. Its library brings libstdc++'s first block of 72,704 bytes into a C program.
"""
import json
import os
import pathlib
import re
import subprocess
from collections import defaultdict

import harness
from harness import profile


def dhat(*words):
    """Its program points."""
    harness.need('valgrind')
    done = subprocess.run(['valgrind', '-q', '--tool=dhat', '--dhat-out-file=dhat.out', '--num-callers=500',
                           '--run-libc-freeres=no', '--show-below-main=yes', '--read-inline-info=no', *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if not os.path.exists('dhat.out'):
        raise harness.Skip(f'valgrind does not run here: {done.stderr.strip()[-200:]}')
    with open('dhat.out', encoding='utf-8') as file:
        return json.load(file)


# Their names for what both count.
FIGURES = {'tbk': 'allocs', 'tb': 'allocated_bytes', 'gbk': 'at_peak_allocs', 'gb': 'at_peak_bytes', 'ebk': 'live_allocs',
           'eb': 'live_bytes'}


def points_of_dhat(data):
    """(function, line) of each frame below the allocator down to main: the figures."""
    points = defaultdict(lambda: defaultdict(int))
    for point in data['pps']:
        frames = [re.fullmatch(r'0x\w+: (\S+) \((?:in )?(.*?)(?::(\d+))?\)', data['ftbl'][i]) for i in point['fs']]
        frames = [match.groups() for match in frames if match and 'vgpreload' not in match.group(2)]
        key = tuple((name, int(line or 0)) for name, _, line in frames)
        for theirs in (*FIGURES, 'mb', 'tl'):
            points[down_to_main(key)][theirs] += point[theirs]
    return points


def points_of_ours(one):
    points = defaultdict(lambda: defaultdict(int))
    for stack in one.data['stacks']:
        frames = [one.data['frames'][index] for index in stack['frames']]
        key = tuple((frame.get('function', ''), frame.get('line', 0)) for frame in frames)
        for theirs, ours in (*FIGURES.items(), ('mb', 'peak_bytes')):
            points[down_to_main(key)][theirs] += stack[ours]
    return points


def down_to_main(key):
    names = [name for name, _ in key]
    assert 'main' in names, key
    return key[:names.index('main') + 1]


def same(theirs, ours, what):
    apart = {name: (theirs[name], ours[name]) for name in FIGURES if theirs[name] != ours[name]}
    assert not apart, f'{what}: (theirs, ours) are {apart}'


def total(points):
    return {name: sum(point[name] for point in points) for name in FIGURES}


def test_dhat_has_the_same_program_points():
    program = harness.target('deterministic')
    theirs, ours = points_of_dhat(dhat(program)), points_of_ours(profile(program).profile)

    def born_in(points, *functions):
        return {key: point for key, point in points.items() if key[0][0] in functions}

    for birth, again in (('birth', 'grow'), ('birth_of_shrinking', 'shrink')):
        assert born_in(theirs, birth) and born_in(ours, birth) and born_in(ours, again), birth
        assert not born_in(theirs, again), again
        same(total(born_in(theirs, birth).values()), total(born_in(ours, birth, again).values()), birth)
    apart = [*born_in(theirs, 'birth', 'birth_of_shrinking')]
    alike = {key: point for key, point in theirs.items() if key not in apart}
    again = [*born_in(ours, 'birth', 'birth_of_shrinking', 'grow', 'shrink')]
    assert alike.keys() == {*ours} - {*again}, alike.keys() ^ ({*ours} - {*again})
    assert len(alike) >= 12, alike.keys()
    for key, point in alike.items():
        same(point, ours[key], key)
        assert 0 <= point['mb'] <= ours[key]['mb'], f'{key}: mb {point["mb"]}, peak_bytes {ours[key]["mb"]}'
    peak = max(alike, key=lambda key: alike[key]['gb'])
    assert peak[0][0] == 'peak_block' and alike[peak]['mb'] == ours[peak]['mb'] == 200000, (peak, alike[peak])


def test_dhat_has_lifetimes_in_the_same_proportion():
    """Each of works.c's blocks lives for a number of units of the same work. In instructions the proportion is exact to
    1%; in time to a quarter: of the shortest life of five, which the machine's other work has not stretched."""
    program = harness.target('works')
    theirs = {key[0][0]: point for key, point in points_of_dhat(dhat(program)).items()}
    one = profile(program).profile
    ours = {name: one.one(name).lifetime_ns for name in theirs}
    for units in (1, 2, 4, 8):
        name = f'units_{units}'
        times = theirs[name]['tl'] / theirs['units_1']['tl']
        assert abs(times / units - 1) < 0.01, f'DHAT: {name} lives {times} times as long as units_1'
        times = ours[name]['min'] / ours['units_1']['min']
        assert abs(times / units - 1) < 0.25, f'{name} lives {times} times as long as units_1'
    assert [*sorted(theirs, key=lambda name: theirs[name]['tl'] / theirs[name]['tbk'])] == \
        [*sorted(ours, key=lambda name: ours[name]['min'])], ours
    whole = ours['through_all']['sum']
    parts = sum(ours[f'units_{units}']['sum'] for units in (1, 2, 4, 8))
    assert parts <= whole, f'{parts} ns of blocks that live one after the other, while one of {whole} ns lives'


def address(offset):
    return int(offset, 16) if isinstance(offset, str) else offset


def by_address(one, data):
    """Both captures' stacks by (object, address in its file), for programs without names. DHAT tells addresses in
    memory, of the last byte of the call; where each object lay is found as the multiple of a page that makes most
    of our addresses some of DHAT's."""
    seen = {int(text.split(':')[0], 16) + 1 for text in data['ftbl'][1:]}
    offsets = defaultdict(set)
    for frame in one.data['frames']:
        offsets[frame['object']].add(address(frame['offset']))
    places = {}
    for index in offsets:
        bases = defaultdict(int)
        for base in (place - offset for place in seen for offset in offsets[index]):
            bases[base] += base % 4096 == 0
        base = max(bases, key=bases.get, default=0)
        places.update({base + offset: (index, offset) for offset in offsets[index]})
    ours, theirs = {}, {}
    for stack in one.data['stacks']:
        frames = [one.data['frames'][index] for index in stack['frames']]
        ours[tuple((frame['object'], address(frame['offset'])) for frame in frames)] = stack
    assert len(ours) == len(one.data['stacks'])
    for point in data['pps']:
        frames = [text for text in (data['ftbl'][index] for index in point['fs']) if 'vgpreload' not in text]
        key = [places.get(int(text.split(':')[0], 16) + 1) for text in frames]
        key = tuple(key[:key.index(None)] if None in key else key)  # it goes on beyond _start
        found = theirs.setdefault(key, defaultdict(int))  # memalign below posix_memalign is a point of its own
        for name in FIGURES:
            found[name] += point[name]
    return ours, theirs


def compare_stacks(*words, at_least):
    """A real program. Of its stacks only those by which no buffer grew can be compared one by one: DHAT has a
    buffer where it was born, we have it where it grew last. The others must agree together."""
    one = profile(*words).profile
    data = dhat(*words)
    totals = {**one.totals, 'at_peak_bytes': one.totals.peak_bytes, 'at_peak_allocs': one.totals.peak_allocs}
    same(total(data['pps']), {name: totals[ours] for name, ours in FIGURES.items()}, 'totals')
    ours, theirs = by_address(one, data)
    grown = {key for key, stack in ours.items() if stack['reallocs'] or 'growth' in stack}
    alike = [key for key in ours if key not in grown]
    assert len(alike) >= at_least, f'{len(alike)} stacks to compare'
    for key in alike:
        assert key in theirs, f'not in DHAT: {key}'
        same(theirs[key], {name: ours[key][of_ours] for name, of_ours in FIGURES.items()}, key)
    assert not theirs.keys() - ours.keys(), f'not in ours: {theirs.keys() - ours.keys()}'
    for key in theirs.keys() & grown:  # the blocks that were born there, and all that they grew to later
        born = ours[key]['allocs'] - ours[key]['reallocs']
        steps = ours[key].get('growth', {}).get('steps', 0)
        if not ours[key]['reallocs']:
            assert theirs[key]['tbk'] == born + steps, f'{key}: DHAT {theirs[key]["tbk"]}, {born} and {steps} steps'
    return f'{len(alike)} stacks are the same, {len(grown)} grow'


def test_dhat_has_the_same_stacks_of_sqlite3():
    return compare_stacks(harness.need('sqlite3'), ':memory:', 'CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 '
                          "UNION ALL SELECT i+1 FROM n WHERE i<2000) INSERT INTO t SELECT i, 'x' || i FROM n; "
                          'CREATE INDEX x ON t(b); SELECT count(*) FROM t JOIN t AS u ON t.b = u.b;', at_least=300)


def test_dhat_has_the_same_stacks_of_sort():
    pathlib.Path('in').write_text('\n'.join(f'line {i * 7919 % 10007}' for i in range(5000)))
    return compare_stacks(harness.need('sort'), '--parallel=1', '-S', '1M', 'in', at_least=10)


def heaptrack(*words):
    """Its own counts, and by the functions below main its analysis's: (allocations, temporary)."""
    harness.need('heaptrack_print')
    done = subprocess.run([harness.need('heaptrack'), '-o', 'heaptrack', *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    # SECONDARY: the interpreter's counts are on its stderr, at the end of the script's output
    text = done.stdout + done.stderr
    counted = {name: int(re.search(rf'^\s*{name}[^:\n]*:\s*(\d+)', text, re.M).group(1))
               for name in ('allocations', 'temporary')}
    found = defaultdict(lambda: [0, 0])
    file = next(path for path in os.listdir('.') if path.startswith('heaptrack.'))
    for index, kind in enumerate(('allocations', 'temporary')):
        subprocess.run(['heaptrack_print', '-f', file, '-p', '0', '-a', '0', '-T', '0', '-F', kind,
                        '--flamegraph-cost-type', kind], capture_output=True, check=True)
        for line in pathlib.Path(kind).read_text().splitlines():
            stack, number = line.rsplit(' ', 1)
            names = tuple(re.sub(r' \(.*', '', frame) for frame in stack.rstrip('; ').split(';'))
            if 'main' in names:
                found[names[names.index('main'):]][index] += int(number)
    return counted, found


def test_heaptrack_has_the_same_temporary_blocks():
    program = harness.target('deterministic')
    counted, found = heaptrack(program)
    one = profile(program).profile
    ours = defaultdict(lambda: [0, 0])
    for stack in one.data['stacks']:
        names = tuple(reversed(down_to_main(tuple((name, 0) for name in one.names(stack)))))
        for index, name in enumerate(('allocs', 'temporary_allocs')):
            ours[tuple(name for name, _ in names)][index] += stack[name]
    # By blocks: 70 with another free in between, and one that realloc(p, 0) frees.
    assert counted['temporary'] == one.totals.temporary_allocs - 70 - 1, (counted, one.totals)
    # And libstdc++'s block.
    assert counted['allocations'] == one.totals.allocs + 1, (counted, one.totals)
    assert found.keys() == ours.keys(), found.keys() ^ ours.keys()
    assert len(found) >= 15, found.keys()
    for names, figures in found.items():
        expected = ours[names]
        if names[-1] == 'after_another':
            assert expected == [70, 70], expected
            expected = [70, 0]
        if names[-1] == 'failing':
            assert expected == [2, 2], expected
            expected = [2, 1]
        if names[-1] == 'in_pairs':  # 100 like blocks, of which the older is freed first
            expected = [101, 99]
        assert figures == expected, f'{names}: heaptrack {figures}, ours {ours[names]}'
