# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Where probes sit: in the profile, by doctor, and with the same answers at the entries."""
import os
import re
import subprocess

import harness
import known


def doctor(*words, status=0):
    done = subprocess.run([harness.TOOL, 'doctor', *map(str, words)], capture_output=True, text=True, timeout=20)
    assert done.returncode == status, f'doctor {words}: exit status {done.returncode}: {done.stdout}{done.stderr}'
    return done


def table(text):
    """Doctor's rows: function -> address, offset in the function, verdict."""
    rows = re.findall(r'^  (\w+) +(0x[0-9a-f]+)  \+(\d+) +.*  (emulated|single-stepped)  ', text, re.M)
    return {name: (int(address, 16), int(offset), verdict) for name, address, offset, verdict in rows}


def mapped_libc():
    return next(line.split()[-1] for line in open('/proc/self/maps') if line.rstrip().endswith('/libc.so.6'))


def probes(profile):
    return {(probe['function'], probe['kind']): probe for probe in profile.capture.probes}


def test_malloc_and_free_are_emulated():
    sessions = False
    for attach in ('', 'multi', 'perf'):
        found = probes(harness.profile(harness.target('leak'), env={'CAPTRACK_ATTACH': attach}, folder=f'out-{attach}').profile)
        assert found['free', 'entry']['emulated'] is True, found
        kinds = {kind for name, kind in found if name == 'malloc' and found[name, kind]['emulated']}
        sessions |= kinds == {'session'}
        assert kinds == {'entry', 'return'} or (attach == '' and kinds == {'session'}), (attach, found)
    return 'with sessions' if sessions else 'this kernel has no sessions'


def test_the_profile_has_what_doctor_says():
    rows = table(doctor(mapped_libc()).stdout)
    found = probes(harness.profile(harness.target('leak')).profile)
    entries = {name for name, kind in found if kind != 'return'}
    assert entries == set(rows) and {'malloc', 'calloc', 'realloc', 'free'} <= entries, (entries, rows)
    for (name, _), probe in found.items():
        address, offset, verdict = rows[name]
        assert int(probe['site_offset'], 16) == address + offset, (name, probe, rows[name])
        assert probe['emulated'] == (verdict == 'emulated'), (name, probe, rows[name])


def test_known_answers_with_probes_at_the_entries():
    """The same figures wherever the probes sit; free(NULL), unmatched and internal frees among them."""
    rows = table(doctor(mapped_libc()).stdout)
    for name in ('kinds', 'realloc', 'threads', 'aliases', 'places_host'):
        case = known.Known(next(harness.HERE.glob(f'targets/{name}.c')), harness.BUILD)
        run = harness.profile(*case.command(), env={'CAPTRACK_SITES': 'entry'}, folder=name)
        case.judge(run, '.')
        libc = [probe for probe in run.profile.capture.probes
                if run.profile.data['objects'][probe['object']]['path'].endswith('/libc.so.6')]
        for probe in libc:
            assert int(probe['site_offset'], 16) == rows[probe['function']][0], probe


def test_doctor_of_a_process():
    with subprocess.Popen(['sleep', '60']) as process:
        harness.wait_for(lambda: 'sleep' in os.readlink(f'/proc/{process.pid}/exe') and '/libc.so.6' in open(
            f'/proc/{process.pid}/maps').read(), 5, 'sleep to be loaded')
        text = doctor(process.pid).stdout
        process.kill()
    assert text.startswith(mapped_libc() + ': glibc\n') and text.count('glibc') == 1, text
    assert table(text) == table(doctor(mapped_libc()).stdout), text
    assert 'no process' in doctor(process.pid, status=1).stderr


def test_doctor_of_what_has_no_allocator():
    open('text', 'w').write('no ELF file\n')
    open('empty', 'w').close()
    os.mkfifo('pipe')
    for word, answer in (('text', 'is no ELF file'), ('empty', 'is no ELF file'), ('pipe', 'not a regular file'),
                         ('.', 'not a regular file'), ('none', 'No such file'), (harness.TOOL, 'ldd'),
                         (harness.preload(), 'malloc of its own')):
        done = doctor(word, status=1)
        assert answer in done.stderr and not done.stdout and done.stderr.count('\n') == 1, (word, done.stderr)


def test_doctor_is_used_wrongly():
    for words in ((), ('1', '2'), ('--what',)):
        assert 'doctor --help' in doctor(*words, status=2).stderr
    assert 'doctor PID|FILE' in doctor('--help').stdout
    with open('/dev/full', 'w') as full:
        done = subprocess.run([harness.TOOL, 'doctor', mapped_libc()], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and 'cannot write' in done.stderr, done.stderr
