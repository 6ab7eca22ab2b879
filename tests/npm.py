# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Readers that npm's registry has and Debian has not. They are fetched into build/npm and kept; nothing is installed."""
import hashlib
import io
import os
import pathlib
import tarfile
import tempfile
import urllib.error
import urllib.request

import harness

REGISTRY = 'https://registry.npmjs.org'


def package(name, version, sha256):
    """The folder of a package's files; skips where the registry cannot be reached."""
    folder = harness.BUILD / 'npm' / f'{name}-{version}'
    if not folder.exists():
        archive = _fetch(f'{REGISTRY}/{name}/-/{name}-{version}.tgz')
        assert hashlib.sha256(archive).hexdigest() == sha256, f'{name} {version} is not the one that was read here'
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            _unpack(archive, pathlib.Path(work))
            os.rename(pathlib.Path(work) / 'package', folder)
    return folder


def _fetch(address):
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise harness.Skip(f'cannot fetch {address}: {error}') from None


def _unpack(archive, work):
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            path = pathlib.PurePosixPath(member.name)
            assert member.isfile() and path.parts[0] == 'package' and '..' not in path.parts, member.name
            files.extract(member, work)
