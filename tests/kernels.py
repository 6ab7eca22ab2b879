# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Debian's kernels that vm.py boots, and how to get them: downloaded and unpacked, never installed.

apt works with sources, lists and a state of its own, so the system's stay as they are. It keeps
the system's proxy, and the mirror is the one that the system's sources name.
"""
import os
import pathlib
import re
import shutil
import subprocess

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


class Failed(Exception):
    """The kernel could not be fetched; the text says why."""


def fetch(kernel):
    """Puts the image and its package's name into the kernel's folder. What is there is kept."""
    if kernel.image.exists():
        return
    kernel.folder.mkdir(parents=True, exist_ok=True)
    apt = kernel.folder / 'apt'
    try:
        shutil.rmtree(apt, ignore_errors=True)
        configure(apt, kernel.suites)
        # A suite may be gone from the mirror; the others may do.
        trouble = run(apt, 'apt-get', '-q', 'update', check=False).stderr
        package = newest(run(apt, 'apt-cache', 'pkgnames', 'linux-').stdout.split(), kernel.series)
        if not package:
            raise Failed(f"no kernel {kernel.name} in {', '.join(kernel.suites)}: {last_error(trouble)}")
        run(apt, 'apt-get', '-q', 'download', package)
        unpack(next(apt.glob(f'{package}_*.deb')), kernel)
        (kernel.folder / 'package').write_text(package + '\n')
        kernel.why_missing.unlink(missing_ok=True)
    except (Failed, OSError) as error:
        kernel.why_missing.write_text(f'{error}\n')
        raise Failed(str(error)) from error
    finally:
        shutil.rmtree(apt, ignore_errors=True)


def configure(apt, suites):
    for folder in ('state/lists/partial', 'cache/archives/partial'):
        (apt / folder).mkdir(parents=True)
    keys = next(iter(sorted(pathlib.Path('/usr/share/keyrings').glob('debian-archive-keyring.[gp]*'))), None)
    if not keys:
        raise Failed("Debian's keys are not here: install debian-archive-keyring")
    sources = [f'deb [arch=amd64 target=Packages signed-by={keys}] {mirror} {suite} main\n'
               for suite in suites for mirror in mirrors(suite.endswith('-security'))]
    if not sources:
        raise Failed("apt's sources name no mirror of Debian")
    (apt / 'sources.list').write_text(''.join(sources))
    (apt / 'status').write_text('')
    (apt / 'apt.conf').write_text(f'''
Dir::Etc::SourceList "{apt}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{apt}/state";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}/cache";
Acquire::Languages "none";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
# Others' hooks would touch what is theirs.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
''')


def mirrors(security):
    """Where the system's sources have some suite of Debian (or its security updates). A third
    party may use the names of Debian's suites too: apt then finds no signature of Debian's."""
    suites = 'bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable'
    pattern = f"^'([^']+)/dists/(?:{suites}){'-security' if security else ''}/InRelease'"
    try:
        done = subprocess.run(['apt-get', '--print-uris', 'update'], capture_output=True, text=True)
    except FileNotFoundError:
        raise Failed('this is no Debian: there is no apt-get') from None
    return sorted(set(re.findall(pattern, done.stdout, re.M)))


def run(apt, program, *words, check=True):
    try:
        done = subprocess.run([program, '-c', apt / 'apt.conf', *words], capture_output=True, text=True,
                              errors='replace', cwd=apt, timeout=300, env={**os.environ, 'LC_ALL': 'C'})
    except subprocess.TimeoutExpired:
        raise Failed(f'{program} {words[-1]} took longer than 300 s') from None
    if check and done.returncode:
        raise Failed(f'{program}: {last_error(done.stderr)}')
    return done


def last_error(text):
    errors = [line for line in text.splitlines() if line.startswith(('E:', 'W:'))]
    return errors[0] if errors else 'apt tells no reason'


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
