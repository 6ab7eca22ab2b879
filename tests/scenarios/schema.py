# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""docs/profile.schema.json is what the writer writes: no more, no less. That each profile of every other test is as
it says, harness.py checks."""
import copy
import json
import os
import re
import signal
import subprocess
import time

import harness
import profile_schema
from harness import profile

MODES = {'exact': [], 'sampled': ['--sample=16'], 'allocs-only': ['--allocs-only'], 'no-details': ['--no-details'],
         'free-stacks': ['--free-stacks'], 'sampled-allocs': ['--sample=16', '--allocs-only'],
         'bare': ['--sample=16', '--allocs-only', '--no-details']}

# What captures here need not have: that it is written all the same, and as described, is seen in edge_profile's.
SELDOM = {
    'capture.probes[].kind=session': 'Linux 6.13 or later',
    'cost.program_ns': 'kernel.bpf_stats_enabled is 0 as a rule; see cost/time_in_our_programs_where_the_kernel_keeps_it',
    'cost.traps_only': 'root may switch the statistics on',
    'capture.interval_stretched': 'a machine on which snapshots are slow',
    'stacks[].end=unknown_object': 'a file that was mapped just now, or cannot be read',
    'stacks[].end=no_row': 'code without unwind data and frame pointers',
    'stacks[].end=odd_row': 'code that does not allocate',
    'stacks[].end=read_fault': 'a damaged stack',
    'stacks[].end=no_progress': 'a damaged stack',
    'merged[].state=running': 'a merge while a capture runs; see merging/while_captures_run',
    'stacks[].end=busy': 'two threads at the same moment',
}


def test_the_schema_has_no_faults():
    """Of its own; and by the JSON Schema of JSON Schemas."""
    try:
        validators = profile_schema.import_debian('jsonschema')
    except ImportError:
        raise harness.Skip('python3-jsonschema is not installed')
    schema = profile_schema.load()
    validators.Draft7Validator.check_schema(schema)
    assert not list(profile_schema.problems(schema))
    broken = copy.deepcopy(schema)
    broken['definitions']['stack']['properties']['allocs'] = {'$ref': '#/definitions/cuont', 'descripton': 'How many.'}
    broken['definitions']['without_frees']['properties']['fress'] = False
    assert len(list(profile_schema.problems(broken))) == 4, list(profile_schema.problems(broken))


# --- captures of all kinds ---

def captures():
    """Profiles that have, together, all that can be had here."""
    for name, options in MODES.items():
        yield from profile(harness.target('growth'), options=options, folder=name).profiles
    for name, options in (('doubles', ['--free-stacks']), ('freed_by', ['--free-stacks', '--by-thread']), ('leaks', ['-i', '100']),
                          ('deep', []), ('contexts', []), ('crash', [])):
        yield from profile(harness.target(name), options=options, folder=name).profiles
    yield profile(harness.target('leak'), env={'CAPTRACK_ATTACH': 'perf'}, folder='perf').profile
    subprocess.run([harness.TOOL, 'merge', '-q', '-o', 'merged.json', 'exact', 'crash', 'perf'], check=True)
    yield harness.load('merged.json')
    yield from while_it_runs()


def while_it_runs():
    """Of a process that ran before: by the interval, by SIGUSR1, at the end of --duration."""
    target = subprocess.Popen([harness.target('busy'), '1', '60'])
    for options, sent in ((['-i', '50'], None), (['-i', '0', '-d', '1'], signal.SIGUSR1)):
        tool = harness.attach(target.pid, *options, folder=f'running{len(options)}')
        time.sleep(0.3)
        if sent:
            tool.send_signal(sent)
        yield harness.load(harness.wait_for(lambda: [entry.path for entry in os.scandir(f'running{len(options)}')
                                                     if entry.name.startswith('profile-')], 5, 'a profile')[0])
        yield harness.finish(tool, None if sent else signal.SIGINT, folder=f'running{len(options)}').profile
    target.kill()
    target.wait()


def edge(kind):
    """A profile that no capture makes (tests/edge_profile.c), as text."""
    done = subprocess.run([harness.BUILD / 'tests/edge_profile', kind], capture_output=True, timeout=20)
    assert done.returncode == 0, (kind, done.returncode)
    return done.stdout.decode()


def test_all_that_is_described_is_written():
    """Each field and each word is in some capture. What is seldom is in a profile of edge_profile's at least: nothing
    is described that is not written."""
    known = set(profile_schema.described(profile_schema.closed_schema()))
    found = set()
    for one in captures():
        one.check_sums()
        found |= known & set(profile_schema.used(one.data))
    made = known & set(profile_schema.used(profile_schema.parse(edge('largest'))))
    assert not known - found - SELDOM.keys(), f'in no capture: {sorted(known - found - SELDOM.keys())}'
    assert not SELDOM.keys() - known, f'not described: {SELDOM.keys() - known}'
    assert not SELDOM.keys() - made, f'never written: {SELDOM.keys() - made}'
    return f"{len(known)} fields and words; not here: {', '.join(sorted(known - found)) or 'none'}"


test_all_that_is_described_is_written.limit = 100


# --- numbers and names at their limits ---

def once(pairs):
    assert len(dict(pairs)) == len(pairs), f'a field stands twice: {pairs}'
    return dict(pairs)


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from numbers(part)
    elif not isinstance(value, (bool, str)):
        yield value


def test_the_largest_numbers_are_whole():
    """To the last digit, without exponents; and with all fields there, none is written twice."""
    text = edge('largest')
    assert not re.search(r'\d[eE]', re.sub(r'"[^"]*"', '', text)), text
    data = harness.read(text, 'largest').data
    for part in (data['totals'], data['integrity'], data['stacks'][0]['growth'], data['stacks'][0]['sizes']):
        for name, value in part.items():
            assert set(numbers(value)) == {2**64 - 1}, (name, value)
    assert data['frames'][0]['offset'] == '0xffffffffffffffff' and data['target']['start_ms'] == 2**64 - 1
    assert data['rates']['allocs_per_s'] == 2.0**64 * 1000, data['rates']
    json.loads(text, object_pairs_hook=once)


def test_the_least_that_can_be_known():
    data = harness.read(edge('least'), 'least').data
    assert 'rates' not in data and 'exe' not in data['target'] and set(numbers(data['totals'])) == {0}, data
    assert data['frames'] == [{'object': 0, 'offset': '0x0', 'inlined': [{}]}], data['frames']


def test_hostile_names_are_strings():
    text = edge('texts')
    data = harness.read(text, 'texts').data
    name = '"\\</script>' + '\ufffd' * 10 + '\u20ac\x7f' + ''.join(map(chr, range(1, 32)))
    for told in (data['target']['exe'], data['objects'][0]['path'], data['frames'][0]['function'], data['threads'][0]['name'],
                 data['frames'][0]['inlined'][0]['file'], data['merged'][0]['exe'], data['merged'][0]['file']):
        assert told.startswith(name) and set(told[len(name):]) == {'\ufffd'} and len(told) > 1000000, repr(told[:80])
    json.loads(text, object_pairs_hook=once)


# --- what is wrong is refused, by two readers of the schema ---

class Validators:
    """Of the closed schema ours; of the one in docs another's, which keeps to the standard in its own way."""

    def __init__(self):
        try:
            validators = profile_schema.import_debian('jsonschema')
        except ImportError:
            raise harness.Skip('python3-jsonschema is not installed')
        self.of_docs = validators.Draft7Validator(profile_schema.load())

    def accept(self, data):
        return accepted(data) and self.of_docs.is_valid(data)

    def refuse(self, data):
        return not accepted(data) and not self.of_docs.is_valid(data)


