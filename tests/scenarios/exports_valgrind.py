# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""export -f dhat and -f massif, as valgrind's own programs read them."""
import glob
import json
import pathlib
import re
import shutil
import subprocess

import harness
from harness import export, profile

# What the Firefox Profiler takes a frame apart by (firefox-devtools/profiler, import/dhat.ts).
FRAME = re.compile(r'^0x([0-9a-f]+): (.+) \((?:in )?(.+?)(?::(\d+))?(?::(\d+))?\)$', re.I)
TREE_LINE = re.compile(r'^( *)n(\d+): (\d+) (.*)$')


def dhat(one, to='dhat.json'):
    return json.loads(pathlib.Path(export('dhat', one.path, to=to)).read_text(encoding='utf-8'))


def running_profile():
    """One of a process that runs on, and holds 9 MB and more."""
    tool = harness.start_tool('-o', 'run', '-i', '100', '--', harness.target('phases'))
    try:
        def live():
            for path in glob.glob('run/profile-*.json'):
                shutil.copy(path, 'running.json')
                one = harness.load('running.json')
                if one.data['state'] == 'running' and one.totals.live_bytes > 9_000_000:
                    return one
            return None
        return harness.wait_for(live, 20, 'a profile of 9 MB')
    finally:
        harness.finish(tool, limit=30, folder='run')


def names(table, point):
    return [FRAME.match(table[index])[2] for index in point['fs']]


def check_dhat(one, known=True):
    """All that the format's rules and the profile say; the points."""
    data = dhat(one)
    points, table, totals = data['pps'], data['ftbl'], one.totals
    assert data['dhatFileVersion'] == 2 and data['bklt'] is known and data['bkacc'] is False, data
    assert table[0] == '[root]' and len(set(table)) == len(table)
    assert all(FRAME.match(text) for text in table[1:]), table
    assert len({tuple(point['fs']) for point in points}) == len(points)
    assert {index for point in points for index in point['fs']} == set(range(1, len(table)))
    sums = {'tb': 'allocated_bytes', 'tbk': 'allocs'}
    if known:
        sums |= {'gb': 'peak_bytes', 'gbk': 'peak_allocs', 'eb': 'live_bytes', 'ebk': 'live_allocs'}
        assert data['tg'] == 1000 * totals.peak_ms <= data['te']
        for point in points:
            assert point['tb'] >= point['mb'] >= max(point['gb'], point['eb']), point
            assert point['tbk'] >= point['mbk'], point
            assert (point['mb'] == 0) == (point['tb'] == 0) and (point['mbk'] > 0 or not point['mb']), point
    for key, name in sums.items():
        assert sum(point[key] for point in points) == totals[name], (key, totals)
    if not known:
        assert not {'tg', 'tuth'} & set(data) and all(set(point) == {'tb', 'tbk', 'fs'} for point in points), data
    return data


def test_dhat_has_the_profiles_figures():
    one = profile(harness.target('lifetimes')).profile
    data = check_dhat(one)
    assert data['mode'] == 'heap' and data['pid'] == one.target.pid and data['cmd'] == one.target.command
    lived = sum(stack.get('lifetime_ns', {}).get('sum', 0) + stack.get('age_ns', {}).get('mean', 0) * stack['live_allocs']
                for stack in one.data['stacks'])
    assert 0 <= lived // 1000 - sum(point['tl'] for point in data['pps']) <= len(data['pps']), lived


def test_dhat_has_inlined_functions_and_all_languages_names():
    one = profile(harness.target('cplusplus')).profile
    data = check_dhat(one)
    inlined = sum(len(frame.get('inlined', [])) for frame in one.data['frames'])
    assert inlined and len(data['ftbl']) > 1 + inlined
    assert any('Widget::array' in names(data['ftbl'], point)[1] for point in data['pps']), data['ftbl']


def test_dhat_of_modes_that_do_not_know_lifetimes():
    for options in (['--sample', '100'], ['--allocs-only'], ['--no-details']):
        one = profile(harness.target('peak'), options=options, folder='out' + ''.join(options)).profile
        data = check_dhat(one, known=False)
        assert ('estimates' in data['mode']) == ('--sample' in options), data['mode']


class Viewer:
    """valgrind's page for DHAT's files, in a browser."""

    def __init__(self):
        import browser  # where there is none the other tests run all the same
        harness.need('valgrind')
        self.pages = glob.glob('/usr/libexec/valgrind/dh_view.html') + glob.glob('/usr/lib*/**/valgrind/dh_view.html')
        if not self.pages:
            raise harness.Skip("valgrind's dh_view.html is not installed")
        self.browser = browser.Browser()

    def __enter__(self):
        self.page = self.browser.__enter__()
        return self

    def __exit__(self, *why):
        self.browser.__exit__(*why)

    def load(self, path):
        self.page.open(self.pages[0])
        self.page.type('input[type=file]', str(pathlib.Path(path).resolve()))
        self.page.wait("return document.querySelector('.error, .threshold')")
        return self.tree()

    def tree(self):
        errors = self.page.errors() + self.page.texts('.error')
        assert not errors, errors
        return self.page.run("return document.querySelector('pre').textContent")

    def metrics(self):
        return self.page.run("return [...document.querySelectorAll('option')].filter(o => !o.disabled).map(o => o.label)")

    def sort(self, label):
        place = self.page.run("return [...document.querySelectorAll('option')].findIndex(o => o.label == arguments[0])",
                              label)
        self.page.click(f'option:nth-child({place + 1})')
        assert label in self.page.run('return document.title')
        return self.tree()


