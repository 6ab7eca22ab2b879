# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Sampled captures: unbiased, and as far off as theory says. Captures without frees. And all
ways to attach probes make the same profile."""
import glob
import math
import signal
import subprocess
import time

import harness
from harness import profile

N = 12000  # as in targets/sampled.c
FREED = [i // 64 % 2 == 1 for i in range(N)]
SIZES = {
    'small': [16 + i % 64 for i in range(N)],
    'mixed': [16 << i % 13 for i in range(N)],
    'zeroed': [(2 + i % 10) * 8 for i in range(N)],
    'start': [24 + i % 40 for i in range(N)],
    'grown': [40 + i % 100 for i in range(N)],
    'from_null': [16 + i % 64 for i in range(N)],
    'aligned': [16 + i % 64 for i in range(N)],
    'array': [16 + i % 64 for i in range(N)],
    'grown_array': [2 * (20 + i % 50) for i in range(N)],
}
ALL, NESTED = ('small', 'mixed', 'zeroed', 'start', 'grown'), ('from_null', 'aligned', 'array', 'start', 'grown_array')
FIGURES = ('allocs', 'allocated_bytes', 'frees', 'freed_bytes', 'live_allocs', 'live_bytes')


def truth(name):
    sizes = SIZES[name]
    freed = [size for size, gone in zip(sizes, FREED) if gone or name == 'start']
    counts = harness.Counts(allocs=N, allocated_bytes=sum(sizes), frees=len(freed), freed_bytes=sum(freed))
    counts.update(live_allocs=N - counts.frees, live_bytes=counts.allocated_bytes - counts.freed_bytes)
    return counts


def variance(sizes, rate, bytes_too):
    """Of the estimate: a block of which 1 in 1/p is kept stands for 1/p, or size/p bytes."""
    total = 0
    for size in sizes:
        p = -math.expm1(-size / rate)
        total += (size * size if bytes_too else 1) * (1 - p) / p
    return total


def own(one, name):
    """start() is called by others, whose stacks have both names."""
    inner = {'grown': 'start', 'grown_array': 'start'}.get(name)
    found = one.stack(name)
    if inner:
        found = harness.Counts({key: value - one.stack(inner, name).get(key, 0) for key, value in found.items()})
    return found


def check_integrity(one, but=()):
    wrong = {name: value for name, value in one.integrity.items() if value and name not in but}
    assert not wrong, wrong


def sample(what, rate, runs, attachment='session'):
    program = harness.target('sampled')
    found = []
    for i in range(runs):
        run = profile(program, what, options=['-q', '-i', '0', f'--sample={rate}'], env={'CAPTRACK_ATTACH': attachment},
                      folder=f'{what}-{attachment}-{i}')
        one = run.profile
        assert run.status == 0 and one.capture.mode == 'sampled' and one.capture.sample_bytes == rate, one.capture
        check_integrity(one)
        one.check_whole()
        found.append(one)
    return found


def check_means(profiles, names, rate, tolerance=0.01):
    """Each figure of each stack. That they would be this far off by chance: 5 standard errors at least."""
    for name in names:
        right = truth(name)
        for figure in FIGURES:
            sizes = [size for size, gone in zip(SIZES[name], FREED) if not figure.startswith('live') or not gone]
            if figure in ('frees', 'freed_bytes'):
                sizes = [size for size, gone in zip(SIZES[name], FREED) if gone or name == 'start']
            if not right[figure]:
                assert all(own(one, name)[figure] == 0 for one in profiles), (name, figure)
                continue
            error = math.sqrt(variance(sizes, rate, 'bytes' in figure) / len(profiles)) / right[figure]
            assert 5 * error < tolerance, f'{name}.{figure}: too few runs, {error:.2%} of error'
            mean = sum(own(one, name)[figure] for one in profiles) / len(profiles)
            assert abs(mean / right[figure] - 1) < tolerance, \
                f'{name}.{figure}: {mean:.0f} in the mean of {len(profiles)}, not {right[figure]} (+- {error:.2%})'


def chi_square(degrees, z):
    """The value that lies z standard deviations from the middle (Wilson and Hilferty)."""
    return degrees * (1 - 2 / (9 * degrees) + z * math.sqrt(2 / (9 * degrees))) ** 3


def test_estimates_are_unbiased_and_spread_as_theory_says():
    rate, runs = 32, 30
    exact = profile(harness.target('sampled'), 'all', options=['-q', '-i', '0'], folder='exact').profile
    for name in ALL:
        for figure in FIGURES:
            assert own(exact, name)[figure] == truth(name)[figure], (name, figure, own(exact, name))
    profiles = sample('all', rate, runs)
    check_means(profiles, ALL, rate)
    for figure in (*FIGURES, 'reallocs', 'peak_bytes'):
        mean = sum(one.totals[figure] for one in profiles) / runs
        assert abs(mean / exact.totals[figure] - 1) < 0.01, (figure, mean, exact.totals[figure])
    # 5.3 standard deviations to either side: wrong once in 10 million times, with two checks.
    remark = []
    for figure in ('allocs', 'allocated_bytes'):
        spread, degrees = 0, 0
        for name in ALL:
            values = [own(one, name)[figure] for one in profiles]
            mean = sum(values) / runs
            spread += sum((value - mean) ** 2 for value in values) / variance(SIZES[name], rate, 'bytes' in figure)
            degrees += runs - 1
        low, high = chi_square(degrees, -5.3), chi_square(degrees, 5.3)
        assert low < spread < high, f'{figure}: {spread:.0f}, not {low:.0f} to {high:.0f}: spread other than in theory'
        remark.append(f'{figure} spread as {spread:.0f}, in theory {degrees}')
    return '; '.join(remark)


def test_a_call_inside_another_has_no_chance_of_its_own():
    """realloc(NULL) calls malloc, as posix_memalign and reallocarray call others: with two chances
    one in ten and more would be kept too often."""
    check_means(sample('nested', 32, 12), NESTED, 32, 0.015)


def test_every_attachment_samples():
    for attachment in ('perf', 'multi'):
        check_means(sample('all', 32, 4, attachment), ALL, 32, 0.03)
        check_means(sample('nested', 32, 3, attachment), ('from_null',), 32, 0.03)


def test_large_blocks_are_exact_and_empty_ones_not_kept():
    program = harness.target('sampled')
    exact = profile(program, 'large', options=['-q', '-i', '0'], folder='exact').profile.stack('large')
    assert exact.allocs == 1000 and exact.allocated_bytes == sum(4096 + 61 * i for i in range(1000)), exact
    for attachment in ('session', 'multi', 'perf'):
        run = profile(program, 'large', options=['-q', '-i', '0', '--sample', '64'], folder=attachment,
                      env={'CAPTRACK_ATTACH': attachment})
        one = run.profile
        check_integrity(one)
        for figure in (*FIGURES, 'at_peak_bytes', 'at_peak_allocs'):
            assert one.totals.get(figure, one.totals.peak_bytes if 'bytes' in figure else one.totals.peak_allocs) == \
                one.stack('large')[figure] == exact[figure], (figure, one.totals, exact)
        assert one.stack('empty').stacks == 0


def test_threads_are_sampled():
    one = profile(harness.target('threads'), options=['-q', '-i', '0', '--sample=512']).profile
    check_integrity(one)
    right, found = 500000, one.stack('work')
    error = math.sqrt(variance([48], 512, False) / right)
    assert abs(found.allocs / right - 1) < 5.5 * error and found.live_bytes == 0 == found.live_allocs, found
    big = one.stack('big')
    assert big.allocs == 8 and big.allocated_bytes == big.at_peak_bytes == 8 << 20, big


def test_forms_of_the_option():
    for words, rate in ((['--sample', '--', 'true'], 524288), (['--sample', 'true'], 524288),
                        (['--sample', '-i', '0', 'true'], 524288), (['--sample=1', 'true'], 1),
                        (['--sample', '4096', 'true'], 4096), (['--sample', '4K', '--', 'true'], 4096),
                        (['--sample=1G', 'true'], 1 << 30), (['--sample', '3M', 'true'], 3 << 20),
                        (['--sample=512K', '--allocs-only', 'true'], 512 << 10), (['--allocs-only', 'true'], None)):
        folder = 'out' + '_'.join(words).replace('/', '_')
        done = subprocess.run([harness.TOOL, '-o', folder, *words], capture_output=True, text=True)
        assert done.returncode == 0, (words, done)
        one = harness.load(glob.glob(f'{folder}/*.json')[0])
        assert one.capture.get('sample_bytes') == rate, (words, one.capture)
        assert one.capture.mode == ('sampled' if rate else 'exact'), one.capture
        assert one.capture.get('allocs_only', False) == ('--allocs-only' in words), one.capture
        one.check_sums()
    for words in (['--sample=0'], ['--sample', '0'], ['--sample='], ['--sample=2G'], ['--sample=1073741825'],
                  ['--sample=1025M'], ['--sample=1.5K'], ['--sample=4KB'], ['--sample=4k'], ['--sample=K'], ['--sample=-1'],
                  ['--sample=99999999999999999999999999'], ['--allocs-only=1'], ['--max-stacks', '16000001']):
        done = subprocess.run([harness.TOOL, *words, 'true'], capture_output=True, text=True)
        assert done.returncode == 2 and words[0].split('=')[0] in done.stderr, (words, done)


def test_every_snapshot_of_a_sample_adds_up():
    """Rounded figures, too: contract 4.6. And what was allocated only grows."""
    tool = harness.start_tool('-o', 'out', '-i', '20', '--sample=300', '--', harness.target('busy'), '4')
    seen, last, end = 0, None, time.monotonic() + 3
    while time.monotonic() < end:
        for path in glob.glob('out/profile-busy-*.json'):
            one = harness.load(path)
            if last and one.capture.snapshots == last.capture.snapshots:
                continue
            one.check_sums()
            for figure in ('allocs', 'frees', 'allocated_bytes', 'freed_bytes'):
                assert not last or one.totals[figure] >= last.totals[figure], (figure, last.totals, one.totals)
            seen, last = seen + 1, one
        time.sleep(0.005)
    one = harness.finish(tool, signal.SIGTERM).profile
    one.check_sums()
    check_integrity(one)
    assert seen >= 20 and one.totals.allocs > 10000, (seen, one.totals)


def test_the_next_program_is_sampled_too():
    run = profile('sh', '-c', 'exec true', options=['--sample=10', '--allocs-only'])
    assert len(run.profiles) == 2, run.files
    for one in run.profiles:
        assert one.capture.sample_bytes == 10 and one.capture.allocs_only, one.capture


def test_a_running_process_is_sampled():
    target = subprocess.Popen([harness.target('busy'), '1'], stdout=subprocess.DEVNULL)
    try:
        tool = harness.attach(target.pid, '--sample', '1K', '-d', '0.5')
        run = harness.finish(tool)
        one = run.profile
        one.check_sums()
        assert run.status == 0 and one.totals.allocs > 1000 and one.target.attached == 'running', run.stderr
        assert 'note: blocks from before the capture are not counted\n' in run.stderr, run.stderr
        check_integrity(one)
    finally:
        target.kill()
        target.wait()


def test_sampled_text_is_never_exact():
    run = profile(harness.target('sampled'), 'all', options=['--sample=256'])
    report = subprocess.run([harness.TOOL, 'report', run.files[0]], capture_output=True, text=True)
    for text in (run.stderr, report.stdout):
        assert 'sampled, one allocation kept per 256 B on average' in text and 'exact' not in text, text
        assert 'allocated ' in text and ' temporary' not in text, text
        assert 'cost: ' not in text or 'cost: ~' in text, text
        for line in text.splitlines():
            for unit in (' B', ' KiB', ' MiB'):
                before = line.split(unit)[0].split()
                if unit in line and 'average' not in line:
                    assert before[-1].startswith('~'), line
        assert max(map(len, text.splitlines())) <= 100, text
    done = subprocess.run([harness.TOOL, 'report', '--sort', 'temporary', run.files[0]], capture_output=True, text=True)
    assert done.returncode == 2 and '--sample' in done.stderr and not done.stdout, done


# --- without frees ---

def by_frames(one, names):
    """The figures of each stack by its frames' places, which are the same in each run."""
    objects, frames = one.data['objects'], one.data['frames']
    found = {}
    for stack in one.data['stacks']:
        key = tuple((objects[frames[i]['object']]['path'], frames[i]['offset']) for i in stack['frames'])
        found[key] = tuple(stack[name] for name in names)
    return found


