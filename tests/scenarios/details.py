# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What is told of stacks and threads beyond counts, where a comment of a target cannot say what is right."""
import glob
import json
import os
import signal
import subprocess
import time

import harness
from harness import profile

SNAPSHOTS = 1000


def test_a_thousand_snapshots_add_up():
    """Contract 4.6 in each of 1,000 files of four threads that allocate, realloc and free each other's blocks: sums
    over stacks and over threads are the totals, and there are as many sizes and lifetimes as allocations and
    frees. Each SIGUSR1 makes a file; the interval makes some more."""
    tool = harness.start_tool('-o', 'out', '-i', '200', '--', harness.target('exchanges'))
    harness.wait_for(lambda: glob.glob('out/profile-exchanges-*.json'), 10, 'the first profile')
    path, = glob.glob('out/profile-exchanges-*.json')
    seen, last, summed = set(), 0, 0
    end = time.monotonic() + 70
    while len(seen) < SNAPSHOTS and time.monotonic() < end:
        tool.send_signal(signal.SIGUSR1)
        time.sleep(0.002)
        if os.stat(path).st_ino == last:
            continue
        with open(path, encoding='utf-8') as file:
            last = os.fstat(file.fileno()).st_ino
            one = harness.read(file.read(), path)
        if one.capture.snapshots in seen:
            continue
        seen.add(one.capture.snapshots)
        one.check_sums()
        one.check_details()
        summed = max(summed, one.totals.allocs)
        assert one.totals.allocs == summed, 'fewer allocations than in an earlier snapshot'
    run = harness.finish(tool, signal.SIGTERM)
    assert len(seen) >= SNAPSHOTS, f'only {len(seen)} snapshots in 70 s'
    one = run.profile
    one.check_sums()
    one.check_details()
    assert one.stack('refill').reallocs and one.stack('refill').cross_thread_frees, one.totals
    for name in ('missed_frees', 'dropped_events', 'dropped_blocks', 'dropped_stacks', 'unmatched_frees', 'double_frees'):
        assert one.integrity[name] == 0, (name, one.integrity)
    return f'{one.totals.allocs} allocations in {len(seen)} snapshots'


test_a_thousand_snapshots_add_up.limit = 100


def test_timeline_shows_what_the_target_did():
    """phases.c says when it held how much, with how many threads, and what it used."""
    run = profile(harness.target('phases'), options=['-i', '50'])
    one, said = run.profile, json.loads(run.stdout)
    points = check_timeline(one)
    start = one.target.start_ms
    for name in ('one', 'nine', 'three', 'worked'):
        _, end, held, threads = said[name]  # it ends with half a second of sleep
        inside = [point for point in points if end - start - 450 < point['ms'] < end - start - 20]
        assert len(inside) >= 2, f'{name}: {len(inside)} points'
        for point in inside:
            assert 0 <= point['live_bytes'] - held <= 4096, f'{name}: {point}'  # glibc's own, for threads
            assert point['threads'] == threads, f'{name}: {point}'
    before = [point for point in points if said['one'][0] - start < point['ms'] < said['one'][1] - start][0]
    after = inside[-1]
    close(after['cpu_ms'], said['cpu_ms'], 40, 'cpu_ms')
    close(after['minor_faults'], said['minor_faults'], 50, 'minor_faults')
    close(after['major_faults'], said['major_faults'], 10, 'major_faults')
    close(after['rss_bytes'], said['rss_bytes'], 1 << 20, 'rss_bytes')
    assert after['minor_faults'] - before['minor_faults'] >= 20000000 // 4096, (before, after)
    assert after['rss_bytes'] - before['rss_bytes'] > 19000000, (before, after)
    close(after['read_bytes'] - before['read_bytes'], 8 << 20, 10000, 'read_bytes')
    close(after['written_bytes'] - before['written_bytes'], 4 << 20, 10000, 'written_bytes')


def close(ours, theirs, most, what):
    assert abs(ours - theirs) <= most, f'{what}: {ours}, not {theirs}'


