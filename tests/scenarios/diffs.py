# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""diff: two builds of one program, compared by names; what changed is known to the byte."""
import html
import json
import os
import pathlib
import re
import subprocess

import harness
from browser import Browser

SOURCE = harness.HERE / 'targets/compared.c'


def build(folder, *flags):
    """Each build has a folder of its own, as in CI; all are named alike. The new version's lines are others."""
    pathlib.Path(folder).mkdir()
    source, program = f'{folder}/compared.c', f'{folder}/compared'
    pathlib.Path(source).write_text(('\n' * 9 if '-DNEW' in flags else '') + SOURCE.read_text())
    subprocess.run([harness.need('gcc'), '-g', '-O1', '-fno-builtin', *flags, '-o', program, source], check=True)
    return program


def profile_of(program, *options):
    folder = f'{os.path.dirname(program)}/profiles'
    run = harness.profile(os.path.abspath(program), options=options, folder=folder)
    return run.files[-1]


def diff(*words, status=0):
    done = harness.run('diff', *words, status=status)
    return done.stdout if not status else done.stderr


def compare(base, new, *options):
    """The document of --json, whose sums are the profiles' own."""
    document = json.loads(diff('--json', *options, base, new))
    totals = {'base': harness.load(base).totals, 'new': harness.load(new).totals}
    for name in document['left_out']['base']:
        in_totals = {'at_peak_bytes': 'peak_bytes', 'at_peak_allocs': 'peak_allocs'}.get(name, name)
        if name == 'peak_bytes':
            continue  # a sum of peaks is none
        for side in ('base', 'new'):
            entries = sum(entry.get(side, {name: 0})[name] for entry in document['entries'])
            assert entries + document['left_out'][side][name] == totals[side][in_totals], (side, name)
        delta = sum(entry['delta'][name] for entry in document['entries'])
        left_out = document['left_out']['new'][name] - document['left_out']['base'][name]
        assert delta + left_out == totals['new'][in_totals] - totals['base'][in_totals], name
        assert document['totals']['delta'].get(name, delta + left_out) == delta + left_out, name
    return document


def changes(document, figure='live_bytes'):
    """(how, whose blocks, from, to): whose by the function that main calls."""
    found = set()
    for entry in document['entries']:
        names = [document['calls'][call].get('function') for call in entry['calls']]
        function = names[names.index('main') - 1]
        found.add((entry['change'], function, entry.get('base', {}).get(figure), entry.get('new', {}).get(figure)))
    return found


def two_versions():
    return profile_of(build('old')), profile_of(build('new', '-DNEW'))


VERSIONS = {('grew', 'parse', 3200, 6000), ('shrank', 'load', 1000, 400), ('appeared', 'come', None, 896),
            ('went', 'leave', 640, None)}


def test_two_versions_differ_to_the_byte():
    old, new = two_versions()
    document = compare(old, new)
    assert changes(document) == VERSIONS, changes(document)
    assert document['left_out']['entries'] >= 2 and not document['notes']  # keep(), and the temporary block
    assert document['totals']['delta']['peak_bytes'] == 7796 - 5340
    assert document['groups']['grew'] == {'stacks': 1, 'base': 3200, 'new': 6000, 'delta': 2800}
    parse = next(entry for entry in document['entries'] if entry['change'] == 'grew')
    assert (parse['base']['allocs'], parse['new']['allocs'], parse['delta']['allocs']) == (100, 150, 50)
    lines = {call['function']: call.get('line') for call in document['calls'] if 'function' in call}
    assert lines['parse'] == harness.load(new).frame('parse').line != harness.load(old).frame('parse').line
    text = diff(old, new)
    for line in (r'^peak +5\.2 KiB +7\.6 KiB +\+2\.4 KiB +\+46\.0%$', r'^By bytes at the peak: \+2\.4 KiB$',
                 r'^1 stack grew, \+2\.7 KiB$', r'^ +\+2\.7 KiB +\+87\.5% +3\.1 KiB +5\.9 KiB +\+50  .*parse',
                 r'^1 stack went, -640 B$', r'^ +-640 B +-10  .*leave'):
        assert re.search(line, text, re.M), (line, text)
    assert max(map(len, text.splitlines())) <= 100 and '\033' not in text


def test_a_profile_has_no_difference_to_itself():
    old = profile_of(build('old'))
    document = compare(old, old)
    assert not document['entries'] and document['left_out']['entries'] == len(harness.load(old).data['stacks'])
    assert 'No stack changed.' in diff(old, old)


def test_optimized_and_not_is_the_same_program():
    slow, fast = profile_of(build('slow', '-O0')), profile_of(build('fast', '-O2'))
    assert any('inlined' in frame for frame in harness.load(fast).data['frames'])
    document = compare(slow, fast)
    assert not document['entries'], changes(document)
    assert changes(compare(slow, profile_of(build('new', '-DNEW', '-O2')))) == VERSIONS


