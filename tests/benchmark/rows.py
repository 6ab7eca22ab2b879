# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The profilers: how each is put around a program, or attached to it."""
import contextlib
import glob
import os
import pty
import re
import select
import signal
import subprocess
import time

import harness
from benchmark import launch, memleak

HERE = os.path.dirname(os.path.abspath(__file__))
ATTACH = 60          # seconds
MAP_SIZE = 1000000  # live blocks that the peers in the kernel have room for; memleak's is fixed


class Row:
    """Nothing profiles: the base of the others, and the first row."""
    name, about = 'unprobed', 'nothing profiles'
    own = True        # not somebody else's profiler
    pairs = 2000000   # of malloc and free, in the tight loop: for some tenths of a second
    preloads = False  # a library, by LD_PRELOAD
    leaves = ''       # the file that it writes, a pattern
    env = {}          # %D is the current folder: a program may go to another

    def why_not(self):
        """Why it cannot be run here; None where it can."""
        return None

    def outside(self, words):
        """The command that runs words with the profiler around them."""
        return words

    def inside(self, words):
        """The same, where the profiler is to be in the program's place when the time begins."""
        return words

    @contextlib.contextmanager
    def attached(self, pid):
        """The profiler is attached to the process for as long as this lasts."""
        yield

    def for_server(self):
        """The row for a server: attached when it runs already, where the profiler can do that."""
        return self

    def evidence(self):
        """After a run, that it was profiled: what goes into the sample. Who does nothing is fast."""
        for path in glob.glob(self.leaves):
            if os.path.getsize(path):
                return {'file_bytes': os.path.getsize(path)}
        if self.leaves:
            raise launch.Failed(f'left no {self.leaves}')
        return {}


class Captrack(Row):
    pairs = 60000

    def __init__(self, name, about, *options, env=None, may_see_nothing=False):
        self.name, self.about, self.options, self.env = name, about, options, env or {}
        self.may_see_nothing = may_see_nothing

    def why_not(self):
        if not self.options:
            return None
        done = subprocess.run([*self.command(), '--', '/bin/true'], capture_output=True, text=True)
        return f"this build has no {' '.join(self.options)}" if done.returncode == 2 else None

    def command(self):
        return [harness.TOOL, '-q', '-i', '0', '-o', 'out', *self.options]

    def outside(self, words):
        return [*self.command(), '--', *words]

    def for_server(self):
        return CaptrackAttached(self)

    def evidence(self):
        """The program's profile is the last: the process was a stamp before."""
        paths = sorted(glob.glob('out/profile-*.json'), key=lambda path: os.stat(path).st_mtime_ns)
        if not paths:
            raise launch.Failed('left no profile')
        profile = harness.load(paths[-1])
        if not profile.totals.allocs and not self.may_see_nothing:
            raise launch.Failed(f'{paths[-1]} has no allocations')
        lost = {name: count for name, count in profile.integrity.items() if count}
        return {'allocs': profile.totals.allocs, 'stacks': len(profile.data['stacks']), 'integrity': lost}


class CaptrackAttached(Row):
    def __init__(self, row):
        self.name, self.about, self.tool_env, self.pairs = row.name, row.about, row.env, row.pairs
        self.options, self.evidence = row.options, row.evidence

    @contextlib.contextmanager
    def attached(self, pid):
        tool = harness.start_tool('-o', 'out', '-i', '0', *self.options, '-p', pid, env=self.tool_env, start_new_session=True)
        with ended(tool):
            wait_for_line(tool.stderr.fileno(), 'profiling process', tool)
            yield
            interrupt(tool)


class Memleak(Row):
    name, about = 'memleak', 'bcc, libbpf-tools'
    own, pairs = False, 20000

    def why_not(self):
        return memleak.why_not()

    @contextlib.contextmanager
    def attached(self, pid):
        """It writes through a terminal, else its line would stay in its buffer."""
        ours, its = pty.openpty()
        tool = subprocess.Popen([*memleak.command(), '-p', str(pid), '3600'], stdin=subprocess.DEVNULL, stdout=its,
                                stderr=its, start_new_session=True)
        os.close(its)
        with ended(tool):
            try:
                wait_for_line(ours, 'Tracing outstanding', tool)
                yield
                tool.send_signal(signal.SIGINT)
                if b'stacks with outstanding allocations' not in drain(ours):
                    raise launch.Failed('memleak has no report')
            finally:
                os.close(ours)


