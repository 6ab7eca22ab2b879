# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""-p: a process that runs already, and goes on when we are gone."""
import glob
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import harness


class Target:
    """A target of ours that runs until the end of the block; it answers on its stdout."""

    def __init__(self, *words):
        self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def alive(self):
        """It still does its work: the counter that it writes moves on."""
        def ticks():
            return int(open(f'/proc/{self.pid}/stat').read().rsplit(')', 1)[1].split()[11])
        before = ticks()
        harness.wait_for(lambda: ticks() > before, 5, 'the target to go on')
        return self.process.poll() is None


def test_attach_and_detach():
    with Target(harness.target('busy'), '4') as target:
        time.sleep(0.3)
        run = harness.finish(harness.attach(target.pid, '-d', '1'))
        one = run.profile
        assert run.status == 0 and one.data['reason'] == 'detach' and one.target.attached == 'running', run.stderr
        assert one.totals.allocs > 1000 and one.integrity.missed_frees == 0, one.totals
        one.check_sums()
        assert target.alive() and not harness.breakpoints(target.pid)
        assert 'warning: unmatched' not in run.stderr and 'before the capture are not counted' in run.stderr, run.stderr


def test_ctrl_c_ends_the_capture_only():
    for sent in (signal.SIGINT, signal.SIGTERM):
        with Target(harness.target('busy'), '2') as target:
            run = harness.finish(harness.attach(target.pid, folder=f'out{sent}'), sent, folder=f'out{sent}')
            assert run.status == 0 and run.profile.data['reason'] == 'signal', run.stderr
            assert target.alive() and not harness.breakpoints(target.pid)


def test_end_of_the_target_ends_the_capture():
    with Target(harness.target('busy'), '1', '1') as target:
        run = harness.finish(harness.attach(target.pid))
        assert run.status == 0 and run.profile.data['reason'] == 'exit' and run.profile.data['state'] == 'final'


def test_several_processes():
    with Target(harness.target('busy'), '1') as one, Target(harness.target('busy'), '2') as two:
        tool = harness.start_tool('-o', 'out', '-d', '1', '-p', one.pid, '-p', two.pid)
        run = harness.finish(tool)
        assert run.status == 0 and {p.target.pid for p in run.profiles} == {one.pid, two.pid}, run.stderr
        for profile in run.profiles:
            profile.check_sums()
            assert profile.totals.allocs > 100
        one.process.kill()
        tool = harness.start_tool('-o', 'second', '-d', '1', '-p', two.pid, '-p', one.pid)
        run = harness.finish(tool, folder='second')
        assert run.status == 1 and str(one.pid) in run.stderr and not run.files, run.stderr


def test_errors_say_what_and_why():
    ended = subprocess.Popen(['true'])
    ended.wait()
    zombie = subprocess.Popen(['true'])
    time.sleep(0.1)
    for pid, part in ((ended.pid, 'no process'), (zombie.pid, 'ended'), (2, 'kernel thread')):
        done = subprocess.run([harness.TOOL, '-o', 'out', '-p', str(pid)], capture_output=True, text=True)
        assert done.returncode == 1 and part in done.stderr and str(pid) in done.stderr, done
    zombie.wait()
    busybox = harness.need('busybox')
    with Target(busybox, 'sleep', '20') as target:
        done = subprocess.run([harness.TOOL, '-o', 'out', '-p', str(target.pid)], capture_output=True, text=True)
        assert done.returncode == 1 and 'no allocator' in done.stderr, done
    assert not glob.glob('out/*')


def test_without_the_right_to():
    setpriv = harness.need('setpriv')
    os.chmod('.', 0o777)
    with Target(harness.target('busy'), '1') as target:
        for words in (['-p', str(target.pid)], ['--', 'true']):
            done = subprocess.run([setpriv, '--reuid=65534', '--regid=65534', '--clear-groups', harness.TOOL, *words],
                                  capture_output=True, text=True)
            assert done.returncode == 125 and 'root' in done.stderr and 'sudo' in done.stderr, done
    assert not glob.glob('captrack-profiles')


def test_another_mount_namespace():
    unshare = harness.need('unshare')
    if subprocess.run([unshare, '--mount', 'true'], capture_output=True).returncode:
        raise harness.Skip('no mount namespace can be made here')
    os.mkdir('lib')
    libc = next(line.split()[-1] for line in open('/proc/self/maps') if line.rstrip().endswith('libc.so.6'))
    script = f'mount -t tmpfs none lib && cp {libc} lib/ && exec env LD_LIBRARY_PATH=$PWD/lib {harness.target("busy")} 1'
    with Target(unshare, '--mount', 'sh', '-c', script) as target:
        harness.wait_for(lambda: 'busy' in os.readlink(f'/proc/{target.pid}/exe'))
        time.sleep(0.3)
        run = harness.finish(harness.attach(target.pid, '-d', '0.5'))
        one = run.profile
        paths = [one.data['objects'][probe['object']]['path'] for probe in one.capture.probes]
        assert one.totals.allocs > 100 and set(paths) == {f'{os.getcwd()}/lib/libc.so.6'}, set(paths)
        assert one.stack('step').allocs > 100
        one.check_whole()


