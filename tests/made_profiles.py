# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Profiles made by hand, of any size and mode, whose sums add up; no probes needed."""
import json
import random

import harness
import profile_schema

MODES = {
    'exact': {},
    'sampled': {'mode': 'sampled', 'sample_bytes': 4096},
    'allocs_only': {'allocs_only': True},
    'no_details': {'no_details': True},
}
FREES = ('frees', 'freed_bytes', 'live_allocs', 'live_bytes', 'peak_bytes', 'at_peak_bytes', 'at_peak_allocs')
MOVES = ('grown_in_place', 'moved', 'moved_bytes', 'cross_thread_frees')
# What a mode does not know, of stacks and totals.
UNKNOWN = {
    'exact': (),
    'sampled': ('temporary_allocs', 'failed_allocs', *MOVES, 'sizes', 'lifetime_ns', 'growth'),
    'allocs_only': (*FREES, 'temporary_allocs', *MOVES, 'lifetime_ns', 'growth', 'peak_allocs', 'peak_ms'),
    'no_details': (*MOVES, 'sizes', 'lifetime_ns', 'growth'),
}


def spread(values):
    """Values as a histogram of the file."""
    counts = [0] * (max(values).bit_length() + 1)
    for value in values:
        counts[value.bit_length()] += 1
    return {'min': min(values), 'max': max(values), 'log2': counts}


def made_stack(dice, frames):
    sizes = [dice.choice((16, 40, 100, 1000, 5000, 70000)) + dice.randrange(16) for _ in range(dice.randrange(1, 5))]
    lives = sizes[:dice.randrange(len(sizes) + 1)]
    gone = len(sizes) - len(lives)
    stack = {
        'frames': frames, 'allocs': len(sizes), 'frees': gone, 'reallocs': 0, 'allocated_bytes': sum(sizes),
        'freed_bytes': sum(sizes) - sum(lives), 'live_allocs': len(lives), 'live_bytes': sum(lives), 'peak_bytes': sum(sizes),
        'at_peak_bytes': sum(lives), 'at_peak_allocs': len(lives), 'temporary_allocs': dice.randrange(gone + 1),
        'grown_in_place': 0, 'moved': 0, 'moved_bytes': 0, 'cross_thread_frees': 0, 'sizes': spread(sizes)}
    if gone:
        stack['lifetime_ns'] = {**spread([1000 * dice.randrange(1, 10 ** 6) for _ in range(gone)])}
    if gone and dice.random() < 0.2:
        chains, final = dice.randrange(1, gone + 1), 2 ** dice.randrange(8, 20)
        stack['growth'] = {'chains': chains, 'steps': 3 * chains, 'first_bytes': 64 * chains, 'copied_bytes': final * chains,
                           'total_observed': chains, 'open_chains': 0, 'final_sizes': [final] * chains}
        stack['reallocs'] = 3 * chains
    return stack


def integrity(mode):
    """The counters of the mode, as the schema has them."""
    unknown = {'sampled': harness.NEED_ALL, 'allocs_only': harness.NEED_FREES,
               'no_details': harness.NEED_DETAILS}.get(mode, set())
    return [name for name in profile_schema.load()['definitions']['integrity']['properties'] if name not in unknown]


def made(n=200, mode='exact', functions=60, seed=1):
    """n stacks, 4 to 12 calls deep, in a program and a library."""
    dice = random.Random(seed)
    objects = [{'path': '/opt/bin/shop'}, {'path': '/usr/lib/libbasket.so.1'}, {'path': '/lib/x86_64-linux-gnu/libc.so.6'}]
    frames = [{'object': 2, 'offset': '0x100', 'function': '__libc_start_main', 'symbol_offset': 4},
              {'object': 0, 'offset': '0x200', 'function': 'main', 'file': '/src/main.c', 'line': 7}]
    frames += [{'object': i % 2, 'offset': hex(0x1000 + 16 * i), 'function': f'work_{i}', 'file': f'/src/part{i % 9}.c', 'line': 10 + i}
               for i in range(functions)]
    frames[5]['inlined'] = [{'function': 'tiny', 'file': '/src/tiny.h', 'line': 3}]
    seen, stacks = set(), []
    while len(stacks) < n:
        calls = tuple(2 + min(int(dice.expovariate(4 / functions)), functions - 1) for _ in range(dice.randrange(2, 11)))
        if calls not in seen:
            seen.add(calls)
            stacks.append(made_stack(dice, [*calls, 1, 0]))
    stacks.sort(key=lambda stack: (-stack['at_peak_bytes'], -stack['live_bytes'], -stack['allocated_bytes']))
    if mode == 'allocs_only':
        stacks.sort(key=lambda stack: -stack['allocated_bytes'])
    totals = {name: sum(stack[name] for stack in stacks) for name in stacks[0] if isinstance(stacks[0][name], int)}
    totals.update(peak_bytes=totals.pop('at_peak_bytes'), peak_allocs=totals.pop('at_peak_allocs'), peak_ms=1500, failed_allocs=0)
    timeline = [{'ms': ms, 'live_bytes': totals['peak_bytes'] * ms // 2000, 'live_allocs': ms, 'allocated_bytes':
                 totals['allocated_bytes'] * ms // 2000, 'allocs': ms, 'frees': 0, 'rss_bytes': 2 * totals['peak_bytes'], 'threads': 1,
                 'cpu_ms': ms, 'minor_faults': 0, 'major_faults': 0} for ms in range(100, 2001, 100)]
    thread = {'tid': 42, 'name': 'shop', **{name: totals[name] for name in
                                           ('allocs', 'frees', 'allocated_bytes', 'live_allocs', 'live_bytes')}}
    profile = {
        'version': 1, 'tool': {'name': 'captrack-bpf', 'version': 'made'}, 'state': 'final', 'reason': 'exit',
        'target': {'pid': 42, 'ppid': 1, 'exe': '/opt/bin/shop', 'command': 'shop --all', 'start_ms': 1700000000000, 'attached': 'start',
                   'exit_status': 0},
        'host': {'kernel': '6.18', 'arch': 'x86_64', 'cpus': 2, 'page_size': 4096},
        'capture': {'mode': 'exact', 'interval_ms': 100, 'start_ms': 1700000000000, 'duration_ms': 2000, 'snapshots': 20,
                    'allocators': ['glibc'], 'probes': [], **MODES[mode]},
        'totals': totals, 'integrity': dict.fromkeys(integrity(mode), 0), 'timeline': timeline, 'objects': objects, 'frames': frames, 'stacks': stacks,
        'threads': [thread]}
    for part in (totals, *stacks, *profile['threads'], *timeline):
        for name in UNKNOWN[mode]:
            part.pop(name, None)
    if mode == 'no_details':
        del profile['threads']
    return profile


def write(profile, path):
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(profile, file)
    return path
