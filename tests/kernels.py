# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Debian's kernels that vm.py boots, and how to get them."""
import os
import pathlib
import re
import shutil
import subprocess

import packages
from packages import Failed

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get('CAPTRACK_VM_CACHE') or HERE.parent / 'build/vm').absolute()


class Kernel:
    """Of a series the newest is taken. On one that is too old the profiler must refuse to start; without
    are cases that cannot hold on this kernel, and why."""

    def __init__(self, name, series, suites, refused=False, without=None):
        self.name, self.series, self.suites, self.refused, self.without = name, series, suites, refused, without or {}
        self.folder = CACHE / name
        self.image = self.folder / 'vmlinuz'
        self.why_missing = self.folder / 'failed'

    def package(self):
        return (self.folder / 'package').read_text().strip()


def known_kernels():
    return [Kernel('5.10', r'5\.10\.', ['bullseye', 'bullseye-security'], refused=True),
            Kernel('6.1', r'6\.1\.', ['bookworm', 'bookworm-security'],
                   without={'main_gone': 'perf uprobes, all there are before 6.6, end with the main thread'}),
            Kernel('6.12', r'6\.12\.', ['trixie', 'trixie-security']),
            Kernel('6.18', r'6\.18\.', ['trixie-backports']),
            Kernel('sid', r'\d+\.\d+\.', ['sid'])]


def fetch(kernel):
    """Puts the image and its package's name into the kernel's folder. What is there is kept."""
    if kernel.image.exists():
        return
    kernel.folder.mkdir(parents=True, exist_ok=True)
    apt = kernel.folder / 'apt'
    try:
        shutil.rmtree(apt, ignore_errors=True)
        packages.configure(apt, kernel.suites)
        # A suite may be gone from the mirror; the others may do.
        trouble = packages.run(apt, 'apt-get', '-q', 'update', check=False).stderr
        package = newest(packages.run(apt, 'apt-cache', 'pkgnames', 'linux-').stdout.split(), kernel.series)
        if not package:
            raise Failed(f"no kernel {kernel.name} in {', '.join(kernel.suites)}: {packages.last_error(trouble)}")
        packages.run(apt, 'apt-get', '-q', 'download', package)
        unpack(next(apt.glob(f'{package}_*.deb')), kernel)
        (kernel.folder / 'package').write_text(package + '\n')
        kernel.why_missing.unlink(missing_ok=True)
    except (Failed, OSError) as error:
        kernel.why_missing.write_text(f'{error}\n')
        raise Failed(str(error)) from error
    finally:
        shutil.rmtree(apt, ignore_errors=True)


def newest(names, series):
    """The image of the highest version. Where both are, linux-image is empty and depends on
    linux-binary (from 6.19 on)."""
    found = []
    for name in names:
        match = re.fullmatch(rf'linux-(image|binary)-({series}\d.*)-cloud-amd64', name)
        if match:
            version = [int(number) for number in re.findall(r'\d+', match.group(2))]
            found.append((version, match.group(1) == 'binary', name))
    return max(found)[2] if found else None


def unpack(archive, kernel):
    """The image lies in /boot, or in /usr/lib/modules in newer packages; the modules stay packed."""
    folder = archive.parent / 'unpacked'
    folder.mkdir()
    with subprocess.Popen(['dpkg', '--fsys-tarfile', archive], stdout=subprocess.PIPE) as packed:
        subprocess.run(['tar', '-x', '-C', folder, '--wildcards', '*/vmlinuz*'], stdin=packed.stdout,
                       capture_output=True)
    images = [path for path in folder.rglob('vmlinuz*') if path.is_file()]
    if len(images) != 1:
        raise Failed(f'{archive.name} holds {len(images)} images')
    os.rename(images[0], kernel.image)
