# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Where profiles go, when they are written, and what happens when they cannot be."""
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import harness
from harness import profile

BUSY = ('sh', '-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 1')


def test_folder_by_default_by_environment_by_option():
    for env, options, folder in (({}, [], 'captrack-profiles'), ({'CAPTRACK_DUMP_DIR': 'mine'}, [], 'mine'),
                                 ({'CAPTRACK_DUMP_DIR': 'mine2'}, ['-o', 'x/y'], 'x/y')):
        subprocess.run([harness.TOOL, *options, '--', 'true'], env={**os.environ, **env}, check=True, capture_output=True)
        assert len(glob.glob(f'{folder}/profile-true-*.json')) == 1, folder


def test_interval_writes_while_it_runs():
    tool = harness.start_tool('-o', 'out', '-i', '100', '--', 'sleep', '1')
    harness.wait_for(lambda: glob.glob('out/profile-*.json'), 3, 'the first profile')
    first = harness.load(glob.glob('out/profile-*.json')[0])
    assert first.data['state'] == 'running' and first.data['reason'] == 'interval'
    run = harness.finish(tool)
    assert run.profile.data['state'] == 'final' and run.profile.capture.snapshots >= 5
    assert os.stat(run.files[0]).st_mode & 0o777 == 0o600


def test_interval_0_writes_the_final_one_only():
    tool = harness.start_tool('-o', 'out', '-i', '0', '--', 'sleep', '0.8')
    time.sleep(0.6)
    assert not glob.glob('out/*.json')
    assert harness.finish(tool).profile.capture.snapshots == 1


def test_autodump_off_writes_only_on_sigusr1():
    for word in ('0', 'off', 'FALSE', 'no'):
        assert not profile('true', env={'CAPTRACK_AUTODUMP': word}).files, word
    tool = harness.start_tool('-o', 'out', '--', 'sh', '-c', 'echo ready; sleep 1', env={'CAPTRACK_AUTODUMP': '0'})
    tool.stdout.readline()
    time.sleep(0.1)
    tool.send_signal(signal.SIGUSR1)
    run = harness.finish(tool)
    assert run.profile.data['state'] == 'running' and run.profile.data['reason'] == 'signal'


def test_wrong_interval_in_the_environment_warns():
    run = profile('true', env={'CAPTRACK_AUTODUMP_INTERVAL_MS': 'abc'})
    assert run.status == 0 and 'abc' in run.stderr and run.profile.capture.interval_ms == 500
    run = profile('true', env={'CAPTRACK_AUTODUMP_INTERVAL_MS': '250'}, folder='second')
    assert run.profile.capture.interval_ms == 250


def test_usage_errors_are_2():
    for words in (['-p', 'x'], ['-p', '0'], ['-i', '-5', 'true'], ['-d', '0', 'true'], ['-p', '1', 'true'], [],
                  ['--no-such-option'], ['--max-depth', '128', 'true'], ['--allocator', 'x', 'true'],
                  ['report'], ['report', '--sort', 'x', 'y'], ['help', 'x'], ['-o', '', 'true'],
                  ['report', '--leaks', '--threads', 'x'], ['report', '--leaks', '--sort', 'live', 'x'],
                  ['export'], ['export', 'x'], ['export', '-f', 'captrack'], ['export', '-f', 'x', 'y'],
                  ['export', '-f', 'captrack', '-o', '', 'x'], ['export', '-f', 'captrack', 'x', 'y'],
                  ['merge'], ['merge', 'x'], ['merge', '-o', 'y'], ['merge', 'x', '-o', ''], ['merge', '-x', 'x', '-o', 'y']):
        done = subprocess.run([harness.TOOL, *words], capture_output=True, text=True)
        assert done.returncode == 2 and done.stderr and not done.stdout, (words, done)


