# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL is frozen, not dead: connections stay open and nothing answers. Nobody waits for it without end."""

import concurrent.futures
import os
import signal
import subprocess
import time

import pytest
import requests

from clients import eventually

CROWD = 60
GOES_ON_SECONDS_MAX = 4  # less than the API waits for PostgreSQL
ANSWERED_SECONDS_MAX = 30  # the API's patience with PostgreSQL, a queue before it, and a slow machine


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


def test_holds_and_payments_go_on_and_the_rest_says_503(stack, ada, new_show, frozen):
    event_id = new_show()
    held = ada.reserve(event_id, ["0"])
    frozen()
    ada.reserve(event_id, ["1", "2"])
    with concurrent.futures.ThreadPoolExecutor(CROWD) as crowd:
        began = time.monotonic()
        answers = list(crowd.map(lambda _: requests.get(f"{stack.url}/search?q=Time", headers=ada.session.headers,
                                                        timeout=60), range(CROWD)))
    assert {(answer.status_code, "Retry-After" in answer.headers) for answer in answers} == {(503, True)}
    assert time.monotonic() - began < ANSWERED_SECONDS_MAX, "nobody waits for those before"
    began = time.monotonic()
    ada.reserve(event_id, ["3"])
    assert time.monotonic() - began < GOES_ON_SECONDS_MAX, "a login that is remembered does not ask PostgreSQL"
    ada.book(held, wait=1, expect=202)
    frozen.thaw()
    ada.until_state(held, "sold", timeout=120)
    eventually(lambda: ada.get("/search?q=Time", expect=None).status_code == 200, "search answers again")
    eventually(lambda: ada.seats(event_id)[("Stalls", "A", "2")]["state"] == "held", "the map has caught up")