def test_without_debug_info_on_one_side():
    plain = build('plain', '-O2')
    stripped = build('stripped', '-O2', '-DNEW')
    subprocess.run([harness.need('strip'), '--strip-debug', stripped], check=True)
    base, new = profile_of(plain), profile_of(stripped)
    assert not any(frame.get('file', '').endswith('compared.c') for frame in harness.load(new).data['frames'])
    for document in (compare(base, new), compare(new, base)):
        assert [note for note in document['notes'] if 'no debug info' in note and 'the executable' in note]
    assert changes(compare(base, new)) == VERSIONS


def test_without_names_on_one_side():
    plain, stripped = build('plain'), build('stripped')
    subprocess.run([harness.need('strip'), '--strip-all', stripped], check=True)
    document = compare(profile_of(plain), profile_of(stripped))
    assert [note for note in document['notes'] if 'no names' in note and 'the executable' in note], document['notes']
    assert all(entry['change'] in ('appeared', 'went') for entry in document['entries'] if entry['delta']['live_bytes'])
    assert document['groups']['appeared']['new'] == document['groups']['went']['base'] == 5340


def test_another_c_library_starts_main_in_another_way():
    old, new = two_versions()
    data = json.load(open(new))
    for item in data['objects']:
        item['path'] = item['path'].replace('libc.so.6', 'libc-2.31.so')
    for index, frame in enumerate(data['frames']):
        if frame.get('function', '').startswith('__libc_start') or ('function' not in frame and frame['object'] != 0):
            frame['function'] = '__libc_start_main'
    with open('other.json', 'w') as file:
        json.dump(data, file)
    assert changes(compare(old, 'other.json')) == VERSIONS


def test_filters_keep_whole_entries():
    old, new = two_versions()
    document = json.loads(diff('--json', '--function', 'parse', old, new))
    assert changes(document) == {('grew', 'parse', 3200, 6000)} and not document['left_out']['entries']
    assert not json.loads(diff('--json', '--file', 'none.c', old, new))['entries']
    assert changes(json.loads(diff('--json', '--object', 'compared', old, new))) == VERSIONS
    assert changes(compare(old, new, '--min-bytes', '896')) == {change for change in VERSIONS if change[1] != 'leave' and change[1] != 'load'}
    assert len(compare(old, new, '--top', '1')['entries']) == 4
    assert 'in 1 more' not in diff('--top', '1', old, new)


def test_captures_that_do_not_know_the_same():
    program = build('old')
    exact, allocs = profile_of(program), profile_of(program, '--allocs-only')
    document = compare(exact, allocs)
    assert not document['entries'] and 'live_bytes' not in document['left_out']['base']
    assert 'peak_bytes' not in document['totals']['delta'] and document['by'] == 'allocated_bytes'
    assert any('NEW was captured with --allocs-only' in note for note in document['notes'])
    assert 'By bytes allocated: 0' in diff(exact, allocs)
    assert 'unknown' in diff('--sort', 'live', exact, allocs, status=2)
    sampled = profile_of(program, '--sample', '100')
    text = diff(sampled, exact)
    assert 'BASE is sampled' in text and re.search(r'^peak +~\S+ \w+ +5\.2 KiB +~', text, re.M), text
    assert 'These are two programs' in diff(exact, harness.profile('true', folder='t').files[0])


def test_usage_errors():
    old = profile_of(build('old'))
    for words in ([], [old], [old, old, old], ['--sort', 'x', old, old], ['--top', 'x', old, old], ['--top', '+5', old, old],
                  ['--top', '99999999999999999999', old, old], ['--json', '--html', old, old],
                  ['--min-bytes', 'x', old, old], ['-o', '', old, old], ['--none', old, old]):
        assert 'captrack-bpf' in diff(*words, status=2), words
    assert "cannot read 'none.json'" in diff(old, 'none.json', status=1)
    assert "cannot read 'none.json'" in diff('none.json', old, status=1)
    assert 'cannot write' in diff('-o', 'none/x', old, old, status=1)
    data = json.load(open(old))
    with open('later.json', 'w') as file:
        json.dump({**data, 'version': 2}, file)
    assert 'version' in diff(old, 'later.json', status=1)
    data['stacks'][0]['allocs'] = data['stacks'][1]['allocs'] = 2**63
    with open('large.json', 'w') as file:
        json.dump(data, file)
    assert '2^64' in diff(old, 'large.json', status=1)
    assert diff('--json', '-o', 'out.json', old, old) == '' and json.load(open('out.json'))['version'] == 1


# --- names that mean something to those who read them ---

