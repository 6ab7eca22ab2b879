# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Real programs and something for them to do, in the current folder: (words, environment). Each
says and does the same in every run, as far as the program lets it."""
import glob
import os
import pathlib
import subprocess

import harness


def git(commits=20, lines=300):
    harness.need('git')
    env = {'HOME': os.getcwd(), 'GIT_CONFIG_NOSYSTEM': '1'}
    if not os.path.exists('repo'):
        stream = ''
        for i in range(commits):
            text = '\n'.join(f'line {j * (i + 1)}' for j in range(lines))
            stream += ('commit refs/heads/main\n' f'committer test <test> {1700000000 + i} +0000\n' 'data 6\nchange\n'
                       f'M 644 inline file{i % 4}\n' f'data {len(text)}\n{text}\n')
        subprocess.run(['git', 'init', '-q', '-b', 'main', 'repo'], env={**os.environ, **env}, check=True)
        subprocess.run(['git', '-C', 'repo', 'fast-import', '--quiet'], input=stream, text=True, check=True,
                       env={**os.environ, **env})
    return ['git', '--no-pager', '-C', 'repo', 'log', '-p', '--stat'], env


def python3(code='import json, re; d = {str(i): [i] * (i % 50) for i in range(5000)}; print(len(json.dumps(d)))'):
    """Debian's own: a python3 in front of it in PATH may be a script."""
    return [harness.need('/usr/bin/python3'), '-I', '-B', '-c', code], {'PYTHONHASHSEED': '0'}


def sqlite3(rows=5000):
    harness.need('sqlite3')
    return ['sqlite3', ':memory:', 'CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION '
            f"ALL SELECT i+1 FROM n WHERE i<{rows}) INSERT INTO t SELECT i, 'text ' || i FROM n; CREATE INDEX x ON t(b); "
            'SELECT count(*) FROM t JOIN t AS u ON t.b = u.b;'], {}


def jq():
    harness.need('jq')
    return ['jq', '-n', '[range(2000) | {id: ., name: "n\\(. % 97)"}] | group_by(.name) | map({n: .[0].name}) | length'], {}


def gdb():
    """Reads its symbols in one thread: several take turns as they like."""
    harness.need('gdb')
    return ['gdb', '-nx', '-batch', '-iex', 'maint set worker-threads 0', '-ex', 'info line main', '-ex', 'ptype struct profile',
            harness.TOOL], {}


def c_source(functions=100):
    pathlib.Path('in.c').write_text('#include <stddef.h>\n' + '\n'.join(
        f'int f{i}(int *a, int n) {{ int s = {i}; for (int k = 0; k < n; k++) s += a[k] * s; return s; }}'
        for i in range(functions)))
    return 'in.c'


def cc1():
    """gcc's compiler proper, without the driver that would start it as a child."""
    found = glob.glob('/usr/lib/gcc/x86_64-linux-gnu/*/cc1')
    if not found:
        raise harness.Skip('gcc is not installed')
    return [found[-1], '-quiet', '-O2', c_source(), '-o', 'out.s'], {}


def clang():
    harness.need('clang')
    return ['clang', '-O2', '-c', c_source(), '-o', 'out.o'], {}


def perl():
    harness.need('perl')
    return ['perl', '-e', 'my %h; $h{"k" . $_ % 5000} .= "x" x ($_ % 30) for 1..30000; $_ = join ",", sort keys %h; '
            's/k(\\d)/<$1>/g; print length'], {'PERL_HASH_SEED': '0', 'PERL_PERTURB_KEYS': '0'}


def node():
    harness.need('node')
    return ['node', '-e', 'let a = []; for (let i = 0; i < 2e5; i++) a.push({i, s: "x" + i}); '
            'console.log(JSON.stringify(a).length)'], {}