def test_allocs_only_counts_what_is_allocated():
    for name, words in (('realloc', ()), ('kinds', ()), ('cplusplus', ()), ('threads', ()), ('sampled', ('nested',))):
        program = harness.target(name)
        exact = profile(program, *words, options=['-q', '-i', '0'], folder=f'{name}-exact').profile
        run = profile(program, *words, options=['-i', '0', '--allocs-only'], folder=f'{name}-only')
        one = run.profile
        figures = ('allocs', 'reallocs', 'allocated_bytes')
        assert one.capture.allocs_only is True and one.capture.mode == 'exact', one.capture
        assert one.totals.keys() == {*figures, 'failed_allocs'}, one.totals
        for figure in one.totals:
            assert one.totals[figure] == exact.totals[figure], (name, figure, one.totals, exact.totals)
        assert by_frames(one, figures) == by_frames(exact, figures), name
        assert 'free' not in {probe['function'] for probe in one.capture.probes}, one.capture.probes
        check_integrity(one)
        report = subprocess.run([harness.TOOL, 'report', run.files[0]], capture_output=True, text=True)
        for text in (report.stdout, run.stderr):
            assert 'allocations only' in text and max(map(len, text.splitlines())) <= 100, text
            for word in ('freed', 'temporary', 'live at', ' B in 0', 'at peak', 'own peak'):
                assert word not in text, text
    for key in ('live', 'peak', 'at-peak', 'temporary'):
        done = subprocess.run([harness.TOOL, 'report', '--sort', key, run.files[0]], capture_output=True, text=True)
        assert done.returncode == 2 and '--allocs-only' in done.stderr and not done.stdout, done


