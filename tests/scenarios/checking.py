# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""check: what keeps to a budget, what breaks it, what cannot be verified."""
import json
import pathlib
import subprocess
import xml.etree.ElementTree

import harness
from harness import profile


def check(*words, status):
    done = harness.run('check', *words, status=status)
    return done.stdout if status in (0, 3) else done.stderr


def capture(name='peak', *options):
    """tests/targets/peak.c: peak 60,000 bytes of three functions, 1,007 allocations, nothing lives at exit."""
    run = profile(harness.target(name), options=options, folder='out' + ''.join(options))
    return run.files[0]


def changed(path, name, **members):
    """The profile with other members: totals={'allocs': 7} changes one of them."""
    data = json.loads(pathlib.Path(path).read_text())
    for member, value in members.items():
        if isinstance(value, dict):
            data[member].update(value)
        else:
            data[member] = value
    pathlib.Path(name).write_text(json.dumps(data))
    return name


def with_total(path, name, total, value):
    """The profile with a smaller total, and stacks that add up to it."""
    data = json.loads(pathlib.Path(path).read_text())
    member = {'peak_bytes': 'at_peak_bytes'}.get(total, total)
    less = data['totals'][total] - value
    for stack in data['stacks']:
        taken = min(less, stack[member])
        stack[member] -= taken
        less -= taken
    data['totals'][total] = value
    pathlib.Path(name).write_text(json.dumps(data))
    return name


def budget(*rules, name='budget.json'):
    pathlib.Path(name).write_text(json.dumps({'version': 1, 'budgets': list(rules)}))
    return name


def test_limits_hold_to_the_byte():
    file = capture()
    allocs = harness.load(file).totals.allocs
    out = check(file, '--max-peak', 60000, '--max-live-at-exit', 0, '--max-allocs', allocs, status=0)
    assert out == '3 checks of 1 profile: 3 kept\n', out
    out = check(file, '--max-peak', 59999, '--max-allocs', allocs - 1, status=3)
    assert 'FAILED   peak: 58.6 KiB (60,000 B); 58.6 KiB allowed\n' in out and 'most by peak_a (peak.c:' in out, out
    assert f'FAILED   allocations: {allocs:,}; {allocs - 1:,} allowed' in out and out.endswith('0 kept, 2 broken\n'), out
    check(file, '--max-peak', '58K', status=3)
    check(file, '--max-peak', '59KiB', status=0)


def test_stacks_have_limits_of_their_own():
    file = capture()
    check(file, '--stack', 'peak_a', '--stack', 'peak_b', '--max-peak', 50000, status=0)
    out = check(file, '--stack', 'peak_?', '--max-peak', 59999, status=3)
    assert 'peak of stacks with peak_?: 58.6 KiB (60,000 B)' in out, out
    out = check(file, '--stack', 'no_such_function', '--max-peak', '1G', status=3)
    assert 'UNKNOWN  stacks with no_such_function: no stack of any profile' in out, out
    # What may be hidden in a stack that is not whole counts against the limit only where it could break it.
    cut = harness.load(file)
    for stack in cut.callers('peak_b'):
        stack.update(frames=stack['frames'][-1:], truncated=True)
    pathlib.Path('hidden.json').write_text(json.dumps(cut.data))
    check('hidden.json', '--stack', 'peak_a', '--max-peak', 50000, status=0)
    assert 'not whole' in check('hidden.json', '--stack', 'peak_a', '--max-peak', 49999, status=3)
    held = sum(stack['at_peak_bytes'] for stack in cut.data['stacks'] if stack.get('truncated'))
    check('hidden.json', '--stack', '[truncated]', '--max-peak', held, status=0)
    out = check('hidden.json', '--stack', '[truncated]', '--max-peak', held - 1, status=3)
    assert f'({held:,} B)' in out, out
    for stack in cut.data['stacks']:
        if stack.pop('truncated', False):
            stack['frames'] = []
    pathlib.Path('hidden.json').write_text(json.dumps(cut.data))
    check('hidden.json', '--stack', '[unknown]', '--max-peak', held, status=0)
    check('hidden.json', '--stack', '[unknown]', '--max-peak', held - 1, status=3)