def accepted(data):
    try:
        profile_schema.check(data)
    except AssertionError:
        return False
    return True


def places(value, path=()):
    """Each value with its place; of an array the first element only."""
    yield path, value
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value[:1]):
            yield from places(part, (*path, key))


def at(data, path):
    return at(data[path[0]], path[1:]) if path else data


class Changed:
    """For a while data with another value at a place; None: without it."""

    def __init__(self, data, path, value):
        self.part, self.key, self.value = at(data, path[:-1]), path[-1], value

    def __enter__(self):
        self.before = self.part.get(self.key) if isinstance(self.part, dict) else self.part[self.key]
        self.set(self.value)

    def __exit__(self, *_):
        self.set(self.before)

    def set(self, value):
        if value is None:
            self.part.pop(self.key, None)
        else:
            self.part[self.key] = value


def wrong_values(name, value):
    yield from [0, ''] if isinstance(value, (dict, list)) else [{}, []]
    if type(value) is int:
        yield from [-1, 'x', True, 2**64, 0.5]
    if name in ('offset', 'site_offset'):
        yield from ['', '0xg', '0X1', '0x01', 'x0x1', '0x' + 17 * 'f']
    if name == 'build_id':
        yield from ['', '0', '0g', 'AB']


def test_wrong_types_and_unknown_fields_are_refused():
    """Each value of another type, each number out of its range, in each object a field that nobody knows; but that
    one not by the schema as it is in docs."""
    both, data, seen = Validators(), profile_schema.parse(edge('largest')), 0
    del data['stacks'][1:]
    assert both.accept(data)
    for path, value in list(places(data))[1:]:
        for wrong in wrong_values(path[-1], value):
            with Changed(data, path, wrong):
                assert both.refuse(data), (path, wrong)
            seen += 1
    for path, value in list(places(data)):
        if isinstance(value, dict):
            with Changed(data, (*path, 'what_nobody_knows'), 1):
                assert not accepted(data) and both.of_docs.is_valid(data), path
    for whole in ('1.0', '1e3', '18446744073709551615.0'):
        with Changed(data, ('totals', 'allocs'), profile_schema.parse(whole)):
            assert not accepted(data), whole
    assert both.accept(data)
    return f'{seen} wrong values'


