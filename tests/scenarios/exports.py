# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Each format of export, read by the program that it is for: their figures are the profile's."""
import base64
import collections
import csv
import json
import os
import pathlib
import re
import resource
import socket
import subprocess
import urllib.request

import browser
import harness
import npm
from harness import export, profile

SPEEDSCOPE = ('speedscope', '1.25.0',
              '2831f1e0d26df914b477e522d78b8485511495a6af81a0b88158f8b48f9e0d03')
TYPES = {'alloc_objects': 'allocs', 'alloc_space': 'allocated_bytes', 'peak_space': 'at_peak_bytes',
         'inuse_objects': 'live_allocs', 'inuse_space': 'live_bytes'}
MODES = {'exact': [], 'sampled': ['--sample', '64'], 'allocs-only': ['--allocs-only'], 'no-details': ['--no-details'],
         'by-thread': ['--by-thread']}


def captures(target='cplusplus'):
    """A target's profile in each mode."""
    for name, options in MODES.items():
        yield name, profile(harness.target(target), options=options, folder=name).profile


def known(one, names):
    return [name for name in names if name not in one.unknown]


def summed(one, name):
    return sum(stack[name] for stack in one.data['stacks'])


def shown(one, stack):
    """A stack's names as the formats have them, innermost first."""
    names = []
    for index in stack['frames']:
        frame = one.data['frames'][index]
        names += [call['function'] for call in frame.get('inlined', [])]
        object_name = one.data['objects'][frame['object']]['path'].rsplit('/', 1)[-1]
        names.append(frame.get('function') or f"{object_name}+{frame['offset']}")
    return tuple(names) or ('[unknown]',)


def by_stack(one, name):
    """The figure of all stacks that are shown alike; without those of 0."""
    found = collections.Counter()
    for stack in one.data['stacks']:
        found[shown(one, stack)] += stack[name]
    return {names: value for names, value in found.items() if value}


# --- pprof ---

def pprof_env():
    here = os.getcwd()
    return {**os.environ, 'HOME': here, 'PPROF_TMPDIR': here, 'GOCACHE': f'{here}/cache', 'GOPROXY': 'off', 'TZ': 'UTC'}


def pprof(*words):
    done = subprocess.run([harness.need('go'), 'tool', 'pprof', *words], capture_output=True, text=True, env=pprof_env())
    assert done.returncode == 0, done
    return done.stdout


def pprof_raw(path):
    """Types, the default type, samples' values, mappings by path with their build-ids."""
    text = pprof('-raw', path)
    types, = re.findall(r'^Samples:\n(.*)$', text, re.M)
    default, = re.findall(r'(\w+)/\w+\[dflt\]', types)
    samples = [[int(value) for value in line.split()]
               for line in re.findall(r'^ +((?:\d+ +)*\d+): [\d ]+$', text[:text.index('\nLocations\n')], re.M)]
    mappings = re.findall(r'^\d+: 0x0/0xf{16}/0x0 (\S+) (\w*) *(?:\[.*)?$', text[text.index('\nMappings\n'):], re.M)
    return re.findall(r'(\w+)/', types), default, samples, mappings


def pprof_total(path, kind):
    text = pprof('-top', '-unit=B', '-nodefraction=0', '-nodecount=0', f'-sample_index={kind}', path)
    total, = re.findall(r'^Showing nodes accounting for .* of (\d+)B? total$', text, re.M)
    flat = [int(value) for value in re.findall(r'^ *(\d+)B? +[\d.]+% ', text, re.M)]
    return int(total), sum(flat)


def pprof_traces(path, kind):
    found = collections.Counter()
    for part in re.split(r'^-+\+-+\n', pprof('-traces', '-unit=B', f'-sample_index={kind}', path), flags=re.M)[1:]:
        lines = [line for line in part.splitlines() if not re.match(r' *thread:', line)]
        if lines:
            value, first = re.fullmatch(r' *(\d+)B? +(.*)', lines[0]).groups()
            names = [first, *(line.strip() for line in lines[1:])]
            found[tuple(name.removesuffix(' (inline)') for name in names)] += int(value)
    return {names: value for names, value in found.items() if value}


