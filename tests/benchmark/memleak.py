# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""memleak of bcc's libbpf-tools, as Debian builds it. Debian 12 has no such package: trixie's
is unpacked into a folder of its own, with the loader and the libraries that it needs.

The folder is build/bench-cache, or $CAPTRACK_BENCH_CACHE; remove it to get a newer one.
"""
import os
import pathlib
import shutil
import subprocess

import harness
import packages

SUITES = ['trixie', 'trixie-security']
PACKAGES = ['libbpf-tools', 'libc6', 'libelf1t64', 'zlib1g', 'libzstd1']
PROGRAM = 'usr/sbin/memleak-libbpf'
LIBRARIES = 'usr/lib/x86_64-linux-gnu'


def folder():
    cache = CACHE or harness.BUILD / 'bench-cache'
    return pathlib.Path(cache).absolute() / 'memleak'


# Before the tests' environment is cleared of our variables.
CACHE = os.environ.get('CAPTRACK_BENCH_CACHE')


def command():
    """Its own loader and libc: the system's are too old for it."""
    libraries = folder() / LIBRARIES
    return [str(libraries / 'ld-linux-x86-64.so.2'), '--library-path', str(libraries), str(folder() / PROGRAM)]


def why_not():
    if not (folder() / PROGRAM).exists():
        try:
            fetch()
        except (packages.Failed, OSError, subprocess.SubprocessError) as error:
            return f'cannot be fetched: {error}'
    done = subprocess.run([*command(), '--version'], capture_output=True, text=True)
    return None if done.returncode == 0 else f'does not run: {done.stderr.strip()[:80]}'


def fetch():
    """Moved into its place when it is whole."""
    unpacked = folder().with_suffix('.new')
    apt = folder().with_suffix('.apt')
    for old in (unpacked, apt, folder()):
        shutil.rmtree(old, ignore_errors=True)
    try:
        packages.configure(apt, SUITES)
        packages.run(apt, 'apt-get', '-q', 'update')
        packages.run(apt, 'apt-get', '-q', 'download', *PACKAGES)
        for archive in apt.glob('*.deb'):
            subprocess.run(['dpkg', '-x', archive, unpacked], check=True, capture_output=True)
        os.rename(unpacked, folder())
    finally:
        shutil.rmtree(apt, ignore_errors=True)
        shutil.rmtree(unpacked, ignore_errors=True)