def test_deleted_libc_and_program():
    libc = next(line.split()[-1] for line in open('/proc/self/maps') if line.rstrip().endswith('libc.so.6'))
    os.mkdir('lib')
    subprocess.run(['cp', libc, 'lib/libc.so.6'], check=True)
    subprocess.run(['cp', harness.target('busy'), 'busy'], check=True)
    with Target('env', 'LD_LIBRARY_PATH=lib', './busy', '1') as target:
        time.sleep(0.3)
        os.unlink('busy')
        os.unlink('lib/libc.so.6')
        one = harness.finish(harness.attach(target.pid, '-d', '0.5')).profile
        assert one.totals.allocs > 100 and one.target.exe.endswith('/busy')
        assert one.stack('step').allocs > 100
        one.check_whole()


def test_killed_profiler_leaves_nothing():
    """kill -9 at a random moment, 50 times: the target goes on without a breakpoint, each file
    is whole, and the next run takes away what was left."""
    with Target(harness.target('busy'), '2') as target:
        for _ in range(50):
            tool = harness.start_tool('-o', 'out', '-i', '10', '-q', '-p', target.pid)
            time.sleep(random.uniform(0.02, 0.5))
            tool.kill()
            tool.communicate()
            for path in glob.glob('out/*.json'):
                harness.load(path)
        harness.wait_for(lambda: not harness.breakpoints(target.pid), 10, 'the breakpoints to go')
        assert target.alive()
        pathlib.Path('out/.profile-x-1-1.json.4194303.tmp').write_text('half')
        run = harness.finish(harness.attach(target.pid, '-d', '0.3'))
        assert run.status == 0 and not [name for name in os.listdir('out') if name.endswith('.tmp')]
        assert target.alive() and not harness.breakpoints(target.pid)


test_killed_profiler_leaves_nothing.limit = 150


def test_reused_pid_is_another_capture():
    """Two processes with one id, one after the other: two files."""
    last = pathlib.Path('/proc/sys/kernel/ns_last_pid')
    if not last.exists():
        raise harness.Skip('this kernel cannot choose a process id')
    names, wanted = set(), None
    for _ in range(2):
        for _ in range(20):
            if wanted:
                last.write_text(str(wanted - 1))
            with Target(harness.target('busy'), '1') as target:
                if wanted and target.pid != wanted:
                    continue
                wanted = target.pid
                run = harness.finish(harness.attach(target.pid, '-d', '0.2'))
                names.update(map(os.path.basename, run.files))
                break
        else:
            raise harness.Skip('the process id was taken each time')
    assert len(names) == 2, names


def test_server_under_load():
    """nginx answers all along, and has no breakpoint afterwards."""
    nginx = harness.need('nginx')
    here = os.getcwd()
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    os.mkdir('html')
    pathlib.Path('html/index.html').write_text('x' * 2000)
    pathlib.Path('nginx.conf').write_text(f'''
        daemon off; master_process off; pid {here}/pid; error_log {here}/error.log; user root;
        events {{ worker_connections 64; }}
        http {{ access_log off; gzip on; gzip_min_length 1; gzip_types *; keepalive_timeout 0;
                client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c;
                uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;
                server {{ listen 127.0.0.1:{port}; root {here}/html; }} }}''')
    with Target(nginx, '-p', here, '-c', f'{here}/nginx.conf') as target:
        url = f'http://127.0.0.1:{port}/'
        answers, failures, stop = [], [], threading.Event()

        def ask():
            while not stop.is_set() and len(answers) < 20000:
                try:
                    request = urllib.request.Request(url, headers={'Accept-Encoding': 'gzip'})
                    with urllib.request.urlopen(request, timeout=5) as answer:
                        answers.append(answer.status)
                except OSError as error:
                    failures.append(error)

        def up():
            try:
                return urllib.request.urlopen(url, timeout=1)
            except OSError:
                return None
        harness.wait_for(up, 5, 'nginx')
        client = threading.Thread(target=ask)
        client.start()
        tool = harness.attach(target.pid, '-d', '5')
        before = len(answers)
        run = harness.finish(tool)
        during = len(answers) - before
        time.sleep(0.3)
        stop.set()
        client.join()
        assert run.status == 0 and not failures and during > 100, (failures[:3], during)
        assert run.profile.totals.allocs > during, run.profile.totals
        assert target.process.poll() is None and not harness.breakpoints(target.pid)