def test_pprof_has_the_profiles_figures():
    """In every mode: the types that it knows, and for each the sum over samples, functions and what pprof
    calls the total is the profile's."""
    harness.need('go')
    for mode, one in captures():
        path = export('pprof', one.path, to=f'{mode}.pb.gz')
        types, default, samples, _ = pprof_raw(path)
        names = [TYPES[kind] for kind in types]
        assert names == known(one, TYPES.values()), (mode, types)
        assert default == ('alloc_space' if mode == 'allocs-only' else 'inuse_space'), (mode, default)
        for index, kind in enumerate(types):
            total = summed(one, TYPES[kind])
            assert sum(sample[index] for sample in samples) == total, (mode, kind, total, samples)
            if total:
                assert pprof_total(path, kind) == (total, total), (mode, kind, total, pprof_total(path, kind))


def test_pprof_has_the_profiles_stacks():
    """Stack by stack, inlined functions as calls; and objects with their build-ids, the program first."""
    one = profile(harness.target('cplusplus')).profile
    path = export('pprof', one.path)
    ours = by_stack(one, 'allocated_bytes')
    assert pprof_traces(path, 'alloc_space') == ours, (pprof_traces(path, 'alloc_space'), ours)
    assert any('std::' in name for names in ours for name in names), ours
    _, _, _, mappings = pprof_raw(path)
    expected = [(part['path'], part.get('build_id', '')) for part in one.data['objects']]
    assert mappings[0] == (one.target.exe, one.target.build_id), mappings
    assert sorted(mappings) == sorted(expected), (mappings, expected)


def test_pprof_finds_code_and_source():
    """Addresses lie in the calls: the disassembly that pprof makes has its bytes at the call of malloc, in a
    position-independent program and in one that is not, and the source has them at the line."""
    harness.need('objdump')
    for name, flag in (('sites-pie', '-pie'), ('sites-fixed', '-no-pie')):
        one = profile(harness.target(name, flag, source='peak'), folder=name).profile
        path = export('pprof', one.path)
        total = one.stack('peak_a').allocated_bytes
        for words, where in ((['-disasm', 'peak_a'], r'CALL'), (['-list', '^peak_a$'], r'malloc\(')):
            text = pprof('-unit=B', '-sample_index=alloc_space', *words, path)
            lines = re.findall(r'^ +(\d+)B? +\d+B? +[0-9a-f]+: *(.*)$', text, re.M)
            assert lines and all(re.search(where, text) for _, text in lines), (name, words, lines)
            assert sum(int(value) for value, _ in lines) == total, (name, words, lines, total)


def test_pprof_subtracts_a_base():
    few, many = (profile(harness.target('chains'), str(n), folder=f'out{n}').profile for n in (100, 300))
    base, new = export('pprof', few.path), export('pprof', many.path)
    for kind, name in (('alloc_objects', 'allocs'), ('inuse_space', 'live_bytes')):
        text = pprof('-top', '-unit=B', '-nodefraction=0', '-nodecount=0', f'-sample_index={kind}', f'-diff_base={base}', new)
        flat, = re.findall(r'^ *(-?\d+)B? +\S+ +\S+ +\S+ +\S+ +main$', text, re.M)
        base_value, new_value = (sum(stack[name] for stack in one.callers('main')) for one in (few, many))
        assert int(flat) == new_value - base_value > 0, (kind, flat, base_value, new_value, text)


