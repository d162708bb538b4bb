# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL is frozen, not dead: connections stay open and nothing answers. Nobody waits for it without end."""

import os
import signal
import subprocess
import time

import pytest

from clients import eventually

ANSWERED_SECONDS_MAX = 25  # the API's patience with PostgreSQL, a queue before it, and a slow machine


@pytest.fixture
def frozen(stack):
    """Freezes the server and all its processes; its thaw lets them go on."""
    postmaster, = stack.pids("postgres")
    still = []

    def stop(process):
        os.kill(process, signal.SIGSTOP)
        still.append(process)

    def freeze():
        stop(postmaster)  # first, so that it makes no more of them
        children = subprocess.run(["pgrep", "-P", str(postmaster)], stdout=subprocess.PIPE, text=True)
        for child in children.stdout.split():
            stop(int(child))

    def thaw():
        while still:
            os.kill(still.pop(), signal.SIGCONT)

    freeze.thaw = thaw
    yield freeze
    thaw()


def test_holds_and_payments_go_on_and_the_rest_says_503(ada, new_show, frozen):
    event_id = new_show()
    held = ada.reserve(event_id, ["0"])
    frozen()
    ada.reserve(event_id, ["1", "2"])
    began = time.monotonic()
    answer = ada.get("/search?q=Time", expect=None)
    assert (answer.status_code, answer.headers["Retry-After"] > "") == (503, True)
    assert time.monotonic() - began < ANSWERED_SECONDS_MAX
    ada.book(held, wait=1, expect=202)
    frozen.thaw()
    ada.until_state(held, "sold", timeout=120)
    eventually(lambda: ada.get("/search?q=Time", expect=None).status_code == 200, "search answers again")
    eventually(lambda: ada.seats(event_id)[("Stalls", "A", "2")]["state"] == "held", "the map has caught up")
