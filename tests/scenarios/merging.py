# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""captrack-bpf merge: captures of known targets put together. What must come out is added up here, from the files."""
import collections
import json
import os
import pathlib
import shutil
import stat
import subprocess

import harness
from harness import profile


def merge(*words, **more):
    return subprocess.run([harness.TOOL, 'merge', *map(str, words)], capture_output=True, text=True, timeout=60, **more)


def merged(*words):
    """Merges into all.json, whose sums are those of every profile."""
    done = merge(*words, '-o', 'all.json')
    assert done.returncode == 0 and not done.stdout, done
    one = harness.load('all.json')
    one.check_sums()
    return one


def report(*words):
    text = harness.report(*words)
    assert words[-1] == '0' or max(map(len, text.splitlines())) <= 100, text
    return text


def capture(*targets, options=(), folder='out'):
    """The profiles of these, one after the other, and their files."""
    for name in targets:
        profile(*name.split(), options=options, folder=folder)
    run = harness.Run(0, '', '', folder)
    return run.profiles, run.files


def frame_key(one, index):
    frame = one.data['frames'][index]
    known = one.data['objects'][frame['object']]
    return json.dumps([known, {**frame, 'object': None}], sort_keys=True)


def by_stack(one):
    """The counters of each stack, by its frames and its end."""
    found = collections.defaultdict(collections.Counter)
    for stack in one.data['stacks']:
        key = (*(frame_key(one, index) for index in stack['frames']), stack.get('end'))
        for name in one.counters:
            found[key][name] += stack[name]
        found[key]['peak_bytes'] = max(found[key]['peak_bytes'], stack['peak_bytes'])
    return found


def check_sums_of(one, parts):
    """Each counter of each stack, of the totals and of integrity is the sum of the parts'; peaks are one's."""
    highest = max(parts, key=lambda part: part.totals.peak_bytes)
    expected = collections.defaultdict(collections.Counter)
    for part in parts:
        for key, counts in by_stack(part).items():
            for name in one.counters:
                if not name.startswith('at_peak') or part is highest:
                    expected[key][name] += counts[name]
            expected[key]['peak_bytes'] = max(expected[key]['peak_bytes'], counts['peak_bytes'])
    ours = by_stack(one)
    assert ours.keys() == expected.keys(), (len(ours), len(expected))
    assert len(one.data['stacks']) == len(ours), 'equal stacks were kept apart'
    for key, counts in expected.items():
        assert +ours[key] == +counts, (key, ours[key], counts)
    for name, total in one.totals.items():
        if name.startswith('peak'):
            assert total == highest.totals[name], name
        else:
            assert total == sum(part.totals[name] for part in parts), name
    for name, total in one.integrity.items():
        if not name.endswith('_stacks') or name == 'dropped_stacks':
            assert total == sum(part.integrity[name] for part in parts), name
    assert one.target.pid == highest.target.pid and one.target.start_ms == highest.target.start_ms


def test_processes_add_up_and_the_peak_is_ones():
    names = ('peak', 'leak', 'growth', 'peak')
    parts, files = capture(*map(harness.target, names))
    one = merged(*files)
    one.check_details()
    check_sums_of(one, parts)
    processes = one.data['merged']
    assert [process['file'] for process in processes] == [os.path.basename(path) for path in files]
    for process, part in zip(processes, parts):
        for name in ('pid', 'ppid', 'exe', 'command', 'start_ms', 'exit_status'):
            assert process[name] == part.target[name], (name, process)
        for name in ('allocs', 'frees', 'allocated_bytes', 'live_bytes', 'live_allocs', 'peak_bytes', 'peak_allocs', 'peak_ms'):
            assert process[name] == part.totals[name], (name, process)
        assert process['state'] == 'final' and process.get('holds_peak', False) == (process['pid'] == one.target.pid)
    assert [thread['pid'] for thread in one.data['threads']] == \
        [part.target.pid for part in parts for _ in part.data['threads']]
    for name in ('timeline', 'rates'):
        assert name not in one.data, name
    assert 'slowdown' not in one.data.get('cost', {}), one.data['cost']
    assert one.capture.duration_ms == max(part.capture.duration_ms for part in parts)
    assert stat.S_IMODE(os.stat('all.json').st_mode) == 0o600


def test_who_frees_and_what_is_freed_twice_add_up():
    names = [harness.target('freed_by'), harness.target('doubles'), harness.target('freed_by')]
    parts, files = capture(*names, options=['--free-stacks'])
    one = merged(*files)
    check_sums_of(one, parts)

    def freed(part):
        found = collections.Counter()
        for stack in part.data['stacks']:
            for by in stack.get('freed_by', []):
                frames = part.data['free_stacks'][by['stack']]['frames']
                key = (*(frame_key(part, i) for i in stack['frames']), 'by', *(frame_key(part, i) for i in frames))
                found[key] += by['frees']
        return found
    assert freed(one) == sum(map(freed, parts), collections.Counter()) and freed(one)
    expected = collections.Counter()
    for part in parts:
        for *place, count in part.double_frees():
            expected[tuple(place)] += count
    assert {tuple(place): count for *place, count in one.double_frees()} == dict(expected) and expected


