# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What a capture costs: told before, by --estimate, and after, in the profile. Counts are exact;
of times only what must hold on any machine."""
import os
import pathlib
import re
import signal
import subprocess
import time

import harness
from harness import profile


class Told:
    """tests/targets/told.c, running: each round is 1000 mallocs, 300 reallocs, 1000 frees."""

    def __init__(self):
        self.process = subprocess.Popen([harness.target('told')], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def rounds(self, number):
        self.process.stdin.write(b'x' * number)
        self.process.stdin.flush()
        for _ in range(number):
            assert harness.readable(self.process.stdout.fileno(), 20), 'the target does not answer'
            assert os.read(self.process.stdout.fileno(), 1) == b'x'


def estimate(*words, limit=40, stdin=subprocess.DEVNULL, env=None):
    done = subprocess.run([harness.TOOL, *map(str, words)], capture_output=True, timeout=limit, stdin=stdin,
                          env={**os.environ, **(env or {})})
    return harness.Run(done.returncode, done.stdout.decode(), done.stderr.decode(), 'captrack-profiles')


def start_estimate(pid, seconds, *options, env=None):
    tool = harness.start_tool('--estimate', seconds, *options, '-p', pid, env=env)
    line = tool.stderr.readline()
    assert 'counting calls' in line, line + tool.stderr.read()
    return tool


def calls(text):
    """Allocations, reallocs, frees."""
    return [int(re.search(rf'^  {name} +([\d,]+) ', text, re.M).group(1).replace(',', ''))
            for name in ('allocations', 'reallocs', 'frees')]


def slowdowns(text):
    """exact, --sample, --allocs-only"""
    return [float(re.search(rf'^  {name} +([\d.]+)x', text, re.M).group(1))
            for name in ('exact', '--sample', '--allocs-only')]


def check_slowdowns(text):
    exact, sampled, allocs_only = slowdowns(text)
    assert exact >= sampled >= 1 and exact >= allocs_only >= 1, text
    return exact


def test_calls_are_counted_to_the_last():
    for env in ({}, {'CAPTRACK_ATTACH': 'perf'}):
        with Told() as target:
            tool = start_estimate(target.pid, 30, env=env)
            target.rounds(4)
            run = harness.finish(tool, signal.SIGINT, folder='captrack-profiles')
            assert run.status == 0 and calls(run.stdout) == [4000, 1200, 4000], run.stdout + run.stderr
            assert f'told (pid {target.pid})' in run.stdout and check_slowdowns(run.stdout) > 1, run.stdout
            assert not harness.breakpoints(target.pid)
            target.rounds(1)
            assert not os.path.exists('captrack-profiles'), 'an estimate writes no profile'


def test_it_ends_by_itself_and_leaves_the_target_running():
    with Told() as target:
        begin = time.monotonic()
        tool = start_estimate(target.pid, 1.2)
        target.rounds(1)
        run = harness.finish(tool, folder='captrack-profiles')
        assert run.status == 0 and calls(run.stdout) == [1000, 300, 1000] and time.monotonic() - begin >= 1.2
        assert 'counted for 1.2 s' in run.stdout, run.stdout
        assert not harness.breakpoints(target.pid)
        target.rounds(1)


def test_a_target_that_does_nothing_costs_nothing():
    with Told() as target:
        run = estimate('--estimate', '0.3', '-p', target.pid)
        assert calls(run.stdout) == [0, 0, 0] and slowdowns(run.stdout) == [1, 1, 1], run.stdout


def test_end_of_the_target_ends_it():
    with Told() as target:
        tool = start_estimate(target.pid, 30)
        target.rounds(2)
        target.process.stdin.close()
        assert target.process.wait(10) == 7  # nobody can ask for its CPU time any more
        run = harness.finish(tool, folder='captrack-profiles')
        assert run.status == 0 and calls(run.stdout) == [2000, 600, 2000], run.stdout + run.stderr


def test_command_runs_to_its_end():
    pathlib.Path('in').write_text('xxx')
    run = estimate('--estimate', '20', '--', harness.target('told'), stdin=open('in'))
    assert run.status == 7 and run.stdout.startswith('xxx') and calls(run.stdout) == [3000, 900, 3000], run.stdout
    begin = time.monotonic()
    run = estimate('-q', '--estimate', '0.3', '--', 'sh', '-c', 'sleep 1; echo end; exit 3')
    assert run.status == 3 and time.monotonic() - begin >= 1 and not run.stderr, run.stderr
    assert run.stdout.index('slowdown') < run.stdout.index('end\n'), run.stdout
    assert not run.files and not os.path.exists('captrack-profiles')


def test_command_that_cannot_be_counted():
    assert estimate('--estimate', '1', '--', './no-such-program').status == 127
    run = estimate('--estimate', '1', '--', harness.need('busybox'), 'sh', '-c', 'exit 4')
    assert run.status == 4, run.stderr


def test_usage():
    for words, part in ((['--estimate', 'x', '--', 'true'], 'number of seconds'),
                        (['--estimate', '0', '--', 'true'], 'number of seconds'),
                        (['--estimate', '1'], 'what to profile'),
                        (['--estimate', '1', '-p', '1', '-p', '2'], 'one process'),
                        (['--estimate', '1', '-o', 'out', '--', 'true'], '-o'),
                        (['-d', '1', '--estimate', '1', '--', 'true'], '-d'),
                        (['-i', '1', '--estimate', '1', '--', 'true'], '-i')):
        run = estimate(*words)
        assert run.status == 2 and part in run.stderr and not run.stdout, (words, run.stderr)


def test_profile_has_the_cost_of_its_capture():
    pathlib.Path('in').write_text('xx')
    run = profile(harness.target('told'), stdin=open('in'))
    cost = run.profile.data['cost']
    assert run.profile.totals.allocs == 2600 and cost['events'] == 2 * 2600, cost
    assert cost['trap_ns'] > 0 and 1 < cost['slowdown'] <= 10, cost
    assert re.search(r'^  cost: 5,200 events, which slowed the target down .*x', run.stderr, re.M), run.stderr
    done = subprocess.run([harness.TOOL, 'report', run.files[0]], capture_output=True, text=True)
    assert '  cost: 5,200 events' in done.stdout, done.stdout


def test_each_image_has_its_own_cost():
    pathlib.Path('in').write_text('xxxxxxxx')
    run = profile('sh', '-c', f'exec {harness.target("told")}', stdin=open('in'))
    assert [p.target.exe.rsplit('/', 1)[1] for p in run.profiles][1:] == ['told'], run.files
    shell, told = (p.data['cost'] for p in run.profiles)
    assert told['events'] == 8 * 2600 and told['slowdown'] > 1, told
    assert 0 < shell['events'] < 1000 and shell['slowdown'] >= 1, shell


def test_cost_in_each_file_of_a_running_target():
    with Told() as target:
        tool = harness.attach(target.pid, '-i', '50')
        target.rounds(1)
        run = harness.finish(tool, signal.SIGINT)
        assert run.profile.data['cost']['events'] == 2600, run.profile.data['cost']


def test_time_in_our_programs_where_the_kernel_keeps_it():
    switch = pathlib.Path('/proc/sys/kernel/bpf_stats_enabled')
    before = switch.read_text()
    try:
        for on in ('1', '0'):
            switch.write_text(on)
            pathlib.Path('in').write_text('xx')
            cost = profile(harness.target('told'), stdin=open('in'), folder=f'out{on}').profile.data['cost']
            assert ('program_ns' in cost) == (on == '1'), cost
            assert on == '0' or cost['program_ns'] > 10 * cost['events'], cost
            assert 'traps_only' not in cost, cost
    finally:
        switch.write_text(before)


def open_files(pid):
    """What the descriptors of a process are; none where it is gone."""
    found = []
    try:
        for fd in os.listdir(f'/proc/{pid}/fd'):
            found.append(os.readlink(f'/proc/{pid}/fd/{fd}'))
    except OSError:
        pass
    return found


def test_statistics_are_not_left_on():
    """They are switched on for a moment, for all programs of the machine."""
    with Told() as target:
        tool = harness.attach(target.pid)
        time.sleep(0.5)
        harness.wait_for(lambda: not [name for name in open_files(tool.pid) if 'bpf-stats' in name], 5,
                         'the statistics to be off')
        harness.finish(tool, signal.SIGINT)


def test_the_meter_holds_nothing_of_ours():
    """The child that measures traps: a pipe to us must not stay open for its sake."""
    with Told() as target:
        tool = harness.attach(target.pid)
        children = pathlib.Path(f'/proc/{tool.pid}/task/{tool.pid}/children')
        if not children.exists():
            raise harness.Skip('this kernel does not list the children of a process')
        held = [name for pid in children.read_text().split() for name in open_files(pid)]
        assert not [name for name in held if not name.startswith('anon_inode:')], held
        harness.finish(tool, signal.SIGINT)
