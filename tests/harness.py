# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests share: the profiler, compiled targets, profiles, the counting preload."""
import ctypes
import glob
import mmap
import os
import pathlib
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import profile_schema

HERE = pathlib.Path(__file__).resolve().parent
BUILD = None
TOOL = None
ROOT = None  # every test's folder is in here


class Skip(Exception):
    """This machine lacks what the test needs; the text says what."""


def set_up(build):
    global BUILD, TOOL, ROOT
    BUILD, TOOL = build, str(build / 'captrack-bpf')
    profile_schema.validator()  # made once, for the tests are processes of their own; ends here where it cannot be
    ROOT = tempfile.mkdtemp(prefix='captrack-test-')
    os.chmod(ROOT, 0o755)
    for name in list(os.environ):
        if name.startswith('CAPTRACK_') or name.startswith('SUDO_'):
            del os.environ[name]


def tear_down():
    shutil.rmtree(ROOT, ignore_errors=True)


def in_clean_folder(name, function):
    folder = pathlib.Path(ROOT) / name.replace('/', '-')
    folder.mkdir(mode=0o755)
    os.chdir(folder)
    return function()


def left_behind():
    """Profilers and targets of ours that still run."""
    found = []
    for path in glob.glob('/proc/[0-9]*/exe'):
        try:
            exe = os.readlink(path)
        except OSError:
            continue
        pid = int(path.split('/')[2])
        if exe.startswith(str(BUILD)) and not is_zombie(pid):
            found.append(f'{exe} ({pid})')
            os.kill(pid, signal.SIGKILL)
    return ', '.join(found)


def is_zombie(pid):
    try:
        return open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[0] in 'ZX'
    except OSError:
        return True


def readable(fd, seconds):
    return bool(select.select([fd], [], [], max(0, seconds))[0])


def why_no_probes():
    if os.geteuid() != 0:
        return 'probes need root'
    if not os.path.exists('/sys/bus/event_source/devices/uprobe'):
        return 'this kernel has no uprobes'
    done = subprocess.run([TOOL, '-q', '-o', f'{ROOT}/try', '--', '/bin/true'], capture_output=True, text=True)
    if done.returncode == 125:
        return done.stderr.strip()
    return None


WARNING = 'WARNING: |BUG: |Oops|Kernel panic|general protection|rcu.*stall'


def kernel_warnings():
    done = subprocess.run(['dmesg'], capture_output=True, text=True, errors='replace')
    if done.returncode:
        return None
    return warnings_in(done.stdout)


def warnings_in(log):
    return [line for line in log.splitlines() if re.search(WARNING, line)]


def need(program):
    path = shutil.which(program)
    if not path:
        raise Skip(f'{program} is not installed')
    return path


def wait_for(condition, seconds=10, what='a condition'):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f'waited {seconds} s for {what}')


# --- compiled targets ---

def target(name, *flags, source=None, compiler=None):
    """Compiles tests/targets/<name>.c (or .cc) where it is newer than its program."""
    path = HERE / 'targets' / (source or name)
    if not path.suffix:
        path = next(HERE.glob(f'targets/{source or name}.c*'))
    text = path.read_text()
    given = re.search(r'^ \* build: (.*)$', text, re.M)
    folder = BUILD / 'tests/targets'
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    if not program.exists() or program.stat().st_mtime < path.stat().st_mtime:
        compiler = {'gcc': 'g++', 'clang': 'clang++'}[compiler or 'gcc'] if path.suffix == '.cc' else compiler or 'gcc'
        command = [need(compiler), '-g', '-w', '-pthread', '-fno-omit-frame-pointer', '-fno-builtin',
                   '-fno-optimize-sibling-calls',
                   *(given.group(1).split() if given else ['-O1']), *flags, '-o', f'{program}.new', str(path)]
        command = [word.replace('%B', str(folder)) for word in command]
        subprocess.run(command, check=True, capture_output=True)
        os.rename(f'{program}.new', program)
    return str(program)


# --- the profiler ---

