# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Rows and columns in rounds: in each, every row does the column's work once, so that all of them
meet the same weather. The machine's own changes over a run are larger than what is measured."""
import os
import shutil
import statistics
import subprocess

import harness
from benchmark import launch

SLOW, VERY_SLOW = 5, 60  # seconds for one run: then it is done 3 times, once


class Cell:
    """All samples of a row in a column, or why there are none."""

    def __init__(self):
        self.samples, self.why, self.skipped, self.longer_than, self.rounds = [], None, False, None, None

    @property
    def value(self):
        return self.median('value')

    def median(self, name):
        return statistics.median(sample[name] for sample in self.samples) if self.samples else None

    def wants(self, round_):
        return self.why is None and (self.rounds is None or round_ < self.rounds)

    def data(self):
        found = {'n': len(self.samples), 'median': self.value, 'samples': self.samples}
        if self.why:
            found['skipped' if self.skipped else 'failed'] = self.why
        if self.longer_than:
            found['longer_than_s'] = self.longer_than
        return found


def skip(cell, why):
    cell.why, cell.skipped = why, True


def column(column, rows, why_not, rounds, limit, say):
    """{row's name: Cell}. The first row's first run is for the caches, and not counted."""
    cells = {row.name: Cell() for row in rows}
    for row in rows:
        if why_not.get(row.name):
            skip(cells[row.name], why_not[row.name])
    os.makedirs('work', exist_ok=True)
    os.chdir('work')
    try:
        column.prepare()
        one_run(column, rows[0], Cell(), limit)
        for round_ in range(rounds):
            say(f'{column.name}: round {round_ + 1} of {rounds}')
            for row in rows:
                if cells[row.name].wants(round_):
                    one_run(column, row, cells[row.name], limit)
    except harness.Skip as reason:
        for cell in cells.values():
            skip(cell, str(reason))
    finally:
        os.chdir('..')
        shutil.rmtree('work')
    return cells


def one_run(column, row, cell, limit):
    """One sample, or why not. What the run leaves in the folder is removed."""
    before = set(os.listdir('.'))
    try:
        sample = column.sample(row, limit)
        cell.samples.append(sample)
        seconds = max(sample.get('total', 0), sample.get('wall', 0), sample['value'] if column.unit == 's' else 0)
        cell.rounds = cell.rounds or (1 if seconds > VERY_SLOW else 3 if seconds > SLOW else None)
    except launch.TooSlow as slow:
        cell.why, cell.longer_than = str(slow), slow.seconds
    except harness.Skip as reason:
        skip(cell, str(reason))
    except (launch.Failed, subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
        cell.why = f'{type(error).__name__}: {error}'
    finally:
        for name in set(os.listdir('.')) - before:
            shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
