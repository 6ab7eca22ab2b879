# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Readers that npm's registry has and Debian has not. They are fetched into build/npm and kept; nothing is installed."""
import hashlib
import io
import os
import pathlib
import subprocess
import tarfile
import tempfile

import harness


def package(name, version, sha256):
    """The folder of a package's files; skips without npm, or where its registry cannot be reached."""
    folder = harness.BUILD / 'npm' / f'{name}-{version}'
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            archive = _fetch(f'{name}@{version}', pathlib.Path(work))
            assert hashlib.sha256(archive).hexdigest() == sha256, f'{name} {version} is not the one that was read here'
            _unpack(archive, pathlib.Path(work))
            os.rename(pathlib.Path(work) / 'package', folder)
    return folder


def _fetch(what, work):
    """The archive, by npm, which knows its registry."""
    env = {**os.environ, 'HOME': str(work), 'npm_config_cache': str(work / 'cache'), 'npm_config_fetch_retries': '0',
           'npm_config_update_notifier': 'false'}
    try:
        done = subprocess.run([harness.need('npm'), 'pack', '--silent', what], cwd=work, env=env, capture_output=True,
                              text=True, timeout=40)
    except subprocess.TimeoutExpired:
        raise harness.Skip(f'npm does not come to an end with {what}') from None
    found = list(work.glob('*.tgz'))
    if done.returncode or not found:
        raise harness.Skip(f'npm cannot fetch {what}: {done.stderr.strip()[-200:]}')
    return found[0].read_bytes()


def _unpack(archive, work):
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            path = pathlib.PurePosixPath(member.name)
            assert member.isfile() and path.parts[0] == 'package' and '..' not in path.parts, member.name
            files.extract(member, work)
