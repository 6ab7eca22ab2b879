# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The known answers on Debian's kernels, in qemu. The guest has what the profiler and the
targets need, at the same paths as here, and a busybox; it runs the profiles and sends the files
out, and they are judged here as those of known.py are. Needs no root.
"""
import os
import pathlib
import platform
import re
import shlex
import shutil
import stat
import subprocess
import tarfile

import harness
import kernels
import known

GUEST = harness.HERE / 'vm'
LIMIT = 240  # seconds for one guest, which may be tried twice
PROGRAMS = ('/usr/bin/env', '/bin/true')  # that cases start


def tests():
    for kernel in kernels.known_kernels():
        yield f'vm/{kernel.name}', lambda kernel=kernel: check(kernel), 2 * LIMIT + 10


def check(kernel):
    """Boots the kernel, and once more where the guest was lost; returns a remark."""
    why_not(kernel)
    cases, judge = known_cases(), judge_known
    for name in kernel.without:
        del cases[name]
    if kernel.refused:
        cases, judge = {'leak': cases['leak']}, judge_refused
    files = guest_files(cases)
    remark = f'{kernel.package()}, {len(cases)} cases'
    remark += ''.join(f', {name} left out: {why}' for name, why in kernel.without.items())
    try:
        guest = Guest(kernel, files)
    except Lost as lost:
        remark += f', on the second try (first: {lost})'
        try:
            guest = Guest(kernel, files)
        except Lost as again:
            raise AssertionError(f'{remark}: {again}') from None
    failures = guest.warnings() + [why for name, case in cases.items() for why in [judge(guest, name, case)] if why]
    assert not failures, f"{remark}: {'; '.join(failures)}"
    return remark


def why_not(kernel):
    if platform.machine() != 'x86_64':
        raise harness.Skip('the kernels are for x86-64')
    harness.need('qemu-system-x86_64')
    if libraries(harness.need('busybox')):
        raise harness.Skip('busybox is not static: install busybox-static')
    if not kernel.image.exists():
        reason = kernel.why_missing.read_text().strip() if kernel.why_missing.exists() else 'not fetched'
        raise harness.Skip(f'{reason} (scripts/vmtest --fetch {kernel.name})')


# --- the cases ---

def known_cases():
    cases = {source.stem: known.Known(source, harness.BUILD) for source in sorted(harness.HERE.glob('targets/*.c*'))}
    return {name: case for name, case in cases.items() if case.expects}


def judge_known(guest, name, case):
    try:
        case.judge(guest.run(name), guest.out / name)
    except Exception as error:
        return f'{name}: {type(error).__name__}: {error}'
    return None


def judge_refused(guest, name, _):
    """The profiler cannot start, and says which kernel it needs."""
    run = guest.run(name)
    if run.status == 125 and not run.files and re.fullmatch(r'captrack-bpf: .*Linux 6\.1 or later.*\n', run.stderr):
        return None
    return f'exit status {run.status}, {len(run.files)} profiles: {run.stderr}'


# --- what the guest has ---

def guest_files(cases):
    """An initramfs, as bytes."""
    files = Archive()
    programs = [harness.TOOL, *PROGRAMS]
    for name, case in cases.items():
        words = case.command()
        programs += case.programs()
        command = shlex.join([harness.TOOL, '-o', 'out', *case.options(), '--', *words])
        files.add(f'vm/cases/{name}', stat.S_IFREG | 0o644, f'exec {command}\n'.encode())
    for program in programs:
        for path in (program, *libraries(program)):
            files.copy(path)
    files.add('vm/busybox', stat.S_IFREG | 0o755, pathlib.Path(harness.need('busybox')).read_bytes())
    files.add('init', stat.S_IFREG | 0o755, (GUEST / 'init').read_bytes())
    return files.end()


def libraries(program):
    """What ldd says, the loader too; nothing for a static program."""
    done = subprocess.run(['ldd', program], capture_output=True, text=True)
    return re.findall(r'(/\S+) \(0x', done.stdout)


class Archive:
    """A cpio archive as the kernel reads it (Documentation/driver-api/early-userspace)."""

    def __init__(self):
        self.data, self.names = bytearray(), set()

    def add(self, name, mode, content=b''):
        if name in self.names:
            return
        parent = os.path.dirname(name)
        if parent:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.names.add(name)
        links = 2 if stat.S_ISDIR(mode) else 1
        path = name.encode() + b'\0'
        fields = (len(self.names), mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(path), 0)
        self.data += b'070701' + b''.join(b'%08X' % field for field in fields) + path
        self.pad()
        self.data += content
        self.pad()

    def pad(self):
        self.data += bytes(-len(self.data) % 4)

    def copy(self, path):
        """The file at its path, and the links that lead to it, as /lib and libc.so.6 may be."""
        done = '/'
        for part in pathlib.Path(path).parts[1:]:
            here = os.path.join(done, part)
            if os.path.islink(here):
                self.add(here[1:], stat.S_IFLNK | 0o777, os.readlink(here).encode())
                self.copy(os.path.normpath(os.path.join(done, os.readlink(here))))
                here = os.path.realpath(here)
            done = here
        if os.path.isfile(done):
            self.add(done[1:], stat.S_IFREG | 0o755, pathlib.Path(done).read_bytes())

    def end(self):
        self.add('TRAILER!!!', 0)
        return bytes(self.data)


# --- the guest ---

class Lost(AssertionError):
    """The guest did not get to its end, and its kernel does not say why."""


class Guest:
    """One boot, from start to end."""

    def __init__(self, kernel, files):
        self.out = pathlib.Path('out').absolute()
        shutil.rmtree(self.out, ignore_errors=True)
        self.log = harness.BUILD / f'tests/vm-{kernel.name}.log'  # stays, to be read
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b'')
        pathlib.Path('initramfs').write_bytes(files)
        # Without KVM, which may be there and yet hang. With a host thread for each CPU, QEMU 7.2 loses one boot
        # in ten to cmpxchg16b, and Linux 7.2 every other to its patching of code; without cmpxchg16b, BPF
        # programs have no memory for task storage from 7.x on.
        command = ['qemu-system-x86_64', '-accel', 'tcg,thread=single', '-cpu', 'max', '-smp', '2', '-m', '2G',
                   '-nodefaults', '-no-user-config', '-nographic', '-no-reboot', '-kernel', kernel.image,
                   '-initrd', 'initramfs', '-append', 'console=ttyS0 oops=panic panic=-1',
                   '-serial', f'file:{self.log}', '-serial', 'file:results']
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
            end = f"ended early, qemu's status {done.returncode} {done.stderr.strip()}".strip()
        except subprocess.TimeoutExpired:
            end = f'not done after {LIMIT} s'
        if not re.search(r'^vm: complete\r?$', self.console(), re.M):
            where = self.last_case()
            assert not self.warnings(), f"{kernel.package()}, {where}: {'; '.join(self.warnings())} ({self.log})"
            kept = self.log.rename(self.log.with_suffix('.lost'))
            raise Lost(f'{end}, {where} ({kept})')
        with tarfile.open('results') as results:
            results.extractall(self.out)

    def console(self):
        return self.log.read_text(errors='replace')

    def last_case(self):
        return (['before the first case'] + re.findall(r'^vm: (case \w+)', self.console(), re.M))[-1]

    def warnings(self):
        """Of the kernel, once the cases have begun: how it boots is not our business."""
        return harness.warnings_in(self.console().partition('vm: case')[2])

    def run(self, name):
        folder = self.out / name
        files = ('status', 'stdout', 'stderr')
        status, stdout, stderr = [(folder / file).read_text(errors='replace') for file in files]
        run = harness.Run(int(status), stdout, stderr, folder / 'out')
        for profile in run.profiles:
            profile.check_sums()
        return run
