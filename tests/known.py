# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Targets of known answers: each source in tests/targets says in its first comment how it
is built and run, and what the profile must say.

    build: flags           (default -O1; %B is the folder of the programs)
    needs: name            another target, built first; `file from name`: as a file of that name
    options: words         of the profiler
    run: words             arguments; %B as above
    status: N              the exit status of the profiler (default 0)
                           (all stacks must be whole, unless a line is about truncated_stacks)
    image: N               which of several profiles the following lines are about (default 0)
    expect: EXPRESSION     in Python, over totals, integrity, target, capture, run, profile; its stack(NAMES), one(NAME),
                           callers(NAME), freed_by(NAME), double_frees(), frame(NAME), thread(NAME): see class Profile;
                           said: what the target printed, as JSON; within(), apart(), grew(), sized(), how(), did(): below
    compare: preload       all totals equal the counting preload's in the same run
"""
import functools
import json
import re

import harness


class Known:
    def __init__(self, source, build):
        self.source = source
        comment = source.read_text().split('*/')[0]
        self.lines = re.findall(r'^ \* (build|needs|options|run|status|image|expect|compare): (.*)$', comment, re.M)
        self.expects = [line for line in self.lines if line[0] in ('expect', 'compare')]
        self.counted = bool(self.value('compare', ''))

    def value(self, key, default):
        return next((value for name, value in self.lines if name == key), default)

    def run(self):
        self.judge(harness.profile(*self.command(), options=self.options()), '.')

    def options(self):
        return self.value('options', '').split()

    def programs(self):
        """The target and what it needs, compiled."""
        names = [value.split(' from ') for name, value in self.lines if name == 'needs'] + [[self.source.stem]]
        built = [harness.target(name[0], source=name[-1]) for name in names]
        return built + ([harness.preload()] if self.counted else [])

    def command(self):
        self.programs()
        words = [harness.target(self.source.stem), *self.value('run', '').split()]
        words = [word.replace('%B', str(harness.BUILD / 'tests/targets')) for word in words]
        if self.counted:  # env(1) sets the preload for the target alone; its own image comes first
            return ['env', f'LD_PRELOAD={harness.preload()}', 'CAPTRACK_COUNT_DIR=.', *words]
        return words

    def judge(self, run, folder):
        """What the run left must be as the comment says; counts of the preload are in folder."""
        status = int(self.value('status', '0'))
        assert run.status == status, f'exit status {run.status}, not {status}: {run.stderr}'
        if self.counted:
            run.profiles = run.profiles[1:]
            run.count = harness.counts(folder)[run.profiles[0].target.pid][0]
        self.check(run)

    def check(self, run):
        image = 0
        assert run.profiles, f'no profile: {run.stderr}'
        if not any('truncated_stacks' in value for _, value in self.lines):
            for profile in run.profiles:
                profile.check_whole()
        for name, value in self.lines:
            if name == 'image':
                image = int(value)
            if name not in ('expect', 'compare'):
                continue
            assert image < len(run.profiles), f'{len(run.profiles)} profiles, no image {image}: {run.files}'
            profile = run.profiles[image]
            if name == 'compare':
                compare(profile, run.count)
                continue
            scope = {'totals': profile.totals, 'integrity': profile.integrity, 'target': profile.target,
                     'capture': profile.capture, 'run': run, 'profile': profile, 'stack': profile.stack,
                     'one': profile.one, 'by_thread': profile.by_thread, 'callers': profile.callers, 'freed_by': profile.freed_by,
                     'double_frees': profile.double_frees, 'frame': profile.frame, 'thread': profile.thread,
                     'said': json.loads(run.stdout) if run.stdout.startswith('{') else {}, 'within': within, 'apart': apart,
                     'sized': functools.partial(sized, profile),
                     'grew': functools.partial(grew, profile), 'how': functools.partial(how, profile),
                     'did': functools.partial(did, profile)}
            assert eval(value, scope), f'{value}: {self.explain(value, scope)}'

    @staticmethod
    def explain(value, scope):
        left = re.split(r' (?:==|>=|<=|<|>|in) ', value)[0]
        return f'{left} is {eval(left, scope)}' if left != value else 'it is not'


def compare(profile, count, peak=True):
    for field in ('allocs', 'frees', 'reallocs', 'failed_allocs', 'allocated_bytes', 'freed_bytes', 'live_allocs',
                  'live_bytes', 'temporary_allocs') + (('peak_bytes', 'peak_allocs') if peak else ()):
        ours, theirs = profile.totals[field], count[field]
        assert ours == theirs, f'{field}: {ours}, the independent count says {theirs}'
    assert profile.integrity.unmatched_frees == count.unmatched_frees, \
        f'unmatched_frees: {profile.integrity.unmatched_frees}, counted {count.unmatched_frees}'


def within(times, said):
    """Lifetimes are as the target's own clock has them (targets/spans.h): [least, most] of each figure, and of
    the blocks of fewer bits of ns than each class."""
    harness.check_spread(times, said['n'])
    for name in ('min', 'max', 'sum'):
        least, most = said[name]
        assert least <= times[name] <= most, f'{name}: {times[name]} is not in {said[name]}'
    for bits, (least, most) in enumerate(said['shorter']):
        shorter = sum(times['log2'][:bits])
        assert least <= shorter <= most, f'{shorter} of fewer than {bits} bits, not {least} to {most}'
    return True


def apart(older, younger, said):
    least, most = said['apart']
    assert least <= older - younger <= most, f'{older - younger} ns apart, not {least} to {most}'
    return True


def grew(profile, birth, chains, steps, first_bytes, copied_bytes, final, open_chains=0):
    """The growth of a function's only stack is this, to the last size."""
    expected = {'chains': chains, 'steps': steps, 'first_bytes': first_bytes, 'copied_bytes': copied_bytes,
                'open_chains': open_chains, 'total_observed': len(final), 'final_sizes': sorted(final)}
    growth = dict(profile.one(birth).growth)
    growth['final_sizes'] = sorted(growth['final_sizes'])
    assert growth == expected, f'{birth}: {growth}, not {expected}'
    return True


def sized(profile, function, least, most, classes):
    """The sizes that a function's only stack asked for: how many there are of each number of bits that has any."""
    sizes = profile.one(function).sizes
    assert sizes['log2'][-1], f'{function}: trailing zeros in {sizes}'
    found = sizes['min'], sizes['max'], {bits: n for bits, n in enumerate(sizes['log2']) if n}
    assert found == (least, most, classes), f'{function}: {found}'
    return True


def how(profile, function):
    """What reallocs of a function did: [grown_in_place, moved, moved_bytes]."""
    return [sum(stack[name] for stack in profile.callers(function)) for name in ('grown_in_place', 'moved', 'moved_bytes')]


def did(profile, name):
    """What the only thread of this name did."""
    thread = profile.thread(name)
    return [thread[figure] for figure in ('allocs', 'frees', 'allocated_bytes', 'live_allocs', 'live_bytes')]