def test_merging_in_steps_is_merging_at_once():
    _, files = capture(*map(harness.target, ('peak', 'leak', 'growth')))
    whole = merged(*files)
    assert merge(*files[1:], '-o', 'two.json').returncode == 0
    steps = merged('two.json', files[0])
    assert by_stack(steps) == by_stack(whole) and steps.totals == whole.totals and steps.integrity == whole.integrity
    order = sorted(whole.data['merged'], key=lambda process: process['start_ms'])
    assert sorted(steps.data['merged'], key=lambda process: process['start_ms']) == order
    assert steps.target == whole.target
    # In its own place, for it is replaced when all has been read.
    assert merge('two.json', files[0], '-o', 'two.json').returncode == 0
    assert by_stack(harness.load('two.json')) == by_stack(whole)


def test_sampled_and_allocs_only_captures():
    for options in (['--sample', '64'], ['--allocs-only'], ['--no-details']):
        folder = 'out' + options[0]
        parts, files = capture(harness.target('peak'), harness.target('peak'), options=options, folder=folder)
        one = merged(folder)
        assert one.totals.allocs == sum(part.totals.allocs for part in parts), options
        assert one.capture.mode == parts[0].capture.mode
        shown = report('all.json')
        assert shown.startswith('merged of 2 processes'), shown
        if options == ['--allocs-only']:
            assert 'holds_peak' not in json.dumps(one.data) and 'processes by bytes allocated' in shown, shown
        else:
            check_sums_of(one, parts)


def test_while_captures_run():
    """Running where one is: what is known at the end only is not known then."""
    _, files = capture(harness.target('growth'))
    tool = harness.start_tool('-o', 'running', '-i', '50', '--', 'sleep', '30')
    path = harness.wait_for(lambda: [str(path) for path in pathlib.Path('running').glob('profile-*.json')], 5, 'a profile')[0]
    shutil.copy(path, 'now.json')
    one = merged(*files, 'now.json')
    tool.terminate()
    tool.communicate(timeout=20)
    assert one.data['state'] == 'running' and one.data['reason'] == 'interval', one.data['state']
    assert [process['state'] for process in one.data['merged']] == ['final', 'running']
    assert 'exit_status' not in one.target and not any('age_ns' in stack for stack in one.data['stacks'])
    assert '\n1 still running; ' in report('all.json')
    again = merge('now.json', path, '-o', 'never.json')  # the same process, later
    assert again.returncode == 1 and 'now.json' in again.stderr and path in again.stderr, again


def test_folders_and_patterns():
    _, files = capture(*3 * [harness.target('peak')])
    pathlib.Path('out/other.json').write_text('no profile')
    pathlib.Path('out/profile-x.json.tmp').write_text('no profile')
    shutil.copytree('out', 'a[b]')
    for words in (['out'], ['out/'], ['out/profile-*.json'], ['o?t'], [files[0], *files[1:]], ['a[b]'], ['a[[]b]/profile-*']):
        if words[-1].endswith('*'):
            os.unlink('a[b]/profile-x.json.tmp')
        assert len(merged(*words).data['merged']) == 3, words
    os.mkdir('none')
    for word, said in (('out/no-*.json', "no file matches 'out/no-*.json'"), ('none', "no profile-*.json in the folder 'none'"),
                       ('missing.json', "'missing.json'"), ('out/other.json', 'out/other.json')):
        done = merge(word, '-o', 'never.json')
        assert done.returncode == 1 and said in done.stderr and len(done.stderr.splitlines()) == 1, done
    assert not os.path.exists('never.json')


def test_a_file_named_twice_is_taken_once():
    _, files = capture(harness.target('peak'), harness.target('leak'))
    os.link(files[0], 'link.json')
    once = merged(*files)
    for more in (files[:1], ['./' + files[0]], ['link.json'], ['out']):
        done = merge(*files, *more, '-o', 'all.json')
        assert done.returncode == 0 and done.stderr.count('is the same file as') == (2 if more == ['out'] else 1), done
        assert harness.load('all.json').totals == once.totals


def test_two_snapshots_of_one_process_are_refused():
    _, files = capture(harness.target('peak'), harness.target('leak'))
    shutil.copy(files[0], 'copy.json')
    assert merge(*files, '-o', 'all.json').returncode == 0
    for other in ('copy.json', 'all.json'):
        for words in ((files[0], other), (other, files[0])):
            done = merge(*words, '-o', 'never.json')
            assert done.returncode == 1 and all(word in done.stderr for word in words), done
    assert not os.path.exists('never.json')