def test_growth_is_over_a_base():
    file = capture()
    check(file, '--max-growth-vs', file, '0', status=0)
    base = with_total(file, 'base.json', 'peak_bytes', 50000)
    check(file, '--max-growth-vs', base, '20%', status=0)
    # To the byte, of percentages that have no exact binary fraction too.
    for bytes_, percent, limit in ((50, 84, 92), (25, 84, 46), (101, 7, 108)):
        out = check(file, '--max-growth-vs', with_total(file, 'few.json', 'peak_bytes', bytes_), percent, status=3)
        assert f"; {limit} B allowed: the base's {bytes_} B and {percent}%" in out, out
    out = check(file, '--max-growth-vs', base, '19.9', status=3)
    assert "58.5 KiB allowed: the base's 48.8 KiB and 19.9%" in out and '2 kept, 1 broken' in out, out
    smaller = harness.load(file)
    for stack in smaller.callers('peak_a')[1:]:
        smaller.data['totals']['peak_bytes'] -= stack['at_peak_bytes']
        stack['at_peak_bytes'] = 0
    pathlib.Path('smaller.json').write_text(json.dumps(smaller.data))
    check(file, '--max-growth-vs', 'smaller.json', 200, '--stack', 'peak_a', status=0)
    check(file, '--max-growth-vs', 'smaller.json', 199, '--stack', 'peak_a', status=3)
    out = check(file, '--max-growth-vs', file, 5, '--stack', 'no_such_function', status=3)
    assert out.count('neither here nor in') == 3, out
    # In the base alone: renamed, perhaps.
    renamed = harness.load(file)
    for frame in renamed.data['frames']:
        frame['function'] = frame.get('function', '').replace('peak_a', 'peak_z')
    pathlib.Path('renamed.json').write_text(json.dumps(renamed.data))
    out = check('renamed.json', '--max-growth-vs', file, 5, '--stack', 'peak_a', status=3)
    assert 'stacks with peak_a: no stack of any profile' in out and '3 kept, 1 that' in out, out
    check('renamed.json', file, '--max-growth-vs', file, 5, '--stack', 'peak_a', status=0)
    nameless = harness.load(file)
    del nameless.data['target']['exe']
    pathlib.Path('nameless.json').write_text(json.dumps(nameless.data))
    assert 'another program, which is not told' in check(file, '--max-growth-vs', 'nameless.json', 5, status=3)
    other = changed(file, 'other.json', target={'exe': '/usr/bin/other'})
    assert 'another program, /usr/bin/other' in check(file, '--max-growth-vs', other, 5, status=3)
    assert "cannot read 'none.json'" in check(file, '--max-growth-vs', 'none.json', 5, status=3)
    # Its base is what must be kept to; of two, one would not be looked at.
    err = check(file, '--max-growth-vs', file, 5, '--max-growth-vs', file, 7, status=2)
    assert '--max-growth-vs' in err and 'one base' in err, err


def test_what_cannot_be_verified_fails():
    file = capture()
    everything = ('--max-peak', '1G', '--max-live-at-exit', '1G', '--max-allocs', '1G')
    for part, unknown, members in (
            ('dropped_events is 1', 3, {'integrity': {'dropped_events': 1}}),
            ('dropped_calls is 2', 3, {'integrity': {'dropped_calls': 2}}),
            ('dropped_blocks is 7', 2, {'integrity': {'dropped_blocks': 7}}),
            ('missed_frees is 7', 2, {'integrity': {'missed_frees': 7}}),
            ('unmatched_frees is 7', 3, {'integrity': {'unmatched_frees': 7}}),
            ('attached while it ran', 2, {'integrity': {'unmatched_frees': 7}, 'target': {'attached': 'running'}}),
            ('attached while it ran', 2, {'target': {'attached': 'running'}}),
            ('not final', 3, {'state': 'running', 'reason': 'interval'}),
            ('ended before the process', 1, {'reason': 'detach'}),
            ('no allocator was found', 3, {'capture': {'allocators': []}})):
        out = check(changed(file, 'changed.json', **members), *everything, status=3)
        assert part in out.replace('\n         ', ' ') and out.count('UNKNOWN') == unknown, (members, out)
    check(changed(file, 'changed.json', integrity={'dropped_stacks': 1}), *everything, status=0)
    assert 'dropped_stacks is 1' in check('changed.json', '--max-peak', '1G', '--stack', 'peak_a', status=3)
    out = check(capture('peak', '--allocs-only'), *everything, status=3)
    assert out.count('captured with --allocs-only') == 2 and '1 kept' in out, out
    assert check(capture('peak', '--sample=1'), *everything, status=3).count('without --sample') == 3
    pathlib.Path('bad.json').write_text('{"version": 9}')
    for name in ('bad.json', 'missing.json', 'none-*.json'):
        out = check(name, file, '--max-peak', '1G', status=3)
        assert 'UNKNOWN  profile: cannot read' in out and '1 kept' in out, out


