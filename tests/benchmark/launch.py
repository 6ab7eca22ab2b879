# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""One run of a program that is timed from its exec to its end, and nothing else with it: a
profiler may be started around it or attached to it before. targets/stamp.c is the other half.
"""
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import time

import harness

START = 60  # seconds until the program waits for its start, the profiler's own start included
END = 60    # seconds for a profiler to write what it has


class Failed(Exception):
    """The run came to nothing; the text says why."""


class TooSlow(Exception):
    """The program ran longer than it may."""

    def __init__(self, seconds):
        super().__init__(f'> {seconds:.0f} s')
        self.seconds = seconds


def stamp(static=False):
    """The program that becomes the workload. Static, it passes a preloaded library on without loading it."""
    if not static:
        return harness.target('stamp')
    try:
        return harness.target('stamp-static', '-static', source='stamp')
    except subprocess.CalledProcessError as error:
        raise harness.Skip('no static C library to link with') from error


class Launched:
    """A command that holds a stamped program. Used in a `with`: nothing of it is left at the end."""

    def __init__(self, command, socket_path, env):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(socket_path)
        self.listener.listen(1)
        self.stdout, self.stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.begin = time.monotonic()
        self.process = subprocess.Popen(command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=self.stdout,
                                        stderr=self.stderr, start_new_session=True)
        self.program = None  # the connection to it

    def __enter__(self):
        return self

    def __exit__(self, *_):
        kill_group(self.process)
        for open_one in (self.listener, self.stdout, self.stderr, *([self.program] if self.program else [])):
            open_one.close()

    def wait_for_program(self):
        """Until the program waits for its start; returns its process id."""
        end = self.begin + START
        self.listener.settimeout(0.2)
        while self.program is None:
            try:
                self.program = self.listener.accept()[0]
            except TimeoutError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise Failed(f'did not start: {self.trouble()}') from None
        self.connected = time.monotonic()
        credentials = self.program.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize('3i'))
        return struct.unpack('3i', credentials)[0]

    def go(self):
        self.program.settimeout(START)
        self.program.sendall(b'g')
        self.started = struct.unpack('q', self.program.recv(8))[0] / 1e9

    def wait_for_end(self, limit):
        """Seconds from the program's exec to its end."""
        self.program.settimeout(limit)
        try:
            self.program.recv(1)  # nothing comes, but the end
        except TimeoutError:
            raise TooSlow(limit) from None
        except ConnectionResetError:
            pass
        return time.monotonic() - self.started

    def finish(self):
        """Waits for the command, which may outlive its program. Seconds from its start."""
        try:
            status = self.process.wait(END)
        except subprocess.TimeoutExpired:
            raise Failed(f'not done {END} s after its program') from None
        if status:
            raise Failed(f'exit status {status}: {self.trouble()}')
        return time.monotonic() - self.begin

    def output(self):
        self.stdout.seek(0)
        return self.stdout.read().decode(errors='replace')

    def trouble(self):
        self.stderr.seek(0)
        return self.stderr.read()[-300:].decode(errors='replace').strip()


def kill_group(process):
    """A process that leads a group, and what it has started. Safe after its end too: its group may live on."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def launch(row, words, env):
    """The workload under the row's profiler, where that starts programs by itself."""
    path = str(pathlib.Path('stamp.socket').absolute())
    if os.path.exists(path):
        os.unlink(path)
    stamped = [stamp(row.preloads), path, *row.inside(words)]
    row_env = {name: value.replace('%D', os.getcwd()) for name, value in row.env.items()}
    return Launched([str(word) for word in row.outside(stamped)], path, {**env, **row_env})


def program(row, words, env, limit):
    """Runs it to its end: {wall: the program's seconds, total: with the profiler's start and end, output}."""
    with launch(row, words, env) as run:
        pid = run.wait_for_program()
        with row.attached(pid):
            run.go()
            wall = run.wait_for_end(limit)
        total = run.finish()
        total = max(total, time.monotonic() - run.begin)
        return {'wall': wall, 'total': total, 'output': run.output(), 'evidence': row.evidence()}