HOSTILE = ['a|b', '`code`', '``', '\\', 'a\\|b', '<script>alert(1)</script>', '</script>', '<!--', '**bold** _x_', '@everyone',
           '#1', 'www.example.com', 'https://example.com/?a=b&c', ':smile:', '[x](http://y)', '&lt;', '| --- |', '~~gone~~', '</details>',
           'line\nbreak', '\x1b[31mred', '\u202egnp', '<img src=x onerror=alert(1)>', 'operator||', '$x^2$', "it's", 'ünï']


def hostile_profiles():
    """In which each stack is called otherwise, in function, file and object, and all differ."""
    data = json.load(open(profile_of(build('old'))))
    stack = data['stacks'][0]
    frame = data['frames'][stack['frames'][0]]
    data['frames'], data['stacks'] = [], []
    data['objects'] = [{**data['objects'][0], 'path': f'/opt/{name}'} for name in HOSTILE]
    data['capture']['probes'] = []
    data['target']['command'] = data['target']['exe'] = ' '.join(HOSTILE)
    for i, name in enumerate(HOSTILE):
        data['frames'].append({**frame, 'function': name, 'file': f'/src/{name}', 'object': i, 'offset': hex(i)})
        data['frames'][-1].pop('inlined', None)
        data['stacks'].append({**stack, 'frames': [i]})
    data.pop('double_frees', None)
    names = []
    for name in ('base', 'new'):
        for i, one in enumerate(data['stacks']):
            data['stacks'][i] = {**one, 'at_peak_bytes': 1000 + (i + 1) * (10 if name == 'new' else 1)}
        names.append(f'@{name}|.json')
        with open(names[-1], 'w') as file:
            json.dump(data, file)
    return names


def shown(name):
    """As it is to be seen: what steers a terminal is escaped, and all that remains is text."""
    return ''.join(f'\\x{byte:02X}' if byte < 0x20 else chr(byte) for byte in name.encode()) if name.isascii() else name


def rendered(markdown, *command):
    text = subprocess.run(command, input=markdown, capture_output=True, text=True, check=True).stdout
    tables = re.findall(r'<table>.*?</table>', text, re.S)
    rows = [re.findall(r'<t[dh][^>]*>(.*?)</t[dh]>', row, re.S) for table in tables[1:]
            for row in re.findall(r'<tr>.*?</tr>', table, re.S)]
    return text, rows


def test_markdown_of_hostile_names_is_a_table():
    base, new = hostile_profiles()
    markdown = diff('--markdown', '--top', '0', base, new)
    assert not re.search(r'(^|[^`\w;])@\w', re.sub(r'`[^`]*`', '', markdown)), markdown
    text, rows = rendered(markdown, harness.need('cmark-gfm'), '--unsafe', '-e', 'table', '-e', 'autolink', '-e', 'strikethrough')
    assert {len(row) for row in rows} == {5}, rows
    cells = [html.unescape(re.sub(r'</?code>', '', row[4])) for row in rows[1:]]
    assert all(row[4].startswith('<code>') and row[4].endswith('</code>') and row[4].count('<') == 2 for row in rows[1:]), rows
    expected = {shown(name) for name in HOSTILE if '\u202e' not in name}
    found = {cell.rsplit(' (', 1)[0] for cell in cells}
    assert len(cells) >= len(HOSTILE) - 1 and expected <= found, expected - found
    for tag in ('<a ', '<script', '<img', '<del', '<strong>bold', '<!--'):
        assert tag not in text, tag
    assert text.count('<details>') == text.count('</details>') == 1


def test_markdown_of_two_versions_renders():
    old, new = two_versions()
    markdown = diff('--markdown', old, new)
    assert markdown.splitlines()[0].startswith('Heap: **peak** 5.2 KiB → 7.6 KiB ▲ +46.0% · **live at the end** '), markdown
    python = [harness.need('python3'), '-c', 'import markdown, sys; print(markdown.markdown(sys.stdin.read(), '
              'extensions=["tables", "md_in_html"]))']
    readers = [[harness.need('cmark-gfm'), '--unsafe', '-e', 'table']]
    if subprocess.run([python[0], '-c', 'import markdown'], capture_output=True).returncode == 0:
        readers.append(python)
        markdown_of = {tuple(python): markdown.replace('<details>', '<details markdown="1">')}
    else:
        markdown_of = {}
    for reader in readers:
        text, rows = rendered(markdown_of.get(tuple(reader), markdown), *reader)
        for cells in (['+2.7 KiB', '+87.5%', '3.1 KiB', '5.9 KiB', 'parse'], ['-640 B', '', '640 B', '', 'leave']):
            found = [row for row in rows if row[:4] == cells[:4]]
            assert len(found) == 1 and cells[4] in found[0][4], (reader, rows)
        assert text.count('<details') == 4 and re.search(r'<td[^>]*>\+2\.4 KiB</td>', text), text