class Run:
    """One run of the profiler: exit status, text, and the profiles it left, in their order."""

    def __init__(self, status, stdout, stderr, folder):
        self.status, self.stdout, self.stderr = status, stdout, stderr
        self.files = sorted(glob.glob(f'{folder}/profile-*.json'),
                            key=lambda path: (int(path.rsplit('-', 1)[1][:-5]), os.stat(path).st_mtime))
        self.profiles = [load(path) for path in self.files]

    @property
    def profile(self):
        assert len(self.profiles) == 1, f'{len(self.profiles)} profiles: {self.files}\n{self.stderr}'
        return self.profiles[0]


def load(path):
    with open(path, encoding='utf-8') as file:
        return read(file.read(), path)


def read(text, path):
    return Profile(profile_schema.parse(text), path)


def profile(*words, options=(), env=None, stdin=subprocess.DEVNULL, limit=50, folder='out', cwd=None):
    """captrack-bpf [options] -- words; profiles go to ./out."""
    done = subprocess.run([TOOL, '-o', folder, *options, '--', *map(str, words)], capture_output=True,
                          stdin=stdin, timeout=limit, env={**os.environ, **(env or {})}, cwd=cwd)
    run = Run(done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace'), folder)
    for one in run.profiles:
        one.check_sums()
    return run


def run(*words, status=0, **more):
    """captrack-bpf with these words, which ends with this status; what it wrote."""
    done = subprocess.run([TOOL, *map(str, words)], **{'capture_output': True, 'text': True, 'timeout': 60, **more})
    assert done.returncode == status, (words, done)
    return done


def export(form, path, *options, to=None):
    """A profile in this form; the name of its file."""
    to = to or f'{pathlib.Path(path).stem}.{form}'
    done = run('export', '-f', form, *options, '-o', to, path)
    assert not done.stderr and not done.stdout, done
    return to


def report(*words, **more):
    """What it writes into a pipe."""
    done = run('report', *words, **more)
    assert not done.stderr, (words, done)
    return done.stdout


def children(pid):
    """The processes that this one has started."""
    found = []
    for path in pathlib.Path('/proc').glob('[0-9]*/stat'):
        try:
            text = path.read_text()
        except OSError:
            continue
        if int(text.rsplit(')', 1)[1].split()[1]) == pid:
            found.append(path.parent)
    return found


def start_tool(*words, env=None, **more):
    return subprocess.Popen([TOOL, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}, **more)


def attach(pid, *options, folder='out'):
    """Starts captrack-bpf -p and waits until it says that it profiles."""
    tool = start_tool('-o', folder, *options, '-p', pid)
    line = tool.stderr.readline()
    assert 'profiling process' in line, line + tool.stderr.read()
    return tool


def finish(tool, sent=None, limit=20, folder='out'):
    if sent:
        tool.send_signal(sent)
    stdout, stderr = tool.communicate(timeout=limit)
    return Run(tool.returncode, stdout, stderr, folder)


class Counts(dict):
    __getattr__ = dict.__getitem__


COUNTERS = ('allocs', 'frees', 'reallocs', 'allocated_bytes', 'freed_bytes', 'live_allocs', 'live_bytes',
            'temporary_allocs', 'at_peak_bytes', 'at_peak_allocs', 'grown_in_place', 'moved', 'moved_bytes',
            'cross_thread_frees')

# What a mode of capture cannot know, in totals, stacks and integrity: it is absent.
DETAILS = {'temporary_allocs', 'grown_in_place', 'moved', 'moved_bytes', 'cross_thread_frees', 'double_frees'}
NEED_FREES = {'frees', 'freed_bytes', 'live_allocs', 'live_bytes', 'peak_bytes', 'peak_allocs', 'peak_ms',
              'at_peak_bytes', 'at_peak_allocs', 'unmatched_frees', 'internal_frees', 'missed_frees',
              'dropped_blocks', *DETAILS}
NEED_DETAILS = {'grown_in_place', 'moved', 'moved_bytes', 'cross_thread_frees', 'dropped_details'}
NEED_ALL = {'failed_allocs', 'unmatched_frees', 'internal_frees', 'dropped_details', *DETAILS}


class Profile:
    def __init__(self, data, path=''):
        profile_schema.check(data, path)
        self.data, self.path = data, path
        self.totals, self.integrity = Counts(data['totals']), Counts(data['integrity'])
        self.target, self.capture = Counts(data['target']), Counts(data['capture'])
        self.unknown = (NEED_FREES if self.capture.get('allocs_only') else set()) | \
            (NEED_ALL if self.capture.mode == 'sampled' else set()) | \
            (NEED_DETAILS if self.capture.get('no_details') else set())
        self.counters = [name for name in COUNTERS if name not in self.unknown]

    def names(self, stack):
        """All function names of a stack, innermost first, inlined ones too."""
        for index in stack['frames']:
            frame = self.data['frames'][index]
            for inlined in frame.get('inlined', []):
                yield inlined.get('function', '')
            yield frame.get('function', '')

    def stack(self, *functions):
        """The summed counters of all stacks that hold these functions, inner ones first."""
        found = Counts({name: 0 for name in self.counters})
        found['stacks'] = 0
        for stack in self.data['stacks']:
            if holds(self.names(stack), functions):
                found['stacks'] += 1
                for name in self.counters:
                    found[name] += stack[name]
        return found

    def caller(self, stack):
        """The innermost function, C++'s operators left out: who asked for the block, or freed it."""
        return next((name for name in self.names(stack) if not name.startswith('operator ')), '[unknown]')

    def callers(self, function):
        """The stacks whose innermost function this is."""
        return [stack for stack in self.data['stacks'] if self.caller(stack) == function]

    def one(self, function):
        """The only one of these, with all that is told of it."""
        found = self.callers(function)
        assert len(found) == 1, f'{function} allocates in {len(found)} stacks'
        return Counts(found[0])

    def threads(self, name):
        return [thread for thread in self.data['threads'] if thread.get('name') == name]

    def thread(self, name):
        found = self.threads(name)
        assert len(found) == 1, f'{len(found)} threads are named {name}'
        return Counts(found[0])

    def by_thread(self, thread, function):
        """The only stack of these that is the thread's, of a capture by thread."""
        found = [stack for stack in self.callers(function)
                 if self.data['threads'][stack['thread']]['name'] == thread]
        assert len(found) == 1, f'{function} allocates in {len(found)} stacks of {thread}'
        return Counts(found[0])

    def freed_by(self, function):
        """Who freed the blocks of a function's only stack: by the function that freed, (frees, cross_thread_frees)."""
        found = {}
        for entry in self.one(function).get('freed_by', []):
            name = self.caller(self.data['free_stacks'][entry['stack']])
            frees, crossed = found.get(name, (0, 0))
            found[name] = (frees + entry['frees'], crossed + entry['cross_thread_frees'])
        return found

    def double_frees(self):
        """Each as (function that allocated, that freed, that freed again, count); None where not known."""
        places = (('stack', 'stacks'), ('freed_by', 'free_stacks'), ('again_by', 'free_stacks'))
        return sorted((tuple(self.caller(self.data[stacks][entry[key]]) if key in entry else None for key, stacks in places)
                       + (entry['count'],) for entry in self.data.get('double_frees', [])), key=str)

    def frame(self, function):
        for frame in self.data['frames']:
            for place in [*frame.get('inlined', []), frame]:
                if place.get('function') == function:
                    return Counts(place)
        raise AssertionError(f'no frame is named {function}')

    def check_whole(self):
        reasons = {name: value for name, value in self.integrity.items() if value and name.endswith('_stacks')}
        assert not self.integrity.truncated_stacks, f'{self.path}: {reasons}'

    def check_sums(self):
        """Contract 4.6: the sum over the stacks equals the totals, in every file."""
        totals, stacks = self.totals, self.data['stacks']
        for part in [totals, self.integrity, *stacks]:
            assert not self.unknown & part.keys(), f'{self.path}: {self.unknown & part.keys()} is not known'
        for name in self.counters:
            total = {'at_peak_bytes': 'peak_bytes', 'at_peak_allocs': 'peak_allocs'}.get(name, name)
            summed = sum(stack[name] for stack in stacks)
            assert summed == totals[total], f'{self.path}: {name}: stacks {summed}, totals {totals[total]}'
        if self.capture.get('allocs_only'):
            order = [stack['allocated_bytes'] for stack in stacks]
            assert order == sorted(order, reverse=True), 'not sorted by allocated_bytes'
            return
        for part in [totals, *stacks]:
            assert part['live_bytes'] == part['allocated_bytes'] - part['freed_bytes'], part
            assert part['live_allocs'] == part['allocs'] - part['frees'], part
            assert part['peak_bytes'] >= part.get('at_peak_bytes', 0), part
            # Of several processes the peak is one's, and what lives is all of theirs.
            assert part['peak_bytes'] >= part['live_bytes'] or len(self.data.get('merged', [])) > 1, part
            assert part['live_bytes'] >= 0, part
        order = [stack['at_peak_bytes'] for stack in stacks]
        assert order == sorted(order, reverse=True), 'not sorted by at_peak_bytes'

    def check_details(self):
        """What is told of every block is told of all blocks: for each stack the histograms have as many
        sizes as allocations and as many lifetimes as frees, and the threads' figures sum up to the totals."""
        assert not self.integrity.dropped_details, self.integrity
        for stack in self.data['stacks']:
            check_spread(stack.get('sizes'), stack['allocs'])
            check_spread(stack.get('lifetime_ns'), stack['frees'])
        for name in ('allocs', 'frees', 'allocated_bytes', 'live_allocs', 'live_bytes'):
            summed = sum(thread[name] for thread in self.data['threads'])
            assert summed == self.totals[name], f'{self.path}: {name}: threads {summed}, totals {self.totals[name]}'


def holds(names, functions):
    names = iter(names)
    return all(function in names for function in functions)


def check_spread(part, n):
    """n values, in classes of their numbers of bits: the least is of the first class that has any, the
    largest of the last, and the sum is no more and no less than the classes allow."""
    if not n:
        assert not part, part
        return
    assert part, f'{n} values, and nothing is told of them'
    classes = part['log2']
    assert sum(classes) == n, f'{n} values, but {part}'
    assert classes[-1] and len(classes) == part['max'].bit_length() + 1, part
    assert next(i for i, count in enumerate(classes) if count) == part['min'].bit_length(), part
    assert part['min'] <= part['max'], part
    if 'sum' in part:
        low = sum(count * (1 << i >> 1) for i, count in enumerate(classes))
        high = sum(count * ((1 << i) - 1) for i, count in enumerate(classes))
        assert max(low, n * part['min']) <= part['sum'] <= min(high, n * part['max']), part


# --- the independent count: tests/preload/count.c ---

COUNT_FIELDS = ('allocs', 'frees', 'reallocs', 'failed_allocs', 'allocated_bytes', 'freed_bytes', 'live_allocs',
                'live_bytes', 'peak_bytes', 'peak_allocs', 'temporary_allocs', 'unmatched_frees', 'pid')


def preload():
    source, library = HERE / 'preload/count.c', BUILD / 'tests/count.so'
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        library.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([need('gcc'), '-O2', '-g', '-Wall', '-fPIC', '-shared', '-fno-builtin', '-pthread',
                        '-fno-omit-frame-pointer', '-ftls-model=initial-exec', '-o', str(library), str(source)], check=True)
    return str(library)


def counts(folder):
    """The counts of each image, by process id."""
    found = {}
    for path in glob.glob(f'{folder}/count.*'):
        data = open(path, 'rb').read(8 * len(COUNT_FIELDS))
        count = Counts(zip(COUNT_FIELDS, struct.unpack(f'{len(COUNT_FIELDS)}Q', data)))
        found.setdefault(count.pid, []).append((int(path.rsplit('.', 1)[1]), count))
    return {pid: [count for _, count in sorted(images, key=lambda image: image[0])] for pid, images in found.items()}


# --- other people's memory ---

def breakpoints(pid):
    """Functions of the mapped libc whose bytes differ from the file's: probes that were left."""
    changed = []
    for line in open(f'/proc/{pid}/maps'):
        match = re.match(r'(\w+)-(\w+) r-xp (\w+) \S+ \d+ +(/.*/libc\.so\.6)$', line)
        if not match:
            continue
        start, end, offset = (int(text, 16) for text in match.groups()[:3])
        path = f'/proc/{pid}/root{match.group(4)}'
        with open(f'/proc/{pid}/mem', 'rb') as memory, open(path, 'rb') as file:
            memory.seek(start)
            file.seek(offset)
            ours, theirs = memory.read(end - start), file.read(end - start)
        changed += [hex(i) for i in range(min(len(ours), len(theirs))) if ours[i] != theirs[i]] if ours[:len(
            theirs)] != theirs[:len(ours)] else []
    return changed
