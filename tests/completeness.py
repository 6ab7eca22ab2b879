#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""How many of real programs' allocations have a whole stack, to the start of the program or of
the thread, and how long reading the unwind data of large files takes. Also written to
build/completeness.json. The exit status is 1 where a program has less than 99.9 %.
"""
import argparse
import collections
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import harness    # noqa: E402
import workloads  # noqa: E402

LEAST = 99.9     # % of a program's allocations
MOST_MS = 600    # for the largest library
PROGRAMS = {
    'git log -p': lambda: workloads.git(100, 1000), 'python3 -c': workloads.python3,
    'sqlite3': lambda: workloads.sqlite3(20000), 'jq': workloads.jq, 'gdb -batch': workloads.gdb,
    'cc1': workloads.cc1, 'clang': workloads.clang, 'perl': workloads.perl, 'node': workloads.node}


def entry_of(path):
    """Where the loader starts the program (or itself), an ELF virtual address."""
    with open(path, 'rb') as file:
        return int.from_bytes(file.read(32)[24:], 'little')


def is_start(profile, frame):
    """It lies at the entry of an ELF file, or in libc's clone(): without looking at what the profiler made of it."""
    place = profile.data['frames'][frame]
    path = profile.data['objects'][place['object']]['path'] if place['object'] >= 0 else ''
    if os.path.basename(path).startswith('libc.so'):
        return place.get('function') in ('__clone3', 'clone', '__clone', None)  # None: no debug info for libc
    return path.startswith('/') and 0 < int(place['offset'], 16) - entry_of(path) <= 64


def completeness(words, env):
    """(allocations, those with a whole stack, {reason: the others'})."""
    run = harness.profile(*words, env=env, limit=300)
    shutil.rmtree('out')
    assert run.status == 0, run.stderr[-300:]
    short, profile = collections.Counter(), run.profiles[-1]
    for stack in profile.data['stacks']:
        if stack.get('truncated') or not stack['frames']:
            short[stack.get('end', 'no room for the stack')] += stack['allocs']
        elif not is_start(profile, stack['frames'][-1]):
            short['ends elsewhere'] += stack['allocs']
    return profile.totals.allocs, profile.totals.allocs - sum(short.values()), dict(short)


def programs():
    rows = []
    print(f'{"program":16}{"allocations":>14}{"whole":>12}')
    for name, workload in PROGRAMS.items():
        try:
            allocs, whole, short = completeness(*workload())
        except harness.Skip as skip:
            print(f'{name:16}SKIP: {skip}', flush=True)
            continue
        percent = 100 * whole / allocs
        rows.append({'program': name, 'allocs': allocs, 'whole': whole, 'percent': percent, 'short': short})
        print(f'{name:16}{allocs:14,}{percent:10.3f} %' + (f'  below {LEAST} %' if percent < LEAST else '') +
              ''.join(f'  {reason}: {count:,}' for reason, count in short.items()), flush=True)
    return rows


def largest_library():
    """Of those that the loader finds by themselves."""
    done = subprocess.run(['/sbin/ldconfig', '-p'], capture_output=True, text=True)
    found = {os.path.realpath(path) for path in re.findall(r'=> (/.*)', done.stdout)}
    return max((path for path in found if os.path.exists(path)), key=os.path.getsize, default=None)


def unwind_data():
    rows = []
    paths = [largest_library(), *sorted(glob.glob('/usr/lib/x86_64-linux-gnu/libLLVM*.so.*')),
             *glob.glob('/usr/lib/gcc/x86_64-linux-gnu/*/cc1')[-1:], '/usr/bin/gdb',
             *glob.glob('/lib/x86_64-linux-gnu/libc.so.6')]
    print(f'\n{"unwind data":32}{"MB":>8}{"functions":>12}{"rows":>12}{"odd":>8}{"ms":>10}')
    for path in dict.fromkeys(os.path.realpath(path) for path in paths if path and os.path.exists(path)):
        done = subprocess.run([harness.BUILD / 'tests/unwind_rows', path], capture_output=True, text=True, check=True)
        count, functions, odd, ms = (float(word) for word in done.stdout.split()[:4])
        size = os.path.getsize(path)
        rows.append({'file': path, 'bytes': size, 'functions': int(functions), 'rows': int(count), 'odd': int(odd),
                     'ms': ms})
        print(f'{os.path.basename(path):32}{size / 1e6:8.1f}{functions:12,.0f}{count:12,.0f}{odd:8.0f}{ms:10.1f}' +
              (f'  above {MOST_MS}' if ms > MOST_MS else ''), flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default='build')
    options = parser.parse_args()
    harness.set_up(pathlib.Path(options.build).resolve())
    os.chdir(tempfile.mkdtemp(dir=harness.ROOT))
    reason = harness.why_no_probes()
    if reason:
        print(f'SKIP: {reason}')
    result = {'programs': [] if reason else programs(), 'unwind_data': unwind_data()}
    (harness.BUILD / 'completeness.json').write_text(json.dumps(result, indent=1) + '\n')
    harness.tear_down()
    return 1 if any(row['percent'] < LEAST for row in result['programs']) else 0


if __name__ == '__main__':
    sys.exit(main())