def test_allocs_only_and_sampled():
    program = harness.target('sampled')
    for attachment in ('session', 'multi', 'perf'):
        run = profile(program, 'all', options=['-i', '0', '--sample=32', '--allocs-only'], folder=attachment,
                      env={'CAPTRACK_ATTACH': attachment})
        one = run.profile
        check_integrity(one)
        assert one.totals.keys() == {'allocs', 'reallocs', 'allocated_bytes'}, one.totals
        for name in ALL:
            for figure in ('allocs', 'allocated_bytes'):
                right, found = truth(name)[figure], own(one, name)[figure]
                error = math.sqrt(variance(SIZES[name], 32, 'bytes' in figure)) / right
                assert abs(found / right - 1) < 5.5 * error + 0.002, (name, figure, found, right, error)


# --- attachments ---

def picture(one):
    """All that must not depend on how the probes are attached: no times."""
    totals = {name: value for name, value in one.totals.items() if name != 'peak_ms'}
    return totals, dict(one.integrity), by_frames(one, [*one.counters, *(['peak_bytes'] if 'peak_bytes' in totals else [])])


def test_all_attachments_make_the_same_profile():
    for name, words in (('realloc', ()), ('kinds', ()), ('peak', ()), ('cplusplus', ()), ('sampled', ('nested',))):
        program = harness.target(name)
        for options in ([], ['--allocs-only']):
            pictures = {}
            for attachment in ('perf', 'multi', None):
                run = profile(program, *words, options=['-q', '-i', '0', *options],
                              folder='-'.join((name, *words, *options, str(attachment))),
                              env={'CAPTRACK_ATTACH': attachment} if attachment else None)
                pictures[attachment] = picture(run.profile)
            for attachment, one in pictures.items():
                for ours, theirs in zip(one, pictures[None]):
                    assert ours == theirs, f'{name} {options} {attachment}: ' \
                        f'{ {k: (v, theirs.get(k)) for k, v in ours.items() if v != theirs.get(k)} }'


test_estimates_are_unbiased_and_spread_as_theory_says.limit = 150
test_every_attachment_samples.limit = test_all_attachments_make_the_same_profile.limit = 200
