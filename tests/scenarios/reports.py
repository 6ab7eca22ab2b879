# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""`report` as a user drives it: trees, filters, JSON, colour, the pager; on profiles of real runs."""
import fcntl
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios

import harness
from harness import profile


def report(*words, env=None, status=0):
    done = harness.run('report', *words, status=status, text=False, env={**os.environ, **(env or {})})
    assert bool(done.stderr) == bool(status), (words, done.stderr)
    return done.stdout.decode()


def report_json(*words):
    return json.loads(report('--json', *words))


def on_terminal(*words, env=None, typed=b'', meanwhile=None):
    """The exit status, and what a terminal of 40 lines gets to see; meanwhile() is called before anything is typed."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 120, 0, 0))
    env = {**os.environ, 'TERM': 'xterm', 'CAPTRACK_PAGER': '', **(env or {})}
    env = {name: value for name, value in env.items() if value is not None}
    tool = subprocess.Popen([harness.TOOL, 'report', *map(str, words)], stdin=slave, stdout=slave, stderr=slave,
                            env=env, start_new_session=True)
    os.close(slave)
    if meanwhile:
        meanwhile(tool.pid)
    os.write(master, typed)
    seen = b''
    while harness.readable(master, 20):
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the last to have it open has closed it
            break
        if not chunk:
            break
        seen += chunk
    os.close(master)
    return tool.wait(20), seen.decode().replace('\r\n', '\n')


def test_trees_add_up():
    python = sys.executable
    run = profile(python, '-c', 'import json; a = [json.loads(json.dumps([str(i)] * 50)) for i in range(2000)]')
    one, path = run.profiles[-1], run.files[-1]
    for sort, figure, total in (('at-peak', 'at_peak_bytes', one.totals.peak_bytes),
                                ('live', 'live_bytes', one.totals.live_bytes),
                                ('allocated', 'allocated_bytes', one.totals.allocated_bytes),
                                ('allocs', 'allocs', one.totals.allocs),
                                ('temporary', 'temporary_allocs', one.totals.temporary_allocs),
                                ('moved', 'moved_bytes', one.totals.moved_bytes)):
        for order in ('callees', 'callers'):
            for more in ([], ['--top', '0'], ['--top', '2', '--min-percent', '5']):
                tree = report_json('--tree', order, '--sort', sort, *more, path)
                below = {}
                for node in tree['nodes']:
                    below[node['parent']] = below.get(node['parent'], 0) + node[figure]
                assert below.get(0, 0) == total, (sort, order, more, below.get(0), total)
                for node in tree['nodes']:
                    if 'id' in node:
                        assert node['self'] + below.get(node['id'], 0) == node[figure], (sort, order, more, node)
    # main is called once in a stack, so that what is below it is what these stacks have.
    run = profile(harness.target('peak'), folder='second')
    tree = report_json('--tree', '--top', '0', run.files[0])
    mains = [node['at_peak_bytes'] for node in tree['nodes'] if node.get('call', {}).get('function') == 'main']
    assert sum(mains) == run.profile.stack('main').at_peak_bytes == 60000, mains


# Figures of the text, too: each line's are those of the lines below it, one step further in.
def test_the_text_of_a_tree_adds_up():
    run = profile('sh', '-c', 'i=0; while [ $i -lt 300 ]; do eval "a$i=$i$i$i"; i=$((i+1)); done')
    text = report('--tree', '--sort', 'allocs', '--min-percent', '3', run.files[-1], env={'LC_ALL': 'C'})
    assert text.isascii() and max(map(len, text.splitlines())) <= 100, text
    lines = []
    for line in text[text.index('main first'):].splitlines()[2:]:
        match = re.match(r' *([\d,]+) +[\d.]+%  ((?:\| |  )*(?:[|`]-)?)\S', line)
        if match:
            lines.append((len(match.group(2)) // 2, int(match.group(1).replace(',', ''))))
    assert len(lines) > 3, text
    assert sum(value for depth, value in lines if depth == 0) == run.profile.totals.allocs, text
    for i, (depth, value) in enumerate(lines):
        below = []
        for other, figure in lines[i + 1:]:
            if other <= depth:
                break
            if other == depth + 1:
                below.append(figure)
        assert not below or sum(below) == value, (i, text)


def test_tree_is_drawn_for_the_locale():
    run = profile(harness.target('peak'))
    drawn = report('--tree', run.files[0], env={'LC_ALL': 'C.UTF-8'})
    plain = report('--tree', run.files[0], env={'LC_ALL': 'C'})
    assert '├─' in drawn and '|-' in plain and plain.isascii(), (drawn, plain)
    assert 'peak_a (peak.c)' in drawn and '29.3 KiB   50.0%' in drawn, drawn
    assert report('--tree=callers', run.files[0]) == report('--tree', 'callers', run.files[0])


def test_filters_keep_what_the_profile_has():
    run = profile(harness.target('peak'))
    path, one = run.files[0], run.profile
    for function in ('peak_a', 'peak_b', 'later'):
        kept = report_json('--function', function, '--top', '0', path)
        expected = one.stack(function)
        assert kept['matching'] == {'stacks': expected.stacks, 'of': len(one.data['stacks']),
                                    'at_peak_bytes': expected.at_peak_bytes}, kept['matching']
        for figure in ('allocs', 'allocated_bytes', 'at_peak_bytes', 'live_bytes'):
            assert sum(stack[figure] for stack in kept['stacks']) == expected[figure], (function, figure)
        assert kept['totals'] == one.data['totals']
    assert report_json('--file', '*/peak.c', path)['matching']['at_peak_bytes'] == 60000
    assert report_json('--file', '*/peak.c', '--function', 'main', path)['matching']['at_peak_bytes'] == 60000
    assert report_json('--object', 'tests/targets/peak', path)['matching']['at_peak_bytes'] == 60000
    for size, at_peak in (('10000', 60000), ('10K', 0)):  # in six blocks of 10,000
        assert report_json('--min-bytes', size, path)['matching']['at_peak_bytes'] == at_peak, size
    text = report('--function', 'peak_?', path)
    assert '58.6 KiB of 58.6 KiB (100.0%)' in text, text
    for view in ([], ['--tree'], ['--leaks'], ['--sort', 'growth'], ['--json'], ['--threads', '--thread', 'no_such']):
        names = [] if '--threads' in view else ['--function', 'no_such']
        text = report(*view, *names, path)
        assert '"stacks":0' in text or 'None of' in text or 'has been freed' in text, (view, text)


def test_stacks_of_a_thread():
    target = harness.target('by_thread')
    run = profile(target, options=['--by-thread'])
    by_thread = {thread['name']: thread['tid'] for thread in run.profile.data['threads']}
    for name in ('first', 'second'):
        expected = run.profile.by_thread(name, 'fill')
        for wanted in (name, by_thread[name]):
            kept = report_json('--thread', wanted, '--function', 'fill', run.files[0])
            assert [stack['allocs'] for stack in kept['stacks']] == [expected.allocs], kept
            assert kept['stacks'][0]['thread'] == {'tid': by_thread[name], 'name': name}, kept
    assert f'by thread {by_thread["first"]}, first' in report('--thread', 'first', run.files[0])
    run = profile(target, folder='second')
    done = subprocess.run([harness.TOOL, 'report', '--thread', 'first', run.files[0]], capture_output=True, text=True)
    assert done.returncode == 2 and '--by-thread' in done.stderr and not done.stdout, done
    kept = report_json('--threads', '--thread', 'first', run.files[0])
    assert [thread['allocs'] for thread in kept['threads']] == [40], kept


def test_json_of_every_view():
    for options in ([], ['--sample', '1'], ['--allocs-only'], ['--free-stacks']):
        run = profile(harness.target('growth'), options=options, folder='out' + ''.join(options))
        path, data = run.files[0], run.profile.data
        for words, view in (([], 'stacks'), (['--tree'], 'tree'), (['--leaks'], 'leaks'),
                            (['--sort', 'growth'], 'growth'), (['--threads'], 'threads'), (['--timeline'], 'timeline')):
            exact = not {'--sample', '--allocs-only'} & set(options)
            if not exact and view == 'growth' or '--allocs-only' in options and view == 'leaks':
                report('--json', *words, path, status=2)
                continue
            document = report_json(*words, path)
            assert document['report'] == view and document['totals'] == data['totals'], (options, view)
            assert document['integrity'] == data['integrity'] and document['profile']['pid'] == data['target']['pid']
            assert ('sample_bytes' in document['profile']) == ('--sample' in options)
        document = report_json('--timeline', path)
        assert document['timeline'] == data['timeline']
        rows = report_json('--top', '0', path)['stacks']
        assert len(rows) == len(data['stacks'])
        names = [[data['frames'][index].get('function') for index in stack['frames']] for stack in data['stacks']]
        shown = [[call.get('function') for call in row['calls'] if 'inlined' not in call] for row in rows]
        assert sorted(map(str, shown)) == sorted(map(str, names)), options
        if '--free-stacks' in options:
            assert sum(by['frees'] for row in rows for by in row.get('freed_by', [])) == data['totals']['frees']


def test_wrong_uses_are_2():
    run = profile('true')
    for words in (['--tree', '--leaks'], ['--tree=up'], ['--tree', '--sort', 'peak'], ['--tree', '--sort', 'growth'],
                  ['--min-percent', '5'], ['--tree', '--min-percent', 'x'], ['--tree', '--min-percent', '-1'],
                  ['--tree', '--min-percent', '101'], ['--tree', '--min-percent', 'nan'], ['--min-bytes', '0'],
                  ['--min-bytes', '1P'], ['--min-bytes', '-1'], ['--min-bytes', '99999999999G'],
                  ['--sort', 'allocs', '--min-bytes', '1'], ['--threads', '--function', 'x'],
                  ['--timeline', '--thread', 'x'], ['--timeline', '--json', '--top', '5'], ['--color=red'],
                  ['--top', '-1'], ['--thread', 'x']):
        done = subprocess.run([harness.TOOL, 'report', *words, run.files[0]], capture_output=True, text=True)
        assert done.returncode == 2 and done.stderr and not done.stdout, (words, done)


def test_colour_is_for_terminals():
    run = profile(harness.target('peak'))
    path = run.files[0]
    plain = report(path)
    assert '\033' not in plain and '\033' not in report('--color', 'auto', path) + report('--color=never', path)
    for words, env, coloured in (([], {}, True), (['--color=never'], {}, False), ([], {'NO_COLOR': '1'}, False),
                                 ([], {'NO_COLOR': ''}, True), ([], {'TERM': 'dumb'}, False),
                                 (['--color', 'always'], {'TERM': 'dumb', 'NO_COLOR': '1'}, True),
                                 (['--color'], {'NO_COLOR': '1'}, True), (['--json'], {}, False)):
        status, seen = on_terminal(path, *words, env=env)
        assert status == 0 and ('\033[' in seen) == coloured, (words, env, seen)
        if words != ['--json']:
            assert re.sub(r'\033\[[\d;]*m', '', seen) == plain, seen
    # Nothing but colours: no cursor that goes elsewhere.
    for view in ([], ['--tree'], ['--leaks'], ['--threads'], ['--timeline'], ['--sort', 'growth']):
        text = report('--color=always', *view, path)
        assert '\033' in text and not re.sub(r'\033\[[\d;]*m', '', text).count('\033'), text


def test_terminal_goes_through_a_pager():
    run = profile(harness.target('peak'))
    path, plain = run.files[0], report(run.files[0])
    pathlib.Path('pager').write_text('#!/bin/sh\necho "pager: $* LESS=$LESS secure=$LESSSECURE"\ncat\n')
    os.chmod('pager', 0o755)
    here, without = os.getcwd(), {'CAPTRACK_PAGER': None, 'PAGER': None, 'LESS': None, 'LESSSECURE': None}
    for env, first in (({'CAPTRACK_PAGER': f'{here}/pager -a  b'}, 'pager: -a b LESS=FRX secure='),
                       ({'CAPTRACK_PAGER': None, 'PAGER': f'{here}/pager x;y', 'LESS': 'M'}, 'pager: x;y LESS=M secure='),
                       ({'CAPTRACK_PAGER': 'cat', 'PAGER': f'{here}/pager'}, None),
                       ({'CAPTRACK_PAGER': '', 'PAGER': f'{here}/pager'}, None),
                       ({'CAPTRACK_PAGER': '/no/such/pager'}, None),
                       ({'CAPTRACK_PAGER': f'{here}/pager', 'TERM': 'dumb'}, None),
                       ({'CAPTRACK_PAGER': f'{here}/pager', 'TERM': None}, None)):
        status, seen = on_terminal('--color=never', path, env={**without, **env})
        assert status == 0 and seen == (f'{first}\n' if first else '') + plain, (env, seen)
    # Into a pipe or a file there is none.
    assert report(path, env={'CAPTRACK_PAGER': f'{here}/pager'}) == plain


def test_less_shows_colours_and_may_be_left():
    harness.need('less')
    run = profile(harness.target('peak'))
    env = {'CAPTRACK_PAGER': 'less', 'LESS': None}
    status, seen = on_terminal('--top', '1', run.files[0], env=env)  # one screen: less ends by itself
    assert status == 0 and '\033[1m' in seen and 'ESC' not in seen and 'peak.c' in seen, seen
    status, seen = on_terminal('--tree', '--min-percent', '0', '--top', '0', '--sort', 'allocs', *run.files,
                               env={**env, 'LESS': 'RX'}, typed=b'q')
    assert status == 0 and 'Broken pipe' not in seen, seen


# Whoever may run this by sudo, and nothing else, gets neither a program of his own nor a shell as root.
def test_pager_behind_sudo():
    if not os.path.exists('/usr/bin/less'):
        raise harness.Skip('less is not installed')
    run = profile(harness.target('peak'))
    os.mkdir('bin')
    for name in ('less', 'mine'):
        pathlib.Path(f'bin/{name}').write_text('#!/bin/sh\necho MINE\ncat >/dev/null\n')
        os.chmod(f'bin/{name}', 0o755)
    found = []

    def look(pid):
        less = harness.wait_for(lambda: [path for path in harness.children(pid) if os.readlink(path / 'exe') == os.path.realpath(
            '/usr/bin/less')], 10, 'less')[0]
        found.extend((less / 'environ').read_text().split('\0'))

    env = {'SUDO_UID': '1000', 'PATH': f'{os.getcwd()}/bin:{os.environ["PATH"]}', 'LESS': None, 'LESSOPEN': '|mine %s'}
    for pager in ('CAPTRACK_PAGER', 'PAGER'):
        found.clear()
        status, seen = on_terminal('--top', '0', run.files[0], typed=b'q', meanwhile=look,
                                   env={**env, 'CAPTRACK_PAGER': None, pager: f'{os.getcwd()}/bin/mine'})
        assert status == 0 and 'MINE' not in seen and 'peak.c' in seen, seen
        assert 'LESSSECURE=1' in found and not [word for word in found if word.startswith('LESSOPEN')], found


def test_reader_that_has_seen_enough():
    run = profile('sh', '-c', 'i=0; while [ $i -lt 3000 ]; do eval "a$i=$i"; i=$((i+1)); done; ls >/dev/null')
    path = run.files[-1]
    for words in (['--json', '--top', '0'], ['--top', '0'], ['--tree', '--top', '0']):
        for ignored in (False, True):
            trap = "trap '' PIPE; " if ignored else ''
            command = f'{trap}exec {harness.TOOL} report {" ".join(words)} {path}'
            reader, writer = os.pipe()
            tool = subprocess.Popen(['sh', '-c', command], stdout=writer, stderr=subprocess.PIPE)
            os.close(reader)
            os.close(writer)
            said = tool.communicate(timeout=20)[1]
            assert tool.returncode == (0 if ignored else -13) and not said, (words, ignored, tool.returncode, said)