def test_damaged_profiles_prove_nothing():
    file = capture()
    everything = ('--max-peak', '1G', '--max-live-at-exit', '1G', '--max-allocs', '1G')
    for path in ('target', 'target.attached', 'capture.mode', 'totals', 'totals.allocs', 'totals.live_bytes',
                 'totals.peak_bytes', 'integrity', 'integrity.dropped_events', 'integrity.dropped_blocks', 'stacks'):
        data = json.loads(pathlib.Path(file).read_text())
        part, _, member = path.partition('.')
        del (data[part] if member else data)[member or part]
        pathlib.Path('lacks.json').write_text(json.dumps(data))
        out = check('lacks.json', *everything, status=3).replace('\n         ', ' ')
        assert out.count('UNKNOWN') == 3 and out.count(f'the file has no {path}, which') == 3, (path, out)
        refused = subprocess.run([harness.TOOL, 'merge', 'lacks.json', '-o', 'merged.json'], capture_output=True, text=True)
        assert refused.returncode == 1 and f'it has no {path}, which' in refused.stderr, refused
    # Sums that wrap to less than the limit, and totals that somebody lowered.
    data = json.loads(pathlib.Path(file).read_text())
    for stack in data['stacks'][:2]:
        stack.update(allocs=1 << 63, live_bytes=1 << 63, at_peak_bytes=1 << 63)
    pathlib.Path('wraps.json').write_text(json.dumps(data))
    lowered = changed(file, 'lowered.json', totals={'allocs': 1, 'peak_bytes': 1})
    for name, unknown in (('wraps.json', 3), (lowered, 2)):
        for stacks in ((), ('--stack', '*')):
            out = check(name, *everything, *stacks, status=3).replace('\n         ', ' ')
            assert out.count('not what the totals say') == unknown, (name, out)


def test_what_is_merged_proves_what_its_parts_do():
    files = [capture(), capture('peak', '-i0')]
    detached = changed(files[1], 'detached.json', reason='detach', target={'pid': 7})
    def merged(*parts):
        subprocess.run([harness.TOOL, 'merge', '-q', *map(str, parts), '-o', 'merged.json'], check=True, timeout=20)
        return 'merged.json'
    check(merged(*files), '--max-peak', 60000, '--max-live-at-exit', 0, status=0)
    out = check('merged.json', '--stack', 'peak_a', '--max-peak', '1G', '--max-allocs', '1G', status=3)
    assert '1 kept, 1 that cannot' in out and 'at the peak of one process only' in out.replace('\n         ', ' '), out
    check(merged(files[0]), '--stack', 'peak_a', '--max-peak', '1G', status=0)
    for parts in ((files[0], detached), (detached, files[0])):
        out = check(merged(*parts), '--max-live-at-exit', '1G', status=3).replace('\n         ', ' ')
        assert 'ended before the process' in out, out


def test_budget_files():
    file = capture()
    check(file, '-b', budget({'max_peak': 60000, 'max_live_at_exit': '0', 'max_allocs': '2K', 'comment': 'why'}), status=0)
    check(file, '-b', budget({'exe': '*/peak', 'stack': ['peak_a', 'peak_b'], 'max_peak': '50000'}), status=0)
    check(file, '-b', budget({'stack': 'peak_a', 'max_peak': 29999}), status=3)
    assert 'no profile is of a program like sort' in check(file, '-b', budget({'exe': 'sort', 'max_peak': '1G'}), status=3)
    # The base lies beside the budget.
    pathlib.Path('sub').mkdir()
    with_total(file, 'sub/base.json', 'allocs', 1)
    grow = {'base': 'base.json', 'percent': 10}
    assert '1 broken' in check(file, '-b', budget({'max_growth': grow}, name='sub/b.json'), status=3)
    check(file, '-b', budget({'max_growth': {**grow, 'of': ['peak', 'live_at_exit']}}, name='sub/b.json'), status=0)


