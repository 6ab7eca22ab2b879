# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Debian's packages of any suite: downloaded and unpacked, never installed.

apt works with sources, lists and a state of its own, so the system's stay as they are. It keeps
the system's proxy, and the mirror is the one that the system's sources name.
"""
import os
import pathlib
import re
import subprocess


class Failed(Exception):
    """Something could not be fetched; the text says why."""


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