def check_timeline(one):
    """In order, rates from one point to the next, the peak as it is in the totals; the last point is the totals.
    Returns the points without the peak."""
    line = one.data['timeline']
    assert [point['ms'] for point in line] == sorted(point['ms'] for point in line)
    peaks = [point for point in line if point.get('peak')]
    expected = {'ms': one.totals.peak_ms, 'live_bytes': one.totals.peak_bytes, 'live_allocs': one.totals.peak_allocs,
                'peak': True}
    assert peaks == [expected], f'{peaks}, not {expected}'
    points = [point for point in line if not point.get('peak')]
    for earlier, later in zip(points, points[1:]):
        for name in ('allocs', 'frees', 'allocated_bytes', 'cpu_ms', 'minor_faults', 'major_faults', 'read_bytes',
                     'written_bytes'):
            assert later.get(name, 1 << 63) >= earlier.get(name, 0), f'{name}: {earlier}, then {later}'
        assert later['live_bytes'] <= one.totals.peak_bytes, later
        seconds = (later['ms'] - earlier['ms']) / 1000
        if seconds:
            for name in ('allocs', 'allocated_bytes'):
                rate = (later[name] - earlier[name]) / seconds
                close(later[f'{name}_per_s'], rate, rate / 1000 + 0.01, f'{name}_per_s at {later["ms"]} ms')
    for name in ('allocs', 'frees', 'allocated_bytes', 'live_bytes', 'live_allocs'):
        assert points[-1][name] == one.totals[name], f'{name}: {points[-1]}, totals {one.totals[name]}'
    for name in ('allocs', 'frees', 'allocated_bytes'):
        rate = one.totals[name] / one.capture.duration_ms * 1000
        close(one.data['rates'][f'{name}_per_s'], rate, rate / 1000 + 0.01, f'rates of {name}')
    return points


def test_timeline_is_thinned_evenly():
    """More than 2,200 snapshots in the four seconds of leaks.c: at most 2,000 points and the peak, as dense early as
    late. The interval of 2 ms may be stretched, so signals ask for more."""
    tool = harness.start_tool('-o', 'out', '-i', '2', '--', harness.target('leaks'))
    harness.wait_for(lambda: glob.glob('out/profile-leaks-*.json'), 10, 'the first profile')
    while tool.poll() is None:
        tool.send_signal(signal.SIGUSR1)
        time.sleep(0.0005)
    one = harness.finish(tool).profile
    points = check_timeline(one)
    assert len(points) <= 2000, f'{len(points)} points of {one.capture.snapshots} snapshots'
    if one.capture.snapshots <= 2200:
        raise harness.Skip(f'only {one.capture.snapshots} snapshots: this machine is too slow')
    assert len(points) >= 900, f'{len(points)} points of {one.capture.snapshots} snapshots'
    whole = points[-1]['ms']
    for tenth in range(10):
        n = sum(tenth * whole / 10 <= point['ms'] < (tenth + 1) * whole / 10 for point in points)
        assert 0.4 <= n / len(points) * 10 <= 2.5, f'{n} of {len(points)} points in tenth {tenth}'
    return f'{len(points)} points of {one.capture.snapshots} snapshots'