def test_a_mistake_in_a_budget_is_no_pass():
    file = capture()
    for rule, part in (({'max_peek': 1}, 'budgets[0].max_peek: not known'), ({}, 'budgets[0]: limits nothing'),
                       ({'stack': 'x'}, 'limits nothing'), ({'max_peak': -1}, 'max_peak: neither'),
                       ({'max_peak': '1Q'}, 'max_peak: neither'), ({'max_peak': 1.5}, 'max_peak: neither'),
                       ({'max_peak': 1, 'stack': []}, 'an empty list'), ({'max_peak': 1, 'stack': [7]}, 'stack'),
                       ({'max_growth': {'base': 'x'}}, 'needs both'), ({'max_growth': 5}, 'not an object'),
                       ({'max_growth': {'base': 'x', 'percent': '5'}}, 'percent'),
                       ({'max_growth': {'base': 'x', 'percent': 5, 'of': 'peek'}}, 'max_growth.of'),
                       ({'max_growth': {'base': 'x', 'percent': 5, 'off': []}}, 'off: not known'), (7, 'not an object')):
        err = check(file, '-b', budget({'max_allocs': 1} if rule == 7 else rule, *([7] if rule == 7 else [])), status=2)
        assert part in err and 'budget.json' in err, (rule, err)
    for text, part in (('', 'empty'), ('{"version":1,\n"budgets":[{"max_peak":"4M",}]}', 'not JSON: error in line 2'),
                       ('{"version":2,"budgets":[{"max_peak":1}]}', 'version 2 is not known'), ('[]', 'not a JSON object'), ('{}', 'version'),
                       ('{"version":1}', 'budgets'), ('{"version":1,"budgets":[]}', 'budgets'),
                       ('{"version":1,"budgets":[{"max_peak":1}],"x":1}', 'x: not known'),
                       ('{"version":1,"budgets":[{"max_peak":1,"max_peak":"1G"}]}', 'budgets[0].max_peak: given twice'),
                       ('{"version":1,"budgets":[{"max_peak":"1G"}],"budgets":[{"max_peak":1}]}', 'budgets: given twice'),
                       ('{"version":1,"budgets":[{"max_growth":{"base":"x","base":"y","percent":1}}]}', 'base: twice'),
                       ('{"version":1,"budgets":[{"max_peak":"1G"}]},{"max_peak":1}]}', 'not JSON'),
                       ('{"version":1,"budgets":[{"max_peak":"1G"}]}\0,{"max_peak":1}]}', 'not JSON')):
        pathlib.Path('budget.json').write_text(text)
        assert part in check(file, '-b', 'budget.json', status=2), text
    check(file, '-b', 'missing.json', status=2)
    for words in ((file,), (), ('--max-peak', '1'), (file, '--max-peak', 'x'), (file, '--max-growth-vs', file),
                  (file, '--max-growth-vs', file, 'nan'), (file, '--max-growth-vs', file, '-5'),
                  (file, '--max-peak', '1', '--junit', ''), (file, '--max-peak', '1', '--junit', '-'),
                  (file, '--stack', 'x'), (file, '--stack', '', '--max-peak', '1')):
        check(*words, status=2)
    assert '-5: not a percentage' in check(file, '--max-growth-vs', file, '-5', status=2)


def test_junit_and_annotations_say_the_same():
    file = capture()
    hostile = changed(file, 'hostile.json', target={'exe': '/x/a"<&\x01\n::error::,b'})
    out = check(file, hostile, 'missing.json', '--max-peak', 59999, '--max-live-at-exit', 0, '--junit', 'out.xml',
                '--github', status=3)
    suite = xml.etree.ElementTree.parse('out.xml').getroot().find('testsuite')
    cases = suite.findall('testcase')
    assert (suite.get('tests'), suite.get('failures'), suite.get('errors')) == ('5', '2', '1'), suite.attrib
    assert [case.get('name') for case in cases] == ['peak', 'live at exit'] * 2 + ['profile']
    assert cases[0].get('classname') == 'peak' and '60,000 B' in cases[0].find('failure').get('message')
    assert cases[2].get('classname') == 'a"<&\ufffd\n::error::,b', cases[2].attrib
    assert cases[1].find('failure') is None and 'missing.json' in cases[4].find('error').get('message')
    lines = [line for line in out.splitlines() if line.startswith('::error ')]
    assert len(lines) == 3 and 'title=heap budget broken%3A peak::peak (pid ' in lines[0], lines
    full = subprocess.run([harness.TOOL, 'check', file, '--max-peak', '1G', '--junit', '/dev/full'],
                          capture_output=True, text=True)
    assert full.returncode == 1 and '/dev/full' in full.stderr, full
    # No half of a file, which would read as fewer findings.
    limited = subprocess.run(['bash', '-c', f'ulimit -f 1; trap "" XFSZ; exec {harness.TOOL} check --max-peak 0 --junit half.xml'
                              + f' {file}' * 40], capture_output=True, text=True)
    assert limited.returncode == 3 and 'half.xml' in limited.stderr, limited
    assert not pathlib.Path('half.xml').exists()


