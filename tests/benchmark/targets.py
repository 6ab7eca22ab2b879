# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The bounds that the figures are held to: what is to be at most what."""


class Bound:
    """figure is None where it was not measured; is_below: less than, not at most."""

    def __init__(self, text, figure, most, is_below=False):
        self.text, self.figure, self.most, self.is_below = text, figure, most, is_below

    @property
    def verdict(self):
        if self.figure is None:
            return 'not measured'
        return 'met' if self.figure < self.most or (self.figure == self.most and not self.is_below) else 'MISSED'

    def data(self):
        return {'target': self.text, 'figure': self.figure, 'most': self.most, 'verdict': self.verdict}


def bounds(cells, programs, loader):
    """cells: {column: {row: Cell}}; programs: the names of the columns with real programs."""
    def value(column, row):
        cell = cells.get(column, {}).get(row)
        return cell.value if cell else None

    def ratio(column, row, base):
        return quotient(value(column, row), value(column, base))

    def figure(name):
        return loader.get(name, {}).get('median')

    found = [Bound('exact to floor, depth 8', ratio('pairs/8', 'exact', 'floor'), 1.35),
             Bound('exact to floor, depth 32', ratio('pairs/32', 'exact', 'floor'), 1.6),
             Bound('the same ratio with 2 threads, to that with 1, depth 8',
                   quotient(ratio('pairs/8x2', 'exact', 'floor'), ratio('pairs/8', 'exact', 'floor')), 1.25),
             Bound('sampled to the floor of exact, depth 8', ratio('pairs/8', 'sampled', 'floor'), 0.9),
             Bound("exact to memleak's cost, depth 8", ratio('pairs/8', 'exact', 'memleak'), 0.1)]
    found += [Bound(f'{name}: exact to floor, wall', ratio(name, 'exact', 'floor'), 1.35) for name in programs]
    found += [Bound(f'{name}: exact to heaptrack, wall', ratio(name, 'exact', 'heaptrack'), 1, is_below=True)
              for name in programs if name in ('sqlite3', 'git log')]
    found += [Bound('loader, % of a core, 10,000 stacks', figure('loader_cpu_10000_stacks_percent'), 2),
              Bound('loader, resident MB, clang', figure('loader_resident_clang_mb'), 64),
              Bound('kernel memory, bytes a live block', figure('kernel_memory_per_block_bytes'), 128)]
    return found


def quotient(a, b):
    return a / b if a is not None and b else None
