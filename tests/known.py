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
    expect: EXPRESSION     in Python, over totals, integrity, target, capture, stack(NAMES), frame(NAME)
    compare: preload       all totals equal the counting preload's in the same run
"""
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
                     'capture': profile.capture, 'stack': profile.stack, 'frame': profile.frame, 'run': run,
                     'profile': profile}
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