def assert_root(text, one, *more):
    """The first of each line is the whole program's."""
    totals = one.totals
    for label, size, count in (('Total', totals.allocated_bytes, totals.allocs), *more):
        found = re.search(rf'{label}: +([\d,]+) bytes \(100%.*?\) in ([\d,]+) blocks \(100%', text)
        assert found and found.groups() == (f'{size:,}', f'{count:,}'), (label, size, count, text[:1000])


def test_dhat_in_the_viewer():
    one = profile(harness.target('peak')).profile
    with Viewer() as viewer:
        text = viewer.load(export('dhat', one.path, to='dhat.json'))
        assert f'Command: {one.target.command}\n' in text and f'PID:     {one.target.pid}\n' in text, text
        assert f't-gmax: {1000 * one.totals.peak_ms:,} µs' in text, text
        assert_root(text, one, ('At t-gmax', 60000, 6))
        assert len(viewer.metrics()) == 6
        text = viewer.sort('At t-gmax (bytes)')
        held = [(int(size.replace(',', '')), name) for size, name in
                re.findall(r'At t-gmax: ([\d,]+) bytes [^{]*Allocated at \{[^#}]*#1: 0x[0-9a-f]+: (peak_\w) ', text)]
        assert held == [(30000, 'peak_a'), (20000, 'peak_b'), (10000, 'peak_c')], text
        assert 'Max:       10,000 bytes in 1 blocks, avg size 10,000 bytes' in text
        for label in viewer.metrics():
            assert 'PP significance threshold' in viewer.sort(label)


def test_dhat_of_stacks_that_read_alike_in_the_viewer():
    """It refuses points that are the same; ours are what its frames' text tells apart."""
    one = profile(harness.target('peak')).profile
    points = check_dhat(one)['pps']
    one.data['stacks'] *= 2
    for name in one.counters:
        if name in one.totals:
            one.totals[name] *= 2
    one.totals.update(peak_bytes=120000, peak_allocs=12)
    one.data['totals'] = one.totals
    one.path = 'twice.json'
    pathlib.Path(one.path).write_text(json.dumps(one.data))
    assert len(check_dhat(one)['pps']) == len(points)
    with Viewer() as viewer:
        assert_root(viewer.load('dhat.json'), one, ('At t-gmax', 120000, 12))


def test_dhat_of_a_running_process_in_the_viewer():
    """How long its live blocks live is not known, which is no reason to hide what they hold."""
    one = running_profile()
    data = check_dhat(one)
    assert 'runs on' in data['mode'] and any('tl' not in point for point in data['pps'])
    assert all('tl' in point for point in data['pps'] if not point['ebk'])
    with Viewer() as viewer:
        text = viewer.load('dhat.json')
        assert_root(text, one, ('At t-gmax', one.totals.peak_bytes, one.totals.peak_allocs),
                    ('At t-end', one.totals.live_bytes, one.totals.live_allocs))
        assert 'avg lifetime NaN' in text
        text = viewer.sort('At t-end (bytes)')
        held = re.findall(r'At t-end: +([\d,]+) bytes', text)
        assert int(held[1].replace(',', '')) >= 9_000_000, held
        assert ': hold (' in text and ': hold (' not in viewer.sort('Total (blocks), short-lived')


def test_dhat_of_a_sample_in_the_viewer():
    one = profile(harness.target('peak'), options=['--sample', '100']).profile
    with Viewer() as viewer:
        text = viewer.load(export('dhat', one.path, to='dhat.json'))
        assert 'Mode:    heap (estimates' in text and 't-gmax' not in text and 'NaN' not in text, text
        assert_root(text, one)
        assert len(viewer.metrics()) == 3


# --- massif ---