def test_final_sizes_are_a_fair_sample():
    """6,000 chains with final sizes 9 to 6,008, in that order of time: a sample of at most CAPTRACK_SAMPLE_CAP of them, all
    different, whose mean is not off by more than five standard errors; and how many there were, exactly."""
    n = 6000
    mean, deviation = 8 + (n + 1) / 2, ((n * n - 1) / 12) ** 0.5
    for cap, env in ((4096, {}), (64, {'CAPTRACK_SAMPLE_CAP': '64'})):
        for interval in ('50', '0'):
            one = profile(harness.target('chains'), str(n), options=['-i', interval], env=env,
                          folder=f'{cap}-{interval}').profile
            growth = one.one('born').growth
            sizes = growth['final_sizes']
            figures = {name: value for name, value in growth.items() if name != 'final_sizes'}
            assert figures == {'chains': n, 'steps': n, 'first_bytes': 8 * n, 'copied_bytes': 8 * n, 'total_observed': n,
                               'open_chains': n // 9}, figures
            assert len(sizes) <= cap and len(sizes) >= 64, f'{len(sizes)} sizes with room for {cap}'
            assert len(set(sizes)) == len(sizes) and 9 <= min(sizes) and max(sizes) <= n + 8, sizes
            close(sum(sizes) / len(sizes), mean, 5 * deviation / len(sizes) ** 0.5, f'mean of {len(sizes)} of {n} sizes')


def test_double_frees_are_counted_without_free_stacks():
    """The stack of the first free is not known then; no other stack that frees is taken."""
    one = profile(harness.target('doubles')).profile
    assert one.integrity.double_frees == 8, one.integrity
    found = one.double_frees()
    assert sum(count for *_, count in found) == 8, found
    for stack in ('from_fastbin', 'written_after', 'freed_by_two_threads', 'long_ago'):
        assert any(entry[0] == stack and entry[1] is None and entry[2] == 'second' for entry in found), (stack, found)
    assert not any('freed_by' in stack for stack in one.data['stacks']) and 'free_stacks' not in one.capture


def test_realloc_of_blocks_from_before_is_no_double_free():
    """realloc frees such a block while it runs: by its return another thread may have had the address, and freed it."""
    program = subprocess.Popen([harness.target('regrows', '-pthread')], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env={**os.environ, 'GLIBC_TUNABLES': 'glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1'})
    try:
        assert program.stdout.readline() == 'ready\n'
        tool = harness.attach(program.pid)
        program.stdin.write('\n')
        program.stdin.flush()
        one = harness.finish(tool, limit=60).profile
    finally:
        program.kill()
        program.communicate()
    assert one.integrity.unmatched_frees == one.totals.reallocs == 50000, (one.integrity, one.totals)
    assert one.integrity.double_frees == 0 and 'double_frees' not in one.data, one.data['double_frees']


def test_stacks_that_only_free_go_with_their_image():
    """There is room for those of two images; each that ends makes room for another."""
    run = profile(harness.target('frees_apart', '-O1'), 5, 400000, options=['--free-stacks', '--max-stacks', '600', '-i', '50'])
    assert len(run.profiles) == 5, run.files
    for one in run.profiles:
        assert one.integrity.dropped_stacks == 0 and one.totals.frees >= 256, one.integrity
        assert len(one.data['free_stacks']) >= 256, len(one.data['free_stacks'])


def test_each_of_many_quick_images_has_a_file():
    """Several images of one process may begin within a millisecond, which is in the names of their files."""
    run = profile(harness.target('frees_apart', '-O1'), 150, 0, 1)
    assert run.stderr.count('  profile: ') == 150 == len(run.files), (run.stderr.count('  profile: '), len(run.files))


def test_views_that_a_capture_without_details_lacks():
    run = profile(harness.target('no_details'), options=['--no-details'])
    for view, status in (['--leaks'], 0), (['--timeline'], 0), (['--threads'], 2), (['--sort', 'growth'], 2):
        done = subprocess.run([harness.TOOL, 'report', *view, run.files[0]], capture_output=True, text=True, timeout=10)
        assert done.returncode == status and ('--no-details' in done.stderr) == (status == 2), (view, done)


def test_what_a_mode_cannot_know_is_absent():
    """A sample knows no lifetimes, sizes or chains; without frees there are sizes, but nothing that ends or lives."""
    for option, known, unknown in (
            (['--sample', '100'], set(), {'lifetime_ns', 'age_ns', 'sizes', 'growth', 'freed_by'}),
            (['--allocs-only'], {'sizes'}, {'lifetime_ns', 'age_ns', 'startup', 'growth', 'freed_by', 'leak'})):
        one = profile(harness.target('growth'), options=option, folder=option[0][2:]).profile
        told = {name for stack in one.data['stacks'] for name in stack}
        assert known <= told and not unknown & told, f'{option}: {told & (known | unknown)}'
        assert 'double_frees' not in one.data, one.data['double_frees']
        of_threads = {name for thread in one.data['threads'] for name in thread}
        of_frees = {'frees', 'live_allocs', 'live_bytes'}
        assert bool(of_frees & of_threads) == ('frees' in one.totals), f'{option}: {of_threads}'
        for name in of_threads & {'allocs', 'allocated_bytes', *of_frees}:
            summed = sum(thread[name] for thread in one.data['threads'])
            rounded = len(one.data['stacks']) + len(one.data['threads']) if one.capture.mode == 'sampled' else 0
            close(summed, one.totals[name], rounded, f'{option}: {name} of all threads')
        for point in one.data['timeline']:
            if 'frees' not in one.totals:
                assert not {*of_frees, 'peak'} & point.keys(), point
