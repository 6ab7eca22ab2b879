# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""COMMAND mode: the command is as it would be without us."""
import glob
import os
import pathlib
import pty
import signal
import subprocess
import time

import harness
from harness import profile


def test_exit_status_is_the_commands():
    for script, status in (('exit 0', 0), ('exit 7', 7), ('kill -TERM $$', 143), ('kill -SEGV $$', 139)):
        assert profile('sh', '-c', script).status == status, script


def test_not_found_is_127_and_not_executable_126():
    run = profile('./no-such-program')
    assert run.status == 127 and 'no-such-program' in run.stderr and not run.files, run.stderr
    pathlib.Path('data').write_text('text')
    os.chmod('data', 0o644)
    run = profile('./data')
    assert run.status == 126 and 'data' in run.stderr and not run.files, run.stderr


def test_stdio_is_untouched():
    with open('in', 'w') as file:
        file.write('some\ntext\n')
    run = profile('sh', '-c', 'cat; echo problem >&2', stdin=open('in'), options=['-q'])
    assert run.stdout == 'some\ntext\n' and run.stderr == 'problem\n', (run.stdout, run.stderr)


def test_summary_names_peak_stacks_and_file():
    run = profile(harness.target('peak'))
    for part in ('58.6 KiB', 'peak_a', 'peak.c:', run.files[0]):
        assert part in run.stderr, run.stderr
    assert max(map(len, run.stderr.splitlines())) <= 120


def test_signal_mask_and_limits_are_untouched():
    script = 'grep -v Max.pending /proc/self/limits; grep Sig[BIC] /proc/self/status'
    plain = subprocess.run(['sh', '-c', script], capture_output=True, text=True).stdout
    assert profile('sh', '-c', script).stdout == plain


def test_open_files_do_not_leak_into_it():
    run = profile('sh', '-c', 'ls /proc/self/fd | wc -l')
    plain = subprocess.run(['sh', '-c', 'ls /proc/self/fd | wc -l'], capture_output=True, text=True,
                           stdin=subprocess.DEVNULL).stdout
    assert run.stdout == plain, run.stdout