def ms_print(path):
    done = subprocess.run([harness.need('ms_print'), path], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def snapshots(path):
    """Of a massif.out: time, bytes, kind, lines of the tree as (depth, children, bytes, text)."""
    head, *parts = re.split(r'#-----------\nsnapshot=(\d+)\n#-----------\n', pathlib.Path(path).read_text())
    assert re.fullmatch(r'desc: [^\n]+\ncmd: [^\n]+\ntime_unit: ms\n', head), head
    found = []
    for number, text in zip(parts[::2], parts[1::2]):
        match = re.fullmatch(r'time=(\d+)\nmem_heap_B=(\d+)\nmem_heap_extra_B=0\nmem_stacks_B=0\n'
                             r'heap_tree=(empty|peak|detailed)\n((?: *n.*\n)*)', text)
        assert match and int(number) == len(found), (number, text)
        lines = [TREE_LINE.match(line).groups() for line in match[4].splitlines()]
        found.append((int(match[1]), int(match[2]), match[3],
                      [(len(indent), int(children), int(size), rest) for indent, children, size, rest in lines]))
    return found


def read_tree(lines):
    """The lines as nodes: size, text, children. What a node says of its children holds."""
    def read(depth):
        at, children, size, text = next(rest)
        assert at == depth, (at, depth, text)
        kids = [read(depth + 1) for _ in range(children)]
        assert not kids or sum(kid[0] for kid in kids) <= size, text
        shown = [kid[0] for kid in kids if 'all below' not in kid[1]]
        assert shown == sorted(shown, reverse=True), shown
        return size, text, kids
    rest = iter(lines)
    root = read(0)
    assert next(rest, None) is None
    return root


def leaves(node):
    return [leaf for kid in node[2] for leaf in leaves(kid)] if node[2] else [node]


def check_massif(one, to='massif.out'):
    """The timeline's points, and trees whose leaves are the profile's figures."""
    found = snapshots(export('massif', one.path, to=to))
    final = one.data['state'] == 'final'
    expected = [(point['ms'], point['live_bytes']) for point in one.data['timeline']]
    assert [(time, size) for time, size, _, _ in found] == expected, (found, expected)
    peaks = [snapshot for snapshot in found if snapshot[2] == 'peak']
    assert len(peaks) == 1 and peaks[0][:2] == (one.totals.peak_ms, one.totals.peak_bytes), peaks
    assert (found[-1][2] == 'detailed') == (final and one.totals.live_bytes > 0), found[-1]
    for _, size, _, lines in found:
        if lines:
            root = read_tree(lines)
            assert root[0] == size == sum(leaf[0] for leaf in leaves(root)), lines
    return read_tree(peaks[0][3])


def test_massif_has_the_timeline_and_the_peaks_tree():
    one = profile(harness.target('phases'), options=['-i', '100']).profile
    root = check_massif(one)
    assert len(one.data['timeline']) > 10
    size, text, kids = root[2][0]
    assert size == 9_000_000 and re.match(r'0x[0-9a-f]+: hold \(.*phases\.c:\d+\)$', text), text
    assert ': main (' in kids[0][1]
    shown = ms_print('massif.out')
    assert f'Number of snapshots: {len(one.data["timeline"])}\n' in shown
    peak = next(i for i, point in enumerate(one.data['timeline']) if point.get('peak'))
    assert f'Detailed snapshots: [{peak} (peak)' in shown and f'Command:            {one.target.command}\n' in shown
    assert '#' in shown and f'{one.totals.peak_bytes:,}' in shown and '(9,000,000B) 0x' in shown


def test_massif_shares_in_ms_print():
    """30,000, 20,000 and 10,000 bytes of 60,000, with the callers of each; nothing lives at the end."""
    one = profile(harness.target('peak')).profile
    check_massif(one)
    shown = ms_print('massif.out')
    assert '\n100.00% (60,000B) (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n' in shown, shown
    for share, size, name in (('50.00', '30,000', 'peak_a'), ('33.33', '20,000', 'peak_b'), ('16.67', '10,000', 'peak_c')):
        assert re.search(rf'\n->{share}% \({size}B\) 0x[0-9a-f]+: {name} \(\S*peak\.c:\d+\)\n'
                         r'[| ]+->16.67% \(10,000B\) 0x[0-9a-f]+: main \(\S*peak\.c:\d+\)\n', shown), (name, shown)
    assert shown.count('(heap allocation functions)') == 1


def test_massif_of_the_end_and_of_modes():
    one = profile(harness.target('leak')).profile
    root = check_massif(one)
    end = read_tree(snapshots('massif.out')[-1][3])
    assert end == root and [kid[0] for kid in end[2]] == [64000, 10000], end
    one = running_profile()
    check_massif(one)
    assert '; the process runs on\n' in ms_print('massif.out')
    one = profile(harness.target('leak'), options=['--sample', '100'], folder='sampled').profile
    check_massif(one)
    assert 'Massif arguments:   captrack-bpf' in ms_print('massif.out')
    assert 'estimates' in ms_print('massif.out').split('ms_print arguments')[0]
    one = profile(harness.target('leak'), options=['--allocs-only'], folder='allocs').profile
    done = subprocess.run([harness.TOOL, 'export', '-f', 'massif', one.path], capture_output=True, text=True)
    assert done.returncode == 2 and '--allocs-only' in done.stderr and not done.stdout, done


def test_massif_of_names_that_look_like_its_syntax():
    """A command with line breaks and comment signs stays one line of text."""
    run = profile('sh', '-c', 'true # a\nsnapshot=7\n#-----------\nheap_tree=peak')
    for one in run.profiles:
        check_massif(one)
        assert 'snapshot=7' in re.search(r'Command: +(.*)', ms_print('massif.out'))[1]
