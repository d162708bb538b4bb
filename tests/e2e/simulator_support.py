# SPDX-License-Identifier: Apache-2.0
"""Starts the payment provider's stand-in for one test and reads its books."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from bringup import ROOT

TOKEN = "EAAA-test-token"


def binary(name):
    """The newest build of a daemon, or the one in $SEATLOG_BIN."""
    chosen = os.environ.get("SEATLOG_BIN")
    found = [pathlib.Path(chosen) / name] if chosen else \
        [*ROOT.glob(f"build*/bin/{name}"), *ROOT.glob(f"build/*/bin/{name}")]
    found = [path for path in found if path.exists()]
    assert found, f"{name} is not built"
    return max(found, key=lambda path: path.stat().st_mtime)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_books(path):
    """Every action in the order it was taken; a line that is being written is none yet."""
    whole, _, _ = pathlib.Path(path).read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


class Simulator:
    def __init__(self, directory, port=None, **options):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.options = {"admin": "yes", "access_token": TOKEN, **options}
        self.process = None

    def start(self):
        flags = [f"--{name}={value}" for name, value in self.options.items()]
        log = open(self.directory / "simulator.log", "ab")
        self.process = subprocess.Popen(
            [binary("seatlog-payment-simulator"), f"--listen=127.0.0.1:{self.port}",
             f"--books={self.directory}", *flags],
            stderr=log, stdout=log)
        for _ in range(200):
            try:
                self.call("GET", "/admin/behaviour")
                return self
            except OSError:
                assert self.process.poll() is None, (self.directory / "simulator.log").read_text()
                time.sleep(0.02)
        raise AssertionError("the simulator does not answer")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(10)
        return self.process.returncode if self.process else None

    def call(self, method, path, body=None, token=TOKEN, raw=None, headers=()):
        """(status, parsed body, headers); body None sends none."""
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers=dict(headers))
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read()), error.headers

    def behave(self, **behaviour):
        status, answer, _ = self.call("PUT", "/admin/behaviour", behaviour)
        assert status == 200, answer

    def summary(self):
        return self.call("GET", "/admin/summary")[1]

    def books(self):
        return read_books(self.directory / "books.jsonl")

    def payments(self):
        """Every payment as the books have it at the end, by id."""
        return {line["payment"]["id"]: line["payment"] for line in self.books()
                if "payment" in line}

    def refunds(self):
        return {line["refund"]["id"]: line["refund"] for line in self.books() if "refund" in line}
