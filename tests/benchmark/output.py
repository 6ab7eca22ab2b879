# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Tables for people, JSON for programs. Lines fit 160 columns."""
import os
import platform
import re
import textwrap

WIDTH = 160
NAME = 14
CELL = 24


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        model = re.search(r'model name\s*: (.*)', file.read())
    return {'kernel': platform.release(), 'arch': platform.machine(), 'cpus': os.cpu_count(),
            'cpu': model.group(1) if model else 'unknown', 'load': os.getloadavg()[0]}


def print_machine(facts):
    print(f"Linux {facts['kernel']} {facts['arch']}, {facts['cpus']} x {facts['cpu']}, load at the start {facts['load']:.1f}")


def print_group(title, columns, rows, cells, show):
    """One table, or several below each other where the columns are too many for one."""
    most = (WIDTH - NAME) // CELL
    for begin in range(0, len(columns), most):
        part = columns[begin:begin + most]
        print(f'\n{title}')
        print(f'{"":{NAME}}' + ''.join(f'{column.title:>{CELL}}' for column in part))
        for row in rows:
            print(f'{row.name:{NAME}}' + ''.join(f'{show(cells[column.name], row.name):>{CELL}}' for column in part))


def with_ratios(digits):
    """Shows: the median, its ratio to the floor, its ratio to unprobed."""
    def show(cells, name):
        cell = cells[name]
        if cell.value is None:
            return shortly(cell)
        return f'{cell.value:.{digits}f}' + ratio(cell, cells.get('floor'), 'f') + ratio(cell, cells.get('unprobed'), 'u')
    return show


def total(cells, name):
    cell = cells[name]
    if cell.value is None:
        return shortly(cell)
    base = cells.get('unprobed')
    seconds = cell.median('total')
    return f'{seconds:.3f}' + (f'{seconds / base.median("total"):8.2f}u' if base and base.samples else '')


def redis(cells, name):
    cell = cells[name]
    if cell.value is None:
        return shortly(cell)
    return f'{cell.median("requests_per_second"):,.0f}/s  {cell.median("p99_ms"):.2f} ms'


def ratio(cell, base, mark):
    if not base or base.value is None:
        return f'{"":8}'
    return f'{cell.value / base.value:7.2f}{mark}'


def shortly(cell):
    """Of a cell without a figure; the reasons stand below the tables."""
    if cell.longer_than:
        return cell.why
    return 'SKIP' if cell.skipped else 'failed'


def print_tables(columns, rows, cells):
    print('\nRatios: f to the floor (our probe sites, programs that return at once), u to unprobed. Medians of the samples.')
    for kind, title, digits in (('pairs', 'ns for a malloc and its free, in a tight loop', 0),
                                ('programs', 'wall seconds of real programs, from their exec to their end', 3),
                                ('servers', 'wall seconds for the requests', 3)):
        these = [column for column in columns if column.kind == kind]
        print_group(title, these, rows, cells, with_ratios(digits))
        if kind == 'programs':
            print_group("the same with the profiler's own start and end", these, rows, cells, total)
        if kind == 'servers':
            print_group('requests a second, and the 99th percentile of their time', these, rows, cells, redis)


def print_reasons(columns, rows, cells):
    """Each reason once, with where it holds. A row that has few samples is named too."""
    lines = {}
    for column in columns:
        for row in rows:
            cell = cells[column.name][row.name]
            if cell.why:
                word = 'SKIP' if cell.skipped else 'too slow' if cell.longer_than else 'FAILED'
                lines.setdefault((word, row.name, cell.why), []).append(column.name)
            elif cell.rounds:
                lines.setdefault((f'{cell.rounds} round' + 's' * (cell.rounds > 1), row.name, 'slow'), []).append(column.name)
    if lines:
        print()
    for (word, row, why), where in lines.items():
        everywhere = len(where) == len(columns)
        text = f'{word} {row}' + ('' if everywhere else f" on {', '.join(where)}") + f': {why}'
        print(textwrap.fill(' '.join(text.split()), WIDTH, subsequent_indent='    '))


def print_loader(loader):
    if loader:
        print("\nthe profiler's own costs")
    for name, figure in loader.items():
        text = f'{figure:12,.1f}' if not isinstance(figure, dict) else '{:>12}: {}'.format(
            *next((('SKIP', why) if word == 'skipped' else ('failed', why)) for word, why in figure.items()))
        words, _, unit = name.rpartition('_')
        print(f'  {words.replace("_", " "):44}{text}' + ('' if isinstance(figure, dict) else f' {unit.replace("mb", "MB").replace("percent", "%")}'))


def print_bounds(bounds):
    print('\ntargets')
    for bound in bounds:
        figure = '' if bound.figure is None else f'{bound.figure:10.2f}'
        print(f'  {bound.text:60}{"below" if bound.is_below else "at most"} {bound.most:6.2f}{figure:>12}   {bound.verdict}')