def test_markdown_fits_a_comment():
    data = json.load(open(profile_of(build('old'))))
    stack, frame = data['stacks'][0], data['frames'][data['stacks'][0]['frames'][0]]
    frame.pop('inlined', None)
    for name, step in (('base', 1), ('new', 3)):
        data['frames'] = [{**frame, 'function': f'function_of_a_long_name_{i}', 'offset': hex(i)} for i in range(3000)]
        data['stacks'] = [{**stack, 'frames': [i], 'at_peak_bytes': 1000 + step * i} for i in range(1 if step > 1 else 0, 3000)]
        data.pop('double_frees', None)
        with open(f'{name}.json', 'w') as file:
            json.dump(data, file)
    markdown = diff('--markdown', '--top', '0', 'base.json', 'new.json')
    assert 60000 < len(markdown.encode()) <= 65536, len(markdown.encode())
    rows = len(re.findall(r'^\| \+', markdown, re.M)) - len(re.findall(r'^\| \+', markdown.split('Stacks by')[0], re.M))
    left_out = int(re.search(r'^([\d,]+) stacks more did not fit', markdown, re.M)[1].replace(',', ''))
    # one is gone: of that the line, or that it did not fit
    assert rows + left_out in (2999, 3000) and markdown.count('<details>') == markdown.count('</details>'), (rows, left_out)


# --- the page ---

def click_below(page, css):
    """The page scrolls smoothly, and what still moves is no place to click."""
    page.run('document.querySelector(arguments[0]).scrollIntoView({block: "center", behavior: "instant"})', css)
    page.click(css)


def test_page_shows_what_changed():
    old, new = two_versions()
    diff('--html', '-o', 'diff.html', old, new)
    assert not re.search(r'(src|href)=|@import|url\(', open('diff.html').read())
    with Browser() as page:
        page.open('diff.html')
        assert page.text('tr[data-total="peak"]').split() == 'peak 5.2 KiB 7.6 KiB +2.4 KiB +46.0%'.split()
        rows = page.texts('#stacks tr.opens')
        assert len(rows) == 4 and re.search(r'\+2\.7 KiB\s+\+87\.5%\s+3\.1 KiB\s+5\.9 KiB\s+grew\s+.*parse', rows[0]), rows
        page.click('[data-value="went"]')
        assert len(page.texts('#stacks tr.opens')) == 1 and page.text('.matches') == '1 stack, -640 B'
        page.click('[data-value="changed"]')
        page.type('#search', 'LOAD')
        page.wait('return document.querySelectorAll("#stacks tr.opens").length === 1')
        page.click('#stacks tr.opens')
        details = page.text('#details')
        assert 'live bytes' in details and '1000 B' in details and 'main (compared.c:' in details, details
        page.click('#details button')
        page.click('[data-value="3"]')  # by allocations: load() makes as many
        assert page.text('.matches') == '0 stacks, 0'
        page.click('[data-value="2"]')  # by bytes allocated
        assert page.text('.matches') == '1 stack, -600 B'
        boxes = {box['name']: box for box in page.run(
            'return [...document.querySelectorAll(".box")].map(b => ({name: b.dataset.name, width: b.offsetWidth, '
            'label: b.ariaLabel, color: b.style.background}))')}
        assert {'all', 'main', 'parse', 'keep', 'load', 'come'} <= boxes.keys() and 'leave' not in boxes, boxes
        assert 'more-box' in boxes['parse']['color'] and 'less-box' in boxes['load']['color'] and not boxes['keep']['color']
        assert '_start' not in boxes
        assert '6,000' in boxes['parse']['label'] or '5.9 KiB' in boxes['parse']['label'], boxes['parse']
        share = boxes['parse']['width'] / boxes['main']['width']
        assert abs(share - 6000 / 7804) < 0.02, share
        click_below(page, '[data-name="parse"]')
        assert page.run('return document.querySelector(\'.box[data-name="parse"]\').offsetWidth') > 0.98 * boxes['all']['width']
        click_below(page, '#flame-reset')
        click_below(page, '[data-value="base"]')
        assert page.texts('[data-name="leave"]')
        assert not page.errors()


def test_page_of_hostile_names():
    base, new = hostile_profiles()
    diff('--html', '-o', 'diff.html', base, new)
    with Browser(dark=True) as page:
        page.open('diff.html')
        rows = page.texts('#stacks tr.opens')
        assert rows and page.run('return document.querySelectorAll("script, img, details").length') == 1
        text = '\n'.join(rows)
        assert '<script>alert(1)</script>' in text and '@everyone' in text and 'a|b' in text, text
        assert not page.errors()
