# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The workloads. A sample is a dict; its `value` is what the table shows, and less is better."""
import csv
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import harness
import workloads
from benchmark import launch, rows

REQUESTS = 50000


class Pairs:
    """malloc and free in a tight loop."""
    kind, unit = 'pairs', 'ns'

    def __init__(self, depth, threads=1):
        self.depth, self.threads = depth, threads
        self.name = f'pairs/{depth}' + (f'x{threads}' if threads > 1 else '')
        self.title = f'depth {depth}, {threads} thread' + ('s' if threads > 1 else '')
        self.about = f'malloc and free in a tight loop, {self.title}'

    def prepare(self):
        self.program = harness.target('pairs')

    def sample(self, row, limit):
        words = [self.program, self.depth, self.threads, row.pairs]
        run = launch.program(row, words, {}, limit)
        found = re.search(r'^\d+\.\d$', run['output'], re.M)  # profilers talk too
        if not found:
            raise launch.Failed(f"no figure: {run['output'][-200:]}")
        return {'value': float(found.group()), 'wall': run['wall'], 'total': run['total'], **run['evidence']}


class Program:
    """A real program with something to do, in wall seconds."""
    kind, unit = 'programs', 's'

    def __init__(self, name, about, workload, *parameters):
        self.name, self.title, self.about = name, name, about
        self.workload, self.parameters = workload, parameters

    def prepare(self):
        self.words, self.env = self.workload(*self.parameters)

    def sample(self, row, limit):
        run = launch.program(row, self.words, self.env, limit)
        return {'value': run['wall'], 'total': run['total'], **run['evidence']}


class Redis:
    """A server: seconds for a number of requests, and what the slowest of a hundred waited."""
    kind, unit = 'servers', 's'
    name, title = 'redis', 'redis-server'
    about = f'{REQUESTS:,} SETs of redis-benchmark over 20 connections; glibc in the place of its jemalloc'

    def prepare(self):
        harness.need('redis-benchmark')
        self.server = server()
        self.path = str(pathlib.Path('redis.socket').absolute())
        # By the allocator that the profilers know; Debian's is linked with jemalloc.
        self.env = {'LD_PRELOAD': rows.libc()}

    def sample(self, row, limit):
        words = [self.server, '--port', '0', '--unixsocket', self.path, '--save', '', '--appendonly', 'no', '--daemonize', 'no']
        row, end = row.for_server(), time.monotonic() + limit
        with launch.launch(row, words, self.env) as run:
            pid = run.wait_for_program()
            run.go()
            wait_until_answers(self.path, run)
            with row.attached(pid):
                figures = self.requests(end - time.monotonic(), limit)
            os.kill(pid, signal.SIGTERM)
            run.wait_for_end(launch.END)
            run.finish()
        return {**figures, **row.evidence()}

    def requests(self, seconds, limit):
        words = ['redis-benchmark', '-s', self.path, '-t', 'set', '-n', str(REQUESTS), '-r', '100000', '-d', '64', '-c', '20',
                 '--csv']
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=True)
        except subprocess.TimeoutExpired:
            raise launch.TooSlow(limit) from None
        figures = next(csv.DictReader(line for line in done.stdout.splitlines() if line.startswith('"')))
        return {'value': REQUESTS / float(figures['rps']), 'requests_per_second': float(figures['rps']),
                'p99_ms': float(figures['p99_latency_ms'])}


def server():
    """Debian's redis-tools holds the server under another name; what its name is says what it does."""
    found = shutil.which('redis-server')
    if not found:
        found = str(pathlib.Path('redis-server').absolute())
        os.symlink(harness.need('redis-check-rdb'), found)
    return found


def wait_until_answers(path, run):
    end = time.monotonic() + launch.START
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.settimeout(launch.START)
                client.connect(path)
                client.sendall(b'PING\r\n')
                if client.recv(5) == b'+PONG':
                    return
            except OSError:
                pass
        time.sleep(0.02)
    raise launch.Failed(f'redis-server does not answer: {run.trouble()}')


def all_columns():
    return [
        Pairs(2), Pairs(8), Pairs(32), Pairs(64), Pairs(8, 2),
        Program('sqlite3', '100,000 inserts, an index, a join', workloads.sqlite3, 100000),
        Program('jq', 'adds up the values of a 20 MB file', workloads.jq_file, 20),
        Program('git log', 'log -p --stat of 400 commits', workloads.git, 400, 1000),
        Program('cc1 -O2', "gcc's compiler on 100 functions", workloads.cc1,
                workloads.c_program, 100),
        Program('python3', 'builds dicts and writes them as JSON', workloads.python3_dicts),
        Program('gawk', '300,000 strings', workloads.gawk),
        Program('objdump', 'disassembles libc', workloads.objdump),
        Redis()]
