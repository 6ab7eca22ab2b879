# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A page in a headless Chromium, by the WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import harness

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'  # the standard's name for a reference
KEYS = {'Tab': '\ue004', 'Enter': '\ue007', 'Escape': '\ue00c', 'Space': '\ue00d', 'End': '\ue010', 'Home': '\ue011',
        'Left': '\ue012', 'Up': '\ue013', 'Right': '\ue014', 'Down': '\ue015', 'PageDown': '\ue00f', 'PageUp': '\ue00e'}


class Browser:
    """with Browser() as page: page.open('x.html'); page.click('button.live'); page.text('h1')"""

    def __init__(self, width=1280, height=900, dark=False):
        harness.need('chromium')
        driver = harness.need('chromedriver')
        # Not the test's folder, in which it may leave sockets and locks.
        self.folder = tempfile.mkdtemp(prefix='browser-', dir=harness.ROOT)
        self.driver = subprocess.Popen(
            [driver, '--port=0'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, 'HOME': self.folder, 'TMPDIR': self.folder})
        try:
            self.base = f'http://127.0.0.1:{self._read_port()}'
            self.session = ''
            self.session = '/session/' + self._ask('POST', '/session', {'capabilities': {'alwaysMatch': {
                'goog:loggingPrefs': {'browser': 'ALL'},
                'goog:chromeOptions': {'args': [
                    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                    f'--window-size={width},{height}', f'--user-data-dir={self.folder}/data',
                    '--blink-settings=preferredColorScheme=' + ('0' if dark else '1')]}}}})['sessionId']
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.driver.pid, signal.SIGKILL)  # the browser is in the driver's group
        self.driver.wait()
        self.driver.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read_port(self):
        end, said = time.monotonic() + 20, b''
        while time.monotonic() < end and harness.readable(self.driver.stdout, end - time.monotonic()):
            more = os.read(self.driver.stdout.fileno(), 4096)  # a reader of lines would hide from select() what it has read ahead
            said += more
            found = re.search(rb'successfully on port (\d+)', said)
            if found:
                return int(found[1])
            if not more:
                break
        raise AssertionError(f'chromedriver told no port: {said}')

    def _ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + self.session + path, data, method=method,
                                         headers={'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            raise AssertionError(f'{method} {path}: {json.load(error)["value"]["message"]}') from None

    def open(self, path, fragment=''):
        """A file, by its path. What differs from the page that is open by the fragment alone is not loaded again."""
        self._ask('POST', '/url', {'url': pathlib.Path(path).resolve().as_uri() + fragment})

    def run(self, script, *args):
        """The value that a function body returns."""
        return self._ask('POST', '/execute/sync', {'script': script, 'args': list(args)})

    def wait(self, script, seconds=10):
        """Until the function body returns something true; that."""
        return harness.wait_for(lambda: self.run(script), seconds, script)

    def find(self, css):
        return self._ask('POST', '/element', {'using': 'css selector', 'value': css})[ELEMENT]

    def click(self, css):
        self._ask('POST', f'/element/{self.find(css)}/click', {})

    def type(self, css, text):
        self._ask('POST', f'/element/{self.find(css)}/value', {'text': text})

    def point(self, css, x, y, click=False):
        """The mouse to a place in an element, from its left and top edge."""
        left, top = self.run('const element = document.querySelector(arguments[0]); element.scrollIntoView({block: "center"});'
                             'const box = element.getBoundingClientRect(); return [box.left, box.top]', css)
        actions = [{'type': 'pointerMove', 'duration': 0, 'x': round(left + x), 'y': round(top + y), 'origin': 'viewport'}]
        if click:
            actions += [{'type': 'pointerDown', 'button': 0}, {'type': 'pointerUp', 'button': 0}]
        self._ask('POST', '/actions', {'actions': [
            {'type': 'pointer', 'id': 'mouse', 'parameters': {'pointerType': 'mouse'}, 'actions': actions}]})

    def press(self, *keys):
        """Keys by their names in KEYS, to what has the focus."""
        actions = [{'type': move, 'value': KEYS[key]} for key in keys for move in ('keyDown', 'keyUp')]
        self._ask('POST', '/actions', {'actions': [{'type': 'key', 'id': 'keys', 'actions': actions}]})

    def text(self, css):
        return self._ask('GET', f'/element/{self.find(css)}/text')

    def texts(self, css):
        return self.run('return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)', css)

    def errors(self):
        """What the console was told that is an error, since the last time."""
        log = self._ask('POST', '/se/log', {'type': 'browser'})
        return [line['message'] for line in log if line['level'] == 'SEVERE']

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self._ask('GET', '/screenshot')))