def unknown(one):
    """Figures that its mode cannot know, or does not have: those of harness.py, and what else there is."""
    capture = one.capture
    found = one.unknown | {'age_ns', 'startup'}  # these come together
    if capture.get('allocs_only'):
        found |= {'frees_per_s', 'leak'}
    if capture.mode == 'sampled' or capture.get('no_details'):
        found |= {'sizes'}
    if capture.mode == 'sampled' or capture.get('no_details') or capture.get('allocs_only'):
        found |= {'lifetime_ns', 'growth'}
    return found if capture.get('free_stacks') else found | {'freed_by'}


def small(one):
    """Its profile with one of each list: a stack that has what any has."""
    data = one.data
    data['stacks'] = [{name: value for stack in data['stacks'] for name, value in stack.items()}]
    data['timeline'] = data['timeline'][-1:]
    for name in ('objects', 'frames', 'threads', 'free_stacks'):
        if name in data:
            data[name] = data[name][:1]
    return data


def test_a_mode_has_its_figures_and_no_others():
    """In each mode a figure that it does not know is refused, and one that it always has is missed."""
    both, seen = Validators(), 0
    full = small(profile(harness.target('growth'), options=['--free-stacks'], folder='full').profile)
    assert {'age_ns', 'lifetime_ns', 'growth', 'sizes', 'freed_by'} <= full['stacks'][0].keys(), full['stacks']
    always = {*harness.COUNTERS, 'peak_bytes', 'peak_allocs', 'peak_ms', 'ms', 'failed_allocs', *full['integrity']}
    for mode, options in MODES.items():
        one = profile(harness.target('growth'), options=options, folder=mode).profile
        data, absent = small(one), unknown(one)
        data['stacks'][0].pop('age_ns', None), data['stacks'][0].pop('startup', None)
        assert both.accept(data), mode
        for path in (('totals',), ('integrity',), ('rates',), ('threads', 0), ('timeline', 0), ('stacks', 0)):
            for name, value in at(full, path).items() if path[0] in data else ():
                with Changed(data, (*path, name), value):
                    assert (both.refuse if name in absent else both.accept)(data), (mode, path, name)
                with Changed(data, (*path, name), None):
                    if path == ('rates',) or name in always - absent:
                        assert not accepted(data) or name in absent, (mode, path, name, 'is not missed')
                seen += 2
        with Changed(data, ('stacks', 0, 'age_ns'), full['stacks'][0]['age_ns']), \
                Changed(data, ('stacks', 0, 'startup'), full['stacks'][0]['startup']):
            assert (both.accept if mode in ('exact', 'free-stacks') else both.refuse)(data), (mode, 'age_ns')
    return f'{seen} changes'