def on_terminal(words, typed, wait='ready'):
    """Runs on a terminal of its own, types when `wait` is seen; (exit status, what was shown)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(words[0], words)
    shown = b''
    end = time.monotonic() + 20
    sent = False
    while time.monotonic() < end:
        if not harness.readable(fd, 0.1):
            continue
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
        if wait.encode() in shown and not sent:
            os.write(fd, typed)
            sent = True
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors='replace')


def test_ctrl_c_reaches_the_command():
    status, shown = on_terminal([harness.TOOL, '-o', 'out', '--', 'sh', '-c', 'echo ready; sleep 30'], b'\x03')
    assert status == 130, (status, shown)
    one = harness.load(glob.glob('out/*.json')[0])
    assert one.data['state'] == 'final' and one.target.signal == 2, one.target


def test_ctrl_c_is_the_commands_to_handle():
    script = 'trap "echo caught" INT; echo ready; sleep 1; sleep 1; exit 5'
    status, shown = on_terminal([harness.TOOL, '-o', 'out', '--', 'sh', '-c', script], b'\x03')
    assert status == 5 and 'caught' in shown, (status, shown)


def test_sigterm_ends_capture_and_reaches_the_command():
    for sent in (signal.SIGTERM, signal.SIGINT):
        tool = harness.start_tool('-o', f'out{sent}', '--', 'sh', '-c', f'trap "exit 9" {sent.name[3:]}; echo ready; sleep 30 >/dev/null 2>&1 & wait')
        tool.stdout.readline()
        run = harness.finish(tool, sent, folder=f'out{sent}')
        assert run.status == 9, (run.status, run.stderr)
        assert run.profile.data['state'] == 'final' and run.profile.data['reason'] == 'signal'


def test_command_that_ignores_the_signal_is_waited_for_aloud():
    tool = harness.start_tool('-o', 'out', '--', 'sh', '-c', 'trap "" INT; ' + harness.target('leak') + '; sleep 3; exit 4')
    time.sleep(1)
    tool.send_signal(signal.SIGINT)
    assert tool.wait(20) == 4
    assert 'waiting for the command' in tool.communicate()[1]


def test_duration_leaves_it_running():
    begin = time.monotonic()
    run = profile('sh', '-c', 'sleep 1; exit 3', options=['-d', '0.3'])
    assert run.status == 3 and time.monotonic() - begin >= 1
    assert run.profile.data['reason'] == 'detach' and run.profile.capture.duration_ms < 900


def test_user():
    run = profile('sh', '-c', 'id -un; id -gn; id -Gn', options=['--user', 'nobody'])
    assert run.stdout.split() == ['nobody', 'nogroup', 'nogroup'], run.stdout
    assert os.stat(run.files[0]).st_uid == 0
    run = profile('true', options=['--user', 'no-such-user'])
    assert run.status == 125 and 'no-such-user' in run.stderr


def test_profile_belongs_to_the_user_behind_sudo():
    run = profile('true', env={'SUDO_UID': '65534', 'SUDO_GID': '65534'}, folder='deep/er')
    state = os.stat(run.files[0])
    assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (65534, 65534, 0o600)
    assert os.stat('deep').st_uid == os.stat('deep/er').st_uid == 65534


def test_static_program_runs_without_a_profile():
    busybox = harness.need('busybox')
    if b'INTERP' in subprocess.run([harness.need('readelf'), '-lW', busybox], capture_output=True).stdout:
        raise harness.Skip('busybox is not static here')
    run = profile(busybox, 'sh', '-c', 'exit 4')
    assert run.status == 4 and 'static' in run.stderr and not run.files, run.stderr


def test_program_without_libc_runs_without_a_profile():
    pathlib.Path('bare.c').write_text('''
        void _start(void) { __asm__("mov $60, %eax; mov $6, %edi; syscall"); }''')
    subprocess.run([harness.need('gcc'), '-nostdlib', '-pie', '-o', 'bare', 'bare.c'], check=True)
    run = profile('./bare')
    assert run.status == 6 and 'profile' in run.stderr and not run.files, run.stderr


def test_32_bit_program_runs_without_a_profile():
    pathlib.Path('bare.c').write_text('''
        void _start(void) { __asm__("mov $1, %eax; mov $6, %ebx; int $0x80"); }''')
    made = subprocess.run([harness.need('gcc'), '-m32', '-nostdlib', '-static', '-o', 'bare', 'bare.c'], capture_output=True)
    if made.returncode:
        raise harness.Skip('this gcc makes no 32-bit programs')
    try:
        subprocess.run(['./bare'])
    except OSError:
        raise harness.Skip('this kernel runs no 32-bit programs')
    run = profile('./bare')
    assert run.status == 6 and '32-bit' in run.stderr, run.stderr


def test_script_is_profiled_as_its_interpreter():
    pathlib.Path('script').write_text('#!/bin/sh\nexit 2\n')
    os.chmod('script', 0o755)
    run = profile('./script')
    assert run.status == 2 and 'sh' in run.profile.target.exe


def test_another_root_with_a_libc_of_its_own():
    """chroot: the libc is found by what the process maps, not by its path."""
    program = harness.target('leak')
    listed = subprocess.run(['ldd', program], capture_output=True, text=True).stdout
    for path in [word for line in listed.splitlines() for word in line.split() if word.startswith('/')]:
        os.makedirs('root' + os.path.dirname(path), exist_ok=True)
        subprocess.run(['cp', '-L', path, 'root' + path], check=True)
    subprocess.run(['cp', program, 'root/leak'], check=True)
    run = profile('chroot', 'root', '/leak')
    last = run.profiles[-1]
    assert run.status == 0 and last.target.exe.endswith('/leak'), run.stderr


def test_both_ways_to_attach_say_the_same():
    """Multi-uprobe links and perf uprobes, the second forced."""
    totals = []
    for env in ({}, {'CAPTRACK_ATTACH': 'perf'}):
        run = profile(harness.target('realloc'), env=env, folder=f'out{len(env)}')
        totals.append({k: v for k, v in run.profile.totals.items() if k != 'peak_ms'})
    assert totals[0] == totals[1], totals


def test_end_of_the_main_thread_is_told_where_probes_end_with_it():
    run = profile(harness.target('main_gone'), env={'CAPTRACK_ATTACH': 'perf'})
    assert run.profile.integrity.main_thread_gone == 1 and 'main thread' in run.stderr, run.stderr
    run = profile(harness.target('leak'), env={'CAPTRACK_ATTACH': 'perf'}, folder='second')
    assert run.profile.integrity.main_thread_gone == 0


def test_another_malloc_in_the_process_is_told():
    pathlib.Path('own.c').write_text("""
        #include <stddef.h>
        static char heap[1 << 20];
        static size_t used;
        void *malloc(size_t n) { void *p = heap + used; used += n + 15 & ~15ul; return p; }
        void free(void *p) { (void)p; }""")
    subprocess.run([harness.need('gcc'), '-fno-builtin', '-shared', '-fPIC', '-o', 'own.so', 'own.c'], check=True)
    # It has to live until the loader has looked at it.
    run = profile('env', f'LD_PRELOAD={os.getcwd()}/own.so', 'sleep', '0.5')
    assert run.status == 0 and 'own.so has a malloc of its own' in run.stderr, run.stderr
    assert 'of its own' not in profile(harness.target('leak'), folder='second').stderr