def test_captures_of_other_modes_and_versions_are_refused():
    _, files = capture(harness.target('peak'))
    for options in (['--sample', '64'], ['--allocs-only'], ['--no-details'], ['--free-stacks']):
        _, others = capture(harness.target('peak'), options=options, folder='out' + options[0])
        done = merge(files[0], others[0], '-o', 'never.json')
        assert done.returncode == 1 and files[0] in done.stderr and others[0] in done.stderr, done
        assert ' '.join(options) in done.stderr and 'exact' in done.stderr, done
    later = json.load(open(files[0]))
    later['version'] = 2
    pathlib.Path('later.json').write_text(json.dumps(later))
    done = merge(files[0], 'later.json', '-o', 'never.json')
    assert done.returncode == 1 and 'later.json' in done.stderr and 'version 2' in done.stderr, done
    assert not os.path.exists('never.json')


def test_hostile_inputs():
    _, files = capture(harness.target('peak'))
    data = json.load(open(files[0]))
    data['target'].update(pid=1, command='\x1b[31m</script>', exe='\x1b]0;x\x07')
    data['threads'][0]['name'] = '\x1b[0m'
    pathlib.Path('profile-\x1b[31m.json').write_text(json.dumps(data))
    one = merged(files[0], 'profile-\x1b[31m.json')
    assert one.data['merged'][1]['file'] == 'profile-\x1b[31m.json'
    assert '\x1b' not in report('all.json') + report('all.json', '--top', '0') + report('all.json', '--threads')
    for name, value, said in (('allocated_bytes', 2**64 - 2048, 'allocated_bytes of a stack'), ('at_peak_bytes', 1, '')):
        broken = json.load(open(files[0]))
        broken['target']['pid'] = 2
        broken['stacks'][0][name] = value
        pathlib.Path('\x1bbroken.json').write_text(json.dumps(broken))
        done = merge('\x1bbroken.json', *files, '-o', 'never.json')
        assert done.returncode == (1 if said else 0) and said in done.stderr and '\x1b' not in done.stderr, done


def test_where_it_is_written():
    _, files = capture(harness.target('peak'))
    once = merged(*files).data
    done = merge(*files, '-o', '-')
    assert done.returncode == 0 and json.loads(done.stdout) == once and 'merged 1 process;' in done.stderr, done
    assert not merge(*files, '-q', '-o', 'quiet.json').stderr
    assert merge(*files, '-o', '/dev/null').returncode == 0 and stat.S_ISCHR(os.stat('/dev/null').st_mode)
    full = merge(*files, '-o', '/dev/full')
    assert full.returncode == 1 and 'No space left' in full.stderr and stat.S_ISCHR(os.stat('/dev/full').st_mode), full
    for path, said in (('out', 'Is a directory'), ('none/x.json', 'No such file'), ('quiet.json/x', 'Not a directory')):
        done = merge(*files, '-o', path)
        assert done.returncode == 1 and path in done.stderr and said in done.stderr, done
    assert not os.path.exists('none') and not [name for name in os.listdir('.') if name.endswith('.tmp')]
    # A failure leaves what was there.
    done = merge(*files, 'missing.json', '-o', 'all.json')
    assert done.returncode == 1 and json.load(open('all.json')) == once


def test_report_says_whose_the_peak_is():
    parts, _ = capture(*(f'{harness.target("busy")} 1 1' if i == 3 else harness.target('peak') for i in range(8)))
    one = merged('out')
    shown = report('all.json', '--sort', 'live')
    pid = one.target.pid
    assert shown.startswith(f"merged of 8 processes; the peak is pid {pid}'s ("), shown
    peak = next(line for line in shown.splitlines() if line.startswith('  peak '))
    assert f'of pid {pid}, ' in peak, peak
    assert '\n5 of 8 processes by peak\n' in shown and '3 more; --top 0 shows all' in shown, shown
    for options, rows in ((['--top', '2'], 2), (['--top', '0'], 8)):
        shown = report('all.json', *options)
        assert f'\n{rows} of 8 processes by peak\n' in shown, shown
        assert sum(f'{part.target.pid:>11}  ' in shown for part in parts) == rows, shown
    assert 'processes' not in report(merged_of_one())
    done = subprocess.run([harness.TOOL, 'report', '--timeline', 'all.json'], capture_output=True, text=True)
    assert done.returncode == 2 and 'merged' in done.stderr, done
    for view in ('--leaks', '--threads'):
        assert report('all.json', view).startswith('merged of 8 processes'), view


def merged_of_one():
    _, files = capture(harness.target('leak'), folder='single')
    assert merge(*files, '-o', 'one.json').returncode == 0
    ours, theirs = harness.load('one.json').data, harness.load(files[0]).data
    ours.pop('merged')
    for thread in ours['threads']:
        thread.pop('pid')
    assert ours == theirs, 'one process merged is itself'
    return 'one.json'