def test_help_fits_a_screen():
    for words in (['--help'], ['help'], ['help', 'report'], ['report', '--help'], ['help', 'doctor'],
                  ['help', 'export'], ['help', 'diff'], ['help', 'merge'], ['help', 'check']):
        done = subprocess.run([harness.TOOL, *words], capture_output=True, text=True)
        lines = done.stdout.splitlines()
        assert done.returncode == 0 and 'usage' in lines[0] and len(lines) <= 30 and max(map(len, lines)) <= 100, lines
    done = subprocess.run([harness.TOOL, '--version'], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith('captrack-bpf '), done


def test_report_shows_every_key():
    run = profile(harness.target('peak'))
    for key in ('live', 'peak', 'at-peak', 'allocated', 'allocs', 'temporary', 'moved', 'growth'):
        done = subprocess.run([harness.TOOL, 'report', '--sort', key, run.files[0], '--top', '2'],
                              capture_output=True, text=True)
        assert done.returncode == 0 and 'peak' in done.stdout, (key, done)
        assert max(map(len, done.stdout.splitlines())) <= 100, done.stdout
        assert '\033' not in done.stdout
    done = subprocess.run([harness.TOOL, 'report', run.files[0]], capture_output=True, text=True)
    for part in ('60,000 B', 'peak_a (peak.c', 'peak_b (peak.c', 'peak_c (peak.c'):
        assert part in done.stdout, done.stdout


# Every view of every kind of profile: 100 columns, no colour in a pipe, and the figures or why there are none.
def test_report_shows_every_view():
    for options in ([], ['--sample', '1'], ['--allocs-only']):
        run = profile(harness.target('peak'), options=options, folder='out' + ''.join(options))
        for view in ('--leaks', '--threads', '--timeline'):
            done = subprocess.run([harness.TOOL, 'report', view, run.files[0]], capture_output=True, text=True)
            if view == '--leaks' and '--allocs-only' in options:
                assert done.returncode == 2 and '--allocs-only' in done.stderr and not done.stdout, done
                continue
            assert done.returncode == 0 and done.stdout and not done.stderr, done
            assert max(map(len, done.stdout.splitlines())) <= 100 and '\033' not in done.stdout, done.stdout


def test_export_writes_captrack_json():
    run = profile(harness.target('peak'))
    words = [harness.TOOL, 'export', '-f', 'captrack']
    done = subprocess.run([*words, run.files[0]], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done
    data = json.loads(done.stdout)
    assert data['version'] == 1 and isinstance(data['stats'], list), data
    assert subprocess.run([*words, '-o', 'stats.json', run.files[0]]).returncode == 0
    assert pathlib.Path('stats.json').read_text() == done.stdout
    full = subprocess.run([*words, '-o', '/dev/full', run.files[0]], capture_output=True, text=True)
    assert full.returncode == 1 and '/dev/full' in full.stderr and os.path.exists('/dev/full'), full
    done = subprocess.run([*words[:3], 'x', run.files[0]], capture_output=True, text=True)
    assert done.returncode == 2 and 'captrack' in done.stderr.splitlines()[0], done


def test_export_says_what_a_profile_lacks():
    for option in ('--sample', '--allocs-only'):
        run = profile(harness.target('peak'), options=[option], folder='out' + option)
        done = subprocess.run([harness.TOOL, 'export', '-f', 'captrack', '-o', 'none.json', run.files[0]],
                              capture_output=True, text=True)
        assert done.returncode == 2 and option in done.stderr and not os.path.exists('none.json'), done


def test_report_refuses_what_is_no_profile():
    for text, part in (('', 'empty'), ('[', 'JSON'), ('{}', 'version'), ('{"version":7}', 'version 7'),
                       ('{"version":1,"stacks":[{"frames":[0]}]}', 'stacks[0].frames[0]'),
                       ('{"version":1,"totals":{"allocs":-1}}', 'totals.allocs')):
        pathlib.Path('bad.json').write_text(text)
        done = subprocess.run([harness.TOOL, 'report', 'bad.json'], capture_output=True, text=True)
        assert done.returncode == 1 and part in done.stderr and 'bad.json' in done.stderr, (text, done)
    done = subprocess.run([harness.TOOL, 'report', 'missing.json'], capture_output=True, text=True)
    assert done.returncode == 1 and 'missing.json' in done.stderr


def test_folder_gone_in_mid_run_is_made_again():
    tool = harness.start_tool('-o', 'out', '-i', '100', '--', 'sleep', '1')
    harness.wait_for(lambda: glob.glob('out/*.json'))
    shutil.rmtree('out')
    harness.wait_for(lambda: glob.glob('out/*.json'), 3, 'the folder')
    assert harness.finish(tool).profile.data['state'] == 'final'


def test_full_disk_never_stops_the_capture():
    os.mkdir('small')
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', 'small'], capture_output=True).returncode:
        raise harness.Skip('no tmpfs can be mounted here')

    def fill():
        with open('small/fill', 'wb', buffering=0) as file:
            try:
                while file.write(bytes(1024)):
                    pass
            except OSError:
                return

    try:
        fill()
        tool = harness.start_tool('-o', 'small', '-i', '50', '--', *BUSY)
        told = tool.stderr.readline()
        assert not glob.glob('small/*.json'), 'it was meant to be full'
        assert not [name for name in os.listdir('small') if name.endswith('.tmp')]
        os.unlink('small/fill')
        stdout, stderr = tool.communicate(timeout=20)
        assert tool.returncode == 0, stderr
        assert 'No space left' in told and 'No space left' not in stderr, told + stderr
        found = glob.glob('small/*.json')
        assert len(found) == 1 and harness.load(found[0]).data['state'] == 'final', stderr
        fill()
        run = subprocess.run([harness.TOOL, '-o', 'small', '--', 'true'], capture_output=True, text=True)
        assert 'No space left' in run.stderr and run.returncode == 0, run
        assert len(glob.glob('small/*.json')) == 1 and not glob.glob('small/.*.tmp')
    finally:
        subprocess.run(['umount', '--lazy', 'small'])


def test_folder_that_cannot_be_written():
    pathlib.Path('file').write_text('')
    for folder in ('file', 'file/below', '/proc/here'):
        done = subprocess.run([harness.TOOL, '-o', folder, '--', 'echo', 'ran'], capture_output=True, text=True)
        assert done.returncode == 125 and folder in done.stderr and not done.stdout, done


def test_link_in_the_folder_is_not_followed():
    os.mkdir('out')
    pathlib.Path('victim').write_text('mine')
    tool = harness.start_tool('-o', 'out', '-i', '50', '--', 'sleep', '1')
    name = os.path.basename(harness.wait_for(lambda: glob.glob('out/*.json'))[0])
    for _ in range(50):
        try:
            os.symlink('../victim', f'out/.{name}.{tool.pid}.tmp')
        except FileExistsError:
            pass
        time.sleep(0.01)
    run = harness.finish(tool)
    assert pathlib.Path('victim').read_text() == 'mine' and len(run.files) == 1


def test_every_snapshot_of_a_busy_process_adds_up():
    """Contract 4.6 in each file of a run of four busy threads; no file is ever half."""
    tool = harness.start_tool('-o', 'out', '-i', '20', '--', harness.target('busy'), '4')
    seen, last = 0, None
    end = time.monotonic() + 40
    while seen < 40 and time.monotonic() < end:
        for path in glob.glob('out/profile-busy-*.json'):
            text = open(path).read()
            if text != last:
                harness.read(text, path).check_sums()
                seen, last = seen + 1, text
        time.sleep(0.005)
    run = harness.finish(tool, signal.SIGTERM)
    run.profile.check_sums()
    assert seen >= 40, f'only {seen} snapshots'
    assert run.profile.integrity.missed_frees == run.profile.integrity.dropped_events == 0, run.profile.integrity
    assert run.profile.integrity.unmatched_frees == 0, run.profile.integrity


def test_full_maps_are_counted():
    run = profile(harness.target('leak'), options=['--max-live', '100'])
    one = run.profile
    assert one.totals.allocs == 1010 and one.integrity.dropped_blocks == 910 and '--max-live' in run.stderr
    run = profile(harness.target('busy'), '1', '1', options=['--max-stacks', '16'], folder='second')
    one = run.profile
    assert one.integrity.dropped_stacks > 0 and one.stack().stacks <= 17 and '--max-stacks' in run.stderr
    assert [stack for stack in one.data['stacks'] if not stack['frames']], 'no [unknown] stack'
