# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Real programs: totals equal an independent count (tests/preload/count.c).

Both count the same run, so a program that differs from run to run (addresses in hash
tables, times in messages) is compared within one. Where a second run without the
preload must say the same, `twice` says so.
"""
import glob
import os
import pathlib
import subprocess

import harness
import known


def counted(*words, images=1, peak=True, stdin=subprocess.DEVNULL, env=None):
    """Profiles the program with the preload in it, and compares each of its images."""
    run = harness.profile('env', f'LD_PRELOAD={harness.preload()}', f'CAPTRACK_COUNT_DIR={os.getcwd()}', *words,
                          stdin=stdin, env=env)
    assert run.status == 0, run.stderr
    profiles = run.profiles[1:]  # the first image is env's own
    counts = harness.counts('.')[profiles[0].target.pid]
    assert len(profiles) == len(counts) == images, (run.files, counts)
    for profile, count in zip(profiles, counts):
        known.compare(profile, count, peak=peak)
        assert profile.integrity.missed_frees == profile.integrity.lost_returns == 0, profile.integrity
        assert profile.integrity.dropped_events == profile.integrity.dropped_blocks == 0, profile.integrity
        profile.check_whole()
    return run


def twice(run, *words, stdin=subprocess.DEVNULL, env=None):
    """The same without the preload: its own start (pthread_atfork's table) is all that differs."""
    plain = harness.profile(*words, stdin=stdin, env=env, folder='plain').profile
    for field in ('allocs', 'frees', 'reallocs'):
        apart = abs(plain.totals[field] - run.profiles[-1].totals[field])
        assert apart <= 5, f'{field}: {plain.totals[field]} without, {run.profiles[-1].totals[field]} with the preload'


def test_jq():
    harness.need('jq')
    pathlib.Path('in.json').write_text('[' + ','.join(f'{{"id":{i},"name":"n{i % 97}","v":[1,2,{i}]}}' for i in range(3000)) + ']')
    words = ('jq', 'group_by(.name) | map({name: .[0].name, sum: (map(.id) | add)}) | length', 'in.json')
    run = counted(*words)
    assert run.stdout.strip() == '97' and run.profiles[-1].totals.allocs > 10000
    twice(run, *words)


def test_sqlite3():
    harness.need('sqlite3')
    words = ('sqlite3', ':memory:', 'CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); WITH RECURSIVE n(i) AS (SELECT 1 '
             "UNION ALL SELECT i+1 FROM n WHERE i<20000) INSERT INTO t SELECT i, 'text ' || i FROM n; "
             'CREATE INDEX x ON t(b); SELECT count(*) FROM t JOIN t AS u ON t.b = u.b;')
    run = counted(*words)
    assert run.stdout.strip() == '20000' and run.profiles[-1].totals.allocs > 10000
    twice(run, *words)


def test_git_log():
    harness.need('git')
    env = {'HOME': os.getcwd(), 'GIT_CONFIG_NOSYSTEM': '1', 'GIT_AUTHOR_DATE': '1700000000 +0000',
           'GIT_COMMITTER_DATE': '1700000000 +0000'}
    for name in ('GIT_AUTHOR_NAME', 'GIT_COMMITTER_NAME', 'GIT_AUTHOR_EMAIL', 'GIT_COMMITTER_EMAIL'):
        env[name] = 'test'
    os.mkdir('repo')
    subprocess.run(['git', 'init', '-q', 'repo'], env={**os.environ, **env}, check=True)
    for i in range(20):
        pathlib.Path('repo/file').write_text('\n'.join(f'line {j * (i + 1)}' for j in range(300)))
        subprocess.run('git add file && git commit -qm "change"', shell=True, cwd='repo',
                       env={**os.environ, **env}, check=True)
    words = ('git', '--no-pager', '-C', 'repo', 'log', '-p', '--stat')
    run = counted(*words, env=env)
    assert run.profiles[-1].totals.allocs > 1000
    twice(run, *words, env=env)


def python():
    """Debian's own: a python3 in front of it in PATH may be a script."""
    if not os.path.exists('/usr/bin/python3'):
        raise harness.Skip('/usr/bin/python3 is not installed')
    return '/usr/bin/python3'


def test_python3():
    words = (python(), '-I', '-c', 'd = {str(i): [i] * (i % 50) for i in range(20000)}; print(len(d))')
    run = counted(*words, env={'PYTHONHASHSEED': '0'})
    assert run.stdout.strip() == "20000" and run.profiles[-1].totals.allocs > 500


def test_cc1():
    """gcc's compiler proper, without the driver that would start it as a child."""
    found = glob.glob('/usr/lib/gcc/x86_64-linux-gnu/*/cc1')
    if not found:
        raise harness.Skip('gcc is not installed')
    pathlib.Path('in.c').write_text('#include <stddef.h>\n' + '\n'.join(
        f'int f{i}(int *a, int n) {{ int s = {i}; for (int k = 0; k < n; k++) s += a[k] * s; return s; }}' for i in range(150)))
    words = (found[-1], '-quiet', '-O2', 'in.c', '-o', 'out.s')
    run = counted(*words)
    assert run.profiles[-1].totals.allocs > 10000


def test_perl():
    words = (harness.need('perl'), '-e', 'my %h; $h{"k" . $_ % 5000} .= "x" x ($_ % 30) for 1..30000; print scalar keys %h')
    run = counted(*words, env={'PERL_HASH_SEED': '0', 'PERL_PERTURB_KEYS': '0'})
    assert run.stdout == '5000' and run.profiles[-1].totals.allocs > 5000


def test_a_chain_of_scripts():
    """A shell that execs a shell that execs a program: each image by itself."""
    run = counted('sh', '-c', 'exec sh -c "exec sort /etc/passwd"', images=3)
    assert [os.path.basename(p.target.exe) for p in run.profiles[1:]] == [
        os.path.basename(os.path.realpath('/bin/sh'))] * 2 + ['sort']
