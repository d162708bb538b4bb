# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL is frozen, not dead: connections stay open and nothing answers. Nobody waits for it without end."""

import concurrent.futures
import time

import pytest
import requests

from clients import eventually, freeze, thaw

pytestmark = pytest.mark.alone
CROWD = 60
GOES_ON_SECONDS_MAX = 4  # less than the API waits for PostgreSQL
ANSWERED_SECONDS_MAX = 30  # the API's patience with PostgreSQL, a queue before it, and a slow machine


@pytest.fixture
def postgres_frozen(stack):
    """Freezes the server when it is called; its end lets it go on."""
    frozen = []

    def stop():
        postmaster, = stack.pids("postgres")
        frozen.extend(freeze(postmaster))

    def go_on():
        thaw(frozen)
        frozen.clear()

    stop.end = go_on
    yield stop
    go_on()


def test_holds_and_payments_go_on_and_the_rest_says_503(stack, ada, new_show, postgres_frozen):
    event_id = new_show()
    held = ada.reserve(event_id, ["0"])
    postgres_frozen()
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
    postgres_frozen.end()
    ada.until_state(held, "sold", timeout=120)
    eventually(lambda: ada.get("/search?q=Time", expect=None).status_code == 200, "search answers again")
    eventually(lambda: ada.seats(event_id)[("Stalls", "A", "2")]["state"] == "held", "the map has caught up")


def readiness(stack, daemon):
    """Status and text of its /readyz, which nobody may have to wait for."""
    ports = dict(line.split("=", 1) for line in (stack.folder / "env").read_text().splitlines() if "=" in line)
    answer = requests.get(f"http://127.0.0.1:{ports[f'PORT_ADMIN_{daemon}']}/readyz", timeout=5)
    return answer.status_code, answer.text


@pytest.mark.parametrize("part, program, daemons", [
    ("PostgreSQL", "postgres", ["INDEXER", "NOTIFIER", "PAYMENT", "TICKETGEN", "INGEST_API"]),
    ("Kafka", "java", ["INDEXER", "NOTIFIER", "PAYMENT", "TICKETGEN", "INGEST_API", "RESERVATION"])])
def test_who_stands_on_what_is_frozen_is_not_ready_and_says_why(stack, part, program, daemons):
    for daemon in daemons:
        eventually(lambda daemon=daemon: readiness(stack, daemon)[0] == 200, f"{daemon} is ready first", timeout=120)
    leader = min(stack.pids(program))
    frozen = freeze(leader)
    try:
        for daemon in daemons:
            # The loops may say first what they see of it; asked for here is the word of who asks the part itself.
            eventually(lambda daemon=daemon: (now := readiness(stack, daemon))[0] == 503
                       and f"{part} has not answered" in now[1], f"{daemon} says that {part} is away", timeout=20)
    finally:
        thaw(frozen)
    for daemon in daemons:
        eventually(lambda daemon=daemon: readiness(stack, daemon)[0] == 200, f"{daemon} is ready again", timeout=120)
    name = {"INGEST_API": "ingest-api"}.get(daemons[-1], daemons[-1].lower())
    log, = stack.folder.glob(f"log/{name}*.log")
    assert f"message=back part={part} away_ms=" in log.read_text()