def test_names_are_no_commands_to_a_runner():
    """It takes commands from the start of any line, spaces aside, and ##[...] from anywhere."""
    file = capture()
    hostile = changed(file, 'hostile.json', target={'exe': '/x/' + 'a ' * 20 + '::add-mask::b ##[error]c ' * 20})
    out = check(file, '--max-growth-vs', hostile, 5, '--github', status=3)
    stopped, titles, spoiled = None, [], []
    for line in out.splitlines():
        command = line.lstrip()
        if stopped:
            stopped = None if command == f'::{stopped}::' else stopped
            spoiled += [line] if command.startswith('::add-mask') else []
        elif command.startswith('::stop-commands::'):
            stopped = command.split('::')[2]
        elif command.startswith('::'):
            titles.append(command.split('::')[1])
        else:
            raise AssertionError((line, out))
    assert not stopped and spoiled and titles and all(title.startswith('error title=heap') for title in titles), out
    words = {check(file, '--max-peak', '1G', '--github', status=0).splitlines()[0] for _ in range(3)}
    assert len(words) == 3, words


def test_several_profiles_and_a_folder():
    capture()
    profile(harness.target('leak'))
    out = check('out', '--max-peak', '64K', status=3)
    assert '2 checks of 2 profiles: 1 kept, 1 broken' in out and 'leak (pid' in out, out
    assert '2 profiles' in check('out/profile-*.json', '--max-peak', '1M', status=0)
    # A function that some of the programs lack is no mistake.
    check('out', '--stack', 'leak_a', '--max-peak', '64K', status=0)


def test_merged_profiles_are_judged_as_one():
    for name in ('peak', 'leak'):
        profile(harness.target(name))
    run = profile(harness.target('peak'), folder='out2')
    subprocess.run([harness.TOOL, 'merge', '-q', 'out2', 'out', '-o', 'all.json'], check=True)
    allocs = 2 * run.profile.totals.allocs + 1010
    check('all.json', '--max-allocs', allocs, '--max-peak', 74000, status=0)
    out = check('all.json', '--max-allocs', allocs - 1, status=3)
    assert 'merged of 3 processes, all.json' in out and 'pid' not in out, out
    # A budget of one program says nothing of a sum over two.
    out = check('all.json', '-b', budget({'exe': '*/peak', 'max_allocs': '1G'}), status=3)
    assert 'merged of other programs' in out, out
    check('all.json', '-b', budget({'exe': '*/targets/*', 'max_allocs': '1G'}), status=0)


def test_a_folder_without_profiles_is_no_pass():
    pathlib.Path('empty').mkdir()
    assert "there is no profile-*.json in the folder 'empty'" in check('empty', '--max-peak', 1, status=3)


def test_the_example_of_the_documentation_works():
    """The budget in docs/ci.md is one, whether this program keeps to it or not."""
    text = (harness.HERE.parent / 'docs' / 'ci.md').read_text()
    example = json.loads(text.split('```json\n')[1].split('```')[0])
    pathlib.Path('heap-budget.json').write_text(json.dumps(example))
    file = capture()
    for rule in example['budgets']:
        if 'max_growth' in rule:
            pathlib.Path(rule['max_growth']['base']).write_text(pathlib.Path(file).read_text())
    out = check('-b', 'heap-budget.json', file, status=3)
    assert 'no profile is of a program like */server' in out and out.endswith('5 kept, 1 that cannot be verified\n'), out
