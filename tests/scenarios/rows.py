# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The rows that we make of a file's unwind data say what readelf says of it, place by place; it
has an interpreter of its own."""
import bisect
import glob
import os
import re
import subprocess

import gdb_stacks
import harness

_, SP, FP, _, _, _, SIGNAL, END, ODD = range(9)  # enum ct_row_kind
SAVED_MOST = 62


def expected(cfa, rbp, ra, signal):
    """What a row has to begin with; None where the rule is an expression, which readelf does not spell out."""
    if ra == 'u':
        return (END,)
    if signal:
        return (SIGNAL,)
    if cfa == 'exp' or rbp in ('exp', 'vexp'):
        return None
    register, words = re.fullmatch(r'(\w+)([-+]\d+)', cfa).groups()
    saved = re.fullmatch(r'c(-\d+)', rbp)
    number = -int(saved.group(1)) // 8 if saved else 0
    if (register not in ('rsp', 'rbp') or int(words) % 8 or ra != 'c-8' or number > SAVED_MOST or
            (not saved and rbp not in ('u', 's'))):
        return (ODD,)
    return (SP if register == 'rsp' else FP, number, int(words) // 8)


def readelf_rows(path):
    """(virtual address, what a row has to begin with)."""
    text = subprocess.Popen(['readelf', '--debug-dump=frames-interp', path], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    signals, columns, signal, end = {}, [], False, 0
    for line in text.stdout:
        if head := re.match(r'(\w+) \w+ \w+ CIE "(\w*)"', line):
            signals[head.group(1)], end = 'S' in head.group(2), 0
        elif head := re.match(r'\w+ \w+ \w+ FDE cie=(\w+) pc=\w+\.\.(\w+)', line):
            signal, end = signals.get(head.group(1), False), int(head.group(2), 16)
        elif line.split()[:2] == ['LOC', 'CFA']:
            columns = line.split()
        elif re.match('[0-9a-f]{16} ', line) and int(line[:16], 16) < end:
            row = dict(zip(columns, re.findall(r'r\d+ \(\w+\)|\S+', line)))
            yield int(line[:16], 16), expected(row['CFA'], row.get('rbp', 'u'), row['ra'], signal)
    text.wait()


def compare(path):
    program = harness.BUILD / 'tests/unwind_rows'
    if not program.exists():
        raise harness.Skip('make build/tests/unwind_rows')
    ours = [tuple(map(int, line.split())) for line in
            subprocess.run([program, '-d', path], capture_output=True, text=True, check=True).stdout.splitlines()]
    starts, elf, compared = [row[0] for row in ours], gdb_stacks.elf(path), 0
    assert starts == sorted(set(starts)), 'rows out of order'
    for vaddr, wanted in readelf_rows(path):
        row = ours[bisect.bisect_right(starts, elf.offset(vaddr)) - 1][1:]
        assert wanted is None or row[:len(wanted)] == wanted, f'{path} at {vaddr:#x}: {row}, readelf says {wanted}'
        compared += wanted is not None
    assert compared > 1000, f'{path}: only {compared} places compared'


def of_file(pattern):
    def run():
        harness.need('readelf')
        found = [path for path in glob.glob(pattern) if os.path.isfile(path)]
        if not found:
            raise harness.Skip(f'there is no {pattern}')
        compare(found[-1])
    return run


FILES = {'libc': '/lib/x86_64-linux-gnu/libc.so.6', 'loader': '/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
         'libstdcxx': '/usr/lib/x86_64-linux-gnu/libstdc++.so.6', 'git': '/usr/bin/git', 'gdb': '/usr/bin/gdb',
         'libcrypto': '/usr/lib/x86_64-linux-gnu/libcrypto.so.*', 'cc1': '/usr/lib/gcc/x86_64-linux-gnu/*/cc1'}
for name, pattern in FILES.items():
    globals()[f'test_{name}'] = of_file(pattern)
