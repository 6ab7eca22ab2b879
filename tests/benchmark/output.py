# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Tables for people, JSON for programs. Lines fit 160 columns."""
import os
import platform
import re
import textwrap

WIDTH = 160
NAME = 13
CELL = 21
UNITS = {'percent': '%', 'mb': 'MB'}


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        model = re.search(r'model name\s*: (.*)', file.read())
    return {'kernel': platform.release(), 'arch': platform.machine(), 'cpus': os.cpu_count(),
            'cpu': model.group(1) if model else 'unknown', 'load': os.getloadavg()[0]}


def print_machine(facts):
    print(f"Linux {facts['kernel']} {facts['arch']}, {facts['cpus']} x {facts['cpu']}, load at the start {facts['load']:.1f}")


def print_table(title, heads, rows, show):
    """show(row's name, column's number) is a cell."""
    print(f'\n{title}')
    print(f'{"":{NAME}}' + ''.join(f'{head:>{CELL}}' for head in heads))
    for row in rows:
        print(f'{row.name:{NAME}}' + ''.join(f'{show(row.name, i):>{CELL}}' for i in range(len(heads))))


def print_tables(columns, rows, cells):
    by_kind = {kind: [column for column in columns if column.kind == kind] for kind in ('pairs', 'programs', 'servers')}
    if columns:
        print('\nf: as a ratio to the floor (our probe sites, programs that return at once), u: to unprobed; medians')
    for kind, title, digits in (('pairs', 'ns for a malloc and its free, in a tight loop', 0),
                                ('programs', 'wall seconds of real programs, from their exec to their end', 3)):
        for part in parts(by_kind[kind]):
            print_table(title, [column.title for column in part], rows,
                        lambda row, i: with_ratios(cells[part[i].name], row, 'value', digits, ('floor', 'unprobed')))
    for part in parts(by_kind['programs']):
        print_table("the same with the profiler's own start and end", [column.title for column in part], rows,
                    lambda row, i: with_ratios(cells[part[i].name], row, 'total', 3, ('unprobed',)))
    for column in by_kind['servers']:
        of_rows = cells[column.name]
        show = [lambda row: with_ratios(of_rows, row, 'value', 3, ('floor', 'unprobed')),
                lambda row: figure(of_rows[row], 'requests_per_second', '{:,.0f}'),
                lambda row: figure(of_rows[row], 'p99_ms', '{:.2f} ms')]
        print_table(f'{column.title}: {column.about}', ['wall seconds', 'requests a second', '99th percentile'], rows,
                    lambda row, i: show[i](row))


def parts(columns):
    """As many as a line has room for."""
    most = (WIDTH - NAME) // CELL
    return [columns[i:i + most] for i in range(0, len(columns), most)]


def with_ratios(of_rows, row, what, digits, bases):
    text = figure(of_rows[row], what, f'{{:.{digits}f}}')
    return text + ''.join(ratio(of_rows, row, what, base) for base in bases)


def ratio(of_rows, row, what, base):
    ours, other = of_rows[row].median(what), of_rows[base].median(what)
    if not ours or not other:
        return ''
    times = ours / other
    return f'{times:{6}.{2 if times < 10 else 1 if times < 100 else 0}f}{base[0]}'


def figure(cell, what, form):
    return form.format(cell.median(what)) if cell.samples else shortly(cell)


def shortly(cell):
    """Of a cell without a figure; the reasons stand below the tables."""
    if cell.longer_than:
        return cell.why
    return 'SKIP' if cell.skipped else 'failed'


def print_reasons(columns, rows, cells, rounds):
    """Each reason once, with where it holds. A row that has fewer samples than the others is named too."""
    lines = {}
    for column in columns:
        for row in rows:
            cell = cells[column.name][row.name]
            if cell.why:
                word = 'SKIP' if cell.skipped else 'too slow' if cell.longer_than else 'FAILED'
                lines.setdefault((word, row.name, cell.why), []).append(column.name)
            elif len(cell.samples) < rounds:
                lines.setdefault((f'n={len(cell.samples)}', row.name, 'slow'), []).append(column.name)
    if lines:
        print()
    for (word, row, why), where in lines.items():
        everywhere = len(where) == len(columns)
        text = f'{word} {row}' + ('' if everywhere else f" on {', '.join(where)}") + f': {why}'
        print(textwrap.fill(' '.join(text.split()), WIDTH, subsequent_indent='    '))


def print_loader(costs):
    if costs:
        print("\nthe profiler's own costs")
    for name, cost in costs.items():
        if 'median' in cost:
            words, _, unit = name.rpartition('_')
            print(f"  {words.replace('_', ' '):40}{cost['median']:12,.1f} {UNITS.get(unit, unit)}")
        else:
            word, why = next(iter(cost.items()))
            print(f"  {name.replace('_', ' '):40}{'SKIP' if word == 'skipped' else word:>12}: {why}")


def print_bounds(bounds):
    print('\ntargets')
    for bound in bounds:
        figure = '' if bound.figure is None else f'{bound.figure:10.2f}'
        print(f'  {bound.text:60}{"below" if bound.is_below else "at most"} {bound.most:6.2f}{figure:>12}   {bound.verdict}')
