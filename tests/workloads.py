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


def python3_dicts():
    return python3('import json; d = {f"key {i}": {"id": i, "list": list(range(i % 40)), "text": "x" * (i % 1000)} '
                   'for i in range(60000)}; print(len(json.dumps(d)))')


def sqlite3(rows=5000):
    harness.need('sqlite3')
    return ['sqlite3', ':memory:', 'CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION '
            f"ALL SELECT i+1 FROM n WHERE i<{rows}) INSERT INTO t SELECT i, 'text ' || i FROM n; CREATE INDEX x ON t(b); "
            'SELECT count(*) FROM t JOIN t AS u ON t.b = u.b;'], {}


def jq():
    harness.need('jq')
    return ['jq', '-n', '[range(2000) | {id: ., name: "n\\(. % 97)"}] | group_by(.name) | map({n: .[0].name}) | length'], {}


def jq_file(megabytes):
    harness.need('jq')
    path = pathlib.Path('records.json')
    if not path.exists():
        records = [f'{{"id": {i}, "name": "name {i % 97}", "tags": ["a{i % 7}", "b{i % 11}"], "value": {i * 7 % 1000}.5}}'
                   for i in range(megabytes * 1000000 // 75)]
        path.write_text('[' + ',\n'.join(records) + ']\n')
    return ['jq', 'map(.value) | add', str(path)], {}


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


def c_program(functions):
    """Calls, structs, strings and branches: more like a program than c_source()."""
    pathlib.Path('program.c').write_text(
        '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nstruct item { const char *name; struct item *next; int n[4]; };\n' +
        '\n'.join(
            f'struct item *add{i}(struct item *list, const char *name, int n)\n'
            f'{{\n\tstruct item *one = malloc(sizeof(*one));\n\tif (!one || strlen(name) > {i + 9})\n\t\treturn list;\n'
            f'\tone->name = name;\n\tone->next = list;\n\tswitch (n) {{\n\tcase 1: one->n[1] = {i}; break;\n'
            f'\tcase 7: one->n[2] = n * {i}; break;\n\tdefault: printf("%s %d\\n", name, n - {i}); }}\n'
            f'\treturn {f"add{i - 1}(one, name + 1, n / 2)" if i else "one"};\n}}'
            for i in range(functions)))
    return 'program.c'


def cc1(source=c_source, functions=100):
    """gcc's compiler proper, without the driver that would start it as a child."""
    found = glob.glob('/usr/lib/gcc/x86_64-linux-gnu/*/cc1')
    if not found:
        raise harness.Skip('gcc is not installed')
    return [found[-1], '-quiet', '-imultiarch', 'x86_64-linux-gnu', '-O2', source(functions), '-o', 'out.s'], {}


def clang():
    harness.need('clang')
    return ['clang', '-O2', '-c', c_source(), '-o', 'out.o'], {}


def gawk():
    harness.need('gawk')
    return ['gawk', 'BEGIN { for (i = 0; i < 300000; i++) a[i % 50000] = a[i % 50000] "text " i; print length(a) }'], {}


def objdump():
    harness.need('objdump')
    return ['objdump', '-d', glob.glob('/lib/x86_64-linux-gnu/libc.so.6')[0]], {}


def perl():
    harness.need('perl')
    return ['perl', '-e', 'my %h; $h{"k" . $_ % 5000} .= "x" x ($_ % 30) for 1..30000; $_ = join ",", sort keys %h; '
            's/k(\\d)/<$1>/g; print length'], {'PERL_HASH_SEED': '0', 'PERL_PERTURB_KEYS': '0'}


def node():
    harness.need('node')
    return ['node', '-e', 'let a = []; for (let i = 0; i < 2e5; i++) a.push({i, s: "x" + i}); '
            'console.log(JSON.stringify(a).length)'], {}