def test_pprof_serves_a_flame_graph():
    harness.need('go')
    path = export('pprof', profile(harness.target('peak')).profile.path)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(['go', 'tool', 'pprof', '-no_browser', f'-http=127.0.0.1:{port}', path], env=pprof_env(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for page in ('flamegraph?si=peak_space', 'flamegraph?si=alloc_space', 'top?si=alloc_space'):
            text = harness.wait_for(lambda page=page: fetch(f'http://127.0.0.1:{port}/ui/{page}'), 20, page)
            assert 'peak_a' in text and 'peak_space' in text, (page, text[-2000:])
    finally:
        subprocess.run(['kill', *(path.name for path in harness.children(server.pid)), str(server.pid)], check=True)
        server.wait()


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except OSError:
        return None


def test_pprof_labels_threads():
    one = profile(harness.target('by_thread'), options=['--by-thread']).profile
    text = pprof('-raw', export('pprof', one.path))
    found = collections.Counter()
    for value, name in re.findall(r'^ +(\d+) .*: [\d ]+\n +thread:\[(.*)\]$', text, re.M):
        found[name] += int(value)
    expected = collections.Counter()
    for stack in one.data['stacks']:
        expected[one.data['threads'][stack['thread']]['name']] += stack['allocs']
    assert found == expected and len(found) > 1, (found, expected)


# --- folded ---

VALUES = {'at-peak': 'at_peak_bytes', 'live': 'live_bytes', 'peak': 'peak_bytes', 'allocated': 'allocated_bytes',
          'allocs': 'allocs', 'temporary': 'temporary_allocs'}


def folded(path, *options):
    """Each stack with its figure. flamegraph.pl takes the last number of a line, and where there is another before it
    takes the line for difffolded.pl's."""
    number = re.compile(r'\s(\d+(?:\.\d*)?)$')
    found = {}
    for line in pathlib.Path(export('folded', path, *options)).read_text().splitlines():
        value = number.search(line)
        assert value, f'no number: {line}'
        stack = line[:value.start()]
        assert not number.search(stack), f'a second number: {line}'
        assert stack not in found, f'twice: {line}'
        found[stack] = int(value[1])
    return found


def test_folded_has_the_profiles_figures():
    for mode, one in captures():
        default = 'allocated' if mode == 'allocs-only' else 'at-peak'
        assert folded(one.path) == folded(one.path, '-v', default), mode
        for key, name in VALUES.items():
            if name in one.unknown:
                done = subprocess.run([harness.TOOL, 'export', '-f', 'folded', '-v', key, '-o', 'none', one.path],
                                      capture_output=True, text=True)
                assert done.returncode == 2 and not os.path.exists('none'), done
                assert f'--{mode}' in done.stderr or mode == 'sampled' and '--sample' in done.stderr, done
                continue
            expected = {';'.join(reversed(names)): value for names, value in by_stack(one, name).items()}
            assert folded(one.path, '--value', key) == expected, (mode, key)


def test_value_is_for_formats_of_one_figure():
    path = profile(harness.target('peak')).profile.path
    for words in (['-f', 'csv', '-v', 'live'], ['-f', 'folded', '-v', 'x'], ['-f', 'folded', '-v']):
        done = subprocess.run([harness.TOOL, 'export', *words, path], capture_output=True, text=True)
        assert done.returncode == 2 and not done.stdout and done.stderr, done


# --- speedscope ---

def speedscope_opens(page, path):
    """Opens a file in speedscope's own page, from disk, and waits until it is shown."""
    here = pathlib.Path('speedscope.js').resolve()
    data = base64.b64encode(pathlib.Path(path).read_bytes()).decode()
    here.write_text(f'speedscope.loadFileFromBase64({json.dumps(os.path.basename(path))}, "{data}")')
    start = npm.package(*SPEEDSCOPE) / 'dist/release/index.html'
    page.open('/dev/null')
    page.open(start, f'#localProfilePath={here}')
    page.wait("return document.body.innerText.includes('Left Heavy')", 20)


def test_speedscope_is_valid_and_has_the_profiles_figures():
    try:
        import jsonschema
    except ImportError:
        raise harness.Skip('python3-jsonschema is not installed') from None
    schema = json.loads((npm.package(*SPEEDSCOPE) / 'dist/release/file-format-schema.json').read_text())
    titles = {'at peak': 'at_peak_bytes', 'live': 'live_bytes', 'allocated': 'allocated_bytes', 'allocations': 'allocs'}
    for mode, one in captures():
        data = json.loads(pathlib.Path(export('speedscope', one.path)).read_text())
        jsonschema.validate(data, schema)
        assert [titles[part['name']] for part in data['profiles']] == known(one, titles.values()), (mode, data)
        frames = [frame['name'] for frame in data['shared']['frames']]
        for part in data['profiles']:
            name = titles[part['name']]
            assert part['unit'] == ('bytes' if name.endswith('bytes') else 'none'), part
            assert (part['startValue'], part['endValue']) == (0, summed(one, name)), (mode, part)
            found = collections.Counter()
            for sample, weight in zip(part['samples'], part['weights'], strict=True):
                found[tuple(frames[index] for index in reversed(sample))] += weight
            assert found == by_stack(one, name), (mode, name, found)


def speedscope_tables(page):
    """Its list of profiles, by number, and after a click on "Sandwich" its table of functions, by name."""
    page.run("[...document.querySelectorAll('div')].filter(e => e.innerText.endsWith('Sandwich')).at(-1).click()")
    rows = page.wait("""const rows = [...document.querySelectorAll('table tr')].map(row => [...row.cells].map(c => c.innerText.trim()));
        return rows.some(row => row[0] == 'Total' && rows.at(-1) != row) && rows""")
    return ([row[1:] for row in rows if row[0].isdigit()],
            {row[2]: row[:2] for row in rows if not row[0].isdigit() and row[0] not in ('#', 'Total')})


def speedscope_bytes(n):
    for unit in ('B', 'KB', 'MB'):
        if n < 1024 or unit == 'MB':
            return f'{n} B' if unit == 'B' else f'{n:.2f} {unit}'
        n /= 1024


def by_function(one, name):
    """(figure of all stacks that it is in, of those that it is the innermost of), where there is any."""
    found = collections.defaultdict(lambda: [0, 0])
    for names, value in by_stack(one, name).items():
        found[names[0]][1] += value
        for function in set(names):
            found[function][0] += value
    return found


def test_speedscope_shows_it():
    """In a browser: a profile for each figure with its total, the first one shown; functions with theirs. It reads
    folded files, too."""
    npm.package(*SPEEDSCOPE)
    one = profile(harness.target('peak')).profile
    functions = by_function(one, 'at_peak_bytes')
    assert len(functions) > 5 and summed(one, 'at_peak_bytes') == 60000, functions
    with browser.Browser() as page:
        speedscope_opens(page, export('speedscope', one.path))
        profiles, table = speedscope_tables(page)
        totals = [['at peak', 'at_peak_bytes'], ['live', 'live_bytes'], ['allocated', 'allocated_bytes']]
        assert profiles == [[title, speedscope_bytes(summed(one, name))] for title, name in totals] + \
            [['allocations', f"{summed(one, 'allocs'):,}"]], profiles
        check_table(table, functions, speedscope_bytes)
        speedscope_opens(page, export('folded', one.path))
        _, table = speedscope_tables(page)
        check_table(table, functions, '{:,}'.format)
        assert not page.errors()


def check_table(table, functions, text):
    found = {name: [re.sub(r' \(.*', '', cell) for cell in cells] for name, cells in table.items()}
    assert found == {name: [text(value) for value in values] for name, values in functions.items()}, (found, functions)


# --- csv ---

def test_csv_has_the_profiles_figures():
    for mode, one in captures():
        with open(export('csv', one.path), newline='', encoding='utf-8') as file:
            text = file.read()
        rows = list(csv.DictReader(text.splitlines(keepends=True), strict=True))
        assert text.count('\r\n') == text.count('\n') == len(rows) + 1, mode
        figures = [name for name in rows[0] if name in {*harness.COUNTERS, 'peak_bytes'}]
        assert set(figures) == set(known(one, [*harness.COUNTERS, 'peak_bytes'])), (mode, figures)
        assert len(rows) == len(one.data['stacks']), mode
        for row, stack in zip(rows, one.data['stacks']):
            assert all(int(row[name]) == stack[name] for name in figures), (mode, row, stack)
            assert row['stack'] == ' < '.join(shown(one, stack)), (mode, row)
            assert row['function'] in shown(one, stack), (mode, row)
            assert ('thread' in row) == (mode == 'by-thread'), (mode, row)
            if mode == 'by-thread':
                thread = one.data['threads'][stack['thread']]
                assert (row['tid'], row['thread']) == (str(thread['tid']), thread['name']), row
    row = next(row for row in rows if row['function'] == 'plain')
    assert os.path.basename(row['file']) == 'cplusplus.cc' and row['line'] == '23' and row['object'] == one.target.exe, row


# --- all ---

def made_profile(n_stacks, n_frames=1200, depth=22):
    """A profile of many stacks, all different."""
    frames = [{'object': 0, 'offset': hex(0x1000 + 16 * i), 'function': f'function_{i}', 'file': f'src/part_{i % 40}.c',
               'line': 1 + i % 500} for i in range(n_frames)]
    zero = dict.fromkeys((*harness.COUNTERS, 'peak_bytes'), 0)
    stacks = []
    for i in range(n_stacks):
        path = [(i * 7919 + 104729 * j * j + i // (j + 1)) % n_frames for j in range(depth - 3)]
        path += [i % n_frames, i // n_frames % n_frames, 0]
        size = n_stacks - i
        stacks.append({**zero, 'frames': path, 'allocs': 1, 'allocated_bytes': size, 'live_allocs': 1, 'live_bytes': size,
                       'at_peak_bytes': size, 'at_peak_allocs': 1, 'peak_bytes': size})
    total = n_stacks * (n_stacks + 1) // 2
    return {'version': 1, 'state': 'final', 'reason': 'exit', 'target': {'pid': 1, 'exe': '/bin/shop', 'command': 'shop'},
            'capture': {'mode': 'exact', 'allocators': ['glibc']}, 'integrity': {},
            'totals': {**zero, 'allocs': n_stacks, 'allocated_bytes': total, 'live_allocs': n_stacks, 'live_bytes': total,
                       'peak_bytes': total, 'peak_allocs': n_stacks},
            'objects': [{'path': '/bin/shop'}], 'frames': frames, 'stacks': stacks}


def took_by(kind):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    export(kind, 'many.json')
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_hundred_thousand_stacks_take_less_than_three_seconds():
    """CPU time, the best of three, since the machine may be busy; most of it is the reading."""
    n = 100000
    pathlib.Path('many.json').write_text(json.dumps(made_profile(n)))
    took = {}
    for kind in ('csv', 'folded', 'pprof', 'speedscope'):
        took[kind] = min(took_by(kind) for _ in range(3))
        assert took[kind] < 3, took
    with open('many.folded', encoding='utf-8') as file:
        assert sum(int(line.rsplit(' ', 1)[1]) for line in file) == n * (n + 1) // 2
    return ', '.join(f'{kind} {seconds:.1f} s' for kind, seconds in took.items())


test_a_hundred_thousand_stacks_take_less_than_three_seconds.limit = 150


def test_exports_of_a_hostile_profile():
    """Names that would break a format, and the readers that must not stumble over them."""
    one = made_profile(40, n_frames=8, depth=4)
    names = ['=1+1', 'a;b 12', '</script><b>', 'line\nbreak', '', '"quoted", and', 'x' * 70000, 'é\x1b[31m']
    for frame, name in zip(one['frames'], names):
        frame['function'] = name
    pathlib.Path('bad.json').write_text(json.dumps(one))
    total = one['totals']['live_bytes']
    assert sum(folded('bad.json').values()) == total
    with open(export('csv', 'bad.json'), newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file, strict=True))
    assert sum(int(row['live_bytes']) for row in rows) == total and not any(row['stack'][0] in '=+-@' for row in rows)
    data = json.loads(pathlib.Path(export('speedscope', 'bad.json')).read_text())
    assert {part['endValue'] for part in data['profiles']} == {total, 40}
    path = export('pprof', 'bad.json')
    assert pprof_total(path, 'inuse_space') == (total, total)