class Bpftrace(Row):
    """It is killed in the end: it would print names for minutes, which is of no interest here."""
    name, about = 'bpftrace', 'peer.bt: the same by a script'
    own, pairs = False, 20000

    def why_not(self):
        return missing('bpftrace')

    @contextlib.contextmanager
    def attached(self, pid):
        with open(f'{HERE}/peer.bt', encoding='utf-8') as file:
            script = file.read().replace('LIBC', libc())
        tool = subprocess.Popen(['bpftrace', '-p', str(pid), '-e', script, str(pid)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                env={**os.environ, 'BPFTRACE_MAP_KEYS_MAX': str(MAP_SIZE)})
        with ended(tool):
            wait_for_line(tool.stdout.fileno(), 'ready', tool)
            yield


class Heaptrack(Row):
    name, about = 'heaptrack', 'its script, interpreting as it goes'
    own, pairs, preloads, leaves = False, 200000, True, 'heaptrack.out*'

    def why_not(self):
        return missing('heaptrack')

    def outside(self, words):
        return ['heaptrack', '-o', 'heaptrack.out', *words]


class Preload(Row):
    """An allocator with a profiler of its own, in the place of the program's."""
    own, pairs, preloads = False, 100000, True

    def __init__(self, name, about, soname, leaves, env):
        self.name, self.about, self.soname, self.leaves = name, about, soname, leaves
        self.env = {**env, 'LD_PRELOAD': self.path()}

    def path(self):
        return next(iter(sorted(glob.glob(f'/usr/lib/*/{self.soname}'))), '')

    def why_not(self):
        return None if self.path() else f'{self.soname} is not installed'


class Jemalloc(Preload):
    def why_not(self):
        """A build without the profiler says so and goes on."""
        reason = super().why_not()
        if reason:
            return reason
        done = subprocess.run(['/bin/true'], env={**os.environ, **self.env}, capture_output=True, text=True)
        return f'built without its profiler: {done.stderr.strip()[:60]}' if 'onf' in done.stderr else None


class Valgrind(Row):
    own, pairs, leaves = False, 100000, 'valgrind.out'

    def __init__(self, tool):
        self.name, self.tool = tool, tool
        self.about = f'valgrind --tool={tool}'

    def why_not(self):
        return missing('valgrind')

    def inside(self, words):
        return ['valgrind', f'--tool={self.tool}', f'--{self.tool}-out-file=valgrind.out', '-q', *words]


def all_rows():
    return [
        Row(),
        Captrack('floor', 'our probes, programs that return at once', env={'CAPTRACK_FLOOR': '1'},
                 may_see_nothing=True),
        Captrack('exact', 'captrack-bpf'),
        Captrack('perf uprobes', 'the same, attached as before Linux 6.6', env={'CAPTRACK_ATTACH': 'perf'}),
        Captrack('sampled', 'one allocation in 512 KiB', '--sample=524288', may_see_nothing=True),
        Captrack('allocs only', 'no probe on free', '--allocs-only'),
        Captrack('no details', 'no sizes, lifetimes, growth, threads', '--no-details'),
        Captrack('free stacks', 'who frees as well', '--free-stacks'),
        Memleak(), Bpftrace(), Heaptrack(),
        Jemalloc('jemalloc', 'its profiler, at every allocation', 'libjemalloc.so.2', 'jemalloc.*.heap', {
            'MALLOC_CONF': 'prof:true,prof_active:true,lg_prof_sample:0,prof_final:true,prof_prefix:%D/jemalloc'}),
        Preload('gperftools', "tcmalloc's heap profiler", 'libtcmalloc.so.4', 'tcmalloc.*.heap', {'HEAPPROFILE': '%D/tcmalloc'}),
        Valgrind('dhat'), Valgrind('massif')]


def missing(program):
    try:
        harness.need(program)
    except harness.Skip as skip:
        return str(skip)
    return None


def libc():
    """The file that this machine's programs have."""
    with open('/proc/self/maps', encoding='utf-8') as maps:
        return re.search(r'/\S*/libc\.so\.6$', maps.read(), re.M).group()


# --- profilers that are attached from outside ---

@contextlib.contextmanager
def ended(tool):
    """Leads a group that is gone at the end, whatever happens."""
    try:
        yield
    finally:
        launch.kill_group(tool)
        for pipe in (tool.stdout, tool.stderr):
            if pipe:
                pipe.close()


def wait_for_line(fd, text, tool):
    end, seen = time.monotonic() + ATTACH, ''
    while text not in seen:
        if not harness.readable(fd, end - time.monotonic()):
            raise launch.Failed(f'not attached after {ATTACH} s')
        try:
            chunk = os.read(fd, 65536)
        except OSError:  # a terminal that nobody has open
            chunk = b''
        if not chunk:
            raise launch.Failed(f'{tool.args[0]}: did not attach: {seen.strip()[-300:]}')
        seen += chunk.decode(errors='replace')


def interrupt(tool):
    """Ctrl-C; what it says then is of no interest."""
    tool.send_signal(signal.SIGINT)
    try:
        tool.communicate(timeout=launch.END)
    except subprocess.TimeoutExpired:
        raise launch.Failed(f'not done {launch.END} s after its program') from None


def drain(fd):
    """All that comes, to the end of the terminal's other side."""
    end, seen = time.monotonic() + launch.END, b''
    try:
        while select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            seen += os.read(fd, 65536)
    except OSError:  # its end
        return seen
    raise launch.Failed(f'not done {launch.END} s after its program')
